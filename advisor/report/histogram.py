"""Samples -> a histogram on a logarithmic axis."""

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Final

from advisor.measurement import Series
from advisor.report.results import Histogram, HistogramBucket

BUCKETS_PER_DECADE: Final = 20
"""Each is 12 % wider than the one before."""


def histogram(series: Series | None) -> Histogram | None:
    """The histogram of a series, warm-up left out; None where it has no samples."""
    rounds = series.rounds if series else ()
    ordered = sorted(
        max(1, latency_ns)
        for round_ in rounds
        for latency_ns in round_.latencies_ns[round_.warmup_count :]
    )
    if series is None or not ordered:
        return None
    first = math.floor(_position(ordered[0]))
    last = math.floor(_position(ordered[-1])) + 1
    edges_ns = [10 ** (step / BUCKETS_PER_DECADE) for step in range(first, last + 1)]
    below = [0, *(bisect_left(ordered, edge) for edge in edges_ns[1:-1]), len(ordered)]
    return Histogram(
        series=series.name,
        buckets=tuple(
            HistogramBucket(from_us=low / 1000, to_us=high / 1000, samples=after - before)
            for (low, high), (before, after) in zip(
                pairwise(edges_ns), pairwise(below), strict=True
            )
        ),
    )


def _position(latency_ns: int) -> float:
    return BUCKETS_PER_DECADE * math.log10(latency_ns)
