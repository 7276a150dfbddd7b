"""Whether one figure stands for a soak's rate: how far the rate scatters, and slow phases."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from advisor.analysis.stalls import FEWEST, rhythm_s
from advisor.model import Model
from advisor.soak import Soak

WIDE: Final = 2.0
"""A ninetieth percentile of more than so many times the tenth is told."""
FEWEST_STRETCHES: Final = 10
LEAST_PACE_PER_S: Final = 10.0
"""Of slower ones a stretch has too few syncs for a rate of its own."""
LEAST_PHASE: Final = 2
"""Stretches; what is shorter is a stall."""


class RateSpread(Model):
    """The rate in stretches of a soak."""

    min_per_s: float
    p10_per_s: float
    p90_per_s: float
    max_per_s: float
    last_quarter_per_s: float


class SlowPhases(Model):
    """Slow phases at even distances, from begin to begin."""

    count: int
    every_s: float
    typical_s: float
    syncs_per_s: float


def rate_spread(soak: Soak, first: int) -> RateSpread | None:
    """Of the stretches from `first` on; None where it is not wide."""
    rates = _rates(soak, first)
    if len(rates) < FEWEST_STRETCHES:
        return None
    ordered = sorted(rates)
    p10, p90 = (ordered[math.ceil(len(rates) * part) - 1] for part in (0.1, 0.9))
    if p90 <= WIDE * p10:
        return None
    last = len(rates) - len(rates) // 4 + first
    return RateSpread(
        min_per_s=ordered[0],
        p10_per_s=p10,
        p90_per_s=p90,
        max_per_s=ordered[-1],
        last_quarter_per_s=_rate(soak, range(last, len(soak.stretches.syncs))),
    )


def slow_phases(soak: Soak, first: int, spread: RateSpread | None) -> SlowPhases | None:
    """Those of a rate that scatters widely; None where there are none, or they follow no rhythm."""
    if spread is None:
        return None
    limit_per_s = math.sqrt(spread.p10_per_s * spread.p90_per_s)
    slow = [at for at, rate in enumerate(_rates(soak, first), first) if rate < limit_per_s]
    phases: list[list[int]] = []
    for before, at in pairwise([-2, *slow]):
        if at == before + 1:
            phases[-1].append(at)
        else:
            phases.append([at])
    phases = [phase for phase in phases if len(phase) >= LEAST_PHASE]
    if len(phases) < FEWEST:
        return None
    elapsed_ns = soak.stretches.elapsed_ns
    distances_s = [
        sum(elapsed_ns[here[0] : following[0]]) / 1e9 for here, following in pairwise(phases)
    ]
    every_s = rhythm_s(distances_s)
    if every_s is None:
        return None
    return SlowPhases(
        count=len(phases),
        every_s=every_s,
        typical_s=median(sum(elapsed_ns[at] for at in phase) / 1e9 for phase in phases),
        syncs_per_s=_rate(soak, [at for phase in phases for at in phase]),
    )


def _rates(soak: Soak, first: int) -> Sequence[float]:
    """Of each stretch; none where they would be of too few syncs."""
    if soak.rate_per_s is not None and soak.rate_per_s < LEAST_PACE_PER_S:
        return ()
    stretches = soak.stretches
    pairs = zip(stretches.syncs[first:], stretches.elapsed_ns[first:], strict=True)
    return [syncs * 1e9 / elapsed_ns for syncs, elapsed_ns in pairs]


def _rate(soak: Soak, places: Sequence[int]) -> float:
    stretches = soak.stretches
    elapsed_ns = sum(stretches.elapsed_ns[at] for at in places)
    return sum(stretches.syncs[at] for at in places) * 1e9 / elapsed_ns
