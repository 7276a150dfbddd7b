"""What an audit reports. Every output shows the same Audit."""

from typing import Final, Literal, get_args

from advisor.advice import RuleIdText
from advisor.analysis.description import Measured
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.server_counts import ServerCounters
from advisor.analysis.trust import Trust
from advisor.cluster import ClusterDurability
from advisor.durability import Durability
from advisor.model import Model
from advisor.roles import Role
from advisor.server_activity import Activity
from advisor.server_state import Origin
from advisor.vendors.names import ServiceName, VendorName

Severity = Literal[
    "corruption-risk", "data-loss", "outage", "prevents-start", "performance", "note"
]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The most severe first: what can corrupt a database can lose all of it. outage: a server that runs
completes no commit."""

SEVERITY_OF: Final[dict[Durability, Severity]] = {
    "durable": "performance",
    "loses-recent-on-power-loss": "data-loss",
    "loses-recent-on-crash": "data-loss",
    "can-corrupt": "corruption-risk",
}
"""What a value risks -> how severe it is that a server has it."""


LostFrom = Literal["the server", "the binary log"]
"""What then lacks the commits: all of it, or the binary log, whose latest alone the tables lack,
too."""


class AtRisk(Model):
    """What a value may lose."""

    window_ms: int
    groups_max: int | None
    """At most that many commit groups, if they come before the window ends."""
    transactions: float | None
    """Of the window, at the rate below; None where `groups_max` ends it."""
    commits_per_s: float
    rate_from: str
    lost_from: LostFrom = "the server"


class Finding(Model):
    """One setting that a server should have otherwise, and why."""

    severity: Severity
    setting: str
    current: str
    """In the notation of the server's configuration file; "" for a line of a name alone that the
    server refuses."""
    origin: Origin
    place: str
    """"FILE:LINE" or a role and database; "" where nothing says."""
    recommended: str
    reason: str
    sources: tuple[str, ...]
    price: str = ""
    """What the recommended value costs; "" where there is nothing to say."""
    at_risk: AtRisk | None = None
    """What the current value may lose, where it is the latest commits."""
    durability: Durability
    """Of the current value."""
    restart: bool
    change: str
    """How to change it on this server: SQL, or which file."""
    rule: RuleIdText | None = None
    """The rule that the recommended value comes from; None where a red line alone says so."""
    counter: str = ""
    """The check of profiles/counters.toml that the server's own counters gave rise to."""

    @property
    def shown(self) -> str:
        """The setting and its value, or the line that a server cannot read."""
        if self.current.replace("=", " ").split()[:1] == [self.setting]:
            return self.current
        return f"{self.setting} = {self.current}" if self.current else self.setting


class Headroom(Model):
    """How much of what the drive sustains one after another is in use."""

    used_percent: float
    """Of the time, the drive is busy with the syncs counted."""
    sync_us: float
    syncs_per_s_max: float
    """Of the log alone, one after another."""
    append_us: float | None
    sync_us_from: Literal["measured", "observed"] = "measured"
    """Under the load of the server itself, or of a drive with nothing else to do."""


class Audit(Model):
    """All of it."""

    schema_version: Literal[1] = 1
    tool_version: str
    engine: VendorName
    engine_version: str
    version_source: str
    service: ServiceName | None = None
    """Who runs the server; None: nobody but its owner, as far as it shows."""
    role: Role | None = None
    """None: it is not known."""
    role_source: str = ""
    """How the role is known, or why it is not."""
    cluster: ClusterDurability | None = None
    """What its copies make of durability; None: it stands alone, as far as it shows."""
    durability: Durability
    measured: Measured | None
    """None: no measurement was given, and no rule that needs one was applied."""
    trust: Trust | None = None
    """In the measured drive."""
    findings: tuple[Finding, ...]
    host_findings: tuple[HostFinding, ...] = ()
    """Of the measured drive and its host; those that are harmful count as findings."""
    settings_compared: int
    activity: Activity | None
    counters: ServerCounters | None = None
    """None: nobody watched."""
    headroom: Headroom | None
    missing_files: tuple[str, ...] = ()
    """What the configuration files include and is not here."""
    notes: tuple[str, ...]

    @property
    def counted(self) -> tuple[Severity, ...]:
        """How severe each finding is, those of the host that cost data among them."""
        harms = [each.harm for each in self.host_findings if each.harm]
        return (*(each.severity for each in self.findings), *harms)
