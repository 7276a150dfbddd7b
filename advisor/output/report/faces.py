"""Document -> text for a terminal, Markdown, HTML. The same rows in each of them."""

from advisor.output.report.html import document_html
from advisor.output.report.markdown import document_markdown
from advisor.output.report.text import document_text

__all__ = ["document_html", "document_markdown", "document_text"]
