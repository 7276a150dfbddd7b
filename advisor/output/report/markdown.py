"""A document as Markdown that GitHub renders: pipe tables, no HTML."""

import re
from collections.abc import Iterator
from typing import Final

from advisor.output.blocks import Notes, Table, escaped, markdown_lines, printable
from advisor.output.charts.data import LatencyHistogram
from advisor.output.document import (
    Code,
    Document,
    DocumentBlock,
    Entries,
    Entry,
    Figure,
    Paragraph,
)
from advisor.output.report.histogram import histogram_lines
from advisor.output.text import one_line

MARK_AT_BEGIN: Final = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[#>+=-]))")
"""Of a list, a heading or a quotation."""


def document_markdown(document: Document) -> str:
    """The document, its parts between empty lines."""
    return "".join(f"{part}\n\n" for part in _parts(document)).removesuffix("\n")


def _parts(document: Document) -> Iterator[str]:
    yield f"# {_text(document.title)}"
    if document.subtitle:
        yield _text(document.subtitle)
    yield from (_text(sentence) for sentence in document.summary)
    if document.key_figures:
        rows = [(figure.label, figure.value) for figure in document.key_figures]
        yield _table(Table("", ("figure", ""), rows))
    yield "\n".join(
        f"- [{_text(one.title)}](#{_github_anchor(one.title)})" for one in document.sections
    )
    for section in document.sections:
        yield f"## {_text(section.title)}"
        for block in section.blocks:
            yield from _block(block)


def _block(block: DocumentBlock) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _text(text)
        case Code(text):
            yield _fenced(text.splitlines())
        case Table():
            yield _table(block)
        case Notes(lines):
            yield "\n".join(f"- {_text(line)}" for line in lines)
        case Entries(title, entries):
            if title:
                yield f"### {_text(title)}"
            yield "\n".join(line for entry in entries for line in _entry(entry))
        case Figure(chart, title, description):
            yield f"**{_text(title)}**"
            if isinstance(chart, LatencyHistogram):
                yield _fenced(histogram_lines(chart))
            yield _text(description)


def _table(table: Table) -> str:
    """With the rows that are looked for first in bold letters."""
    (shown,) = printable([table])
    return "\n".join(markdown_lines(shown))


def _entry(entry: Entry) -> Iterator[str]:
    name = f"{entry.name} = {entry.value}" if entry.value else entry.name
    tags = f" ({_text(', '.join(entry.tags))})" if entry.tags else ""
    yield f"- **{_text(name)}**{tags}: {_text(entry.text)}"
    yield from (f"  - {_text(detail)}" for detail in entry.details)


def _fenced(lines: list[str]) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    shown = [one_line(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def _text(text: str) -> str:
    """One line, and nothing in it, or where it begins, that Markdown takes for a mark."""
    return MARK_AT_BEGIN.sub(r"\1\\", escaped(one_line(text).strip()))


def _github_anchor(title: str) -> str:
    """What GitHub calls a heading: lower case, blanks to hyphens, punctuation left out."""
    return re.sub(r"[^\w\- ]", "", one_line(title).lower()).replace(" ", "-")
