"""Document -> text for a terminal, Markdown, HTML. The same rows in each of them."""

import json
from collections.abc import Callable

from advisor.measurement import Model
from advisor.output.document import Document
from advisor.output.report.html import document_html
from advisor.output.report.markdown import document_markdown
from advisor.output.report.text import document_text

__all__ = ["document_html", "document_markdown", "document_text", "face"]


def face(
    format_: str, told: Model, document: Callable[[], Document], *, charts: bool, colours: bool
) -> str:
    """What is told as json, markdown, html or for a terminal.

    JSON is plain ASCII, so that no name in it steers a terminal.
    """
    if format_ == "json":
        return json.dumps(told.model_dump(mode="json", by_alias=True), indent=2) + "\n"
    if format_ == "markdown":
        return document_markdown(document())
    if format_ == "html":
        return document_html(document(), charts)
    return document_text(document(), colours=colours)
