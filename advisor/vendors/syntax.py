"""The two syntaxes of configuration files, as the servers themselves take them apart.

PostgreSQL's is that of its guc-file.l; MySQL's and MariaDB's that of my_default.c. Text in,
statements out; tests/servers/test_config_files.py holds both against the servers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from advisor.versions import Vendor


@dataclass(frozen=True, slots=True)
class Line:
    """One line that sets something."""

    number: int
    name: str
    """As the server names its variable: lower case, _ for -, without loose_."""
    value: str | None
    """Without quotes; None for an option that stands alone."""
    group: str | None
    """The option group it stands in; None outside any, where MySQL and MariaDB refuse it."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One line that brings in a file, or a folder of them."""

    number: int
    text: str
    """The line."""
    of: Literal["file", "folder"]
    target: str
    """The path as written."""
    may_miss: bool = False
    """PostgreSQL's include_if_exists."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One line that the server cannot read."""

    number: int
    text: str


Statement = Line | Inclusion | Broken


def statements(text: str, vendor: Vendor) -> Iterator[Statement]:
    """What each line of a file says, in order; blank lines, comments and groups say nothing."""
    return _postgresql(text) if vendor == "postgresql" else _option_file(text)


# PostgreSQL

_LETTER: Final = r"[A-Za-z_\x80-\U0010ffff]"
_WORD: Final = rf"{_LETTER}[A-Za-z0-9_\x80-\U0010ffff]*"
_TOKENS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("name", _WORD),
        ("qualified name", rf"{_WORD}\.{_WORD}"),
        ("quoted", r"'(?:[^'\\]|\\.|'')*'"),
        ("bare", rf"{_LETTER}(?:[A-Za-z0-9_\x80-\U0010ffff]|[-._:/])*"),
        ("integer", r"[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)[a-zA-Z]*"),
        ("real", r"[-+]?[0-9]*\.[0-9]*(?:[Ee][-+]?[0-9]+)?"),
        ("equals", "="),
    )
)
"""The longest wins, of equally long ones the first."""

_SPACE: Final = " \t\r"
_VALUES: Final = ("name", "quoted", "bare", "integer", "real")
_INCLUSIONS: Final = ("include", "include_if_exists", "include_dir")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _postgresql(text: str) -> Iterator[Statement]:
    for number, raw in enumerate(text.split("\n"), start=1):
        tokens = list(_tokens(raw))
        if not tokens:
            continue
        kinds = [kind for kind, _ in tokens]
        if kinds[1:2] == ["equals"]:
            del kinds[1], tokens[1]
        if len(kinds) != 2 or kinds[0] not in ("name", "qualified name") or kinds[1] not in _VALUES:
            yield Broken(number, raw.strip())
            continue
        name, value = tokens[0][1].lower(), tokens[1][1]
        if kinds[1] == "quoted":
            value = re.sub(r"''|\\([0-7]{1,3}|.)", _unescaped, value[1:-1])
        if name in _INCLUSIONS:
            of: Literal["file", "folder"] = "folder" if name == "include_dir" else "file"
            yield Inclusion(number, raw.strip(), of, value, name == "include_if_exists")
        else:
            yield Line(number, name, value, None)


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token, up to a comment or to what is none."""
    place = 0
    while place < len(line) and line[place] != "#":
        if line[place] in _SPACE:
            place += 1
            continue
        found = [(kind, match) for kind, one in _TOKENS if (match := one.match(line, place))]
        if not found:
            yield "none", line[place]
            return
        kind, match = max(found, key=lambda one: one[1].end())
        yield kind, match[0]
        place = match.end()


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) % 256)
    return _ESCAPES.get(escaped, escaped)


# MySQL and MariaDB

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


def _option_file(text: str) -> Iterator[Statement]:
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
