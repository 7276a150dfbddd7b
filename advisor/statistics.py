"""Latencies -> numbers: percentiles that the sample supports, and honest confidence intervals."""

import math
from array import array
from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean, stdev

from advisor.measurement import Round, Summary

MIN_COUNT_FOR_PERCENTILE = {50.0: 6, 90.0: 36, 99.0: 368, 99.9: 3688}
"""Smallest sample that bounds the percentile from both sides with 95 % confidence: the least n with
q^n <= 2.5 % (order statistics, no assumption about the distribution)."""

BATCHES_PER_ROUND = 10
"""Contiguous batches per round: long enough that autocorrelation ends inside a batch."""


def percentile(ordered: Sequence[int], percent: float) -> int | None:
    """The nearest-rank percentile of an ordered sample: a value that occurred, or None."""
    count = len(ordered)
    if count < MIN_COUNT_FOR_PERCENTILE[percent]:
        return None
    per_mille = round(percent * 10)  # whole, so that the rank is exact
    return ordered[math.ceil(count * per_mille / 1000) - 1]


@lru_cache(maxsize=256)
def student_t(quantile: float, degrees: int) -> float:
    """A quantile above 50 % of Student's t, exact for whole degrees of freedom."""
    low, high = 0.0, 1.0
    while _student_cdf(high, degrees) < quantile:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _student_cdf(middle, degrees) < quantile:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_cdf(t: float, degrees: int) -> float:
    """P(T <= t) for t >= 0 (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, math.sqrt(degrees))
    squared = math.cos(angle) ** 2
    odd = degrees % 2
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = term if degrees > 1 else 0.0
    for number in range(2 + odd, degrees - 1, 2):
        term *= squared * (number - 1) / number
        total += term
    inside = 2 / math.pi * (angle + total) if odd else total
    return (1 + inside) / 2


def ci95_percent(rounds: Sequence[Sequence[int]]) -> float | None:
    """Half-width of the mean's 95 % confidence interval in percent of the mean, by batch means.

    Each round is cut into contiguous batches of equal size, so that neighbouring samples, which
    resemble each other on every drive, count once and not many times. None below 10 batches.
    """
    means = []
    for latencies in rounds:
        size = max(1, len(latencies) // BATCHES_PER_ROUND)
        starts = range(0, len(latencies) - size + 1, size)
        means += [fmean(latencies[start : start + size]) for start in starts]
    if len(means) < BATCHES_PER_ROUND:
        return None
    half_width = student_t(0.975, len(means) - 1) * stdev(means) / math.sqrt(len(means))
    return 100 * half_width / fmean(means)


def summarise(rounds: Sequence[Round]) -> Summary:
    """The rounds of one series in numbers, warm-up left out. Latencies in, microseconds out."""
    kept = [round_.latencies_ns[round_.warmup_count :] for round_ in rounds]
    ordered = array("q", sorted(latency for latencies in kept for latency in latencies))
    if not ordered:
        raise ValueError("no samples after the warm-up")

    def in_us(percent: float) -> float | None:
        value = percentile(ordered, percent)
        return None if value is None else value / 1000

    return Summary(
        count=len(ordered),
        ops_per_s=len(ordered) * 1e9 / sum(round_.elapsed_ns for round_ in rounds),
        mean_us=fmean(ordered) / 1000,
        min_us=ordered[0] / 1000,
        p50_us=in_us(50.0),
        p90_us=in_us(90.0),
        p99_us=in_us(99.0),
        p999_us=in_us(99.9),
        max_us=ordered[-1] / 1000,
        ci95_percent=ci95_percent(kept),
    )
