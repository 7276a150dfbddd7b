"""How long one sync takes, as a distribution to draw from."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import fsum
from random import Random

from advisor.measurement import Series, Summary

QUANTILES = 1_000
"""Latencies a distribution is kept as: enough for a p99.9, small enough to stay in a cache."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Equally likely latencies of one sync, ascending, in microseconds."""

    ordered_us: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.ordered_us or self.ordered_us[0] < 0:
            raise ValueError("a latency needs at least one value, and none below 0")

    @classmethod
    def constant(cls, latency_us: float) -> "Latency":
        """Always the same: what a bare mean allows."""
        return cls((latency_us,))

    @classmethod
    def of_series(cls, series: Series) -> "Latency":
        """What a series measured, its warm-up left out; from its summary where only that is known.

        At most QUANTILES values, each the mean of as many neighbours, so that the mean stays; a
        sample on the border of two counts for each with its part.
        """
        ordered = sorted(
            nanoseconds
            for round_ in series.rounds
            for nanoseconds in round_.latencies_ns[round_.warmup_count :]
        )
        if not any(ordered):  # a clock that stood still
            return cls.of_summary(series.summary)
        count = min(QUANTILES, len(ordered))
        sums = [0, *accumulate(ordered)]

        def sum_to(position: float) -> float:
            whole = int(position)
            part = position - whole
            return sums[whole] + (part * ordered[whole] if part else 0)

        edges = [sum_to(len(ordered) * index / count) for index in range(count + 1)]
        width = len(ordered) / count
        return cls(tuple((high - low) / width / 1000 for low, high in pairwise(edges)))

    @classmethod
    def of_summary(cls, summary: Summary) -> "Latency":
        """Straight lines between the percentiles that are known, then scaled to the known mean."""
        points = [
            (share, latency_us)
            for share, latency_us in (
                (0.0, summary.min_us),
                (0.5, summary.p50_us),
                (0.9, summary.p90_us),
                (0.99, summary.p99_us),
                (0.999, summary.p999_us),
                (1.0, summary.max_us),
            )
            if latency_us is not None
        ]
        if len(points) < 2 or summary.p50_us is None:  # of two ends alone nothing follows
            return cls.constant(summary.mean_us)
        shape = [_between(points, (index + 0.5) / QUANTILES) for index in range(QUANTILES)]
        if not any(shape):
            return cls.constant(summary.mean_us)
        scale = summary.mean_us * QUANTILES / fsum(shape)
        return cls(tuple(latency_us * scale for latency_us in shape))

    @property
    def mean_us(self) -> float:
        return fsum(self.ordered_us) / len(self.ordered_us)

    def draw(self, random: Random) -> float:
        """One latency, in microseconds."""
        return self.ordered_us[int(random.random() * len(self.ordered_us))]


def _between(points: list[tuple[float, float]], share: float) -> float:
    """The value at `share` on straight lines through `points`; flat before the first and after."""
    right = bisect_right(points, share, key=lambda point: point[0])
    if right == 0:
        return points[0][1]
    if right == len(points):
        return points[-1][1]
    (low, low_us), (high, high_us) = points[right - 1], points[right]
    return low_us + (high_us - low_us) * (share - low) / (high - low)
