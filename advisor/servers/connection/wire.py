"""Connections that a load can be driven over: opened by the drivers, driven by raw messages.

The drivers know authentication, sockets and DSNs, and take some 50 to 200 us of CPU per statement,
which the server would miss. A statement encoded once and an answer only looked at take a tenth.
Messages: PostgreSQL "Frontend/Backend Protocol" (simple query); MySQL "Client/Server Protocol"
(COM_QUERY, OK_Packet, ERR_Packet), which MariaDB shares.
"""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from struct import Struct
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.instance import Reached
from advisor.servers.connection.answers import said
from advisor.servers.connection.driver import require_driver
from advisor.servers.connection.driver_process import DriverProcess, Opened
from advisor.servers.connection.limits import CONNECT_TIMEOUT_S, Patience, RefusalError, WireError
from advisor.vendors.answers import Rows
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

CREDENTIALS: Final = Struct("3i")
"""Process, user and group of who listens at a Unix socket, the process 0 where it is none of our
namespace: unix(7), SO_PEERCRED."""

UPDATE_ANSWER_BYTES: Final = 65_536
"""Longer no answer to a statement without rows is."""


class Connection(ABC):
    """A connection in autocommit mode. Between two calls of ours no statement is under way."""

    vendor: VendorName

    def __init__(
        self, address: "Address", process: DriverProcess, opened: Opened, patience: Patience
    ) -> None:
        self.vendor = address.vendor
        self.address = address
        self.patience = patience
        self.encrypted = opened.encrypted
        self._process, self._opened = process, opened

    def another(self) -> "Connection":
        """A further connection, which ends when this one is closed. Raises AdvisorError."""
        return self.address.connect_by(self._process, self.patience)

    def query(self, statement: str) -> Rows:
        """The rows of one statement. Raises AdvisorError with the server's words, and WireError
        where it has none that we could use."""
        try:
            return self._process.rows(self._opened.number, statement, self.patience.until())
        except RefusalError as error:
            raise self.refused(error.message) from None

    def socket_number(self) -> int:
        """The descriptor of the socket, which never blocks."""
        return self._opened.socket.fileno()

    def close(self) -> None:
        """Ends the connection."""
        self._opened.socket.close()
        self._process.close(self._opened.number)

    def require_plain(self) -> None:
        """Raises AdvisorError for an encrypted connection: raw messages need a plain socket."""
        if self.encrypted:
            option = VENDORS[self.vendor].plaintext_option
            raise AdvisorError(
                "the connection is encrypted, and our load client speaks only plainly",
                f"connect by the server's Unix socket, or with {option} where the network is"
                " trusted",
            )

    def refused(self, message: str) -> AdvisorError:
        """An error with what the server said, in one line."""
        title = VENDORS[self.vendor].title
        return AdvisorError(f"the {title} server refuses: {said(message)}")

    @property
    def reached(self) -> Reached:
        """By which way the server answers."""
        ours = self._opened.socket
        if ours.family == socket.AF_UNIX:
            size = CREDENTIALS.size
            credentials = ours.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
            process_id, _, _ = CREDENTIALS.unpack(credentials)
            return Reached(is_here=True, process_id=process_id or None)
        host, port, *_ = ours.getpeername()
        if ip_address(host.partition("%")[0]).is_loopback:
            return Reached(is_here=True, loopback_port=port)
        return Reached(is_here=False)

    @property
    def read_on_the_way(self) -> str:
        """What to say of a connection that others can read and change; "" where they cannot."""
        if self.encrypted:
            return ""
        ours = self._opened.socket
        peer = ours.getpeername() if ours.family != socket.AF_UNIX else None
        if peer is None or ip_address(peer[0].partition("%")[0]).is_loopback:
            return ""
        server = VENDORS[self.vendor]
        return (
            f"the connection to {peer[0]} is not encrypted: who is on the way can read and change"
            f" it; {server.encrypting_options}"
        )

    def is_answered(self, received: bytes) -> bool:
        """Whether the answer to a message is there, wholly. Raises AdvisorError for a refusal, and
        for what is no answer."""
        if len(received) > UPDATE_ANSWER_BYTES:
            raise WireError("the server's answer to an UPDATE has no end")
        try:
            return self._is_whole(received)
        except AdvisorError:
            raise
        except Exception as error:
            raise WireError("the server's answer to an UPDATE is none") from error

    @staticmethod
    @abstractmethod
    def encode(statement: str) -> bytes:
        """The message that asks for one or more statements without rows, separated by ;."""

    @abstractmethod
    def _is_whole(self, received: bytes) -> bool:
        """As `is_answered`; any exception may be raised for bytes that are no answer."""


class PsycopgConnection(Connection):
    """Asks by Query; the answer ends with ReadyForQuery."""

    @staticmethod
    def encode(statement: str) -> bytes:
        text = statement.encode() + b"\0"
        return b"Q" + (len(text) + 4).to_bytes(4, "big") + text

    def _is_whole(self, received: bytes) -> bool:
        refusal, start = "", 0
        while len(received) >= start + 5:
            kind, end = received[start : start + 1], start + 1 + _big(received, start + 1)
            if len(received) < end:
                return False
            if kind == b"E":
                fields = received[start + 5 : end].split(b"\0")
                refusal = next(_text(field[1:]) for field in fields if field[:1] == b"M")
                if not {b"VFATAL", b"VPANIC"}.isdisjoint(fields):  # it will not be ready again
                    raise self.refused(refusal)
            if kind == b"Z":
                if refusal:
                    raise self.refused(refusal)
                return True
            start = end
        return False


class PyMySQLConnection(Connection):
    """Asks by COM_QUERY; each statement is answered by one OK packet."""

    _MORE_RESULTS: Final = 0x0008  # SERVER_MORE_RESULTS_EXISTS

    @staticmethod
    def encode(statement: str) -> bytes:
        command = b"\x03" + statement.encode()  # COM_QUERY
        return len(command).to_bytes(3, "little") + b"\0" + command

    def _is_whole(self, received: bytes) -> bool:
        start = 0
        while len(received) >= start + 4:
            packet = start + 4
            start = packet + int.from_bytes(received[start : start + 3], "little")
            if len(received) < start:
                return False
            if received[packet] == 0xFF:
                raise self.refused(_text(received[packet + 9 : start]))
            if received[packet] != 0x00:
                raise self.refused("it answers with rows where none were asked for")
            # Affected rows and the last identity: one byte each up to 250, else one and 2, 3 or 8.
            status = packet + 1
            for _ in range(2):
                status += {0xFC: 3, 0xFD: 4, 0xFE: 9}.get(received[status], 1)
            if not received[status] & self._MORE_RESULTS:
                if len(received) > start:
                    raise WireError("the server answers an UPDATE twice")
                return True
        return False


@dataclass(frozen=True, slots=True)
class Address:
    """How a server is reached. Its text may be shown: it has no password."""

    vendor: VendorName
    options: Mapping[str, Any]
    """As the driver takes them."""

    def connect(self, patience: Patience | None = None) -> Connection:
        """A new connection in autocommit mode. Raises AdvisorError.

        `patience`: how long the server is waited for, now and by all statements.
        """
        require_driver(self.vendor)
        driver = VENDORS[self.vendor].driver
        return self.connect_by(DriverProcess(driver, self.options), patience or Patience())

    def connect_by(self, process: DriverProcess, patience: Patience) -> Connection:
        """The same by a process of the drivers' that was started for this address."""
        try:
            opened = process.session(patience.until(CONNECT_TIMEOUT_S))
        except AdvisorError as error:
            raise _unreachable(self.vendor, error) from error
        return CONNECTIONS[VENDORS[self.vendor].driver](self, process, opened, patience)

    def __repr__(self) -> str:
        return f"Address({self.vendor!r})"


CONNECTIONS: Final[Mapping[str, type[Connection]]] = {
    "psycopg": PsycopgConnection,
    "pymysql": PyMySQLConnection,
}


def _unreachable(vendor: VendorName, error: AdvisorError) -> AdvisorError:
    server, message = VENDORS[vendor], said(error.message)
    hints = (hint for words, hint in server.login_hints if words in message)
    return AdvisorError(
        f"no connection to the {server.title} server: {message}", error.hint or next(hints, "")
    )


def _big(received: bytes, start: int) -> int:
    return int.from_bytes(received[start : start + 4], "big")


def _text(received: bytes) -> str:
    return received.decode(errors="replace")
