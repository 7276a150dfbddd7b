"""The transactions that MySQL's and MariaDB's binary log holds whole, read from its files.

Format: an event is a header of 19 bytes (time, type, server, length, end, flags), a body and a
CRC-32. The statement of a row change stands before it in an event of its own, and XID ends the
transaction: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.powercut.commits import SCHEMA, Row

MAGIC: Final = b"\xfebin"
HEADER_BYTES: Final = 19
CHECKSUM_BYTES: Final = 4
QUERY, XID, ROWS_QUERY, ANNOTATE_ROWS = 2, 16, 29, 160
INSERT: Final = re.compile(rf"INSERT INTO {SCHEMA}\.commits VALUES \((\d+),(\d+),".encode())

OPTIONS: Final = {
    "mysql": "log_bin = binlog\nbinlog_rows_query_log_events = ON\n",
    "mariadb": "log_bin = binlog\nbinlog_annotate_row_events = ON\nbinlog_checksum = CRC32\n",
}
"""Lines that make the log tell its statements."""


def logged(data: Path) -> set[Row]:
    """The commits in all binary logs of a data directory, as far as each can be read."""
    found: set[Row] = set()
    for file in sorted(data.glob("binlog.[0-9]*")):
        found |= _transactions(file.read_bytes())
    return found


def _transactions(log: bytes) -> set[Row]:
    whole: set[Row] = set()
    pending: set[Row] = set()
    for kind, body in _events(log):
        if kind == XID:
            whole |= pending
            pending = set()
        elif kind in (QUERY, ROWS_QUERY, ANNOTATE_ROWS):
            pending |= {(int(client), int(number)) for client, number in INSERT.findall(body)}
    return whole


def _events(log: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each event, up to the first that is not whole."""
    start = len(MAGIC)
    while log[: len(MAGIC)] == MAGIC and len(log) >= start + HEADER_BYTES:
        end = start + int.from_bytes(log[start + 9 : start + 13], "little")
        event = log[start:end]
        if len(log) < end or len(event) < HEADER_BYTES + CHECKSUM_BYTES:
            return
        stated = int.from_bytes(event[-CHECKSUM_BYTES:], "little")
        # The first event of a file in use is marked so, which its checksum does not count.
        if start > len(MAGIC) and zlib.crc32(event[:-CHECKSUM_BYTES]) != stated:
            return
        yield event[4], event[HEADER_BYTES:-CHECKSUM_BYTES]
        start = end
