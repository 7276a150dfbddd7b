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

_PLAIN: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")


def number(text: str, what: str) -> float:
    """Of "1234.567" the number. Raises AdvisorError for "1.234,567", which may mean anything."""
    if not _PLAIN.fullmatch(text):
        raise AdvisorError(
            f"{what} is {text!r}, which is no number in the C locale",
            "run the tool again with LC_ALL=C",
        )
    return float(text)
