"""A server on the measured host, and the models that say what it sustains."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from advisor.capacity.group_commit import (
    CommitModel,
    Cpu,
    ModelResult,
    SyncLatencies,
    closed_loop,
    open_arrivals,
)
from advisor.capacity.latency import Latency
from advisor.capacity.results import Assumed
from advisor.capacity.sustainable import ArrivalModel
from advisor.capacity.target_search import CLIENT_COUNTS, ClientModel
from advisor.capacity.workloads import Transaction
from advisor.errors import UsageError
from advisor.measurement import Measurement, Unknown
from advisor.rules.knowledge import Knowledge
from advisor.units import format_latency
from advisor.vendors.commits import SEPARATE_FILES, CommitSequence

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

    def __post_init__(self) -> None:
        if self.target_tps is not None and len(self.transactions) > 1:
            raise UsageError("--target-tps goes with one workload at most", "name one --workload")


@dataclass(frozen=True, slots=True)
class ModelledHost:
    """A server on a host, and the models that say what it sustains."""

    sequence: CommitSequence
    drive: SyncLatencies
    cores: Assumed
    cpu_us_per_txn: Assumed
    cpu_curve: tuple[tuple[int, float], ...]
    write_bytes_per_s: float | None
    """The drive's sequential bandwidth; None where it was not measured."""
    clients: ClientModel
    arrivals: ArrivalModel

    def cpu(self, statements: float = 1) -> Cpu:
        """What a transaction costs: as given for any, else so many single-row writes."""
        if self.cpu_curve:
            return Cpu(self.cores.value, self.cpu_curve)
        given = self.cpu_us_per_txn.source == "as given"
        us = self.cpu_us_per_txn.value * (1 if given else statements)
        return Cpu(self.cores.value, ((1, us),))

    def commit_model(self, transaction: Transaction) -> CommitModel:
        if transaction.kind == "files":
            return CommitModel(SEPARATE_FILES, transaction.syncs)
        return CommitModel(self.sequence)


def modelled_host(
    measurement: Measurement,
    sequence: CommitSequence,
    knowledge: Knowledge,
    wanted: CapacityRequest,
    progress: ProgressCallback,
) -> ModelledHost:
    """The measured host, with what is wished or assumed of it. Its models tell what runs."""
    return ModelledHost(
        sequence=sequence,
        drive=drive_of(measurement),
        cores=_cores(measurement, knowledge, wanted),
        cpu_us_per_txn=_cpu_us_per_txn(knowledge, wanted),
        cpu_curve=wanted.cpu_curve,
        write_bytes_per_s=measurement.fill.bytes_per_s if measurement.fill else None,
        clients=_client_model(progress),
        arrivals=_arrival_model(progress),
    )


def _client_model(progress: ProgressCallback) -> ClientModel:
    """The closed model; each run is told, and made once."""

    @cache
    def model(commit: CommitModel, drive: SyncLatencies, cpu: Cpu, clients: int) -> ModelResult:
        progress(f"{clients} clients, {format_latency(drive.log.mean_us)} a sync")
        return closed_loop(commit, drive, cpu, clients=clients)

    return model


def _arrival_model(progress: ProgressCallback) -> ArrivalModel:
    """The open model; each run is told, and made once."""

    @cache
    def model(
        commit: CommitModel, drive: SyncLatencies, cpu: Cpu, arrivals_per_s: float
    ) -> ModelResult:
        progress(f"{arrivals_per_s:.0f} arrivals/s, {format_latency(drive.log.mean_us)} a sync")
        return open_arrivals(commit, drive, cpu, arrivals_per_s=arrivals_per_s)

    return model


def drive_of(measurement: Measurement) -> SyncLatencies:
    """The latencies that commits wait for."""
    sync = measurement.effective_sync
    assert sync is not None  # else there is no serial bound, either
    append = measurement.append
    return SyncLatencies(
        log=Latency.of_series(sync),
        append=Latency.of_series(append) if append else None,
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
