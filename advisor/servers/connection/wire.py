"""Connections that a load can be driven over: opened by the drivers, driven by raw messages.

The drivers know authentication, sockets and DSNs, and take some 50 to 200 us of CPU per statement,
which the server would miss. A statement encoded once and an answer only looked at take a tenth.
Messages: PostgreSQL "Frontend/Backend Protocol" (simple query); MySQL "Client/Server Protocol"
(COM_QUERY, OK_Packet, ERR_Packet), which MariaDB shares.
"""

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from advisor.errors import AdvisorError
from advisor.servers.connection.answers import said
from advisor.servers.connection.driver import require_driver
from advisor.servers.connection.libpq import LibpqSession, RefusalError, opened
from advisor.servers.connection.limits import (
    CONNECT_TIMEOUT_S,
    Patience,
    WireError,
    left_s,
    limited_memory,
)
from advisor.vendors.answers import Rows
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    import psycopg

    from advisor.servers.connection.guarded_pymysql import GuardedConnection

APPLICATION: Final = "fsync-advisor"
"""How our sessions call themselves."""

UPDATE_ANSWER_BYTES: Final = 65_536
"""Longer no answer to a statement without rows is."""

CONNECT_TRY_S: Final = 2
"""The least that an address is given, however many there are; libpq has no less."""


class Connection(ABC):
    """A connection in autocommit mode. Between two calls of ours no statement is under way."""

    vendor: VendorName

    def __init__(self, address: "Address", patience: Patience) -> None:
        self.vendor = address.vendor
        self.address = address
        self.patience = patience

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

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Whatever a driver trips over in what a server sends is a WireError."""
        with understood(self.vendor):
            yield

    @property
    def read_on_the_way(self) -> str:
        """What to say of a connection that others can read and change; "" where they cannot."""
        if self.encrypted:
            return ""
        with socket.socket(fileno=os.dup(self.socket_number())) as ours:
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
        with self.understood():
            return self._is_whole(received)

    @abstractmethod
    def query(self, statement: str) -> Rows:
        """The rows of one statement. Raises AdvisorError with the server's words, and WireError
        where it has none that we could use."""

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
    def _is_whole(self, received: bytes) -> bool:
        """As `is_answered`; any exception may be raised for bytes that are no answer."""


@contextmanager
def understood(vendor: VendorName) -> Iterator[None]:
    """As Connection.understood, where there is no connection yet."""
    try:
        yield
    except AdvisorError:
        raise
    except Exception as error:
        title, kind = VENDORS[vendor].title, type(error).__name__
        raise WireError(
            f"the answer is not one of a {title} server: {kind}: {said(str(error))}"
        ) from error


class PsycopgConnection(Connection):
    """Asks by Query; the answer ends with ReadyForQuery."""

    def __init__(
        self, address: "Address", driven: "psycopg.Connection[Any]", patience: Patience
    ) -> None:
        super().__init__(address, patience)
        self._driven = driven
        self._session = LibpqSession(driven, patience)

    def query(self, statement: str) -> Rows:
        try:
            with self.understood():
                return self._session.rows(statement)
        except RefusalError as refusal:
            raise self.refused(refusal.message) from None

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

    def __init__(self, address: "Address", driven: "GuardedConnection", patience: Patience) -> None:
        super().__init__(address, patience)
        self._driven = driven
        self._socket: socket.socket = driven._sock

    def query(self, statement: str) -> Rows:
        import pymysql

        if not self._driven.open:
            raise WireError("the connection is lost")
        try:
            with self.understood(), limited_memory():
                try:
                    return self._driven.rows(statement)
                except pymysql.MySQLError as error:
                    raise self.refused(str(error.args[-1] if error.args else error)) from None
        except BaseException as error:  # an interruption, too: nothing under way is waited for
            if isinstance(error, WireError) or not isinstance(error, AdvisorError):
                self._driven.end()
            raise

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

    def _is_whole(self, received: bytes) -> bool:
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

    def connect(self, patience: Patience | None = None) -> Connection:
        """A new connection in autocommit mode. Raises AdvisorError.

        `patience`: how long the server is waited for, now and by all statements.
        """
        require_driver(self.vendor)
        drivers: Mapping[str, Callable[[Patience], Connection]] = {
            "psycopg": self._psycopg,
            "pymysql": self._pymysql,
        }
        try:
            with understood(self.vendor):
                return drivers[VENDORS[self.vendor].driver](patience or Patience())
        except WireError as error:
            raise _unreachable(self.vendor, error.message, error.hint) from error

    def __repr__(self) -> str:
        return f"Address({self.vendor!r})"

    def _psycopg(self, patience: Patience) -> Connection:
        import psycopg

        ours = {"gssencmode": "disable", "fallback_application_name": APPLICATION}
        timeout_s = self._timeout_s(patience)
        try:
            driven = opened({**ours, **self.options}, timeout_s)
        except psycopg.Error as error:
            raise _unreachable(self.vendor, str(error)) from None
        return PsycopgConnection(self, driven, patience)

    def _pymysql(self, patience: Patience) -> Connection:
        import pymysql
        from pymysql.constants import CLIENT

        from advisor.servers.connection.guarded_pymysql import GuardedConnection

        try:
            with limited_memory():
                driven = GuardedConnection(
                    patience,
                    autocommit=True,
                    connect_timeout=self._timeout_s(patience),
                    client_flag=CLIENT.MULTI_STATEMENTS,
                    program_name=APPLICATION,
                    **self.options,
                )
        except (pymysql.MySQLError, OSError) as error:
            message = error.args[-1] if error.args else error
            raise _unreachable(self.vendor, str(message)) from None
        return PyMySQLConnection(self, driven, patience)

    def _timeout_s(self, patience: Patience) -> int:
        """How long each address of the host's is given, so that all of them have their turn."""
        left = min(CONNECT_TIMEOUT_S, left_s(patience.until()))
        return max(CONNECT_TRY_S, int(left / max(1, self._addresses())))

    def _addresses(self) -> int:
        """How many addresses the drivers will try, one after another."""
        names = str(self.options.get("host") or "").split(",")
        found = 0
        for name in names:
            try:
                found += len(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError):  # a folder of sockets, or nothing that is there
                found += 1
        return found


def _unreachable(vendor: VendorName, message: str, hint: str = "") -> AdvisorError:
    server, message = VENDORS[vendor], said(message)
    hints = (hint for words, hint in server.login_hints if words in message)
    return AdvisorError(
        f"no connection to the {server.title} server: {message}", hint or next(hints, "")
    )


def _big(received: bytes, start: int) -> int:
    return int.from_bytes(received[start : start + 4], "big")


def _text(received: bytes) -> str:
    return received.decode(errors="replace")
