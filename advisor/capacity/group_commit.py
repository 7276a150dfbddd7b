"""Commits that share syncs. A stand-in in closed form, until the simulation itself is here."""

import math
from dataclasses import dataclass
from typing import Literal

from advisor.capacity.latency import Latency

CommitKind = Literal[
    "postgresql",
    "innodb",
    "mysql-binary-log",
    "mariadb-binary-log",
    "asynchronous",
    "separate-files",
]
Bottleneck = Literal["flush", "cpu", "clients"]


@dataclass(frozen=True, slots=True)
class Drive:
    """The latencies of the syncs that a commit waits for."""

    log: Latency
    append: Latency | None = None


@dataclass(frozen=True, slots=True)
class Cpu:
    """What a transaction costs beside its syncs."""

    cores: float
    us_per_txn: tuple[tuple[int, float], ...]
    idle_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Engine:
    """How a server commits."""

    kind: CommitKind
    commits: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model says of one number of clients or one arrival rate."""

    clients: int
    tps: float
    p50_ms: float
    p99_ms: float
    group_size: float
    bottleneck: Bottleneck


def closed_loop(engine: Engine, drive: Drive, cpu: Cpu, *, clients: int, seed: int = 0) -> Outcome:
    cpu_us = cpu.us_per_txn[0][1]
    wait_us = cpu.idle_us + _wait_us(engine, drive, shared=clients > 1)
    by_clients = clients * 1e6 / (wait_us + cpu_us)
    by_cpu = cpu.cores * 1e6 / cpu_us
    if engine.kind == "separate-files" and wait_us:
        by_clients = min(by_clients, 1e6 / wait_us)
    tps = min(by_clients, by_cpu)
    latency_ms = clients / tps * 1000
    bound: Bottleneck = "cpu" if tps == by_cpu else "flush"
    return Outcome(clients, tps, latency_ms, latency_ms, max(1.0, clients / 2), bound)


def open_arrivals(
    engine: Engine, drive: Drive, cpu: Cpu, *, arrivals_per_s: float, seed: int = 0
) -> Outcome:
    cpu_us = cpu.us_per_txn[0][1]
    wait_us = _wait_us(engine, drive, shared=False)
    used = arrivals_per_s * cpu_us / 1e6 / cpu.cores
    flushing = arrivals_per_s * wait_us / 1e6
    if engine.kind == "separate-files":
        used = max(used, flushing)
    if used >= 1:
        return Outcome(0, arrivals_per_s, math.inf, math.inf, 1.0, "cpu")
    p50_ms = (wait_us * (1 + min(flushing, 1) / 2) + cpu_us / (1 - used)) / 1000
    p99_ms = (wait_us * (1 + min(flushing, 1)) + 4 * cpu_us / (1 - used)) / 1000
    return Outcome(0, arrivals_per_s, p50_ms, p99_ms, 1.0, "flush")


def _wait_us(engine: Engine, drive: Drive, *, shared: bool) -> float:
    log_us = drive.log.mean_us
    match engine.kind:
        case "asynchronous":
            return 0.0
        case "separate-files":
            return engine.commits * log_us
        case "mysql-binary-log" | "mariadb-binary-log":
            return (log_us + (drive.append or drive.log).mean_us) * (1.6 if shared else 1)
        case _:
            return engine.commits * log_us * (2 if shared else 1)
