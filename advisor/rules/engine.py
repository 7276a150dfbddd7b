"""Applies the catalogue to the facts of one drive and one server. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from advisor.advice import Recommendation, RuleId, Skip
from advisor.analysis.fact_model import Facts
from advisor.conditions import all_hold, missing_facts
from advisor.model import Unknown
from advisor.rules import guards
from advisor.rules.catalogue import ALWAYS_SHOWN, Rule, Setting, Spec
from advisor.rules.formulas import FormulaResult
from advisor.units import UNIT_BYTES, Value, format_named, to_server_unit
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion


class Result(NamedTuple):
    """What the rules say, and which of them could not speak."""

    recommendations: tuple[Recommendation, ...]
    skipped: tuple[Skip, ...]


def recommend(
    settings: Iterable[Setting],
    vendor: VendorName,
    version: NumericVersion,
    facts: Facts,
    data: Facts | None = None,
) -> Result:
    """The first matching rule of each setting that the version has. Raises GuardError.

    `data`: the facts of the drive of the data files, where `facts` are about the log's.

    A rule whose known conditions hold but which lacks a fact is reported as skipped, and the next
    one gets its turn.
    """
    recommendations: list[Recommendation] = []
    skipped: list[Skip] = []
    for setting in settings:
        spec = setting.spec_for(vendor, version)
        if spec is None or not setting.concerns(facts):
            continue
        about = facts if data is None or setting.is_about_log else data
        rule, skips = _choose(setting, vendor, version, about)
        skipped += skips
        if rule is not None:
            recommendations.append(_apply(setting, spec, rule, vendor, about))
        elif not skips:
            skipped.append(_nothing_fits(setting, vendor, version, about))
    guards.check_together(recommendations, facts)
    return Result(tuple(recommendations), tuple(skipped))


def _choose(
    setting: Setting, vendor: VendorName, version: NumericVersion, facts: Facts
) -> tuple[Rule | None, list[Skip]]:
    skips: list[Skip] = []
    for rule in setting.rule:
        if not rule.covers(vendor, version):
            continue
        missing = missing_facts(rule.needed_facts, facts)
        conditions = rule.conditions
        asked = {name: conditions[name] for name in conditions if name not in missing}
        if not all_hold(asked, facts):
            continue
        if not missing:
            return rule, skips
        why = "; ".join(f"{name} is unknown: {reason}" for name, reason in missing.items())
        skips.append(Skip(rule=setting.rule_id(rule), why=why))
    return None, skips


def _nothing_fits(
    setting: Setting, vendor: VendorName, version: NumericVersion, facts: Facts
) -> Skip:
    rules = [rule for rule in setting.rule if rule.covers(vendor, version)]
    asked = {name for rule in rules for name in rule.conditions}
    why = ", ".join(f"{name} = {facts.lookup(name)}" for name in sorted(asked))
    why = f"no rule fits {why or 'this version'}"
    return Skip(rule=RuleId(setting.engine, setting.name), why=why)


def _apply(
    setting: Setting, spec: Spec, rule: Rule, vendor: VendorName, facts: Facts
) -> Recommendation:
    rule_id = setting.rule_id(rule)
    value, outcome = _value(rule, spec, facts)
    if value is not None:
        guards.check_rule(rule_id, rule, spec, value, facts)
    rendered = (
        spec.default_note if value is None else VENDORS[vendor].render_value(value, spec.unit)
    )
    same_as_default = value == spec.default and not setting.defaults_differ(vendor)
    return Recommendation(
        setting=setting.name,
        value=value,
        unrounded=_unrounded(spec, outcome),
        unit=spec.unit,
        rendered=rendered,
        default=spec.default,
        default_note=spec.default_note,
        rule=rule_id,
        reason=_reason(rule, spec, rendered, outcome, facts),
        sources=rule.sources,
        durability=rule.durability,
        loss_window_ms=rule.loss_window_ms,
        loss_groups_max=rule.loss_groups_max,
        restart=spec.restart,
        persistable=spec.persistable,
        group=setting.group,
        leave_default=rule.leave_default,
        emitted=not rule.leave_default and (setting.states_durability or not same_as_default),
    )


def _value(rule: Rule, spec: Spec, facts: Facts) -> tuple[Value | None, FormulaResult | None]:
    if rule.formula is not None:
        outcome = rule.formula.apply(facts)
        return spec.in_server_unit(outcome.value), outcome
    if rule.leave_default:
        return spec.default, None
    if isinstance(rule.value, str) and spec.type in ("integer", "real"):
        return to_server_unit(rule.value, spec.unit), None
    return rule.value, None


def _unrounded(spec: Spec, outcome: FormulaResult | None) -> int | None:
    if outcome is None or outcome.rounded_from is None:
        return None
    return spec.in_server_unit(outcome.rounded_from)


def _reason(
    rule: Rule,
    spec: Spec,
    rendered: str,
    outcome: FormulaResult | None,
    facts: Facts,
) -> str:
    figures: dict[str, Value] = dict(outcome.shown) if outcome else {}
    for name in rule.shown_names - ALWAYS_SHOWN - figures.keys():
        fact = facts.lookup(name)
        assert not isinstance(fact, Unknown)  # else the rule would have been skipped
        figures[name] = fact
    shown = {name: format_named(name, figure) for name, figure in figures.items()}
    reason = rule.reason.format_map({**shown, "value": rendered, "default": spec.shown_default})
    if outcome is None or outcome.rounded_from is None:
        return reason
    unit = "_bytes" if spec.unit in UNIT_BYTES else ""
    return f"{reason} Rounded down from {format_named(unit, outcome.rounded_from)}."
