"""Stalls that come back after the same time, as those of a drive's housekeeping do."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from advisor.analysis.change_points import TO_DEVIATION
from advisor.model import Model

LEAST_TIMES: Final = 3.0
"""How many times the longest latency of an ordinary stretch a stall lasts, at least."""
LEAST_DEVIATIONS: Final = 5.0
FEWEST: Final = 5
"""Stalls, before anything is said of how far apart they are."""
NEAR: Final = 0.2
"""By so much a distance may differ from the usual one."""
MOST_SHARE: Final = 0.7
"""So many of the distances must be near it. Of four distances between stalls that come by chance
(exponentially distributed), so many are in one case of a hundred."""


class Stalls(Model):
    """Stalls at even distances."""

    count: int
    every_s: float
    typical_us: float
    longest_us: float


def find_stalls(starts_s: Sequence[float], longest_us: Sequence[float]) -> Stalls | None:
    """Those of stretches that begin at `starts_s`, whose longest latencies are given; None where
    there are none, or they follow no rhythm."""
    logs = [math.log(max(us, 1e-3)) for us in longest_us]
    middle = median(logs)
    deviation = TO_DEVIATION * median([abs(value - middle) for value in logs])
    limit = middle + max(math.log(LEAST_TIMES), LEAST_DEVIATIONS * deviation)
    slow = [index for index, value in enumerate(logs) if value > limit]
    begun = [index for before, index in pairwise([-2, *slow]) if index > before + 1]
    if len(begun) < FEWEST:
        return None
    distances_s = [starts_s[after] - starts_s[before] for before, after in pairwise(begun)]
    every_s = rhythm_s(distances_s)
    if every_s is None:
        return None
    stalled_us = [longest_us[index] for index in slow]
    return Stalls(
        count=len(begun),
        every_s=every_s,
        typical_us=median(stalled_us),
        longest_us=max(stalled_us),
    )


def rhythm_s(distances_s: Sequence[float]) -> float | None:
    """The usual one of these distances; None where they are not even."""
    every_s = median(distances_s)
    near = [each for each in distances_s if abs(each - every_s) <= NEAR * every_s]
    if len(near) < MOST_SHARE * len(distances_s) or len(near) < FEWEST - 2:
        return None
    return every_s
