"""What a histogram of latencies tells: bounds, and nothing between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.importers.reported import PERCENTILES
from advisor.statistics import MIN_COUNT_FOR_PERCENTILE


@dataclass(frozen=True, slots=True)
class LatencyBucket:
    """`count` latencies of at least `low_us` and at most `high_us`, which may be infinite."""

    low_us: float
    high_us: float
    count: float


def total_bounds(buckets: Sequence[LatencyBucket]) -> tuple[float, float]:
    """The least and the most that the sum of all latencies can be, in microseconds."""
    return (
        sum(bucket.low_us * bucket.count for bucket in buckets if bucket.count),
        sum(bucket.high_us * bucket.count for bucket in buckets if bucket.count),
    )


def percentile_bounds(buckets: Sequence[LatencyBucket]) -> dict[float, tuple[float, float]]:
    """For each percentile that the count supports, the bounds of the bucket that it lies in."""
    total = sum(bucket.count for bucket in buckets)
    found: dict[float, tuple[float, float]] = {}
    for percent in PERCENTILES:
        if total < MIN_COUNT_FOR_PERCENTILE[percent]:
            continue
        below = 0.0
        for bucket in buckets:
            below += bucket.count
            if bucket.count and below >= percent / 100 * total:
                found[percent] = (bucket.low_us, bucket.high_us)
                break
    return found
