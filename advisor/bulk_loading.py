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
from advisor.rules.bulk_load import BulkLoadKnowledge, LoadSetting
from advisor.rules.catalogue import Spec
from advisor.rules.knowledge import Knowledge
from advisor.server_state import EffectiveSetting
from advisor.units import UNIT_BYTES, Value, to_server_unit
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Parsed

FileSettings = Mapping[str, EffectiveSetting]
"""What a server's configuration files set; what is missing has its default."""


AS_FOR_GOOD: Final = "{value} is advised for good, and suits a load, too."


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
    risks: list[Durability] = [each.durability for each in settings]
    risks += ["can-corrupt" for _ in statements]
    worst = max(risks, key=CLASSES.index, default="durable")
    crash = load.crash_of_new_instance if new_instance else load.crash
    return BulkLoad(
        tool_version=__version__,
        engine=request.vendor,
        engine_version=request.version,
        version_source=request.version_source,
        new_instance=new_instance,
        durability=worst,
        measured=describe_measured(measurement),
        storage=verdict,
        crash=" ".join(each.crash for each in statements) or crash,
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
        left_out=(*planner.left_out, *_for_new_instance(load, request, new_instance=new_instance)),
        never=tuple(KeptSetting(setting=each.setting, why=each.why) for each in load.never),
        warnings=notes_for(measurement, facts, request),
    )


def _recovery_s(settings: Sequence[LoadedSetting], facts: Facts) -> float | None:
    speed = facts.replay_bytes_per_s
    names = VENDORS[facts.vendor].log_size_settings
    for each in settings:
        if each.setting in names and not isinstance(speed, Unknown):
            return float(each.on_value) * UNIT_BYTES[each.unit] / speed
    return None


def _for_new_instance(
    load: BulkLoadKnowledge, request: Request, *, new_instance: bool
) -> Iterator[KeptSetting]:
    """What would be relaxed, too, if nothing on the server were worth keeping."""
    if new_instance:
        return
    names = [
        name
        for name, each in (
            *((each.on.rstrip(";"), each) for each in load.statement),
            *((each.name, each) for each in load.setting),
        )
        if each.instance == "new" and each.covers(request.version, new_instance=True)
    ]
    if names:
        yield KeptSetting(
            setting=", ".join(names),
            why="--new-instance adds that, for a server that holds nothing worth keeping",
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
            if why := self._why_not(each):
                self._leave(each.name, why)
                continue
            if not all_hold(each.when, self._facts):
                continue
            value, off = self._value(each, spec), self._off(each.name, spec)
            larger = off.value if each.is_amount and _is_less(value, off.value) else None
            if larger is not None and off.source == "advice":  # which the server need not have
                value = larger
            self._check(each, spec, value)
            values[each.name] = value
            if off.value == value and off.source == "configuration":
                continue
            if larger is not None and off.source == "configuration":
                self._leave(each.name, f"{spec.render(larger)} is as good")
                continue
            yield self._loaded(each, spec, value, off, as_for_good=value == larger)
        guards.check_values(values)

    def _why_not(self, each: LoadSetting) -> str:
        if risks_more(each.durability, self._accepted):
            return f"--durability {each.durability} accepts that {each.cost}"
        missing = missing_facts(each.needed_facts, self._facts)
        return "; ".join(f"{name} is unknown: {why}" for name, why in missing.items())

    def _leave(self, name: str, why: str) -> None:
        self.left_out.append(KeptSetting(setting=name, why=why))

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
            text = found.value if found.written is None else found.written.text
            parsed = spec.parse(text, self._request.version)
            if isinstance(parsed, Parsed):
                return _Off(parsed.value, "configuration", found.origin == "persisted")
        elif advised := self._advised.get(name):
            return _Off(advised.value, "advice")
        return _Off(None, "other files")

    def _loaded(
        self, each: LoadSetting, spec: Spec, value: Value, off: _Off, *, as_for_good: bool
    ) -> LoadedSetting:
        rendered = spec.render(value)
        reason = AS_FOR_GOOD if as_for_good else each.reason
        default = spec.default_note if spec.default is None else spec.render(spec.default)
        return LoadedSetting(
            setting=each.name,
            on=rendered,
            off=None if off.value is None else spec.render(off.value),
            off_from=off.source,
            on_value=value,
            off_value=off.value,
            unit=spec.unit,
            off_is_persisted=off.is_persisted,
            default=default,
            restart=spec.restart,
            durability=each.durability,
            reason=reason.format_map({"value": rendered}),
            cost=each.cost,
            sources=each.sources,
        )


def _is_less(value: Value, other: Value | None) -> bool:
    """Whether both are numbers, and the first is the smaller."""
    numbers = [each for each in (value, other) if isinstance(each, int | float)]
    return len(numbers) == 2 and numbers[0] < numbers[1]
