"""Commits that share syncs: clients in a closed loop, or random arrivals, on one drive.

A transaction takes CPU time, then commits: it waits for a sync, which serves everybody who was
ready when it began; who comes later waits for the next. Simulated event by event are that and the
queue for the cores, in which those that a sync has served compete with whoever leads the next one.

Assumed: rows that nobody else locks, no other load; latencies that do not depend on how much one
sync writes, nor on each other; pages that are written and read all the time take their share of the
drive from the syncs, unless syncs were measured beside page flushes (SyncsBesidePages). How well
that fits real servers is in tests/benchmarks/capacity_accuracy/README.md.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Final, Literal

from advisor.capacity.bounds import BoundName
from advisor.capacity.commit_paths import (
    LogSyncs,
    SimulatedHost,
    SimulatedServer,
    SimulatedTransaction,
    SyncTime,
)
from advisor.capacity.latency import Latency
from advisor.capacity.simulation import MOST_OF_OTHERS
from advisor.vendors.commits import REPLACE_SYNCS, CommitDelay, CommitSequence

Bottleneck = Literal["flush", "cpu", "clients", BoundName]

BOUND_SHARE: Final = 0.9
"""What is busy for a larger share of the time is what binds."""

WARM_UP: Final = 200
COUNTED: Final = 6_000
"""Transactions of one run: enough for a p99, in a tenth of a second of Python."""
FEWEST_WARM_UP: Final = 20
FEWEST_COUNTED: Final = 200
"""Of transactions with many commits, which are fewer in a run, so that it takes no longer: the more
of them add up to a transaction's time, the less that varies, and fewer will do for a p99."""

BACKLOG_SHARE: Final = 0.05
"""Arrivals that pile up to a larger share of all are more than the server keeps up with."""


@dataclass(frozen=True, slots=True)
class SyncsBesidePages:
    """The same syncs, measured while pages were flushed as fast as their drive takes them.

    Assumed: a server flushes its pages at that pace, and nothing in between, as a checkpoint does;
    so the share of its syncs that take so long is the share of the time that its pages take at that
    pace, and all others are those of an idle drive. At a rate whose pages take all of the time each
    sync takes as long as it did then, and no longer: who flushes waits in the same queue. The
    flushes were InnoDB's; PostgreSQL writes in order, which keeps a disk from syncs for less long.
    """

    log: Latency
    append: Latency | None
    flush_us: float
    """How long the pages of one transaction take at that pace."""
    others_us: float = 0.0
    """How long they keep the drive beside that: what is read."""


@dataclass(frozen=True, slots=True)
class SyncLatencies:
    """The latencies of the syncs that a commit waits for."""

    log: Latency
    """Of a preallocated log: overwrite and fdatasync."""
    append: Latency | None = None
    """Of a binary log, which grows; None where it was not measured: then as `log`."""
    ops_per_s: float | None = None
    """What the volume's provider lets begin in a second; a sync is one operation."""
    page_us: float = 0.0
    """How long the drive is busy with the pages of one transaction."""
    beside_pages: SyncsBesidePages | None = None
    """None where that was not measured: then syncs have what `page_us` leaves them of the drive."""
    read_us: float = 0.0
    """How long one transaction waits for its pages, where the drive does nothing else."""
    page_operations: float = 0.0
    """How many operations they take of what the provider allows."""
    replace: Latency | None = None
    """Of a file that durably takes the place of another; None where that was not measured: then
    two syncs of a file that grows."""

    @property
    def replace_us(self) -> float:
        """The mean of a durable replace."""
        growing = self.append or self.log
        return self.replace.mean_us if self.replace else REPLACE_SYNCS * growing.mean_us

    def longer_at(self, tps: float) -> float:
        """How many times as long as on an idle drive a sync of the log takes beside the pages of so
        many transactions."""
        beside, others_us, flushed = self.beside_pages, self.page_us, 1.0
        if beside is not None:
            share = min(1.0, tps * beside.flush_us / 1e6)
            flushed = 1 - share + share * beside.log.mean_us / self.log.mean_us
            others_us = beside.others_us
        return flushed / (1 - min(tps * others_us / 1e6, MOST_OF_OTHERS))


@dataclass(frozen=True, slots=True)
class Cpu:
    """What commits cost beside the drive.

    The defaults of the last three were chosen on a 2-core virtual machine, so that the model came
    near to exploratory runs of PostgreSQL 15, MySQL 9.7 and MariaDB 10.11; they are small beside
    any flush above 0.5 ms.
    """

    cores: float
    us_per_txn: tuple[tuple[int, float], ...]
    """(clients, CPU time of one transaction in us, over all cores), ascending; between two points
    a straight line over the logarithm of the clients, flat outside."""
    wake_us: float = 20.0
    """How long a core that sleeps takes to wake."""
    sync_cpu_us: float = 40.0
    """CPU time of one sync, part of its latency."""
    wait_cpu_us: float = 15.0
    """CPU time of being put to sleep and woken, once."""

    def at(self, clients: float) -> float:
        """CPU time of one transaction in us, at that many clients."""
        counts = [count for count, _ in self.us_per_txn]
        right = bisect_left(counts, clients)
        if right == 0:
            return self.us_per_txn[0][1]
        if right == len(counts):
            return self.us_per_txn[-1][1]
        (low, low_us), (high, high_us) = self.us_per_txn[right - 1 : right + 1]
        return low_us + (high_us - low_us) * math.log(clients / low) / math.log(high / low)


@dataclass(frozen=True, slots=True)
class CommitModel:
    """How a server commits."""

    sequence: CommitSequence
    commits: int = 1
    """Commits that one transaction makes one after another."""
    delay: CommitDelay | None = None
    """Where leaders wait for company: as the servers' own default is, they do not."""
    rtt_us: float = 0.0
    """What each commit waits for a replica's answer, after its syncs."""
    replaces: int = 0
    """Of the commits to files of their own: durable replaces."""


@dataclass(frozen=True, slots=True)
class ModelResult:
    """Transactions per second, and what one takes from its statement sent to its answer read."""

    clients: int
    """Those of a closed loop; of random arrivals, 0."""
    tps: float
    p50_ms: float
    p99_ms: float
    group_size: float
    """Mean number of commits that one sync of the log served; 0 where none waits for it."""
    bottleneck: Bottleneck


def closed_loop(
    model: CommitModel, drive: SyncLatencies, cpu: Cpu, *, clients: int, seed: int = 0
) -> ModelResult:
    """`clients` connections, each with its next transaction as soon as the last one is answered.

    Same arguments, same result.
    """
    host = _host(cpu, drive, seed)
    latencies_us: list[float] = []

    def answered(transaction: SimulatedTransaction) -> None:
        latencies_us.append(host.clock.now_us - transaction.sent_us)
        server.submit(transaction, model.commits)

    server = SimulatedServer(
        model.sequence,
        host,
        _sync_times(drive),
        model.delay,
        answered,
        rtt_us=model.rtt_us,
        replaces=model.replaces,
    )
    server.cpu_us = cpu.at(clients) / model.commits
    for client in range(clients):
        start_us = drive.log.mean_us * client / clients
        host.clock.after(
            start_us,
            lambda transaction: server.submit(transaction, model.commits),
            SimulatedTransaction(),
        )
    warm_up = _run_length(max(WARM_UP, 4 * clients), FEWEST_WARM_UP, model.commits)
    counted = _run_length(max(COUNTED, 60 * clients), FEWEST_COUNTED, model.commits)
    while len(latencies_us) < warm_up:
        host.clock.run_next()
    started = _Meter(host, server)
    while len(latencies_us) < warm_up + counted:
        host.clock.run_next()
    elapsed_us = host.clock.now_us - started.now_us
    return ModelResult(
        clients,
        counted * 1e6 / elapsed_us,
        *_percentiles_ms(latencies_us[warm_up:]),
        server.group_size,
        started.bottleneck(host, server),
    )


def open_arrivals(
    model: CommitModel, drive: SyncLatencies, cpu: Cpu, *, arrivals_per_s: float, seed: int = 0
) -> ModelResult:
    """Transactions that arrive at random (Poisson), each on a connection of its own.

    Where the server does not keep up, both percentiles are infinite. Same arguments, same result.
    """
    host = _host(cpu, drive, seed)
    latencies_us: list[float] = []
    between_us = 1e6 / arrivals_per_s
    warm_up = _run_length(WARM_UP, FEWEST_WARM_UP, model.commits)
    total = warm_up + _run_length(COUNTED, FEWEST_COUNTED, model.commits)
    arrived = 0

    def arrive(_: None) -> None:
        nonlocal arrived
        arrived += 1
        server.submit(SimulatedTransaction(), model.commits)
        if arrived < total:
            host.clock.after(host.random.expovariate(1.0) * between_us, arrive, None)

    def answered(transaction: SimulatedTransaction) -> None:
        latencies_us.append(host.clock.now_us - transaction.sent_us)

    server = SimulatedServer(
        model.sequence,
        host,
        _sync_times(drive),
        model.delay,
        answered,
        rtt_us=model.rtt_us,
        replaces=model.replaces,
    )
    alone_us = cpu.at(1) + sync_wait_us(model, drive)
    server.cpu_us = cpu.at(max(1.0, alone_us / between_us)) / model.commits
    host.clock.after(0.0, arrive, None)
    started = _Meter(host, server)
    while arrived < total:
        host.clock.run_next()
    backlog = total - len(latencies_us) - alone_us / between_us
    bottleneck = started.bottleneck(host, server)
    while len(latencies_us) < total:
        host.clock.run_next()
    p50_ms, p99_ms = _percentiles_ms(latencies_us[warm_up:])
    if backlog > BACKLOG_SHARE * total:
        p50_ms = p99_ms = math.inf
    return ModelResult(0, arrivals_per_s, p50_ms, p99_ms, server.group_size, bottleneck)


def sync_wait_us(model: CommitModel, drive: SyncLatencies) -> float:
    """The mean of what one transaction waits for, one after another, in microseconds: its syncs
    and its replica, or for the provider to let so many syncs begin."""
    append = drive.append or drive.log
    waits_us = (
        append.mean_us if stage.file == "binary log" else drive.log.mean_us
        for stage in model.sequence.stages
    )
    replica_us = model.rtt_us if model.sequence.stages else 0.0
    between_us = 1e6 / drive.ops_per_s if drive.ops_per_s is not None else 0.0
    commit_us = max(math.fsum(waits_us) + replica_us, len(model.sequence.stages) * between_us)
    replace_us = max(drive.replace_us, REPLACE_SYNCS * between_us)
    return (model.commits - model.replaces) * commit_us + model.replaces * replace_us


def _run_length(transactions: int, fewest: int, commits: int) -> int:
    """So many transactions, or fewer of more than 15 commits each."""
    return min(transactions, max(fewest, transactions * 15 // commits))


def _sync_times(drive: SyncLatencies) -> LogSyncs:
    """What each log's syncs take; of a binary log that was not measured what the log's do."""
    beside = drive.beside_pages
    log = SyncTime(drive.log, beside.log if beside else None)
    append = SyncTime(drive.append, beside.append if beside else None) if drive.append else log
    replace = (SyncTime(drive.replace),) if drive.replace else (append,) * REPLACE_SYNCS
    return LogSyncs(log, append, replace)


def _host(cpu: Cpu, drive: SyncLatencies, seed: int) -> SimulatedHost:
    return SimulatedHost(
        seed,
        max(1, round(cpu.cores)),
        ops_per_s=drive.ops_per_s,
        page_us=drive.page_us,
        flush_us=drive.beside_pages.flush_us if drive.beside_pages else 0.0,
        others_us=drive.beside_pages.others_us if drive.beside_pages else 0.0,
        page_operations=drive.page_operations,
        read_us=drive.read_us,
        wake_us=cpu.wake_us,
        sync_cpu_us=cpu.sync_cpu_us,
        wait_cpu_us=cpu.wait_cpu_us,
    )


class _Meter:
    """How busy everything has been since it was made."""

    def __init__(self, host: SimulatedHost, server: SimulatedServer) -> None:
        self.now_us = host.clock.now_us
        self._cores_us = host.cores.busy_us
        self._sync_us = server.sync_busy_us
        self._admission_us = host.admission.used_us

    def bottleneck(self, host: SimulatedHost, server: SimulatedServer) -> Bottleneck:
        """What binds: the cores, the provider, the drive, or none of them."""
        elapsed_us = host.clock.now_us - self.now_us
        if host.cores.busy_us - self._cores_us > BOUND_SHARE * elapsed_us * host.cores.count:
            return "cpu"
        if host.admission.used_us - self._admission_us > BOUND_SHARE * elapsed_us:
            return "operation limit"
        if server.sync_busy_us - self._sync_us > BOUND_SHARE * elapsed_us:
            return "flush"
        return "clients"


def _percentiles_ms(latencies_us: list[float]) -> tuple[float, float]:
    """p50 and p99, by nearest rank."""
    ordered = sorted(latencies_us)
    p50, p99 = (ordered[math.ceil(len(ordered) * share) - 1] / 1000 for share in (0.5, 0.99))
    return p50, p99
