"""The letters of a page, which not every terminal and log has: "5 µs", "±2 %"."""

import re
from typing import Final

NO_BREAK: Final = "\N{NO-BREAK SPACE}"

_MICROSECONDS: Final = re.compile(rf"(?<=\d)([ {NO_BREAK}])us(?!\w)")
_PLUS_MINUS: Final = re.compile(r"\+-(?=\d)")


def typeset(text: str) -> str:
    """Text for a page."""
    return _PLUS_MINUS.sub("\N{PLUS-MINUS SIGN}", _MICROSECONDS.sub("\\1\N{MICRO SIGN}s", text))
