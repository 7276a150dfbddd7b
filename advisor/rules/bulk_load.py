"""What a bulk load asks of a server for its time: the shape of profiles/bulk_load/<vendor>.toml."""

from typing import Literal

from pydantic import Field, model_validator

from advisor.analysis.fact_model import FACTS
from advisor.conditions import Conditions, Strict
from advisor.durability import AdvisedDurability
from advisor.rules.catalogue import Setting, Source, Spec
from advisor.rules.formulas import Formula
from advisor.units import Value
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion, VersionText, in_range

LoadedInstance = Literal["any", "new", "existing"]
"""Of which server something is asked: new, one that holds nothing that must not be lost."""


class BulkLoadEntry(Strict):
    """What all that is relaxed has in common."""

    since: VersionText | None = None
    until: VersionText | None = None
    instance: LoadedInstance = "any"
    reason: str = Field(min_length=10)
    cost: str = Field(min_length=4)
    sources: tuple[Source, ...] = Field(min_length=1)

    def covers(self, version: NumericVersion, *, new_instance: bool) -> bool:
        """Whether it concerns that version, and that instance."""
        other = "existing" if new_instance else "new"
        return self.instance != other and in_range(version, self.since, self.until)


class LoadSetting(BulkLoadEntry):
    """A setting, and its value while a load lasts. Behaviour of numbers as in a Rule."""

    name: str
    value: Value | None = None
    formula: Formula | None = None
    when: Conditions = Field(default_factory=dict)
    otherwise: str = ""
    """Why it is left out where that does not hold."""
    durability: AdvisedDurability = "durable"
    """What the value risks; it is left out where that is more than the user accepts."""
    left_on: str = ""
    """What an audit says of a server that has the value; "" where that is nothing to tell."""
    spec: tuple[Spec, ...] = ()
    """What servers take, where no file in profiles/<engine>/ has the setting."""

    @model_validator(mode="after")
    def _complete(self) -> "LoadSetting":
        if (self.value is None) == (self.formula is None):
            raise ValueError(f"{self.name} has either a value or a formula")
        if bool(self.when) != bool(self.otherwise):
            raise ValueError(f"{self.name}: `when` and `otherwise` go together")
        if strangers := self.needed_facts - FACTS.keys():
            raise ValueError(f"no such fact: {', '.join(sorted(strangers))}")
        return self

    @property
    def is_amount(self) -> bool:
        """Whether it is a size or a time, of which more is as good."""
        return self.formula is not None or (isinstance(self.value, str) and self.value[0].isdigit())

    @property
    def needed_facts(self) -> frozenset[str]:
        """Facts without which there is no value."""
        return frozenset(self.when) | (self.formula.needs if self.formula else frozenset())

    def spec_for(
        self, settings: tuple[Setting, ...], vendor: VendorName, version: NumericVersion
    ) -> Spec | None:
        """What that version takes, of its own or of the setting of profiles/; None where it does
        not have the setting."""
        known = [spec for setting in settings if setting.name == self.name for spec in setting.spec]
        return next((spec for spec in self.spec or known if spec.covers(vendor, version)), None)


class LoadStatement(BulkLoadEntry):
    """What no setting does: a statement that switches something off, and one that switches it on
    again."""

    status: str
    """The variable of the server's status that shows it, ON or OFF."""
    on: str
    """For the load."""
    off: str
    check: str
    privilege: str
    crash: str
    """What a crash means before `off`."""
    left_on: str


class SessionStatement(BulkLoadEntry):
    """What the sessions that load begin with, or how they load; it ends with them."""

    statement: str


class NeverRelaxed(Strict):
    """A setting that others relax for a load, and we do not."""

    setting: str
    why: str
    sources: tuple[Source, ...] = Field(min_length=1)


class BulkLoadKnowledge(Strict):
    """One server's file."""

    crash: str
    crash_of_new_instance: str
    after: tuple[str, ...]
    """What is to be done when the load is over."""
    after_new_instance: tuple[str, ...] = ()
    setting: tuple[LoadSetting, ...] = Field(min_length=1)
    statement: tuple[LoadStatement, ...] = ()
    session: tuple[SessionStatement, ...] = ()
    never: tuple[NeverRelaxed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "BulkLoadKnowledge":
        if both := {each.name for each in self.setting} & {each.setting for each in self.never}:
            raise ValueError(f"{', '.join(sorted(both))}: relaxed, or never?")
        return self
