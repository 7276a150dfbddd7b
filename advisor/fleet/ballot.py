"""Which hosts of a group have a vote on a setting: those that were measured best for it.

A quick measurement has neither page reads nor page writes. What is taken in their place is lower
by far, and among the least it would decide for all.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

from advisor.analysis.recovery import ReplayBasis
from advisor.fleet.host_advice import HostAdvice, Vote
from advisor.model import Unknown
from advisor.rules.catalogue import Setting
from advisor.rules.formulas import LogCapacity

BEST_FIRST: Final[tuple[ReplayBasis, ...]] = get_args(ReplayBasis)


class Room(NamedTuple):
    """The largest log, or file of it, that a host has room for, however fast its recovery is."""

    host: str
    size_bytes: int
    bound: str
    """What takes no more, like "10 % of the free space"."""


class Ballot(NamedTuple):
    """The votes on one setting."""

    votes: Mapping[str, Vote]
    """By host."""
    without: tuple[str, ...] = ()
    """Hosts that decide other settings, and have no vote on this one."""
    room: Room | None = None
    """The least of all without a vote; None where that limits nothing."""


def ballot(setting: Setting, deciding: Sequence[HostAdvice]) -> Ballot:
    """Who votes on a setting, of the hosts that decide."""
    advised = [host for host in deciding if setting.name in host.votes]
    best, rooms = advised, []
    if setting.in_a_group == "least" and advised:
        ranked = [(host, _rank(setting, host)) for host in advised]
        first = min(rank for _, rank in ranked)
        best = [host for host, rank in ranked if rank == first]
        others = (host for host, rank in ranked if rank > first)
        rooms = [room for host in others if (room := _room(setting, host))]
    votes = {host.host: host.votes[setting.name] for host in best}
    without = tuple(host.host for host in deciding if host.host not in votes)
    return Ballot(votes, without, min(rooms, key=lambda room: room.size_bytes, default=None))


def _rank(setting: Setting, host: HostAdvice) -> int:
    """How far what a host is advised is from what was measured for it; 0: it is that."""
    rule = setting.rule_of(host.votes[setting.name].advised.rule)
    if rule.any_value:
        return len(BEST_FIRST)
    basis = host.facts.replay_basis if host.facts else BEST_FIRST[0]
    if not isinstance(rule.formula, LogCapacity) or isinstance(basis, Unknown):
        return 0
    return BEST_FIRST.index(basis)


def _room(setting: Setting, host: HostAdvice) -> Room | None:
    formula = setting.rule_of(host.votes[setting.name].advised.rule).formula
    if not isinstance(formula, LogCapacity) or host.facts is None:
        return None
    bound, size_bytes = formula.room(host.facts)
    return Room(host.host, size_bytes, bound)
