"""The same load without waiting for the drive: what a transaction costs beside its syncs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.connection import Connection
from advisor.vendors.base import NoFlush
from advisor.vendors.registry import VENDORS

RELOAD_POLLS: Final = 20_000
"""Questions, one after another, after which a setting that was reloaded should have arrived."""


@contextmanager
def no_flush(connections: Sequence[Connection], *, own_server: bool) -> Iterator[bool]:
    """While in the block, the connections' commits wait for no flush.

    Yields whether the updates stay. On an InnoDB that is not ours nothing global may be changed:
    there each connection makes all of them in one transaction and rolls it back at the end, so that
    the CPU time of committing is missing.

    An error in the block ends the sessions, or our server, so nothing is put back then.
    """
    how = VENDORS[connections[0].vendor].no_flush(own_server=own_server)
    before: Sequence[object] = ()
    if how.before:
        before = next(iter(connections[0].query(how.before)), ())
    _switch(connections, how, off=True, before=before)
    yield how.keeps_commits
    _switch(connections, how, off=False, before=before)


def _switch(
    connections: Sequence[Connection], how: NoFlush, *, off: bool, before: Sequence[object]
) -> None:
    for statement in how.admin(off, before):
        connections[0].query(statement)
    for connection in connections:
        for statement in how.each(off):
            connection.query(statement)
    if how.confirm:
        wanted = how.confirmed if off else str(before[0])
        for connection in connections:
            _wait_for(connection, how, wanted)


def _wait_for(connection: Connection, how: NoFlush, wanted: str) -> None:
    """The answer is there once the server's own signal has arrived. Raises AdvisorError."""
    if not any(connection.query(how.confirm) == [(wanted,)] for _ in range(RELOAD_POLLS)):
        raise AdvisorError(
            f"the server does not take {how.confirms} = {wanted} when it is reloaded"
        )
