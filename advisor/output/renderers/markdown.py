"""A document as Markdown that GitHub renders: pipe tables, no HTML."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from advisor.output.charts.data import LatencyHistogram
from advisor.output.document import (
    Code,
    Document,
    Entries,
    Entry,
    Figure,
    Lines,
    Notes,
    Paragraph,
    PlainBlock,
    Remark,
    Table,
    plain_blocks,
    printable,
    unfolded,
)
from advisor.output.renderers.histogram import histogram_lines

MARK_AT_BEGIN: Final = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[#>+=-]))")
"""Of a list, a heading or a quotation."""


def render_markdown(document: Document) -> str:
    """The document, its parts between empty lines."""
    parts = _parts(unfolded(printable(document)))
    return "".join(f"{part}\n\n" for part in parts).removesuffix("\n")


def _parts(document: Document) -> Iterator[str]:
    if document.title:
        yield f"# {_text(document.title)}"
    if document.subtitle:
        yield _text(document.subtitle)
    if verdict := document.verdict:
        yield f"**{verdict.level}**: {_text(verdict.reason)}"
    yield from (_text(sentence) for sentence in document.summary)
    if document.key_figures:
        rows = [(figure.label, figure.value) for figure in document.key_figures]
        yield _table(Table("", ("figure", ""), rows))
    if titles := [section.title for section in document.sections if section.title]:
        yield "\n".join(f"- [{_text(title)}](#{_github_anchor(title)})" for title in titles)
    for section in document.sections:
        if section.title:
            yield f"## {_text(section.title)}"
        for block in plain_blocks(section.blocks):
            yield from _block(block)


def _block(block: PlainBlock) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _text(text)
        case Code(text):
            yield _fenced(text.splitlines())
        case Table():
            yield _table(block)
        case Notes(lines):
            yield _list(lines)
        case Lines(lines):
            yield _list([line.text if isinstance(line, Remark) else line for line in lines])
        case Entries(title, entries):
            if title:
                yield f"### {_text(title)}"
            yield "\n".join(line for entry in entries for line in _entry(entry))
        case Figure(chart, title, description):
            yield f"**{_text(title)}**"
            if isinstance(chart, LatencyHistogram):
                yield _fenced(histogram_lines(chart))
            yield _text(description)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_text(line)}" for line in lines)


def _table(table: Table) -> str:
    """A pipe table, with the rows that are looked for first in bold letters."""
    rules = ["---:" if column in table.numeric else "---" for column in range(len(table.headings))]
    rows = [list(map(_escaped, row)) for row in table.rows]
    for number in table.marked:
        rows[number] = [f"**{cell}**" for cell in rows[number]]
    lines = [f"| {' | '.join(row)} |" for row in (map(_escaped, table.headings), rules, *rows)]
    title = [f"**{_escaped(table.title)}**", ""] if table.title else []
    return "\n".join([*title, *lines])


def _entry(entry: Entry) -> Iterator[str]:
    name = f"{entry.name} = {entry.value}" if entry.value else entry.name
    tags = f" ({_text(', '.join(entry.tags))})" if entry.tags else ""
    yield f"- **{_text(name)}**{tags}: {_text(entry.text)}"
    yield from (f"  - {_text(detail)}" for detail in entry.details)


def _fenced(lines: list[str]) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _text(text: str) -> str:
    """One line, and nothing in it, or where it begins, that Markdown takes for a mark."""
    return MARK_AT_BEGIN.sub(r"\1\\", _escaped(text.strip()))


def _escaped(text: str) -> str:
    """Text in which nothing is a mark of Markdown's; where a line begins more would be one."""
    return re.sub(r"[\\|<*`\[\]&~$]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def _github_anchor(title: str) -> str:
    """What GitHub calls a heading: lower case, blanks to hyphens, punctuation left out."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
