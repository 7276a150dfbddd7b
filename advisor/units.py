"""Sizes, durations and rates, as people write them and as each server's configuration does."""

import re
from fractions import Fraction
from typing import Final

from advisor.errors import UsageError

UNIT_BYTES: Final = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2}
"""Size units in which servers count, in bytes."""

UNIT_US: Final = {"us": 1, "ms": 1000, "s": 1_000_000}
"""Time units in which servers count, in microseconds."""

_NUMBER: Final = r"\s*(\d{1,40}(?:\.\d{1,20})?)\s*"
_SIZE_SUFFIXES: Final = {"": 1} | {suffix: 1024**power for power, suffix in enumerate("KMGTPE", 1)}
_DURATION_WORDS_US: Final = {
    ("us",): 1,
    ("ms",): 1000,
    ("", "s", "sec", "second", "seconds"): 10**6,
    ("m", "min", "minute", "minutes"): 60 * 10**6,
    ("h", "hour", "hours"): 3600 * 10**6,
    ("d", "day", "days"): 86_400 * 10**6,
}
_DURATION_US: Final = {
    word: unit_us for words, unit_us in _DURATION_WORDS_US.items() for word in words
}

Value = bool | int | float | str
"""A setting's value: a number counts in the server's own unit."""


def parse_size(text: str, *, needs_unit: bool = False) -> int:
    """Of "24GB", "512M", "1.5 GiB" or plain bytes -> bytes. Powers of 1024, as servers count.

    Raises UsageError; with `needs_unit` for a plain number, too.
    """
    found = re.fullmatch(rf"{_NUMBER}(?:([KMGTPE])(?:i?B)?|(B|bytes?)?)\s*", text, re.IGNORECASE)
    if not found:
        raise UsageError(f"{text!r} is not a size", "write it like 24GB, 512MB or 64kB")
    if needs_unit and not (found[2] or found[3]):
        raise UsageError(f"{text!r} has no unit", f"{found[1]}GB, {found[1]}MB or {found[1]}kB?")
    return int(Fraction(found[1]) * _SIZE_SUFFIXES[found[2].upper() if found[2] else ""])


def parse_duration_us(text: str, *, needs_unit: bool = False) -> int:
    """Of "300ms", "10min", "90 seconds", "1d" -> microseconds. A plain number is seconds.

    Raises UsageError; with `needs_unit` for a plain number, too.
    """
    found = re.fullmatch(rf"{_NUMBER}([a-z]*)\s*", text.lower())
    if not found or found[2] not in _DURATION_US:
        raise UsageError(f"{text!r} is not a duration", "write it like 300s, 10min or 1h")
    if needs_unit and not found[2]:
        raise UsageError(f"{text!r} has no unit", f"{found[1]}s, {found[1]}min or {found[1]}h?")
    return round(Fraction(found[1]) * _DURATION_US[found[2]])


def format_size(size_bytes: float) -> str:
    """Bytes for people: 3 significant digits, powers of 1024."""
    for suffix, unit_bytes in (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size_bytes >= unit_bytes:
            return f"{_three_digits(size_bytes / unit_bytes)} {suffix}"
    return f"{size_bytes:.0f} bytes"


def format_latency(latency_us: float) -> str:
    """Microseconds for people: "23.4 us", "1.06 ms", "2.1 s"."""
    for suffix, unit_us in (("s", 1e6), ("ms", 1e3)):
        if latency_us >= 0.9995 * unit_us:
            return f"{_three_digits(latency_us / unit_us)} {suffix}"
    return f"{_three_digits(latency_us)} us"


def format_span(seconds: float) -> str:
    """A time for people who need no more than its size: "9 days", "3 h", "12 min", "40 s"."""
    for suffix, unit_s in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {suffix}"
    return f"{seconds:.0f} s"


def format_count(count: float) -> str:
    """A count or a rate for people: 3 significant digits, from 1,000 on 4, with commas."""
    if count < 999.5:
        return _three_digits(count)
    return f"{float(f'{count:.4g}'):,.0f}"


def counted(count: float, noun: str) -> str:
    """A count of things: "1 client", "16 clients"."""
    return f"{format_count(count)} {noun}{'' if count == 1 else 's'}"


def _three_digits(value: float) -> str:
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_server_unit(text: str, unit: str) -> int:
    """A size or duration with its unit, in the server's unit: ("64MB", "8kB") -> 8192."""
    if unit in UNIT_BYTES:
        amount, unit_amount = parse_size(text), UNIT_BYTES[unit]
    elif unit in UNIT_US:
        amount, unit_amount = parse_duration_us(text), UNIT_US[unit]
    else:
        raise UsageError(f"{text!r} cannot be converted to {unit!r}")
    if amount % unit_amount:
        raise UsageError(f"{text!r} is not a whole number of {unit}")
    return amount // unit_amount


def format_named(name: str, value: Value) -> str:
    """A named figure for people; the ending of the name is its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if name.endswith("_us"):
        return format_latency(value)
    if name.endswith("_bytes_per_s"):
        return f"{format_size(value)}/s"
    if name.endswith("_bytes") or "_bytes_per_" in name:
        return format_size(value)
    if name.endswith(("_per_s", "_iops")):
        return f"{format_count(value)}/s"
    if name.endswith("_ms"):
        return format_latency(value * 1000)
    if name.endswith("_s"):
        return f"{format_count(value)} s"
    return format_count(value)
