"""Latencies counted in buckets of equal width on a logarithmic axis: small, and easily merged.

Bucket k has the latencies from 2^(k/16) ns to less than 2^((k+1)/16) ns. What is read from it is
the geometric middle, at most 2.2 % (2^(1/32) - 1) from the latency itself.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from advisor.statistics import MIN_COUNT_FOR_PERCENTILE

BUCKETS_PER_OCTAVE: Final = 16
LAST_BUCKET: Final = 48 * BUCKETS_PER_OCTAVE - 1
"""78 hours; what takes longer is counted there, too."""

_EDGES_NS: Final = [2.0 ** (k / BUCKETS_PER_OCTAVE) for k in range(LAST_BUCKET + 2)]

BucketCounts = Mapping[int, int]
"""Bucket -> how many latencies are in it; no zeros."""


def count_latencies(latencies_ns: Sequence[int]) -> dict[int, int]:
    """How many latencies are in each bucket."""
    ordered = sorted(latencies_ns)
    counts: dict[int, int] = {}
    place = 0
    while place < len(ordered):
        bucket = min(LAST_BUCKET, max(0, bisect_right(_EDGES_NS, ordered[place]) - 1))
        is_last = bucket == LAST_BUCKET
        after = len(ordered) if is_last else bisect_left(ordered, _EDGES_NS[bucket + 1], place)
        counts[bucket] = after - place
        place = after
    return counts


def add_counts(parts: Iterable[BucketCounts]) -> dict[int, int]:
    """All of them together."""
    total: dict[int, int] = {}
    for part in parts:
        for bucket, count in part.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def middle_us(bucket: int) -> float:
    """What a latency in this bucket is taken for, in microseconds."""
    return float(2.0 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE)) / 1000


def percentile_us(counts: BucketCounts, percent: float) -> float | None:
    """The nearest-rank percentile, in microseconds; None where the count does not support it."""
    total = sum(counts.values())
    if total < MIN_COUNT_FOR_PERCENTILE[percent]:
        return None
    rank = math.ceil(total * round(percent * 10) / 1000)
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return middle_us(bucket)
    raise AssertionError("a rank is at most the total")


def write_counts(counts: BucketCounts) -> str:
    """Runs of neighbouring buckets, "FIRST:COUNT,COUNT;FIRST:COUNT"."""
    buckets = sorted(counts)
    parts = [f"{buckets[0]}:{counts[buckets[0]]}"]
    for before, bucket in pairwise(buckets):
        joint = "," if bucket == before + 1 else f";{bucket}:"
        parts.append(f"{joint}{counts[bucket]}")
    return "".join(parts)


def read_counts(text: str) -> dict[int, int]:
    """What `write_counts` wrote."""
    counts: dict[int, int] = {}
    for run in text.split(";"):
        first, _, figures = run.partition(":")
        for number, count in enumerate(map(int, figures.split(",")), int(first)):
            bucket = min(number, LAST_BUCKET)
            counts[bucket] = counts.get(bucket, 0) + count
    return counts
