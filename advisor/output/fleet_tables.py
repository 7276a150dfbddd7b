"""What the sections of a report on a fleet share: names and tables that may be long."""

from collections.abc import Sequence
from typing import Final

from advisor.output.document import Notes, PlainBlock, Table
from advisor.units import format_count

NAME_WIDTH: Final = 60
"""Longer names, of hosts and of models, are cut."""

NAMES_SHOWN: Final = 3
"""Of the hosts that all show the same."""

MORE_IN: Final = "--format html and markdown have 10,000, json has all"


def rows_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[int],
    most: int | None,
    count: int | None = None,
) -> list[PlainBlock]:
    """The rows, or the first of `count` of them and how many more there are."""
    count = len(rows) if count is None else count
    blocks: list[PlainBlock] = [Table("", headings, rows[:most], frozenset(numeric))]
    if most is not None and count > most:
        blocks.append(Notes([f"and {format_count(count - most)} more; {MORE_IN}"]))
    return blocks


def short(text: str) -> str:
    """A name that fits a table."""
    return text if len(text) <= NAME_WIDTH else f"{text[: NAME_WIDTH - 3]}..."


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {format_count(more)} more" if more > 0 else shown
