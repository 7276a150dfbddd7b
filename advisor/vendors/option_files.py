"""The syntax of option files, as MySQL's and MariaDB's my_default.c takes it apart.

tests/servers/test_config_files.py holds it against the servers.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from advisor.vendors.syntax import Broken, Inclusion, Line, Statement

OWN_NAMES: Final = (
    "skip_external_locking",
    "skip_grant_tables",
    "skip_host_cache",
    "skip_name_resolve",
    "skip_networking",
    "skip_new",
    "skip_replica_start",
    "skip_show_database",
    "skip_slave_start",
    "skip_stack_trace",
)
"""Options of MySQL and MariaDB that are called so, and do not switch off another."""

SWITCHES: Final = (("skip_", False), ("disable_", False), ("enable_", True))
"""What before an option's name switches it off or on."""

NO: Final = ("0", "off", "false")

_BLANK: Final = " \t\n\v\f\r"
_OPTION_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "s": " ",
    '"': '"',
    "'": "'",
    "\\": "\\",
}
_DIRECTIVE: Final = re.compile(r"!\s*(include|includedir)\s(.*)")


def statements(text: str) -> Iterator[Statement]:
    """What each line says, in order; blank lines, comments and groups say nothing."""
    group = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.partition("\0")[0].strip(_BLANK)
        if not line or line[0] in "#;":
            continue
        if line[0] == "!":
            if directive := _DIRECTIVE.match(line + " "):
                of: Literal["file", "folder"] = "file" if directive[1] == "include" else "folder"
                yield Inclusion(number, line, of, directive[2].strip(_BLANK))
        elif line[0] == "[":
            name, closed, _ = line[1:].partition("]")
            if not closed:
                yield Broken(number, line)
            # [ mysqld] is another group than [mysqld ]; which is [MYSQLD].
            group = name.rstrip(_BLANK).lower()
        else:
            option, equals, value = _without_comment(line).partition("=")
            option = option.strip(_BLANK).lower().replace("-", "_").removeprefix("loose_")
            yield Line(number, option, _option_value(value) if equals else None, group)


def _without_comment(line: str) -> str:
    """Up to a # outside quotes."""
    quote, escaped = "", False
    for index, character in enumerate(line):
        if character in "'\"" and not escaped and quote in ("", character):
            quote = "" if quote else character
        if character == "#" and not quote:
            return line[:index]
        escaped = bool(quote) and character == "\\" and not escaped
    return line


def _option_value(text: str) -> str:
    value = text.strip(_BLANK)
    if len(value) >= 2 and value[0] in "'\"" and value[-1] == value[0]:
        value = value[1:-1]
    return re.sub(r"\\(.)", _option_unescaped, value, flags=re.DOTALL)


def _option_unescaped(found: re.Match[str]) -> str:
    return _OPTION_ESCAPES.get(found[1], found[0])


def option(line: Line) -> tuple[str, str]:
    """The variable a line sets, and to what: skip_x sets x to OFF, and skip_x = 0 to ON."""
    for prefix, on in SWITCHES:
        name = line.name.removeprefix(prefix)
        if name not in ("", line.name) and line.name not in OWN_NAMES:
            negated = line.value is not None and line.value.lower() in NO
            return name, "ON" if on is not negated else "OFF"
    return line.name, "ON" if line.value is None else line.value
