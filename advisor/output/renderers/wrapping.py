"""Breaking text into lines, by the columns that a terminal gives its characters."""

import re
import unicodedata
from typing import Final

ADDRESSES: Final = ("https://", "http://")
LONGEST_ADDRESS: Final = 200
"""Beyond, it is no page that anybody follows."""


def columns(text: str) -> int:
    """How wide a terminal shows it: two columns for East Asian wide characters, none for marks."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int, first: str = "", margin: str = "") -> list[str]:
    """Lines of at most `width` columns, broken at blanks; "25 %" stays together.

    The first line begins with `first`, the others with `margin`. A word that is longer than a line
    is broken behind an underscore, else where the line ends, but for an address, which cannot be
    used in pieces. Blanks at the begin stay. Without text there is one line.
    """
    lines, line, used = [], first, False
    for word in re.findall(r" *[^ ]+(?: %(?![^ ]))?", text):
        if used and columns(line) + columns(word) > width:
            lines.append(line)
            line, used, word = margin, False, word.lstrip(" ")
        is_whole = word.lstrip(" ").startswith(ADDRESSES) and len(word) <= LONGEST_ADDRESS
        while not used and not is_whole and columns(line) + columns(word) > width:
            end = _fitting(word, width - columns(line))
            lines.append(line + word[:end])
            line, word = margin, word[end:]
        line, used = line + word, True
    return [*lines, line]


def _fitting(word: str, width: int) -> int:
    """How many of its characters fit, at least one; up to an underscore in their second half."""
    end = min(len(word), max(width, 1))
    while end > 1 and columns(word[:end]) > width:
        end -= 1
    return word.rfind("_", end // 2, end) + 1 or end
