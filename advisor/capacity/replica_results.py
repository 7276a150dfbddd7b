"""What the capacity command says of a replica."""

from typing import Literal

from advisor.advice import RoleCost
from advisor.capacity.group_commit import Bottleneck
from advisor.capacity.results import Assumed, CapacityPlan
from advisor.durability import Durability
from advisor.model import Model

ApplyLimit = Literal[Bottleneck, "appliers", "coordinator", "source's parallelism", "replay"]
"""appliers: more of them apply more; coordinator: the one thread that hands transactions out."""


class AppliedRate(Model):
    """So many transactions per second applied, beside what the source commits."""

    appliers: int
    applied_per_s: float
    limited_by: ApplyLimit
    keeps_up: bool
    lag_growth_s_per_min: float
    """By how much the lag grows; 0 where it keeps up."""
    catch_up_s: float | None
    """How long catching up after the outage takes, while the source goes on; None where it never
    does."""


class FasterSync(AppliedRate):
    """On a drive whose syncs take less time."""

    sync_us: float
    times_shorter: int


class RelaxedReplica(AppliedRate):
    """At a lower durability class in which no commit waits for a sync."""

    durability: Durability
    settings: dict[str, str]
    role_costs: tuple[RoleCost, ...] = ()
    """What a power loss then costs the replica."""


class Replayed(Model):
    """What one process replays of a transaction."""

    log_bytes: Assumed | None
    """None: it is not known."""
    page_reads: float
    """How many pages it has to read."""
    are_reads_counted: bool
    """Whether their time is in the figures: it was measured, or none are read."""
    reads_ahead: bool


class ReplicaAnswer(AppliedRate):
    """Whether a replica on this drive keeps up, and what would help."""

    source_tps: float
    is_too_close_to_tell: bool
    """Whether what it applies is as near to that as the model usually is to real pairs."""
    outage_s: float
    appliers_setting: str | None
    """None: one process replays the log."""
    appliers_source: Literal["as given", "default"] | None
    appliers_needed: int | None
    """The fewest of those tried that keep up; None where none do."""
    appliers_surely_enough: int | None
    """The fewest of those that keep up by more than the model's usual error."""
    lifted_by: str
    """What lets appliers apply together more than what the source committed together; "" where they
    do."""
    cpu_us_per_txn: Assumed
    """Of applying one."""
    by_appliers: tuple[AppliedRate, ...]
    replayed: Replayed | None = None
    """None where appliers apply."""
    lifted: AppliedRate | None = None
    """With `lifted_by`, where the source's parallelism is the limit."""
    faster_sync: FasterSync | None = None
    """None where that alone does not suffice, or none is needed."""
    relaxed: tuple[RelaxedReplica, ...] = ()


class ReplicaPlan(CapacityPlan):
    """A capacity plan for a replica."""

    replica: ReplicaAnswer
