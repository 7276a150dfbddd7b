"""The environment variables that options take their defaults from."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "FSYNC_ADVISOR_"
OPTIONS: Final = (
    "db",
    "quiet",
    "db-version",
    "durability",
    "memory",
    "recovery-time",
    "expected-tps",
    "log-bytes-per-commit",
    "build",
)
OTHERS: Final = ("FSYNC_ADVISOR_DEBUG", "FSYNC_ADVISOR_TEST_CACHE")
"""No option's: they are for who works on this program."""


def variable(option: str) -> str:
    """The variable that has the default of an option."""
    return PREFIX + option.replace("-", "_").upper()


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """What to say of each name that looks like a variable of ours, and is none."""
    known = [*map(variable, OPTIONS), *OTHERS]
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            yield f"{name} is ignored" + (f": did you mean {near[0]}?" if near else "")
