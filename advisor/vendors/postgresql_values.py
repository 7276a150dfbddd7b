"""Values as PostgreSQL reads and writes them; nothing differs between 13 and 19.

What guc.c does: parse_bool, parse_int, parse_real, convert_to_base_unit and
config_enum_lookup_by_name, in the C library's strtol and strtod. Its arithmetic is that of doubles,
and so is ours. https://www.postgresql.org/docs/current/config-setting.html
"""

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from advisor.units import UNIT_BYTES, UNIT_US, Value
from advisor.vendors.values import (
    Parsed,
    ParseResult,
    PlainSpec,
    Rejected,
    ValueSpec,
    lower,
    shorten,
)

GUARDED: Final = {
    "wal_level": PlainSpec(
        "enum",
        choices=("minimal", "replica", "logical"),
        aliases={"archive": "replica", "hot_standby": "replica"},
    ),
    "archive_mode": PlainSpec("enum", choices=("off", "on", "always")),
    "max_wal_senders": PlainSpec("integer", min=0, max=262143),
    "summarize_wal": PlainSpec("boolean"),
}
"""Settings that the red lines need and profiles/ does not have."""

SIZE_UNITS: Final = {"TB": 1024**4, "GB": 1024**3, "MB": 1024**2, "kB": 1024, "B": 1}
"""Unit -> bytes, the greatest first."""

TIME_UNITS: Final = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
"""Unit -> microseconds, the greatest first."""

_SPACE: Final = " \t\n\v\f\r"
_WHOLE: Final = rf"[{_SPACE}]*(?P<sign>[+-]?)(?P<digits>0[xX][0-9a-fA-F]+|[0-9]+)"
_DECIMAL: Final = rf"[{_SPACE}]*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
_HEXADECIMAL: Final = (
    rf"[{_SPACE}]*([+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?)"
)
_MOST_DIGITS: Final = 22
"""2^63 has no more in any base; what is longer, strtod reads."""

_SMALLEST_NORMAL: Final = 2.2250738585072014e-308
_INT_MAX: Final = 2**31 - 1
_INT_MIN: Final = -(2**31)

_BOOLEANS: Final = (
    ("true", True, 1),
    ("false", False, 1),
    ("yes", True, 1),
    ("no", False, 1),
    ("on", True, 2),
    ("off", False, 2),
    ("1", True, 1),
    ("0", False, 1),
)
"""Word, meaning, how many letters of it will do."""

_ON: Final = ("true", "yes", "1")
_OFF: Final = ("false", "no", "0")


def parse(text: str, spec: ValueSpec, *, unit: str = "") -> ParseResult:
    """What the server makes of a value, without the quotes of its file; else why it refuses it.

    `unit`: what a bare number counts in where that is not the spec's own, as pg_settings has it:
    a server built with other blocks says "16kB".
    """
    if spec.type == "boolean":
        value = _boolean(text)
        return Rejected("must be a boolean") if value is None else Parsed(value)
    if spec.type == "enum":
        return _enum(text, spec)
    number = _number(text, unit or spec.unit, whole=spec.type == "integer")
    if isinstance(number, Rejected):
        return number
    if unit not in ("", spec.unit):
        exact = Fraction(number) * _counts(unit) / _counts(spec.unit)
        number = round(exact) if spec.type == "integer" else float(exact)
    if (spec.min is not None and number < spec.min) or (spec.max is not None and number > spec.max):
        return Rejected(f"{number} is outside {spec.min} to {spec.max}")
    return Parsed(number)


def render(value: Value, unit: str) -> str:
    """A value in the notation of postgresql.conf; `unit` is the server's own."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        return value
    if value > 0 and unit in UNIT_BYTES:
        return _in_greatest(value * UNIT_BYTES[unit], SIZE_UNITS, ("GB", "MB", "kB", "B"))
    if value > 0 and unit in ("ms", "s"):
        return _in_greatest(value * UNIT_US[unit], TIME_UNITS, ("min", "s", "ms"))
    return str(value)


def _in_greatest(amount: int, sizes: Mapping[str, int], names: Sequence[str]) -> str:
    """In the greatest unit of `names` that leaves no fraction."""
    name = next(name for name in names if amount % sizes[name] == 0)
    return f"{amount // sizes[name]}{name}"


def same(asked: str, actual: str, spec: ValueSpec | None = None, *, unit: str = "") -> bool:
    """Whether `asked`, as written in a file, means `actual`, as pg_settings has it in `unit`.

    The server has taken the text. Without a spec what it is follows from what the server shows.
    """
    if asked == actual:
        return True
    for candidate in [spec] if spec else _likely(actual, unit):
        wanted, has = parse(asked, candidate), parse(actual, candidate, unit=unit)
        if isinstance(wanted, Parsed) and isinstance(has, Parsed) and wanted == has:
            return True
        if candidate.type == "enum" and isinstance(wanted, Parsed) and wanted.value == "on":
            return actual != "off"  # wal_compression = on is pglz, or what the build has best
    return False


def _likely(actual: str, unit: str) -> list[PlainSpec]:
    """What a setting may be that reads so."""
    if actual in ("on", "off"):
        return [PlainSpec("boolean"), PlainSpec("enum", choices=("on", "off"))]
    if not isinstance(_number(actual, "", whole=False), Rejected):
        return [PlainSpec("integer", unit), PlainSpec("real", unit)]
    return [PlainSpec("enum", choices=(actual, "on", "off"))]


def _boolean(text: str) -> bool | None:
    """Any beginning of true, false, yes and no; of on and off, two letters or more."""
    word = lower(text)
    for whole, value, least in _BOOLEANS:
        if len(word) >= least and whole.startswith(word):
            return value
    return None


def _enum(text: str, spec: ValueSpec) -> ParseResult:
    """A choice in any case, whole. Every enum that takes on and off takes their synonyms, too."""
    choices = (*spec.choices, *spec.build_choices)
    meanings = {lower(choice): choice for choice in choices}
    meanings |= {lower(alias): choice for alias, choice in spec.aliases.items()}
    if {"on", "off"} <= meanings.keys():
        meanings |= dict.fromkeys(_ON, meanings["on"]) | dict.fromkeys(_OFF, meanings["off"])
    if (choice := meanings.get(lower(text))) is not None:
        return Parsed(choice)
    return Rejected(f"{shorten(text)} is not one of {', '.join(choices)}")


def _number(text: str, unit: str, *, whole: bool) -> int | float | Rejected:
    """A number in `unit`, rounded to a whole one if it must be."""
    found = _whole_number(text) if whole else _real_number(text)
    if found is None:
        return Rejected(f"{shorten(text)} is not a number in the server's range")
    number, end = found
    name = text[end:].strip(_SPACE)
    if name:
        converted = _converted(number, name, unit)
        if converted is None:
            units = _units(unit)
            takes = f"takes {', '.join(reversed(units))}" if units else "takes no unit"
            return Rejected(f"{shorten(text)}: the setting {takes}")
        number = converted
    if not whole:
        return number
    number = float(number)
    if not _INT_MIN <= number <= _INT_MAX:
        return Rejected(f"{shorten(text)} exceeds the range of integers")
    return round(number)


def _whole_number(text: str) -> tuple[float, int] | None:
    """strtol, and where its number ends; before a fraction or an exponent strtod begins anew."""
    found = re.match(_WHOLE, text)
    sign, digits = (found["sign"], found["digits"]) if found else ("", "")
    end = found.end() if found else 0
    base = 16 if digits[1:2] in ("x", "X") else 8 if digits.startswith("0") else 10
    if base == 8 and (stop := re.search("[89]", digits)):
        end -= len(digits) - stop.start()
        digits = digits[: stop.start()]
    if text[end : end + 1] in (".", "e", "E"):
        return _real_number(text)
    if found is None:
        return None
    if len(digits.lstrip("0")) > _MOST_DIGITS:
        return _real_number(text)
    number = int(digits, base)
    if number > 2**63 - (sign != "-"):
        return _real_number(text)
    return (-number if sign == "-" else number), end


def _real_number(text: str) -> tuple[float, int] | None:
    """strtod, and where its number ends; None for none, or one that no double holds."""
    hexadecimal = re.match(_HEXADECIMAL, text)
    found = hexadecimal or re.match(_DECIMAL, text)
    if found is None:
        return None
    try:
        number = float.fromhex(found[1]) if hexadecimal else float(found[1])
    except OverflowError:
        return None
    vanishes = abs(number) < _SMALLEST_NORMAL and re.search("[1-9a-fA-F]", found[2])
    return None if math.isinf(number) or vanishes else (number, found.end())


def _units(unit: str) -> dict[str, int]:
    """The units that a setting takes which counts in `unit`; the greatest first."""
    if unit.endswith("B"):
        return SIZE_UNITS
    return TIME_UNITS if unit in TIME_UNITS else {}


def _counts(unit: str) -> int:
    """Bytes or microseconds in a server's own unit: "8kB", "ms"."""
    found = re.fullmatch(r"([0-9]{0,4})([A-Za-z]+)", unit)
    if found is None:
        return 1
    return int(found[1] or 1) * _units(unit).get(found[2], 1)


def _converted(number: float, name: str, unit: str) -> float | None:
    """So many `name` in `unit`, rounded to the next smaller unit: 0.1GB is 102MB."""
    units = _units(unit)
    if name not in units:
        return None
    names = list(units)
    converted = number * (units[name] / _counts(unit))
    smaller = names[names.index(name) + 1 : names.index(name) + 2]
    if smaller and math.isfinite(converted):
        multiplier = units[smaller[0]] / _counts(unit)
        converted = round(converted / multiplier) * multiplier
    return converted
