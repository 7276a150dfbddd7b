"""What `fleet recommend` says. JSON shows it as it is."""

from typing import Final, Literal

from advisor.advice import Advice
from advisor.fleet.results import Unread
from advisor.model import Model
from advisor.rules.catalogue import InAGroup
from advisor.units import Value
from advisor.vendors.names import VendorName

SCHEMA_VERSION: Final = 1


class Dissent(Model):
    """Hosts that are advised one and the same, and not what the others are."""

    rendered: str
    hosts: tuple[str, ...]


class GroupSetting(Model):
    """How a group came to one value, or why it has none."""

    setting: str
    in_a_group: InAGroup
    value: Value | None
    """None where each host has its own, or where the server derives it."""
    rendered: str
    emitted: bool
    """Whether a fragment has a line for it: the group's, or one of a host."""
    hosts: int
    """How many had a say."""
    how: str
    without_vote: tuple[str, ...] = ()
    """Hosts that decide other settings; for this one less was measured there."""
    dissent: tuple[Dissent, ...] = ()
    """By the number of hosts, the most first; only where they do not agree."""
    kept_instead_of: str | None = None
    """The new value, where the one in force is near enough."""


class LeftOut(Model):
    """A host that does not decide, and why."""

    host: str
    why: str


class GroupAdvice(Model):
    """One group: who decided, and on what."""

    name: str
    deciding: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    without_result: tuple[str, ...]
    unlike: tuple[str, ...]
    """Of hosts that are too few to find outliers among: who is far slower than another."""
    settings: tuple[GroupSetting, ...]
    own: dict[str, dict[str, str]]
    """Host -> what is its own: setting -> rendered value."""
    advice: Advice
    """All that its fragment says."""


class GroupWithout(Model):
    """A group of which no host decides, or whose hosts have no result."""

    name: str
    why: str
    left_out: tuple[LeftOut, ...]
    without_result: tuple[str, ...]


class FleetAdvice(Model):
    """All of it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    engine: VendorName
    groups: tuple[GroupAdvice, ...]
    without_advice: tuple[GroupWithout, ...]
    in_no_group: tuple[str, ...]
    """Files of hosts that are in none."""
    unread: tuple[Unread, ...]
