"""Reads a running server's settings, in read-only transactions. Changes nothing."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from advisor.errors import AdvisorError
from advisor.instance import Reached
from advisor.server_state import ServerState
from advisor.servers.connection import Address, Connection, Patience, ask_together
from advisor.servers.state.activity import watch
from advisor.vendors.answers import only_value
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

READ_S: Final = 20
"""So long a server may take for all that an audit asks, beside the interval that it watches."""


def read_server(
    address: Address, *, interval_s: float = 0, say: Callable[[str], None] = lambda _: None
) -> ServerState:
    """The settings in force; with an interval, what the server did in it, of which `say` is told.

    What the account may not see is missing, and a note says so. Raises AdvisorError for a server
    that cannot be reached, refuses to show its settings, takes longer than READ_S for them, or is
    older than what we know.
    """
    with closing(address.connect(Patience.of(READ_S))) as connection:
        if known := connection.read_on_the_way:
            say(f"note: {known}")
        state = _state(connection)
        if interval_s:
            say(f"watching the server's counters for {interval_s:g} s")
            return watch(connection, state, interval_s)
        return state


def server_to_observe(
    address: Address, say: Callable[[str], None] = lambda _: None
) -> tuple[ServerState, Reached]:
    """The settings in force, and by which way the server is reached. Raises as read_server does."""
    with closing(address.connect(Patience.of(READ_S))) as connection:
        if known := connection.read_on_the_way:
            say(f"note: {known}")
        return _state(connection), connection.reached


def _state(connection: Connection) -> ServerState:
    if which := VENDORS[connection.vendor].which_server:
        # mysql:// may lead to a MariaDB, which is as good.
        version = str(only_value(connection.query(which)))
        connection.vendor = VENDORS[connection.vendor].actual_vendor(version)
    vendor = VENDORS[connection.vendor]
    state = vendor.server_state(partial(ask_together, connection))
    if vendor.is_too_old(state.version):
        version = format_version(state.version)
        raise AdvisorError(
            f"{vendor.title} {version} is older than what we know", vendor.tables_begin
        )
    return state
