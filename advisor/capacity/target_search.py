"""The inverse: what sustains a target rate, with how few clients, and what would change a no."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies
from advisor.capacity.sustainable import alone_us, most_per_s

ClientModel = Callable[[CommitModel, SyncLatencies, Cpu, int], ModelResult]
"""So many clients, each sending its next transaction as soon as the last is acknowledged."""

CLIENT_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BoundedResult = Callable[[ModelResult], ModelResult]
"""A result within what limits the rate beside flush and cores."""

MORE_CLIENTS: Final = (2, 4)
"""How many times the most clients tried is still a remedy."""

MISSED_BY_FAR: Final = 1.5
"""A p99 so many times its limit is no noise: that of a heavy tail came out within 1.2 of others."""

CORE_HEADROOM: Final = (1.2, 1.6, 2.5)
"""Cores over what the CPU time alone needs that are tried as a remedy: a queue wants room."""


def unbounded(result: ModelResult) -> ModelResult:
    """Where nothing is known that limits the rate further."""
    return result


@dataclass(frozen=True, slots=True)
class Scenario:
    """A server on a drive, and the clients it may have."""

    commit: CommitModel
    drive: SyncLatencies
    cpu: Cpu
    client_counts: tuple[int, ...] = CLIENT_COUNTS
    bounded: BoundedResult = unbounded
    elsewhere: BoundedResult = unbounded
    """On another drive, of which no more than the syncs is known."""

    def on(self, drive: SyncLatencies) -> "Scenario":
        """The same on another drive."""
        return replace(self, drive=drive, bounded=self.elsewhere)


@dataclass(frozen=True, slots=True)
class TargetRate:
    """A rate in transactions per second, and what 99 of 100 may take."""

    tps: float
    p99_limit_ms: float | None = None


ApplyModification = Callable[[Scenario], Scenario]


@dataclass(frozen=True, slots=True)
class Modification:
    """One thing that could be different, in words and applied; in sizes, the smallest first."""

    sizes: tuple[tuple[str, ApplyModification], ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """Changes that together sustain the target rate."""

    changes: tuple[str, ...]
    result: ModelResult


def fewest_clients(
    scenario: Scenario, target: TargetRate, model: ClientModel
) -> ModelResult | None:
    """The result with the fewest clients that sustain it; None where no number of them does.

    A rate past what the cores or the files can do, and too few clients for it even if they never
    waited for each other, need no run of the model. p99 grows with the clients, but for the noise
    of a tail: the first that misses the limit by far ends the search.
    """
    if target.tps > most_per_s(scenario.commit, scenario.drive, scenario.cpu):
        return None
    each_us = alone_us(scenario.commit, scenario.drive, scenario.cpu)
    for clients in scenario.client_counts:
        if clients * 1e6 / each_us < target.tps:
            continue
        free = model(scenario.commit, scenario.drive, scenario.cpu, clients)
        result = scenario.bounded(free)
        limit_ms = math.inf if target.p99_limit_ms is None else target.p99_limit_ms
        if free.p99_ms > limit_ms * MISSED_BY_FAR:
            return None
        if result.tps >= target.tps and result.p99_ms <= limit_ms:
            return result
    return None


def remedies(
    scenario: Scenario, target: TargetRate, changes: Sequence[Modification], model: ClientModel
) -> Iterator[Solution]:
    """Each change that is enough alone; where none is, the pairs that are."""
    alone = [found for change in changes if (found := _try(scenario, target, (change,), model))]
    yield from alone
    if not alone:
        for pair in combinations(changes, 2):
            if found := _try(scenario, target, pair, model):
                yield found


def more_cores(cpu: Cpu, target: TargetRate) -> tuple[Modification, ...]:
    """A host with more cores, in a few sizes; none where those it has are plenty."""
    needed = target.tps * min(us for _, us in cpu.us_per_txn) / 1e6
    counts = sorted({math.ceil(needed * headroom) for headroom in CORE_HEADROOM})
    sizes = tuple((f"{count} cores", _with_cores(count)) for count in counts if count > cpu.cores)
    return (Modification(sizes),) if sizes else ()


def more_clients(client_counts: tuple[int, ...]) -> Modification:
    """More connections than were tried."""
    most = max(client_counts)
    counts = tuple(most * times for times in MORE_CLIENTS)
    name = f"up to {counts[-1]:,} clients"
    return Modification(((name, lambda scenario: replace(scenario, client_counts=counts)),))


def another_drive(name: str, drive: SyncLatencies) -> Modification:
    """The log on another drive."""
    return Modification(((name, lambda scenario: scenario.on(drive)),))


def other_commits(name: str, commit: CommitModel) -> Modification:
    """Commits that go another way."""
    return Modification(((name, lambda scenario: replace(scenario, commit=commit)),))


def _with_cores(count: int) -> ApplyModification:
    return lambda scenario: replace(scenario, cpu=replace(scenario.cpu, cores=count))


def _try(
    scenario: Scenario, target: TargetRate, changes: tuple[Modification, ...], model: ClientModel
) -> Solution | None:
    """The changes together, in the smallest sizes that sustain it; None where none do."""
    if not changes:
        result = fewest_clients(scenario, target, model)
        return Solution((), result) if result else None
    first, *others = changes
    for name, apply in first.sizes:
        if found := _try(apply(scenario), target, tuple(others), model):
            return Solution((name, *found.changes), found.result)
    return None
