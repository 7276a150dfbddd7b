"""What can be wrong with the rules although each file loads: `fsync-advisor rules check`. Pure."""

from collections.abc import Iterable, Iterator

from advisor.durability import risks_more
from advisor.errors import UsageError
from advisor.rules.catalogue import Rule, Setting, Spec
from advisor.rules.risks import RISKS
from advisor.units import to_server_unit
from advisor.versions import format_version


def problems(settings: Iterable[Setting]) -> list[str]:
    """One line for each problem, naming the rule; empty when all is well."""
    return [problem for setting in settings for problem in _problems_of(setting)]


def _problems_of(setting: Setting) -> Iterator[str]:
    for index, rule in enumerate(setting.rule):
        rule_id = setting.rule_id(rule)
        specs = [spec for spec in setting.spec if _may_meet(rule, spec)]
        if not specs:
            yield f"{rule_id} covers no version that has {setting.name}"
        for spec in specs:
            if problem := _literal_problem(rule, spec):
                yield f"{rule_id} on {spec.vendor} {_range(spec)}: {problem}"
        if (by := _shadowed_by(setting, index)) is not None:
            yield f"{rule_id} is never reached: {by.name} before it always matches"
        if problem := _risk_problem(setting, rule):
            yield f"{rule_id}: {problem}"


def _may_meet(rule: Rule, spec: Spec) -> bool:
    if rule.vendor not in (None, spec.vendor):
        return False
    starts_before_rule_ends = rule.until is None or spec.since is None or spec.since < rule.until
    ends_after_rule_starts = spec.until is None or rule.since is None or rule.since < spec.until
    return starts_before_rule_ends and ends_after_rule_starts


def _literal_problem(rule: Rule, spec: Spec) -> str | None:
    if rule.value is None:
        return None
    value = rule.value
    if isinstance(value, str) and spec.type in ("integer", "real"):
        try:
            value = to_server_unit(value, spec.unit)
        except UsageError as error:
            return error.message
    feature = spec.build_choices.get(value) if isinstance(value, str) else None
    if feature is not None and rule.needs_build != feature:
        return f"{value!r} exists only in builds with {feature}; say needs_build = {feature!r}"
    return spec.problem_with(value)


def _shadowed_by(setting: Setting, index: int) -> Rule | None:
    rule = setting.rule[index]
    for earlier in setting.rule[:index]:
        same_servers = earlier.vendor is None or (
            earlier.vendor == rule.vendor
            and (earlier.since or ()) <= (rule.since or ())
            and (earlier.until is None or (rule.until is not None and rule.until <= earlier.until))
        )
        if same_servers and not earlier.needed_facts:
            return earlier
    return None


def _risk_problem(setting: Setting, rule: Rule) -> str | None:
    if rule.durability == "can-corrupt":
        return "can-corrupt is never advised"
    if rule.value is None or setting.name not in RISKS:
        return None
    risk = RISKS[setting.name].of(rule.value)
    if risks_more(risk, rule.durability):
        return f"{rule.value!r} is {risk!r}, but the rule calls it {rule.durability!r}"
    return None


def _range(spec: Spec) -> str:
    since = "any" if spec.since is None else format_version(spec.since)
    return f"{since} on" if spec.until is None else f"{since} until {format_version(spec.until)}"
