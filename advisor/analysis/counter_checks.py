"""What a server's own counters may show of a setting: profiles/counters.toml. Pure."""

from string import Formatter
from typing import Final, Literal

from pydantic import Field, model_validator

from advisor.analysis.server_counts import CounterWindow
from advisor.conditions import Conditions, Strict
from advisor.errors import UsageError
from advisor.units import parse_size
from advisor.vendors.names import VendorName

BY_LOG_RATE: Final = "log-rate"
AS_ADVISED: Final = "advice"


class CounterCheck(Strict):
    """One thing that the counters may show."""

    id: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    db: tuple[VendorName, ...] = Field(min_length=1)
    settings: tuple[str, ...] = Field(min_length=1)
    """Which setting should be otherwise: the one of these that the server's version has."""
    severity: Literal["performance", "note"]
    enough: Conditions = Field(min_length=1)
    """How many events it takes to judge by them."""
    when: Conditions = Field(min_length=1)
    wanted: str
    """The value to have, a size; or "log-rate": by the log rate observed; or "advice": as the rules
    say, where they rest on no assumption. No value that is less than the present one."""
    only_if_set: bool = False
    """Whether a server's default is never at fault."""
    says: str = Field(min_length=1)
    """What was counted, figures in braces: a sentence."""
    why: str = Field(min_length=1)
    """What that costs, in sentences."""
    sources: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "CounterCheck":
        shown = {name for _, name, _, _ in Formatter().parse(self.says) if name}
        asked = self.enough.keys() | self.when.keys() | shown
        if strangers := asked - CounterWindow.model_fields.keys():
            raise ValueError(f"no counter is called {', '.join(sorted(strangers))}")
        if strange := [source for source in self.sources if not source.startswith("https://")]:
            raise ValueError(f"a source is an https:// address, not {strange[0]!r}")
        if self.wanted not in (BY_LOG_RATE, AS_ADVISED):
            try:
                parse_size(self.wanted, needs_unit=True)
            except UsageError as error:
                raise ValueError(error.message) from None
        return self


class CounterChecks(Strict):
    """The file."""

    check: tuple[CounterCheck, ...] = Field(min_length=1)
