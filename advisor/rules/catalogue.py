"""What we know about each setting: the shape of profiles/<engine>/<setting>.toml, and its checks.

advisor/knowledge.py reads the files; what does not fit here is fatal there.
"""

from string import Formatter
from typing import Annotated, Final, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from advisor.advice import RuleId
from advisor.analysis.fact_model import FACTS, build_fact
from advisor.conditions import Condition, Conditions, NamedFacts, Strict, all_hold
from advisor.durability import Durability
from advisor.rules.formulas import Formula
from advisor.server_state import EffectiveSetting
from advisor.units import UNIT_BYTES, UNIT_US, Value, to_server_unit
from advisor.vendors.names import Engine, VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import Argument, Parsed, ParseResult
from advisor.versions import Feature, NumericVersion, VersionText, format_version, in_range

SettingGroup = Literal["commit", "replication", "log", "checkpoint", "io", "memory"]
GROUPS: Final[tuple[SettingGroup, ...]] = get_args(SettingGroup)
LOG_GROUPS: Final[tuple[SettingGroup, ...]] = ("commit", "log")
"""What the drive of the log decides; the others are about the drive of the data files."""

InAGroup = Literal["agreed", "least", "host"]
"""How the hosts of a group come to one value: what all of them are advised, else the default; the
least that they are advised; or none in common, each host has its own, from its memory."""

ALWAYS_SHOWN: Final = frozenset({"value", "default"})
"""What every reason may show besides facts and its formula's figures."""


def _check_url(text: str) -> str:
    if not text.startswith("https://") and not text.startswith("measured: "):
        raise ValueError(f'a source is an https:// address or "measured: HOW", not {text!r}')
    return text


Source = Annotated[str, AfterValidator(_check_url)]


class Spec(Strict):
    """What one range of versions takes for a setting. Numbers count in `unit`, the server's own.

    In the file a size or duration may carry its unit ("64MB"); it is converted.
    """

    vendor: VendorName
    since: VersionText | None = None
    until: VersionText | None = None
    type: Literal["integer", "real", "boolean", "enum"]
    unit: Literal["", "B", "kB", "8kB", "MB", "us", "ms", "s"] = ""
    min: int | float | None = None
    max: int | float | None = None
    multiple_of: int = 1
    choices: tuple[str, ...] = ()
    """In the server's own order: MySQL and MariaDB take the number of one, too."""
    build_choices: dict[str, Feature] = Field(default_factory=dict)
    """Further choices -> what the server must have been built with; any other refuses them."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Further words -> the choice they mean; numbered after the choices."""
    argument: Argument | None = None
    """Whether MySQL's or MariaDB's option may stand alone. None: as others of its type."""
    default: Value | None = None
    """None when the server derives it; `default_note` then says how."""
    default_note: str = ""
    restart: bool
    restart_from: tuple[Value, ...] = ()
    """Values from and to which no running server changes, though it changes between others."""
    persistable: bool = True
    """Whether MySQL's SET PERSIST takes it; the server says "non persistent variable" else."""
    doc: Source

    @model_validator(mode="before")
    @classmethod
    def _convert_units(cls, raw: object) -> object:
        if not isinstance(raw, dict) or raw.get("type") not in ("integer", "real"):
            return raw
        unit = raw.get("unit", "")
        return {
            key: to_server_unit(value, unit)
            if key in ("min", "max", "multiple_of", "default") and isinstance(value, str)
            else value
            for key, value in raw.items()
        }

    @model_validator(mode="after")
    def _complete(self) -> "Spec":
        if self.type == "enum" and not self.choices:
            raise ValueError("an enum needs choices")
        if self.build_choices and self.type != "enum":
            raise ValueError("only an enum has build_choices")
        if self.aliases and not set(self.aliases.values()) <= set(self.choices):
            raise ValueError("an alias means one of the choices")
        if doubled := self.build_choices.keys() & set(self.choices):
            raise ValueError(f"{', '.join(sorted(doubled))}: every build takes it, or only some?")
        if self.type in ("integer", "real") and (self.min is None or self.max is None):
            raise ValueError("a number needs min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        _check_range(self.since, self.until)
        if self.default is None and not self.default_note:
            raise ValueError("without a default, default_note must say how the server derives it")
        if self.default in self.build_choices:
            raise ValueError(f"the default {self.default!r} must exist in every build")
        if self.default is not None and (problem := self.problem_with(self.default)):
            raise ValueError(f"the default {problem}")
        return self

    def covers(self, vendor: VendorName, version: NumericVersion) -> bool:
        return self.vendor == vendor and in_range(version, self.since, self.until)

    def render(self, value: Value) -> str:
        """The value in the notation of the server's own configuration file."""
        return VENDORS[self.vendor].render_value(value, self.unit)

    def parse(
        self,
        text: str | None,
        version: NumericVersion | None = None,
        *,
        unit: str = "",
        loose: bool = False,
    ) -> ParseResult:
        """What the server makes of a setting's text, without the quotes of its file.

        None: the option stands alone. Without `version` the newest that we know is meant. `unit`:
        what a bare number counts in where that is not the spec's own. `loose`: behind loose-.
        """
        vendor = VENDORS[self.vendor]
        return vendor.parse_value(text, self, version=version, unit=unit, loose=loose)

    def parse_shown(
        self, text: str, version: NumericVersion | None = None, *, unit: str = ""
    ) -> ParseResult:
        """What a running server shows: as it is, were it outside of the range that we know."""
        result = self.parse(text, version, unit=unit)
        if isinstance(result, Parsed) and not result.warning:
            return result
        unbounded = self.model_copy(update={"min": None, "max": None, "multiple_of": 1})
        return unbounded.parse(text, version, unit=unit)

    def parse_setting(
        self, found: EffectiveSetting, version: NumericVersion | None = None
    ) -> ParseResult:
        """What a server has, or its file; a warning where it makes another value of it."""
        if found.written is None:
            return self.parse_shown(found.value, version, unit=found.unit)
        written = found.written
        return self.parse(written.text, version, unit=found.unit, loose=written.loose)

    def value_of(
        self, found: EffectiveSetting, version: NumericVersion | None = None
    ) -> Value | None:
        """The same value alone; None where the text is none."""
        result = self.parse_setting(found, version)
        return result.value if isinstance(result, Parsed) else None

    @property
    def shown_default(self) -> str:
        """As its file has it; or, where the server derives it, how."""
        return self.default_note if self.default is None else self.render(self.default)

    def problem_with(self, value: Value) -> str | None:
        """Why the server would not take `value` as it is; None if it would."""
        expected = {"boolean": bool, "enum": str, "integer": int, "real": (int, float)}[self.type]
        if not isinstance(value, expected) or (isinstance(value, bool) != (self.type == "boolean")):  # type: ignore[arg-type]
            return f"{value!r} is not of type {self.type}"
        choices = (*self.choices, *self.build_choices)
        if choices and value not in choices:
            return f"{value!r} is not one of {', '.join(choices)}"
        if isinstance(value, str | bool):
            return None
        too_low = self.min is not None and value < self.min
        if too_low or (self.max is not None and value > self.max):
            return f"{value} is outside {self.min} to {self.max}"
        if isinstance(value, int) and value % self.multiple_of:
            return f"{value} is not a multiple of {self.multiple_of}"
        return None

    def in_server_unit(self, base_value: int) -> int:
        """Bytes or microseconds -> the setting's own unit, rounded down."""
        return base_value // (UNIT_BYTES | UNIT_US).get(self.unit, 1)


class Rule(Strict):
    """One piece of knowledge: when all of `when` holds, the value and why. First match wins."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    vendor: VendorName | None = None
    since: VersionText | None = None
    until: VersionText | None = None
    when: Conditions = Field(default_factory=dict)
    value: Value | None = None
    formula: Formula | None = None
    leave_default: bool = False
    as_good: tuple[Value, ...] = ()
    """Further values that an audit finds no fault with."""
    less_is_as_good: bool = False
    """Nothing is known against a smaller value: an audit finds fault with larger ones alone."""
    as_good_from: int | None = None
    """An audit finds no fault with a value from here on."""
    any_value: bool = False
    """Nothing is known for or against a value: an audit finds no fault with any."""
    needs_build: Feature | None = None
    """What the server must have been built with for the value to exist; implies a condition."""
    reason: str = Field(min_length=10)
    sources: tuple[Source, ...] = Field(min_length=1)
    durability: Durability = "durable"
    loss_window_ms: int | None = Field(default=None, gt=0)
    """How much time's commits the value may lose; only below `durable`."""
    loss_groups_max: int | None = Field(default=None, gt=0)
    """At most that many commit groups, if they come sooner; one connection commits one by one."""

    @model_validator(mode="after")
    def _complete(self) -> "Rule":
        if (self.value is not None) + (self.formula is not None) + self.leave_default != 1:
            raise ValueError("a rule has exactly one of value, formula and leave_default = true")
        if (self.since or self.until) and self.vendor is None:
            raise ValueError("since and until need a vendor")
        _check_range(self.since, self.until)
        if (self.durability != "durable") != (self.loss_window_ms is not None):
            raise ValueError("loss_window_ms goes with a durability below durable, and only there")
        if self.loss_groups_max is not None and self.loss_window_ms is None:
            raise ValueError("loss_groups_max goes with loss_window_ms")
        needed = set(self.when) | (self.formula.needs if self.formula else set())
        if strangers := needed - FACTS.keys():
            raise ValueError(f"no such fact: {', '.join(sorted(strangers))}")
        for name in self.formula.needs if self.formula else ():
            if FACTS[name].kind != "number":
                raise ValueError(f"{name} is a {FACTS[name].kind}, a formula needs a number")
        for name, condition in self.when.items():
            _check_condition(name, condition)
        figures = ALWAYS_SHOWN | (self.formula.shows if self.formula else set())
        if nameless := self.shown_names - figures - FACTS.keys():
            shown = ", ".join(f"{{{name}}}" for name in sorted(nameless))
            raise ValueError(f"the reason shows {shown}, which nothing gives")
        return self

    @property
    def shown_names(self) -> frozenset[str]:
        """The names in braces in the reason."""
        parsed = Formatter().parse(self.reason)
        return frozenset(name for _, name, _, _ in parsed if name is not None)

    @property
    def conditions(self) -> Conditions:
        """All that must hold: `when`, and the build option the value needs."""
        if self.needs_build is None:
            return self.when
        return {**self.when, build_fact(self.needs_build): Condition.model_validate({"is": True})}

    @property
    def needed_facts(self) -> frozenset[str]:
        """Facts without which the rule cannot be applied."""
        needed = set(self.conditions) | (self.shown_names & FACTS.keys())
        return frozenset(needed | (self.formula.needs if self.formula else set()))

    @property
    def read_facts(self) -> frozenset[str]:
        """Facts that its value may rest on."""
        return self.needed_facts | (self.formula.improved_by if self.formula else frozenset())

    def covers(self, vendor: VendorName, version: NumericVersion) -> bool:
        return self.vendor in (None, vendor) and in_range(version, self.since, self.until)


class Accepted(Strict):
    """A range of versions that start with a setting of which nothing is said there."""

    vendor: VendorName
    since: VersionText
    until: VersionText | None = None
    """None: the newest that we know still does."""
    doc: Source

    @model_validator(mode="after")
    def _in_order(self) -> "Accepted":
        _check_range(self.since, self.until)
        return self


class Setting(Strict):
    """One server parameter: what each version takes, and the rules that choose its value."""

    name: str
    engine: Engine
    summary: str = Field(min_length=10)
    group: SettingGroup
    in_a_group: InAGroup
    states_durability: bool = False
    """Printed even when it equals the default: the line says what is promised."""
    cost: str = ""
    """What a change costs, or a larger value; said in an audit."""
    cost_of_less: str = ""
    """What a smaller value costs, where that is something else."""
    below_default: str = ""
    """Why less than the server's default is worse, whatever is assumed of the load."""
    only_where: tuple[Conditions, ...] = ()
    """If given: where none of these holds, the server has no use for the setting, and nothing is
    said of it."""
    spec: tuple[Spec, ...] = Field(min_length=1)
    accepted: tuple[Accepted, ...] = ()
    """Beyond the versions of `spec`."""
    rule: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "Setting":
        for conditions in self.only_where:
            if strangers := conditions.keys() - FACTS.keys():
                raise ValueError(f"no such fact: {', '.join(sorted(strangers))}")
            for name, condition in conditions.items():
                _check_condition(name, condition)
        names = [rule.name for rule in self.rule]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules are called {', '.join(sorted(doubled))}")
        for index, spec in enumerate(self.spec):
            if VENDORS[spec.vendor].engine != self.engine:
                raise ValueError(f"{spec.vendor} does not belong to {self.engine}")
            for other in self.spec[index + 1 :]:
                if spec.vendor == other.vendor and _overlap(spec, other):
                    raise ValueError(f"two spec entries of {spec.vendor} overlap")
        return self

    @property
    def is_about_log(self) -> bool:
        """Whether the drive of the log decides it, where the data files have another."""
        return self.group in LOG_GROUPS

    def concerns(self, facts: NamedFacts) -> bool:
        """Whether a server like that has a use for it."""
        return not self.only_where or any(all_hold(each, facts) for each in self.only_where)

    def spec_for(self, vendor: VendorName, version: NumericVersion) -> Spec | None:
        """What that version takes; None where the setting does not exist."""
        return next((spec for spec in self.spec if spec.covers(vendor, version)), None)

    def starts(self, vendor: VendorName, version: NumericVersion) -> bool:
        """Whether that version starts with it."""
        return self.spec_for(vendor, version) is not None or any(
            each.vendor == vendor and in_range(version, each.since, each.until)
            for each in self.accepted
        )

    def for_vendor(self, vendor: VendorName) -> "Setting | None":
        """The same with what concerns that server alone; None where it has no such setting."""
        specs = tuple(spec for spec in self.spec if spec.vendor == vendor)
        rules = tuple(rule for rule in self.rule if rule.vendor in (None, vendor))
        return self.model_copy(update={"spec": specs, "rule": rules}) if specs and rules else None

    def cost_of_change(self, current: Value | None, wanted: Value | None) -> str:
        """What it costs to have `wanted` instead; "" where nothing is known."""
        numbers = [each for each in (current, wanted) if isinstance(each, int | float)]
        is_less = len(numbers) == 2 and numbers[1] < numbers[0]
        return (self.cost_of_less if is_less else "") or self.cost

    def rule_id(self, rule: Rule) -> RuleId:
        return RuleId(self.engine, self.name, rule.name)

    def rule_of(self, rule_id: RuleId) -> Rule:
        """The rule of that id, which is one of ours."""
        return next(rule for rule in self.rule if self.rule_id(rule) == rule_id)

    def defaults_differ(self, vendor: VendorName) -> bool:
        """Whether the vendor has changed the default between the versions we know."""
        return len({spec.default for spec in self.spec if spec.vendor == vendor}) > 1


def _check_range(since: NumericVersion | None, until: NumericVersion | None) -> None:
    if since is not None and until is not None and since >= until:
        raise ValueError(f"since {format_version(since)} is not before {format_version(until)}")


def _overlap(spec: Spec, other: Spec) -> bool:
    return (spec.since or ()) < (other.until or (10**6,)) and (other.since or ()) < (
        spec.until or (10**6,)
    )


def _check_condition(name: str, condition: Condition) -> None:
    fact = FACTS[name]
    compared = [value for value in (condition.is_, *(condition.in_ or ())) if value is not None]
    expected = {"number": (int, float), "text": str, "boolean": bool}[fact.kind]
    for value in compared:
        if not isinstance(value, expected) or isinstance(value, bool) != (fact.kind == "boolean"):  # type: ignore[arg-type]
            raise ValueError(f"{name} is a {fact.kind}, it cannot be {value!r}")
        if fact.choices and value not in fact.choices:
            raise ValueError(f"{name} is one of {', '.join(fact.choices)}, never {value!r}")
    bounded = condition.at_least is not None or condition.below is not None
    if bounded and fact.kind != "number":
        raise ValueError(f"{name} is a {fact.kind}; at_least, below and between need a number")
