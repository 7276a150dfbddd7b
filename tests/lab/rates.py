"""What one run of a load gave: commits in each second, and what can be said of them."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from advisor.model import Model

LOWEST_S: Final = 5
"""A stall that people notice."""
STEADY: Final = 0.1
"""Halves that differ by less are called steady."""


class RunRates(Model):
    """Commits per second of the measured part of one run."""

    per_s: tuple[float, ...]
    """Second by second."""
    p99_ms: float | None = None
    """Of the commits' latency, where the load tells."""

    @property
    def mean(self) -> float:
        """Over all of it."""
        return fmean(self.per_s)

    @property
    def lowest(self) -> float:
        """The mean of the worst five seconds in a row."""
        width = min(LOWEST_S, len(self.per_s))
        return min(fmean(window) for window in _windows(self.per_s, width))

    @property
    def drift(self) -> float:
        """The second half against the first: 1 where it is steady."""
        middle = len(self.per_s) // 2
        first, second = self.per_s[:middle], self.per_s[middle:]
        return fmean(second) / fmean(first) if first and any(first) else 1.0

    @property
    def is_steady(self) -> bool:
        """Whether the halves agree."""
        return abs(self.drift - 1) < STEADY


def _windows(values: Sequence[float], width: int) -> list[Sequence[float]]:
    return [values[start : start + width] for start in range(len(values) - width + 1)]
