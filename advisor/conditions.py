"""Conditions as data: a fact compared with `is`, `in`, `at_least`, `below` or `between`."""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from advisor.model import Unknown
from advisor.units import Value

Fact = Value | Unknown
"""One named input to rules."""


class NamedFacts(Protocol):
    """Facts that a condition in a file may name: a record with a field for each."""

    def lookup(self, name: str) -> Fact:
        """The fact of that name. Whether there is one is checked when the file is read."""
        fact: Fact = getattr(self, name)
        return fact


class Strict(BaseModel):
    """The base of everything read from profiles/: a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Condition(Strict):
    """One comparison with one fact. All that are given must hold; `between` is half-open."""

    is_: Value | None = Field(default=None, alias="is")
    in_: tuple[Value, ...] | None = Field(default=None, alias="in", min_length=1)
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Condition":
        if not self.model_fields_set:
            raise ValueError("a condition needs is, in, at_least, below or between")
        if self.at_least is not None and self.below is not None and self.at_least >= self.below:
            raise ValueError(f"no number is at least {self.at_least:g} and below {self.below:g}")
        return self

    def holds(self, fact: Value) -> bool:
        if self.is_ is not None and fact != self.is_:
            return False
        if self.in_ is not None and fact not in self.in_:
            return False
        if self.at_least is None and self.below is None:
            return True
        if isinstance(fact, str):
            return False
        return (self.at_least is None or fact >= self.at_least) and (
            self.below is None or fact < self.below
        )


def _spell_out_between(conditions: Any) -> Any:
    if not isinstance(conditions, dict):
        return conditions
    return {name: _without_between(condition) for name, condition in conditions.items()}


def _without_between(condition: Any) -> Any:
    if not isinstance(condition, dict) or "between" not in condition:
        return condition
    match condition["between"]:
        case [int() | float() as low, int() | float() as high] if (
            low < high and len(condition) == 1
        ):
            return {"at_least": low, "below": high}
    raise ValueError("between takes two numbers, the lower first, and stands alone")


Conditions = Annotated[dict[str, Condition], BeforeValidator(_spell_out_between)]
"""Fact name -> condition; all must hold."""


def missing_facts(names: "set[str] | frozenset[str]", facts: NamedFacts) -> dict[str, str]:
    """Those of the names that are unknown -> why."""
    found = {name: facts.lookup(name) for name in sorted(names)}
    return {name: fact.unknown for name, fact in found.items() if isinstance(fact, Unknown)}


def all_hold(conditions: Mapping[str, Condition], facts: NamedFacts) -> bool:
    """Whether every condition holds. An unknown fact never matches."""
    return all(
        not isinstance(fact := facts.lookup(name), Unknown) and condition.holds(fact)
        for name, condition in conditions.items()
    )
