"""Text in a chart: how wide a browser will set it, about, and how much of it fits."""

import unicodedata
from typing import Final

from advisor.output.text import one_line

FONT_SIZE: Final = 11.5
"""Of all text, in units of the drawing: 10 px on a phone of 360, 16 px on a page."""

BOLD_RATIO: Final = 1.13
"""Width of bold text over the same in regular weight (DejaVu Sans)."""

_NARROW: Final = frozenset(" .,:;'|!()[]/-ijlftIr")
_WIDE: Final = frozenset("mwMW@%\N{HORIZONTAL ELLIPSIS}\N{PLUS-MINUS SIGN}")


def text_width(text: str, *, bold: bool = False) -> float:
    """Estimated width in units of the drawing, rather too wide than too narrow."""
    return sum(map(_ems, text)) * FONT_SIZE * (BOLD_RATIO if bold else 1)


def shorten(text: str, width: float, *, bold: bool = False) -> str:
    """As much of a text as fits into `width` units, an ellipsis for the rest."""
    text = " ".join(one_line(text[: round(4 * width)]).split())
    if text_width(text, bold=bold) <= width:
        return text
    used = text_width("\N{HORIZONTAL ELLIPSIS}", bold=bold)
    for index, character in enumerate(text):
        used += text_width(character, bold=bold)
        if used > width:
            return f"{text[:index].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    return text


def _ems(character: str) -> float:
    """Widths of DejaVu Sans, the widest of the fonts that a page is likely to be set in."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in _NARROW:
        return 0.41
    if character in _WIDE:
        return 1.0
    return 0.76 if character.isupper() else 0.64
