"""Document -> text, Markdown or HTML: one renderer for each format, and the same rows in each."""

import os
import sys

from advisor.output.document import Document
from advisor.output.renderers.text import render_text

__all__ = ["render"]


def render(document: Document, format_: str, *, charts: bool = True, colours: bool = True) -> str:
    """The document as "markdown", as "html" (with or without charts), or for a terminal.

    Whatever else a command calls the last ("text", "table", "terminal"), it has colours where
    stdout is a terminal and `colours` are wanted, and is plain text elsewhere.
    """
    # Only here: who wants one format does not wait for rich, Jinja2 and the charts of the others.
    if format_ == "markdown":
        from advisor.output.renderers.markdown import render_markdown

        return render_markdown(document)
    if format_ == "html":
        from advisor.output.renderers.html import render_html

        return render_html(document, charts=charts)
    if colours and (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        from advisor.output.renderers.terminal import render_terminal

        return render_terminal(document)
    return render_text(document)
