"""Where the figures of an axis stand."""

from collections.abc import Iterable
from math import ceil, floor, log10
from typing import Final

from matplotlib.ticker import MaxNLocator

SEEN_BESIDE: Final = 50.0
"""A bar so many times shorter than the longest can no longer be read off."""


def wants_log(values: Iterable[float]) -> bool:
    """Whether values lie too far apart for an axis that starts at zero."""
    positive = [value for value in values if value > 0]
    return bool(positive) and max(positive) > SEEN_BESIDE * min(positive)


def linear_ticks(high: float, *, whole: bool = False) -> list[float]:
    """Round figures from zero to `high` or beyond it; `whole` for what is counted."""
    locator = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], min_n_ticks=2, integer=whole)
    return [float(tick) for tick in locator.tick_values(0, high) if tick >= 0]


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """1, 2 and 5 of every decade between two values; where these are too many, powers of ten."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [digit * 10.0**decade for decade in decades for digit in digits]
        within = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(within) <= most:
            return within
    return within[:: ceil(len(within) / most)]


def log_limits(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Limits that hold all values and a `margin` of their span, and span a decade at least."""
    logs = [log10(value) for value in values if value > 0] or [0.0]
    low, high = min(logs), max(logs)
    missing = max(0.0, 1 - (high - low)) / 2
    low, high = low - missing, high + missing
    beyond = (high - low) * margin
    return 10 ** (low - beyond), 10 ** (high + beyond)
