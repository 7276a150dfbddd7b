"""Tables and notes as plain text and as Markdown."""

from advisor.output.blocks import Notes, Table, as_markdown, as_text

TABLE = Table(
    "Drives", ("name", "ops/s", "what"), [("a", "1", "x"), ("bcd", "1 000", "")], frozenset({1})
)


def test_a_table_as_text() -> None:
    assert as_text([TABLE]) == (
        "Drives\n"  # no blank after the last cell of a line
        "name  ops/s  what\n"
        "a         1  x\n"
        "bcd   1 000\n"
    )


def test_a_table_as_markdown() -> None:
    assert as_markdown([TABLE]) == (
        "**Drives**\n"
        "\n"
        "| name | ops/s | what |\n"
        "| --- | ---: | --- |\n"
        "| a | 1 | x |\n"
        "| bcd | 1 000 |  |\n"
    )


def test_the_last_column_is_wrapped_to_80_columns() -> None:
    words = " ".join(["word"] * 30)
    lines = as_text([Table("", ("name", "what"), [("a" * 20, words)])]).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "name" + " " * 18 + "what"
    assert all(line.startswith(" " * 22 + "word") for line in lines[2:])
    assert " ".join(lines[1:]).split()[1:] == ["word"] * 30


def test_wide_columns_leave_the_last_one_room() -> None:
    lines = as_text([Table("", ("name", "what"), [("a" * 78, "within noise")])]).splitlines()
    assert lines[1:] == ["a" * 78 + "  within", " " * 80 + "noise"]


def test_notes_are_a_line_each_and_a_list_in_markdown() -> None:
    notes = Notes(["one", "two"])
    assert as_text([notes]) == "one\ntwo\n"
    assert as_markdown([notes]) == "- one\n- two\n"


def test_a_long_note_is_wrapped_and_a_percentage_stays_together() -> None:
    text = "x" * 74 + " by 25 % or so"
    assert as_text([Notes([text])]) == "x" * 74 + " by\n  25 % or so\n"


def test_blocks_are_a_blank_line_apart() -> None:
    notes = Notes(["one"])
    assert as_text([notes, notes]) == "one\n\none\n"
    assert as_markdown([notes, notes]) == "- one\n\n- one\n"


def test_hostile_text_ends_no_row_and_steers_nothing() -> None:
    hostile = Table("", ("name",), [("a|b\n| c\x1b[2J <b> `d` *e* \\|",)])
    assert as_markdown([hostile]) == (
        "| name |\n| --- |\n| a\\|b \\| c \\[2J \\<b> \\`d\\` \\*e\\* \\\\\\| |\n"
    )
    assert as_markdown([Notes(["a\n\n# b"]), Table("c\nd", ("e",), [])]) == (
        "- a  # b\n\n**c d**\n\n| e |\n| --- |\n"
    )
    assert as_text([hostile]) == "name\na|b | c [2J <b> `d` *e* \\|\n"
