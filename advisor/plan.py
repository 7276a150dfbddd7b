"""Strings the pure steps of capacity planning together: Measurement + wishes -> CapacityPlan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from advisor.advice import Advice, Capacity, LowerDurability
from advisor.advise import Knowledge, advise, drive_capacity
from advisor.analysis.verdict import Verdict
from advisor.capacity.carrying import CLIENT_COUNTS, ClientModel, Setup, Wanted
from advisor.capacity.commit_paths import CommitKind, kind_by_syncs
from advisor.capacity.group_commit import (
    Cpu,
    Drive,
    Engine,
    Outcome,
    closed_loop,
    open_arrivals,
)
from advisor.capacity.latency import Latency
from advisor.capacity.results import (
    Assumed,
    CapacityPlan,
    GroupCommitPoint,
    OnReference,
    Sustained,
    Target,
    WorkloadCapacity,
)
from advisor.capacity.serial import SECONDS_PER_DAY
from advisor.capacity.standard_drives import (
    StandardDrive,
    append_factor,
    class_drives,
    reference_drives,
)
from advisor.capacity.sustainable import ArrivalModel, sustainable
from advisor.capacity.target import target
from advisor.capacity.workloads import Transaction
from advisor.durability import Durability
from advisor.errors import UsageError
from advisor.measurement import MEASURED, Measurement, Unknown
from advisor.request import Request
from advisor.units import format_latency

Report = Callable[[str], None]
"""Told what the model is about to be run for: a run may take half a second."""


@dataclass(frozen=True, slots=True)
class Wishes:
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

    def __post_init__(self) -> None:
        if self.target_tps is not None and len(self.transactions) > 1:
            raise UsageError("--target-tps goes with one workload at most", "name one --workload")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan rests on: the advice where there is a server in mind, else the drive alone."""

    advice: Advice | None
    verdict: Verdict
    capacity: Capacity
    notes: tuple[str, ...]
    kind: CommitKind
    durability: Durability
    offers: tuple[LowerDurability, ...]
    """The lower durability classes where a commit waits for no sync."""


@dataclass(frozen=True, slots=True)
class Host:
    """A server on a host, and the models that say what it carries."""

    kind: CommitKind
    drive: Drive
    cores: Assumed
    cpu_us_per_txn: Assumed
    cpu_curve: tuple[tuple[int, float], ...]
    clients: ClientModel
    arrivals: ArrivalModel

    def cpu(self, statements: float = 1) -> Cpu:
        """What a transaction costs: as given for any, else so many single-row writes."""
        if self.cpu_curve:
            return Cpu(self.cores.value, self.cpu_curve)
        given = self.cpu_us_per_txn.source == "as given"
        us = self.cpu_us_per_txn.value * (1 if given else statements)
        return Cpu(self.cores.value, ((1, us),))

    def engine(self, transaction: Transaction) -> Engine:
        if transaction.kind == "files":
            return Engine("separate-files", transaction.syncs)
        return Engine(self.kind)


def plan_capacity(
    measurement: Measurement,
    request: Request | None,
    syncs: tuple[int, ...] | None,
    knowledge: Knowledge,
    wishes: Wishes,
    report: Report,
) -> tuple[Verdict, CapacityPlan, tuple[str, ...]]:
    """The verdict, the plan and the notes. Pure, but that `report` is told.

    Raises what `advise` raises.
    """
    basis = basis_of(measurement, request, syncs, knowledge)
    host = host_of(measurement, basis.kind, knowledge, wishes, report)
    plan = plan_on(host, basis, measurement, wishes, knowledge)
    return basis.verdict, plan, basis.notes


def basis_of(
    measurement: Measurement,
    request: Request | None,
    syncs: tuple[int, ...] | None,
    knowledge: Knowledge,
) -> Basis:
    """Without a request a commit waits for one shared sync, as PostgreSQL's does.

    Raises what `advise` raises.
    """
    if request is None:
        verdict, capacity, notes = drive_capacity(measurement, knowledge.storage, syncs)
        return Basis(None, verdict, capacity, notes, "postgresql", "durable", ())
    advice = advise(measurement, request, knowledge)
    carried = advice.capacity
    assert carried is not None  # a drive without one is refused above
    return Basis(
        advice=advice,
        verdict=advice.storage,
        capacity=carried,
        notes=advice.warnings,
        kind=kind_by_syncs(request.vendor, carried.commit_syncs),
        durability=request.durability,
        offers=tuple(
            offer for offer in advice.lower_durability if offer.syncs_saved == carried.commit_syncs
        ),
    )


def host_of(
    measurement: Measurement,
    kind: CommitKind,
    knowledge: Knowledge,
    wishes: Wishes,
    report: Report,
) -> Host:
    """The measured host, with what is wished or assumed of it. Its models are told in `report`."""
    return Host(
        kind=kind,
        drive=_drive(measurement),
        cores=_cores(measurement, knowledge, wishes),
        cpu_us_per_txn=_cpu_us_per_txn(knowledge, wishes),
        cpu_curve=wishes.cpu_curve,
        clients=_client_model(report),
        arrivals=_arrival_model(report),
    )


def plan_on(
    host: Host, basis: Basis, measurement: Measurement, wishes: Wishes, knowledge: Knowledge
) -> CapacityPlan:
    """What the host carries, and who else carries the target."""
    factor = append_factor(host.drive)
    references = tuple(reference_drives(knowledge.storage.references, factor))
    asked: Target | None = None
    if wishes.target_tps is not None:
        setup, wanted = _wanted(host, wishes, wishes.target_tps)
        others = (*references, *class_drives(knowledge.storage.classes, factor))
        asked = target(setup, wanted, basis.durability, others, basis.offers, host.clients)
    on = references if wishes.on_references else ()
    return CapacityPlan(
        **dict(basis.capacity),
        commit_kind=host.kind,
        cores=host.cores,
        cpu_us_per_txn=host.cpu_us_per_txn,
        group_commit=tuple(_point(host, clients) for clients in wishes.client_counts),
        workloads=tuple(_workload(host, one, on) for one in wishes.transactions),
        target=asked,
        notes=(
            *_notes(host, basis.capacity, others=bool(asked or on)),
            *_tail_notes(measurement),
        ),
    )


def _notes(host: Host, capacity: Capacity, *, others: bool) -> Iterator[str]:
    if capacity.commit_syncs is None:
        yield "without --db a commit waits for one sync, shared as PostgreSQL shares it"
    binary_log = host.kind.endswith("binary-log")
    if binary_log and host.drive.append is None:
        yield "what a growing binary log costs was not measured; taken to be one sync of the log"
    if others:
        growing = ", a binary log's as many times longer as on this drive" if binary_log else ""
        yield f"of other storages a sync takes its mean, always{growing}; their tails are unknown"


def _tail_notes(measurement: Measurement) -> Iterator[str]:
    """A report may have a mean and no more; what is made of it must not look like a tail."""
    sync = measurement.nearest_sync
    if measurement.source != MEASURED and sync and sync.summary.p99_us is None:
        yield "of a sync only the mean is reported: p50 and p99 leave out what the drive varies"


def _point(host: Host, clients: int) -> GroupCommitPoint:
    outcome = host.clients(Engine(host.kind), host.drive, host.cpu(), clients)
    return GroupCommitPoint(
        clients=clients,
        tps=outcome.tps,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        commits_per_sync=outcome.group_size,
        bottleneck=outcome.bottleneck,
    )


def _workload(
    host: Host, transaction: Transaction, references: tuple[StandardDrive, ...]
) -> WorkloadCapacity:
    return WorkloadCapacity(
        **dict(_sustained(host, transaction, host.drive)),
        name=transaction.name,
        kind=transaction.kind,
        syncs=transaction.syncs,
        p99_target_ms=transaction.p99_target_ms,
        cpu_us_per_txn=host.cpu(transaction.statements).us_per_txn[0][1],
        references=tuple(
            OnReference(
                **dict(_sustained(host, transaction, reference.drive)),
                name=reference.name,
                description=reference.description,
                sync_us=reference.drive.log.mean_us,
            )
            for reference in references
        ),
    )


def _sustained(host: Host, transaction: Transaction, drive: Drive) -> Sustained:
    engine, cpu = host.engine(transaction), host.cpu(transaction.statements)
    found = sustainable(engine, drive, cpu, transaction.p99_target_ms, host.arrivals)
    rate = found.arrivals_per_s
    return Sustained(
        ceiling_tps=1e6 / (transaction.syncs * drive.log.mean_us),
        sustainable_tps=rate,
        per_day=rate * SECONDS_PER_DAY,
        records_per_s=transaction.records and rate * transaction.records,
        p50_ms=found.outcome.p50_ms,
        p99_ms=found.outcome.p99_ms,
        meets_target=found.meets_target,
    )


def _wanted(host: Host, wishes: Wishes, tps: float) -> tuple[Setup, Wanted]:
    """A single-row write, or the one workload that is asked for, with its own p99."""
    if not wishes.transactions:
        setup = Setup(Engine(host.kind), host.drive, host.cpu(), wishes.client_counts)
        return setup, Wanted(tps, wishes.p99_limit_ms)
    (one,) = wishes.transactions
    setup = Setup(host.engine(one), host.drive, host.cpu(one.statements), wishes.client_counts)
    return setup, Wanted(tps, wishes.p99_limit_ms or one.p99_target_ms)


def _client_model(report: Report) -> ClientModel:
    """The closed model; each run is told, and made once."""

    @cache
    def model(engine: Engine, drive: Drive, cpu: Cpu, clients: int) -> Outcome:
        report(f"{clients} clients, {format_latency(drive.log.mean_us)} a sync")
        return closed_loop(engine, drive, cpu, clients=clients)

    return model


def _arrival_model(report: Report) -> ArrivalModel:
    """The open model; each run is told, and made once."""

    @cache
    def model(engine: Engine, drive: Drive, cpu: Cpu, arrivals_per_s: float) -> Outcome:
        report(f"{arrivals_per_s:.0f} arrivals/s, {format_latency(drive.log.mean_us)} a sync")
        return open_arrivals(engine, drive, cpu, arrivals_per_s=arrivals_per_s)

    return model


def _drive(measurement: Measurement) -> Drive:
    sync = measurement.nearest_sync
    assert sync is not None  # else there is no serial bound, either
    append = measurement.find("append", "fdatasync")
    return Drive(
        log=Latency.of_series(sync),
        append=Latency.of_series(append) if append else None,
    )


def _cores(measurement: Measurement, knowledge: Knowledge, wishes: Wishes) -> Assumed:
    if wishes.cores is not None:
        return Assumed(value=wishes.cores, source="as given")
    counted = measurement.environment.cpu_count
    if isinstance(counted, Unknown):
        return Assumed(value=knowledge.assumptions["cores"].value, source="assumed")
    return Assumed(value=counted, source="as measured")


def _cpu_us_per_txn(knowledge: Knowledge, wishes: Wishes) -> Assumed:
    if wishes.cpu_us_per_txn is not None:
        return Assumed(value=wishes.cpu_us_per_txn, source="as given")
    return Assumed(value=knowledge.assumptions["cpu_us_per_txn"].value, source="assumed")
