"""Whether a replica keeps up with its source: how many transactions per second it applies. Pure.

Appliers (MySQL, MariaDB) take one transaction after another and commit in the source's order; each
commit waits for the syncs of its path, and shares them with the other appliers. That is the closed
loop of group_commit.py with appliers in place of clients. One thread hands the transactions out.
A standby of PostgreSQL is one process that replays the log: no commit there waits for a sync, so
that what counts are the bytes of log, and the pages that it has to read.

Assumed: transactions that change no row in common, which is what appliers can do side by side; a
receiver that keeps up. How near that comes to real pairs (tests/benchmarks/replica_lag/README.md)
is the range of each rate, and decides what is a yes and what a no. Where no commit waits for a
sync, several appliers are taken to apply no more than one: on those pairs they did not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from advisor.advice import RoleCost
from advisor.analysis.recovery import Replay
from advisor.analysis.replica_accuracy import Accuracy, AccuracyByCase
from advisor.capacity.bounds import Work
from advisor.capacity.commit_paths import CLIENT_SHARE
from advisor.capacity.group_commit import CommitModel, Cpu, SyncLatencies
from advisor.capacity.host import ModelledHost
from advisor.capacity.host_notes import binary_log_notes, page_notes, pages_left_out
from advisor.capacity.latency import Latency
from advisor.capacity.offers import Offer
from advisor.capacity.page_load import PageLoad
from advisor.capacity.replica_results import AppliedRate, ApplyLimit, RateLimit, Replayed
from advisor.capacity.results import Assumed, PagesLeftOut
from advisor.capacity.workloads import Transaction
from advisor.vendors.appliers import Appliers, Replaying
from advisor.vendors.base import Vendor
from advisor.vendors.commits import CommitSequence
from advisor.versions import NumericVersion

OUTAGE_S: Final = 3600
"""Our choice: an hour for which nothing is applied, and the source goes on."""

FEWEST_READS: Final = 0.005
"""Pages read for a transaction: fewer are none."""

OF_READS: Final = frozenset({"page reads", "page writes and reads"})
"""The bounds of a server's own reads; a standby reads fewer pages."""


class ReplicaQuestion(NamedTuple):
    """What is asked of a replica."""

    source_tps: float
    appliers: int | None = None
    """None: as many as by default."""
    source_clients: int | None = None
    """How many connections commit on the source at once; None where nobody says."""


class AdvisedCommits(NamedTuple):
    """How a replica commits with the settings advised, and what these cost it."""

    sequence: CommitSequence
    settings: Mapping[str, str] = {}
    """Setting -> its text, as advised."""
    costs: tuple[RoleCost, ...] = ()
    """What a crash costs the replica because of its role."""
    offers: tuple[Offer, ...] = ()


class ReplicaLog(NamedTuple):
    """Whether a replica writes what it applies into a binary log of its own, and how it commits
    with that log and without."""

    is_written: bool
    is_said: bool
    """False: it is the server's default."""
    written: AdvisedCommits
    not_written: AdvisedCommits

    def commits(self, *, is_written: bool) -> AdvisedCommits:
        return self.written if is_written else self.not_written


@dataclass(frozen=True, slots=True)
class ReplicaModel:
    """A replica on the modelled host."""

    host: ModelledHost
    replaying: Replaying
    log: ReplicaLog
    """Where appliers apply."""
    replay: Replay
    accuracy: AccuracyByCase
    question: ReplicaQuestion
    cpu: Cpu
    """What applying a transaction costs."""
    cpu_us_per_txn: Assumed
    transaction: Transaction | None = None
    """What the source commits; None: single-row writes."""

    def applied(
        self,
        appliers: int = 1,
        *,
        sequence: CommitSequence | None = None,
        sync_ratio: float = 1.0,
    ) -> AppliedRate:
        """How many transactions it applies, with so many appliers, with syncs that take
        `sync_ratio` of what this drive's do. `sequence`: how a commit goes; None: as advised."""
        least = self.limits(appliers, sequence=sequence, sync_ratio=sync_ratio)[0]
        return self._rate(
            least,
            None if self.replaying.appliers is None else appliers,
            self.accuracy_where(sequence or self.commits(appliers).sequence),
        )

    def limits(
        self,
        appliers: int = 1,
        *,
        sequence: CommitSequence | None = None,
        sync_ratio: float = 1.0,
    ) -> tuple[RateLimit, ...]:
        """All that is known to limit that rate, the least first."""
        kind = self.replaying.appliers
        if kind is None:
            found = [*self._of_replay()]
        else:
            how = sequence or self.commits(appliers).sequence
            found = [*self._of_appliers(kind, appliers, how, sync_ratio)]
        return tuple(sorted(found, key=lambda limit: limit.applied_per_s))

    def _of_appliers(
        self, kind: Appliers, appliers: int, sequence: CommitSequence, ratio: float
    ) -> Iterator[RateLimit]:
        host, is_synced = self.host, bool(sequence.stages)
        together = self._together(kind, appliers) if is_synced else 1
        drive = _shorter(host.busy_drive(self.transaction), ratio)
        alone = host.clients(CommitModel(sequence), drive, self.cpu, together)
        bounded = host.bounded(alone, self.transaction)
        waits = alone.bottleneck if bounded.tps < alone.tps else bounded.bottleneck
        limit: ApplyLimit = waits
        if waits == "clients":
            limit = "appliers" if is_synced else "cpu of one applier"
        # Whatever they wait for, more of them at once would share it.
        if is_synced and together < appliers and limit in ("appliers", "flush"):
            limit = "source's parallelism"
        yield RateLimit(name=limit, applied_per_s=alone.tps)
        handed_out_tps = 1e6 / (CLIENT_SHARE * self.cpu.at(together))
        yield RateLimit(name="coordinator", applied_per_s=handed_out_tps)
        for bound in host.bounds(alone.group_size, self.transaction):
            yield RateLimit(name=bound.name, applied_per_s=bound.tps)

    def _together(self, kind: Appliers, appliers: int) -> int:
        """How many of them ever have something to do."""
        clients = self.question.source_clients
        return min(appliers, clients) if kind.lifted_by and clients else appliers

    def writes_log(self, appliers: int) -> bool:
        """Whether so many write a binary log of what they apply: as is said, or as they must."""
        return self.log.is_written or (appliers > 1 and self.need_binary_log)

    def commits(self, appliers: int) -> AdvisedCommits:
        """How so many commit."""
        return self.log.commits(is_written=self.writes_log(appliers))

    @property
    def need_binary_log(self) -> bool:
        """Whether more than one has to log what it applies, and the replica is not said to."""
        kind = self.replaying.appliers
        return bool(kind and kind.needs_binary_log and not self.log.is_written)

    def accuracy_where(self, sequence: CommitSequence) -> Accuracy:
        """Of the runs that are most like commits that go so."""
        if self.replaying.appliers is not None:
            return self.accuracy["durable" if sequence.stages else "relaxed"]
        alone = not self.replaying.reads_ahead and self._reads(self._work) > 0
        return self.accuracy["replay-without-prefetch" if alone else "replay"]

    @property
    def left_out(self) -> tuple[PagesLeftOut, ...]:
        """What the data size asks for and was not measured."""
        found, speed = pages_left_out(self.host), self.host.storage.speed
        if self.replaying.appliers is not None:
            return found
        ahead, reads = self.replaying.reads_ahead, self._reads(self._work)
        is_measured = bool(speed.page_reads_per_s if ahead else speed.page_read_us)
        writes = tuple(name for name in found if name == "page writes")
        return ("page reads", *writes) if reads and not is_measured else writes

    @property
    def notes(self) -> tuple[str, ...]:
        """What is taken for granted."""
        logs = self.replaying.appliers is not None and any(
            self.commits(count).sequence.has_binary_log for count in (1, 2)
        )
        binary_log = binary_log_notes(self.host, has_binary_log=logs)
        return (*binary_log, *page_notes(self.host, self.left_out))

    @property
    def _work(self) -> Work:
        return self.host.work(0, self.transaction)

    def _of_replay(self) -> Iterator[RateLimit]:
        """By the one process: the processor's part, and the pages."""
        work, speed = self._work, self.host.storage.speed
        reads = self._reads(work)
        process_us = (work.log_bytes or 0.0) / self.replay.log_bytes_per_s * 1e6 + self.cpu.at(1)
        if self.replaying.reads_ahead:
            yield RateLimit(name="replay", applied_per_s=1e6 / process_us)
            if reads and speed.page_reads_per_s:
                yield RateLimit(name="page reads", applied_per_s=speed.page_reads_per_s / reads)
        else:
            read_us = reads * (speed.page_read_us or 0.0)
            name: ApplyLimit = "page reads" if read_us > process_us else "replay"
            yield RateLimit(name=name, applied_per_s=1e6 / (process_us + read_us))
        for bound in self.host.bounds(0, self.transaction):
            if bound.name not in OF_READS:
                yield RateLimit(name=bound.name, applied_per_s=bound.tps)

    def _reads(self, work: Work) -> float:
        """Pages that are read for a transaction; hardly any are none."""
        pages, data = self.host.storage.pages, self.host.storage.data
        if pages is None or data is None:
            return 0.0
        reads = PageLoad(work.changes, pages, data).read_in_replay(work.log_bytes)
        return reads if reads >= FEWEST_READS else 0.0

    def replayed(self) -> Replayed | None:
        """What the one process has to do for a transaction; None where appliers do it."""
        if self.replaying.appliers is not None:
            return None
        work, log = self._work, self.host.log_bytes
        pages, data = self.host.storage.pages, self.host.storage.data
        told = self.transaction.written_bytes if self.transaction else None
        assumed = told is None and log is not None and log.source == "assumed"
        logs_pages = bool(pages and pages.logged_page_bytes and work.changes.total)
        return Replayed(
            log_bytes=None if log is None else log.model_copy(update={"value": work.log_bytes}),
            takes_each_page_as_first=assumed and logs_pages and data is None,
            page_reads=self._reads(work),
            reads_ahead=self.replaying.reads_ahead,
        )

    def lifted(self, appliers: int) -> AppliedRate | None:
        """With as many at once as there are appliers; None where the source is not the limit."""
        if self.applied(appliers).limited_by != "source's parallelism":
            return None
        question = self.question._replace(source_clients=None)
        return replace(self, question=question).applied(appliers)

    def _rate(self, limit: RateLimit, appliers: int | None, accuracy: Accuracy) -> AppliedRate:
        source_tps, applied_per_s = self.question.source_tps, limit.applied_per_s
        spare_tps = applied_per_s - source_tps
        at_least_per_s = applied_per_s * accuracy.at_least
        at_most_per_s = applied_per_s * accuracy.at_most
        keeps_up: bool | None = None
        if at_most_per_s < source_tps:
            keeps_up = False
        elif at_least_per_s >= source_tps and not self.left_out:
            keeps_up = True
        return AppliedRate(
            appliers=appliers,
            applied_per_s=applied_per_s,
            at_least_per_s=at_least_per_s,
            at_most_per_s=at_most_per_s,
            limited_by=limit.name,
            keeps_up=keeps_up,
            lag_growth_s_per_min=max(0.0, 60 * (1 - applied_per_s / source_tps)),
            catch_up_s=OUTAGE_S * source_tps / spare_tps if spare_tps > 0 else None,
        )


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
    vendor: Vendor,
    version: NumericVersion,
    replay: Replay,
    accuracy: AccuracyByCase,
    question: ReplicaQuestion,
    transaction: Transaction | None,
    log: ReplicaLog,
) -> ReplicaModel:
    """With what applying costs: as given for any transaction, else as it was measured."""
    statements = transaction.statements if transaction else 1
    if host.cpu_us_per_txn.source == "as given":
        cpu, assumed = host.cpu(statements), host.cpu_us_per_txn
    else:
        us = replay.applied_us_per_txn * statements
        cpu, assumed = Cpu(host.cores.value, ((1, us),)), Assumed(value=us, source="assumed")
    return ReplicaModel(
        host=host,
        replaying=vendor.replaying(version),
        log=log,
        replay=replay,
        accuracy=accuracy,
        question=question,
        cpu=cpu,
        cpu_us_per_txn=assumed,
        transaction=transaction,
    )
