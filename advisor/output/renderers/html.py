"""A document as one self-contained HTML file: no script, and nothing loaded from elsewhere."""

import re
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from advisor.output.charts.draw import draw
from advisor.output.document import (
    LEVEL_TONES,
    Code,
    Document,
    DocumentBlock,
    Entries,
    Entry,
    Figure,
    Folded,
    Lines,
    Notes,
    Paragraph,
    Remark,
    Table,
    plain_blocks,
    printable,
)
from advisor.output.typography import NO_BREAK, typeset
from advisor.resources import resource_dir

NO_CHARTS: Final = "The charts are left out; what they show is said in words and tables."

_FIGURE_BLANK: Final = re.compile(r"(?<=\d) (?=(?:%|[mun]?s|[kKMGT]i?B)(?!\w))")


def render_html(document: Document, *, charts: bool) -> str:
    """The document, with or without its charts."""
    document = printable(document)
    numbers = count(1)

    def chart_of(figure: Figure) -> str:
        title, description = _words(figure.title), _words(figure.description)
        return draw(figure.chart, title, description, next(numbers))

    environment = Environment(
        loader=FileSystemLoader(resource_dir("templates")),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    shown = (block for part in document.sections for block in plain_blocks(part.blocks))
    figures = any(isinstance(block, Figure) for block in shown)
    sections: list[dict[str, Any]] = [
        {
            "headings": [
                {"anchor": section.anchor, "title": _words(title)}
                for title in _if_any(section.title)
            ],
            "blocks": [_view(block, chart_of if charts else None) for block in section.blocks],
        }
        for section in document.sections
    ]
    return environment.get_template("report.html.j2").render(
        page_title=_words(document.title) or "fsync-advisor",
        title=_words(document.title),
        subtitle=_words(document.subtitle),
        verdicts=[
            {"level": each.level, "tone": LEVEL_TONES[each.level], "reason": _words(each.reason)}
            for each in ([document.verdict] if document.verdict else [])
        ],
        summary=[_words(sentence) for sentence in document.summary],
        key_figures=[
            {"label": _words(figure.label), "value": _words(figure.value), "tone": figure.tone}
            for figure in document.key_figures
        ],
        contents=[heading for section in sections for heading in section["headings"]],
        sections=sections,
        note=NO_CHARTS if figures and not charts else "",
    )


def _view(block: DocumentBlock, chart_of: Callable[[Figure], str] | None) -> dict[str, Any]:
    """What the template of a block shows; its name is in `template`."""
    match block:
        case Paragraph(text):
            return _named("paragraph", text=_words(text))
        case Notes(lines):
            return _named("notes", lines=[_words(line) for line in lines])
        case Lines(lines):
            said = [line.text if isinstance(line, Remark) else line for line in lines]
            return _named("notes", lines=list(map(_words, said)))
        case Code(text):
            return _named("code", text=text)
        case Table():
            return _named("table", **_table(block))
        case Entries(title, entries):
            shown = [_entry(entry) for entry in entries]
            heading = "h4" if title else "h3"
            return _named("entries", titles=_if_any(title), heading=heading, entries=shown)
        case Figure(_, title, description):
            drawn = [Markup(chart_of(block))] if chart_of else []  # svg.py escapes its text
            words = {"title": _words(title), "description": _words(description)}
            return _named("figure", drawn=drawn, **words)
        case Folded(title, blocks):
            inside = [_view(each, chart_of) for each in blocks]
            return _named("folded", title=_words(title), blocks=inside)


def _named(name: str, **shown: Any) -> dict[str, Any]:
    return {"template": f"report/{name}.html.j2", **shown}


def _table(table: Table) -> dict[str, Any]:
    def cell(row: Any, column: int) -> dict[str, str]:
        kind = "number" if column in table.numeric else "words"
        return {"text": _words(row[column]), "heading": table.headings[column], "kind": kind}

    columns = range(len(table.headings))
    return {
        "titles": _if_any(table.title),
        "headings": [cell(table.headings, column) for column in columns],
        "rows": [
            {
                "kind": "marked" if number in table.marked else "plain",
                "first": cell(row, 0),
                "others": [cell(row, column) for column in columns[1:]],
            }
            for number, row in enumerate(table.rows)
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    details = [_words(detail) for detail in entry.details]
    return {
        "name": entry.name,
        "assigned": _if_any(entry.value),
        "tags": [_words(tag) for tag in entry.tags],
        "text": _words(entry.text),
        "links": [words for words in details if words.startswith("https://")],
        "words": [words for words in details if not words.startswith("https://")],
    }


def _if_any(text: str) -> list[str]:
    """For templates, which ask for presence by a loop."""
    return [text] if text else []


def _words(text: str) -> str:
    """Text with the letters of a page, whose figures no line breaks: "2.6 ms", "5 %"."""
    return typeset(_FIGURE_BLANK.sub(NO_BREAK, text))
