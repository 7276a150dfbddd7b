"""When a value of a server or a file is as good as advised."""

from fractions import Fraction
from typing import Final

from advisor.advice import Recommendation
from advisor.rules.catalogue import Rule, Setting
from advisor.rules.risks import RISKS
from advisor.units import Value

NEAR: Final = Fraction(3, 2)
"""A computed value is as good as one up to so many times larger or smaller: it rests on a
measurement that the next one repeats within some 25 %, and on assumptions about the load."""


def is_as_good(
    setting: Setting, rule: Rule, advised: Recommendation, value: Value, *, is_default: bool
) -> bool:
    """Whether there is nothing to gain from the advised value, both being equally durable.

    Values of a setting that states what is promised are as good as each other when they promise
    the same. What was computed may be near. Anything else must be equal.
    """
    if rule.any_value or value in rule.as_good or (rule.leave_default and is_default):
        return True
    if rule.less_is_as_good and is_less(value, advised.value):
        return True
    if rule.as_good_from is not None and not is_less(value, rule.as_good_from):
        return True
    if advised.value is None:  # the server derives it, and nothing says what would be worse
        return not rule.as_good
    if setting.states_durability and setting.name in RISKS:
        risk = RISKS[setting.name]
        return risk.of(value) == risk.of(advised.value)
    if rule.formula is not None:
        return is_near(value, advised.value)
    return value == advised.value


def is_less(value: Value, other: Value | None) -> bool:
    """Whether both are numbers, and the first is the smaller."""
    if isinstance(value, str | bool) or isinstance(other, str | bool | None):
        return False
    return value < other


def is_near(value: Value, advised: Value) -> bool:
    """Whether the one is no more than NEAR times the other."""
    if isinstance(value, str) or isinstance(advised, str) or min(value, advised) <= 0:
        return value == advised
    return max(value, advised) <= NEAR * Fraction(min(value, advised))
