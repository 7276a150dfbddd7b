"""The highest arrival rate at which 99 of 100 transactions stay within their target."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies, sync_wait_us

ArrivalModel = Callable[[CommitModel, SyncLatencies, Cpu, float], ModelResult]
"""Transactions that arrive at random at so many per second, each on a connection of its own."""

TRICKLE: Final = 1e-3
"""How busy one transaction alone is at the lowest rate tried: hardly anybody meets anybody."""

LOW_RATES: Final = 64
HIGH_RATES: Final = 32


@dataclass(frozen=True, slots=True)
class Sustainable:
    """A rate, and what the model says of it. Where even a trickle misses the target, rate 0."""

    arrivals_per_s: float
    result: ModelResult

    @property
    def meets_target(self) -> bool:
        return self.arrivals_per_s > 0


def alone_us(commit: CommitModel, drive: SyncLatencies, cpu: Cpu) -> float:
    """What one transaction takes when nobody else is there, in microseconds."""
    return sync_wait_us(commit, drive) + cpu.us_per_txn[0][1]


def most_per_s(commit: CommitModel, drive: SyncLatencies, cpu: Cpu) -> float:
    """A rate that cannot be passed: what the cores can do, and what files of their own allow."""
    by_cpu = cpu.cores * 1e6 / min(us for _, us in cpu.us_per_txn)
    if not commit.sequence.shares_syncs:
        return min(by_cpu, 1e6 / sync_wait_us(commit, drive))
    return by_cpu


def rate_grid(commit: CommitModel, drive: SyncLatencies, cpu: Cpu) -> tuple[float, ...]:
    """The rates that are tried, ascending: by ratio up to an eighth of the most, then even steps.

    So the answer is at most 2.8 % of the most too low where that is near, and found in 8 runs.
    """
    most = most_per_s(commit, drive, cpu)
    lowest, turn = TRICKLE * 1e6 / alone_us(commit, drive, cpu), most / 8
    growth = (turn / lowest) ** (1 / LOW_RATES)
    low = (lowest * growth**step for step in range(LOW_RATES))
    high = (turn + (most - turn) * step / HIGH_RATES for step in range(HIGH_RATES))
    return (*low, *high)


def sustainable(
    commit: CommitModel, drive: SyncLatencies, cpu: Cpu, p99_target_ms: float, model: ArrivalModel
) -> Sustainable:
    """The highest rate of the grid that keeps the target; p99 only grows with the rate."""
    rates = rate_grid(commit, drive, cpu)
    kept = model(commit, drive, cpu, rates[0])
    if kept.p99_ms > p99_target_ms:
        return Sustainable(0.0, kept)
    low, high = 0, len(rates)  # the highest that is known to keep it, the lowest known not to
    while high - low > 1:
        middle = (low + high) // 2
        result = model(commit, drive, cpu, rates[middle])
        if result.p99_ms > p99_target_ms:
            high = middle
        else:
            low, kept = middle, result
    return Sustainable(rates[low], kept)
