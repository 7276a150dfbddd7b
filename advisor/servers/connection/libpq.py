"""One session of libpq, asked row by row: no answer is waited for, or kept, without an end.

psycopg opens it, and knows hosts, files and variables; its cursors would keep whatever comes.
"""

import os
import select
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from advisor.servers.connection.answers import Kind, as_value, encoding_of, said
from advisor.servers.connection.limits import (
    ANSWER_BYTES,
    COLUMNS_MAX,
    READ_COSTS_BYTES,
    ROWS_MAX,
    RefusalError,
    WireError,
    left_s,
    too_many_bytes,
    too_much,
)
from advisor.vendors.answers import Rows

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

KINDS: Final[Mapping[int, Kind]] = {16: "truth", 20: "whole", 21: "whole", 23: "whole"}
"""Types by pg_type.dat: bool, int8, int2, int4; all others are text."""

REQUIRE_AUTH_SINCE: Final = 160_000
"""Since when libpq can be told to send no password in clear."""
NOT_IN_CLEAR: Final = "!password"
ASKED_IN_CLEAR: Final = f'requirement "{NOT_IN_CLEAR}" failed'
"""libpq's words for a server that asks for it (fe-auth.c, check_expected_areq)."""
ENCRYPTED: Final = ("require", "verify-ca", "verify-full")
WITHOUT_TLS: Final = ("SSL was required", "SSL was requested")
"""libpq's words for a server that does not encrypt."""

IN_CLEAR: Final = "the server asks for the password in clear, and the connection is not encrypted"


APPLICATION: Final = "fsync-advisor"
"""How our sessions call themselves."""


def open_session(options: Mapping[str, Any], timeout_s: int, until_s: float) -> "LibpqSession":
    """A session in autocommit mode.

    `timeout_s`: for each address that the options name. Raises RefusalError and WireError.
    """
    import psycopg

    ours = {"gssencmode": "disable", "fallback_application_name": APPLICATION}
    try:
        return LibpqSession(_opened({**ours, **options}, timeout_s))
    except psycopg.Error as error:
        raise RefusalError(str(error)) from error


def _opened(options: Mapping[str, Any], timeout_s: int) -> "psycopg.Connection[Any]":
    """A password goes in clear over TLS or a Unix socket alone."""
    import psycopg
    from psycopg import pq

    asked: dict[str, Any] = {"connect_timeout": timeout_s, "autocommit": True, **options}
    own_choice = options.get("require_auth") or os.environ.get("PGREQUIREAUTH")
    if own_choice or pq.version() < REQUIRE_AUTH_SINCE:
        return psycopg.connect(**asked if own_choice else _encrypted(asked, "prefer"))
    try:
        return psycopg.connect(**{"require_auth": NOT_IN_CLEAR, **asked})
    except psycopg.OperationalError as error:
        if ASKED_IN_CLEAR not in str(error):
            raise
        mode = _mode_of(error)
    try:
        return psycopg.connect(**_encrypted(asked, mode))
    except psycopg.OperationalError as error:
        if any(words in str(error) for words in WITHOUT_TLS):
            raise WireError(
                IN_CLEAR, "let the server have TLS, or scram-sha-256 in its pg_hba.conf"
            ) from None
        raise


def _mode_of(error: "psycopg.OperationalError") -> str:
    """The sslmode that the options, a service or a variable asked for."""
    info = error.pgconn.info if error.pgconn else ()
    return next((each.val.decode() for each in info if each.keyword == b"sslmode" and each.val), "")


def _encrypted(options: Mapping[str, Any], mode: str) -> Mapping[str, Any]:
    """The same with TLS, wherever TCP is used: libpq takes no notice of sslmode for a socket."""
    return options if mode in ENCRYPTED else {**options, "sslmode": ENCRYPTED[0]}


class LibpqSession:
    """One session, whose answers are bounded."""

    def __init__(self, driven: "psycopg.Connection[Any]") -> None:
        self._driven, self._pgconn = driven, driven.pgconn
        self.socket_number = self._pgconn.socket
        self.encrypted = bool(self._pgconn.ssl_in_use)

    def rows(self, statement: str, until_s: float) -> Rows:
        """The rows of one statement. Raises RefusalError; WireError where the session is over."""
        import psycopg

        try:
            return self._asked(statement, until_s)
        except psycopg.Error as error:
            raise WireError(f"the connection is lost: {said(str(error))}") from error

    def close(self) -> None:
        """Ends it."""
        self._driven.close()

    def _asked(self, statement: str, until_s: float) -> Rows:
        self._pgconn.send_query(statement.encode())
        self._pgconn.set_single_row_mode()
        while self._pgconn.flush():
            self._wait(until_s, sending=True)
        rows: Rows = []
        left_bytes, refusal = ANSWER_BYTES, ""
        while (result := self._result(until_s)) is not None:
            left_bytes -= self._take(result, rows)
            if left_bytes < 0:
                raise too_many_bytes()
            if len(rows) > ROWS_MAX:
                raise too_much(f"{ROWS_MAX} rows")
            refusal = refusal or _refusal(result)
            result.clear()
        if refusal and self._driven.broken:
            raise WireError(f"the connection is lost: {refusal}")
        if refusal:
            raise RefusalError(refusal)
        return rows

    def _result(self, until_s: float) -> "PGresult | None":
        """The next part of the answer; None: it is over."""
        while self._pgconn.is_busy():
            self._wait(until_s)
        left_s(until_s)  # also where the server never lets us wait
        return self._pgconn.get_result()

    def _wait(self, until_s: float, *, sending: bool = False) -> None:
        number = self._pgconn.socket
        poll = select.poll()
        poll.register(number, select.POLLIN | (select.POLLOUT if sending else 0))
        ready = poll.poll(left_s(until_s) * 1000)
        if ready and ready[0][1] & ~select.POLLOUT:
            self._pgconn.consume_input()

    def _take(self, result: "PGresult", rows: Rows) -> int:
        """Adds a result's rows; what they cost, in bytes."""
        from psycopg.pq import ExecStatus

        if result.status in (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH):
            raise WireError("the server wants to copy a file where it was asked for rows")
        if result.nfields > COLUMNS_MAX:
            raise too_much(f"{COLUMNS_MAX} columns")
        columns = range(result.nfields)
        kinds = [KINDS.get(result.ftype(column), "text") for column in columns]
        encoding = encoding_of((self._pgconn.parameter_status(b"client_encoding") or b"").decode())
        cost = READ_COSTS_BYTES
        for row in range(result.ntuples):
            sent = [result.get_value(row, column) for column in columns]
            cost += sum(len(value or b"") for value in sent)
            rows.append(
                tuple(
                    as_value(value, kind, encoding) for value, kind in zip(sent, kinds, strict=True)
                )
            )
        return cost


def _refusal(result: "PGresult") -> str:
    """What the server says against the statement; "" for an answer."""
    from psycopg.pq import DiagnosticField, ExecStatus

    if result.status not in (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE):
        return ""
    message = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or result.error_message
    return said(message) or "it does not say why"
