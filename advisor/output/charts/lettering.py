"""Text in a chart: how wide it will be about, and what of it fits."""

import unicodedata
from typing import Final

from advisor.output.text import one_line

SIZE: Final = 11.5
"""Of all text, in units of the drawing: 10 px on a phone of 360, 16 px on a page."""

_NARROW: Final = frozenset(" .,:;'|!()[]/-ijlftIr")
_BROAD: Final = frozenset("mwMW@%\N{HORIZONTAL ELLIPSIS}\N{PLUS-MINUS SIGN}")


def clean(text: str) -> str:
    """Text on one line, without the code points that XML refuses."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if ord(character) & 0xFFFE == 0xFFFE else character
        for character in one_line(text)
    )


def width_of(text: str) -> float:
    """About how wide the reader's font will set a text, rather too wide than too narrow."""
    return sum(map(_ems, text)) * SIZE


def fitted(text: str, room: float) -> str:
    """As much of a text as fits, an ellipsis for the rest."""
    text = " ".join(clean(text[: round(4 * room)]).split())
    if width_of(text) <= room:
        return text
    used = SIZE
    for index, character in enumerate(text):
        used += _ems(character) * SIZE
        if used > room:
            return f"{text[:index].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    return text


def _ems(character: str) -> float:
    """Of DejaVu Sans, the widest of the fonts that a page is likely to be set in."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in _NARROW:
        return 0.41
    if character in _BROAD:
        return 1.0
    return 0.76 if character.isupper() else 0.64
