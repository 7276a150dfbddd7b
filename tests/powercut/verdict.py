"""What a cut has cost: what was acknowledged against what was found. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tests.powercut.commits import Row


@dataclass(frozen=True)
class Loss:
    """Acknowledged commits that are not where they should be."""

    commits: int
    oldest_ms: float
    """From the oldest one's acknowledgement to the end of the cut; 0 where nothing is lost."""


@dataclass(frozen=True)
class Verdict:
    """One accident, judged."""

    acknowledged: int
    lost: Loss
    """Of the tables."""
    never_acknowledged: int
    """There, though nobody had been told; allowed."""
    faults: tuple[str, ...]
    """What no accident may do, whatever the settings."""


def loss(acknowledged_s: Mapping[Row, float], found: AbstractSet[Row], ended_s: float) -> Loss:
    """The acknowledged commits that were not found. `ended_s`: the latest the cut can have been."""
    missing_s = [at_s for row, at_s in acknowledged_s.items() if row not in found]
    oldest_ms = (ended_s - min(missing_s)) * 1e3 if missing_s else 0.0
    return Loss(len(missing_s), oldest_ms)


def judge(
    *,
    acknowledged_s: Mapping[Row, float],
    sent: AbstractSet[Row],
    found: AbstractSet[Row],
    counters: Mapping[int, int],
    ended_s: float,
) -> Verdict:
    """The tables after an accident.

    `acknowledged_s`: when each commit was acknowledged, of those before the accident began. `sent`:
    everything ever asked for. `counters`: by client, what the same transactions counted.
    """
    return Verdict(
        acknowledged=len(acknowledged_s),
        lost=loss(acknowledged_s, found, ended_s),
        never_acknowledged=len(found - acknowledged_s.keys()),
        faults=(*_strangers(found, sent), *_inconsistencies(found, counters)),
    )


def _strangers(found: AbstractSet[Row], sent: AbstractSet[Row]) -> list[str]:
    return [f"{row} was never sent" for row in sorted(found - sent)]


def _inconsistencies(found: AbstractSet[Row], counters: Mapping[int, int]) -> list[str]:
    """A client's commits come one after another: what is left is the first so many of them."""
    numbers: dict[int, list[int]] = {client: [] for client in counters}
    for client, number in found:
        numbers.setdefault(client, []).append(number)
    faults = []
    for client, some in sorted(numbers.items()):
        if some and max(some) + 1 != len(some):
            faults.append(f"client {client} has a gap: {len(some)} rows up to {max(some)}")
        if counters.get(client) != len(some):
            told = counters.get(client)
            faults.append(f"client {client} has {len(some)} rows, and its counter says {told}")
    return faults
