"""Option files line by line."""

from option_files import MEANT, TORTURE

from advisor.servers.option_file import Inclusion, Option, option_lines


def test_each_line_is_read_as_the_servers_read_it() -> None:
    found = [line for line in option_lines(TORTURE) if isinstance(line, Option)]
    assert [(one.name, one.value) for one in found if one.group == "mysqld"] == MEANT
    others = [(one.number, one.group, one.name) for one in found if one.group != "mysqld"]
    assert others == [(1, None, "stray"), (20, " mysqld", "c1")]


def test_inclusions_are_told_from_options() -> None:
    assert [line for line in option_lines(TORTURE) if isinstance(line, Inclusion)] == [
        Inclusion(23, "!include /other file.cnf", "/other file.cnf", folder=False),
        Inclusion(24, "!includedir   /some.d", "/some.d", folder=True),
    ]


def test_lines_end_where_the_servers_end_them() -> None:
    found = list(option_lines('[a]\r\nb="c"\r\nd=1\x0c2\u20283\r\n'))
    assert found == [Option(2, "a", "b", "c"), Option(3, "a", "d", "1\x0c2\u20283")]
