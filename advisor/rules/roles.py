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
from advisor.vendors.names import ClusterName
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
    not_in: tuple[ClusterName, ...] = ()
    """Clusters that say it themselves, or where it cannot be."""
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

    def asked(self, facts: RoleFacts) -> Conditions:
        """Of its conditions those on what is known."""
        return {
            name: condition
            for name, condition in self.when.items()
            if not isinstance(facts.lookup(name), Unknown)
        }

    def is_sure(self, facts: RoleFacts) -> bool:
        """Whether all that it asks is known."""
        return len(self.asked(facts)) == len(self.when)

    def told(self, facts: RoleFacts) -> RoleCost:
        """With its case where that is not known."""
        costs = self.costs
        return RoleCost(
            costs=costs if self.is_sure(facts) else f"{self.case}, {costs[0].lower()}{costs[1:]}",
            remedy=self.remedy,
            sources=self.sources,
        )


class RoleNote(Strict):
    """What whoever sets up a server in that role should know, whatever it risks."""

    role: Role
    says: str = Field(min_length=10)
    sources: tuple[Source, ...] = Field(min_length=1)


class RoleKnowledge(Strict):
    """One server's file."""

    cost: tuple[CostEntry, ...] = ()
    note: tuple[RoleNote, ...] = ()

    def costs(
        self,
        role: Role,
        version: NumericVersion,
        facts: RoleFacts,
        cluster: ClusterName | None = None,
    ) -> tuple[RoleCost, ...]:
        """What applies to a server that is a part of that cluster; what a fact decides that is not
        known is told with its case."""
        return tuple(each.told(facts) for each in self._applying(role, version, facts, cluster))

    def goes_on_whole(
        self,
        role: Role,
        version: NumericVersion,
        facts: RoleFacts,
        cluster: ClusterName | None = None,
    ) -> bool:
        """Whether it is known that such a server loses nothing in the end."""
        applying = tuple(self._applying(role, version, facts, cluster))
        return bool(applying) and all(each.whole and each.is_sure(facts) for each in applying)

    def _applying(
        self, role: Role, version: NumericVersion, facts: RoleFacts, cluster: ClusterName | None
    ) -> Iterator[CostEntry]:
        """Each entry that may apply."""
        for entry in self.cost:
            if (
                entry.role == role
                and cluster not in entry.not_in
                and in_range(version, entry.since, None)
                and all_hold(entry.asked(facts), facts)
            ):
                yield entry

    def notes(self, role: Role) -> tuple[str, ...]:
        """What applies to every server in that role."""
        return tuple(entry.says for entry in self.note if entry.role == role)
