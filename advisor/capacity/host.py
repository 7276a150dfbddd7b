"""A server on the measured host, and the models that say what it sustains."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple

from advisor.analysis.storage import shared_devices
from advisor.capacity.bounds import (
    NO_LIMITS,
    NOTHING_MEASURED,
    Bound,
    BoundName,
    DriveSpeed,
    ProviderLimits,
    Storage,
    Work,
)
from advisor.capacity.group_commit import (
    CommitModel,
    Cpu,
    ModelResult,
    SyncLatencies,
    SyncsBesidePages,
    closed_loop,
    open_arrivals,
    sync_wait_us,
)
from advisor.capacity.latency import Latency
from advisor.capacity.page_load import NO_CHANGES, DataSet, PageChanges, PageLoad
from advisor.capacity.results import Assumed
from advisor.capacity.sustainable import ArrivalModel
from advisor.capacity.target_search import CLIENT_COUNTS, ClientModel
from advisor.capacity.workloads import Transaction
from advisor.errors import UsageError
from advisor.measurement import Measurement, Series
from advisor.model import Unknown
from advisor.rules.knowledge import Knowledge
from advisor.series_kind import OPERATIONS_PER_PAGE
from advisor.units import counted, format_latency
from advisor.vendors.commits import REPLACE_SYNCS, SEPARATE_FILES, CommitSequence
from advisor.vendors.pages import PageUse

SINGLE_ROW_PAGES: Final = PageChanges(1)
"""Our choice: a single-row write changes one page somewhere in the data."""

PAGES_BIND: Final = 0.5
"""The share of the drive's time."""
PAGE_BOUNDS: Final[frozenset[BoundName]] = frozenset(
    {"page writes", "page reads", "page writes and reads"}
)

ProgressCallback = Callable[[str], None]
"""Told what the model is about to be run for: a run may take half a second."""


@dataclass(frozen=True, slots=True)
class CapacityRequest:
    """What is asked of `capacity` beyond the serial bound. None: take what is known or assumed.

    Raises UsageError for a target with several workloads.
    """

    client_counts: tuple[int, ...] = CLIENT_COUNTS
    transactions: tuple[Transaction, ...] = ()
    on_references: bool = False
    cores: int | None = None
    cpu_us_per_txn: float | None = None
    """Of every transaction, whatever its workload."""
    cpu_curve: tuple[tuple[int, float], ...] = ()
    """(clients, that CPU time at so many), ascending; empty where it stays the same."""
    target_tps: float | None = None
    p99_limit_ms: float | None = None
    data: DataSet | None = None
    limits: ProviderLimits = NO_LIMITS
    rtt_us: float = 0.0
    """What each commit waits for a replica's answer."""

    def __post_init__(self) -> None:
        if self.target_tps is not None and len(self.transactions) > 1:
            raise UsageError("--target-tps goes with one workload at most", "name one --workload")


@dataclass(frozen=True, slots=True)
class ServerUse:
    """What a server makes of a commit: its syncs, its pages, its log."""

    sequence: CommitSequence
    pages: PageUse | None = None
    """None where there is no server in mind."""
    log_bytes: Assumed | None = None
    """Of one commit."""


class MeasuredLoad(NamedTuple):
    """Syncs that were measured beside page flushes, and how many pages that were."""

    log: Latency
    append: Latency | None
    pages_per_s: float
    alone_per_s: float | None
    """What the same drive flushes when it has nothing else to do."""

    @property
    def ops_per_s(self) -> float:
        """What its flushes are to a provider."""
        return self.pages_per_s * OPERATIONS_PER_PAGE

    def at_work(self, flush_us: float, others_us: float) -> SyncsBesidePages:
        """Beside transactions whose pages take `flush_us` of a drive that does nothing else: beside
        syncs they take longer, by as much as the flushes were slower than alone."""
        longer = max(1.0, (self.alone_per_s or 0.0) / self.pages_per_s)
        return SyncsBesidePages(self.log, self.append, flush_us * longer, others_us)


@dataclass(frozen=True, slots=True)
class ModelledHost:
    """A server on a host, and the models that say what it sustains."""

    sequence: CommitSequence
    drive: SyncLatencies
    cores: Assumed
    cpu_us_per_txn: Assumed
    cpu_curve: tuple[tuple[int, float], ...]
    storage: Storage
    holds_data: bool
    """Whether the data files are on the drive of the log."""
    log_bytes: Assumed | None
    """Of one single-row write, or, as given or observed, of any transaction; None where it is not
    known."""
    rtt_us: float
    clients: ClientModel
    arrivals: ArrivalModel
    load: MeasuredLoad | None = None
    """None where syncs under load were not measured."""

    def cpu(self, statements: float = 1) -> Cpu:
        """What a transaction costs: as given for any, else so many single-row writes."""
        if self.cpu_curve:
            return Cpu(self.cores.value, self.cpu_curve)
        given = self.cpu_us_per_txn.source == "as given"
        us = self.cpu_us_per_txn.value * (1 if given else statements)
        return Cpu(self.cores.value, ((1, us),))

    def busy_drive(self, transaction: Transaction | None = None) -> SyncLatencies:
        """The drive as it syncs while the server writes and reads the pages of single-row writes,
        or of the transactions."""
        work = self.work(0, transaction)
        beside = self._beside_pages(work)
        drive = replace(self.drive, beside_pages=beside)
        if not self.holds_data:
            return drive
        storage = self.storage
        operations = storage.read_operations(work) if beside else storage.page_operations(work)
        return replace(
            drive,
            page_us=storage.page_us(work),
            read_us=storage.read_us(work),
            page_operations=operations,
        )

    def _beside_pages(self, work: Work) -> SyncsBesidePages | None:
        """As measured, in which a provider's limit has its part already; None where that was not
        measured, no pages are flushed, or so many were as the provider does not allow for long."""
        load, flush_us = self.load, self.storage.flush_us(work)
        if load is None or not flush_us or not self.storage.allows(load.ops_per_s):
            return None
        return load.at_work(flush_us, self.storage.page_reads_us(work) if self.holds_data else 0.0)

    def commit_model(self, transaction: Transaction) -> CommitModel:
        if transaction.kind == "files":
            return CommitModel(SEPARATE_FILES, transaction.syncs, replaces=transaction.replaces)
        return self.commits()

    def commits(self) -> CommitModel:
        """One commit, as this server makes it."""
        return CommitModel(self.sequence, rtt_us=self.rtt_us)

    def bounds(
        self, group_size: float, transaction: Transaction | None = None
    ) -> tuple[Bound, ...]:
        """What limits the rate beside flush and cores, the least first: of single-row writes, or of
        the transactions; `group_size` of them share a sync."""
        return self.storage.bounds(self.work(group_size, transaction))

    def bounded(self, result: ModelResult, transaction: Transaction | None = None) -> ModelResult:
        """The result within the least of the bounds; who is held up longer waits as much longer."""
        for bound in self.bounds(result.group_size, transaction)[:1]:
            if bound.tps < result.tps:
                longer = result.tps / bound.tps
                return replace(
                    result,
                    tps=bound.tps,
                    p50_ms=result.p50_ms * longer,
                    p99_ms=result.p99_ms * longer,
                    bottleneck=bound.name,
                )
        return self._named_by_pages(result, transaction)

    def _named_by_pages(self, result: ModelResult, transaction: Transaction | None) -> ModelResult:
        """Where the drive is busier with pages than with syncs, they are what limits."""
        page_us = self.busy_drive(transaction).page_us
        if result.bottleneck != "flush" or result.tps * page_us < PAGES_BIND * 1e6:
            return result
        bounds = self.bounds(result.group_size, transaction)
        name = next(bound.name for bound in bounds if bound.name in PAGE_BOUNDS)
        return replace(result, bottleneck=name)

    @property
    def replace_us(self) -> Assumed:
        """What a durable replace of a file takes on this drive."""
        source = "as measured" if self.drive.replace else "assumed"
        return Assumed(value=self.drive.replace_us, source=source)

    @property
    def replace_is_low(self) -> bool:
        """Whether that is assumed from syncs of a log that does not grow."""
        return self.drive.replace is None and self.drive.append is None

    def wait_us(self, commit: CommitModel, drive: SyncLatencies) -> float:
        """What one transaction waits for if nobody else is there, in microseconds."""
        return sync_wait_us(commit, replace(drive, ops_per_s=self.storage.limits.ops_per_s))

    def elsewhere(self) -> "ModelledHost":
        """With data on another drive of the provider's, of which no speed is known."""
        return replace(self, storage=self.storage._replace(speed=NOTHING_MEASURED))

    def without_log(self) -> "ModelledHost":
        """With the data here alone, and the log on a drive of which no more than syncs is known."""
        speed = self.storage.speed._replace(write_bytes_per_s=None)
        storage = self.storage._replace(speed=speed)
        return replace(self, holds_data=False, storage=storage, load=None)

    def work(self, group_size: float, transaction: Transaction | None) -> Work:
        commits = 1 / group_size if group_size else 0.0
        if transaction is None:
            return Work(self._log_bytes(1, SINGLE_ROW_PAGES), SINGLE_ROW_PAGES, commits)
        if transaction.kind == "files":
            more = (REPLACE_SYNCS - 1) * transaction.replaces
            return Work(transaction.written_bytes, NO_CHANGES, transaction.syncs + more)
        log_bytes, changes = transaction.written_bytes, transaction.changes
        if log_bytes is None:
            log_bytes = self._log_bytes(transaction.statements, changes)
        return Work(log_bytes, changes, commits)

    def _log_bytes(self, statements: float, changes: PageChanges) -> float | None:
        """Of a transaction: as given or observed of any, else of its records and pages."""
        if self.log_bytes is None or self.log_bytes.source != "assumed":
            return self.log_bytes.value if self.log_bytes else None
        pages, data = self.storage.pages, self.storage.data
        if pages is None:
            return statements * self.log_bytes.value
        record_bytes = self.log_bytes.value - SINGLE_ROW_PAGES.total * pages.logged_page_bytes
        if data is None:  # and nobody knows which page changes again
            pages, data = pages._replace(checkpoint_log_bytes=None), DataSet(0)
        return PageLoad(changes, pages, data).log_bytes(statements * record_bytes)


def modelled_host(
    measurement: Measurement,
    server: ServerUse,
    knowledge: Knowledge,
    wanted: CapacityRequest,
    progress: ProgressCallback,
) -> ModelledHost:
    """The measured host, with what is wished or assumed of it. Its models tell what runs."""
    return ModelledHost(
        sequence=server.sequence,
        drive=drive_of(measurement),
        cores=_cores(measurement, knowledge, wanted),
        cpu_us_per_txn=_cpu_us_per_txn(knowledge, wanted),
        cpu_curve=wanted.cpu_curve,
        storage=Storage(_speed(measurement), wanted.limits, server.pages, wanted.data),
        holds_data=measurement.data_files is None or bool(shared_devices(measurement)),
        log_bytes=server.log_bytes,
        rtt_us=wanted.rtt_us,
        load=load_of(measurement),
        clients=_client_model(progress, wanted.limits.ops_per_s),
        arrivals=_arrival_model(progress, wanted.limits.ops_per_s),
    )


def _speed(measurement: Measurement) -> DriveSpeed:
    data = measurement.data_drive
    return DriveSpeed(
        write_bytes_per_s=measurement.fill.bytes_per_s if measurement.fill else None,
        page_writes_per_s=_ops_per_s(data.page_writes),
        page_reads_per_s=_ops_per_s(data.page_reads),
        page_flushes_per_s=_ops_per_s(data.page_flushes),
        page_read_us=data.page_reads.summary.min_us if data.page_reads else None,
    )


def _ops_per_s(series: Series | None) -> float | None:
    return None if series is None else series.summary.ops_per_s


def _client_model(progress: ProgressCallback, ops_per_s: float | None) -> ClientModel:
    """The closed model; each run is told, and made once. Every drive is the provider's."""

    @cache
    def model(commit: CommitModel, drive: SyncLatencies, cpu: Cpu, clients: int) -> ModelResult:
        progress(f"{counted(clients, 'client')}, {format_latency(drive.log.mean_us)} a sync")
        limited = replace(drive, ops_per_s=ops_per_s)
        return closed_loop(commit, limited, cpu, clients=clients)

    return model


def _arrival_model(progress: ProgressCallback, ops_per_s: float | None) -> ArrivalModel:
    """The open model; each run is told, and made once. Every drive is the provider's."""

    @cache
    def model(
        commit: CommitModel, drive: SyncLatencies, cpu: Cpu, arrivals_per_s: float
    ) -> ModelResult:
        progress(f"{arrivals_per_s:.0f} arrivals/s, {format_latency(drive.log.mean_us)} a sync")
        limited = replace(drive, ops_per_s=ops_per_s)
        return open_arrivals(commit, limited, cpu, arrivals_per_s=arrivals_per_s)

    return model


def drive_of(measurement: Measurement) -> SyncLatencies:
    """The latencies that commits wait for."""
    sync = measurement.effective_sync
    assert sync is not None  # else there is no serial bound, either
    append, replaces = measurement.append, measurement.durable_replaces
    return SyncLatencies(
        log=Latency.of_series(sync),
        append=Latency.of_series(append) if append else None,
        replace=Latency.of_series(replaces) if replaces else None,
    )


def load_of(measurement: Measurement) -> MeasuredLoad | None:
    """The latencies that commits wait for while pages of the same server are flushed."""
    log, append = measurement.primary_beside_pages, measurement.append_beside_pages
    if log is None or not log.background.ops_per_s:
        return None
    return MeasuredLoad(
        log=Latency.of_series(log),
        append=Latency.of_series(append) if append else None,
        pages_per_s=log.background.ops_per_s,
        alone_per_s=_ops_per_s(measurement.data_drive.page_flushes),
    )


def _cores(measurement: Measurement, knowledge: Knowledge, wanted: CapacityRequest) -> Assumed:
    if wanted.cores is not None:
        return Assumed(value=wanted.cores, source="as given")
    counted = measurement.environment.cpu_count
    if isinstance(counted, Unknown):
        return Assumed(value=knowledge.assumptions["cores"].value, source="assumed")
    return Assumed(value=counted, source="as measured")


def _cpu_us_per_txn(knowledge: Knowledge, wanted: CapacityRequest) -> Assumed:
    if wanted.cpu_us_per_txn is not None:
        return Assumed(value=wanted.cpu_us_per_txn, source="as given")
    return Assumed(value=knowledge.assumptions["cpu_us_per_txn"].value, source="assumed")
