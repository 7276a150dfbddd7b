"""A document on a terminal: the lines of text.py in colours, unless NO_COLOR is set."""

from typing import Final

from rich.console import Console
from rich.text import Text

from advisor.output.document import Document
from advisor.output.renderers.text import WIDTH, Style, text_lines

STYLES: Final[dict[Style, str]] = {
    "": "",
    "strong": "bold",
    "faint": "dim",
    "plain": "bold",
    "good": "bold green",
    "warn": "bold yellow",
    "bad": "bold red",
}


def render_terminal(document: Document) -> str:
    """As wide as the terminal, at most 80 columns."""
    console = Console()
    blocks = console.encoding.startswith("utf")
    with console.capture() as capture:
        for line in text_lines(document, min(console.width, WIDTH), blocks=blocks):
            coloured = Text.assemble(*((span.text, STYLES[span.style]) for span in line))
            coloured.rstrip()
            console.print(coloured, highlight=False, soft_wrap=True)
    return capture.get()
