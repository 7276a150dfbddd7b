"""What the capacity command says of a replica."""

from typing import Literal

from advisor.advice import RoleCost
from advisor.analysis.replica_accuracy import Accuracy
from advisor.capacity.bounds import BoundName
from advisor.capacity.group_commit import Bottleneck
from advisor.capacity.results import Assumed, CapacityPlan, PagesLeftOut
from advisor.durability import Durability
from advisor.model import Model

ApplyLimit = Literal[
    Bottleneck,
    "appliers",
    "coordinator",
    "source's parallelism",
    "cpu of one applier",
    "replay",
]
"""appliers: more of them apply more; coordinator: the one thread that hands transactions out; cpu
of one applier: no commit waits for a sync, and more of them apply no more."""


class AppliedRate(Model):
    """So many transactions per second applied, beside what the source commits."""

    appliers: int | None
    """None: one process replays the log."""
    applied_per_s: float
    """By the model."""
    at_least_per_s: float
    at_most_per_s: float
    """Where the model errs as it did on real pairs: in one of ten runs these were less, in one
    more."""
    limited_by: ApplyLimit
    keeps_up: bool | None
    """By that: True where as much as the source commits is applied at least, False where it is not
    even at most; None in between, and where what may hold it up was not measured."""
    lag_growth_s_per_min: float
    """By how much the lag grows, by the model; 0 where it keeps up."""
    catch_up_s: float | None
    """How long, by the model, catching up after the outage takes, while the source goes on; None
    where it never does."""


class RateLimit(Model):
    """Something else that applies less than the source commits."""

    name: ApplyLimit | BoundName
    applied_per_s: float


class FasterSync(AppliedRate):
    """On a drive whose syncs take less time."""

    sync_us: float
    times_shorter: int


class RelaxedCosts(Model):
    """What a lower durability class sets, and what a power loss then costs the replica."""

    settings: dict[str, str]
    role_costs: tuple[RoleCost, ...] = ()


class RelaxedReplica(RelaxedCosts, AppliedRate):
    """At a lower durability class in which a commit waits for fewer syncs."""

    durability: Durability
    syncs: int
    """That a commit waits for there."""
    with_binary_log: RelaxedCosts | None = None
    """The same class where more than one applier needs a binary log that this rate is without."""


class UnloggedReplica(AppliedRate):
    """Without a binary log of what it applies."""

    settings: dict[str, str]
    """What switches it off, and what is then advised at the same durability class."""
    syncs: int
    """That a commit waits for there."""
    role_costs: tuple[RoleCost, ...] = ()
    """What these cost, and the ones with that log do not."""
    relaxed: tuple[RelaxedReplica, ...] = ()


class Replayed(Model):
    """What one process replays of a transaction."""

    log_bytes: Assumed | None
    """None: it is not known."""
    page_reads: float
    """How many pages it has to read."""
    takes_each_page_as_first: bool = False
    """Whether each change is taken to be the first of its page after a checkpoint, which has the
    page logged whole: the data size, which says how many are, is not known."""
    reads_ahead: bool


class ReplicaAnswer(AppliedRate):
    """Whether a replica on this drive keeps up, and what would help."""

    source_tps: float
    outage_s: float
    accuracy: Accuracy
    other_limits: tuple[RateLimit, ...] = ()
    """What limits it beside `limited_by`, the least first."""
    left_out: tuple[PagesLeftOut, ...] = ()
    """What the data size asks for and was not measured: the answer is without it."""
    is_relaxed: bool = False
    """Whether no commit waits for a sync."""
    cpu_us_per_txn: Assumed
    """Of applying one."""
    appliers_setting: str | None = None
    """This and the next ones are None and empty where one process replays the log."""
    appliers_source: Literal["as given", "default"] | None = None
    appliers_need: tuple[str, ...] = ()
    """What the replica must be given before more than one of them has something to do."""
    log_setting: str | None = None
    """Whether it writes what it applies into a binary log of its own."""
    log_is_written: bool | None = None
    """Whether these figures are with that log."""
    log_source: Literal["as given", "default", "needed"] | None = None
    need_binary_log: bool = False
    """Whether the figures of more than one are with a binary log of the replica's, which they need
    and which it is not said to have."""
    binary_log_costs: tuple[RoleCost, ...] = ()
    """With `need_binary_log`: what a crash costs with that log, and does not without."""
    appliers_needed: int | None = None
    """The fewest of those tried that keep up; None where none do, or that is too close to tell."""
    lifted_by: str = ""
    """What lets appliers apply together more than what the source committed together; "" where they
    do."""
    source_clients_needed: int | None = None
    """With `lifted_by`: it keeps up if so many clients commit together on the source, and nobody
    has said how many do."""
    by_appliers: tuple[AppliedRate, ...] = ()
    replayed: Replayed | None = None
    """None where appliers apply."""
    lifted: AppliedRate | None = None
    """With `lifted_by`, where the source's parallelism is the limit."""
    faster_sync: FasterSync | None = None
    """None where that alone does not suffice, or none is needed."""
    unlogged: UnloggedReplica | None = None
    """None where it keeps up, has no such log, or its appliers need it."""
    relaxed: tuple[RelaxedReplica, ...] = ()
    relaxed_accuracy: Accuracy | None = None
    """None where nothing is relaxed until no commit waits for a sync."""
    notes: tuple[str, ...] = ()
    """What is taken for granted in these figures."""


class ReplicaPlan(CapacityPlan):
    """A capacity plan for a replica. All but `replica` is of a server that clients commit on: what
    this one is after a promotion."""

    replica: ReplicaAnswer
