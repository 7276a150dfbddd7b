"""The same load without waiting for the drive: what a transaction costs beside its syncs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Connection

RELOAD_POLLS: Final = 20_000
"""Questions, one after another, after which a setting that was reloaded should have arrived."""

GLOBALS: Final = ("innodb_flush_log_at_trx_commit", "sync_binlog")
"""What makes InnoDB's commits wait; a session cannot choose."""


@contextmanager
def no_flush(connections: Sequence[Connection], *, own_server: bool) -> Iterator[bool]:
    """While in the block, the connections' commits wait for no flush.

    Yields whether the updates stay. On an InnoDB that is not ours nothing global may be changed:
    there each connection makes all of them in one transaction and rolls it back at the end, so that
    the CPU time of committing is missing. (One rollback each would wait for a flush: MySQL 9.7.)

    What is written at commit stays so, where the server is ours: PostgreSQL's fsync, InnoDB's 2.

    An error in the block ends the sessions, or our server, so nothing is put back then.
    """
    admin = connections[0]
    if admin.vendor == "postgresql" and own_server:
        before = admin.query("SHOW fsync")[0][0]
        _alter_fsync(connections, "SET fsync = off", "off")
        yield True
        _alter_fsync(connections, "RESET fsync", before)
    elif admin.vendor == "postgresql":
        for connection in connections:
            connection.query("SET synchronous_commit = off")
        yield True
        for connection in connections:
            connection.query("RESET synchronous_commit")
    elif own_server:
        before = admin.query(f"SELECT {', '.join(f'@@GLOBAL.{name}' for name in GLOBALS)}")[0]
        _set(admin, (2, 0))
        yield True
        _set(admin, before)
    else:
        for connection in connections:
            connection.query("BEGIN")
        yield False
        for connection in connections:
            connection.query("ROLLBACK")


def _alter_fsync(connections: Sequence[Connection], change: str, value: str) -> None:
    """Reloaded; each connection has `value` once it says so. Raises AdvisorError for one that never
    does."""
    connections[0].query(f"ALTER SYSTEM {change}")
    connections[0].query("SELECT pg_reload_conf()")
    for connection in connections:
        # The postmaster's signal may still be under way.
        if not any(connection.query("SHOW fsync") == [(value,)] for _ in range(RELOAD_POLLS)):
            raise AdvisorError(f"the server does not take fsync = {value} when it is reloaded")


def _set(admin: Connection, values: Sequence[object]) -> None:
    for name, value in zip(GLOBALS, values, strict=True):
        admin.query(f"SET GLOBAL {name} = {value}")
