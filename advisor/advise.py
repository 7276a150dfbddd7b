"""Strings the pure steps together: Measurement + request + knowledge -> Advice."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from advisor import __version__
from advisor.advice import Advice, LowerDurability, Recommendation, RoleCost
from advisor.analysis.description import describe_measured, notes_on
from advisor.analysis.fact_model import Facts
from advisor.analysis.facts import UNSAID_LOG, build_facts, facts_without_drive
from advisor.analysis.host_findings import evaluate
from advisor.analysis.observed_load import server_notes, with_observed_load
from advisor.analysis.verdict import Verdict, judge, require_durable
from advisor.capacity.drive import append_us, sync_us
from advisor.capacity.lower_durability import Choice, ExpectedRate, classes_below, lower_durability
from advisor.capacity.serial import SYNC_COUNTS, serial_capacity, within_limits
from advisor.durability import Durability
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.request import Request
from advisor.rules.catalogue import SettingGroup
from advisor.rules.engine import Result, recommend
from advisor.rules.knowledge import Knowledge
from advisor.rules.roles import RoleFacts
from advisor.server_state import EffectiveSetting
from advisor.vendors.registry import VENDORS, newer_than_known
from advisor.versions import format_version

if TYPE_CHECKING:
    from advisor.rules.clusters import Cluster


def advise(measurement: Measurement, request: Request, knowledge: Knowledge) -> Advice:
    """The advice for one measurement and one request, for the observed load where it names none.

    Raises NotTrustedError where the drive does not honour a flush and the request does not accept
    that, AdvisorError where the measurement lacks what every advice needs, GuardError where a rule
    crosses a red line.
    """
    request = with_observed_load(request, measurement)
    verdict = judge(measurement, knowledge.storage)
    host = evaluate(measurement, knowledge.host, request.vendor)
    require_durable(measurement, verdict, host, accepted=request.accept_not_durable)
    facts, data, result = decide(measurement, verdict, request, knowledge)
    chosen = _choice(result, request.durability, facts, request)
    honest = verdict.trust != "not-durable"  # else its speed is no argument for anything
    sync, append = sync_us(measurement), append_us(measurement)
    lower = {
        below: _relaxed(below, facts, data, request, knowledge)
        for below in (classes_below(request.durability) if honest else ())
    }
    advice = Advice(
        tool_version=__version__,
        engine=request.vendor,
        engine_version=request.version,
        version_source=request.version_source,
        role=request.role,
        durability=request.durability,
        role_costs=role_costs(
            request, facts, request.durability, result.recommendations, knowledge
        ),
        role_notes=knowledge.roles.notes(request.role) if knowledge.roles else (),
        measured=describe_measured(measurement),
        storage=verdict,
        host_findings=host,
        settings=result.recommendations,
        skipped=result.skipped,
        lower_durability=tuple(
            _told_for_role(offer, request, facts, chosen, lower[offer.durability], knowledge)
            for offer in lower_durability(
                chosen, lower.values(), sync, append, _expected_rate(request, knowledge)
            )
        )
        if honest
        else (),
        capacity=within_limits(
            serial_capacity(sync, request.syncs or SYNC_COUNTS, chosen.path, append_us=append),
            request.max_ops_per_s,
            0.0,
        )
        if honest
        else None,
        warnings=notes_for(measurement, facts, request),
    )
    return advice if knowledge.cluster is None else with_cluster(advice, knowledge.cluster)


def with_cluster(advice: Advice, cluster: "Cluster") -> Advice:
    """The same for a server that is a part of it."""
    from advisor.rules.clusters import advice_for_cluster  # most servers stand alone

    return advice_for_cluster(advice, cluster)


def notes_for(measurement: Measurement, facts: Facts, request: Request) -> tuple[str, ...]:
    """What the reader of any advice must know."""
    return (
        *server_notes(request, measurement),
        *notes_on(measurement),
        *_memory_notes(facts),
        *_version_notes(request),
        *_log_notes(facts, request),
    )


def role_costs(
    request: Request,
    facts: Facts,
    durability: Durability,
    advised: Iterable[Recommendation],
    knowledge: Knowledge,
) -> tuple[RoleCost, ...]:
    """What a crash costs such a server because of its role, with the settings advised, if they risk
    that much."""
    if knowledge.roles is None:
        return ()
    settings = {
        entry.setting: EffectiveSetting(entry.setting, entry.rendered)
        for entry in advised
        if entry.emitted
    }
    following = (
        VENDORS[request.vendor]
        .following(settings, request.version, log_bin=facts.log_bin is True, all_told=False)
        ._replace(logs_what_it_applies=facts.logs_what_it_applies, uses_gtid=facts.uses_gtid)
    )
    relaxed = [entry.setting for entry in advised if entry.durability != "durable"]
    told = RoleFacts.of(durability, following, relaxed)
    return knowledge.roles.costs(request.role, request.version, told, request.cluster)


def _told_for_role(
    offer: LowerDurability,
    request: Request,
    facts: Facts,
    chosen: Choice,
    relaxed: Choice,
    knowledge: Knowledge,
) -> LowerDurability:
    """The offer with what it costs a server in that role. A replica acknowledges nothing, so that
    nothing acknowledged is lost with it."""
    before, lower = (
        role_costs(request, facts, choice.durability, choice.settings, knowledge)
        for choice in (chosen, relaxed)
    )
    costs = tuple(cost for cost in lower if cost not in before)
    losses = () if request.role == "replica" else offer.losses
    return offer.model_copy(update={"losses": losses, "role_costs": costs})


def _expected_rate(request: Request, knowledge: Knowledge) -> ExpectedRate:
    if request.expected_commits_per_s:
        return ExpectedRate(request.expected_commits_per_s, is_assumed=False)
    assumed = knowledge.assumptions["expected_commits_per_s"].value
    return ExpectedRate(assumed, is_assumed=True)


class Decided(NamedTuple):
    """What the rules say of one measurement, and what they say it from."""

    facts: Facts
    data: Facts | None
    """Of the drive of the data files, where the log has another."""
    result: Result


def decide(
    measurement: Measurement, verdict: Verdict, request: Request, knowledge: Knowledge
) -> Decided:
    """The settings alone, for the load that the request names. Raises AdvisorError and GuardError
    as `advise` does."""
    facts = _facts(measurement, verdict, request, knowledge)
    data = _facts_of_data(measurement, verdict, request, knowledge)
    return Decided(facts, data, _recommend(facts, request, knowledge, data))


def advise_without_drive(request: Request, knowledge: Knowledge) -> Result:
    """What the rules say that need no drive; the others are among the skipped."""
    return _recommend(facts_without_drive(request, knowledge.assumptions), request, knowledge)


def only_groups(advice: Advice, groups: Collection[SettingGroup]) -> Advice:
    """The settings of some groups alone; what a commit waits for is said with those of commits."""
    kept = tuple(entry for entry in advice.settings if entry.group in groups)
    with_commits = "commit" in groups
    return advice.model_copy(
        update={
            "settings": kept,
            "capacity": advice.capacity if with_commits else None,
            "lower_durability": advice.lower_durability if with_commits else (),
        }
    )


def _facts_of_data(
    measurement: Measurement, verdict: Verdict, request: Request, knowledge: Knowledge
) -> Facts | None:
    """Of the drive of the data files, where the log has another; trusted no more than all."""
    if measurement.data_files is None:
        return None
    own = judge(measurement.data_files, knowledge.storage)
    own = own.model_copy(update={"trust": verdict.trust})
    return _facts(measurement.data_files, own, request, knowledge)


def _facts(
    measurement: Measurement, verdict: Verdict, request: Request, knowledge: Knowledge
) -> Facts:
    replay = knowledge.replay[request.vendor]
    return build_facts(measurement, verdict, request, knowledge.assumptions, replay)


def _recommend(
    facts: Facts, request: Request, knowledge: Knowledge, data: Facts | None = None
) -> Result:
    return recommend(knowledge.settings, request.vendor, request.version, facts, data)


def _relaxed(
    durability: Durability,
    facts: Facts,
    data: Facts | None,
    request: Request,
    knowledge: Knowledge,
) -> Choice:
    data = None if data is None else data._replace(durability=durability)
    result = _recommend(facts._replace(durability=durability), request, knowledge, data)
    return _choice(result, durability, facts, request)


def _choice(result: Result, durability: Durability, facts: Facts, request: Request) -> Choice:
    values = {entry.setting: entry.value for entry in result.recommendations}
    log_bin = facts.log_bin is True
    path = VENDORS[request.vendor].commit_path(values, log_bin=log_bin)
    return Choice(durability, result.recommendations, path)


def _memory_notes(facts: Facts) -> tuple[str, ...]:
    if isinstance(facts.memory_bytes, Unknown):
        return (
            "the host's memory is not known; --memory SIZE adds the settings that depend on it",
        )
    return ()


def _log_notes(facts: Facts, request: Request) -> tuple[str, ...]:
    """What to say of a replica whose binary log nobody spoke of, and its version has none."""
    if request.role != "replica" or facts.logs_what_it_applies != UNSAID_LOG:
        return ()
    title = VENDORS[request.vendor].title
    return (
        f"no binary log is counted, for {title} {format_version(request.version)} has none by"
        " default; a replica that may be promoted has one: --binary-log or --no-binary-log says it",
    )


def _version_notes(request: Request) -> tuple[str, ...]:
    """What to say of a version that is newer than what we know."""
    note = newer_than_known(request.vendor, request.version)
    return (note,) if note else ()
