"""Every rule against its hand-typed cases, and whether the cases leave nothing out.

tests/rules/<engine>/<setting>.toml holds the cases of profiles/<engine>/<setting>.toml.
"""

from functools import cache
from pathlib import Path
from typing import Final

import pytest
import tomli
from pydantic import Field, ValidationError

from advisor.analysis.fact_model import FACTS, Facts
from advisor.conditions import Strict
from advisor.knowledge import load_settings
from advisor.resources import resource_dir
from advisor.rules.catalogue import Rule, Setting, Spec
from advisor.rules.engine import recommend
from advisor.units import Value
from advisor.vendors.names import Engine, VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion, VersionText, format_version
from tests.support.facts import facts_where

CASES: Final = Path(__file__).parent
KIND_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "number": (int, float),
    "text": (str,),
    "boolean": (bool,),
}
BOTH_ENGINES: Final[tuple[Engine, ...]] = ("innodb", "postgresql")


class Case(Strict):
    """What one setting must become for one server and one set of facts."""

    name: str
    vendor: VendorName
    version: VersionText
    facts: dict[str, Value] = Field(default_factory=dict)
    """Those not given are unknown, but for durability (durable) and vendor."""
    rule: str
    """The name of the rule that must win; empty when none may."""
    value: Value | None = None
    """In the server's unit; absent when the default must be left or no rule may win."""
    rendered: str | None = None
    skipped: tuple[str, ...] | None = None
    """If given: the names of exactly the rules reported as lacking a fact."""

    def all_facts(self) -> Facts:
        return facts_where(**{"vendor": self.vendor} | self.facts)


@cache
def setting_names(engine: Engine) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (resource_dir("profiles") / engine).glob("*.toml")))


@cache
def settings_of(engine: Engine) -> dict[str, Setting]:
    return {setting.name: setting for setting in load_settings(engine)}


@cache
def cases_of(engine: Engine, setting: str) -> tuple[Case, ...]:
    path = CASES / engine / f"{setting}.toml"
    raw = tomli.loads(path.read_text(encoding="utf-8")) if path.exists() else {"case": []}
    assert raw.keys() == {"case"}, f"{path.name} holds more than cases"
    try:
        return tuple(Case.model_validate(case) for case in raw["case"])
    except ValidationError as error:
        raise ValueError(f"{engine}/{path.name}: {error}") from error


every_setting = pytest.mark.parametrize(
    ("engine", "name"),
    [
        pytest.param(engine, name, id=f"{engine}.{name}")
        for engine in BOTH_ENGINES
        for name in setting_names(engine)
    ],
)
every_case = pytest.mark.parametrize(
    ("engine", "name", "case"),
    [
        pytest.param(engine, path.stem, case, id=f"{path.stem}: {case.name}")
        for engine in BOTH_ENGINES
        for path in sorted((CASES / engine).glob("*.toml"))
        for case in cases_of(engine, path.stem)
    ],
)


@every_case
def test_case(engine: Engine, name: str, case: Case) -> None:
    setting = settings_of(engine)[name]
    result = recommend((setting,), case.vendor, case.version, case.all_facts())
    given = {entry.setting: entry for entry in result.recommendations}
    winner = str(given[name].rule) if given else ""
    assert winner == (f"{engine}.{name}.{case.rule}" if case.rule else "")
    if given:
        recommendation = given[name]
        assert recommendation.leave_default == (case.value is None)
        if case.value is not None:
            assert recommendation.value == case.value
            assert isinstance(recommendation.value, bool) == isinstance(case.value, bool)
        if case.rendered is not None:
            assert recommendation.rendered == case.rendered
        assert "{" not in recommendation.reason
    if case.skipped is not None:
        lacking = {str(skip.rule) for skip in result.skipped} - {f"{engine}.{name}"}
        assert lacking == {f"{engine}.{name}.{rule}" for rule in case.skipped}


@every_case
def test_case_gives_facts_that_there_are(engine: Engine, name: str, case: Case) -> None:
    assert VENDORS[case.vendor].engine == engine
    for fact_name, value in case.facts.items():
        fact = FACTS[fact_name]
        assert isinstance(value, KIND_TYPES[fact.kind]), fact_name
        assert isinstance(value, bool) == (fact.kind == "boolean"), fact_name
        assert not fact.choices or value in fact.choices, fact_name


@pytest.mark.parametrize("engine", BOTH_ENGINES)
def test_each_setting_has_cases_and_the_other_way_round(engine: Engine) -> None:
    assert tuple(settings_of(engine)) != ()
    assert {path.stem for path in (CASES / engine).glob("*.toml")} == set(setting_names(engine))


@every_setting
def test_case_names_differ(engine: Engine, name: str) -> None:
    names = [case.name for case in cases_of(engine, name)]
    assert len(names) == len(set(names))


@every_setting
def test_each_rule_wins_a_case(engine: Engine, name: str) -> None:
    expected = {case.rule for case in cases_of(engine, name)} - {""}
    assert expected == {rule.name for rule in settings_of(engine)[name].rule}


@every_setting
def test_each_threshold_has_a_case_on_each_side(engine: Engine, name: str) -> None:
    one_sided = []
    for rule in settings_of(engine)[name].rule:
        for fact_name, condition in rule.when.items():
            given = [case.facts.get(fact_name) for case in cases_of(engine, name)]
            numbers = [value for value in given if isinstance(value, int | float)]
            for threshold in (condition.at_least, condition.below):
                if threshold is None:
                    continue
                if {value >= threshold for value in numbers} != {True, False}:
                    one_sided.append(f"{rule.name}: {fact_name} {threshold:g}")
    assert one_sided == []


@every_setting
def test_each_version_boundary_has_a_case_on_each_side(engine: Engine, name: str) -> None:
    setting = settings_of(engine)[name]
    entries: tuple[Spec | Rule, ...] = (*setting.spec, *setting.rule)
    boundaries: set[tuple[VendorName, NumericVersion]] = {
        (entry.vendor, boundary)
        for entry in entries
        for boundary in (entry.since, entry.until)
        if entry.vendor is not None and boundary is not None
    }
    one_sided = [
        f"{vendor} {format_version(boundary)}"
        for vendor, boundary in sorted(boundaries)
        if {case.version >= boundary for case in cases_of(engine, name) if case.vendor == vendor}
        != {True, False}
    ]
    assert one_sided == []
