"""What the hosts of a group are advised -> one value for each setting, as its profile says."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from advisor.advice import Recommendation
from advisor.fleet.ballot import Ballot
from advisor.fleet.group_results import Dissent, GroupSetting
from advisor.fleet.host_advice import Vote
from advisor.rules.catalogue import Setting, Spec
from advisor.rules.formulas import LogCapacity, Share
from advisor.units import UNIT_BYTES, Value, counted

MANY_HOSTS: Final = 10
"""From here on a tenth of the hosts is one, and the percentile no longer the least."""
TENTH: Final = 0.1

FINEST: Final = 64
"""A percentile is rounded down by at most this part of it: to two digits, as one host's value is,
would be up to a tenth, three times what the percentile changes from run to run."""

KEPT_FROM: Final = 2 / 3
KEPT_TO: Final = 3 / 2
"""A value in force that is so many times the new one stays in force."""


class GroupDecision(NamedTuple):
    """One setting of a group: what is told of it, and its line, if it may have one."""

    told: GroupSetting
    advised: Recommendation | None
    """None where each host has its own."""


def merge(
    setting: Setting,
    spec: Spec,
    cast: Ballot,
    *,
    percentile: bool = True,
    in_force: Value | None = None,
) -> GroupDecision:
    """One setting, with at least one vote.

    Without `percentile` the least counts, however many hosts there are. `in_force`: the value that
    the group has, if any.
    """
    told, advised = _merged(setting, spec, cast, percentile=percentile)
    if cast.without:
        how = f"{told.how}; {counted(len(cast.without), 'host')} without a vote"
        told = told.model_copy(update={"how": how, "without_vote": cast.without})
    decision = GroupDecision(told, advised)
    return _kept(decision, spec, in_force) if setting.in_a_group == "least" else decision


def _merged(setting: Setting, spec: Spec, cast: Ballot, *, percentile: bool) -> GroupDecision:
    if setting.in_a_group == "host":
        return _own(setting, cast.votes)
    if setting.in_a_group == "agreed":
        return _agreed(setting, spec, cast.votes)
    return _least(setting, spec, cast, percentile=percentile)


def _own(setting: Setting, votes: Mapping[str, Vote]) -> GroupDecision:
    rendered = Counter(vote.advised.rendered for vote in votes.values())
    shown = ", ".join(f"{text} ({counted(n, 'host')})" for text, n in rendered.most_common())
    emitted = any(vote.advised.emitted for vote in votes.values())
    how = "each host has its own, from its memory"
    told = _told(setting, votes, None, shown, how, emitted)
    return GroupDecision(told, None)


def _agreed(setting: Setting, spec: Spec, votes: Mapping[str, Vote]) -> GroupDecision:
    hosts_of: dict[tuple[Value | None, str], list[str]] = {}
    for host, vote in votes.items():
        hosts_of.setdefault((vote.advised.value, vote.advised.rendered), []).append(host)
    if len(hosts_of) == 1:
        first = next(iter(votes.values()))
        all_ = "both" if len(votes) == 2 else f"all {len(votes)}"
        how = f"{all_} hosts agree" if len(votes) > 1 else f"as {first.host} is advised"
        advised = first.advised
        if len(votes) > 1:
            has_figures = setting.rule_of(advised.rule).shown_names
            told_at = f"; at {first.host}: " if has_figures else ". "
            reason = f"{how[:1].upper()}{how[1:]}{told_at}{advised.reason}"
            advised = advised.model_copy(update={"reason": reason})
        return GroupDecision(
            _told(setting, votes, advised.value, advised.rendered, how, advised.emitted), advised
        )
    most_first = sorted(hosts_of.items(), key=lambda pair: -len(pair[1]))
    dissent = tuple(
        Dissent(rendered=rendered, hosts=tuple(hosts)) for (_, rendered), hosts in most_first
    )
    how = f"the hosts do not agree, so the default stays: {shown_dissent(dissent)}"
    advised = _at_default(next(iter(votes.values())).advised, spec, how)
    told = _told(setting, votes, advised.value, advised.rendered, how)
    return GroupDecision(told.model_copy(update={"dissent": dissent}), advised)


def shown_dissent(dissent: Sequence[Dissent], most: int = 5) -> str:
    """Like "fdatasync (46 hosts), open_datasync (db-3, db-9)": the most by number alone."""
    majority, *others = dissent
    parts = [f"{majority.rendered} ({counted(len(majority.hosts), 'host')})"]
    for each in others:
        more = len(each.hosts) - most
        names = ", ".join(each.hosts[:most]) + (f" and {more} more" if more > 0 else "")
        parts.append(f"{each.rendered} ({names})")
    return ", ".join(parts)


def _at_default(like: Recommendation, spec: Spec, reason: str) -> Recommendation:
    return like.model_copy(
        update={
            "value": spec.default,
            "unrounded": None,
            "rendered": spec.shown_default,
            "reason": f"{reason[:1].upper()}{reason[1:]}.",
            "leave_default": True,
            "emitted": False,
        }
    )


def _least(setting: Setting, spec: Spec, cast: Ballot, *, percentile: bool) -> GroupDecision:
    """The least, or from MANY_HOSTS on the tenth percentile, in the words of the host below it; no
    more than hosts without a vote have room for."""
    votes = cast.votes
    ranked = sorted(
        ((number, host) for host, vote in votes.items() if (number := _number(vote)) is not None)
    )
    if not ranked:  # the server derives all of them
        vote = next(iter(votes.values()))
        how = "as the hosts are advised"
        return GroupDecision(
            _told(setting, votes, None, vote.advised.rendered, how, vote.advised.emitted),
            vote.advised,
        )
    shown = [votes[host].advised.rendered for _, host in (ranked[0], ranked[-1])]
    reach = shown[0] if shown[0] == shown[1] else f"{shown[0]} to {shown[1]}"
    if len(ranked) < MANY_HOSTS or not percentile:
        host = ranked[0][1]
        advised = votes[host].advised
        what = f"the least of {counted(len(ranked), 'host')}"
    else:
        position = TENTH * (len(ranked) - 1)
        below = int(position)
        (low, host), (high, _) = ranked[below], ranked[below + 1]
        wanted = low + (high - low) * (position - below)
        advised = _of_value(wanted, votes[host].advised, setting, spec)
        what = f"the tenth percentile of {len(ranked)} hosts"
    how = f"{what}, {reach}; at {host}" if len(ranked) > 1 else f"as {host} is advised"
    if len(ranked) > 1 and ranked[0][0] == ranked[-1][0]:
        all_ = "both" if len(ranked) == 2 else f"all {len(ranked)}"
        how = f"{all_} hosts alike, {reach}"
    most = None if cast.room is None else spec.in_server_unit(cast.room.size_bytes)
    is_limited = most is not None and isinstance(advised.value, int) and advised.value > most
    if cast.room is not None and most is not None and is_limited:
        advised = _with_value(most, advised, setting, spec)
        how += f"; {cast.room.host} has no room for more ({cast.room.bound})"
    if len(ranked) > 1 or is_limited:
        reason = f"{how[:1].upper()}{how[1:]}: {advised.reason}"
        advised = advised.model_copy(update={"reason": reason})
    return GroupDecision(
        _told(setting, votes, advised.value, advised.rendered, how, advised.emitted), advised
    )


def _number(vote: Vote) -> int | None:
    """What a host is advised, before it was rounded."""
    value, unrounded = vote.advised.value, vote.advised.unrounded
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if unrounded is None else unrounded


def _of_value(wanted: float, like: Recommendation, setting: Setting, spec: Spec) -> Recommendation:
    """What the host below is advised, with the percentile's value where the server takes it."""
    formula = None if like.leave_default else setting.rule_of(like.rule).formula
    multiple = 1
    if isinstance(formula, LogCapacity | Share):
        multiple = max(1, formula.multiple_of // UNIT_BYTES.get(spec.unit, 1))
    return _with_value(_rounded_down(int(wanted), multiple), like, setting, spec)


def _with_value(value: int, like: Recommendation, setting: Setting, spec: Spec) -> Recommendation:
    """The same with another value, where the server takes that."""
    if like.value == value or spec.problem_with(value):
        return like
    same_as_default = value == spec.default and not setting.defaults_differ(spec.vendor)
    return like.model_copy(
        update={
            "value": value,
            "unrounded": None,
            "rendered": spec.render(value),
            "leave_default": False,
            "emitted": setting.states_durability or not same_as_default,
        }
    )


def _rounded_down(value: int, multiple: int) -> int:
    """To a multiple, as coarse as FINEST allows."""
    step, factor = multiple, 2 if multiple > 1 else 10  # of a size, of a count
    while step * factor <= value / FINEST:
        step *= factor
    return value // step * step


def _kept(decision: GroupDecision, spec: Spec, in_force: Value | None) -> GroupDecision:
    """With the value in force, where that is near the new one."""
    told, advised = decision
    if advised is None or not advised.emitted or not is_near(in_force, advised.value, spec):
        return decision
    assert in_force is not None
    rendered = spec.render(in_force)
    reason = f"Kept: {rendered} is within 2/3 to 1.5 of the new {advised.rendered}. "
    return GroupDecision(
        told.model_copy(
            update={
                "value": in_force,
                "rendered": rendered,
                "kept_instead_of": advised.rendered,
            }
        ),
        kept(advised, spec, in_force, reason),
    )


def kept(advised: Recommendation, spec: Spec, in_force: Value, reason: str) -> Recommendation:
    """The recommendation with the value in force."""
    return advised.model_copy(
        update={
            "value": in_force,
            "rendered": spec.render(in_force),
            "reason": f"{reason}{advised.reason}",
        }
    )


def is_near(in_force: Value | None, new: Value | None, spec: Spec) -> bool:
    """Whether a value in force is another than the new one, and near enough to stay."""
    if isinstance(in_force, bool | str | None) or isinstance(new, bool | str | None):
        return False
    if in_force == new or new <= 0 or spec.problem_with(in_force):
        return False
    times = in_force / new
    return KEPT_FROM <= times <= KEPT_TO or math.isclose(times, KEPT_FROM)


def _told(
    setting: Setting,
    votes: Mapping[str, Vote],
    value: Value | None,
    rendered: str,
    how: str,
    emitted: bool = False,
) -> GroupSetting:
    return GroupSetting(
        setting=setting.name,
        in_a_group=setting.in_a_group,
        value=value,
        rendered=rendered,
        emitted=emitted,
        hosts=len(votes),
        how=how,
    )
