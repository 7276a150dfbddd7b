"""The environment variables that options take their defaults from."""

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
