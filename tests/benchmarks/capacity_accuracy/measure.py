"""Real servers under the load of the model, on drives of several speeds: what was measured.

    python -m tests.benchmarks.capacity_accuracy.measure [RESULTS]

For every case, delay and number of clients, twice, in an order that a seed shuffles anew each time,
one client's commits or many's are counted for some seconds, on a fresh server whose syncs a
preloaded library delays. Our own probe is run under the same library before each round. The model
gets its CPU time only from runs without flushes, which are not among the cells it is judged on.
report.py makes of the results file what README.md here shows. About half an hour; no other load
beside.
"""

import json
import platform
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from advisor.capacity.calibration import saturating_clients
from advisor.capacity.latency import Latency
from advisor.measurement_file import from_json
from advisor.probe.host import describe_host
from advisor.servers.connection.wire import Connection
from advisor.servers.load.client import LoadResult, LoadTable, run_load
from advisor.servers.load.no_flush import no_flush
from tests.servers.harness import Preload, address_of, server_named
from tests.support.endings import end_by_exceptions
from tests.support.slow_drive import compile_slow_drive, probe_slowed, slower_by

RESULTS: Final = Path(__file__).with_name("results.json")
SEED: Final = 20261122
REPEATS: Final = 2
CLIENTS: Final = (1, 2, 4, 8, 16, 32, 64)
DELAYS_US: Final = (0, 500, 2_000, 8_000, 20_000)
SERIES: Final = ("overwrite-fdatasync-8k", "append-fdatasync-8k")
WARM_UP_S: Final = 0.4
CALIBRATION_S: Final = 1.0
SHORTEST_S: Final = 1.5
LONGEST_S: Final = 7.0
COMMITS_FOR_A_P99: Final = 400

POSTGRESQL: Final = "max_connections = 100\nmax_wal_size = 8GB\ncheckpoint_timeout = 1h\n"
INNODB: Final = "[mysqld]\ninnodb_flush_log_at_trx_commit = 1\nsync_binlog = 1\nserver_id = 1\n"
MYSQL_LOG: Final = "innodb_redo_log_capacity = 1G\n"
MARIADB_LOG: Final = "innodb_log_file_size = 1G\n"


@dataclass(frozen=True)
class Case:
    """One way to commit on one server."""

    name: str
    kind: str
    server: str
    fragment: str


CASES: Final = (
    Case("PostgreSQL 18", "postgresql", "postgresql-18", POSTGRESQL),
    Case("PostgreSQL 15", "postgresql", "postgresql-15", POSTGRESQL),
    Case("MySQL 9.7", "mysql", "mysql-9.7", f"{INNODB}{MYSQL_LOG}skip_log_bin\n"),
    Case("MySQL 9.7, binary log", "mysql-binary-log", "mysql-9.7", f"{INNODB}{MYSQL_LOG}log_bin\n"),
    Case("MariaDB 10.11", "mariadb", "mariadb-10.11", f"{INNODB}{MARIADB_LOG}"),
    Case(
        "MariaDB 10.11, binary log",
        "mariadb-binary-log",
        "mariadb-10.11",
        f"{INNODB}{MARIADB_LOG}log_bin\n",
    ),
)


def main(results: Path) -> None:
    cores = describe_host().cpu_count
    assert isinstance(cores, int)
    found: dict[str, Any] = {
        "schema_version": 1,
        "taken_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "cores": cores,
        "seed": SEED,
        "versions": {case.name: server_named(case.server).version for case in CASES},
        "probes": [],
        "no_flush": [],
        "cells": [],
    }
    order = random.Random(SEED)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        library = compile_slow_drive(Path(folder))
        for repeat in range(REPEATS):
            for delay_us in shuffled(order, DELAYS_US):
                found["probes"].append(probed(library, delay_us, Path(folder)))
            for case in shuffled(order, CASES):
                for delay_us in shuffled(order, DELAYS_US):
                    with loaded_server(case, library, delay_us, cores) as clients:
                        if delay_us == 0:
                            found["no_flush"] += calibrated(case, clients, cores)
                        for count in shuffled(order, CLIENTS):
                            run = measured(clients[:count], delay_us)
                            cell = {"case": case.name, "delay_us": delay_us, "repeat": repeat}
                            found["cells"].append({**cell, "clients": count, **run})
                    print(f"{repeat} {case.name} +{delay_us} us", file=sys.stderr, flush=True)
            results.write_text(json.dumps(found, indent=1) + "\n")


def shuffled(order: random.Random, what: Sequence[Any]) -> list[Any]:
    return order.sample(what, len(what))


def probed(library: Path, delay_us: int, directory: Path) -> dict[str, Any]:
    """What our own probe says of that drive: the quantiles of the log's and of an append's sync."""
    run = probe_slowed(library, slower_by(delay_us), directory, *SERIES)
    series = {one.name: one for one in from_json(run.stdout, run.stderr or "the probe").series}
    log, append = (Latency.of_series(series[name]).ordered_us for name in SERIES)
    rounded = [[round(latency_us, 1) for latency_us in ordered] for ordered in (log, append)]
    return {"delay_us": delay_us, "log_us": rounded[0], "append_us": rounded[1]}


@contextmanager
def loaded_server(
    case: Case, library: Path, delay_us: int, cores: int
) -> Iterator[list[Connection]]:
    """A fresh server with our table, and connections to it."""
    server = server_named(case.server)
    count = max(*CLIENTS, saturating_clients(cores))
    preload = Preload(library, slower_by(delay_us))
    with server.running(case.fragment, preload=preload) as instance, ExitStack() as stack:
        address = address_of(server, instance)
        admin, *clients = (
            stack.enter_context(closing(address.connect())) for _ in range(count + 1)
        )
        stack.enter_context(LoadTable(admin))
        yield clients


def calibrated(case: Case, clients: Sequence[Connection], cores: int) -> list[dict[str, Any]]:
    """The load without flushes."""
    with no_flush(clients, own_server=True):
        return [
            {
                "case": case.name,
                "clients": count,
                "tps": run_load(
                    clients[:count], duration_s=CALIBRATION_S, warmup_s=WARM_UP_S, seed=count
                ).tps,
            }
            for count in sorted({1, saturating_clients(cores), *CLIENTS})
        ]


def measured(clients: Sequence[Connection], delay_us: int) -> dict[str, Any]:
    """Commits per second, and percentiles where there are enough commits for them."""
    slowest_s = COMMITS_FOR_A_P99 * (delay_us + 200) / 1e6 / max(1, len(clients) // 2)
    duration_s = min(LONGEST_S, max(SHORTEST_S, slowest_s))
    run = run_load(clients, duration_s=duration_s, warmup_s=WARM_UP_S + 2 * delay_us / 1e6)
    return {"tps": run.tps, "commits": run.commits, **percentiles(run)}


def percentiles(run: LoadResult) -> dict[str, float | None]:
    ordered = sorted(run.latencies_us)
    enough = len(ordered) >= COMMITS_FOR_A_P99 * 0.92  # 368: statistics.py
    return {
        "p50_ms": ordered[len(ordered) // 2] / 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] / 1000 if enough else None,
    }


if __name__ == "__main__":
    end_by_exceptions()
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)
