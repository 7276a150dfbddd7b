"""Strings the pure steps together: Measurement + request + knowledge -> BulkLoad."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from advisor import __version__
from advisor.advise import decide, notes_for
from advisor.analysis.description import describe_measured
from advisor.analysis.fact_model import Facts
from advisor.analysis.host_findings import evaluate
from advisor.analysis.observed_load import with_observed_load
from advisor.analysis.verdict import judge, require_durable
from advisor.bulk_load import (
    BulkLoad,
    KeptSetting,
    LoadedSetting,
    LoadingSession,
    SwitchStatement,
)
from advisor.durability import CLASSES, Durability
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.request import Request
from advisor.rules.bulk_load import BulkLoadKnowledge, LoadStatement
from advisor.rules.bulk_load_planner import BulkLoadPlanner, FileSettings
from advisor.rules.knowledge import Knowledge
from advisor.rules.risks import RISKS
from advisor.units import UNIT_BYTES
from advisor.vendors.registry import VENDORS

SURVIVES: Final = "What was committed survives."
SURVIVES_IN_PART: Final = "What was committed survives, less what the lines below say may be lost."


def advise_bulk_load(
    measurement: Measurement,
    request: Request,
    knowledge: Knowledge,
    load: BulkLoadKnowledge,
    *,
    new_instance: bool,
    in_force: FileSettings | None,
) -> BulkLoad:
    """What to relax for a load on one drive and server, and what to have afterwards.

    `request.durability`: what may be lost while the load lasts; afterwards the advice is durable.
    `in_force`: what the server's files set, to go back to; None: they are not known. Raises as
    `advise` does, AdvisorError where nothing would be changed.
    """
    request = with_observed_load(request, measurement)
    verdict = judge(measurement, knowledge.storage)
    host = evaluate(measurement, knowledge.host, request.vendor)
    require_durable(measurement, verdict, host, accepted=request.accept_not_durable)
    durable = replace(request, durability="durable")
    facts, _, advised = decide(measurement, verdict, durable, knowledge)
    accepted: Durability = "loses-recent-on-crash" if new_instance else request.durability
    planner = BulkLoadPlanner(
        request, knowledge, facts, advised.recommendations, accepted, in_force
    )
    wanted = [
        each for each in load.setting if each.covers(request.version, new_instance=new_instance)
    ]
    settings = tuple(planner.settings(wanted))
    statements = [
        each for each in load.statement if each.covers(request.version, new_instance=new_instance)
    ]
    already = dict(_at_risk_already(in_force or {}, settings, request, facts, knowledge))
    risks: list[Durability] = [each.durability for each in settings]
    risks += ["can-corrupt" for _ in statements]
    risks += already.values()
    worst: Durability = max(risks, key=CLASSES.index, default="durable")
    return BulkLoad(
        tool_version=__version__,
        engine=request.vendor,
        engine_version=request.version,
        version_source=request.version_source,
        new_instance=new_instance,
        durability=worst,
        measured=describe_measured(measurement),
        storage=verdict,
        crash=_crash(load, statements, worst, already, new_instance=new_instance),
        recovery_s=None if statements else _recovery_s(settings, facts),
        settings=settings,
        statements=tuple(
            SwitchStatement(
                **each.model_dump(
                    include={"on", "off", "check", "privilege", "reason", "cost", "sources"}
                )
            )
            for each in statements
        ),
        sessions=tuple(
            LoadingSession(**each.model_dump(include={"statement", "reason", "cost", "sources"}))
            for each in load.session
            if each.covers(request.version, new_instance=new_instance)
        ),
        after=(*load.after, *(load.after_new_instance if new_instance else ())),
        left_out=(
            *planner.left_out,
            *_for_new_instance(load, request, knowledge, new_instance=new_instance),
        ),
        never=tuple(KeptSetting(setting=each.setting, why=each.why) for each in load.never),
        at_risk_already=tuple(already),
        warnings=notes_for(measurement, facts, request),
    )


def _recovery_s(settings: Sequence[LoadedSetting], facts: Facts) -> float | None:
    speed = facts.replay_bytes_per_s
    names = VENDORS[facts.vendor].log_size_settings
    for each in settings:
        if each.setting in names and not isinstance(speed, Unknown):
            return float(each.on_value) * UNIT_BYTES[each.unit] / speed
    return None


def _crash(
    load: BulkLoadKnowledge,
    statements: Sequence[LoadStatement],
    worst: Durability,
    already: Mapping[KeptSetting, Durability],
    *,
    new_instance: bool,
) -> str:
    """What a crash means while it is on."""
    if statements:
        return " ".join(each.crash for each in statements)
    named = ", ".join(each.setting for each in already)
    if "can-corrupt" in already.values():
        return (
            f"The server may be damaged beyond repair: its own files have {named}, which this"
            " does not change."
        )
    if new_instance:
        return load.crash_of_new_instance
    if already:
        return f"The latest commits may be lost: the server's own files have {named}. {load.crash}"
    return f"{SURVIVES if worst == 'durable' else SURVIVES_IN_PART} {load.crash}"


def _at_risk_already(
    in_force: FileSettings,
    settings: Sequence[LoadedSetting],
    request: Request,
    facts: Facts,
    knowledge: Knowledge,
) -> Iterator[tuple[KeptSetting, Durability]]:
    """What the server's own files risk, and stays as it is; and how much that is."""
    loaded = {each.setting for each in settings}
    for known in knowledge.settings:
        name, spec = known.name, known.spec_for(request.vendor, request.version)
        found = in_force.get(name)
        if name not in RISKS or name in loaded or found is None or spec is None:
            continue
        value = spec.value_of(found, request.version)
        if value is None or (name == "sync_binlog" and facts.log_bin is False):
            continue
        if (risk := RISKS[name].of(value)) != "durable":
            yield KeptSetting(setting=f"{name} = {spec.render(value)}", why=RISKS[name].why), risk


def _for_new_instance(
    load: BulkLoadKnowledge, request: Request, knowledge: Knowledge, *, new_instance: bool
) -> Iterator[KeptSetting]:
    """What would be relaxed, too, if nothing on the server were worth keeping."""
    if new_instance:
        return
    known = [
        each
        for each in load.setting
        if each.spec_for(knowledge.settings, request.vendor, request.version)
    ]
    names = [
        name
        for name, each in (
            *((each.on.rstrip(";"), each) for each in load.statement),
            *((each.name, each) for each in known),
        )
        if each.instance == "new" and each.covers(request.version, new_instance=True)
    ]
    if names:
        yield KeptSetting(
            setting=", ".join(names),
            why="--new-instance adds that, for a server that holds nothing worth keeping",
            needs="--new-instance",
        )
