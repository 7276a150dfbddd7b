"""The settings in force, one by one, against the red lines and the advice. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from advisor.advice import Recommendation
from advisor.audit.assumed import differing_note, rests_on
from advisor.audit.counters import CounterJudge
from advisor.audit.exceptions import Mitigations, ValueRisk, judge_value
from advisor.audit.finding_maker import FindingMaker, shown
from advisor.audit.findings import SEVERITIES, SEVERITY_OF, Finding, Severity
from advisor.audit.lines import SettingLine, lines_of
from advisor.audit.recovery import Recovery
from advisor.audit.refusals import refusal
from advisor.audit.values import is_as_good, is_less, is_near
from advisor.audit.windows import (
    DIVERGENCE,
    FLUSHED_EACH,
    WIDENED_BY,
    Rate,
    StatedWindows,
    at_risk,
    is_relaxed,
    stated_windows,
)
from advisor.durability import Durability, risks_more
from advisor.rules.catalogue import Setting
from advisor.rules.guards import NOT_ABOVE
from advisor.rules.risks import PAIR, RISKS, relaxed_alone
from advisor.server_state import EffectiveSetting, Override, ServerState, WrittenValue
from advisor.units import Value, format_latency
from advisor.vendors.registry import VENDORS


def audit(
    state: ServerState,
    durability: Durability,
    settings: Iterable[Setting],
    advised: Iterable[Recommendation],
    rate: Rate,
    flush_us: Mapping[str, float],
    known: Mitigations,
    assumed: frozenset[str],
    recovery: Recovery,
    counted: CounterJudge,
    *,
    logs_commits: bool = True,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What should be otherwise, the most severe first; settings of one severity in the given order.
    And notes on what looks wrong, and is right here.

    `advised` may lack settings: those are held against the red lines alone. `flush_us`: setting ->
    how long the flush takes that a commit waits for because of it, where that was measured.
    `logs_commits`: whether what is committed goes into the binary log, if there is one.
    """
    settings = tuple(settings)
    lines = list(lines_of(state, settings, advised))
    stated = stated_windows(settings)
    comparing = _Comparing(
        state, durability, lines, rate, flush_us, stated, known, assumed, recovery, counted
    )
    if logs_commits:
        comparing.hold_together()
    by_name = {line.setting.name: line for line in lines}
    refused = (refusal(line, by_name.get(line.name)) for line in state.refused)
    found = [*refused, *comparing.lines(), *comparing.overrides()]
    return by_severity(found), tuple(comparing.all_notes())


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The most severe first, and what bounds another setting before that; else in their order."""
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[int, bool]:
    """By severity; in it what bounds another setting first, which could else not be raised."""
    bounds = any(finding.setting == upper for _, upper in NOT_ABOVE)
    return SEVERITIES.index(finding.severity), not bounds


class _Comparing:
    """One audit under way."""

    def __init__(
        self,
        state: ServerState,
        durability: Durability,
        lines: list[SettingLine],
        rate: Rate,
        flush_us: Mapping[str, float],
        stated: StatedWindows,
        known: Mitigations,
        assumed: frozenset[str],
        recovery: Recovery,
        counted: CounterJudge,
    ) -> None:
        self._state = state
        self._durability = durability
        self._lines = {line.setting.name: line for line in lines}
        self._values: Mapping[str, Value] = {
            line.setting.name: line.value for line in lines if line.value is not None
        }
        self._rate = rate
        self._flush_us = flush_us
        self._stated = stated
        self._make = FindingMaker(state, self._values, rate, stated).make
        self._known = known
        self._assumed, self._recovery, self._counted = assumed, recovery, counted
        self._differing: dict[str, str] = {}
        self._mattering: frozenset[str] = frozenset()
        self.notes: list[str] = []
        self._alone: str | None = None
        self._left_to_server = VENDORS[state.vendor].left_to_server(state.settings, state.version)

    def hold_together(self) -> None:
        """Finds fault with one of the pair relaxed alone, where the advice does not have it so."""
        alone = relaxed_alone(self._values)
        advised = {
            line.setting.name: line.advised.value
            for line in self._lines.values()
            if line.advised is not None and line.advised.value is not None
        }
        self._alone = None if alone == relaxed_alone(advised) else alone

    def all_notes(self) -> list[str]:
        """What is no finding, and may be asked for all the same."""
        if not self._differing:
            return self.notes
        return [*self.notes, differing_note(self._differing, self._mattering)]

    def lines(self) -> Iterator[Finding]:
        """What the settings in force show."""
        for name, line in self._lines.items():
            if name in self._state.hidden:
                continue
            if found := self._judged(line):
                yield found
            if name in self._state.pending:
                yield self._pending(line)

    def overrides(self) -> Iterator[Finding]:
        """What roles and databases get that risks more than is accepted."""
        for override in self._state.overrides:
            line = self._lines.get(override.setting)
            if line is None or override.setting not in RISKS:
                continue
            found = EffectiveSetting(
                override.setting,
                override.value,
                line.found.unit,
                "other",
                written=WrittenValue(override.value),
            )
            value = line.spec.value_of(found, self._state.version)
            if value is None:
                continue
            risk = RISKS[override.setting]
            if not risks_more(risk.of(value), self._accepted(line)):
                continue
            values = {**self._values, override.setting: value}
            yield Finding(
                severity=SEVERITY_OF[risk.of(value)],
                setting=override.setting,
                current=line.spec.render(value),
                origin="other",
                place=_whose(override),
                recommended=f"no setting of its own, or {line.wanted()[1]}",
                reason=risk.why,
                sources=(risk.source,),
                price=self._price(override.setting),
                at_risk=at_risk(override.setting, values, self._rate, self._stated),
                durability=risk.of(value),
                restart=False,
                change=VENDORS[self._state.vendor].reset(override),
            )

    def _judged(self, line: SettingLine) -> Finding | None:
        """The first complaint: at what the value risks, else at what it costs."""
        if line.value is None:
            refused = {each.place for each in self._state.refused}
            return None if line.found.place in refused else self._unreadable(line)
        judged = self._judgement(line, line.value)
        if judged is not None and judged.only_a_note:
            self.notes.append(f"{line.setting.name} = {shown(line)}: {judged.why}")
            return None
        return (
            self._risky(line, line.value, judged)
            or self._widened(line, line.value)
            or self._counted_against(line, line.value)
            or self._worse(line, line.value)
        )

    def _judgement(self, line: SettingLine, value: Value) -> ValueRisk | None:
        name = line.setting.name
        if name not in RISKS:
            return None
        risk = RISKS[name]
        return judge_value(name, value, risk.of(value), risk.why, self._state, self._known)

    def _accepted(self, line: SettingLine) -> Durability:
        """What the value may risk: what the advice does, which is never more than was chosen."""
        advised = line.advised.value if line.advised else None
        if advised is None:
            return self._durability if line.spec.default is None else "durable"
        return RISKS[line.setting.name].of(advised)

    def _risky(self, line: SettingLine, value: Value, judged: ValueRisk | None) -> Finding | None:
        name = line.setting.name
        if judged is None:
            return None
        is_accepted = not risks_more(judged.durability, self._accepted(line))
        if name == self._alone:
            return self._apart(line, value, judged, is_accepted=is_accepted)
        if is_accepted:
            return None
        found = self._make(
            line,
            value,
            SEVERITY_OF[judged.durability],
            judged.why,
            sources=(RISKS[name].source,),
            price=self._price(name),
        )
        return found.model_copy(update={"durability": judged.durability})

    def _apart(
        self, line: SettingLine, value: Value, judged: ValueRisk, *, is_accepted: bool
    ) -> Finding:
        """That one of the pair is relaxed alone: it is to be as strict as the other."""
        name = line.setting.name
        reason = f"{judged.why} {DIVERGENCE}"
        (other,) = (self._lines[each] for each in PAIR if each != name)
        if is_accepted and other.advised is not None:
            reason = f"{reason} Accepted is that both are: {other.setting.name} ="
            reason = f"{reason} {other.advised.rendered}, too."
        found = self._make(
            replace(line, advised=None),
            value,
            SEVERITY_OF[judged.durability],
            reason,
            sources=(RISKS[name].source,),
            price=self._price(name),
            wanted=FLUSHED_EACH,
        )
        return found.model_copy(update={"durability": judged.durability})

    def _price(self, name: str) -> str:
        """What the safe value costs, with the latency where that was measured."""
        flush_us = self._flush_us.get(name)
        measured = "" if flush_us is None else f", {format_latency(flush_us)} on the measured drive"
        return f"{RISKS[name].price}{measured}"

    def _widened(self, line: SettingLine, value: Value) -> Finding | None:
        """A loss window that is accepted, but is wider than by default."""
        relaxed = WIDENED_BY.get(line.setting.name)
        if relaxed is None or not is_relaxed(relaxed, self._values):
            return None
        default = line.spec.default
        if isinstance(value, str) or not isinstance(default, int) or value <= default:
            return None
        other = self._lines[relaxed]
        if risks_more(RISKS[relaxed].of(self._values[relaxed]), self._accepted(other)):
            return None  # that is a finding of its own, and names the window
        window = at_risk(relaxed, self._values, self._rate, self._stated)
        assert window is not None
        return self._make(
            line,
            value,
            "data-loss",
            f"With {relaxed} = {other.spec.render(self._values[relaxed])} it sets how much a"
            f" crash may lose: {format_latency(window.window_ms * 1000)} of commits.",
            at_risk_of=relaxed,
        )

    def _counted_against(self, line: SettingLine, value: Value) -> Finding | None:
        """What the server's own counters show."""
        if line.setting.name in self._left_to_server:
            return None
        advised = line.advised
        rests = (
            frozenset()
            if advised is None
            else rests_on(line.setting.rule_of(advised.rule), self._assumed)
        )
        observed = self._counted.judge(line, is_assumed=bool(rests))
        if isinstance(observed, str):
            self.notes.append(observed)
        if observed is None or isinstance(observed, str):
            return None
        found = self._make(
            replace(line, advised=None),
            value,
            observed.severity,
            observed.reason,
            sources=observed.sources,
            price=line.setting.cost_of_change(value, observed.wanted),
            wanted=observed.wanted,
        )
        return found.model_copy(update={"counter": observed.check})

    def _worse(self, line: SettingLine, value: Value) -> Finding | None:
        advised = line.advised
        name = line.setting.name
        if advised is None or name in self._left_to_server:
            return None
        if name in PAIR and self._alone is not None:
            return None  # the other one is to be as strict as this
        rule = line.setting.rule_of(advised.rule)
        is_default = line.found.origin == "default" or value == line.spec.default
        if is_as_good(line.setting, rule, advised, value, is_default=is_default):
            return None
        is_more = advised.value is not None and is_less(advised.value, value)
        if is_more and self._recovery.is_in_time(line.spec, name, value):
            return None
        if rests_on(rule, self._assumed):
            found = self._less_than_default(line, value)
            if found is None:
                self._note_assumed(line, value)
            return found
        price = line.setting.cost_of_change(value, advised.value)
        if advised.loss_window_ms is not None:
            groups = (
                f" or {advised.loss_groups_max} commit groups" if advised.loss_groups_max else ""
            )
            what = "the binary log" if name == PAIR[1] else "commits"
            price = f"may lose {format_latency(advised.loss_window_ms * 1000)} of {what}{groups}"
        # What is about replication makes nothing faster.
        severity: Severity = "note" if line.setting.group == "replication" else "performance"
        return self._make(line, value, severity, advised.reason, price=price)

    def _less_than_default(self, line: SettingLine, value: Value) -> Finding | None:
        """A value that is worse whatever is assumed: clearly less than the server itself takes."""
        default = line.spec.default
        if not line.setting.below_default or default is None or is_near(value, default):
            return None
        if not is_less(value, default):
            return None
        line = replace(line, advised=None)  # the default is what to have
        reason = f"{line.setting.below_default} The default is {line.spec.render(default)}."
        price = line.setting.cost_of_change(value, default)
        return self._make(line, value, "performance", reason, price=price)

    def _note_assumed(self, line: SettingLine, value: Value) -> None:
        """What is to be said of a value that differs only from what assumptions make advisable."""
        advised = line.advised
        assert advised is not None
        name, shown = line.setting.name, line.spec.render(value)
        is_more = advised.value is not None and is_less(advised.value, value)
        note = self._recovery.note(line.spec, name, value) if is_more else ""
        if note:
            self.notes.append(f"{name} = {shown}: {note}")
        else:
            self._differing[name] = f"{shown}, advised is {advised.rendered}"
            self._mattering |= rests_on(line.setting.rule_of(advised.rule), self._assumed)

    def _unreadable(self, line: SettingLine) -> Finding:
        return self._make(
            line, None, "note", "This value is not known for this setting and version."
        )

    def _pending(self, line: SettingLine) -> Finding:
        found = self._make(
            line, line.value, "note", "A file has another value, which takes effect at a restart."
        )
        return found.model_copy(
            update={"recommended": "what the file says", "change": "restart the server"}
        )


def _whose(override: Override) -> str:
    role = None if override.role is None else f"role {override.role}"
    database = None if override.database is None else f"database {override.database}"
    return " in ".join(filter(None, (role, database))) or "all roles"
