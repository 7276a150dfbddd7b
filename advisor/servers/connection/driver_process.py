"""The drivers in a process of their own, which is ended when it takes too long or too much.

Nothing else holds whatever a server does: libpq reads without a bound, and computes as long as the
server wants (SCRAM's iterations), without a chance for us to do anything. The process is asked in
JSON, one request after another. Each session's socket is handed over as well, for the raw messages
of a load; meanwhile the driver leaves it alone.
"""

import ctypes
import json
import os
import select
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, NoReturn, Protocol

from advisor.errors import AdvisorError
from advisor.servers.connection.answers import said
from advisor.servers.connection.limits import (
    CONNECT_TIMEOUT_S,
    Patience,
    RefusalError,
    WireError,
    left_s,
    limit_process,
    overdue,
    too_much,
)
from advisor.vendors.answers import Rows

GRACE_S: Final = 1.0
"""The drivers hold the time themselves; so much later the process is ended."""

PR_SET_PDEATHSIG: Final = 1
LENGTH_BYTES: Final = 4
"""Before each request and each reply."""

CONNECT_TRY_S: Final = 2
"""The least that an address is given, however many there are; libpq has no less."""

FILES_MAX: Final = 65_536
"""We never have as many open."""

MODULES: Final[Mapping[str, str]] = {
    "psycopg": "advisor.servers.connection.libpq",
    "pymysql": "advisor.servers.connection.guarded_pymysql",
}
"""Driver -> the module that opens a session by it."""

ERRORS: Final[Mapping[str, type[AdvisorError]]] = {
    error.__name__: error for error in (RefusalError, WireError)
}


class Session(Protocol):
    """What a driver's module opens."""

    socket_number: int
    encrypted: bool

    def rows(self, statement: str, until_s: float) -> Rows: ...

    def close(self) -> None: ...


Open = Callable[[Mapping[str, Any], int, float], Session]


@dataclass(frozen=True, slots=True)
class Opened:
    """A session in that process."""

    number: int
    socket: socket.socket
    """A copy of the session's own."""
    encrypted: bool


class DriverProcess:
    """The process, from without. It ends with its last session, or with us."""

    def __init__(self, driver: str, options: Mapping[str, Any]) -> None:
        """`options`: as the driver takes them."""
        # Imported here, so that each process need not.
        open_session: Open = import_module(MODULES[driver]).open_session
        self._sessions = 0
        self._open: set[int] = set()
        self._ours, theirs = socket.socketpair()
        held_back = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            parent = os.getpid()
            self._process = os.fork()
            if self._process == 0:
                _run(theirs, parent, driver, open_session, options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held_back)
        theirs.close()

    def session(self, until_s: float) -> Opened:
        """A session. Raises RefusalError and WireError."""
        self._sessions += 1
        number = self._sessions
        reply = self._ask({"open": number, "until_s": until_s}, until_s)
        _, (handed,), *_ = socket.recv_fds(self._ours, 1, 1)
        copy = socket.socket(fileno=handed)
        copy.setblocking(False)
        self._open.add(number)
        return Opened(number, copy, reply["encrypted"])

    def rows(self, number: int, statement: str, until_s: float) -> Rows:
        """The rows of one statement. Raises RefusalError and WireError."""
        asked = {"ask": statement, "of": number, "until_s": until_s}
        return [tuple(row) for row in self._ask(asked, until_s)["rows"]]

    def close(self, number: int) -> None:
        """Ends a session, and with the last one the process. What it holds locked is free then."""
        self._open.discard(number)
        if self._ours.fileno() == -1:
            return
        if self._open:
            with suppress(AdvisorError):  # then all of them have ended
                self._ask({"close": number}, Patience.of(GRACE_S).ends_s)
            return
        self._ours.shutdown(socket.SHUT_WR)  # which ends it in good order, if it can
        select.select([self._ours], [], [], GRACE_S)
        self._end()

    def _ask(self, request: Mapping[str, Any], until_s: float) -> Any:
        """The reply. Whatever interrupts it, the process ends, and its sessions with it."""
        try:
            if self._ours.fileno() == -1:
                raise WireError("the connection is lost")
            _send(self._ours, request)
            reply = _receive(self._ours, until_s + GRACE_S)
            if reply is None:
                raise WireError(f"the driver gave up: {self._last_words()}")
        except BaseException:
            self._end()
            raise
        if (kind := reply.get("error")) is None:
            return reply
        error = ERRORS.get(kind, WireError)(reply["message"], reply["hint"])
        if not self._open or isinstance(error, WireError):
            self._end()
        raise error

    def _last_words(self) -> str:
        """How the process came to its end."""
        _, status = os.waitpid(self._process, 0)
        self._process = 0
        code = os.waitstatus_to_exitcode(status)
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def _end(self) -> None:
        """Ends it, whatever it does, and all of its sessions."""
        self._ours.close()
        self._open.clear()
        process, self._process = self._process, 0
        if process:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _send(to: socket.socket, message: Mapping[str, Any]) -> None:
    text = json.dumps(message).encode()
    with suppress(BrokenPipeError, ConnectionResetError):  # receiving tells
        to.sendall(len(text).to_bytes(LENGTH_BYTES, "big") + text)


def _receive(of: socket.socket, until_s: float | None = None) -> Any:
    """A message; None: the other end is closed. Raises WireError where it is not there in time."""
    head = _receive_bytes(of, LENGTH_BYTES, until_s)
    if head is None:
        return None
    text = _receive_bytes(of, int.from_bytes(head, "big"), until_s)
    return None if text is None else json.loads(text)


def _receive_bytes(of: socket.socket, count: int, until_s: float | None) -> bytes | None:
    received = bytearray()
    while len(received) < count:
        of.settimeout(None if until_s is None else left_s(until_s))
        try:
            part = of.recv(min(count - len(received), 1 << 20))
        except TimeoutError:
            raise overdue() from None
        except ConnectionResetError:
            return None
        if not part:
            return None
        received += part
    return bytes(received)


# Within


def _run(
    theirs: socket.socket,
    parent: int,
    driver: str,
    open_session: Open,
    options: Mapping[str, Any],
) -> NoReturn:
    """All that the process does."""
    status = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)  # the terminal's are for us; we end it
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() == parent:
            _close_all_but(theirs.fileno())
            limit_process()
            _Within(theirs, driver, open_session, options).serve()
            status = 0
    finally:
        os._exit(status)


def _close_all_but(kept: int) -> None:
    """Nothing else that we have open stays open because of this process."""
    nothing, _ = os.pipe()
    for number in range(3):
        os.dup2(nothing, number)
    os.closerange(3, kept)
    os.closerange(kept + 1, FILES_MAX)


class _Within:
    """The process's own side."""

    def __init__(
        self, theirs: socket.socket, driver: str, open_session: Open, options: Mapping[str, Any]
    ) -> None:
        self._theirs, self._driver = theirs, driver
        self._open_session, self._options = open_session, options
        self._sessions: dict[int, Session] = {}

    def serve(self) -> None:
        """Until we hang up."""
        while (request := _receive(self._theirs)) is not None:
            reply, handed = self._answered(request)
            _send(self._theirs, reply)
            if handed is not None:
                socket.send_fds(self._theirs, [b"."], [handed])
        for session in self._sessions.values():
            session.close()

    def _answered(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], int | None]:
        """The reply, and a descriptor to hand over. Whatever a driver trips over in what a server
        sends is the server's fault."""
        try:
            if "open" in request:
                session = self._opened(request["until_s"])
                self._sessions[request["open"]] = session
                return {"encrypted": session.encrypted}, session.socket_number
            if "close" in request:
                self._sessions.pop(request["close"]).close()
                return {}, None
            session = self._sessions[request["of"]]
            return {"rows": session.rows(request["ask"], request["until_s"])}, None
        except AdvisorError as error:
            return _told(error), None
        except MemoryError:
            return _told(too_much("memory can hold")), None
        except Exception as error:
            words = f"{type(error).__name__}: {said(str(error))}"
            return _told(WireError(f"{self._driver} does not understand the server: {words}")), None

    def _opened(self, until_s: float) -> Session:
        """All addresses have their turn in that time."""
        left = min(CONNECT_TIMEOUT_S, left_s(until_s))
        timeout_s = max(CONNECT_TRY_S, int(left / max(1, self._addresses())))
        return self._open_session(self._options, timeout_s, until_s)

    def _addresses(self) -> int:
        """How many addresses the drivers will try, one after another."""
        found = 0
        for name in str(self._options.get("host") or "").split(","):
            try:
                found += len(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError):  # a folder of sockets, or nothing that is there
                found += 1
        return found


def _told(error: AdvisorError) -> Mapping[str, Any]:
    return {
        "error": type(error).__name__,
        "message": said(error.message),
        "hint": error.hint,
    }
