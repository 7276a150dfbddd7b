"""Settings of other storage engines and of forks that an audit knows: the shape of
profiles/other_engines.toml. Pure."""

from pydantic import Field, model_validator

from advisor.conditions import Strict
from advisor.durability import Durability
from advisor.rules.catalogue import Source
from advisor.units import Value
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.values import OptionType, ParseResult, PlainSpec, Rejected
from advisor.versions import NumericVersion, VersionText, in_range


class OtherSetting(Strict):
    """One setting that is not advised, and what its values risk."""

    name: str
    db: tuple[VendorName, ...] = Field(min_length=1)
    since: VersionText | None = None
    until: VersionText | None = None
    of: str
    """The storage engine, or the fork."""
    type: OptionType
    min: int | None = None
    max: int | None = None
    choices: tuple[str, ...] = ()
    adds_words: bool = False
    """Whether the choices are a fork's, of a setting that profiles/<engine>/ has."""
    risks: dict[str, Durability] = Field(min_length=1)
    """A value -> what it risks; what is missing risks nothing."""
    safe: Value
    restart: bool
    why: str = Field(min_length=10)
    cost: str = Field(min_length=3)
    """Of the safe value."""
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "OtherSetting":
        if self.key(self.safe) in self.risks:
            raise ValueError(f"{self.safe!r} is called safe, and risks something")
        if (self.type == "enum") != bool(self.choices):
            raise ValueError("an enum has choices, and nothing else has")
        if self.choices and (strangers := set(self.risks) - set(self.choices)):
            raise ValueError(f"no choice: {', '.join(sorted(strangers))}")
        return self

    @staticmethod
    def key(value: Value) -> str:
        """A value as `risks` has it."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def covers(self, vendor: VendorName, version: NumericVersion) -> bool:
        """Whether it is that server's."""
        return vendor in self.db and in_range(version, self.since, self.until)

    def parse(
        self, text: str | None, vendor: VendorName, version: NumericVersion, *, loose: bool = False
    ) -> ParseResult:
        """What the server makes of a text; None: the option stands alone."""
        if self.adds_words and text not in self.choices:
            return Rejected("another word", starts=True)
        spec = PlainSpec(self.type, min=self.min, max=self.max, choices=self.choices)
        return VENDORS[vendor].parse_value(text, spec, version=version or None, loose=loose)

    def risk_of(self, value: Value) -> Durability:
        """What that value risks."""
        return self.risks.get(self.key(value), "durable")


class Fork(Strict):
    """A server that speaks for another, and names itself in one of its settings."""

    title: str
    db: VendorName
    setting: str
    begins: str = Field(min_length=3)
    """How that setting's value does."""
    read_as: str
    sources: tuple[Source, ...] = Field(min_length=1)


class OtherEngines(Strict):
    """All that is known of them."""

    fork: tuple[Fork, ...]
    setting: tuple[OtherSetting, ...] = Field(min_length=1)
