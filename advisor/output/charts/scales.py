"""Linear and logarithmic scales: from a value to its place on an axis, and where ticks stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from typing import Final

MOST_INTERVALS: Final = 4
"""Between the ticks of a linear axis."""

MOST_LOG_TICKS: Final = 5

LARGEST_LINEAR_RATIO: Final = 50.0
"""A bar so many times shorter than the longest can no longer be read off."""


SMALLEST_DECADE: Final = -300.0
"""Below, a power of ten is no longer told from 0."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high`, laid out from `start` to `end` in units of the drawing."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False
    start: float = 0.0
    end: float = 1.0

    def between(self, start: float, end: float) -> "Scale":
        """The same values laid out between other edges; upside down where `start` > `end`."""
        return replace(self, start=start, end=end)

    def position(self, value: float) -> float:
        """Where a value stands; one beyond an edge, such as 0 on a log axis, stands on the edge."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, value = log10(low), log10(high), log10(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def linear_scale(values: Iterable[float], *, whole: bool = False) -> Scale:
    """From zero to the first tick that no value exceeds; `whole` for what is counted."""
    ticks = linear_ticks(max(values, default=0), whole=whole)
    return Scale(0.0, ticks[-1], tuple(ticks))


def log_scale(values: Iterable[float]) -> Scale:
    """Over all positive values, with a margin on both sides."""
    low, high = log_limits(values)
    return Scale(low, high, tuple(log_ticks(low, high)), is_log=True)


def scale_for(values: Sequence[float]) -> Scale:
    """Linear, or logarithmic where the smallest value could not be read off otherwise."""
    return log_scale(values) if wants_log(values) else linear_scale(values)


def wants_log(values: Iterable[float]) -> bool:
    """Whether values lie too far apart for an axis that starts at zero."""
    positive = [value for value in values if value > 0]
    return bool(positive) and max(positive) > LARGEST_LINEAR_RATIO * min(positive)


def linear_ticks(high: float, *, whole: bool = False) -> list[float]:
    """From zero to `high` or just beyond, 1, 2, 2.5 or 5 times a power of ten apart.

    The smallest such step that makes at most MOST_INTERVALS of them. Without a positive `high`:
    0 and 1.
    """
    if high <= 0:
        return [0.0, 1.0]
    exponent = floor(log10(high / MOST_INTERVALS))
    for digits in (1, 2, 2.5, 5, 10):
        step = digits * 10.0**exponent
        intervals = ceil(high / step - 1e-9)  # 3.0000000000000004 intervals are 3
        if intervals <= MOST_INTERVALS and (not whole or step == round(step) > 0):
            return [float(f"{index * step:.12g}") for index in range(intervals + 1)]
    return [0.0, 1.0]  # counts below one


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade from `low` to `high`; where these are too many, 1 and 3 or 1."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        within = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(within) <= MOST_LOG_TICKS:
            return within
    return within[:: ceil(len(within) / MOST_LOG_TICKS)]


def log_limits(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Limits that hold all positive values and a `margin` of their span, a decade at least."""
    logs = [log10(value) for value in values if value > 0] or [0.0]
    low, high = min(logs), max(logs)
    missing = max(0.0, 1 - (high - low)) / 2
    low, high = low - missing, high + missing
    beyond = (high - low) * margin
    return 10 ** max(low - beyond, SMALLEST_DECADE), 10 ** (high + beyond)
