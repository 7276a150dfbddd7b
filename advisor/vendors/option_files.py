"""The syntax of option files, as MySQL's and MariaDB's my_default.c takes it apart.

tests/servers/test_config_files.py holds it against the servers.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from advisor.vendors.syntax import Broken, Inclusion, Line, Statement

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
            name = option.strip(_BLANK).replace("-", "_")
            yield Line(number, name, _option_value(value) if equals else None, group)


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
