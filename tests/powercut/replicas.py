"""Rehearses power cuts of a replica, and stores how it goes on: whole, with a gap, or not at all.

    python -m tests.powercut.replicas [--only TEXT] [--cuts N] [--seed N] [--results FILE]
    python -m tests.powercut.replicas --report

A source and its replica run side by side, and only the replica's drive is cut. What a cut has left
is started again beside the source, which is still there, once with relay_log_recovery and once
without it; when the replica has the source's last transaction, or has stopped, the tables of both
are compared. --only: what has TEXT in its name. --report writes the table of README.md here. Needs
what run.py needs.
"""

import argparse
import os
import shutil
import socket
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

from advisor.durability import Durability
from advisor.errors import AdvisorError
from advisor.output.fragment import render_fragment
from advisor.servers.connection.wire import Connection
from advisor.vendors.base import Place
from tests.powercut import replica_results
from tests.powercut.binary_log import OPTIONS, logged
from tests.powercut.commits import SCHEMA, Load, Row, committed, tables
from tests.powercut.disk import CannotRehearse, Cut, Disk, mounted, run_tool, shelf
from tests.powercut.rehearsal import Plan
from tests.powercut.server import Machine, Running
from tests.servers.account import reachable
from tests.servers.harness import Server, ServerDidNotStart, available, server_named, version_of
from tests.servers.scenarios import GB, Scenario, advice_for

Outcome = Literal["whole", "gap", "duplicate key", "stopped", "does not start", "stuck"]

DUPLICATE_KEY: Final = 1062
MARK: Final = -1
"""The client of the last transaction, which is sent when all others are done."""
CAUGHT_UP_S: Final = 60
STARTED_S: Final = 5
"""By then a replica's threads have started, or will not."""
POLL_S: Final = 0.2
RECOVERIES: Final = (False, True)

Contents = tuple[frozenset[Row], frozenset[Row]]
"""The rows of both tables: of commits, and of counters."""


class Rehearsed(Protocol):
    """What is stored of a replica."""

    @property
    def name(self) -> str: ...
    @property
    def server(self) -> str: ...
    @property
    def durability(self) -> Durability: ...
    @property
    def gtid(self) -> bool: ...
    @property
    def binary_log(self) -> bool: ...


Kind = TypeVar("Kind", bound=Rehearsed)


@dataclass(frozen=True)
class Case:
    """A replica: how it is set, and how it knows how far it is."""

    server: str
    durability: Durability = "loses-recent-on-power-loss"
    gtid: bool = True
    binary_log: bool = True
    """Whether it writes its source's transactions into a binary log of its own."""
    but: str = ""
    """A line that is set in the place of what is advised."""

    @property
    def name(self) -> str:
        """Short, and the same in every run."""
        positions = "GTID" if self.gtid else "file and position"
        log = "binary log" if self.binary_log else "no binary log"
        settings = f"{self.durability} but {self.but}" if self.but else self.durability
        return f"{self.server} {settings}, {positions}, {log}"


SERVERS: Final = ("mysql-9.7", "mariadb-11.8")
CASES: Final = (
    *(Case(server) for server in SERVERS),
    *(Case(server, binary_log=False) for server in SERVERS),
    *(Case(server, gtid=False) for server in SERVERS),
    *(Case(server, "durable", gtid=False) for server in SERVERS),
    *(Case(server, "durable") for server in SERVERS),
    *(Case(server, "durable", but="sync_binlog = 0") for server in SERVERS),
    *(Case(server, but="sync_binlog = 1") for server in SERVERS),
    Case("mysql-9.7", binary_log=False, but="log_replica_updates = OFF"),
)


@dataclass(frozen=True)
class Continued:
    """How a replica went on after a cut."""

    outcome: Outcome
    missing: int
    """Rows that the source has, and the replica has not."""
    strange: int
    """Rows or counters that the replica has, and the source has not."""
    not_logged: int
    """Rows that it has, and its own binary log has not; 0 where it writes none."""
    error: str = ""


@dataclass(frozen=True)
class ReplicaRun:
    """Cuts of one replica, each continued without and with relay_log_recovery."""

    plan: Plan
    commits: int
    at_s: tuple[float, ...]
    continued: Mapping[bool, Sequence[Continued]]
    """By whether relay_log_recovery was on at the start."""
    load_average: float = field(default_factory=lambda: os.getloadavg()[0])


def rehearse(room: Path, case: Case, plan: Plan) -> ReplicaRun:
    """Cuts a replica's power, and has each cut go on beside its source."""
    server = server_named(case.server)
    private = room.parent / case.server
    private.mkdir(exist_ok=True)
    os.chmod(private, 0o755)
    tree = reachable(server.installed.tree, private)
    port = _free_port()
    home = room.parent / "source"
    home.mkdir()
    try:
        source = _source(server, tree, case, port)
        _install(source, home)
        with source.running(home) as running, running.connected(plan.clients + 1) as connections:
            return _cut_beside(room, case, plan, tree, running, connections, port)
    finally:
        shutil.rmtree(home)


def _cut_beside(
    room: Path,
    case: Case,
    plan: Plan,
    tree: Path,
    source: Running,
    connections: Sequence[Connection],
    port: int,
) -> ReplicaRun:
    aside, *clients = connections
    server = server_named(case.server)
    for statement in (
        "CREATE USER copier@'%'",
        "GRANT REPLICATION SLAVE ON *.* TO copier@'%'",
        *tables(plan.clients, postgresql=False),
    ):
        aside.query(statement)
    log_file = str(aside.query("SHOW BINARY LOGS")[0][0])
    disk = Disk(room, "drive", plan.filesystem)
    with disk.plugged_in() as folder:
        machine = _replica(server, tree, case, recovers=False)
        _install(machine, folder)
        with machine.running(folder) as replica:
            with replica.connected(1) as (own,):
                for statement in _follow(case, own, port, log_file):
                    own.query(statement)
                _wait_for(own, f"SELECT count(*) = {plan.clients} FROM {SCHEMA}.counters")
            disk.settle()
            load = Load(clients, plan.pause_s)
            with load.running():
                start_s = time.monotonic()
                cuts = cut_at(disk, room, start_s, plan)
    aside.query(f"INSERT INTO {SCHEMA}.commits VALUES ({MARK}, 0, '')")
    wanted = contents(aside)
    continued = {
        recovers: [_continued(room, case, tree, cut, plan, wanted, recovers) for cut in cuts]
        for recovers in RECOVERIES
    }
    for cut in cuts:
        cut.image.unlink()
    return ReplicaRun(
        plan,
        sum(map(len, load.ledger.acknowledged_s)),
        tuple(cut.began_s - start_s for cut in cuts),
        continued,
    )


def cut_at(disk: Disk, room: Path, start_s: float, plan: Plan) -> list[Cut]:
    """The cuts of a plan whose load began then."""
    cuts = []
    for number, at_s in enumerate(plan.instants_s()):
        time.sleep(max(0.0, start_s + at_s - time.monotonic()))
        cuts.append(disk.cut(room / f"cut-{number}"))
    return cuts


def _source(server: Server, tree: Path, case: Case, port: int) -> Machine:
    """It is never cut, so it need not wait for its drive."""
    lines = "server_id = 1\ninnodb_flush_log_at_trx_commit = 0\nsync_binlog = 0\n"
    gtid = _gtid_lines(server, case)
    fragment = f"[{_group(server)}]\n{OPTIONS[server.vendor]}{lines}{gtid}"
    options = ("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}")
    return Machine(server, tree, fragment, {}, options)


def _replica(server: Server, tree: Path, case: Case, *, recovers: bool) -> Machine:
    """As `recommend` writes it for a server on its own of that durability class, relaxed in both
    flushes; with the server's own defaults of what is about replication."""
    scenario = Scenario("nvme-consumer", case.durability, memory_bytes=GB)
    advised = render_fragment(advice_for(server.vendor, version_of(server), scenario))
    log = f"{OPTIONS[server.vendor]}{LOGS_UPDATES[server.vendor]}" if case.binary_log else ""
    if not case.binary_log and not case.but and server.vendor == "mysql":
        log = "skip_log_bin\n"
    lines = f"\nserver_id = 2\n{log}{_gtid_lines(server, case)}{case.but}\n"
    return Machine(
        server, tree, advised + lines, {}, [f"--relay-log-recovery={'ON' if recovers else 'OFF'}"]
    )


LOGS_UPDATES: Final = {"mysql": "", "mariadb": "log_slave_updates = ON\n"}
"""MySQL does by itself."""


def _group(server: Server) -> str:
    return {"mysql": "mysqld", "mariadb": "mariadb"}[server.vendor]


def _gtid_lines(server: Server, case: Case) -> str:
    """MariaDB always has GTIDs."""
    if server.vendor == "mariadb" or not case.gtid:
        return ""
    return "gtid_mode = ON\nenforce_gtid_consistency = ON\n"


def _install(machine: Machine, folder: Path) -> None:
    machine.install(folder)
    Place(folder).data.joinpath("auto.cnf").unlink(missing_ok=True)  # else both are one server


def _follow(case: Case, replica: Connection, port: int, log_file: str) -> list[str]:
    """The statements that make a server the replica of another."""
    if replica.vendor == "mysql":
        positions = (
            "SOURCE_AUTO_POSITION = 1"
            if case.gtid
            else f"SOURCE_LOG_FILE = '{log_file}', SOURCE_LOG_POS = 4"
        )
        return [
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_USER = 'copier',"
            f" SOURCE_PORT = {port}, SOURCE_CONNECT_RETRY = 1, GET_SOURCE_PUBLIC_KEY = 1,"
            f" {positions}",
            "START REPLICA",
        ]
    positions = (
        "MASTER_USE_GTID = slave_pos"
        if case.gtid
        else f"MASTER_USE_GTID = no, MASTER_LOG_FILE = '{log_file}', MASTER_LOG_POS = 4"
    )
    return [
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'copier',"
        f" MASTER_PORT = {port}, MASTER_CONNECT_RETRY = 1, MASTER_SSL = 0, {positions}",
        "START SLAVE",
    ]


def _continued(
    room: Path,
    case: Case,
    tree: Path,
    cut: Cut,
    plan: Plan,
    wanted: Contents,
    recovers: bool,
) -> Continued:
    """The replica started on a copy of what a cut has left."""
    image = room / f"{cut.image.name}-again"
    run_tool("cp", "--reflink=always", str(cut.image), str(image))
    machine = _replica(server_named(case.server), tree, case, recovers=recovers)
    try:
        with mounted(image, room.parent / image.name, plan.filesystem) as folder:
            try:
                with machine.running(folder) as running:
                    return _goes_on(running, case, wanted)
            except ServerDidNotStart as error:
                return Continued("does not start", 0, 0, 0, _last_error(str(error)))
    finally:
        image.unlink()


def _goes_on(running: Running, case: Case, wanted: Contents) -> Continued:
    with closing(running.address.connect()) as connection:
        stop, error = _until_settled(connection, running)
        rows, counters = contents(connection)
    not_logged = 0
    if case.binary_log:
        running.stop()
        in_log = logged(running.place.data)
        not_logged = sum(1 for row in rows if row not in in_log and row[0] != MARK)
    return compared((rows, counters), wanted, stop, error, not_logged)


def compared(
    has: Contents, wanted: Contents, stop: Outcome | None, error: str = "", not_logged: int = 0
) -> Continued:
    """What a replica has, held against its source."""
    missing = len(wanted[0] - has[0])
    strange = len(has[0] - wanted[0]) + len(has[1] ^ wanted[1])
    outcome: Outcome = stop or ("gap" if missing or strange else "whole")
    return Continued(outcome, missing, strange, not_logged, error)


ERRORS_SQL: Final = {
    "mysql": (
        "SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM"
        " performance_schema.replication_applier_status_by_worker WHERE LAST_ERROR_NUMBER > 0"
        " UNION ALL SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM"
        " performance_schema.replication_applier_status_by_coordinator WHERE LAST_ERROR_NUMBER > 0"
        " UNION ALL SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM"
        " performance_schema.replication_connection_status WHERE LAST_ERROR_NUMBER > 0"
    ),
    "mariadb": (
        "SELECT Last_SQL_Errno, Last_SQL_Error FROM information_schema.SLAVE_STATUS"
        " WHERE Last_SQL_Errno > 0 UNION ALL SELECT Last_IO_Errno, Last_IO_Error FROM"
        " information_schema.SLAVE_STATUS WHERE Last_IO_Errno > 0"
    ),
}
"""What has stopped a replica: of the applier first, then of what fetches."""


STOPPED_SQL: Final = {
    "mysql": (
        "SELECT (SELECT count(*) FROM performance_schema.replication_connection_status"
        " WHERE service_state = 'OFF') + (SELECT count(*) FROM"
        " performance_schema.replication_applier_status WHERE service_state = 'OFF')"
    ),
    "mariadb": (
        "SELECT count(*) FROM information_schema.SLAVE_STATUS"
        " WHERE Slave_IO_Running = 'No' OR Slave_SQL_Running = 'No'"
    ),
}
"""How many of the two, the receiver and the applier, do not run: no error of theirs where they were
never started."""


def _until_settled(connection: Connection, running: Running) -> tuple[Outcome | None, str]:
    """Waits until the replica has the source's last transaction: None; or has stopped: how, and
    what it says."""
    began_s = time.monotonic()
    while (waited_s := time.monotonic() - began_s) < CAUGHT_UP_S:
        if connection.query(f"SELECT 1 FROM {SCHEMA}.commits WHERE client = {MARK}"):
            return None, ""
        if errors := connection.query(ERRORS_SQL[connection.vendor]):
            number, words = errors[0]
            stop: Outcome = "duplicate key" if int(number) == DUPLICATE_KEY else "stopped"
            return stop, f"{number} {words}"
        if waited_s > STARTED_S and connection.query(STOPPED_SQL[connection.vendor]) != [(0,)]:
            return "stopped", _last_error(running.log())
        time.sleep(POLL_S)
    return "stuck", "neither caught up nor stopped"


def contents(connection: Connection) -> Contents:
    """The rows of both tables."""
    counters = connection.query(f"SELECT client, commits FROM {SCHEMA}.counters")
    return frozenset(committed(connection)), frozenset((a, b) for a, b in counters)


def _wait_for(connection: Connection, question: str) -> None:
    """Until the answer is 1. Raises AdvisorError where it does not become so."""
    until_s = time.monotonic() + CAUGHT_UP_S
    while time.monotonic() < until_s:
        try:
            if connection.query(question) == [(1,)]:
                return
        except AdvisorError:  # the table is not there yet
            pass
        time.sleep(POLL_S)
    raise AdvisorError(
        f"the replica does not follow: {connection.query(ERRORS_SQL[connection.vendor])}"
    )


def _last_error(log: str) -> str:
    lines = [line.partition("[ERROR]")[2].strip() for line in log.splitlines() if "[ERROR]" in line]
    return lines[0][:300] if lines else log[-300:]


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def plans(name: str, cuts: int, seed: int) -> list[Plan]:
    """A busy source, whose replica's binary log is flushed more often than its redo log where it is
    relaxed; and a quiet one, where it is the other way round."""
    first = zlib.crc32(name.encode()) % 1_000_000 + 10 * seed
    busy = cuts - cuts // 2
    return [
        Plan(4, busy, 6, first, pause_s=0.005, first_s=1),
        Plan(1, cuts // 2, 8, first + 1, pause_s=0.1, first_s=1),
    ]


def parser_of(description: str) -> argparse.ArgumentParser:
    """The options of a rehearsal, of what its module says that it is."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="cases that have it")
    parser.add_argument("--cuts", type=int, default=20, metavar="N", help="of each case")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the instants")
    parser.add_argument("--results", type=Path, default=replica_results.RESULTS, metavar="FILE")
    return parser


def rehearse_all(
    cases: Sequence[Kind],
    rehearse: Callable[[Path, Kind, Plan], ReplicaRun],
    options: argparse.Namespace,
) -> int:
    """Rehearses the cases that are asked for, and stores each run; an exit status."""
    here = {server.name for server in available()}
    try:
        for case in (one for one in cases if options.only in one.name):
            if case.server not in here:
                raise CannotRehearse(f"there is no {case.server} yet: tests/run fetches it")
            for plan in plans(case.name, options.cuts, options.seed):
                with shelf() as room:
                    run = rehearse(room, case, plan)
                stored = run_json(case, run, server_named(case.server).version)
                replica_results.add(case.name, stored, options.results)
                print(f"{case.name}, {plan.clients} clients: {stored['outcomes']}", flush=True)
    except CannotRehearse as why:
        print(f"power cuts cannot be rehearsed: {why}", file=sys.stderr)
        return 1
    return 0


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for."""
    parser = parser_of(__doc__)
    parser.add_argument("--report", action="store_true", help="only write the table")
    options = parser.parse_args(arguments)
    if options.report:
        replica_results.write_report(options.results)
        return 0
    return rehearse_all(CASES, rehearse, options)


def run_json(case: Rehearsed, run: ReplicaRun, server_version: str) -> dict[str, object]:
    """A run as it is stored: each list has one entry for a cut; "off" and "on" are
    relay_log_recovery at the start after it."""

    def columns(of: str) -> dict[str, list[object]]:
        return {
            "on" if recovers else "off": [getattr(one, of) for one in several]
            for recovers, several in run.continued.items()
        }

    return {
        "server": case.server,
        "durability": case.durability,
        "gtid": case.gtid,
        "binary_log": case.binary_log,
        "server_version": server_version,
        "seed": run.plan.seed,
        "clients": run.plan.clients,
        "pause_s": run.plan.pause_s,
        "commits": run.commits,
        "load_average": round(run.load_average, 1),
        "at_s": [round(at_s, 2) for at_s in run.at_s],
        "outcomes": columns("outcome"),
        "missing": columns("missing"),
        "strange": columns("strange"),
        "not_logged": columns("not_logged"),
        "errors": columns("error"),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
