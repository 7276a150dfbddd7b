"""Kills the server that acknowledges again and again, and looks whether its copy has everything.

    python -m tests.servers.copies [--kills N] [--only TEXT] [--results FILE]

A source and its replica are set as `recommend --cluster` says. Clients commit, the source is
killed at a random instant (kill -9), and the replica, alone, must show what had been acknowledged.
Then the source is started again, and the replica follows it. Nothing here loses power; that is
tests/powercut/copies.py.
"""

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from advisor.durability import Durability
from advisor.knowledge import load_cluster
from advisor.output.fragment import render_fragment
from advisor.rules.clusters import advice_for_cluster
from advisor.servers.connection.wire import Connection
from advisor.vendors.names import ClusterName
from tests.powercut.binary_log import OPTIONS
from tests.powercut.commits import SCHEMA, Load, Row, committed, tables
from tests.powercut.server import Running
from tests.servers.account import private_folder
from tests.servers.harness import server_named, version_of
from tests.servers.rehearsing import rehearse_cases
from tests.servers.replication import Member, members, start_replication
from tests.servers.scenarios import GB, Scenario, advice_for

RESULTS: Final = Path(__file__).with_name("copies.json")
DRIVE: Final = "nvme-consumer"
CLIENTS: Final = 4
PATIENCE_S: Final = 60
POLL_S: Final = 0.05
LOAD_S: Final = (0.3, 3.0)
"""How long clients commit before the kill: from, to."""

SEMI_SYNC: Final = {
    "mysql-9.7": (
        "plugin_dir = {plugins}\nplugin_load_add = semisync_source.so\n"
        "rpl_semi_sync_source_enabled = ON\n",
        "plugin_dir = {plugins}\nplugin_load_add = semisync_replica.so\n"
        "rpl_semi_sync_replica_enabled = ON\n",
    ),
    "mariadb-11.8": ("rpl_semi_sync_master_enabled = ON\n", "rpl_semi_sync_slave_enabled = ON\n"),
}
"""What switches it on, at the source and at the replica."""
STANDBY: Final = ("synchronous_standby_names = 'copy1'\n", "")
STATUS_SQL: Final = "SHOW GLOBAL STATUS LIKE 'Rpl\\_semi\\_sync%'"
STANDBYS_SQL: Final = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


@dataclass(frozen=True)
class Case:
    """A server, and how it keeps its copy."""

    server: str
    cluster: ClusterName
    durability: Durability = "durable"
    changed: tuple[str, ...] = ()
    """Lines that come last in the fragment of each server."""

    @property
    def name(self) -> str:
        """Short, and the same in every run."""
        return f"{self.server} {self.cluster} {self.durability} {', '.join(self.changed)}".strip()

    @property
    def last_lines(self) -> str:
        """Those lines, as they stand in a file."""
        return "".join(f"{line}\n" for line in self.changed)


RELAXED: Final[Durability] = "loses-recent-on-power-loss"
LOG_RELAXED: Final = ("sync_binlog = 100",)
"""What that class makes of a MySQL that has copies."""
BOTH_RELAXED: Final = ("innodb_flush_log_at_trx_commit = 2", "sync_binlog = 100")
"""What it makes of one alone."""
CASES: Final = (
    Case("mysql-9.7", "semi-sync"),
    Case("mysql-9.7", "semi-sync", RELAXED),
    Case("mysql-9.7", "semi-sync", "durable", BOTH_RELAXED),
    Case("mariadb-11.8", "semi-sync"),
    Case("mariadb-11.8", "semi-sync", RELAXED),
    Case("postgresql-15", "sync-standby"),
    Case("postgresql-19", "sync-standby"),
)


@dataclass(frozen=True)
class Killed:
    """What many kills of one case cost."""

    kills: int
    acknowledged: int
    """Commits, in all rounds."""
    lost: int
    """Of those, missing on the copy."""
    alone: int
    """Commits for which the source did not wait for its copy, as it counts them itself."""


def advised(case: Case) -> str:
    """The fragment, as `recommend --cluster` writes it; both flushes of a relaxed one are."""
    server = server_named(case.server)
    scenario = Scenario(DRIVE, case.durability, memory_bytes=GB)
    advice = advice_for(server.vendor, version_of(server), scenario)
    return render_fragment(advice_for_cluster(advice, load_cluster(case.cluster)))


def pair_of(
    case: Case, room: Path, folders: Sequence[Path], more: tuple[str, str] = ("", "")
) -> tuple[Member, Member]:
    """A source and a replica with that fragment, neither of which runs; `more`: lines that come
    last, for each."""
    server = server_named(case.server)
    switches = SEMI_SYNC.get(case.server, STANDBY)
    tree = room / "tree" if os.geteuid() == 0 else server.installed.tree
    plugins = tree / "usr" / "lib" / "mysql" / "plugin"
    base = f"{advised(case)}\n{OPTIONS.get(server.vendor, '')}"
    fragments = [
        f"{base}{switch.format(plugins=plugins)}{case.last_lines}{last}"
        for switch, last in zip(switches, more, strict=True)
    ]
    source, replica = members(case.server, room, folders, fragments)
    return source, replica


def status(connection: Connection) -> dict[str, str]:
    """What the server tells of semi-synchronous replication, without who it is."""
    rows = connection.query(STATUS_SQL)
    return {str(name).lower().replace("_master_", "_source_"): str(value) for name, value in rows}


def waits_for_copy(connection: Connection) -> bool:
    """Whether the source waits for a copy that is there."""
    if connection.vendor == "postgresql":
        return str(connection.query(STANDBYS_SQL)[0][0]) == "1"
    told = status(connection)
    return (
        told["rpl_semi_sync_source_status"] == "ON" and told["rpl_semi_sync_source_clients"] == "1"
    )


def committed_alone(connection: Connection) -> int:
    """Commits that the source did not have confirmed; PostgreSQL knows none."""
    if connection.vendor == "postgresql":
        return 0
    return int(status(connection)["rpl_semi_sync_source_no_tx"])


def wait_for(condition: str, is_so: "Iterator[bool]") -> None:
    """Returns when it is so. Raises TimeoutError that says what was awaited."""
    until_s = time.monotonic() + PATIENCE_S
    for now in is_so:
        if now:
            return
        if time.monotonic() > until_s:
            raise TimeoutError(condition)
        time.sleep(POLL_S)


def ask(connection: Connection) -> Iterator[bool]:
    """Whether the source waits for its copy, again and again."""
    while True:
        yield waits_for_copy(connection)


def rows_of(running: Running) -> set[Row]:
    """The commits that a server shows."""
    with running.connected(1) as (connection,):
        return committed(connection)


def prepare(connection: Connection) -> None:
    """Tables that hold nothing."""
    postgresql = connection.vendor == "postgresql"
    cascade = " CASCADE" if postgresql else ""
    connection.query(f"DROP SCHEMA IF EXISTS {SCHEMA}{cascade}")
    for statement in tables(CLIENTS, postgresql=postgresql):
        connection.query(statement)


def missing_at(replica: Running, acknowledged: set[Row], limit_s: float) -> set[Row]:
    """What a replica that is alone does not show in the end, having applied what it has."""
    until_s = time.monotonic() + limit_s
    while (missing := acknowledged - rows_of(replica)) and time.monotonic() < until_s:
        time.sleep(POLL_S)
    return missing


@contextmanager
def both_running(source: Member, replica: Member) -> Iterator[tuple[Running, Running]]:
    """At work for the first time."""
    with (
        source.machine.running(source.folder) as first,
        replica.machine.running(replica.folder) as second,
    ):
        start_replication(source, first, [second])
        yield first, second


def kill_under_load(source: Running, replica: Running, load_s: float) -> tuple[int, int, int]:
    """Kills the source while clients commit; what was acknowledged, lost, and committed alone."""
    with source.connected(CLIENTS + 1) as (aside, *clients):
        wait_for("a copy is connected", ask(aside))
        prepare(aside)
        before = committed_alone(aside)
        load = Load(clients)
        with load.running():
            time.sleep(load_s)
            alone = committed_alone(aside) - before
            load.expect_end()
            source.kill()
    acknowledged = set(load.ledger.acknowledged_before(float("inf")))
    return len(acknowledged), len(missing_at(replica, acknowledged, PATIENCE_S)), alone


def rehearse(case: Case, kills: int, seed: int = 1) -> Killed:
    """So many kills of one case."""
    draw = random.Random(seed)
    with private_folder(of_account=False) as room:
        source, replica = pair_of(case, room, [room / "source", room / "replica"])
        with both_running(source, replica) as (first, second):
            costs = [kill_under_load(first, second, draw.uniform(*LOAD_S))]
            for _ in range(kills - 1):
                with source.machine.running(source.folder) as again:
                    costs.append(kill_under_load(again, second, draw.uniform(*LOAD_S)))
    totals = [sum(each) for each in zip(*costs, strict=True)]
    return Killed(kills, *totals)


def main(words: Sequence[str]) -> int:
    return rehearse_cases(
        words, "kills", RESULTS, CASES, lambda case, kills: asdict(rehearse(case, kills))
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
