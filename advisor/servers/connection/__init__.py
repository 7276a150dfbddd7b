"""How a server is found and spoken to: addresses, drivers, read-only transactions."""

from advisor.servers.connection.addresses import (
    PASSWORD_SHOWN,
    find_address,
    other_host,
    shows_password,
)
from advisor.servers.connection.driver import require_driver
from advisor.servers.connection.limits import Patience, WireError
from advisor.servers.connection.transactions import ask_together, read_only
from advisor.servers.connection.wire import Address, Connection

__all__ = [
    "PASSWORD_SHOWN",
    "Address",
    "Connection",
    "Patience",
    "WireError",
    "ask_together",
    "find_address",
    "other_host",
    "read_only",
    "require_driver",
    "shows_password",
]
