"""What a crash costs a server because of its role: the shape of profiles/roles/<vendor>.toml."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import Field, model_validator

from advisor.advice import RoleCost
from advisor.conditions import Conditions, Fact, Strict, all_hold
from advisor.durability import Durability
from advisor.model import Known, Unknown
from advisor.roles import Role
from advisor.rules.catalogue import Source
from advisor.versions import NumericVersion, VersionText, in_range


class RoleFacts(NamedTuple):
    """What decides what a crash costs a server in its role."""

    durability: Durability
    """What its settings risk."""
    logs_what_it_applies: Known[bool]
    """Whether a replica writes its source's transactions into a binary log of its own."""
    uses_gtid: Known[bool]

    def lookup(self, name: str) -> Fact:
        """The fact of that name, which there is."""
        fact: Fact = getattr(self, name)
        return fact


class CostEntry(Strict):
    """One cost, where all of `when` holds."""

    role: Role
    since: VersionText | None = None
    when: Conditions
    case: str = ""
    """What `when` asks beside the durability, in words: said where that is not known."""
    costs: str = Field(min_length=10)
    remedy: str = Field(min_length=10)
    whole: bool = False
    """Whether the server goes on whole by itself: an audit then only notes what it risks."""
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> "CostEntry":
        if strangers := self.when.keys() - set(RoleFacts._fields):
            raise ValueError(f"no such fact: {', '.join(sorted(strangers))}")
        if (self.when.keys() == {"durability"}) != (self.case == ""):
            raise ValueError("case goes with a condition beside durability, and only there")
        return self


class RoleNote(Strict):
    """What whoever sets up a server in that role should know, whatever it risks."""

    role: Role
    says: str = Field(min_length=10)
    sources: tuple[Source, ...] = Field(min_length=1)


class RoleKnowledge(Strict):
    """One server's file."""

    cost: tuple[CostEntry, ...] = ()
    note: tuple[RoleNote, ...] = ()

    def costs(self, role: Role, version: NumericVersion, facts: RoleFacts) -> tuple[RoleCost, ...]:
        """What applies; what a fact decides that is not known is told with its case."""
        return tuple(
            RoleCost(
                costs=entry.costs if is_sure else _in_case(entry),
                remedy=entry.remedy,
                sources=entry.sources,
            )
            for entry, is_sure in self._applying(role, version, facts)
        )

    def goes_on_whole(self, role: Role, version: NumericVersion, facts: RoleFacts) -> bool:
        """Whether it is known that such a server loses nothing in the end."""
        applying = tuple(self._applying(role, version, facts))
        return bool(applying) and all(entry.whole and is_sure for entry, is_sure in applying)

    def _applying(
        self, role: Role, version: NumericVersion, facts: RoleFacts
    ) -> Iterator[tuple[CostEntry, bool]]:
        """Each entry that may apply, and whether all that it asks is known."""
        for entry in self.cost:
            asked = {
                name: condition
                for name, condition in entry.when.items()
                if not isinstance(facts.lookup(name), Unknown)
            }
            if entry.role != role or not in_range(version, entry.since, None):
                continue
            if not all_hold(asked, facts):
                continue
            yield entry, len(asked) == len(entry.when)

    def notes(self, role: Role) -> tuple[str, ...]:
        """What applies to every server in that role."""
        return tuple(entry.says for entry in self.note if entry.role == role)


def _in_case(entry: CostEntry) -> str:
    return f"{entry.case}, {entry.costs[0].lower()}{entry.costs[1:]}"
