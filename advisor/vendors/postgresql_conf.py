"""The syntax of postgresql.conf, as PostgreSQL's guc-file.l takes it apart.

tests/servers/test_config_files.py holds it against the servers.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from advisor.vendors.syntax import Broken, Inclusion, Line, Statement

# A letter is one of A-Z, a-z, _ and all beyond ASCII: said by what it is not, which compiles fast.
_LETTER: Final = r"[^\x00-@\[-^`{-\x7f]"
_LETTER_OR_DIGIT: Final = r"[^\x00-/:-@\[-^`{-\x7f]"
_WORD: Final = rf"{_LETTER}{_LETTER_OR_DIGIT}*"
_TOKENS: Final = (
    ("name", _WORD),
    ("qualified name", rf"{_WORD}\.{_WORD}"),
    ("quoted", r"'(?:[^'\\]|\\.|'')*'"),
    ("bare", rf"{_LETTER}(?:{_LETTER_OR_DIGIT}|[-._:/])*"),
    ("integer", r"[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)[a-zA-Z]*"),
    ("real", r"[-+]?[0-9]*\.[0-9]*(?:[Ee][-+]?[0-9]+)?"),
    ("equals", "="),
)
"""The longest wins, of equally long ones the first."""

_SPACE: Final = " \t\r"
_VALUES: Final = ("name", "quoted", "bare", "integer", "real")
_INCLUSIONS: Final = ("include", "include_if_exists", "include_dir")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def statements(text: str) -> Iterator[Statement]:
    """What each line says, in order; blank lines and comments say nothing."""
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
    tokens = [(kind, re.compile(pattern)) for kind, pattern in _TOKENS]
    place = 0
    while place < len(line) and line[place] != "#":
        if line[place] in _SPACE:
            place += 1
            continue
        found = [(kind, match) for kind, pattern in tokens if (match := pattern.match(line, place))]
        if not found:
            yield "none", line[place]
            return
        kind, match = max(found, key=lambda token: token[1].end())
        yield kind, match[0]
        place = match.end()


def _unescaped(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) % 256)
    return _ESCAPES.get(escaped, escaped)
