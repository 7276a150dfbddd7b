"""A server's or a file's text as a value of the catalogue, and when one is as good as advised."""

from fractions import Fraction
from typing import Final

from advisor.advice import Recommendation
from advisor.errors import UsageError
from advisor.rules.catalogue import Rule, Setting, Spec
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting
from advisor.units import UNIT_BYTES, UNIT_US, Value, parse_duration_us, parse_size

TRUE: Final = frozenset({"on", "true", "yes", "1", "t", "y"})
FALSE: Final = frozenset({"off", "false", "no", "0", "f", "n"})

NEAR: Final = Fraction(3, 2)
"""A computed value is as good as one up to so many times larger or smaller: it rests on a
measurement that the next one repeats within some 25 %, and on assumptions about the load."""


def value_of(found: EffectiveSetting, spec: Spec) -> Value | None:
    """What the text means, in the spec's own unit; None where we cannot read it."""
    text = found.value.strip().strip("'\"")
    if spec.type == "boolean":
        return True if text.lower() in TRUE else False if text.lower() in FALSE else None
    if spec.type == "enum":
        return _choice(text, spec)
    return _number(text, found.unit, spec)


def _choice(text: str, spec: Spec) -> str | None:
    """One of the choices, in their spelling, or by its place among them as MySQL allows."""
    choices = (*spec.choices, *spec.build_choices)
    for choice in choices:
        if choice.lower() == text.lower():
            return choice
    for words, switch in ((TRUE, "on"), (FALSE, "off")):
        if text.lower() in words:
            return next((choice for choice in choices if choice.lower() == switch), None)
    return None


def _number(text: str, unit: str, spec: Spec) -> Value | None:
    counts = (UNIT_BYTES | UNIT_US).get(spec.unit, 1)
    parse = parse_duration_us if spec.unit in UNIT_US else parse_size
    try:
        number = Fraction(text)
        if unit and unit != spec.unit:  # PostgreSQL built with blocks of another size: "16kB"
            number *= Fraction(parse(unit if unit[0].isdigit() else f"1{unit}"), counts)
    except ValueError:
        try:
            number = Fraction(parse(text), counts)
        except UsageError:
            return None
    return float(number) if spec.type == "real" else round(number)


def is_as_good(
    setting: Setting, rule: Rule, advised: Recommendation, value: Value, *, is_default: bool
) -> bool:
    """Whether there is nothing to gain from the advised value, both being equally durable.

    Values of a setting that states what is promised are as good as each other when they promise
    the same. What was computed may be near. Anything else must be equal.
    """
    if rule.any_value or value in rule.as_good or (rule.leave_default and is_default):
        return True
    if advised.value is None:  # the server derives it, and nothing says what would be worse
        return not rule.as_good
    if setting.states_durability and setting.name in RISKS:
        risk = RISKS[setting.name]
        return risk.of(value) == risk.of(advised.value)
    if rule.formula is not None:
        return _near(value, advised.value)
    return value == advised.value


def _near(value: Value, advised: Value) -> bool:
    if isinstance(value, str) or isinstance(advised, str) or min(value, advised) <= 0:
        return value == advised
    return max(value, advised) <= NEAR * Fraction(min(value, advised))
