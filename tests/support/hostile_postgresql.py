"""A fake PostgreSQL that answers as one does, and misbehaves where it is told to.

Messages as the manual's "Message Formats" has them.
"""

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.support.hostile_server import HostileServer, Wire

ENCRYPTION: Final = {80877103: "TLS", 80877104: "GSSAPI"}
"""The codes of requests for it."""

TEXT: Final = 25
WHOLE: Final = 20
SHORT: Final = 23
TRUTH: Final = 16

SETTINGS: Final[Mapping[str, bytes | None]] = {
    "server_version": b"17.2",
    "fsync": b"on",
    "full_page_writes": b"on",
    "synchronous_commit": b"on",
    "wal_sync_method": b"fdatasync",
    "commit_delay": b"0",
    "commit_siblings": b"5",
    "max_wal_size": b"1024",
}
SINCE: Final = b"2026-11-20 14:03"
"""When its counters began."""
UNITS: Final = {"max_wal_size": b"MB"}

AUDITED: Final = (TEXT, TEXT, TEXT, TEXT, TEXT, SHORT, TRUTH)
"""The columns of what an audit asks of pg_settings."""


def message(kind: bytes, payload: bytes = b"") -> bytes:
    """One message of a server's."""
    return kind + struct.pack("!I", len(payload) + 4) + payload


class PostgreSQLWire(Wire):
    """One connection, in messages."""

    def message(self, kind: bytes, payload: bytes = b"") -> None:
        self.send(message(kind, payload))

    def started(self) -> bytes:
        """What the client begins with, after it was told that nothing is encrypted."""
        while True:
            size = int.from_bytes(self.receive(4), "big")
            rest = self.receive(size - 4)
            if int.from_bytes(rest[:4], "big") not in ENCRYPTION:
                return rest
            self.send(b"N")

    def asked(self) -> tuple[bytes, bytes]:
        """The next message of the client's: its kind, and what it says."""
        kind = self.receive(1)
        return kind, self.receive(int.from_bytes(self.receive(4), "big") - 4)

    def let_in(self, **parameters: str) -> None:
        """All that follows when a client may come in."""
        self.message(b"R", struct.pack("!I", 0))
        shown = {"client_encoding": "UTF8", "server_version": "17.2", **parameters}
        for name, value in shown.items():
            self.message(b"S", f"{name}\0{value}\0".encode())
        self.message(b"K", struct.pack("!II", 7, 8))
        self.ready()

    def ready(self) -> None:
        self.message(b"Z", b"I")

    def error(self, said: bytes, severity: bytes = b"ERROR", kind: bytes = b"E") -> None:
        """A refusal, or a notice."""
        fields = (b"S" + severity, b"V" + severity, b"CXX000", b"M" + said)
        self.message(kind, b"".join(part + b"\0" for part in fields) + b"\0")

    def done(self, tag: bytes = b"SELECT 1") -> None:
        self.message(b"C", tag + b"\0")

    def columns(self, *types: int) -> None:
        """What a result has."""
        described = (b"n\0" + struct.pack("!IhIhih", 0, 0, kind, -1, -1, 0) for kind in types)
        self.message(b"T", struct.pack("!h", len(types)) + b"".join(described))

    def row(self, *values: bytes | None) -> None:
        """One row."""
        self.send(row(*values))

    def rows(self, types: Sequence[int], rows: Sequence[Sequence[bytes | None]]) -> None:
        """A whole answer."""
        self.columns(*types)
        for values in rows:
            self.row(*values)
        self.done()
        self.ready()


def row(*values: bytes | None) -> bytes:
    """The message of one row."""
    parts = (
        b"\xff\xff\xff\xff" if value is None else struct.pack("!I", len(value)) + value
        for value in values
    )
    return message(b"D", struct.pack("!h", len(values)) + b"".join(parts))


Behaviour = Callable[[PostgreSQLWire], object]


@dataclass
class HostilePostgreSQL(HostileServer):
    """`start` and `login` in place of what a server does; `answers`: how a statement begins -> what
    is done in its place."""

    start: Behaviour | None = None
    login: Behaviour = PostgreSQLWire.let_in
    answers: Mapping[str, Behaviour] = field(default_factory=dict)
    settings: Mapping[str, bytes | None] = field(default_factory=lambda: SETTINGS)

    def __post_init__(self) -> None:
        super().__init__()
        self._updates = 0

    def serve(self, connection: socket.socket) -> None:
        wire = PostgreSQLWire(connection)
        if self.start is not None:
            self.start(wire)
        self.received += wire.started()
        self.login(wire)
        while True:
            kind, said = wire.asked()
            if kind == b"X":
                return
            if kind != b"Q":  # a password, or whatever else a client was made to send
                self.received += kind + said
                continue
            self.answer(wire, said.rstrip(b"\0").decode())

    def answer(self, wire: PostgreSQLWire, statement: str) -> None:
        """As told, or as a server does."""
        for beginning, behaviour in self.answers.items():
            if statement.startswith(beginning):
                behaviour(wire)
                return
        if statement.startswith("SELECT name, setting, coalesce"):
            wire.rows(AUDITED, [audited(name, value) for name, value in self.settings.items()])
        elif statement.startswith("SELECT name, setting, unit"):
            shown = [
                (name.encode(), value, UNITS.get(name), value, None, None)
                for name, value in self.settings.items()
            ]
            wire.rows((TEXT, TEXT, TEXT, TEXT, TEXT, SHORT), shown)
        elif statement.startswith(("SELECT pg_catalog.pg_has_role", "SELECT pg_catalog.pg_try")):
            wire.rows((TRUTH,), [(b"t",)])
        elif statement.startswith("SELECT pg_catalog.pg_is_in_recovery"):
            wire.rows((TRUTH, WHOLE), [(b"f", b"0")])
        elif statement.startswith("SELECT pg_catalog.unnest"):
            wire.rows((TEXT, TEXT, TEXT), [])
        elif statement.startswith("SELECT count(*) FILTER"):
            wire.rows((WHOLE, WHOLE), [(b"0", b"0")])
        elif statement.startswith("SELECT sum(v)"):
            wire.rows((WHOLE,), [(str(self._updates).encode(),)])
        elif statement.startswith(("SELECT num_timed", "SELECT wal_bytes")):
            counts = (b"100",) * (3 if "wal_bytes" in statement else 2)
            wire.rows((WHOLE,) * (len(counts) + 1) + (TEXT,), [(*counts, b"60", SINCE)])
        elif statement.startswith("SELECT"):
            wire.rows((WHOLE,), [(b"100",)])
        else:
            self._updates += statement.startswith("UPDATE")
            wire.done(statement.split()[0].encode())
            wire.ready()


def audited(
    name: str, value: bytes | None, place: tuple[bytes, bytes] = (b"", b"0")
) -> tuple[bytes | None, ...]:
    """A row of pg_settings as an audit asks for it."""
    return (name.encode(), value, UNITS.get(name, b""), b"default", *place, b"f")
