"""The syntax of option files, as MySQL's and MariaDB's my_default.c takes it apart.

That looks at bytes, as Latin-1 has them: the byte A0 is white space, be it a character's last.
tests/servers/test_config_files.py holds it against the servers.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from advisor.vendors.syntax import Broken, Inclusion, Line, Statement
from advisor.vendors.values import lower

CUT_BYTES: Final = 4094
"""What MariaDB and older MySQL read of a line at once: the rest is a line of its own to them.
tests/security/test_option_file_lines.py asks MariaDB 10.5 to 11.8 and MySQL 5.6, and 9.7, which
reads lines whole."""

_BLANK: Final = " \t\n\v\f\r\xa0"
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
_DIRECTIVE: Final = re.compile(rf"![{_BLANK}]*(include|includedir)[{_BLANK}](.*)", re.DOTALL)


def statements(text: str, *, cut: bool = False) -> Iterator[Statement]:
    """What each line says, in order; blank lines, comments and groups say nothing.

    `text` as decoded with surrogateescape. With `cut` a line goes on as another after CUT_BYTES;
    the parts have the number of their line.
    """
    group = None
    for number, raw in _lines(text, cut=cut):
        line = raw.partition("\0")[0].strip(_BLANK)
        if not line or line[0] in "#;":
            continue
        if line[0] == "!":
            if directive := _DIRECTIVE.match(line + " "):
                of: Literal["file", "folder"] = "file" if directive[1] == "include" else "folder"
                yield Inclusion(number, _text(line), of, _text(directive[2].strip(_BLANK)))
        elif line[0] == "[":
            name, closed, _ = line[1:].partition("]")
            if not closed:
                yield Broken(number, _text(line))
            # [ mysqld] is another group than [mysqld ]; which is [MYSQLD].
            group = lower(_text(name.rstrip(_BLANK)))
        else:
            option, equals, value = _without_comment(line).partition("=")
            name = _text(option.strip(_BLANK)).replace("-", "_")
            yield Line(number, name, _text(_option_value(value)) if equals else None, group)


def long_lines(text: str) -> Iterator[tuple[int, int]]:
    """Number and bytes of each line of which not all servers read as much at once."""
    for number, line in enumerate(text.split("\n"), start=1):
        if 4 * len(line) > CUT_BYTES:  # no character has more than four bytes
            size_bytes = len(line.encode("utf-8", "surrogateescape"))
            if size_bytes > CUT_BYTES:
                yield number, size_bytes


def _lines(text: str, *, cut: bool) -> Iterator[tuple[int, str]]:
    """Lines with a character for each byte, and their numbers."""
    raw = text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
    for number, line in enumerate(raw.split("\n"), start=1):
        if cut and len(line) > CUT_BYTES:
            for start in range(0, len(line), CUT_BYTES):
                yield number, line[start : start + CUT_BYTES]
        else:
            yield number, line


def _text(raw: str) -> str:
    """The characters that the bytes are."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


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
