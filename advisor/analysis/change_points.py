"""Where the level of a series changes, found in the midst of noise.

PELT, the Pruned Exact Linear Time method: R. Killick, P. Fearnhead and I. A. Eckley, "Optimal
Detection of Changepoints With a Linear Computational Cost", Journal of the American Statistical
Association 107 (2012), 1590-1598. The cost of a segment is the sum of its squared deviations from
its mean, in units of the noise. Three things make it hold for the rates of drives, whose noise has
outliers and depends on what went before:

- Values far from the median of their neighbourhood are pulled back to CLIP times the noise.
- The noise is that of means of 1, 2, 4 and 8 neighbours, whichever shows the most: where values
  resemble their neighbours, longer means vary more than independent values would let them.
- A change is told only where the level moves by LEAST_CHANGE and by LEAST_NOISES times the noise;
  and where a straight line explains the series as well as the steps do, it drifts, and has none.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean, median
from typing import Final, NamedTuple

SHORTEST: Final = 5
"""Values between two changes."""
CLIP: Final = 3.0
NEIGHBOURS: Final = 3
"""On each side, in whose median up to three outliers vanish."""
PENALTY: Final = 5.0
"""Of a change, times the logarithm of how many values there are. BIC has 2, for noise that is
normal and independent."""
LEAST_CHANGE: Final = math.log(1.1)
"""Of the logarithm of a rate: 10 %."""
LEAST_NOISES: Final = 2.0
LEAST_NOISE: Final = 0.005
"""Half a percent: less is not worth a change."""
MOST_VALUES: Final = 600
"""So many are looked at; more are put together first, and then looked at one by one near each
change."""
BATCHES: Final = (1, 2, 4, 8)
FEWEST_BATCHES: Final = 8
TO_DEVIATION: Final = 1.4826
"""From the median absolute deviation to the standard deviation, where noise is normal."""


class Changes(NamedTuple):
    """What was found in a series of logarithms."""

    at: tuple[int, ...]
    """The index of the first value of each new level, ascending."""
    drift: float | None
    """By how much the logarithm moves from the first value to the last along a straight line,
    where that explains the series best and is at least LEAST_CHANGE; then `at` is empty."""


def find_changes(logs: Sequence[float]) -> Changes:
    """The changes of level in `logs`, logarithms of rates that are equally far apart."""
    if len(logs) < 2 * SHORTEST:
        return Changes((), None)
    width = -(-len(logs) // MOST_VALUES)
    grouped = [fmean(logs[start : start + width]) for start in range(0, len(logs), width)]
    noise = noise_of(grouped)
    calm = clipped(grouped, noise)
    steps = pelt([value / noise for value in calm], _penalty(calm))
    if (drift := _drift(calm, steps, noise)) is not None:
        return Changes((), drift if abs(drift) >= LEAST_CHANGE else None)
    found = _worth_telling(calm, steps, max(LEAST_CHANGE, LEAST_NOISES * noise))
    return Changes(_refined(logs, [index * width for index in found], width), None)


def noise_of(values: Sequence[float]) -> float:
    """The standard deviation of the noise, whatever steps there are in the values."""
    found = [LEAST_NOISE]
    for size in BATCHES:
        means = [
            fmean(values[start : start + size]) for start in range(0, len(values) - size + 1, size)
        ]
        if len(means) >= FEWEST_BATCHES:
            moves = [abs(after - before) for before, after in pairwise(means)]
            found.append(TO_DEVIATION * median(moves) / math.sqrt(2) * math.sqrt(size))
    return max(found)


def clipped(values: Sequence[float], noise: float) -> list[float]:
    """The values with outliers pulled back towards the median of their neighbourhood."""
    calm = []
    for index, value in enumerate(values):
        middle = median(values[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1])
        calm.append(min(max(value, middle - CLIP * noise), middle + CLIP * noise))
    return calm


def pelt(values: Sequence[float], penalty: float) -> list[int]:
    """The segmentation with the least cost: the index of the first value of each but the first
    segment. `values` are in units of the noise."""
    sums = [0.0, *accumulate(values)]
    squares = [0.0, *accumulate(value * value for value in values)]

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    best = [-penalty] + [math.inf] * len(values)
    last = [0] * (len(values) + 1)
    candidates: list[int] = []
    for end in range(SHORTEST, len(values) + 1):
        candidates.append(end - SHORTEST)
        costs = [best[start] + cost(start, end) for start in candidates]
        least = min(costs)
        best[end] = least + penalty
        last[end] = candidates[costs.index(least)]
        candidates = [
            start for start, found in zip(candidates, costs, strict=True) if found <= best[end]
        ]
    changes: list[int] = []
    end = len(values)
    while last[end] > 0:
        end = last[end]
        changes.append(end)
    return changes[::-1]


def _penalty(values: Sequence[float]) -> float:
    return PENALTY * math.log(len(values))


def levels(values: Sequence[float], changes: Sequence[int]) -> list[float]:
    """The median of each segment."""
    edges = [0, *changes, len(values)]
    return [median(values[start:end]) for start, end in pairwise(edges)]


def _worth_telling(values: Sequence[float], changes: list[int], least_move: float) -> list[int]:
    """Without those that move the level by too little, the least first."""
    kept = list(changes)
    while kept:
        moves = [abs(after - before) for before, after in pairwise(levels(values, kept))]
        if min(moves) >= least_move:
            break
        del kept[moves.index(min(moves))]
    return kept


def _drift(values: Sequence[float], changes: Sequence[int], noise: float) -> float | None:
    """How far a straight line goes, where it explains the values better than steps do."""
    count = len(values)
    middle, mean = (count - 1) / 2, fmean(values)
    spread = sum((index - middle) ** 2 for index in range(count))
    slope = sum((index - middle) * (value - mean) for index, value in enumerate(values)) / spread
    line = sum((value - mean - slope * (index - middle)) ** 2 for index, value in enumerate(values))
    edges = [0, *changes, count]
    steps = sum(
        sum((value - fmean(values[start:end])) ** 2 for value in values[start:end])
        for start, end in pairwise(edges)
    )
    line_cost = line / noise**2 + _penalty(values)
    steps_cost = steps / noise**2 + len(changes) * _penalty(values)
    return slope * (count - 1) if line_cost < steps_cost else None


def _refined(logs: Sequence[float], changes: Sequence[int], width: int) -> tuple[int, ...]:
    """Each change where it splits the values around it best."""
    found: list[int] = []
    edges = [0, *changes, len(logs)]
    for before, change, after in zip(edges, edges[1:], edges[2:], strict=False):
        first = max(before + SHORTEST, change - 2 * width)
        last = min(after - SHORTEST, change + 2 * width)
        low, high = median(logs[before:change]), median(logs[change:after])
        span = range(max(before, first - SHORTEST), min(after, last + SHORTEST))

        def misfit(at: int, span: range = span, low: float = low, high: float = high) -> float:
            return sum(abs(logs[index] - (low if index < at else high)) for index in span)

        found.append(min(range(first, last + 1), key=misfit, default=change))
    return tuple(found)
