"""Tables as plain text or as Markdown: the first columns to the left, numbers to the right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Headings, and rows of as many cells."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 0
    """How many columns, counted from the first, are text and not numbers."""


Render = Callable[[Table], list[str]]


def plain(table: Table) -> list[str]:
    """Columns as wide as their widest cell, two blanks between them."""
    lines = [table.headings, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < table.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def markdown(table: Table) -> list[str]:
    """A pipe table."""
    rule = ["---" if column < table.left else "---:" for column in range(len(table.headings))]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in table.rows]
    return [f"| {' | '.join(cells)} |" for cells in (table.headings, rule, *rows)]
