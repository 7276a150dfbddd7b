"""A bulk load's settings: the value of each while it lasts, and the one to go back to. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from advisor.advice import Recommendation
from advisor.analysis.fact_model import Facts
from advisor.bulk_load import KeptSetting, LoadedSetting, OffFrom
from advisor.conditions import all_hold, missing_facts
from advisor.durability import Durability, risks_more
from advisor.errors import GuardError
from advisor.request import Request
from advisor.rules import guards
from advisor.rules.bulk_load import LoadSetting
from advisor.rules.catalogue import Spec
from advisor.rules.knowledge import Knowledge
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting
from advisor.units import Value, to_server_unit
from advisor.vendors.registry import VENDORS

FileSettings = Mapping[str, EffectiveSetting]
"""What a server's configuration files set; what is missing has its default."""

AS_FOR_GOOD: Final = "{value} is advised for good, and suits a load, too."
IN_TIME: Final = (
    "{value} is advised for good: the recovery of a larger log would take longer than"
    " --recovery-time."
)


class _Off(NamedTuple):
    """A setting's value after the load."""

    value: Value | None
    source: OffFrom
    is_persisted: bool = False


class BulkLoadPlanner:
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
