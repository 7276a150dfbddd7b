"""Reads a running server's settings, in read-only transactions. Changes nothing."""

from contextlib import closing
from dataclasses import replace
from functools import partial

from advisor.errors import AdvisorError, UsageError
from advisor.server_state import ServerState
from advisor.servers.connection import Address, ask_together
from advisor.servers.state.activity import watch
from advisor.vendors.base import require_known
from advisor.vendors.registry import VENDORS


def read_server(address: Address, *, interval_s: float = 0) -> ServerState:
    """The settings in force; with an interval, what the server did in it.

    What the account may not see is missing, and a note says so. Raises AdvisorError for a server
    that cannot be reached, refuses to show its settings, or is older than what we know.
    """
    with closing(address.connect()) as connection:
        if which := VENDORS[address.vendor].which_server:
            # mysql:// may lead to a MariaDB, which is as good.
            ((version,),) = connection.query(which)
            connection.vendor = VENDORS[address.vendor].actual_vendor(version)
        vendor = VENDORS[connection.vendor]
        state = vendor.server_state(partial(ask_together, connection))
        try:
            require_known(vendor, state.version)
        except UsageError as error:
            raise AdvisorError(error.message, error.hint) from error
        if interval_s:
            return replace(state, activity=watch(connection, state, interval_s))
        return state
