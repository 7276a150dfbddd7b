"""PyMySQL with an end to what it waits for, reads and keeps, and a limit to who is told a password.

As the vendors' own clients do, it sends a password in clear, or encrypted with a key that came over
the same wire, only through TLS or a Unix socket.
"""

import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import pymysql
import pymysql._auth
from pymysql.connections import Connection
from pymysql.constants import CLIENT, COMMAND, FIELD_TYPE
from pymysql.protocol import FieldDescriptorPacket

from advisor.servers.connection.answers import Kind, as_value
from advisor.servers.connection.limits import (
    ANSWER_BYTES,
    COLUMNS_MAX,
    READ_COSTS_BYTES,
    RefusalError,
    WireError,
    left_s,
    too_many_bytes,
    too_much,
)
from advisor.vendors.answers import Rows

if TYPE_CHECKING:
    Driven = Connection[Any]
else:  # takes no subscript at run time
    Driven = Connection

AUTHENTICATION: Final[Any] = pymysql._auth
"""Has no types."""

KINDS: Final[dict[int, Kind]] = {
    FIELD_TYPE.TINY: "whole",
    FIELD_TYPE.SHORT: "whole",
    FIELD_TYPE.INT24: "whole",
    FIELD_TYPE.LONG: "whole",
    FIELD_TYPE.LONGLONG: "whole",
}
"""All other types are text."""

READ_AT_ONCE_BYTES: Final = 65_536
FAST_PATH_SUCCEEDED: Final = 3
EOF_STATUS: Final = 3
"""Where in an EOF_Packet the status begins."""
MORE_RESULTS: Final = 0x08
ENCRYPT_HINT: Final = "encrypt it: ?ssl-mode=REQUIRED, or better VERIFY_IDENTITY with ssl-ca"


APPLICATION: Final = "fsync-advisor"
"""How our sessions call themselves."""


def open_session(options: Mapping[str, Any], timeout_s: int, until_s: float) -> "PyMySQLSession":
    """A session in autocommit mode.

    `timeout_s`: for each address of the host's. Raises RefusalError and WireError.
    """
    try:
        driven = GuardedConnection(
            until_s,
            autocommit=True,
            connect_timeout=timeout_s,
            client_flag=CLIENT.MULTI_STATEMENTS,
            program_name=APPLICATION,
            **options,
        )
    except (pymysql.MySQLError, OSError) as error:
        raise RefusalError(words_of(error)) from error
    return PyMySQLSession(driven)


def words_of(error: Exception) -> str:
    """What PyMySQL says, without the number before it."""
    return str(error.args[-1] if error.args else error)


class PyMySQLSession:
    """One session, whose answers are bounded."""

    def __init__(self, driven: "GuardedConnection") -> None:
        self._driven = driven
        self.socket_number = driven._sock.fileno()
        self.encrypted = hasattr(driven._sock, "cipher")

    def rows(self, statement: str, until_s: float) -> Rows:
        """The rows of one statement. Raises RefusalError; WireError where the session is over."""
        try:
            return self._driven.rows(statement, until_s)
        except pymysql.MySQLError as error:
            words = words_of(error)
            if not self._driven.open:
                raise WireError(f"the connection is lost: {words}") from error
            raise RefusalError(words) from error

    def close(self) -> None:
        """Ends it."""
        if self._driven.open:
            self._driven.close()


class GuardedConnection(Driven):
    """A connection that answers in time and in bounds, or ends."""

    _sock: socket.socket
    _secure: bool
    _execute_command: Callable[[int, str], None]
    salt: bytes
    password: bytes

    def __init__(self, until_s: float, **options: Any) -> None:
        self._expect_answer(until_s)
        super().__init__(local_infile=False, auth_plugin_map=HANDLERS, **options)

    def rows(self, statement: str, until_s: float) -> Rows:
        """The rows of one statement. Raises pymysql.MySQLError and WireError."""
        self._expect_answer(until_s)
        self._execute_command(COMMAND.COM_QUERY, statement)
        first = self._packet()
        if first.is_ok_packet():
            return []
        if first.is_load_local_packet():
            raise WireError("the server wants a file of this host where it was asked for rows")
        count = first.read_length_encoded_integer() or 0
        if count > COLUMNS_MAX:
            raise too_much(f"{COLUMNS_MAX} columns")
        columns = [self._packet(FieldDescriptorPacket) for _ in range(count)]
        kinds = [KINDS.get(column.type_code, "text") for column in columns]
        if not self._packet().is_eof_packet():
            raise WireError("the server's answer has other columns than it says")
        rows: Rows = []
        while not (packet := self._packet()).is_eof_packet():
            rows.append(tuple(as_value(packet.read_length_coded_string(), kind) for kind in kinds))
        if packet.get_bytes(EOF_STATUS)[0] & MORE_RESULTS:
            raise WireError("the server answers one statement twice")
        return rows

    @property
    def is_safe(self) -> bool:
        """Whether nobody on the way can read what is sent."""
        return bool(self._secure)

    def answered(self, sent: bytes) -> Any:
        """The packet that answers one. Raises pymysql.MySQLError and WireError."""
        self.write_packet(sent)
        packet: Any = self._packet()
        packet.check_error()
        return packet

    def _packet(self, *kind: Any) -> Any:
        return self._read_packet(*kind)  # type: ignore[no-untyped-call]

    def _expect_answer(self, until_s: float) -> None:
        """From now on bytes count anew."""
        self._until_s = until_s
        self._left_bytes = ANSWER_BYTES

    def _read_bytes(self, num_bytes: int) -> bytes:
        """In place of PyMySQL's, which waits anew for every byte, and reads ahead."""
        self._left_bytes -= num_bytes + READ_COSTS_BYTES
        if self._left_bytes < 0:
            raise too_many_bytes()
        received = bytearray()
        while len(received) < num_bytes:
            self._sock.settimeout(left_s(self._until_s))
            try:
                part = self._sock.recv(min(num_bytes - len(received), READ_AT_ONCE_BYTES))
            except TimeoutError:
                continue  # left_s says so
            except OSError as error:
                raise WireError(f"the connection is lost: {error.strerror or error}") from error
            if not part:
                raise WireError("the server has closed the connection")
            received += part
        return bytes(received)

    def _write_bytes(self, data: bytes) -> None:
        """In place of PyMySQL's, whose time for it is not ours."""
        try:
            self._sock.settimeout(left_s(self._until_s))
            self._sock.sendall(data)
        except TimeoutError:
            raise WireError("the server does not read what it is sent") from None
        except OSError as error:
            raise WireError(f"the connection is lost: {error.strerror or error}") from error


class _Handler:
    """How PyMySQL is told what to do for one way to authenticate."""

    def __init__(self, connection: Any) -> None:
        self._connection: GuardedConnection = connection

    def _require_safe(self, asks: str) -> None:
        if not self._connection.is_safe:
            raise WireError(f"{asks}, and the connection is not encrypted", ENCRYPT_HINT)


class _InClear(_Handler):
    """mysql_clear_password."""

    def authenticate(self, packet: Any) -> Any:
        self._require_safe("the server asks for the password in clear")
        return self._connection.answered(self._connection.password + b"\0")


class _Dialog(_Handler):
    """dialog, of PAM: without `authenticate` in a handler PyMySQL would answer by itself."""

    def authenticate(self, packet: Any) -> Any:
        self._require_safe("the server asks for the password in clear")
        # Whatever it is called there, one question is for the password; no other is answered.
        return self._connection.answered(self._connection.password + b"\0")


class _Sha256(_Handler):
    """sha256_password, whose other way is a key that anybody on the way may have made."""

    def authenticate(self, packet: Any) -> Any:
        if self._connection.password:
            self._require_safe("sha256_password sends the password itself")
        return AUTHENTICATION.sha256_password_auth(self._connection, packet)


class _CachingSha2(_Handler):
    """caching_sha2_password, which without TLS is good only for who is in the server's cache."""

    def authenticate(self, packet: Any) -> Any:
        connection = self._connection
        if connection.is_safe or not connection.password:
            return AUTHENTICATION.caching_sha2_password_auth(connection, packet)
        if packet.is_auth_switch_request():
            connection.salt = packet.read_all().removesuffix(b"\0")
            scrambled = AUTHENTICATION.scramble_caching_sha2(connection.password, connection.salt)
            packet = connection.answered(scrambled)
        if packet.is_ok_packet():
            return packet
        if packet.read_all()[1:2] != bytes([FAST_PATH_SUCCEEDED]):
            self._require_safe("caching_sha2_password wants the password itself")
        done = connection._packet()
        done.check_error()
        return done


HANDLERS: Final[dict[str, Callable[[Driven], Any]]] = {
    "mysql_clear_password": _InClear,
    "dialog": _Dialog,
    "sha256_password": _Sha256,
    "caching_sha2_password": _CachingSha2,
}
"""What is left to PyMySQL, mysql_native_password and client_ed25519, sends only what is signed."""
