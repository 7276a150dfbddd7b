"""The renderers: the same in each format, and what a host or a file says is shown as text."""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

import pytest
from markdown_it import MarkdownIt
from rich.cells import cell_len

from advisor.output.charts.data import LatencyHistogram, MethodRates
from advisor.output.document import (
    Code,
    Document,
    DocumentBlock,
    Entries,
    Entry,
    Figure,
    Folded,
    KeyFigure,
    Lines,
    Notes,
    Paragraph,
    Remark,
    Section,
    Table,
)
from advisor.output.renderers import render
from advisor.output.renderers.histogram import histogram_lines
from advisor.output.renderers.html import NO_CHARTS, render_html
from advisor.output.renderers.markdown import render_markdown
from advisor.output.renderers.terminal import render_terminal
from advisor.output.renderers.text import render_text
from advisor.output.renderers.wrapping import columns, wrapped

HOSTILE: Final = {
    "script": "<script>alert('x')</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "entity": "&lt;b&gt; &amp;",
    "template": "{{ 7 * 7 }} {% for x in y %} {# z #}",
    "markdown": "**a** _b_ `c` [d](javascript:e) ![f](g) ~~h~~ | i \\ $j$ <k>",
    "markup": "[bold red]a[/bold red] [link=x]b[/link]",
    "emoji": "disk \N{FLOPPY DISK}\N{SNOWMAN} \N{CJK UNIFIED IDEOGRAPH-78C1}",
    "hebrew": "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}",
    "long": "x" * 10_240,
    "list": "- a",
    "number": "1. a",
    "heading": "# a",
    "quotation": "> a",
}
STEERING: Final = {
    "newline": "a\nb\r\n# c",
    "escape": "a\x1b[31mb\x1b]0;title\x07",
    "c1": "a\x9b31mb",
    "bidi": "a\N{RIGHT-TO-LEFT OVERRIDE}b\N{LEFT-TO-RIGHT ISOLATE}c",
    "separator": "a\N{LINE SEPARATOR}b",
    "zero": "a\x00b\N{ZERO WIDTH SPACE}c",
    "half": "a\ud800b",
}
"""What has no place in any text: a blank stands for it."""


def document(said: str) -> Document:
    """The text at every place that may come from a host or a file."""
    return Document(
        title=f"T {said}",
        subtitle=said,
        summary=[said, f"S {said}"],
        key_figures=[KeyFigure(said, said, "warn")],
        sections=[
            Section(
                "one",
                said,
                [
                    Paragraph(said),
                    Notes([said]),
                    Lines([said, Remark(said, "bad")]),
                    Code(said),
                    Table(said, ("name", "figure"), [(said, "1"), ("y", said)], frozenset({1})),
                    Entries(said, [Entry(said, said, [said], said, [said, f"https://a/{said}"])]),
                    Figure(MethodRates(((said, 1.0, None),)), said, said),
                    Folded(said, [Paragraph(said)]),
                ],
            )
        ],
    )


PLACES: Final = 20
"""How often a text must be found."""


class Page(HTMLParser):
    """The text of a page, its elements, and what their attributes say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def steers(text: str) -> set[str]:
    """The characters that a terminal or a browser obeys, but for the end of a line."""
    steering = ("Cc", "Cf", "Zl", "Zp", "Cs")
    return {one for one in text if unicodedata.category(one) in steering} - {"\n"}


# HTML


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_html_shows_it_as_text(said: str) -> None:
    page = Page(render_html(document(said), charts=False))
    plain = Page(render_html(document("plain"), charts=False))
    assert page.elements == plain.elements  # nothing became an element
    assert {name for name, _ in page.attributes} == {name for name, _ in plain.attributes}
    assert sum(words.count(said) for words in page.words) >= PLACES


@pytest.mark.parametrize("said", STEERING.values(), ids=STEERING)
def test_html_says_a_blank_for_what_steers(said: str) -> None:
    html = render_html(document(said), charts=False)
    assert steers(html) == set()
    html.encode("utf-8")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://a/b", "data:text/html,x", "HTTPS://a", " https://a"]
)
def test_only_https_becomes_a_link(address: str) -> None:
    entries = Entries("", [Entry("a", "", [], "b", [address])])
    page = Page(render_html(Document("t", [], [Section("s", "s", [entries])]), charts=False))
    assert {value for name, value in page.attributes if name == "href"} == {"#main", "#s", "data:,"}
    assert any(address.strip() in words for words in page.words)


def test_html_asks_nobody_for_anything() -> None:
    html = render_html(document("https://elsewhere"), charts=False)
    page = Page(html)
    assert "script" not in page.elements
    assert {name for name, _ in page.attributes} & {"src", "srcset", "onload", "onclick"} == set()
    assert "@import" not in html
    assert "url(" not in html


def test_html_breaks_no_figure_apart() -> None:
    figures = Paragraph("With 8 clients 40,470/s, 2.6 ms, 5 %; at most 18 GB.")
    html = render_html(Document("T", (), [Section("s", "S", [figures])]), charts=False)
    plain = html.replace("\N{NO-BREAK SPACE}", "~")
    assert "With 8 clients 40,470/s, 2.6~ms, 5~%; at most 18~GB." in plain


def test_html_has_the_letters_of_a_page_and_text_those_of_a_log() -> None:
    figures = Document("T", (), [Section("s", "S", [Paragraph("5 us +-2 %, status +-x, 7 uses")])])
    plain = render_html(figures, charts=False).replace("\N{NO-BREAK SPACE}", "~")
    assert "5~µs ±2~%, status +-x, 7 uses" in plain
    assert "5 us +-2 %, status +-x, 7 uses" in render_text(figures)


def test_html_is_complete_without_charts() -> None:
    page = Page(render_html(document("said"), charts=False))
    assert NO_CHARTS in page.words
    assert "svg" not in page.elements
    assert page.elements.count("figure") == page.elements.count("figcaption") == 1


def test_html_with_charts_excuses_nothing() -> None:
    page = Page(render_html(document("said"), charts=True))
    assert NO_CHARTS not in page.words
    assert page.elements.count("svg") == 1


def test_html_without_figures_excuses_nothing() -> None:
    html = render_html(Document("t", [], [Section("s", "s", [Paragraph("p")])]), charts=False)
    assert NO_CHARTS not in html


FOLDING: Final = Document(
    "T",
    sections=[
        Section("a", "First", [Folded("More", [Code("c"), Notes(["n"])]), Paragraph("p")]),
        Section("b", "Second", [Paragraph("q")]),
        Section("c", "Third", [Folded("Rest", [Paragraph("r")])]),
    ],
)


def test_html_folds_where_it_stands_and_is_closed() -> None:
    html = render_html(FOLDING, charts=False)
    assert Page(html).elements.count("details") == Page(html).elements.count("summary") == 2
    assert "<details>" in html  # without `open`
    words = [word for word in map(str.strip, Page(html).words) if word]
    wanted = ["First", "More", "c", "n", "p", "Second", "q", "Third", "Rest", "r"]
    assert words[-len(wanted) :] == wanted


def test_html_knows_of_a_folded_figure() -> None:
    figure = Figure(MethodRates((("fsync", 1.0, None),)), "t", "d")
    folded = Document("T", ["s"], [Section("a", "A", [Folded("F", [figure])])])
    assert NO_CHARTS in render_html(folded, charts=False)
    assert Page(render_html(folded, charts=True)).elements.count("svg") == 1


def test_text_and_markdown_put_what_is_folded_last() -> None:
    """A section of which nothing is left is left out."""
    text = [line for line in render_text(FOLDING).splitlines() if line.strip("- ")]
    assert text == ["T", "First", "p", "Second", "q", "More", "  c", "- n", "Rest", "r"]
    assert re.findall("(?m)^## (.*)", render_markdown(FOLDING)) == [
        "First",
        "Second",
        "More",
        "Rest",
    ]


def test_html_has_one_of_each_landmark_and_headings_in_order() -> None:
    page = Page(render_html(document("said"), charts=False))
    for once in ("html", "header", "main", "nav", "h1", "title"):
        assert page.elements.count(once) == 1
    levels = [int(one[1]) for one in page.elements if re.fullmatch("h[1-6]", one)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert ("lang", "en") in page.attributes


# Markdown


def markdown_words(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything in it, as GitHub reads tables and strikethrough."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for token in parser.parse(text):
        yield token.type, token.content
        yield from ((child.type, child.content) for child in token.children or [])


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_markdown_shows_it_as_text(said: str) -> None:
    """In lines of their own and in sentences; with all marks taken for what they are."""
    found = list(markdown_words(render_markdown(document(said))))
    kinds = [kind for kind, _ in found]
    plain = [kind for kind, _ in markdown_words(render_markdown(document("plain")))]
    assert {kind for kind in kinds if kind.startswith("html")} == set()
    assert [kind for kind in kinds if kind.endswith("_open")] == [
        kind for kind in plain if kind.endswith("_open")
    ]
    said_in = "".join(words for kind, words in found if kind in ("text", "fence", "text_special"))
    assert said_in.count(said) >= PLACES


@pytest.mark.parametrize("said", STEERING.values(), ids=STEERING)
def test_markdown_says_a_blank_for_what_steers(said: str) -> None:
    text = render_markdown(document(said))
    assert steers(text) == set()
    kinds = [kind for kind, _ in markdown_words(text)]
    assert kinds.count("heading_open") == 4  # its own: title, section, entries, folded


def test_a_fence_is_longer_than_any_in_it() -> None:
    text = render_markdown(
        Document("t", [], [Section("s", "s", [Code("````\n# no heading\n````")])])
    )
    assert "`````text\n````\n# no heading\n````\n`````\n" in text


def test_markdown_marks_a_row_in_bold() -> None:
    table = Table("", ("a", "b"), [("x", "1"), ("y", "2")], frozenset({1}), frozenset({1}))
    text = render_markdown(Document("t", [], [Section("s", "s", [table])]))
    assert "| a | b |\n| --- | ---: |\n| x | 1 |\n| **y** | **2** |\n" in text


def test_contents_lead_to_the_headings_as_github_names_them() -> None:
    sections = [Section("a", "Settings for MySQL 9.7", []), Section("b", "Price: a, b", [])]
    text = render_markdown(Document("t", [], sections))
    assert "- [Settings for MySQL 9.7](#settings-for-mysql-97)\n- [Price: a, b](#price-a-b)" in text


# Text

WORDS: Final = "word " * 100


def all_but_code(text: str, said: str) -> list[str]:
    """The lines without the one that stays as it is, however narrow the terminal: a command with a
    break in it cannot be pasted."""
    lines = text.splitlines()
    code = f"  {said}".rstrip()
    if len(code) > 80:
        assert lines.count(code) == 1
    return [line for line in lines if line != code]


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_text_shows_all_of_it_within_80_columns(said: str) -> None:
    text = render_text(document(said))
    assert max(map(cell_len, all_but_code(text, said))) <= 80
    without_blanks = re.sub(r"\s", "", text)
    wanted = re.sub(r"\s", "", said)
    assert without_blanks.count(wanted) >= PLACES or said == HOSTILE["long"]
    assert without_blanks.count(wanted[:20]) >= PLACES


@pytest.mark.parametrize("said", STEERING.values(), ids=STEERING)
def test_text_says_a_blank_for_what_steers(said: str) -> None:
    text = render_text(document(said))
    assert steers(text) == set()
    text.encode("utf-8")


@pytest.mark.parametrize("wide", ["40", "200"])
def test_a_pipe_has_80_columns(wide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", wide)
    text = render(document(WORDS), "text")
    assert 75 <= max(map(len, all_but_code(text, WORDS))) <= 80


@pytest.mark.parametrize(("wide", "shown"), [("40", 40), ("200", 80)])
def test_a_terminal_has_its_own_and_at_most_80(
    wide: str, shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", wide)
    text = render_terminal(document(WORDS))
    assert shown - 5 <= max(map(len, all_but_code(text, WORDS))) <= shown


def test_colours_are_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    shown = document("said")
    assert "\x1b[" not in render(shown, "table")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31msaid\x1b[0m" in render(shown, "table")  # bad: bold red
    assert "\x1b[" not in render(shown, "table", colours=False)


def test_no_color_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    text = render(document("said"), "table")
    assert set(re.findall("\x1b\\[[^m]*m", text)) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}


@pytest.mark.parametrize("said", [*HOSTILE.values(), *STEERING.values()])
def test_a_terminal_shows_the_lines_of_the_text(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    coloured = render_terminal(document(said))
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render_text(document(said))


@pytest.mark.parametrize(
    ("format_", "unused"), [("text", ["rich", "jinja2"]), ("markdown", ["rich", "jinja2"])]
)
def test_a_pipe_waits_for_no_other_renderer(format_: str, unused: list[str]) -> None:
    program = (
        "import sys; from advisor.output.document import *; "
        "from advisor.output.renderers import render; "
        f"render(Document(sections=[Section(blocks=[Paragraph('p')])]), {format_!r}); "
        f"print([name for name in {unused} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_name_stays_whole_where_there_is_room() -> None:
    rows = [("innodb_flush_log_at_timeout", "word " * 60, "word " * 60)]
    table = Table("", ("setting", "default", "why"), rows)
    text = render_text(Document("t", [], [Section("s", "s", [table])]))
    assert "innodb_flush_log_at_timeout  word word" in text


# Short documents


TABLE: Final = Table(
    "Drives", ("name", "ops/s", "what"), [("a", "1", "x"), ("bcd", "1,000", "")], frozenset({1})
)


def short(*blocks: DocumentBlock) -> Document:
    """One section without a title for each block."""
    return Document(sections=[Section(blocks=[block]) for block in blocks])


def test_a_table_as_text() -> None:
    assert render_text(short(TABLE)) == (
        "Drives\n"  # no blank after the last cell of a line
        "name  ops/s  what\n"
        "-----------------\n"
        "a         1  x\n"
        "bcd    1000\n"
    )


def test_a_table_as_markdown() -> None:
    assert render_markdown(short(TABLE)) == (
        "**Drives**\n"
        "\n"
        "| name | ops/s | what |\n"
        "| --- | ---: | --- |\n"
        "| a | 1 | x |\n"
        "| bcd | 1,000 |  |\n"
    )


def test_words_of_a_table_are_wrapped_to_80_columns() -> None:
    words = " ".join(["word"] * 30)
    lines = render_text(short(Table("", ("name", "what"), [("a" * 20, words)]))).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "name" + " " * 18 + "what"
    assert all(line.startswith(" " * 22 + "word") for line in lines[3:])
    assert " ".join(lines[2:]).split()[1:] == ["word"] * 30


def test_a_long_name_leaves_the_other_columns_room() -> None:
    table = Table("", ("name", "what"), [("a" * 78, "within noise")])
    lines = render_text(short(table)).splitlines()
    assert lines[2:] == ["a" * 66 + "  within noise", "a" * 12]


def test_columns_stand_below_each_other_whatever_the_letters() -> None:
    table = Table("", ("name", "n"), [("\u78c1\u78c1", "1"), ("abcd", "2")])
    assert render_text(short(table)) == (
        "name  n\n-------\n\u78c1\u78c1  1\nabcd  2\n"  # an ideograph is two columns wide
    )


def test_figures_are_not_wrapped_and_their_headings_are() -> None:
    headings = ("clients", *["commits/s of the model"] * 6)
    table = Table("", headings, [("1", *["1,234,567"] * 6)], frozenset(range(7)))
    first, second, third, rule, row = render_text(short(table)).splitlines()
    assert first.split() == ["commits/s"] * 6
    assert second.split() == ["of", "the"] * 6
    assert third.split() == ["clients", *["model"] * 6]
    assert rule == "-" * 73  # 7 + 6 x 9 and 6 gaps
    assert row == "      1" + "    1234567" * 6


def test_figures_without_room_are_broken_all_the_same() -> None:
    table = Table("", ["n"] * 30, [["123456"] * 30], frozenset(range(30)))
    lines = render_text(short(table)).splitlines()
    assert "".join(lines).count("1") == 30
    assert all(line.startswith("n  n") or set(line) <= set("-123456 ") for line in lines)


def test_lines_are_a_line_each_and_a_list_in_markdown() -> None:
    lines = Lines(["one", Remark("two", "good")])
    assert render_text(short(lines)) == "one\ntwo\n"
    assert render_markdown(short(lines)) == "- one\n- two\n"
    assert Page(render_html(short(lines), charts=False)).words.count("two") == 1


def test_notes_have_a_mark() -> None:
    notes = Notes(["word " * 20])
    assert (
        render_text(short(notes))
        == "- " + ("word " * 15).strip() + "\n  " + ("word " * 5).strip() + "\n"
    )
    assert render_markdown(short(notes)) == "- " + ("word " * 20).strip() + "\n"


def test_a_long_line_is_wrapped_and_a_percentage_stays_together() -> None:
    text = "x" * 74 + " by 25 % or so"
    assert render_text(short(Lines([text]))) == "x" * 74 + " by\n  25 % or so\n"


def test_sections_are_a_blank_line_apart_and_their_blocks_are_not() -> None:
    lines = Lines(["one"])
    assert render_text(short(lines, lines)) == "one\n\none\n"
    assert render_markdown(short(lines, lines)) == "- one\n\n- one\n"
    together = Document(sections=[Section(blocks=[lines, lines])])
    assert render_text(together) == "one\none\n"
    assert render_markdown(together) == "- one\n\n- one\n"


def test_a_short_document_is_a_page_without_contents() -> None:
    page = Page(render_html(short(TABLE), charts=False))
    assert page.elements.count("nav") == 0
    assert page.elements.count("h2") == 0
    assert "1,000" in page.words


def test_hostile_text_ends_no_row() -> None:
    hostile = Table("", ("name",), [("a|b\n| c\x1b[2J <b> `d` *e* \\|",)])
    assert render_markdown(short(hostile)) == (
        "| name |\n| --- |\n| a\\|b \\| c \\[2J \\<b> \\`d\\` \\*e\\* \\\\\\| |\n"
    )
    assert render_text(short(hostile)).splitlines()[2] == "a|b | c [2J <b> `d` *e* \\|"


# Wrapping


# FLOPPY DISK and the ideograph take two columns each, the combining acute none.
@pytest.mark.parametrize(
    ("text", "wide"),
    [("abc", 3), ("\N{FLOPPY DISK}", 2), ("\u78c1\u78c1", 4), ("e\u0301", 1), ("\u05d0", 1)],
)
def test_how_wide_a_terminal_shows_it(text: str, wide: int) -> None:
    assert columns(text) == wide == cell_len(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a b", ["a b"]),
        ("aaaa bbbb cc", ["aaaa bbbb", "cc"]),
        ("  aa bbbbbbbb", ["  aa", "bbbbbbbb"]),
        ("aa " + "b" * 13, ["aa", "b" * 10, "bbb"]),
        ("aaaaaaa 25 %", ["aaaaaaa", "25 %"]),
        ("aaaaa 25 %x", ["aaaaa 25", "%x"]),
        ("\u78c1" * 6, ["\u78c1" * 5, "\u78c1"]),
    ],
)
def test_lines_of_ten_columns(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10) == lines


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_an_address_is_not_cut(scheme: str) -> None:
    """Half an address is none: whoever follows it lands elsewhere."""
    address = f"{scheme}://example.org/{'a' * 90}"
    assert wrapped(f"source: {address} too", 80, "", "  ") == ["source:", f"  {address}", "  too"]
    document = Document(sections=[Section(blocks=[Lines([f"source: {address}"])])])
    assert address in render_text(document).split()


def test_the_margin_counts() -> None:
    assert wrapped("wsrep_provider_options", 20) == ["wsrep_provider_", "options"]
    assert wrapped("aaaa bbbb cccc", 10, "- ", "  ") == ["- aaaa", "  bbbb", "  cccc"]


# The histogram in letters


MARKS: Final = (("p50", 150.0), ("p90", 199.0), ("p99", 200.0))


def test_a_histogram_in_letters() -> None:
    chart = LatencyHistogram(
        "s", ((100.0, 200.0, 80), (200.0, 400.0, 40), (400.0, 800.0, 0)), MARKS
    )
    assert histogram_lines(chart) == [
        "  100 us to   200 us  " + "#" * 36 + "         80  p50",
        "  200 us to   400 us  " + "#" * 18 + " " * 18 + "         40  p99",
        "  400 us to   800 us  " + " " * 36 + "          0",
    ]


def test_a_histogram_in_blocks() -> None:
    """To an eighth of a column: 36 columns for 80 samples are 16.2 for 36 and 0.45 for one."""
    chart = LatencyHistogram(
        "s", ((100.0, 200.0, 80), (200.0, 400.0, 36), (400.0, 800.0, 0), (800.0, 900.0, 1)), MARKS
    )
    bars = [line[22:58].rstrip() for line in histogram_lines(chart, blocks=True)]
    assert bars == ["█" * 36, "█" * 16 + "▎", "", "▌"]


def test_neighbouring_buckets_are_taken_together() -> None:
    buckets = tuple((float(low), float(low + 1), 1) for low in range(1, 26))
    lines = histogram_lines(LatencyHistogram("s", buckets, ()))
    assert len(lines) == 9  # 25 in threes: two in twelves would be 13
    assert lines[0].startswith("    1 us to     4 us  ####")
    assert lines[-1].endswith("          1")
    assert max(map(len, lines)) <= 80


def test_a_single_sample_is_seen() -> None:
    chart = LatencyHistogram("s", ((1.0, 2.0, 100_000), (2.0, 3.0, 1)), ())
    assert histogram_lines(chart)[1].count("#") == 1


def test_no_samples_no_lines() -> None:
    assert histogram_lines(LatencyHistogram("s", (), ())) == []
