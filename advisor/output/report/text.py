"""A document on a terminal, or on a pipe: at most 80 columns."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import Box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from advisor.output.blocks import WIDTH, Notes, Table
from advisor.output.charts.data import LatencyHistogram
from advisor.output.document import (
    Code,
    Document,
    DocumentBlock,
    Entries,
    Entry,
    Figure,
    KeyFigure,
    Paragraph,
    Tone,
)
from advisor.output.report.histogram import histogram_lines
from advisor.output.text import one_line

TONES: Final[dict[Tone, str]] = {
    "plain": "bold",
    "good": "bold green",
    "warn": "bold yellow",
    "bad": "bold red",
}
HEAD_RULED: Final = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""A line under the headings, and no other."""

KEPT_WHOLE: Final = 30
"""Shorter words of a table stay whole, whatever that leaves of the other columns."""


def document_text(document: Document, *, colours: bool = True) -> str:
    """The document, with colours where stdout is a terminal that wants them."""
    console = Console(no_color=None if colours else True, force_terminal=None if colours else False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    with console.capture() as capture:
        for part in _parts(document):
            console.print(part, highlight=False, soft_wrap=False)
    lines = capture.get().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _parts(document: Document) -> Iterator[RenderableType]:
    yield _line(document.title, "bold")
    if document.subtitle:
        yield _line(document.subtitle, "dim")
    yield ""
    yield from (_line(sentence) for sentence in document.summary)
    if document.key_figures:
        yield ""
        yield _key_figures(document.key_figures)
    for section in document.sections:
        yield ""
        yield ""
        yield _line(section.title, "bold")
        yield Text("-" * min(len(one_line(section.title)), WIDTH), "dim")
        for number, block in enumerate(section.blocks):
            if number:
                yield ""
            yield from _block(block)


def _block(block: DocumentBlock) -> Iterator[RenderableType]:
    match block:
        case Paragraph(text):
            yield _line(text)
        case Notes(lines):
            for line in lines:
                yield _hanging("- ", line)
        case Code(text):
            for line in text.splitlines():
                yield Padding(_line(line), (0, 0, 0, 2))
        case Table():
            yield from _table(block)
        case Entries(title, entries):
            if title:
                yield _line(title, "bold")
            for entry in entries:
                yield from _entry(entry)
        case Figure():
            yield from _figure(block)


def _figure(figure: Figure) -> Iterator[RenderableType]:
    """Of a histogram the bars; of any other chart what it says, for its rows stand in a table."""
    yield _line(figure.title, "bold")
    if isinstance(figure.chart, LatencyHistogram):
        yield from (_line(line) for line in histogram_lines(figure.chart))
    yield _line(figure.description)


def _table(table: Table) -> Iterator[RenderableType]:
    if table.title:
        yield _line(table.title, "bold")
    shown = RichTable(box=HEAD_RULED, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    columns = zip(*(table.headings, *table.rows), strict=True)
    for column, (heading, *cells) in enumerate(columns):
        numeric = column in table.numeric
        longest_word = max((len(word) for cell in cells for word in cell.split()), default=0)
        shown.add_column(
            heading,
            justify="right" if numeric else "left",
            vertical="top",
            no_wrap=numeric,
            min_width=min(longest_word, KEPT_WHOLE),
            overflow="fold",
        )
    for number, row in enumerate(table.rows):
        style = "bold" if number in table.marked else ""
        shown.add_row(*(_line(cell, style) for cell in row))
    yield shown


def _entry(entry: Entry) -> Iterator[RenderableType]:
    value = f" = {one_line(entry.value)}" if entry.value else ""
    name = Text(f"{one_line(entry.name)}{value}", "bold", overflow="fold")
    if entry.tags:
        name.append(f"  ({one_line(', '.join(entry.tags))})", "not bold dim")
    yield name
    yield Padding(_line(entry.text), (0, 0, 0, 4))
    for detail in entry.details:
        yield Padding(_line(detail, "dim"), (0, 0, 0, 4))


def _key_figures(figures: Sequence[KeyFigure]) -> RenderableType:
    shown = RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for figure in figures:
        shown.add_row(_line(figure.label, "dim"), _line(figure.value, TONES[figure.tone]))
    return shown


def _hanging(mark: str, text: str) -> RenderableType:
    grid = RichTable.grid()
    grid.add_column(width=len(mark))
    grid.add_column(overflow="fold")
    grid.add_row(mark, _line(text))
    return grid


def _line(text: str, style: str = "") -> Text:
    """What a drive, a path or a label says cannot reach the terminal's controls."""
    return Text(one_line(text), style, overflow="fold")
