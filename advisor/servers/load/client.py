"""A closed load of single-row commits on a table of our own: the least a client can do.

One thread and one epoll over all connections; each sends its next UPDATE as soon as the last one is
answered. Statements are encoded before, answers only looked at, so that on a host with few cores
the client leaves them to the server.
"""

import os
import random
import select
import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Final

from advisor.errors import AdvisorError
from advisor.servers.connection import Connection, WireError
from advisor.servers.installed import signals_held_back
from advisor.vendors.answers import count_of, only_value
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    DoubleArray = array[float]
else:  # array.array takes no subscript at run time before Python 3.12
    DoubleArray = array

SCHEMA: Final = "fsync_advisor_verify"
TABLE_NAME: Final = "counters"
TABLE: Final = f"{SCHEMA}.{TABLE_NAME}"
COLUMNS: Final = "id integer PRIMARY KEY, v integer NOT NULL"
MARK: Final = "made by fsync-advisor predict, which drops it at the end or when it is run again"
CLEANUP_S: Final = 5
"""So long a server may take for dropping it that has used up all its time before."""
ROWS: Final = 100_000
"""Many for each client, and all of it in memory."""

INSERTED_AT_ONCE: Final = 10_000
ANSWER_BYTES: Final = 65_536
SILENCE_S: Final = 30.0
"""A server that answers nobody for so long has hung."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What was answered in the measured part of a run."""

    commits: int
    elapsed_s: float
    latencies_us: DoubleArray
    """From the statement sent to its answer read, in the order of the answers."""
    commits_in_all: int
    """With the warm-up's, and those still under way at the end."""

    @property
    def tps(self) -> float:
        """Commits per second."""
        return self.commits / self.elapsed_s


class LoadTable:
    """Our schema and table on a server, filled; the schema is dropped at the end, come what may.

    One that a killed run of ours has left goes first. Raises AdvisorError where a schema of that
    name has anything else in it, and while another run is under way.
    """

    def __init__(self, connection: Connection, rows: int = ROWS, *, kept: bool = False) -> None:
        """`kept`: it stays, on a server that is thrown away."""
        self._connection = connection
        self._rows = rows
        self._kept = kept
        self._vendor = VENDORS[connection.vendor]
        self._stack = ExitStack()

    def __enter__(self) -> "LoadTable":
        with self._stack as stack:
            self._lock()
            schema, *table = self._vendor.make_table(SCHEMA, TABLE_NAME, COLUMNS, MARK)
            with signals_held_back():
                self._create(schema)
                if not self._kept:
                    stack.callback(self._drop)
            for statement in table:
                self._connection.query(statement)
            self._fill()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def commits(self) -> int:
        """How many updates the table has seen, as the server counts them."""
        return count_of(only_value(self._connection.query(f"SELECT sum(v) FROM {TABLE}")))

    def _lock(self) -> None:
        """Until the connection ends, however it does."""
        if only_value(self._connection.query(self._vendor.lock_load)) not in (1, True):
            raise AdvisorError(
                "another run of predict is under way on that server",
                "wait until it has ended; one that was killed may take the server a moment to miss",
            )

    def _create(self, statement: str) -> None:
        try:
            self._connection.query(statement)
        except WireError:
            raise
        except AdvisorError as error:
            if self._sweep():
                self._connection.query(statement)
            elif "exists" in error.message:
                hint = f"DROP SCHEMA {SCHEMA}, if nobody needs it: it is not surely ours"
                raise AdvisorError(error.message, hint) from error
            else:
                raise

    def _sweep(self) -> bool:
        """Drops what a killed run has left, where there is nothing but that. We have the lock, so
        nobody uses it."""
        (counts,) = self._connection.query(
            self._vendor.count_in_schema(SCHEMA, TABLE_NAME, MARK)
        ) or [()]
        if list(map(count_of, counts)) != [1, 1]:
            return False
        for statement in self._vendor.drop_marked(SCHEMA, TABLE_NAME):
            self._connection.query(statement)
        return True

    def _fill(self) -> None:
        for first in range(0, self._rows, INSERTED_AT_ONCE):
            numbers = range(first, min(first + INSERTED_AT_ONCE, self._rows))
            rows = ",".join(f"({number},0)" for number in numbers)
            self._connection.query(f"INSERT INTO {TABLE} VALUES {rows}")

    def _drop(self) -> None:
        """By a connection of its own: on ours, a statement may just have been interrupted."""
        with signals_held_back():
            cascade = self._vendor.drop_schema_suffix
            try:
                patience = self._connection.patience.and_then(CLEANUP_S)
                with closing(self._connection.address.connect(patience)) as fresh:
                    fresh.query(self._vendor.lock_timeout)
                    fresh.query(f"DROP SCHEMA {SCHEMA}{cascade}")
            except AdvisorError as error:
                hint = f"DROP SCHEMA {SCHEMA}{cascade}, yourself"
                message = f"schema {SCHEMA} is left behind: {error.message}"
                raise AdvisorError(message, hint) from error


def run_load(
    connections: Sequence[Connection],
    *,
    duration_s: float,
    warmup_s: float,
    commits_max: int | None = None,
    seed: int = 0,
    rows: int = ROWS,
) -> LoadResult:
    """Runs the load on `Table` until `duration_s` after the warm-up, or `commits_max` are measured.

    No two connections update the same row, so none waits for another's lock.
    When this returns or raises, no statement is under way. Raises AdvisorError with the server's
    words, or where nothing is answered for SILENCE_S.
    """
    messages = _messages(type(connections[0]), rows)
    with select.epoll(len(connections)) as epoll:
        for connection in connections:
            epoll.register(connection.socket_number(), select.EPOLLIN)
        run = _Run(connections, messages, random.Random(seed).random, epoll.poll)
        try:
            return run.measured(duration_s, warmup_s, commits_max)
        except BaseException:
            with suppress(AdvisorError):  # the first error is the one to tell
                run.drain()
            raise


@lru_cache(maxsize=2)
def _messages(protocol: type[Connection], rows: int) -> tuple[bytes, ...]:
    """The statement for each row; for the same ROWS of them, all over the table, where it has
    more."""
    numbers = range(rows) if rows <= ROWS else random.Random(rows).sample(range(rows), ROWS)
    return tuple(
        protocol.encode(f"UPDATE {TABLE} SET v = v + 1 WHERE id = {number}") for number in numbers
    )


class _Run:
    """One run: who was asked when, and what was answered."""

    def __init__(
        self,
        connections: Sequence[Connection],
        messages: Sequence[bytes],
        draw: Callable[[], float],
        poll: Callable[[float], list[tuple[int, int]]],
    ) -> None:
        self._is_answered = {
            connection.socket_number(): connection.is_answered for connection in connections
        }
        self._messages = {
            connection.socket_number(): messages[index :: len(connections)]
            for index, connection in enumerate(connections)
        }
        self._draw = draw
        self._poll = poll
        self._patience = connections[0].patience
        self._asked_s: dict[int, float] = {}
        """Socket -> when its statement was sent; absent where none is under way."""
        self._partial = dict.fromkeys(self._is_answered, b"")
        self._usual = b""
        """The last whole answer: the next one is mostly the same, and need not be taken apart."""
        self._answered = 0

    def measured(self, duration_s: float, warmup_s: float, commits_max: int | None) -> LoadResult:
        """The whole run."""
        for number in self._is_answered:
            self._ask(number)
        self._answer(perf_counter() + warmup_s)
        before, started_s = self._answered, perf_counter()
        latencies_us = self._answer(started_s + duration_s, commits_max)
        elapsed_s, commits = perf_counter() - started_s, self._answered - before
        self.drain()
        return LoadResult(commits, elapsed_s, latencies_us, self._answered)

    def drain(self) -> None:
        """Reads what is still to be answered; then raises the first error there was."""
        errors: list[AdvisorError] = []
        while self._asked_s:
            wait_s = min(SILENCE_S, self._patience.left_s)
            ready = self._poll(wait_s) if wait_s > 0 else []
            for number in self._asked_s.keys() & dict(ready):
                try:
                    self._answered += self._read(number)
                except AdvisorError as error:
                    errors.append(error)
            if not ready:
                errors.append(
                    AdvisorError(f"the server does not answer for {max(wait_s, 0):.0f} s")
                )
                self._asked_s.clear()
        if errors:
            raise errors[0]

    def _answer(self, until_s: float, commits_max: int | None = None) -> DoubleArray:
        """Asks anew after each answer, until the time or the room is up; latencies in us."""
        latencies_us: DoubleArray = array("d")
        room = commits_max or sys.maxsize
        now_s = perf_counter()
        while now_s < until_s:
            for number, _ in self._poll(until_s - now_s):
                asked_s = self._asked_s[number]
                if not self._read(number):
                    continue
                self._answered += 1
                latencies_us.append((perf_counter() - asked_s) * 1e6)
                if len(latencies_us) == room:
                    return latencies_us
                self._ask(number)
            now_s = perf_counter()
        return latencies_us

    def _ask(self, number: int) -> None:
        messages = self._messages[number]
        message = messages[int(self._draw() * len(messages))]
        self._asked_s[number] = perf_counter()
        try:
            sent_bytes = os.write(number, message)
        except OSError as error:
            del self._asked_s[number]
            raise AdvisorError(f"the server cannot be asked: {error.strerror}") from error
        if sent_bytes != len(message):  # never: the socket was empty
            raise AdvisorError("the server takes no more statements")

    def _read(self, number: int) -> bool:
        """Takes what there is to read; whether that completes the answer. Raises AdvisorError."""
        answered = True  # and whoever refuses has answered, too
        try:
            received = self._partial[number] + os.read(number, ANSWER_BYTES)
            if received != self._usual or not received:
                if len(received) == len(self._partial[number]):
                    raise AdvisorError("the server has closed the connection")
                answered = self._is_answered[number](received)
                self._usual = received if answered else self._usual
            self._partial[number] = b"" if answered else received
        except OSError as error:
            raise AdvisorError(f"the server has gone: {error.strerror}") from error
        finally:
            if answered:
                del self._asked_s[number]
        return answered
