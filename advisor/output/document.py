"""A report as it is read, whatever shows it: sections of paragraphs, tables, notes and figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.output.blocks import Notes, Table
from advisor.output.charts.data import Chart


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text to copy: a command, a fragment, JSON. Its lines stay as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, and the sentence that says the same to whoever does not see it."""

    chart: Chart
    title: str
    description: str


DocumentBlock = Paragraph | Table | Notes | Code | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it. `anchor` is unique in its document: [a-z0-9-]."""

    anchor: str
    title: str
    blocks: Sequence[DocumentBlock]


@dataclass(frozen=True, slots=True)
class Document:
    """All of it. `summary` is read first, and is enough for whoever stops there."""

    title: str
    summary: Sequence[str]
    sections: Sequence[Section]
