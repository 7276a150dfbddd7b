"""Tables and notes, built once and shown as plain text or as Markdown."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Final

from advisor.output.text import one_line

WIDTH: Final = 80
NARROWEST: Final = 10
"""What a wrapped last column keeps, however wide the others are."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, and above them a title. `numeric` columns are aligned to the right."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    """Rows that the reader looks for first; in Markdown they are bold."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences, each on a line of its own."""

    lines: Sequence[str]


Block = Table | Notes


def as_text(blocks: Iterable[Block]) -> str:
    """For a terminal: within 80 columns where the cells allow it, the last column wrapped."""
    return "\n".join(
        "".join(f"{line}\n" for line in text_lines(block)) for block in printable(blocks)
    )


def as_markdown(blocks: Iterable[Block]) -> str:
    """The same as Markdown, with pipe tables."""
    return "\n".join(
        "".join(f"{line}\n" for line in markdown_lines(block)) for block in printable(blocks)
    )


def printable(blocks: Iterable[Block]) -> Iterable[Block]:
    """What a drive, a path or a label says can steer no terminal and end no row."""
    for block in blocks:
        if isinstance(block, Notes):
            yield Notes([one_line(line) for line in block.lines])
        else:
            rows = [[one_line(cell) for cell in row] for row in block.rows]
            yield replace(block, title=one_line(block.title), rows=rows)


def text_lines(block: Block) -> list[str]:
    """One block for a terminal."""
    if isinstance(block, Notes):
        return [part for line in block.lines for part in _wrapped(line, WIDTH, "  ")]
    rows = [block.headings, *block.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    before_last = sum(widths[:-1]) + 2 * len(widths[:-1])
    widths[-1] = min(widths[-1], max(NARROWEST, WIDTH - before_last))
    lines = _wrapped(block.title, WIDTH)
    for row in rows:
        first, *more = _wrapped(row[-1], widths[-1]) or [""]
        cells = zip([*row[:-1], first], widths, strict=True)
        aligned = (
            cell.rjust(width) if column in block.numeric else cell.ljust(width)
            for column, (cell, width) in enumerate(cells)
        )
        lines.append("  ".join(aligned).rstrip())
        lines += [" " * before_last + line for line in more]
    return lines


def _wrapped(text: str, width: int, margin: str = "") -> list[str]:
    """At blanks, and nowhere else unless a word is too long; "25 %" stays together."""
    glued = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = wrap(glued, width, subsequent_indent=margin, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def markdown_lines(block: Block) -> list[str]:
    """One block as Markdown."""
    if isinstance(block, Notes):
        return [f"- {escaped(line)}" for line in block.lines]
    rules = ["---:" if column in block.numeric else "---" for column in range(len(block.headings))]
    rows = [list(map(escaped, row)) for row in (block.headings, *block.rows)]
    for number in block.marked:
        rows[1 + number] = [f"**{cell}**" for cell in rows[1 + number]]
    title = [f"**{escaped(block.title)}**", ""] if block.title else []
    return [*title, *(f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:]))]


def escaped(text: str) -> str:
    """Text in which nothing is a mark of Markdown's; where a line begins more would be one."""
    return re.sub(r"[\\|<*`\[\]&~$]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)
