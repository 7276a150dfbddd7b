"""A source and its replica, each in a folder on the drive that is wanted: MySQL and MariaDB by GTID
over 127.0.0.1, PostgreSQL by a slot over its socket.

    with private_folder(of_account=False) as room, replicated("mysql-9.7", room) as pair:
        ...
        pair.wait_until_caught_up()

Members are servers of `tests.powercut.server`: they can be killed and started anew. A replica that
is started anew goes on by itself.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from advisor.servers.connection.wire import Connection
from advisor.vendors.base import Place
from advisor.vendors.names import VendorName
from tests.powercut.server import Machine, Running
from tests.servers.account import reachable
from tests.servers.harness import server_named

CAUGHT_UP_S: Final = 60
POLL_S: Final = 0.05

GTIDS: Final[Mapping[VendorName, tuple[str, ...]]] = {
    "mysql": ("--gtid-mode=ON", "--enforce-gtid-consistency=ON"),
    "mariadb": ("--log-bin=binlog", "--gtid-strict-mode=ON"),
}
ACCOUNT_SQL: Final[Mapping[VendorName, tuple[str, ...]]] = {
    "mysql": (
        "CREATE USER copy@'127.0.0.1'",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO copy@'127.0.0.1'",
    ),
    "mariadb": (
        "CREATE USER copy@'127.0.0.1'",
        "GRANT REPLICATION SLAVE ON *.* TO copy@'127.0.0.1'",
    ),
    "postgresql": ("SELECT pg_create_physical_replication_slot('{slot}', true)",),
}
"""At the source, for each replica."""
FOLLOW_SQL: Final[Mapping[VendorName, tuple[str, ...]]] = {
    "mysql": (
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port},"
        " SOURCE_USER = 'copy', SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1,"
        " GET_SOURCE_PUBLIC_KEY = 1",
        "START REPLICA",
    ),
    "mariadb": (
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = 'copy',"
        " MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos",
        "START SLAVE",
    ),
    "postgresql": (),
}
"""At the replica; a PostgreSQL has it in its settings."""
POSITION_SQL: Final[Mapping[VendorName, str]] = {
    "mysql": "SELECT @@global.gtid_executed",
    "mariadb": "SELECT @@global.gtid_binlog_pos",
    "postgresql": "SELECT pg_current_wal_flush_lsn()",
}
"""What the source has committed."""
REACHED_SQL: Final[Mapping[VendorName, str]] = {
    "mysql": "SELECT GTID_SUBSET('{position}', @@global.gtid_executed)",
    "mariadb": "SELECT MASTER_GTID_WAIT('{position}', 0) = 0",
    "postgresql": "SELECT (pg_last_wal_replay_lsn() >= '{position}')::integer",
}
"""Whether the replica shows all of it: 1."""


class Member(NamedTuple):
    """A server that may run."""

    machine: Machine
    folder: Path
    port: int | None
    """Of 127.0.0.1; None: it has a socket alone."""


def members(
    name: str,
    room: Path,
    folders: Sequence[Path],
    fragments: Sequence[str],
    environments: Sequence[Mapping[str, str]] = (),
    options: Sequence[str] = (),
) -> list[Member]:
    """Servers with one copy of the data, the source first, none of which runs.

    `room`: a folder for the programs that everybody may enter. `folders`, `fragments` ("" for none)
    and `environments`: one for each. `options`: further ones for all.
    """
    server = server_named(name)
    tree = reachable(server.installed.tree, room)
    made: list[Member] = []
    for index, (folder, fragment) in enumerate(zip(folders, fragments, strict=True)):
        port = None if server.vendor == "postgresql" else free_port()
        own = (
            _follow_options(index, folders[0])
            if port is None
            else [
                *("--skip-networking=OFF", "--bind-address=127.0.0.1", f"--port={port}"),
                *(f"--server-id={index + 1}", "--skip-name-resolve", *GTIDS[server.vendor]),
            ]
        )
        environment = environments[index] if environments else {}
        machine = Machine(server, tree, fragment, environment, [*own, *options])
        folder.mkdir(exist_ok=True)
        machine.install(folder, made[0].folder / "data" if made else None)
        if made:
            _make_distinct(folder / "data", is_standby=port is None)
        made.append(Member(machine, folder, port))
    return made


def _follow_options(index: int, source: Path) -> list[str]:
    """Of a standby; none of the first, which is the source."""
    if not index:
        return []
    address = f"host={Place(source).run} user=postgres application_name={_slot(index)}"
    return [
        f"--primary_conninfo={address}",
        f"--primary_slot_name={_slot(index)}",
        "--wal_retrieve_retry_interval=100ms",  # the slot is made after its start
    ]


def _slot(index: int) -> str:
    return f"copy{index}"


def _make_distinct(data: Path, *, is_standby: bool) -> None:
    """What a copy of a data directory must not have, and a standby must."""
    (data / "auto.cnf").unlink(missing_ok=True)  # MySQL's own identity
    if not is_standby:
        return
    signal = data / "standby.signal"
    signal.touch()
    owner = data.stat()
    os.chown(signal, owner.st_uid, owner.st_gid)


def free_port() -> int:
    """Of 127.0.0.1, that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def start_replication(source: Member, running: Running, replicas: Sequence[Running]) -> None:
    """Makes the replicas follow the source, all of them at work for the first time."""
    vendor = running.address.vendor
    with running.connected(1) as (connection,):
        for index, _ in enumerate(replicas, start=1):
            if vendor == "postgresql" or index == 1:
                for statement in ACCOUNT_SQL[vendor]:
                    connection.query(statement.format(slot=_slot(index)))
    for replica in replicas:
        with replica.connected(1) as (connection,):
            for statement in FOLLOW_SQL[vendor]:
                connection.query(statement.format(port=source.port))


@dataclass(frozen=True)
class Pair:
    """Both at work."""

    source: Running
    replica: Running

    def wait_until_caught_up(self, limit_s: float = CAUGHT_UP_S) -> None:
        """Returns when the replica shows all that the source has committed by now. Raises
        TimeoutError with what the replica has said."""
        wait_until_caught_up(self.source, self.replica, limit_s)


def wait_until_caught_up(source: Running, replica: Running, limit_s: float = CAUGHT_UP_S) -> None:
    """The same for one replica of several."""
    with source.connected(1) as (connection,):
        ((position,),) = connection.query(POSITION_SQL[connection.vendor])
    until_s = time.monotonic() + limit_s
    with replica.connected(1) as (connection,):
        while not has_reached(connection, str(position)):
            if time.monotonic() > until_s:
                raise TimeoutError(f"{position} is not reached\n{replica.log()}")
            time.sleep(POLL_S)


def has_reached(replica: Connection, position: str) -> bool:
    """Whether a replica shows what its source had committed then (POSITION_SQL)."""
    statement = REACHED_SQL[replica.vendor].format(position=position.replace("\n", ""))
    ((answer,),) = replica.query(statement)
    return str(answer) == "1"


@contextmanager
def replicated(
    name: str,
    room: Path,
    *,
    source_fragment: str = "",
    replica_fragment: str = "",
    options: Sequence[str] = (),
) -> Iterator[Pair]:
    """A source and its replica at work, in a folder that everybody may enter; for more members, or
    other drives, the functions above."""
    source, replica = members(
        name,
        room,
        [room / "source", room / "replica"],
        [source_fragment, replica_fragment],
        options=options,
    )
    with (
        source.machine.running(source.folder) as source_running,
        replica.machine.running(replica.folder) as replica_running,
    ):
        start_replication(source, source_running, [replica_running])
        yield Pair(source_running, replica_running)
