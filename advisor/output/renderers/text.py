"""A document as plain text within 80 columns; terminal.py shows the same lines in colours."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from advisor.output.charts.data import LatencyHistogram
from advisor.output.document import (
    LEVEL_TONES,
    Code,
    Document,
    Entries,
    Entry,
    Figure,
    KeyFigure,
    Lines,
    Notes,
    Paragraph,
    PlainBlock,
    Remark,
    Section,
    Table,
    Tone,
    VerdictLine,
    plain_blocks,
    printable,
    unfolded,
)
from advisor.output.renderers.histogram import histogram_lines
from advisor.output.renderers.wrapping import columns, wrapped

WIDTH: Final = 80
GAP: Final = "  "
"""Between the columns of a table."""

KEPT_WHOLE: Final = 30
"""Shorter words of a table stay whole, whatever that leaves of the other columns."""

GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
"""The commas of 1,000,000."""

Style = Literal["", "strong", "faint"] | Tone


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style."""

    text: str
    style: Style = ""


StyledLine = Sequence[Span]
"""As it is shown, side by side."""

EMPTY: Final[StyledLine] = ()
INDENT: Final = "    "
"""Before what stands below an entry's name."""


def render_text(document: Document) -> str:
    """Plain, for a pipe or a file, where a program may read the figures of a table: 1000."""
    shown = text_lines(document, ungrouped=True)
    lines = ("".join(span.text for span in line) for line in shown)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def text_lines(
    document: Document, width: int = WIDTH, *, ungrouped: bool = False, blocks: bool = False
) -> Iterator[StyledLine]:
    """The lines of the document, each at most `width` columns wide, but for text to copy.

    A table's figures have commas between their thousands, unless they are `ungrouped`. With
    `blocks` the bars of a histogram are made of Unicode's block elements.
    """
    document = unfolded(printable(document))
    if ungrouped:
        sections = [
            replace(each, blocks=[*map(_ungrouped, plain_blocks(each.blocks))])
            for each in document.sections
        ]
        document = replace(document, sections=sections)
    groups = [
        *_head(document, width),
        *(_section(part, width, blocks=blocks) for part in document.sections),
    ]
    for number, group in enumerate(groups):
        if number:
            yield EMPTY
        yield from group


def _ungrouped(block: PlainBlock) -> PlainBlock:
    if not isinstance(block, Table):
        return block
    rows = [
        [
            GROUPED.sub("", cell) if column in block.numeric else cell
            for column, cell in enumerate(row)
        ]
        for row in block.rows
    ]
    return replace(block, rows=rows)


def _head(document: Document, width: int) -> Iterator[Iterator[StyledLine]]:
    if document.verdict:
        yield _verdict(document.verdict, width)
    if document.title:
        yield _title(document, width)
    if document.summary:
        yield (line for sentence in document.summary for line in _text(sentence, width))
    if document.key_figures:
        yield _key_figures(document.key_figures, width)


def _verdict(verdict: VerdictLine, width: int) -> Iterator[StyledLine]:
    """The word stands out, the reason is wrapped beside it."""
    word = f"{verdict.level}: "
    for number, line in enumerate(wrapped(verdict.reason, width, word, " " * len(word))):
        head, rest = (line[: len(word)], line[len(word) :])
        yield [Span(head, LEVEL_TONES[verdict.level] if number == 0 else ""), Span(rest)]


def _title(document: Document, width: int) -> Iterator[StyledLine]:
    yield from _text(document.title, width, "strong")
    if document.subtitle:
        yield from _text(document.subtitle, width, "faint")


def _section(section: Section, width: int, *, blocks: bool) -> Iterator[StyledLine]:
    """Under a heading the blocks are apart; without one they stand together."""
    if section.title:
        yield EMPTY
        yield from _text(section.title, width, "strong")
        yield [Span("-" * min(columns(section.title), width), "faint")]
    for number, block in enumerate(plain_blocks(section.blocks)):
        if number and section.title:
            yield EMPTY
        yield from _block(block, width, blocks=blocks)


def _block(block: PlainBlock, width: int, *, blocks: bool) -> Iterator[StyledLine]:
    match block:
        case Paragraph(text):
            yield from _text(text, width)
        case Notes(lines):
            for line in lines:
                yield from _text(line, width, first="- ", margin="  ")
        case Lines(lines):
            for item in lines:
                if isinstance(item, Remark):
                    yield from _text(item.text, width, item.tone, margin="  ")
                else:
                    yield from _text(item, width, margin="  ")
        case Code(text):
            for line in text.splitlines():
                yield [Span(f"  {line}")]  # a command that is broken cannot be pasted
        case Table():
            yield from _table(block, width)
        case Entries(title, entries):
            if title:
                yield from _text(title, width, "strong")
            for entry in entries:
                yield from _entry(entry, width)
        case Figure():
            yield from _figure(block, width, blocks=blocks)


def _text(
    text: str, width: int, style: Style = "", *, first: str = "", margin: str = ""
) -> Iterator[StyledLine]:
    for line in wrapped(text, width, first, margin):
        yield [Span(line, style)]


def _figure(figure: Figure, width: int, *, blocks: bool) -> Iterator[StyledLine]:
    """Of a histogram the bars; of any other chart what it says, for its rows stand in a table."""
    yield from _text(figure.title, width, "strong")
    if isinstance(figure.chart, LatencyHistogram):
        for line in histogram_lines(figure.chart, blocks=blocks):
            yield from _text(line, width)
    yield from _text(figure.description, width)


def _entry(entry: Entry, width: int) -> Iterator[StyledLine]:
    """The name, beside it the tags where they fit, and below it all else."""
    *above, name = wrapped(f"{entry.name} = {entry.value}" if entry.value else entry.name, width)
    tags = f"{GAP}({', '.join(entry.tags)})" if entry.tags else ""
    beside = columns(name) + columns(tags) <= width
    for line in above:
        yield [Span(line, "strong")]
    yield [Span(name, "strong"), Span(tags if beside else "", "faint")]
    if not beside:
        yield from _text(tags.strip(), width, "faint", first=INDENT, margin=INDENT)
    yield from _text(entry.text, width, first=INDENT, margin=INDENT)
    for detail in entry.details:
        yield from _text(detail, width, "faint", first=INDENT, margin=INDENT)


def _key_figures(figures: Sequence[KeyFigure], width: int) -> Iterator[StyledLine]:
    rows = [(figure.label, figure.value) for figure in figures]
    widths = column_widths(rows, frozenset(), width)
    for figure, row in zip(figures, rows, strict=True):
        yield from _row(row, widths, frozenset(), ("faint", figure.tone))


def _table(table: Table, width: int) -> Iterator[StyledLine]:
    """Columns two blanks apart, under their headings and a line."""
    if table.title:
        yield from _text(table.title, width, "strong")
    numeric = table.numeric
    widths = column_widths([table.headings, *table.rows], numeric, width)
    plain: Sequence[Style] = [""] * len(widths)
    yield from _row(table.headings, widths, numeric, plain, at_the_bottom=True)
    yield [Span("-" * (sum(widths) + len(GAP) * (len(widths) - 1)), "faint")]
    for number, row in enumerate(table.rows):
        style: Style = table.tones.get(number, "strong" if number in table.marked else "")
        yield from _row(row, widths, numeric, [style] * len(widths))


def _row(
    cells: Sequence[str],
    widths: Sequence[int],
    numeric: frozenset[int],
    styles: Sequence[Style],
    *,
    at_the_bottom: bool = False,
) -> Iterator[StyledLine]:
    """As many lines as the tallest cell has."""
    wraps = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wraps))
    for number in range(height):
        line = []
        for column, (part, width, style) in enumerate(zip(wraps, widths, styles, strict=True)):
            at = number - (height - len(part) if at_the_bottom else 0)
            text = part[at] if 0 <= at < len(part) else ""
            blanks = " " * (width - columns(text))
            aligned = f"{blanks}{text}" if column in numeric else f"{text}{blanks}"
            line.append(Span(f"{GAP if column else ''}{aligned}", style))
        yield line


def column_widths(
    rows: Sequence[Sequence[str]], numeric: frozenset[int], width: int
) -> Sequence[int]:
    """How wide each column is, all of them and the gaps within `width`.

    The widest columns give way first: words are wrapped, figures are not, unless there is no room
    even for those.
    """
    cells = list(zip(*rows, strict=True))
    widths = [min(width, max(map(columns, column))) for column in cells]
    least = [_least(column, number in numeric) for number, column in enumerate(cells)]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for _ in range(excess):
        wrapping = [number for number, kept in enumerate(least) if widths[number] > kept]
        widest = max(wrapping or range(len(widths)), key=widths.__getitem__)
        widths[widest] = max(1, widths[widest] - 1)
    for number in numeric:  # no wider than the lines of a heading that was wrapped
        heading, *figures = cells[number]
        lines = [*wrapped(heading, widths[number]), *figures]
        widths[number] = min(widths[number], max(map(columns, lines)))
    return widths


def _least(cells: Sequence[str], numeric: bool) -> int:
    """A column's width where words are wrapped: of figures only those of the heading, the first."""
    if numeric:
        heading, *figures = cells
        return max(map(columns, [*heading.split(), *figures]))
    return min(KEPT_WHOLE, max(columns(word) for cell in cells for word in ["", *cell.split()]))
