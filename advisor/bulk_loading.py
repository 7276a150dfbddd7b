"""Strings the pure steps together: Measurement + request + knowledge -> BulkLoad."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from advisor import __version__
from advisor.advice import Recommendation
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
    OffFrom,
    SwitchStatement,
)
from advisor.conditions import all_hold, missing_facts
from advisor.durability import CLASSES, Durability, risks_more
from advisor.errors import GuardError
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.request import Request
from advisor.rules import guards
from advisor.rules.bulk_load import BulkLoadKnowledge, LoadSetting, LoadStatement
from advisor.rules.catalogue import Spec
from advisor.rules.knowledge import Knowledge
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting
from advisor.units import UNIT_BYTES, Value, to_server_unit
from advisor.vendors.registry import VENDORS

FileSettings = Mapping[str, EffectiveSetting]
"""What a server's configuration files set; what is missing has its default."""


AS_FOR_GOOD: Final = "{value} is advised for good, and suits a load, too."
IN_TIME: Final = (
    "{value} is advised for good: the recovery of a larger log would take longer than"
    " --recovery-time."
)
SURVIVES: Final = "What was committed survives."
SURVIVES_IN_PART: Final = "What was committed survives, less what the lines below say may be lost."


class _Off(NamedTuple):
    """A setting's value after the load."""

    value: Value | None
    source: OffFrom
    is_persisted: bool = False


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
    planner = _Planner(request, knowledge, facts, advised.recommendations, accepted, in_force)
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


class _Planner:
    """One load's settings under way."""

    def __init__(
        self,
        request: Request,
        knowledge: Knowledge,
        facts: Facts,
        advised: Sequence[Recommendation],
        accepted: Durability,
        in_force: FileSettings | None,
    ) -> None:
        self._request, self._knowledge, self._facts = request, knowledge, facts
        self._advised = {entry.setting: entry for entry in advised}
        self._accepted, self._in_force = accepted, in_force
        self.left_out: list[KeptSetting] = []

    def settings(self, wanted: Sequence[LoadSetting]) -> Iterator[LoadedSetting]:
        """Those that get another value. Raises GuardError for what must not be."""
        values: dict[str, Value] = {}
        for each in wanted:
            spec = each.spec_for(
                self._knowledge.settings, self._request.vendor, self._request.version
            )
            if spec is None:
                continue
            if kept := self._kept(each):
                self.left_out.append(kept)
                continue
            value, off = self._value(each, spec), self._off(each.name, spec)
            reason = each.reason
            if (in_time := self._in_recovery_time(each.name)) and _is_less(in_time, value):
                value, reason = in_time, IN_TIME
            is_larger = each.is_amount and _is_less(value, off.value)
            if is_larger and off.source == "advice":  # which the server need not have
                assert off.value is not None
                value, reason = off.value, AS_FOR_GOOD
            self._check(each, spec, value)
            values[each.name] = value
            if off.source == "configuration" and off.value is not None:
                if off.value == value:
                    continue
                if is_larger or _is_as_relaxed(each.name, off.value, value):
                    why = f"{spec.render(off.value)} is as good"
                    self.left_out.append(KeptSetting(setting=each.name, why=why))
                    continue
            yield self._loaded(each, spec, value, off, reason)
        guards.check_values(values)

    def _kept(self, each: LoadSetting) -> KeptSetting | None:
        """Why it is left out; None where it is not."""
        if risks_more(each.durability, self._accepted):
            needs = f"--durability {each.durability}"
            why = f"{needs} accepts that {each.cost}"
            return KeptSetting(setting=each.name, why=why, needs=needs)
        if missing := missing_facts(each.needed_facts, self._facts):
            why = "; ".join(f"{name} is unknown: {reason}" for name, reason in missing.items())
            needs = f"a measurement that tells {', '.join(missing)}"
            return KeptSetting(setting=each.name, why=why, needs=needs)
        if not all_hold(each.when, self._facts):
            return KeptSetting(setting=each.name, why=each.otherwise)
        return None

    def _in_recovery_time(self, name: str) -> Value | None:
        """The largest log of which the user says how long its recovery may take; None where nobody
        says it, or it is no log."""
        if self._request.recovery_time_s is None:
            return None
        if name not in VENDORS[self._request.vendor].log_size_settings:
            return None
        advised = self._advised.get(name)
        return None if advised is None else advised.value

    def _value(self, each: LoadSetting, spec: Spec) -> Value:
        if each.formula is not None:
            return spec.in_server_unit(each.formula.apply(self._facts).value)
        assert each.value is not None
        if isinstance(each.value, str) and spec.type in ("integer", "real"):
            return to_server_unit(each.value, spec.unit)
        return each.value

    def _check(self, each: LoadSetting, spec: Spec, value: Value) -> None:
        if problem := spec.problem_with(value):
            raise GuardError(f"{each.name} for a bulk load: {problem}")
        guards.check_risk_of(each.name, value, each.durability)

    def _off(self, name: str, spec: Spec) -> _Off:
        """What the setting has afterwards."""
        if self._in_force is not None:
            found = self._in_force.get(name)
            if found is None:
                return _Off(spec.default, "configuration")
            value = spec.value_of(found, self._request.version)
            if value is not None:
                return _Off(value, "configuration", found.origin == "persisted")
        elif advised := self._advised.get(name):
            return _Off(advised.value, "advice")
        return _Off(None, "other files")

    def _loaded(
        self, each: LoadSetting, spec: Spec, value: Value, off: _Off, reason: str
    ) -> LoadedSetting:
        rendered = spec.render(value)
        return LoadedSetting(
            setting=each.name,
            on=rendered,
            off=None if off.value is None else spec.render(off.value),
            off_from=off.source,
            on_value=value,
            off_value=off.value,
            unit=spec.unit,
            off_is_persisted=off.is_persisted,
            default=spec.shown_default,
            restart=spec.restart,
            durability=each.durability,
            reason=reason.format_map({"value": rendered}),
            cost=each.cost,
            sources=each.sources,
        )


def _is_as_relaxed(name: str, off: Value, on: Value) -> bool:
    """Whether the value that the server has makes a commit wait no more than that of the load."""
    return name in RISKS and not risks_more(RISKS[name].of(on), RISKS[name].of(off))


def _is_less(value: Value, other: Value | None) -> bool:
    """Whether both are numbers, and the first is the smaller."""
    numbers = [each for each in (value, other) if isinstance(each, int | float)]
    return len(numbers) == 2 and numbers[0] < numbers[1]
