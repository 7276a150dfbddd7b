"""Conditions: an unknown fact never matches, and a condition that says nothing is refused."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from advisor.conditions import Condition, Conditions, Fact, NamedFacts, all_hold, missing_facts
from advisor.model import Unknown
from advisor.units import Value

WHY = Unknown(unknown="nobody looked")


@dataclass(frozen=True)
class Sample(NamedFacts):
    medium: Fact = "ssd"
    sync_us: Fact = 1
    rotational: Fact = True


class Holder(BaseModel):
    when: Conditions


def conditions(**given: Any) -> dict[str, Condition]:
    """As in a file: fact = { at_least = 5 }."""
    return Holder.model_validate({"when": given}).when


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({}, "needs is, in, at_least, below or between"),
        ({"equals": 5}, "Extra inputs are not permitted"),
        ({"in": []}, "at least 1 item"),
        ({"at_least": 5, "below": 5}, "no number is at least 5 and below 5"),
        ({"between": [5, 5]}, "between takes two numbers, the lower first"),
        ({"between": [5, 3]}, "between takes two numbers, the lower first"),
        ({"between": [5]}, "between takes two numbers, the lower first"),
        ({"between": ["a", "b"]}, "between takes two numbers, the lower first"),
        ({"between": [3, 5], "is": 4}, "stands alone"),
        ({"at_least": "much"}, "valid number"),
        (5, "valid dictionary or instance of Condition"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(condition: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        conditions(sync_us=condition)


@pytest.mark.parametrize("when", [5, ["medium"], "medium"])
def test_conditions_are_facts_with_what_must_hold_of_them(when: object) -> None:
    with pytest.raises(ValidationError, match="Input should be a valid dictionary"):
        Holder.model_validate({"when": when})


@pytest.mark.parametrize(
    ("condition", "fact", "holds"),
    [
        ({"is": "hdd"}, "ssd", False),
        ({"is": "hdd"}, "hdd", True),
        ({"is": False}, True, False),
        ({"is": False}, False, True),
        ({"is": 0}, 0, True),
        ({"is": 0}, 1, False),
        ({"in": ["a", "b"]}, "c", False),
        ({"in": ["a", "b"]}, "b", True),
        ({"at_least": 5}, 4.999, False),
        ({"at_least": 5}, 5, True),
        ({"below": 5}, 5, False),
        ({"below": 5}, 4.999, True),
        ({"between": [3, 5]}, 2.999, False),
        ({"between": [3, 5]}, 3, True),
        ({"between": [3, 5]}, 4.999, True),
        ({"between": [3, 5]}, 5, False),
        ({"at_least": 0}, "text", False),
        ({"below": 5}, "text", False),
        ({"in": [1, 2], "at_least": 2}, 1, False),
        ({"in": [1, 2], "at_least": 2}, 2, True),
        ({"is": 1, "below": 1}, 1, False),
    ],
)
def test_a_condition_holds(condition: dict[str, Any], fact: Value, holds: bool) -> None:
    (made,) = conditions(fact=condition).values()
    assert made.holds(fact) is holds


@pytest.mark.parametrize("condition", [{"is": "hdd"}, {"in": ["hdd", "ssd"]}, {"below": 10**9}])
def test_an_unknown_fact_never_matches(condition: dict[str, Any]) -> None:
    assert not all_hold(conditions(medium=condition), Sample(medium=WHY))


def test_all_must_hold() -> None:
    both = conditions(medium={"is": "hdd"}, sync_us={"below": 100})
    assert not all_hold(both, Sample(medium="hdd", sync_us=100))
    assert all_hold(both, Sample(medium="hdd", sync_us=99))


def test_no_condition_at_all_holds() -> None:
    assert all_hold({}, Sample(sync_us=WHY))


def test_missing_facts_tell_why_by_name() -> None:
    facts = Sample(sync_us=WHY, medium=Unknown(unknown="too few"), rotational=False)
    assert missing_facts({"medium", "rotational", "sync_us"}, facts) == {
        "medium": "too few",
        "sync_us": "nobody looked",
    }
    assert list(missing_facts({"sync_us", "medium"}, facts)) == ["medium", "sync_us"]
