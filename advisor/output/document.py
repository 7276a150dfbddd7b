"""What people read, whatever format shows it: sections of paragraphs, tables, notes and figures.

Each product has a pure function that makes a Document of it; each format has one renderer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, Literal

from advisor.output.charts.data import Chart
from advisor.output.text import one_line

Tone = Literal["plain", "good", "warn", "bad"]
Level = Literal["PASS", "WARN", "FAIL"]
LEVEL_TONES: Final[Mapping[Level, Tone]] = {"PASS": "good", "WARN": "warn", "FAIL": "bad"}


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """The line that a product begins with: whether all is well, and the reason."""

    level: Level
    reason: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, and above them a title. `numeric` columns are aligned to the right."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    """Rows that the reader looks for first."""
    tones: Mapping[int, Tone] = field(default_factory=dict)
    """Row -> the colour that a terminal shows it in."""


@dataclass(frozen=True, slots=True)
class Notes:
    """A list of sentences, each with a mark before it."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that a terminal shows in a colour."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences or figures, each on a line of its own."""

    lines: Sequence[str | Remark]


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


PlainBlock = Paragraph | Table | Notes | Lines | Code | Figure | Entries


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks for the reader who asks for more: closed at first where a format can fold.

    Elsewhere they are a section at the end (`unfolded`), so the title must make sense there.
    """

    title: str
    blocks: Sequence[PlainBlock]


DocumentBlock = PlainBlock | Folded


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One of the few figures that the reader looks for first."""

    label: str
    value: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; without a title, blocks that are read together.

    `anchor` is unique among the sections with a title: [a-z0-9-].
    """

    anchor: str = ""
    title: str = ""
    blocks: Sequence[DocumentBlock] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """All of it. `summary` is read first, and is enough for whoever stops there.

    The short products of a command have neither title nor summary, and sections without titles.
    """

    title: str = ""
    summary: Sequence[str] = ()
    sections: Sequence[Section] = ()
    key_figures: Sequence[KeyFigure] = ()
    subtitle: str = ""
    verdict: VerdictLine | None = None


def unfolded(document: Document) -> Document:
    """The same for a format that cannot fold: what was folded follows in sections of its own."""
    sections, rest = [], []
    for section in document.sections:
        folded = [block for block in section.blocks if isinstance(block, Folded)]
        rest += [Section(title=block.title, blocks=block.blocks) for block in folded]
        if len(folded) < len(section.blocks) or not folded:
            kept = [block for block in section.blocks if not isinstance(block, Folded)]
            sections.append(replace(section, blocks=kept))
    return replace(document, sections=[*sections, *rest])


def plain_blocks(blocks: Iterable[DocumentBlock]) -> Iterator[PlainBlock]:
    """All blocks, the folded ones among them."""
    for block in blocks:
        yield from block.blocks if isinstance(block, Folded) else [block]


def printable(document: Document) -> Document:
    """The same without what steers a terminal or ends a line, wherever a drive, a path or a label
    says it. Every renderer begins with this; only Code keeps its ends of lines."""
    safe: Document = _printable(document)
    return safe


def _printable(part: Any) -> Any:
    match part:
        case str():
            return one_line(part)
        case Code(text):
            return Code("\n".join(map(one_line, text.splitlines())))
        case list() | tuple():
            return type(part)(map(_printable, part))
    if is_dataclass(part) and not isinstance(part, type):
        return replace(
            part, **{each.name: _printable(getattr(part, each.name)) for each in fields(part)}
        )
    return part
