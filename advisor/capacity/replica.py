"""Whether a replica keeps up with its source: how many transactions per second it applies. Pure.

Appliers (MySQL, MariaDB) take one transaction after another and commit in the source's order; each
commit waits for the syncs of its path, and shares them with the other appliers. That is the closed
loop of group_commit.py with appliers in place of clients. One thread hands the transactions out.
A standby of PostgreSQL is one process that replays the log: no commit there waits for a sync, so
that what counts are the bytes of log, and the pages that it has to read.

Assumed: transactions that change no row in common, which is what appliers can do side by side; a
receiver that keeps up. How near that comes to real pairs: tests/benchmarks/replica_lag/README.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from advisor.advice import LowerDurability
from advisor.analysis.recovery import Replay
from advisor.capacity.bounds import Bound, Work, distinct_share, reads_per_change
from advisor.capacity.commit_paths import CLIENT_SHARE
from advisor.capacity.group_commit import CommitModel, Cpu, SyncLatencies
from advisor.capacity.host import ModelledHost
from advisor.capacity.latency import Latency
from advisor.capacity.replica_results import (
    AppliedRate,
    ApplyLimit,
    FasterSync,
    RelaxedReplica,
    Replayed,
    ReplicaAnswer,
)
from advisor.capacity.results import Assumed
from advisor.capacity.workloads import Transaction
from advisor.vendors.appliers import Appliers, Replaying
from advisor.vendors.commits import ASYNCHRONOUS

CLOSE: Final = 1.15
"""One rate over the other: nearer than that, the model's median error decides."""
OUTAGE_S: Final = 3600
"""Our choice: an hour for which nothing is applied, and the source goes on."""

APPLIER_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64)
SHORTER_SYNCS: Final = (2, 4, 8, 16, 32, 64)
"""How many times as short a sync is tried."""

OF_READS: Final = frozenset({"page reads", "page writes and reads"})
"""The bounds of a server's own reads; a standby reads fewer pages."""


class ReplicaQuestion(NamedTuple):
    """What is asked of a replica."""

    source_tps: float
    appliers: int | None = None
    """None: as many as by default."""
    source_clients: int | None = None
    """How many connections commit on the source at once; None where nobody says."""


@dataclass(frozen=True, slots=True)
class ReplicaModel:
    """A replica on the modelled host."""

    host: ModelledHost
    replaying: Replaying
    replay: Replay
    question: ReplicaQuestion
    cpu: Cpu
    """What applying a transaction costs."""
    cpu_us_per_txn: Assumed
    transaction: Transaction | None = None
    """What the source commits; None: single-row writes."""

    def applied(
        self, appliers: int = 1, *, is_synced: bool = True, sync_ratio: float = 1.0
    ) -> AppliedRate:
        """How many transactions it applies, with so many appliers, with syncs that take
        `sync_ratio` of what this drive's do, or none at all."""
        if self.replaying.appliers is None:
            return self._replayed()
        sequence = self.host.sequence if is_synced else ASYNCHRONOUS
        drive = self.host.busy_drive(self.transaction)
        together = self._together(self.replaying.appliers, appliers)
        model = self.host.clients(
            CommitModel(sequence), _shorter(drive, sync_ratio), self.cpu, together
        )
        found = self.host.bounded(model, self.transaction)
        limit: ApplyLimit = "appliers" if found.bottleneck == "clients" else found.bottleneck
        handed_out_tps = 1e6 / (CLIENT_SHARE * self.cpu.at(together))
        if handed_out_tps < found.tps:
            return self._rate(appliers, handed_out_tps, "coordinator")
        # Whatever they wait for, more of them at once would share it.
        if together < appliers and limit in ("appliers", "flush"):
            limit = "source's parallelism"
        return self._rate(appliers, found.tps, limit)

    def _together(self, kind: Appliers, appliers: int) -> int:
        """How many of them ever have something to do."""
        clients = self.question.source_clients
        return min(appliers, clients) if kind.lifted_by and clients else appliers

    def _replayed(self) -> AppliedRate:
        """By the one process: the processor's part, and the pages."""
        work, speed = self.host.work(0, self.transaction), self.host.storage.speed
        reads = self._reads(work)
        process_us = (work.log_bytes or 0.0) / self.replay.log_bytes_per_s * 1e6 + self.cpu.at(1)
        limits: list[tuple[float, ApplyLimit]] = []
        if self.replaying.reads_ahead:
            read_us = reads * 1e6 / speed.page_reads_per_s if speed.page_reads_per_s else 0.0
            limits += [(process_us, "replay"), (read_us, "page reads")]
        else:
            read_us = reads * (speed.page_read_us or 0.0)
            limits.append(
                (process_us + read_us, "page reads" if read_us > process_us else "replay")
            )
        limits += [(1e6 / bound.tps, bound.name) for bound in self._bounds()]
        longest_us, limit = max(limits)
        return self._rate(1, 1e6 / longest_us, limit)

    def _reads(self, work: Work) -> float:
        """Pages that are read for a transaction. What changes first after a checkpoint is in the
        log as a whole, and is not read."""
        pages, data = self.host.storage.pages, self.host.storage.data
        if not (pages and data and pages.checkpoint_log_bytes and work.log_bytes):
            return 0.0
        changes = pages.checkpoint_log_bytes / work.log_bytes * work.random_pages
        first = distinct_share(changes, data.data_bytes / pages.page_bytes, data)
        return work.random_pages * reads_per_change(pages, data) * (1 - first)

    def replayed(self) -> Replayed | None:
        """What the one process has to do for a transaction; None where appliers do it."""
        if self.replaying.appliers is not None:
            return None
        work, speed = self.host.work(0, self.transaction), self.host.storage.speed
        reads, ahead, log = self._reads(work), self.replaying.reads_ahead, self.host.log_bytes
        is_measured = bool(speed.page_reads_per_s if ahead else speed.page_read_us)
        return Replayed(
            log_bytes=None if log is None else log.model_copy(update={"value": work.log_bytes}),
            page_reads=reads,
            are_reads_counted=is_measured or reads == 0,
            reads_ahead=ahead,
        )

    def lifted(self, appliers: int) -> AppliedRate | None:
        """With as many at once as there are appliers; None where the source is not the limit."""
        if self.applied(appliers).limited_by != "source's parallelism":
            return None
        question = self.question._replace(source_clients=None)
        return replace(self, question=question).applied(appliers)

    def _bounds(self) -> Iterator[Bound]:
        bounds = self.host.bounds(0, self.transaction)
        return (bound for bound in bounds if bound.name not in OF_READS)

    def _rate(self, appliers: int, applied_per_s: float, limit: ApplyLimit) -> AppliedRate:
        source_tps = self.question.source_tps
        spare_tps = applied_per_s - source_tps
        return AppliedRate(
            appliers=appliers,
            applied_per_s=applied_per_s,
            limited_by=limit,
            keeps_up=spare_tps >= 0,
            lag_growth_s_per_min=max(0.0, 60 * (1 - applied_per_s / source_tps)),
            catch_up_s=OUTAGE_S * source_tps / spare_tps if spare_tps > 0 else None,
        )


def replica_answer(model: ReplicaModel, offers: Iterable[LowerDurability]) -> ReplicaAnswer:
    """Whether it keeps up, and what would help. `offers`: the durability classes in which no commit
    waits for a sync."""
    question, kind = model.question, model.replaying.appliers
    if kind is None:
        here = model.applied()
        return _answer(model, here, by_appliers=(here,))
    count = max(1, kind.default_count if question.appliers is None else question.appliers)
    counts = sorted({*APPLIER_COUNTS, count})
    by_appliers = tuple(map(model.applied, counts))
    here = by_appliers[counts.index(count)]
    if here.keeps_up:
        return _answer(model, here, by_appliers)
    return _answer(
        model,
        here,
        by_appliers,
        faster_sync=_faster_sync(model, count),
        relaxed=tuple(
            RelaxedReplica(
                **dict(model.applied(count, is_synced=False)),
                durability=offer.durability,
                settings=offer.settings,
                role_costs=offer.role_costs,
            )
            for offer in offers
        ),
    )


def _answer(
    model: ReplicaModel,
    here: AppliedRate,
    by_appliers: tuple[AppliedRate, ...],
    faster_sync: FasterSync | None = None,
    relaxed: tuple[RelaxedReplica, ...] = (),
) -> ReplicaAnswer:
    kind, question = model.replaying.appliers, model.question
    return ReplicaAnswer(
        **dict(here),
        source_tps=question.source_tps,
        is_too_close_to_tell=1 / CLOSE < here.applied_per_s / question.source_tps < CLOSE,
        outage_s=OUTAGE_S,
        appliers_setting=kind and kind.setting,
        appliers_source=kind and ("default" if question.appliers is None else "as given"),
        appliers_needed=next((rate.appliers for rate in by_appliers if rate.keeps_up), None),
        appliers_surely_enough=next(
            (
                rate.appliers
                for rate in by_appliers
                if rate.applied_per_s >= CLOSE * question.source_tps
            ),
            None,
        ),
        lifted_by=kind.lifted_by if kind else "",
        cpu_us_per_txn=model.cpu_us_per_txn,
        by_appliers=by_appliers,
        replayed=model.replayed(),
        lifted=None if here.keeps_up else model.lifted(here.appliers),
        faster_sync=faster_sync,
        relaxed=relaxed,
    )


def _faster_sync(model: ReplicaModel, appliers: int) -> FasterSync | None:
    """The slowest drive of those tried with which so many appliers keep up."""
    for times in SHORTER_SYNCS:
        found = model.applied(appliers, sync_ratio=1 / times)
        if found.keeps_up:
            sync_us = model.host.drive.log.mean_us / times
            return FasterSync(**dict(found), sync_us=sync_us, times_shorter=times)
    return None


def _shorter(drive: SyncLatencies, ratio: float) -> SyncLatencies:
    """The drive with syncs that take that part of their time; how they fare beside page flushes is
    known of this drive alone."""
    if ratio == 1:
        return drive

    def scaled(latency: Latency) -> Latency:
        return Latency(tuple(us * ratio for us in latency.ordered_us))

    append = drive.append and scaled(drive.append)
    return replace(drive, log=scaled(drive.log), append=append, beside_pages=None)


def replica_model(
    host: ModelledHost,
    replaying: Replaying,
    replay: Replay,
    question: ReplicaQuestion,
    transaction: Transaction | None,
) -> ReplicaModel:
    """With what applying costs: as given for any transaction, else as it was measured."""
    statements = transaction.statements if transaction else 1
    if host.cpu_us_per_txn.source == "as given":
        cpu, assumed = host.cpu(statements), host.cpu_us_per_txn
    else:
        us = replay.applied_us_per_txn * statements
        cpu, assumed = Cpu(host.cores.value, ((1, us),)), Assumed(value=us, source="assumed")
    return ReplicaModel(host, replaying, replay, question, cpu, assumed, transaction)
