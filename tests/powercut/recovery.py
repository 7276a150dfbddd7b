"""A server started on what an accident has left: what it finds, and whether it is sound."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.connection.limits import Patience
from advisor.servers.connection.wire import Connection
from tests.powercut.binary_log import logged
from tests.powercut.commits import SCHEMA, Row, committed
from tests.powercut.innodb_pages import damaged_pages
from tests.powercut.server import Machine, Running
from tests.servers.harness import ServerDidNotStart

CHECK_S: Final = 900
"""So long may the server take to look at all of its pages."""

OK: Final = ("status", "OK")
SIGNS: Final = ("corrupt", "PANIC", "page verification failed", "checksum mismatch")
TABLES: Final = (f"{SCHEMA}.commits", f"{SCHEMA}.counters")


@dataclass(frozen=True)
class Recovered:
    """What a server has after its recovery."""

    found: frozenset[Row]
    counters: Mapping[int, int]
    in_binary_log: frozenset[Row] | None
    """None for a server without one."""
    corruption: tuple[str, ...]
    """What the server's own checks say against its tables."""


def recover(machine: Machine, folder: Path) -> Recovered:
    """Starts the server on a drive after an accident, and reads everything."""
    try:
        return _recover(machine, folder)
    except (AdvisorError, ServerDidNotStart) as error:
        return Recovered(frozenset(), {}, None, (f"cannot be used: {str(error).splitlines()[0]}",))


def _recover(machine: Machine, folder: Path) -> Recovered:
    has_log = machine.vendor != "postgresql"
    with machine.running(folder) as running:
        with closing(running.address.connect(Patience(CHECK_S))) as connection:
            found = committed(connection)
            counters = connection.query(f"SELECT client, commits FROM {TABLES[1]}")
            check = _check_innodb if has_log else _check_postgresql
            corruption = check(connection)
        if has_log:
            running.stop()  # no page is then half written
            corruption += damaged_pages(running.place.data / SCHEMA, machine.vendor)
        return Recovered(
            found=frozenset(found),
            counters=dict(counters),
            in_binary_log=frozenset(logged(running.place.data)) if has_log else None,
            corruption=(*corruption, *_said(running)),
        )


def _check_postgresql(connection: Connection) -> list[str]:
    """What pg_amcheck asks: every heap page with its checksum, every index against its table."""
    connection.query("CREATE EXTENSION IF NOT EXISTS amcheck")
    complaints = connection.query(
        "SELECT c.oid::regclass || ': ' || v.msg FROM pg_class c,"
        " LATERAL verify_heapam(c.oid::regclass) v WHERE c.relkind = 'r' AND c.relpersistence = 'p'"
    )
    broken = _refused(
        connection,
        "SELECT bt_index_check(c.oid::regclass, true) FROM pg_class c"
        " JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE a.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready"
        f" AND c.relnamespace = '{SCHEMA}'::regnamespace",
    )
    failures = connection.query(
        "SELECT datname || ': ' || checksum_failures || ' checksums' FROM pg_stat_database"
        " WHERE checksum_failures > 0"
    )
    return [str(row[0]) for row in (*complaints, *failures)] + broken


def _refused(connection: Connection, statement: str) -> list[str]:
    """What the server says against a statement that must do."""
    try:
        connection.query(statement)
    except AdvisorError as error:
        return [error.message]
    return []


def _check_innodb(connection: Connection) -> list[str]:
    """CHECK TABLE reads every page, with its checksum, of all indexes."""
    answers = connection.query(f"CHECK TABLE {', '.join(TABLES)} EXTENDED")
    return [f"{table}: {text}" for table, _, kind, text in answers if (kind, text) != OK]


def _said(running: Running) -> list[str]:
    """What in its log tells of damage."""
    log = running.log()
    return [f"its log says: {sign}" for sign in SIGNS if sign in log]
