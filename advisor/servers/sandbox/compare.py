"""What a line asks for against what the server reads back: the same, or not? Text in, yes or no."""

from fractions import Fraction
from typing import Final

from advisor.errors import UsageError
from advisor.units import UNIT_BYTES, UNIT_US, parse_duration_us, parse_size

_TRUE: Final = frozenset({"on", "true", "yes", "1", "t", "y"})
_FALSE: Final = frozenset({"off", "false", "no", "0", "f", "n"})

UNITS: Final = {**UNIT_BYTES, **UNIT_US, "min": 60 * UNIT_US["s"], "h": 3600 * UNIT_US["s"]}
"""Server's unit -> bytes or microseconds."""


def same(asked: str | None, actual: str, unit: str | None = None) -> bool:
    """Whether `asked`, as written in a file, means `actual`, which counts in the server's `unit`.

    The server has taken the text, so what it means is all there is to find out.
    """
    wanted, has = "on" if asked is None else asked.strip().lower(), actual.strip().lower()
    if wanted == has or (wanted in _TRUE and has in _TRUE) or (wanted in _FALSE and has in _FALSE):
        return True
    number = _number(has)
    if number is not None:
        return _amount(wanted, unit) == number
    # An enum may be given by its place in the server's list; never out of it, for that is refused.
    if wanted.isdigit() and has not in _TRUE | _FALSE:
        return True
    # A set reads back in the server's own order, with what the members imply.
    return "," in has and set(_members(wanted)) <= set(_members(has))


def _amount(text: str, unit: str | None) -> Fraction | None:
    """A number with or without a unit, in the server's unit; rounded where that is a whole one."""
    if (plain := _number(text)) is not None:
        return plain
    for parse in (parse_size, parse_duration_us):
        try:
            amount = Fraction(parse(text), UNITS[unit] if unit else 1)
        except UsageError:
            continue
        return Fraction(round(amount))
    return None


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _members(text: str) -> list[str]:
    return [member.strip() for member in text.split(",")]
