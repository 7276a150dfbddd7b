"""What a crash costs a server because of its role: the shape of profiles/roles/<vendor>.toml."""

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from pydantic import Field, model_validator

from advisor.advice import RoleCost
from advisor.conditions import Conditions, Fact, Strict, all_hold
from advisor.durability import Durability
from advisor.model import Known, Unknown
from advisor.roles import Role
from advisor.rules.catalogue import Source
from advisor.rules.risks import PAIR
from advisor.vendors.names import ClusterName
from advisor.vendors.replication import Following
from advisor.versions import NumericVersion, VersionText, in_range

COMMITS, BINARY_LOG = PAIR
FLUSHED: Final = {COMMITS: "commits_flushed", BINARY_LOG: "binary_log_flushed"}
"""A setting -> the fact that says whether it has each commit wait for a flush."""
ALWAYS_KNOWN: Final = frozenset({"durability", *FLUSHED.values()})


class RoleFacts(NamedTuple):
    """What decides what a crash costs a server in its role."""

    durability: Durability
    """What its settings risk."""
    commits_flushed: bool
    """Whether each commit waits until the log of its tables is flushed."""
    binary_log_flushed: bool
    """The same of the binary log, where one is written."""
    logs_what_it_applies: Known[bool]
    uses_gtid: Known[bool]
    applies_by_workers: Known[bool]
    keeps_place_in_tables: Known[bool]

    @classmethod
    def of(
        cls, durability: Durability, following: Following, relaxed: Collection[str]
    ) -> "RoleFacts":
        """Those of a server that follows its source so, of which these settings are relaxed."""
        return cls(
            durability,
            COMMITS not in relaxed,
            BINARY_LOG not in relaxed,
            following.logs_what_it_applies,
            following.uses_gtid,
            following.applies_by_workers,
            following.keeps_place_in_tables,
        )

    def lookup(self, name: str) -> Fact:
        """The fact of that name, which there is."""
        fact: Fact = getattr(self, name)
        return fact


def _require_facts(when: Conditions) -> None:
    if strangers := when.keys() - set(RoleFacts._fields):
        raise ValueError(f"no such fact: {', '.join(sorted(strangers))}")


class CostEntry(Strict):
    """One cost, where all of `when` holds."""

    role: Role
    since: VersionText | None = None
    until: VersionText | None = None
    not_in: tuple[ClusterName, ...] = ()
    """Clusters that say it themselves, or where it cannot be."""
    when: Conditions
    case: str = ""
    """What `when` asks of what may not be known, in words: said where it is not."""
    because_of: str = ""
    """The setting whose value has it cost that, whatever else is relaxed: an audit says it of that
    setting, as of what loses data."""
    costs: str = Field(min_length=10)
    remedy: str = Field(min_length=10)
    whole: bool = False
    """Whether the server goes on whole by itself: an audit then only notes what it risks."""
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> "CostEntry":
        _require_facts(self.when)
        if (self.when.keys() <= ALWAYS_KNOWN) != (self.case == ""):
            raise ValueError("case goes with a condition on what may be unknown, and only there")
        return self

    def is_about(self, setting: str) -> bool:
        """Whether it is a matter of that one of the two flushes: it is not where it asks for the
        other alone, nor where it holds whatever is relaxed."""
        own = FLUSHED.get(setting)
        return own is None or own in self.when or "durability" in self.when

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
    setting: str = ""
    """The one that it is about, if any: where that cannot be changed it is not said."""
    says: str = Field(min_length=10)
    sources: tuple[Source, ...] = Field(min_length=1)


class WithoutEffect(Strict):
    """A setting that does nothing for a server in that role, where all of `when` holds."""

    role: Role
    setting: str
    when: Conditions
    says: str = Field(min_length=10)
    sources: tuple[Source, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> "WithoutEffect":
        _require_facts(self.when)
        return self


class RoleKnowledge(Strict):
    """One server's file."""

    cost: tuple[CostEntry, ...] = ()
    without_effect: tuple[WithoutEffect, ...] = ()
    note: tuple[RoleNote, ...] = ()

    def costs(
        self,
        role: Role,
        version: NumericVersion,
        facts: RoleFacts,
        cluster: ClusterName | None = None,
        of: str = "",
        told_apart: Collection[str] = (),
    ) -> tuple[RoleCost, ...]:
        """What applies to a server that is a part of that cluster; what a fact decides that is not
        known is told with its case. `of`: only what that setting has to do with. `told_apart`:
        settings whose own costs are left out."""
        return tuple(
            each.told(facts)
            for each in self._applying(role, version, facts, cluster)
            if each.because_of not in told_apart and each.is_about(of)
        )

    def costs_of(
        self,
        setting: str,
        role: Role,
        version: NumericVersion,
        facts: RoleFacts,
        cluster: ClusterName | None = None,
    ) -> tuple[RoleCost, ...]:
        """What that setting alone has it cost."""
        return tuple(
            each.told(facts)
            for each in self._applying(role, version, facts, cluster)
            if each.because_of == setting
        )

    def effectless(self, setting: str, role: Role, facts: RoleFacts) -> WithoutEffect | None:
        """Why that setting is known to do nothing there; None where it may do something."""
        for entry in self.without_effect:
            if (entry.role, entry.setting) == (role, setting) and all_hold(entry.when, facts):
                return entry
        return None

    def goes_on_whole(
        self,
        role: Role,
        version: NumericVersion,
        facts: RoleFacts,
        cluster: ClusterName | None = None,
        of: str = "",
    ) -> bool:
        """Whether it is known that such a server loses nothing in the end by that setting."""
        applying = tuple(
            each for each in self._applying(role, version, facts, cluster) if each.is_about(of)
        )
        return bool(applying) and all(each.whole and each.is_sure(facts) for each in applying)

    def _applying(
        self, role: Role, version: NumericVersion, facts: RoleFacts, cluster: ClusterName | None
    ) -> Iterator[CostEntry]:
        """Each entry that may apply."""
        for entry in self.cost:
            if (
                entry.role == role
                and cluster not in entry.not_in
                and in_range(version, entry.since, entry.until)
                and all_hold(entry.asked(facts), facts)
            ):
                yield entry

    def asks(self, fact: str, role: Role, cluster: ClusterName | None) -> bool:
        """Whether what a crash costs such a server depends on that fact."""
        return any(
            entry.role == role and cluster not in entry.not_in and fact in entry.when
            for entry in self.cost
        )

    def where_changed(self, settable: Collection[str]) -> "RoleKnowledge":
        """The same where no other setting can be changed."""
        kept = tuple(each for each in self.note if each.setting in ("", *settable))
        return self.model_copy(update={"note": kept})

    def notes(self, role: Role) -> tuple[str, ...]:
        """What applies to every server in that role."""
        return tuple(entry.says for entry in self.note if entry.role == role)
