"""Clients that commit numbered rows, and what they were told: the witness outside the drive.

A client's transaction `number` inserts the row (client, number) and sets the client's counter to
number + 1, so that a transaction that is only half there shows. Acknowledged is what was answered;
the time is taken after the answer was read, never before.
"""

import os
import select
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Connection

if TYPE_CHECKING:
    DoubleArray = array[float]
else:  # array.array takes no subscript at run time before Python 3.12
    DoubleArray = array

Row = tuple[int, int]
"""Client and number."""

SCHEMA: Final = "powercut"
PADDING: Final = "p" * 60
ANSWER_BYTES: Final = 65_536
POLL_S: Final = 0.02


def tables(clients: int, *, postgresql: bool) -> list[str]:
    """The statements that make the tables."""
    engine = "" if postgresql else " ENGINE = InnoDB"
    counters = ",".join(f"({client}, 0)" for client in range(clients))
    return [
        f"CREATE SCHEMA {SCHEMA}",
        f"CREATE TABLE {SCHEMA}.commits (client integer, number integer, padding varchar(60),"
        f" PRIMARY KEY (client, number)){engine}",
        f"CREATE TABLE {SCHEMA}.counters (client integer PRIMARY KEY, commits integer){engine}",
        f"INSERT INTO {SCHEMA}.counters VALUES {counters}",
    ]


def transaction(client: int, number: int) -> str:
    """What one commit does."""
    return (
        f"BEGIN;INSERT INTO {SCHEMA}.commits VALUES ({client},{number},'{PADDING}');"
        f"UPDATE {SCHEMA}.counters SET commits = {number + 1} WHERE client = {client};COMMIT"
    )


def committed(connection: Connection) -> set[Row]:
    """The commits that a server shows."""
    clients = [one for (one,) in connection.query(f"SELECT DISTINCT client FROM {SCHEMA}.commits")]
    return {
        (int(str(client)), int(str(number)))
        for client in clients  # an answer with all of them may be longer than a connection takes
        for (number,) in connection.query(
            f"SELECT number FROM {SCHEMA}.commits WHERE client = {client}"
        )
    }


@dataclass
class Ledger:
    """When each client's commits were acknowledged (time.monotonic), in the order of their numbers.

    A client has sent one more at most: it waits for each answer.
    """

    acknowledged_s: list[DoubleArray] = field(default_factory=list)

    def acknowledged_before(self, instant_s: float) -> dict[Row, float]:
        """The commits a client had been told of before an instant, each with its time."""
        return {
            (client, number): at_s
            for client, times_s in enumerate(self.acknowledged_s)
            for number, at_s in enumerate(times_s)
            if at_s < instant_s
        }

    def sent(self) -> set[Row]:
        """Everything that was ever asked for, answered or not."""
        return {
            (client, number)
            for client, times_s in enumerate(self.acknowledged_s)
            for number in range(len(times_s) + 1)
        }


class Load:
    """A thread that keeps all clients committing, and notes what they are told."""

    def __init__(self, connections: Sequence[Connection], pause_s: float = 0.0) -> None:
        self.ledger = Ledger([array("d") for _ in connections])
        self._connections = connections
        self._pause_s = pause_s
        self._ending = threading.Event()
        self._doomed = False
        self._lost: AdvisorError | None = None
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clients commit during the block; then each gets its last answer, if there is one.

        Raises AdvisorError where the server has gone before that was expected.
        """
        self._thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._thread.join()
        if self._lost:
            raise self._lost

    def expect_end(self) -> None:
        """From now on a server that goes away is no error."""
        self._doomed = True

    def _run(self) -> None:
        try:
            self._drive()
        except (AdvisorError, OSError) as error:
            if not self._doomed:
                self._lost = AdvisorError(f"the load ended early: {error}")

    def _drive(self) -> None:
        clients = {one.socket_number(): client for client, one in enumerate(self._connections)}
        encode, is_answered = self._connections[0].encode, self._connections[0].is_answered
        times_s = self.ledger.acknowledged_s
        due_s, received = dict.fromkeys(clients, 0.0), dict[int, bytes]()
        with select.epoll() as epoll:
            for socket in clients:
                epoll.register(socket, select.EPOLLIN)
            while received or not self._ending.is_set():
                now_s = time.monotonic()
                for socket in [one for one, at_s in due_s.items() if at_s <= now_s]:
                    del due_s[socket]
                    if not self._ending.is_set():
                        client = clients[socket]
                        os.write(socket, encode(transaction(client, len(times_s[client]))))
                        received[socket] = b""
                wait_s = min((at_s - now_s for at_s in due_s.values()), default=POLL_S)
                for socket, _ in epoll.poll(min(max(wait_s, 0.0), POLL_S)):
                    piece = os.read(socket, ANSWER_BYTES)
                    if not piece:
                        raise AdvisorError("the server has closed the connection")
                    received[socket] += piece
                    if is_answered(received[socket]):
                        at_s = time.monotonic()
                        times_s[clients[socket]].append(at_s)
                        due_s[socket] = at_s + self._pause_s
                        del received[socket]
