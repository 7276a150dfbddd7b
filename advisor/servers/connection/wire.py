"""Connections that a load can be driven over: opened by the drivers, driven by raw messages.

The drivers know authentication, sockets and DSNs, and take some 50 to 200 us of CPU per statement,
which the server would miss. A statement encoded once and an answer only looked at take a tenth.
Messages: PostgreSQL "Frontend/Backend Protocol" (simple query); MySQL "Client/Server Protocol"
(COM_QUERY, OK_Packet, ERR_Packet), which MariaDB shares.
"""

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from advisor.errors import AdvisorError
from advisor.servers.connection.driver import CONNECT_TIMEOUT_S, require_driver
from advisor.vendors.base import Rows
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    import psycopg
    import pymysql

APPLICATION: Final = "fsync-advisor"
"""How our sessions call themselves."""


class Connection(ABC):
    """A connection in autocommit mode. Between two calls of ours no statement is under way."""

    vendor: VendorName

    def __init__(self, address: "Address") -> None:
        self.vendor = address.vendor
        self.address = address

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
        return AdvisorError(f"the {title} server refuses: {' '.join(message.split())}")

    @abstractmethod
    def query(self, statement: str) -> Rows:
        """The rows of one statement, by the driver. Raises AdvisorError with the server's words."""

    @property
    @abstractmethod
    def encrypted(self) -> bool:
        """Whether what goes over the socket is encrypted, so that raw messages are of no use."""

    @abstractmethod
    def socket_number(self) -> int:
        """The descriptor of the socket."""

    @abstractmethod
    def set_blocking(self, blocking: bool) -> None:
        """As the driver needs its socket, or as the load does."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection."""

    @staticmethod
    @abstractmethod
    def encode(statement: str) -> bytes:
        """The message that asks for one or more statements without rows, separated by ;."""

    @abstractmethod
    def is_answered(self, received: bytes) -> bool:
        """Whether the answer to a message is there, wholly. Raises AdvisorError for a refusal."""


class PsycopgConnection(Connection):
    """Asks by Query; the answer ends with ReadyForQuery."""

    def __init__(self, address: "Address", driven: "psycopg.Connection[Any]") -> None:
        super().__init__(address)
        self._driven = driven

    def query(self, statement: str) -> Rows:
        import psycopg

        try:
            cursor = self._driven.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self.refused(error.diag.message_primary or str(error)) from error

    @property
    def encrypted(self) -> bool:
        return self._driven.pgconn.ssl_in_use

    def socket_number(self) -> int:
        return self._driven.pgconn.socket

    def set_blocking(self, blocking: bool) -> None:
        pass  # libpq's socket never blocks

    def close(self) -> None:
        self._driven.close()

    @staticmethod
    def encode(statement: str) -> bytes:
        text = statement.encode() + b"\0"
        return b"Q" + (len(text) + 4).to_bytes(4, "big") + text

    def is_answered(self, received: bytes) -> bool:
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

    def __init__(self, address: "Address", driven: "pymysql.connections.Connection[Any]") -> None:
        super().__init__(address)
        self._driven = driven
        self._socket: socket.socket = driven._sock  # type: ignore[attr-defined]

    def query(self, statement: str) -> Rows:
        import pymysql

        try:
            with self._driven.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except pymysql.MySQLError as error:
            raise self.refused(str(error.args[-1] if error.args else error)) from error

    @property
    def encrypted(self) -> bool:
        return hasattr(self._socket, "cipher")

    def socket_number(self) -> int:
        return self._socket.fileno()

    def set_blocking(self, blocking: bool) -> None:
        self._socket.setblocking(blocking)

    def close(self) -> None:
        if self._driven.open:
            self._driven.close()

    @staticmethod
    def encode(statement: str) -> bytes:
        command = b"\x03" + statement.encode()  # COM_QUERY
        return len(command).to_bytes(3, "little") + b"\0" + command

    def is_answered(self, received: bytes) -> bool:
        start = 0
        while len(received) > start + 4:
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
                return True
        return False


@dataclass(frozen=True, slots=True)
class Address:
    """How a server is reached. Its text may be shown: it has no password."""

    vendor: VendorName
    options: Mapping[str, Any]
    """As the driver takes them."""

    def connect(self, *, read_timeout_s: int | None = None) -> Connection:
        """A new connection in autocommit mode. Raises AdvisorError.

        `read_timeout_s`: so long PyMySQL waits for any answer; psycopg has no such limit.
        """
        require_driver(self.vendor)
        opened: Mapping[str, Callable[[], Connection]] = {
            "psycopg": self._psycopg,
            "pymysql": lambda: self._pymysql(read_timeout_s),
        }
        return opened[VENDORS[self.vendor].driver]()

    def __repr__(self) -> str:
        return f"Address({self.vendor!r})"

    def _psycopg(self) -> Connection:
        import psycopg

        ours = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "gssencmode": "disable",
            "fallback_application_name": APPLICATION,
        }
        try:
            return PsycopgConnection(
                self, psycopg.connect(autocommit=True, **{**ours, **self.options})
            )
        except psycopg.Error as error:
            raise _unreachable(self.vendor, error) from error

    def _pymysql(self, read_timeout_s: int | None) -> Connection:
        import pymysql
        from pymysql.constants import CLIENT

        try:
            driven = pymysql.connect(
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=read_timeout_s,
                client_flag=CLIENT.MULTI_STATEMENTS,
                program_name=APPLICATION,
                **self.options,
            )
        except (pymysql.MySQLError, OSError, RuntimeError, UnicodeError) as error:
            raise _unreachable(self.vendor, error) from error
        return PyMySQLConnection(self, driven)


def _unreachable(vendor: VendorName, error: Exception) -> AdvisorError:
    said = " ".join(str(error.args[-1] if error.args else error).split())
    server = VENDORS[vendor]
    hint = next((hint for words, hint in server.login_hints if words in said), "")
    return AdvisorError(f"no connection to the {server.title} server: {said}", hint)


def _big(received: bytes, start: int) -> int:
    return int.from_bytes(received[start : start + 4], "big")


def _text(received: bytes) -> str:
    return received.decode(errors="replace")
