"""The state that a long run reaches, sooner.

A checkpoint every 15 minutes shows what it costs only in runs of an hour. Two shortcuts: a load on
the drive at full speed changes the pages and fills the log, and a checkpoint then begins with the
measured part, as slow as the server's settings make it. What is measured is the first part of a
checkpoint's interval, its dearest: each page that is changed goes into the WAL as a whole.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from advisor.servers.connection import Address
from advisor.vendors.names import VendorName


@contextmanager
def checkpoint_under_way(address: Address) -> Iterator[None]:
    """A spread checkpoint begins; InnoDB's never ends, so that there is nothing to begin."""
    begin = BEGIN.get(address.vendor)
    if begin is None:
        yield
        return
    thread = threading.Thread(target=begin, args=(address,), daemon=True)
    thread.start()
    yield
    thread.join(JOIN_S)


def _backup_start(address: Address) -> None:
    """The one statement that asks for a spread checkpoint before PostgreSQL 19; it waits for the
    end, and here that may be the server's."""
    with suppress(psycopg.Error), psycopg.connect(**address.options) as connection:
        connection.execute("SELECT pg_backup_start('lab', false)")


JOIN_S: Final = 0.1
BEGIN: Final[Mapping[VendorName, Callable[[Address], None]]] = {"postgresql": _backup_start}
