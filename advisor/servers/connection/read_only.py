"""One read-only transaction with timeouts."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from advisor.errors import AdvisorError
from advisor.servers.state import statements as sql
from advisor.servers.connection.wire import Connection


@contextmanager
def read_only(connection: Connection) -> Iterator[None]:
    """Raises AdvisorError where the connection is gone; a refusal within it ends with it."""
    for statement in sql.BEGIN[connection.vendor]:
        connection.query(statement)
    try:
        yield
    finally:
        with suppress(AdvisorError):  # where the connection is gone, the first error is told
            connection.query(sql.END)
