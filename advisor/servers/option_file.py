"""Option files of MySQL and MariaDB, read as the vendors' own programs read them.

Syntax: MySQL manual, "Using Option Files"; what it leaves open is as mysys/my_default.c does it,
which both vendors share.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "s": " "} | {c: c for c in "\"'\\"}


@dataclass(frozen=True, slots=True)
class Option:
    """One line that sets something."""

    number: int
    group: str | None
    """The option group it stands in; None outside any."""
    name: str
    """As it is written."""
    value: str | None
    """Without quotes and escapes; None for an option that stands alone."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One line that includes a file, or with `folder` each .cnf file of a directory."""

    number: int
    text: str
    path: str
    folder: bool


def option_lines(text: str) -> Iterator[Option | Inclusion]:
    """What each line of an option file does."""
    group = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("!"):
            directive, _, path = line[1:].lstrip().partition(" ")
            yield Inclusion(number, line, path.strip(), folder=directive == "includedir")
        elif line.startswith("["):
            group = line[1:].partition("]")[0].rstrip()
        else:
            name, equals, value = _without_comment(line).partition("=")
            plain = _unescaped(_unquoted(value.strip())) if equals else None
            yield Option(number, group, name.rstrip(), plain)


def _without_comment(line: str) -> str:
    """Up to a # outside quotes; a quote behind a backslash, within quotes, does not end them."""
    quote, escaped = "", False
    for index, character in enumerate(line):
        if character in "'\"" and not escaped and quote in ("", character):
            quote = "" if quote else character
        elif character == "#" and not quote:
            return line[:index].rstrip()
        escaped = bool(quote) and character == "\\" and not escaped
    return line


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] in "'\"" and value[-1] == value[0]
    return value[1:-1] if quoted else value


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value, flags=re.DOTALL)
