"""How long a load takes with the settings of `recommend --bulk-load`, and without, on real servers.

    python -m tests.benchmarks.bulk_load [--server NAME]... [--megabytes 2000] [--pause-s 0]
        [--at-most-s S]

Two servers of a kind run side by side, one with the ordinary fragment, one with BULK LOAD ON and
--new-instance beside it. They are loaded in turns, a slice of 50 MB each, so that whatever else the
machine does befalls both. A slice is a table of its own: rows of 200 random characters, a primary
key and an index. PostgreSQL gets it by CREATE TABLE, COPY and CREATE INDEX in one transaction, as
pg_restore does; MySQL and MariaDB by INSERTs of 1 MB, each a transaction, with unique_checks and
foreign_key_checks off, as their dumps have it. Then comes the way back: the statements of BULK LOAD
OFF, and a clean stop, which writes what is left in memory. With --pause-s the machine has time to
write in between, which helps the server that has more to write.

What came of it is added to bulk_load.json; `--report` prints that as a table.
"""

import argparse
import json
import math
import os
import random
import statistics
import string
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.servers.engines import ENGINES
from tests.servers.harness import Instance, Server, server_named, stop, version_of
from tests.servers.reading import PostgreSQLClient
from tests.support.command_line import run_process
from tests.support.endings import end_by_exceptions
from tests.support.paths import MEASUREMENTS

RESULTS: Final = Path(__file__).with_suffix(".json")
SERVERS: Final = ("postgresql-15", "postgresql-19", "mysql-9.7", "mariadb-11.8")
MEMORY: Final = "512MB"
FREE_BYTES: Final = 20 * 1024**3
SLICE_MB: Final = 50
ROWS_PER_MB: Final = 4500
"""Of 220 bytes each, with their numbers and separators."""

TABLE: Final = {
    "postgresql": "CREATE TABLE {0} (id bigserial PRIMARY KEY, k integer, pad varchar(200))",
    "mysql": "CREATE TABLE {0} (id bigint AUTO_INCREMENT PRIMARY KEY, k int, pad varchar(200),"
    " KEY (k))",
}
TABLE["mariadb"] = TABLE["mysql"]
DUMPS: Final = "SET SESSION unique_checks = 0, foreign_key_checks = 0"


class Half(NamedTuple):
    """One of the two servers."""

    fragment: str
    begin: tuple[str, ...] = ()
    """Statements before the load, the session's among them."""
    end: tuple[str, ...] = ()


class Took(NamedTuple):
    """What one server took, in seconds."""

    slices_s: list[float]
    back_s: float
    """For the way back and the stop."""


def halves(server: Server) -> dict[str, Half]:
    """ "off": the ordinary advice; "on": the same and BULK LOAD ON."""
    measured = json.loads((MEASUREMENTS / "nvme-consumer.json").read_text())
    measured["target"]["free_bytes"] = FREE_BYTES
    version = ".".join(map(str, version_of(server)))
    asked = ("recommend", "--db", server.vendor, "--db-version", version, "--memory", MEMORY)

    def product(*more: str) -> str:
        done = run_process(*asked, "--from", "-", "--quiet", *more, given=json.dumps(measured))
        assert done.returncode == 0, done.stderr
        return done.stdout

    ordinary = product()
    load = json.loads(product("--bulk-load", "--new-instance", "--format", "json"))
    lines = "".join(f"{each['setting']} = {each['on']}\n" for each in load["settings"])
    dumps = (DUMPS,) if server.vendor != "postgresql" else ()
    own = [each["statement"] for each in load["sessions"] if "sql_log_bin" in each["statement"]]
    return {
        "off": Half(ordinary, dumps),
        "on": Half(
            f"{ordinary}\n{lines}",
            (*dumps, *own, *(each["on"] for each in load["statements"])),
            tuple(each["off"] for each in load["statements"]),
        ),
    }


def measure(
    server: Server, megabytes: int, pause_s: float = 0, at_most_s: float = float("inf")
) -> dict[str, Took]:
    """Both servers, in turns that begin with the one or the other; fewer slices where the time is
    over sooner."""
    ends = time.monotonic() + at_most_s
    chunk = rows(server.vendor)
    engine = ENGINES[server.vendor]
    wanted = halves(server)
    took = {name: Took([], 0.0) for name in wanted}
    with ExitStack() as stack:
        running: dict[str, Instance] = {}
        for name, half in wanted.items():
            running[name] = stack.enter_context(server.running(half.fragment))
            prepare(running[name], server.vendor, half)
        for number in range(max(megabytes // SLICE_MB, 1)):
            if time.monotonic() > ends:
                break
            for name in sorted(wanted, reverse=bool(number % 2)):
                size_mb = min(SLICE_MB, megabytes)
                began = time.perf_counter()
                load_slice(running[name], server.vendor, f"t{number}", chunk, size_mb)
                took[name].slices_s.append(time.perf_counter() - began)
                time.sleep(pause_s)
        for name, half in wanted.items():
            began = time.perf_counter()
            for statement in half.end:
                running[name].query(statement)
            stop(running[name].process, engine.stop_signal)
            took[name] = took[name]._replace(back_s=time.perf_counter() - began)
    return took


def prepare(instance: Instance, vendor: str, half: Half) -> None:
    if vendor != "postgresql":
        instance.query("CREATE DATABASE bench")
        instance.query("USE bench")
    for statement in half.begin:
        instance.query(statement)


def rows(vendor: str) -> str:
    """A megabyte of them, as COPY or INSERT has them."""
    draw = random.Random(22)
    texts = ["".join(draw.choices(string.ascii_letters, k=200)) for _ in range(ROWS_PER_MB)]
    numbered = [(draw.randrange(10**9), text) for text in texts]
    if vendor == "postgresql":
        return "".join(f"{k}\t{text}\n" for k, text in numbered)
    return ",".join(f"({k},'{text}')" for k, text in numbered)


def load_slice(instance: Instance, vendor: str, table: str, chunk: str, size_mb: int) -> None:
    create = TABLE[vendor].format(table)
    if vendor != "postgresql":
        instance.query(create)
        for _ in range(size_mb):
            instance.query(f"INSERT INTO {table} (k, pad) VALUES {chunk}")
        return
    assert isinstance(instance.client, PostgreSQLClient)
    connection = instance.client.connection
    with connection.transaction():
        connection.execute(create)
        with connection.cursor().copy(f"COPY {table} (k, pad) FROM STDIN") as copy:
            for _ in range(size_mb):
                copy.write(chunk)
        connection.execute(f"CREATE INDEX ON {table} (k)")


def summary(server: Server, took: dict[str, Took], pause_s: float) -> dict[str, Any]:
    """What is stored."""
    off, on = took["off"], took["on"]
    pairs = list(zip(off.slices_s, on.slices_s, strict=True))
    return {
        "server": server.name,
        "version": server.version,
        "taken_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "megabytes": len(pairs) * SLICE_MB,
        "slice_mb": SLICE_MB,
        "pause_s": pause_s,
        "load_average": round(os.getloadavg()[0], 1),
        "off_s": round(sum(off.slices_s), 2),
        "on_s": round(sum(on.slices_s), 2),
        "off_back_s": round(off.back_s, 2),
        "on_back_s": round(on.back_s, 2),
        "slices": [
            [round(a, 3), round(b, 3)] for a, b in zip(off.slices_s, on.slices_s, strict=True)
        ],
    }


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """The geometric mean of the slices' ratios between the ends of its 95 % interval."""
    logs = [math.log(each) for each in ratios]
    mean = statistics.fmean(logs)
    half = 1.96 * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean - half), math.exp(mean), math.exp(mean + half)


def report() -> str:
    """The stored runs as a table."""
    lines = [
        "| server | loaded | ordinary | bulk load on | times as fast (95 % of it)"
        " | then, until it has stopped |",
        "|---|---|---|---|---|---|",
    ]
    for one in json.loads(RESULTS.read_text()):
        low, ratio, high = interval([a / b for a, b in one["slices"]])
        lines.append(
            f"| {one['server']} | {one['megabytes']:,} MB | {one['off_s']:.0f} s"
            f" | {one['on_s']:.0f} s | {ratio:.2f} ({low:.2f} to {high:.2f})"
            f" | {one['off_back_s']:.1f} s, {one['on_back_s']:.1f} s |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", action="append", choices=SERVERS)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--pause-s", type=float, default=0)
    parser.add_argument("--at-most-s", type=float, default=float("inf"))
    parser.add_argument("--report", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.report:
        print(report(), end="")
        return
    for name in asked.server or SERVERS:
        server = server_named(name)
        took = measure(server, asked.megabytes, asked.pause_s, asked.at_most_s)
        stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
        stored.append(summary(server, took, asked.pause_s))
        RESULTS.write_text(json.dumps(stored, indent=1) + "\n")
        print(report().splitlines()[-1], flush=True)


if __name__ == "__main__":
    end_by_exceptions()
    main()
