"""One read-only transaction with timeouts."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Connection
from advisor.vendors.answers import Rows
from advisor.vendors.registry import VENDORS


@contextmanager
def read_only(connection: Connection) -> Iterator[None]:
    """Raises AdvisorError where the connection is gone; a refusal within it ends with it."""
    for statement in VENDORS[connection.vendor].begin_read_only:
        connection.query(statement)
    try:
        yield
    finally:
        with suppress(AdvisorError):  # where the connection is gone, the first error is told
            connection.query(VENDORS[connection.vendor].end_read_only)


def ask_together(connection: Connection, *statements: str) -> list[Rows]:
    """The rows of each statement, all in one read-only transaction. Raises AdvisorError."""
    with read_only(connection):
        return [connection.query(statement) for statement in statements]
