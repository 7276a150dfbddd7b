"""Numbers in reports: as the C locale writes them, with the tools' own units."""

import re
from typing import Final

from advisor.errors import AdvisorError

NUMBER: Final = r"[0-9](?:[0-9.,']{0,38}[0-9])?"
"""What stands where a number should, well-formed or not. Bounded, so that no input is slow."""

UNIT_US: Final = {
    "ns": 1e-3,
    "nsec": 1e-3,
    "us": 1.0,
    "usec": 1.0,
    "ms": 1e3,
    "msec": 1e3,
    "s": 1e6,
    "sec": 1e6,
    "min": 60e6,
}
"""Time units of the tools, in microseconds."""

UNIT_BYTES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}

SUFFIXES: Final = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}

_SIZE: Final = re.compile(r"([0-9]{1,15})([kmgt]?)(?:i?b)?", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


def number(text: str, what: str) -> float:
    """Of "1234.567" the number. Raises AdvisorError for "1.234,567", which may mean anything."""
    if not _PLAIN.fullmatch(text):
        raise AdvisorError(
            f"{what} is {text!r}, which is not a number in the C locale",
            "run the tool again with LC_ALL=C",
        )
    return float(text)


def size_bytes(text: str) -> int | None:
    """Of "8k", "4K", "1MiB" or "2300", as tools take it, the bytes; None for anything else."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else None


def step(text: str) -> float:
    """How much the last digit of a printed number counts: 0.01 of "5.79"."""
    return float(10.0 ** -len(text.partition(".")[2]))


def power_of_two(size_bytes: float) -> float | None:
    """The block size that a quotient of rounded figures means, or None where that is a guess."""
    return next(
        (float(2**power) for power in range(9, 27) if abs(size_bytes / 2**power - 1) < 0.02), None
    )
