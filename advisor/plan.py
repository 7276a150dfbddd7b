"""Strings the pure steps of capacity planning together: Measurement + wishes -> CapacityPlan."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from advisor.advice import Capacity, LowerDurability
from advisor.advise import Knowledge, advise, drive_capacity
from advisor.analysis.storage import ReferenceStorage, StorageClass
from advisor.analysis.verdict import Verdict
from advisor.capacity.carrying import (
    CLIENT_COUNTS,
    Change,
    ClientModel,
    Setup,
    Wanted,
    another_drive,
    fewest_clients,
    more_clients,
    more_cores,
    no_waiting,
    remedies,
)
from advisor.capacity.group_commit import (
    CommitKind,
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
    Carrier,
    GroupCommitPoint,
    OnReference,
    Relaxation,
    Remedy,
    Sustained,
    Target,
    WorkloadCapacity,
)
from advisor.capacity.serial import SECONDS_PER_DAY
from advisor.capacity.sustainable import ArrivalModel, sustainable
from advisor.capacity.workloads import Transaction
from advisor.durability import Durability
from advisor.errors import UsageError
from advisor.measurement import Measurement, Unknown
from advisor.request import Request
from advisor.units import format_latency
from advisor.versions import Vendor

Report = Callable[[str], None]
"""Told what the model is about to be run for: each run may take half a second."""

THIS_DRIVE = "this drive"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of `capacity` beyond the serial bound. None: take what is known or assumed."""

    client_counts: tuple[int, ...] = CLIENT_COUNTS
    transactions: tuple[Transaction, ...] = ()
    on_references: bool = False
    cores: int | None = None
    cpu_us_per_txn: float | None = None
    """Of every transaction, whatever its workload."""
    target_tps: float | None = None
    p99_limit_ms: float | None = None


def plan_capacity(
    measurement: Measurement,
    request: Request | None,
    syncs: tuple[int, ...] | None,
    knowledge: Knowledge,
    wishes: Wishes,
    report: Report,
) -> tuple[Verdict, CapacityPlan, tuple[str, ...]]:
    """The verdict, the plan and the notes. Pure, but that `report` is told.

    Without a request a commit waits for one shared sync, as PostgreSQL's does. Raises what
    `advise` raises, and UsageError for a target with several workloads.
    """
    if request:
        advice = advise(measurement, request, knowledge)
        assert advice.capacity is not None  # a drive without one is refused above
        verdict, capacity, notes = advice.storage, advice.capacity, advice.warnings
        offers, durability = advice.lower_durability, request.durability
        kind = commit_kind(request.vendor, capacity.commit_syncs)
    else:
        verdict, capacity, notes = drive_capacity(measurement, knowledge.storage, syncs)
        offers, durability, kind = (), "durable", "postgresql"
    planner = _Planner(
        kind=kind,
        drive=_drive(measurement),
        cores=_cores(measurement, knowledge, wishes),
        cpu_us_per_txn=_cpu_us_per_txn(knowledge, wishes),
        wishes=wishes,
        knowledge=knowledge,
        clients=_client_model(report),
        arrivals=_arrival_model(report),
    )
    return verdict, planner.plan(capacity, durability, offers), notes


def commit_kind(vendor: Vendor, commit_syncs: int | None) -> CommitKind:
    """How that server commits when one commit waits for so many syncs.

    On MySQL and MariaDB the second sync is the binary log's, and a third one MariaDB's own.
    """
    if commit_syncs == 0:
        return "asynchronous"
    if vendor == "postgresql":
        return "postgresql"
    if commit_syncs == 1:
        return "innodb"
    return "mysql-binary-log" if vendor == "mysql" else "mariadb-binary-log"


@dataclass(frozen=True, slots=True)
class _Planner:
    """One server on one host, and the models that say what it carries."""

    kind: CommitKind
    drive: Drive
    cores: Assumed
    cpu_us_per_txn: Assumed
    wishes: Wishes
    knowledge: Knowledge
    clients: ClientModel
    arrivals: ArrivalModel

    def plan(
        self, capacity: Capacity, durability: Durability, offers: tuple[LowerDurability, ...]
    ) -> CapacityPlan:
        target = None
        if self.wishes.target_tps is not None:
            target = self._target(self.wishes.target_tps, durability, offers)
        return CapacityPlan(
            **dict(capacity),
            commit_kind=self.kind,
            cores=self.cores,
            cpu_us_per_txn=self.cpu_us_per_txn,
            group_commit=tuple(map(self._point, self.wishes.client_counts)),
            workloads=tuple(map(self._workload, self.wishes.transactions)),
            target=target,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        binary_log = self.kind.endswith("binary-log")
        if binary_log and self.drive.append is None:
            yield "what a growing binary log costs was not measured; taken to be the log's sync"
        if self.wishes.on_references or self.wishes.target_tps is not None:
            same = ", the same for a binary log" if binary_log else ""
            yield f"of other storages a sync takes its mean, always{same}: their tails are not known"

    def _cpu(self, statements: float = 1) -> Cpu:
        """What a transaction costs: as given for any, else by its statements."""
        given = self.wishes.cpu_us_per_txn is not None
        us = self.cpu_us_per_txn.value * (1 if given else statements)
        return Cpu(self.cores.value, ((1, us),))

    def _engine(self, transaction: Transaction) -> Engine:
        if transaction.kind == "files":
            return Engine("separate-files", transaction.syncs)
        return Engine(self.kind)

    def _point(self, clients: int) -> GroupCommitPoint:
        outcome = self.clients(Engine(self.kind), self.drive, self._cpu(), clients)
        return GroupCommitPoint(
            clients=clients,
            tps=outcome.tps,
            p50_ms=outcome.p50_ms,
            p99_ms=outcome.p99_ms,
            commits_per_sync=outcome.group_size,
            bottleneck=outcome.bottleneck,
        )

    def _workload(self, transaction: Transaction) -> WorkloadCapacity:
        references = self.knowledge.storage.references if self.wishes.on_references else ()
        return WorkloadCapacity(
            **dict(self._sustained(transaction, self.drive)),
            name=transaction.name,
            kind=transaction.kind,
            syncs=transaction.syncs,
            p99_target_ms=transaction.p99_target_ms,
            cpu_us_per_txn=self._cpu(transaction.statements).us_per_txn[0][1],
            references=tuple(self._on_reference(transaction, entry) for entry in references),
        )

    def _on_reference(self, transaction: Transaction, reference: ReferenceStorage) -> OnReference:
        drive = _reference_drive(reference)
        return OnReference(
            **dict(self._sustained(transaction, drive)),
            reference=reference.id,
            storage=reference.storage,
            sync_us=drive.log.mean_us,
        )

    def _sustained(self, transaction: Transaction, drive: Drive) -> Sustained:
        engine, cpu = self._engine(transaction), self._cpu(transaction.statements)
        found = sustainable(engine, drive, cpu, transaction.p99_target_ms, self.arrivals)
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

    def _target(
        self, tps: float, durability: Durability, offers: tuple[LowerDurability, ...]
    ) -> Target:
        setup, wanted = self._wanted(tps)
        here = self._carrier(THIS_DRIVE, self.drive, setup, wanted)
        storages = tuple(
            self._carrier(entry.id, _reference_drive(entry), setup, wanted, entry.storage)
            for entry in self.knowledge.storage.references
        )
        classes = tuple(
            self._carrier(name, Drive(Latency.constant(sync_us)), setup, wanted)
            for entry in self.knowledge.storage.classes
            for name, sync_us in _ends(entry)
        )
        relaxed = tuple(self._relaxed(setup, wanted, offers))
        found = ()
        if here.clients is None:
            changes = (
                _faster_drive(storages, classes, self.drive),
                *more_cores(setup.cpu, wanted),
                *[no_waiting(f"--durability {entry.durability}") for entry in relaxed[:1]],
                more_clients(setup.client_counts),
            )
            found = tuple(remedies(setup, wanted, changes, self.clients))
        return Target(
            tps=tps,
            p99_limit_ms=wanted.p99_limit_ms,
            durability=durability,
            clients_tried=setup.client_counts,
            here=here,
            storages=storages,
            classes=classes,
            relaxed=relaxed,
            remedies=tuple(
                Remedy(
                    changes=entry.changes,
                    clients=entry.outcome.clients,
                    tps=entry.outcome.tps,
                    p99_ms=entry.outcome.p99_ms,
                )
                for entry in found
            ),
        )

    def _wanted(self, tps: float) -> tuple[Setup, Wanted]:
        """A single-row write, or the one workload that is asked for, with its own p99."""
        limit_ms, counts = self.wishes.p99_limit_ms, self.wishes.client_counts
        match self.wishes.transactions:
            case ():
                setup = Setup(Engine(self.kind), self.drive, self._cpu(), counts)
            case (one,):
                cpu = self._cpu(one.statements)
                setup = Setup(self._engine(one), self.drive, cpu, counts)
                limit_ms = limit_ms or one.p99_target_ms
            case _:
                raise UsageError("--target-tps takes one workload at most")
        return setup, Wanted(tps, limit_ms)

    def _carrier(
        self, name: str, drive: Drive, setup: Setup, wanted: Wanted, description: str = ""
    ) -> Carrier:
        there = Setup(setup.engine, drive, setup.cpu, setup.client_counts)
        outcome = fewest_clients(there, wanted, self.clients)
        return Carrier(
            name=name,
            description=description,
            sync_us=drive.log.mean_us,
            clients=outcome and outcome.clients,
            tps=outcome and outcome.tps,
            p50_ms=outcome and outcome.p50_ms,
            p99_ms=outcome and outcome.p99_ms,
        )

    def _relaxed(
        self, setup: Setup, wanted: Wanted, offers: tuple[LowerDurability, ...]
    ) -> Iterable[Relaxation]:
        """The offers that leave no sync to wait for. Files of one's own have none."""
        if setup.engine.kind == "separate-files":
            return
        engine = Engine("asynchronous")
        there = Setup(engine, setup.drive, setup.cpu, setup.client_counts)
        outcome = fewest_clients(there, wanted, self.clients)
        for offer in offers:
            if offer.syncs_left == 0:
                yield Relaxation(
                    durability=offer.durability,
                    settings=offer.settings,
                    losses=offer.losses,
                    clients=outcome and outcome.clients,
                )


def _client_model(report: Report) -> ClientModel:
    @cache
    def model(engine: Engine, drive: Drive, cpu: Cpu, clients: int) -> Outcome:
        report(f"{clients} clients, {format_latency(drive.log.mean_us)} a sync")
        return closed_loop(engine, drive, cpu, clients=clients)

    return model


def _arrival_model(report: Report) -> ArrivalModel:
    @cache
    def model(engine: Engine, drive: Drive, cpu: Cpu, arrivals_per_s: float) -> Outcome:
        report(f"{arrivals_per_s:.0f}/s, {format_latency(drive.log.mean_us)} a sync")
        return open_arrivals(engine, drive, cpu, arrivals_per_s=arrivals_per_s)

    return model


def _drive(measurement: Measurement) -> Drive:
    assert measurement.primary is not None  # else there is no serial bound, either
    append = measurement.find("append", "fdatasync")
    return Drive(
        Latency.of_series(measurement.primary), append and Latency.of_series(append)
    )


def _reference_drive(reference: ReferenceStorage) -> Drive:
    """Of which only the mean of the classic 4 KiB test is known."""
    return Drive(Latency.constant(1e6 / reference.classic_4k_per_s))


def _ends(entry: StorageClass) -> Iterable[tuple[str, float]]:
    """A storage class at its best and at its worst."""
    if entry.typical_sync_us:
        for end, sync_us in zip(("at best", "at worst"), entry.typical_sync_us, strict=True):
            yield f"{entry.id} {end}", sync_us


def _faster_drive(
    storages: tuple[Carrier, ...], classes: tuple[Carrier, ...], drive: Drive
) -> Change:
    """The slowest storage that carries it alone, else the fastest there is."""
    named = [(f"reference storage {entry.name}", entry) for entry in storages]
    named += [(entry.name, entry) for entry in classes]
    carrying = [pair for pair in named if pair[1].clients is not None]
    if carrying:
        name, entry = max(carrying, key=lambda pair: pair[1].sync_us)
    else:
        name, entry = min(named, key=lambda pair: pair[1].sync_us)
    text = f"a drive like {name}, {format_latency(entry.sync_us)} a sync"
    return another_drive(text, Drive(Latency.constant(entry.sync_us)))


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
