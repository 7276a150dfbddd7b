"""A report as it is read, whatever shows it: sections of paragraphs, tables, notes and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a configuration, or what stands for one: what it is, and why."""

    name: str
    value: str
    tags: Sequence[str]
    """A word or a few each: what it risks, when it takes effect."""
    text: str
    details: Sequence[str]
    """Where it comes from, or what it costs; an address becomes a link."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries under a title, in their order."""

    title: str
    entries: Sequence[Entry]


DocumentBlock = Paragraph | Table | Notes | Code | Figure | Entries

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the few figures that the reader looks for first."""

    label: str
    value: str
    tone: Tone = "plain"


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
    key_figures: Sequence[KeyFigure] = ()
    subtitle: str = ""
