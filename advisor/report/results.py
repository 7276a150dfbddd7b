"""What a report says, before anybody decides how it looks. JSON shows it as it is."""

from typing import Final, Literal

from advisor.advice import Advice, Loss
from advisor.analysis.description import Measured
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.soaking import SoakFindings
from advisor.analysis.storage import ReferenceStorage
from advisor.analysis.verdict import Verdict
from advisor.capacity.group_commit import Bottleneck
from advisor.capacity.policies import Policy
from advisor.capacity.results import CapacityPlan
from advisor.measurement import Measurement
from advisor.model import Model

SCHEMA_VERSION: Final = 1

ChangeKind = Literal["none", "drive", "log-device", "durability", "clients", "cores"]


class HistogramBucket(Model):
    """How many samples took from so long to less than so long."""

    from_us: float
    to_us: float
    samples: int


class Histogram(Model):
    """The latencies of one series, in buckets that are equally wide on a logarithmic axis."""

    series: str
    buckets: tuple[HistogramBucket, ...]
    """Ascending, without gaps."""


class Alternative(Model):
    """What is sustained with one thing different; first comes the host as it is."""

    kind: ChangeKind
    change: str
    clients: int
    tps: float
    p99_ms: float
    times: float
    """How many times as many as without the change."""
    bottleneck: Bottleneck
    serial_tps: float | None
    """Commits per second of one connection, if nothing but syncs took time; None without syncs."""
    losses: tuple[Loss, ...] = ()


class WorkloadHeadroom(Model):
    """How much of what a workload may use its target takes."""

    workload: str
    sustainable_tps: float
    """0 where the workload's target is missed with hardly anybody there."""
    wanted_tps: float | None
    used_percent: float | None
    """None where there is no target, or nothing can be sustained."""


class ServerReport(Model):
    """One server on the drive; without advice a commit that waits for one shared sync."""

    advice: Advice | None
    capacity: CapacityPlan
    headroom: tuple[WorkloadHeadroom, ...]
    alternatives: tuple[Alternative, ...]


class Report(Model):
    """All of it. Same measurement and same questions, same report."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    command: str
    """What makes this report again, as a shell takes it."""
    summary: tuple[str, ...]
    """Three sentences that are the answer."""
    measured: Measured
    measurement: Measurement
    """Without its samples, which stay in the file it was read from."""
    histogram: Histogram | None
    """None where no samples are known."""
    storage: Verdict
    host_findings: tuple[HostFinding, ...] = ()
    """For all its servers, the most severe first."""
    soak: SoakFindings | None = None
    """What the measurement's soak shows."""
    references: tuple[ReferenceStorage, ...]
    servers: tuple[ServerReport, ...]
    """Empty on a drive that is not durable: its speed says nothing."""
    policies: tuple[Policy, ...]
    """How an application persists events in files of its own; empty without a target rate."""
    notes: tuple[str, ...]
    """What the reader must know beside all that."""
