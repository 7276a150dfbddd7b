"""A fake MySQL that answers as one does, and misbehaves where it is told to.

Messages as the manual's "Client/Server Protocol" has them.
"""

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.support.hostile_server import HostileServer, Wire

SALT: Final = b"abcdefgh" + b"ijklmnopqrst"
PLUGIN: Final = b"mysql_native_password"
TLS: Final = 0x0800
CAPABILITIES: Final = 0x000F_F7DF & ~TLS | 0x0008_0000
"""As of a MySQL 8, without TLS, without CLIENT_DEPRECATE_EOF."""

TEXT: Final = 0xFD
WHOLE: Final = 0x08

VARIABLES: Final[Mapping[str, bytes | None]] = {
    "version": b"8.4.3",
    "innodb_flush_log_at_trx_commit": b"1",
    "sync_binlog": b"1",
    "log_bin": b"ON",
    "innodb_doublewrite": b"ON",
    "innodb_flush_method": b"O_DIRECT",
    "innodb_io_capacity": b"10000",
    "binlog_group_commit_sync_delay": b"0",
    "binlog_group_commit_sync_no_delay_count": b"0",
    "innodb_use_fdatasync": b"OFF",
}
STATUS: Final[Mapping[str, bytes]] = {
    "Innodb_os_log_fsyncs": b"100",
    "Binlog_cache_use": b"100",
    "Handler_commit": b"100",
}


def length_coded(data: bytes | None) -> bytes:
    """A value of a row; None: NULL."""
    if data is None:
        return b"\xfb"
    size = len(data)
    if size < 251:
        return bytes([size]) + data
    return b"\xfe" + struct.pack("<Q", size) + data


class MySQLWire(Wire):
    """One connection, in packets."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.number = 0

    def packet(self, payload: bytes) -> None:
        """One packet, or several where it is long."""
        while True:
            part, payload = payload[: 2**24 - 1], payload[2**24 - 1 :]
            self.send(len(part).to_bytes(3, "little") + bytes([self.number]) + part)
            self.number = (self.number + 1) % 256
            if len(part) < 2**24 - 1:
                return

    def asked(self) -> bytes:
        """The next packet of the client's."""
        head = self.receive(4)
        self.number = (head[3] + 1) % 256
        return self.receive(int.from_bytes(head[:3], "little"))

    def greet(
        self,
        *,
        version: bytes = b"8.4.3",
        capabilities: int = CAPABILITIES,
        plugin: bytes = PLUGIN,
        salt: bytes = SALT,
    ) -> None:
        """The first packet of a server's."""
        low, high = capabilities & 0xFFFF, capabilities >> 16
        head = b"\x0a" + version + b"\0" + struct.pack("<I", 7) + salt[:8] + b"\0"
        middle = struct.pack("<HBHH", low, 45, 2, high) + bytes([21]) + bytes(10)
        self.packet(head + middle + salt[8:] + b"\0" + plugin + b"\0")

    def ok(self) -> None:
        """Done, without rows."""
        self.packet(b"\0\0\0\x02\0\0\0")

    def error(self, message: bytes, number: int = 1105) -> None:
        """A refusal."""
        self.packet(b"\xff" + struct.pack("<H", number) + b"#HY000" + message)

    def eof(self, status: int = 2) -> None:
        """The end of columns, or of rows."""
        self.packet(b"\xfe\0\0" + struct.pack("<H", status))

    def columns(self, *kinds: int, count: int | None = None) -> None:
        """What a result has; `count` is what is said of it."""
        self.packet(length_coded_number(len(kinds) if count is None else count))
        for kind in kinds:
            names = b"".join(length_coded(name) for name in (b"def", b"", b"", b"", b"n", b"n"))
            self.packet(names + b"\x0c" + struct.pack("<HIBHB", 45, 1024, kind, 0, 0) + b"\0\0")
        self.eof()

    def row(self, *values: bytes | None) -> None:
        """One row."""
        self.packet(b"".join(map(length_coded, values)))

    def rows(self, kinds: Sequence[int], rows: Sequence[Sequence[bytes | None]]) -> None:
        """A whole result."""
        self.columns(*kinds)
        for row in rows:
            self.row(*row)
        self.eof()


def length_coded_number(number: int) -> bytes:
    """In the fewest bytes."""
    return bytes([number]) if number < 251 else b"\xfe" + struct.pack("<Q", number)


Behaviour = Callable[[MySQLWire], object]


@dataclass
class HostileMySQL(HostileServer):
    """`greeting` and `login` in place of what a server does; `answers`: how a statement begins ->
    what is done in its place."""

    greeting: Behaviour = MySQLWire.greet
    login: Behaviour = MySQLWire.ok
    answers: Mapping[str, Behaviour] = field(default_factory=dict)
    variables: Mapping[str, bytes | None] = field(default_factory=lambda: VARIABLES)

    def __post_init__(self) -> None:
        super().__init__()
        self._updates = self._before = 0
        self._looks = 0

    def serve(self, connection: socket.socket) -> None:
        wire = MySQLWire(connection)
        self.greeting(wire)
        self.received += wire.asked()
        self.login(wire)
        while True:
            asked = wire.asked()
            if asked[:1] == b"\x01":
                return
            self.answer(wire, asked[1:].decode())

    def answer(self, wire: MySQLWire, statement: str) -> None:
        """As told, or as a server does."""
        for beginning, behaviour in self.answers.items():
            if statement.startswith(beginning):
                behaviour(wire)
                return
        if statement.startswith("SHOW GLOBAL VARIABLES"):
            wire.rows((TEXT, TEXT), [(n.encode(), v) for n, v in self.variables.items()])
        elif statement.startswith("SHOW GLOBAL STATUS"):
            wire.rows((TEXT, TEXT), [(n.encode(), v) for n, v in STATUS.items()])
        elif statement == "SELECT version()":
            wire.rows((TEXT,), [(b"8.4.3",)])
        elif statement.startswith("SELECT variable_name"):
            origins = [(name.encode(), b"COMPILED", b"") for name in self.variables]
            wire.rows((TEXT, TEXT, TEXT), origins)
        elif "replication_connection_configuration" in statement:
            wire.rows((WHOLE, WHOLE), [(b"0", b"0")])
        elif statement.startswith("SELECT coalesce(sum(table_name"):
            wire.rows((TEXT, WHOLE), [(b"0", b"0")])
        elif statement.startswith("SELECT sum(v)"):
            wire.rows((TEXT,), [(str(self._updates).encode(),)])
        elif statement.startswith("SELECT"):
            wire.rows((WHOLE,), [(b"1",)])
        else:
            if statement == "BEGIN":
                self._before = self._updates
            elif statement == "ROLLBACK":
                self._updates = self._before
            self._updates += statement.startswith("UPDATE")
            wire.ok()
