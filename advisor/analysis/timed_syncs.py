"""The mean of what syncs took, and its confidence interval, from counts and sums. Pure.

A mean is that of all syncs between the first look and the last, so the sum of their time over their
number. Its confidence interval is that of a ratio, from the stretches between two looks, which take
the place of the batches that a measured series is cut into.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from advisor.measurement import Summary
from advisor.statistics import BATCHES_PER_ROUND, student_t


class TimedSyncs(NamedTuple):
    """Syncs, or requests, of one stretch between two looks, and what they took together."""

    requests: int
    us: float


def summary_of(
    parts: Sequence[TimedSyncs], scattered: Sequence[TimedSyncs] | None = None
) -> Summary | None:
    """None where there was no sync, or its time went back. `scattered`: the parts that the interval
    of the mean is of, where these leave out what scatters."""
    count, us = sum(part.requests for part in parts), math.fsum(part.us for part in parts)
    if count <= 0 or us <= 0 or any(part.requests < 0 or part.us < 0 for part in parts):
        return None
    mean_us = us / count
    return Summary.of_rate(count, 1e6 / mean_us, _ci95_percent(scattered or parts, mean_us))


def _ci95_percent(parts: Sequence[TimedSyncs], mean_us: float) -> float | None:
    """Half-width of the interval of a ratio of sums (Cochran, Sampling Techniques, 2.11), in
    percent of it. None below 10 stretches with a sync."""
    used = [part for part in parts if part.requests]
    if len(used) < BATCHES_PER_ROUND:
        return None
    size = math.fsum(part.requests for part in used) / len(used)
    residuals = math.fsum((part.us - mean_us * part.requests) ** 2 for part in used)
    error_us = math.sqrt(residuals / (len(used) - 1) / len(used)) / size
    return 100 * student_t(0.975, len(used) - 1) * error_us / mean_us
