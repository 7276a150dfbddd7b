"""What synchronous_standby_names says, read as syncrep_gram.y and syncrep_scanner.l do.

https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
"""

import re
from typing import Final, NamedTuple

ANYONE: Final = "*"

_TOKENS: Final = re.compile(
    r"""\s*(?:"((?:[^"]|"")*)"|([A-Za-z_\x80-\U0010ffff][\w$]*)|(\d+)|([*,()]))"""
)


class StandbyNames(NamedTuple):
    """How many standbys a commit waits for, and which may be these."""

    wanted: int
    names: tuple[str, ...]


def parse_standby_names(text: str) -> StandbyNames | None:
    """None where the server does not start with it. "" names none."""
    if not text.strip():
        return StandbyNames(0, ())
    tokens = _tokens(text)
    if tokens is None:
        return None
    counts = tokens[:1] in (["ANY"], ["FIRST"])
    if counts:
        tokens = tokens[1:]
    wanted = 1
    if counts or tokens[1:2] == ["("]:
        if len(tokens) < 4 or not tokens[0].isdecimal() or (tokens[1], tokens[-1]) != ("(", ")"):
            return None
        wanted, tokens = int(tokens[0]), tokens[2:-1]
    names, commas = tokens[::2], tokens[1::2]
    if len(names) != len(commas) + 1 or set(commas) - {","} or not wanted:
        return None
    if {"ANY", "FIRST", ",", "(", ")"} & set(names):
        return None
    return StandbyNames(wanted, tuple(names))


def _tokens(text: str) -> list[str] | None:
    """The words, those of the grammar in upper case; None where there is something else."""
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKENS.match(text, at)
        if match is None:
            return None
        quoted, word, number, sign = match.groups()
        if quoted is not None:
            found.append(f'"{quoted}"')
        elif word is not None:
            found.append(word.upper() if word.upper() in ("ANY", "FIRST") else word)
        else:
            found.append(number or sign)
        at = match.end()
    return found
