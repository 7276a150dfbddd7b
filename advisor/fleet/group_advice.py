"""The advice for each host of a group -> the advice for the group."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from advisor import __version__
from advisor.advice import Advice, Recommendation
from advisor.advise import role_costs, with_cluster
from advisor.analysis.description import Measured
from advisor.analysis.fact_model import Facts
from advisor.analysis.trust import ORDER, Evidence
from advisor.analysis.verdict import Verdict
from advisor.errors import GuardError
from advisor.fleet.ballot import ballot
from advisor.fleet.group_notes import class_notes, group_notes, shown_names, unlike_notes
from advisor.fleet.group_results import GroupAdvice, GroupSetting, GroupWithout, LeftOut
from advisor.fleet.host_advice import DRIVES, DrivesSync, HostAdvice
from advisor.fleet.inventory import HostGroup
from advisor.fleet.merge import GroupDecision, is_near, kept, merge
from advisor.fleet.outliers import Spread, spread_of
from advisor.model import Unknown
from advisor.request import Request
from advisor.rules import guards
from advisor.rules.catalogue import Setting
from advisor.rules.knowledge import Knowledge
from advisor.units import Value, counted, format_latency
from advisor.vendors.registry import newer_than_known

InForce = Mapping[str, Value]
"""Setting -> the value that an earlier run wrote."""
NOTHING_IN_FORCE: Final[InForce] = {}

GROUPS_FILE: Final = "the groups file"

NOT_OF_ONE: Final = Unknown(unknown="a group has many")


@dataclass(frozen=True, slots=True)
class GroupRequest:
    """What the group is advised for, by which rules, and what it has had until now."""

    group: HostGroup
    request: Request
    knowledge: Knowledge
    excluded: frozenset[str] = frozenset()
    """Hosts that somebody has named."""
    in_force: InForce = field(default_factory=dict)

    @property
    def settings(self) -> Sequence[Setting]:
        """All that its engine has."""
        return self.knowledge.settings


def advise_group(asked: GroupRequest, hosts: Sequence[HostAdvice]) -> GroupAdvice | GroupWithout:
    """The group's advice, from its hosts with a result, in the order of the inventory.

    Raises GuardError where what its hosts are advised does not go together.
    """
    name = asked.group.name
    with_result = {host.host for host in hosts}
    missing = tuple(host for host in asked.group.hosts if host not in with_result)
    left_out = _left_out(hosts, asked.excluded)
    deciding = [host for host in hosts if host.host not in left_out]
    told = tuple(LeftOut(host=host, why=why) for host, why in left_out.items())
    if not deciding:
        why = "no host has a result" if not hosts else "no host is fit to decide"
        return GroupWithout(name=name, why=why, left_out=told, without_result=missing)
    decisions = _decide(asked, deciding)
    unlike = tuple(unlike_notes(deciding))
    lines = tuple(each.advised for each in decisions if each.advised is not None)
    own = {host.host: own_settings(host, asked.settings) for host in hosts}
    advice = _told_for_role(
        asked,
        _fullest(deciding),
        _advice(
            asked.request,
            _verdict(deciding),
            lines,
            _what(
                f"what was measured on {counted(len(deciding), 'host')} of group {name}", deciding
            ),
            (*unlike, *group_notes(told, missing, decisions), *class_notes(deciding)),
        ),
    )
    return GroupAdvice(
        name=name,
        deciding=tuple(host.host for host in deciding),
        left_out=told,
        without_result=missing,
        unlike=unlike,
        settings=tuple(_told(decisions, advice, len(deciding))),
        own={
            host: {entry.setting: entry.rendered for entry in entries}
            for host, entries in own.items()
            if entries
        },
        advice=advice,
    )


def _told_for_role(asked: GroupRequest, facts: Facts, advice: Advice) -> Advice:
    """The advice with what a crash costs such servers because of their role, and with what their
    cluster needs. `facts`: of any host, for they all write a binary log, or none does."""
    request, roles = asked.request, asked.knowledge.roles
    costs = role_costs(request, facts, request.durability, advice.settings, asked.knowledge)
    advice = advice.model_copy(
        update={
            "role": request.role,
            "role_costs": costs,
            "role_notes": roles.notes(request.role) if roles else (),
        }
    )
    if asked.knowledge.cluster is None:
        return advice
    advice = with_cluster(advice, asked.knowledge.cluster)
    if advice.cluster is None or asked.group.cluster != request.cluster:
        return advice
    told = advice.cluster.model_copy(update={"known_by": GROUPS_FILE})
    return advice.model_copy(update={"cluster": told})


def _told(decisions: Sequence[GroupDecision], advice: Advice, hosts: int) -> Iterator[GroupSetting]:
    """How each setting came to its value: by the hosts, or by what their cluster needs."""
    cluster = advice.cluster
    needed = [each for each in advice.settings if cluster and each.rule.name == cluster.name]
    names = {entry.setting for entry in needed}
    yield from (each.told for each in decisions if each.told.setting not in names)
    for entry in needed:
        yield GroupSetting(
            setting=entry.setting,
            in_a_group="agreed",
            value=entry.value,
            rendered=entry.rendered,
            emitted=entry.emitted,
            hosts=hosts,
            how=f"the cluster ({entry.rule.name}) needs it",
        )


def own_settings(host: HostAdvice, settings: Sequence[Setting]) -> tuple[Recommendation, ...]:
    """What a host has for itself, whatever its drive is like; none where it was not advised."""
    return tuple(
        host.votes[setting.name].advised
        for setting in settings
        if setting.in_a_group == "host"
        and setting.name in host.votes
        and host.votes[setting.name].advised.emitted
    )


def host_advice(
    asked: GroupRequest, host: HostAdvice, in_force: InForce = NOTHING_IN_FORCE
) -> Advice | None:
    """What is the host's own, for a fragment beside the group's; None where nothing is."""
    named = {setting.name: setting for setting in asked.settings}
    lines = []
    for entry in own_settings(host, asked.settings):
        spec = named[entry.setting].spec_for(asked.request.vendor, asked.request.version)
        assert spec is not None
        old = in_force.get(entry.setting)
        if old is not None and is_near(old, entry.value, spec):
            shown = f"{spec.render(old)} is within 2/3 to 1.5 of the new {entry.rendered}"
            entry = kept(entry, spec, old, f"Kept: {shown}. ")
        lines.append(entry)
    if not lines:
        return None
    what = _what(f"the memory of {host.host}, of group {asked.group.name}", ())
    return _advice(asked.request, host.verdict, tuple(lines), what, ())


def _left_out(hosts: Sequence[HostAdvice], excluded: frozenset[str]) -> dict[str, str]:
    """Who does not decide, and why. Who is left out for another reason makes no outlier."""
    found = {
        host.host: "excluded by name" if host.host in excluded else host.why_not
        for host in hosts
        if host.host in excluded or host.why_not
    }
    peers: dict[DrivesSync, list[float]] = defaultdict(list)
    for host in hosts:
        if host.host not in found:
            for sync, mean_us in host.means_us.items():
                peers[sync].append(mean_us)
    spreads = {sync: spread_of(means_us) for sync, means_us in peers.items()}
    for host in hosts:
        if host.host not in found and (far := _far(host, spreads)):
            found[host.host] = far
    return {host.host: found[host.host] for host in hosts if host.host in found}


def _far(host: HostAdvice, spreads: Mapping[DrivesSync, Spread | None]) -> str:
    for sync, mean_us in host.means_us.items():
        spread = spreads[sync]
        if spread is not None and spread.is_outlier(mean_us):
            drive, times = DRIVES[sync[0]], mean_us / spread.median_us
            how = f"{times:.3g} x slower" if times > 1 else f"{1 / times:.3g} x faster"
            what = " ".join(filter(None, ("a sync", drive, "takes", format_latency(mean_us))))
            return (
                f"outlier: {what}, {how} than the group's median of"
                f" {format_latency(spread.median_us)}"
            )
    return ""


def _decide(asked: GroupRequest, deciding: Sequence[HostAdvice]) -> list[GroupDecision]:
    """All settings. What fits one host may not fit another's disk: then the least counts, and what
    is in force does not. Raises GuardError."""
    attempts = ((True, asked.in_force), (True, NOTHING_IN_FORCE), (False, NOTHING_IN_FORCE))
    for percentile, in_force in attempts:
        decisions = list(_merged(asked, deciding, in_force, percentile=percentile))
        try:
            _check(decisions, deciding, asked.request)
        except GuardError as error:
            refused = error
        else:
            return decisions
    raise refused


def _merged(
    asked: GroupRequest, deciding: Sequence[HostAdvice], in_force: InForce, *, percentile: bool
) -> Iterator[GroupDecision]:
    for setting in asked.settings:
        spec = setting.spec_for(asked.request.vendor, asked.request.version)
        cast = ballot(setting, deciding)
        if spec is not None and cast.votes:
            yield merge(
                setting,
                spec,
                cast,
                percentile=percentile,
                in_force=in_force.get(setting.name),
            )


def _check(
    decisions: Sequence[GroupDecision], deciding: Sequence[HostAdvice], request: Request
) -> None:
    """The red lines that a merge could cross. Raises GuardError."""
    lines = [each.advised for each in decisions if each.advised is not None]
    for entry in lines:
        if entry.value is not None:
            guards.check_risk_of(entry.setting, entry.value, request.durability)
    guards.check_together(lines, _fullest(deciding))


def _fullest(deciding: Sequence[HostAdvice]) -> Facts:
    """Of the host with the least free space, as far as that is known."""
    facts = [host.facts for host in deciding if host.facts is not None]
    return min(facts, key=_free_bytes)


def _free_bytes(facts: Facts) -> float:
    return math.inf if isinstance(facts.free_bytes, Unknown) else facts.free_bytes


def _verdict(deciding: Sequence[HostAdvice]) -> Verdict:
    """Of the most frequent class, with the least trust of all, and all evidence."""
    classes = Counter(host.verdict.storage_class for host in deciding)
    most = classes.most_common(1)[0][0]
    like = next(host.verdict for host in deciding if host.verdict.storage_class == most)
    first: dict[str, Evidence] = {}
    seen_on: dict[str, list[str]] = defaultdict(list)
    for host in deciding:
        for entry in host.verdict.evidence:
            first.setdefault(entry.check, entry)
            seen_on[entry.check].append(host.host)
    evidence = [
        entry.model_copy(update={"text": f"{entry.text} ({shown_names(seen_on[check], 3)})"})
        for check, entry in first.items()
    ]
    trust = max((host.verdict.trust for host in deciding), key=ORDER.index)
    return like.model_copy(update={"trust": trust, "evidence": tuple(evidence)})


def _what(source: str, deciding: Sequence[HostAdvice]) -> Measured:
    figures = {"decided by": shown_names([host.host for host in deciding])} if deciding else {}
    return Measured(
        source=source,
        taken_at=NOT_OF_ONE,
        directory=NOT_OF_ONE,
        filesystem=NOT_OF_ONE,
        devices=NOT_OF_ONE,
        label=None,
        plan=None,
        tool_version=__version__,
        figures=figures,
    )


def _advice(
    request: Request,
    verdict: Verdict,
    settings: tuple[Recommendation, ...],
    measured: Measured,
    notes: tuple[str, ...],
) -> Advice:
    newer = newer_than_known(request.vendor, request.version)
    return Advice(
        tool_version=__version__,
        engine=request.vendor,
        engine_version=request.version,
        version_source=request.version_source,
        durability=request.durability,
        measured=measured,
        storage=verdict,
        settings=settings,
        skipped=(),
        lower_durability=(),
        capacity=None,
        warnings=(newer, *notes) if newer else notes,
    )
