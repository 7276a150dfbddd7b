"""The state that a long run reaches, sooner.

A checkpoint every 15 minutes shows what it costs only in runs of an hour. Three shortcuts: the WAL
is first as large as the settings let it become, so that its files are used again and none is made
and filled with zeros; a load on the drive at full speed changes the pages and fills the log; and a
checkpoint then begins with the measured part, as slow as the server's settings make it. What is
measured is the first part of a checkpoint's interval, its dearest: each page that is changed goes
into the WAL as a whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import ConnStatus, PGconn

from advisor.servers.connection import Address


def enlarge_log(address: Address) -> None:
    """PostgreSQL keeps as many files of WAL for later use as its last checkpoints needed, up to
    max_wal_size; InnoDB's redo log has its size from the start."""
    if address.vendor != "postgresql":
        return
    with psycopg.connect(**address.options, autocommit=True) as connection:
        row = connection.execute(LOG_BYTES).fetchone()
        assert row is not None
        for _ in range(min(int(row[0]), LOG_BYTES_MAX) // SEGMENT_BYTES):
            connection.execute("SELECT pg_logical_emit_message(false, 'lab', 'x')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")


@contextmanager
def checkpoint_under_way(address: Address) -> Iterator[None]:
    """A spread checkpoint begins; InnoDB's never ends, so that there is nothing to begin."""
    if address.vendor != "postgresql":
        yield
        return
    # Not pg_backup_start, which does the same: a statement keeps its snapshot until the checkpoint
    # has ended, and meanwhile no dead row can be removed.
    where = make_conninfo(**address.options, replication="true")
    sender = PGconn.connect(where.encode())
    try:
        if sender.status != ConnStatus.OK:
            raise RuntimeError(sender.error_message.decode())
        sender.send_query(b"BASE_BACKUP (CHECKPOINT 'spread', MANIFEST 'no')")
        yield
    finally:
        sender.finish()


LOG_BYTES: Final = "SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'max_wal_size'"
LOG_BYTES_MAX: Final = 4 << 30
"""A run of a few minutes uses no more."""
SEGMENT_BYTES: Final = 16 << 20
