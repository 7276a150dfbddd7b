"""Values as MySQL and MariaDB read them from option files, and write them.

What my_getopt does: setval, eval_num_suffix, getopt_ull_limit_value and find_type. It looks at one
character behind a number and ignores the rest; it clamps and aligns with a line in the log at most.
https://dev.mysql.com/doc/refman/8.4/en/program-variables.html
https://mariadb.com/kb/en/configuring-mariadb-with-option-files/
"""

import math
import re
from typing import Final, Literal, NamedTuple

from advisor.units import UNIT_BYTES, Value
from advisor.vendors.values import (
    Argument,
    Parsed,
    ParseResult,
    PlainSpec,
    Rejected,
    ValueSpec,
    lower,
    shorten,
)


class Dialect(NamedTuple):
    """How one release series of MySQL or MariaDB reads options; of values and of their names."""

    # Values
    suffixes: str = "KMGTPE"
    """What may follow a whole number, powers of 1024 in order."""
    negative: Literal["minimum", "refused", "wraps"] = "minimum"
    """What a number below zero becomes that must not be: the smallest, or 2^64 less."""
    wraps: bool = False
    """Whether a number that its suffix lifts over 2^64 begins anew at 0; else it is refused."""
    empty_is_zero: bool = False
    """Whether an empty value is 0; else it is refused."""
    switch_by_digit: bool = False
    """Whether a switch looks at nothing but the first character if that is 0 or 1."""
    loose_forgives: bool = False
    """Whether the server starts in spite of a bad value behind loose-; a number is then 0."""

    # Names
    any_case: bool = False
    """Whether names may be written in any case."""
    prefixes: bool = False
    """Whether the beginning of a name will do where only one name begins so."""
    drops_component: bool = False
    """Whether a word and a point before a name are ignored."""
    autoset: bool = False
    """Whether there is a prefix autoset-."""


MYSQL: Final = Dialect()
"""8.0 and later; asked of 9.7."""

MYSQL_5_7: Final = Dialect(
    suffixes="KMG",
    negative="wraps",
    wraps=True,
    empty_is_zero=True,
    switch_by_digit=True,
    prefixes=True,
    drops_component=True,
)
"""Asked of 5.6, the nearest that there is to ask."""

MARIADB: Final = Dialect(
    negative="refused",
    wraps=True,
    empty_is_zero=True,
    switch_by_digit=True,
    loose_forgives=True,
    any_case=True,
    prefixes=True,
    drops_component=True,
    autoset=True,
)
"""Asked of 10.11 and 11.8."""

MAX_REAL_CHARACTERS: Final = 1000
"""my_getopt looks no further into a real number."""

_UINT64: Final = 2**64
INT64_MAX: Final = 2**63 - 1
"""The greatest value of an option that may be negative."""
_MAX_DIGITS: Final = 20
_SPACE: Final = " \t\n\v\f\r"
_WHOLE: Final = re.compile(rf"[{_SPACE}]*([+-]?)([0-9]+)")
_REAL: Final = re.compile(rf"[{_SPACE}]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE: Final = ("1", "on", "true")
_FALSE: Final = ("0", "off", "false")
_RENDERED_SUFFIXES: Final = (("G", 1024**3), ("M", 1024**2), ("K", 1024))


def argument_of(spec: ValueSpec) -> Argument:
    """Whether the option may stand alone."""
    return spec.argument or ("optional" if spec.type == "boolean" else "required")


def parse(
    text: str | None, spec: ValueSpec, dialect: Dialect, *, loose: bool = False
) -> ParseResult:
    """What the server makes of a value, without the quotes of its file; else why it refuses it.

    None: the option stands alone. `loose`: behind loose-. A warning says what the server has where
    the text says something else, whether the server itself says so or not.
    """
    if text is None and argument_of(spec) == "required":
        return Rejected("needs a value")
    given = "1" if text is None else text
    if spec.type == "boolean":
        return _boolean(given, spec, dialect)
    if not given and not dialect.empty_is_zero and spec.type != "set":
        return Rejected("the value is empty")
    result = _parse_text(given, spec, dialect)
    if isinstance(result, Parsed) or not (loose and dialect.loose_forgives):
        return result
    if spec.type in ("enum", "set"):
        return Rejected(result.reason, starts=True)
    return Parsed(0, f"{shorten(given)} is not a valid value, and loose- makes it 0")


def _parse_text(text: str, spec: ValueSpec, dialect: Dialect) -> ParseResult:
    match spec.type:
        case "enum":
            return _choice(text, spec)
        case "set":
            return _members_of(text, spec)
        case "real":
            return _real(text, spec)
        case _:
            return _whole(text, spec, dialect)


def render(value: Value, unit: str) -> str:
    """A value in the notation of an option file; `unit` is the server's own."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, int) and value > 0 and unit in UNIT_BYTES:
        size_bytes = value * UNIT_BYTES[unit]
        for suffix, factor in _RENDERED_SUFFIXES:
            if size_bytes % factor == 0:
                return f"{size_bytes // factor}{suffix}"
        return str(size_bytes)
    return str(value)


def same(asked: str | None, actual: str, dialect: Dialect, spec: ValueSpec | None = None) -> bool:
    """Whether `asked`, as written in a file, means `actual`, as SHOW VARIABLES has it.

    The server has taken the text. Without a spec what it is follows from what the server shows.
    """
    candidate = spec or _likely(actual)
    wanted, has = parse(asked, candidate, dialect), parse(actual, candidate, dialect)
    if isinstance(wanted, Parsed) and isinstance(has, Parsed) and wanted == has:
        return True
    if spec is not None:
        return False
    words = "ON" if asked is None else asked
    if lower(words) == lower(actual):
        return True
    if candidate.type == "enum" and words.isdecimal():
        return True  # by its place among the choices, which the server alone knows
    # A set reads back in the server's own order, with what its members imply.
    return "," in actual and _members(words) <= _members(actual)


def _likely(actual: str) -> PlainSpec:
    """What a setting may be that reads so."""
    if lower(actual) in ("on", "off"):
        return PlainSpec("boolean")
    if re.fullmatch("-?[0-9]+", actual):
        return PlainSpec("integer", argument="optional")
    if _REAL.fullmatch(actual):
        return PlainSpec("real", argument="optional")
    return PlainSpec("enum", choices=(actual,), argument="optional")


def _members(text: str) -> set[str]:
    return {lower(member.strip()) for member in text.split(",")}


def _boolean(text: str, spec: ValueSpec, dialect: Dialect) -> ParseResult:
    word = lower(text)
    if word in _TRUE + _FALSE:
        return Parsed(word in _TRUE)
    if argument_of(spec) != "switch":
        return Parsed(False, f"{shorten(text)} is not a boolean and switches it off")
    if dialect.switch_by_digit and word[:1] in ("0", "1"):
        return Parsed(word[0] == "1", f"{shorten(text)} is read as {word[0]}")
    return Rejected(
        f"{shorten(text)} is not a boolean, and the server ignores the line", starts=True
    )


def _choice(text: str, spec: ValueSpec) -> ParseResult:
    """A choice in any case, its beginning where only one begins so, or its place among them."""
    meanings = {choice: choice for choice in (*spec.choices, *spec.build_choices)}
    meanings |= spec.aliases
    word = lower(text)
    for name, choice in meanings.items():
        if word.rstrip(" ") == lower(name):
            return Parsed(choice)
    begun = [name for name in meanings if word and lower(name).startswith(word)]
    if len(begun) > 1:
        return Rejected(f"{shorten(text)} may be {' or '.join(begun)}")
    if begun:
        return Parsed(meanings[begun[0]])
    place = _place(text)
    if place is None or place >= len(meanings):
        return Rejected(f"{shorten(text)} is not one of {', '.join(meanings)}")
    return Parsed([*meanings.values()][place])


def _members_of(text: str, spec: ValueSpec) -> ParseResult:
    """Any of the choices with commas between them, each as `_choice` takes one; or their bits."""
    if _place(text) is not None:
        return Parsed(text)
    for member in text.split(","):
        if not member:
            return Rejected(f"{shorten(text)} has a comma too many")
        result = _choice(member, spec)
        if isinstance(result, Rejected):
            return result
    return Parsed(text)


def _place(text: str) -> int | None:
    """A number, all of the text; an empty one is 0."""
    if not text:
        return 0
    found = _WHOLE.fullmatch(text)
    digits = found[2].lstrip("0") if found else ""
    if found is None or len(digits) > _MAX_DIGITS or (found[1] == "-" and digits):
        return None
    return int(digits or "0")


def _real(text: str, spec: ValueSpec) -> ParseResult:
    if text and (len(text) > MAX_REAL_CHARACTERS or not _REAL.fullmatch(text)):
        return Rejected(f"{shorten(text)} is not a number")
    number = float(text or "0")
    if math.isinf(number):
        return Rejected(f"{shorten(text)} is too large for any number")
    taken = number
    if spec.max is not None:
        taken = min(taken, float(spec.max))
    if spec.min is not None:
        taken = max(taken, float(spec.min))
    return Parsed(taken + 0.0, _clamped(text, number, taken))


def _whole(text: str, spec: ValueSpec, dialect: Dialect) -> ParseResult:
    """A whole number in bytes or the like, with at most one suffix; what follows it is ignored."""
    is_signed = spec.max == INT64_MAX  # else its greatest value would be that of unsigned numbers
    if dialect.negative == "refused" and not is_signed and text.startswith("-"):
        return Rejected(f"{shorten(text)} must not be negative")
    if dialect.negative == "minimum" and not is_signed and text.lstrip(_SPACE).startswith("-"):
        smallest = int(spec.min or 0)
        return Parsed(smallest, f"{shorten(text)} is negative, and becomes {smallest}")
    found = _WHOLE.match(text)
    sign, digits = (found[1], found[2].lstrip("0") or "0") if found else ("", "0")
    rest = text[found.end() :] if found else text
    suffix = rest[:1].upper() if rest[:1].isascii() else rest[:1]
    if suffix and suffix not in dialect.suffixes:
        takes = ", ".join(dialect.suffixes)
        return Rejected(f"{shorten(text)} is no whole number, alone or with one of {takes}")
    number = int(digits) if len(digits) <= _MAX_DIGITS else _UINT64
    largest = INT64_MAX + (sign == "-") if is_signed else _UINT64 - 1
    if number > largest:
        return Rejected(f"{shorten(text)} exceeds 64 bits")
    factor = 1024 ** (dialect.suffixes.index(suffix) + 1) if suffix else 1
    number = number * factor * (-1 if sign == "-" else 1)
    if abs(number) > largest or (number < 0 and not is_signed):
        if not dialect.wraps:
            return Rejected(f"{shorten(text)} exceeds 64 bits")
        number %= _UINT64
        number -= _UINT64 if is_signed and number > INT64_MAX else 0
    taken = _aligned(number, spec)
    if not found and text:
        return Parsed(taken, f"{shorten(text)} begins with no number, and becomes {taken}")
    if lower(rest[1:]) not in ("", "b", "ib"):
        return Parsed(
            taken, f"of {shorten(text)} no more is read than {shorten(text[: -len(rest[1:])])}"
        )
    return Parsed(taken, _clamped(text, number, taken))


def _aligned(number: int, spec: ValueSpec) -> int:
    """In the server's order: not above the maximum, a multiple, not below the minimum."""
    taken = number if spec.max is None else min(number, int(spec.max))
    taken -= taken % spec.multiple_of
    return taken if spec.min is None else max(taken, int(spec.min))


def _clamped(text: str, number: float, taken: float) -> str:
    return "" if number == taken else f"{shorten(text)} becomes {taken}"
