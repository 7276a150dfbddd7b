"""The Advice: what to set, why, and what the drive sustains. Every output shows the same Advice."""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, PlainSerializer, PlainValidator

from advisor.analysis.description import Measured
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.verdict import Verdict
from advisor.cluster import ClusterDurability
from advisor.durability import Durability
from advisor.model import Model
from advisor.roles import Role
from advisor.units import Value
from advisor.vendors.names import ENGINES, Engine, ServiceName, VendorName
from advisor.versions import VersionText

SCHEMA_VERSION: Final = 1


class RuleId(NamedTuple):
    """Which rule; without `name`, all of a setting's. Printed as "ENGINE.SETTING.NAME"."""

    engine: Engine
    setting: str
    name: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.engine, self.setting, self.name) if part)


def _rule_id(value: object) -> RuleId:
    if isinstance(value, RuleId):
        return value
    engine, *names = str(value).split(".")
    for known in ENGINES:
        if engine == known and len(names) in (1, 2) and all(names):
            return RuleId(known, *names)
    raise ValueError(f"{value!r} is not a rule id")


RuleIdText = Annotated[RuleId, PlainValidator(_rule_id), PlainSerializer(str, return_type=str)]
"""A rule's id as a field: a string in the file."""


class Recommendation(Model):
    """Knowledge applied: one setting's value for one drive and one server, and why."""

    setting: str
    value: Value | None
    """In the server's own unit; the default where it is left, None where the server derives it."""
    unrounded: int | None = Field(default=None, exclude=True)
    """What it was before it became a value that one would type; None where that changed little."""
    unit: str
    rendered: str
    """In the notation of the server's configuration file; for a derived default, how."""
    default: Value | None
    default_note: str = ""
    rule: RuleIdText
    reason: str
    sources: tuple[str, ...]
    durability: Durability
    loss_window_ms: int | None
    loss_groups_max: int | None
    restart: bool
    persistable: bool
    """Whether MySQL's SET PERSIST takes it; true for the servers that have none."""
    group: str
    of_plugin: bool = False
    """Whether a plugin brings it, without which a server refuses the name."""
    leave_default: bool
    emitted: bool
    """Whether the fragment has a line for it."""

    @property
    def option(self) -> str:
        """Its name in an option file: a server without the plugin passes a loose_ one over."""
        return f"loose_{self.setting}" if self.of_plugin else self.setting


class Skip(Model):
    """A rule that could not be applied, and why."""

    rule: RuleIdText
    why: str


class Loss(Model):
    """What one relaxed setting may lose."""

    setting: str
    window_ms: int
    groups_max: int | None
    """At most that many commit groups, if they come before the window ends."""
    transactions_at_risk: float
    """Of one connection at the strict rate."""
    expected_transactions_at_risk: float | None
    """At the expected rate; None where `groups_max` ends it, for groups grow with connections."""
    rate_is_assumed: bool = False
    """Whether nobody named the expected rate, nor was one observed."""


class RoleCost(Model):
    """What a crash costs a server because of its role."""

    costs: str
    remedy: str
    sources: tuple[str, ...]


class LowerDurability(Model):
    """What a lower durability class would save on this drive, and its price."""

    durability: Durability
    settings: dict[str, str]
    """Only what would change: setting -> rendered value."""
    syncs_saved: int
    commit_us_saved: float | None
    """What one commit no longer waits, on one connection; None where it is unknown."""
    losses: tuple[Loss, ...]
    """Empty for a replica, whose source has what it loses."""
    role_costs: tuple[RoleCost, ...] = ()
    """Beside those that the settings advised have already."""


class SerialPoint(Model):
    """N syncs one after another on one connection."""

    syncs: int = Field(gt=0)
    tps: float
    per_day: float


class Capacity(Model):
    """What the drive sustains, one sync after another."""

    sync_us: float
    """Mean of one 8 KiB overwrite and fdatasync, or of what comes nearest in a report."""
    serial: tuple[SerialPoint, ...]
    commit_syncs: int | None = None
    """Syncs that one commit waits for with the advised settings."""
    commit_us: float | None = None
    """How long it waits for them, on one connection."""
    commit_tps: float | None = None
    """Commits per second of one connection, if nothing but the syncs (and a replica) took time."""
    ops_per_s_max: float | None = None
    """What the provider lets through, if somebody said so; a sync is one operation."""
    rtt_us: float = 0.0
    """What a commit waits for a replica's answer, after its syncs."""


class Advice(Model):
    """All of it. Same Measurement and same request, same Advice."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    engine: VendorName
    engine_version: VersionText
    version_source: str
    service: ServiceName | None = None
    """Who runs the server; None: whoever asks."""
    role: Role = "standalone"
    cluster: ClusterDurability | None = None
    """What its copies make of durability; None: it stands alone, as far as was said."""
    durability: Durability
    role_costs: tuple[RoleCost, ...] = ()
    """Of the settings advised; empty for a standalone server."""
    role_notes: tuple[str, ...] = ()
    measured: Measured
    storage: Verdict
    host_findings: tuple[HostFinding, ...] = ()
    """What the host does to a sync, the most severe first; for this server."""
    settings: tuple[Recommendation, ...]
    skipped: tuple[Skip, ...]
    lower_durability: tuple[LowerDurability, ...]
    capacity: Capacity | None
    """None on a drive that does not honour a flush: its speed says nothing."""
    warnings: tuple[str, ...]
