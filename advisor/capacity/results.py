"""What the capacity command says: the serial bound, and what connections sustain together."""

from typing import Final, Literal

from pydantic import Field

from advisor.advice import Capacity, Loss
from advisor.capacity.bounds import Bound
from advisor.capacity.group_commit import Bottleneck
from advisor.capacity.workloads import WorkloadKind
from advisor.durability import Durability
from advisor.model import Model

SCHEMA_VERSION: Final = 1

PagesLeftOut = Literal["page reads", "page writes"]


class Assumed(Model):
    """A figure of the host that the model needs, and where it comes from."""

    value: float
    source: Literal["as given", "as measured", "as observed", "assumed"]


class GroupCommitPoint(Model):
    """So many clients, each committing again as soon as it may."""

    clients: int
    tps: float
    p50_ms: float
    p99_ms: float
    commits_per_sync: float
    bottleneck: Bottleneck


class Sustained(Model):
    """What one drive makes of a workload whose transactions arrive at random."""

    ceiling_tps: float
    """The serial bound: all its syncs one after another on one connection, and nothing else."""
    sustainable_tps: float
    """The highest arrival rate at which p99 stays within the target; 0 where the target is missed
    with hardly anybody there."""
    per_day: float
    records_per_s: float | None
    p50_ms: float
    p99_ms: float
    """At the sustainable rate; where there is none, of a transaction alone."""
    meets_target: bool
    bounds: tuple[Bound, ...] = ()
    """What else limits the rate, as far as it is known, the least first; of a reference storage
    nothing is."""


class OnReference(Sustained):
    """The same workload on a reference storage, of which only the mean latency is known."""

    name: str
    description: str
    sync_us: float


class WorkloadCapacity(Sustained):
    """A workload on the measured drive, and on the reference storages where they were asked for."""

    name: str
    kind: WorkloadKind
    syncs: int
    p99_target_ms: float
    cpu_us_per_txn: float
    replaces: int = 0
    """Of its syncs: durable replaces of a file."""
    replace_us: Assumed | None = None
    """What each of these takes; assumed: two syncs of a file that grows. None without them."""
    replace_is_low: bool = False
    """Whether it is assumed from syncs of a file that does not grow, for want of others."""
    references: tuple[OnReference, ...] = ()


class StorageResult(Model):
    """Whether a drive sustains the target, and with how many clients at the least."""

    name: str
    description: str = ""
    sync_us: float
    clients: int | None
    """None where no number of clients does."""
    bound: Bound | None = None
    """What rules the target out, whatever the clients."""
    tps: float | None
    p50_ms: float | None
    p99_ms: float | None


class Relaxation(Model):
    """The target on this drive at a lower durability class."""

    durability: Durability
    settings: dict[str, str]
    losses: tuple[Loss, ...]
    """What may be lost; at the expected rate, which is the target's."""
    clients: int | None


class Remedy(Model):
    """Changes that together make the measured drive's host sustain the target."""

    changes: tuple[str, ...] = Field(min_length=1)
    clients: int
    tps: float
    p99_ms: float


class TargetResult(Model):
    """What sustains so many transactions per second within that p99."""

    tps: float
    p99_limit_ms: float | None
    durability: Durability
    clients_tried: tuple[int, ...]
    here: StorageResult
    storages: tuple[StorageResult, ...]
    """The reference drives, and each storage class at its best and at its worst."""
    relaxed: tuple[Relaxation, ...]
    remedies: tuple[Remedy, ...]
    """Empty where the drive sustains it as it is, or where no two changes help."""
    left_out: tuple[PagesLeftOut, ...] = ()
    """What the data size asks for and was not measured: the answer is without it."""


class SeparateLog(Model):
    """Single-row commits per second with the log beside the data, and on a drive of its own."""

    clients: int
    together_tps: float
    apart_tps: float
    is_apart: bool
    """Whether the log has been measured on its own drive; else that is one like the data's."""
    is_measured: bool = False
    """Whether syncs beside page flushes were measured, too; else the model makes them from idle
    drives."""


class ObservedUse(Model):
    """How a server used the drive while it was observed, and what that leaves."""

    interval_s: float
    commits_per_s: float
    syncs_per_commit: float
    """Of the log and the binary log together; commits at the same time share them."""
    sync_busy_percent: float
    """Of the time, the drive was at these syncs."""
    commits_per_s_max: float | None
    """Where it is at them all the time, with as many syncs per commit. More connections at the same
    time share more of them, and so may exceed it. None where syncs overlapped, and each had to wait
    for others: then their times do not add up to the drive's."""


class CapacityPlan(Capacity):
    """All of it. `serial` and what one commit waits for are those of every Capacity."""

    schema_version: Literal[1] = SCHEMA_VERSION
    commit_kind: str
    """The way to commit, by the name that advisor/vendors gives it."""
    cores: Assumed
    cpu_us_per_txn: Assumed
    group_commit: tuple[GroupCommitPoint, ...]
    workloads: tuple[WorkloadCapacity, ...]
    separate_log: SeparateLog | None = None
    """None where the size of the data is not given, or what its pages take is not known."""
    target: TargetResult | None = None
    observed: ObservedUse | None = None
    """Where the drive was observed under a server's load."""
    notes: tuple[str, ...] = ()
    """What is taken for granted in these figures."""
