"""The load client against a server that is a thread: what it asks, and how it reads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection.driver_process import Opened
from advisor.servers.connection.limits import Patience
from advisor.servers.connection.wire import Address, PsycopgConnection
from advisor.servers.load.client import run_load
from advisor.vendors.answers import Rows

UPDATED = b"C\0\0\0\rUPDATE 1\0Z\0\0\0\x05I"


class Fake(PsycopgConnection):
    """One end of a pair of sockets; at the other end, a thread answers."""

    def __init__(self, *pieces: bytes) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        no_process: Any = None
        super().__init__(
            Address("postgresql", {}), no_process, Opened(1, self.ours, False), Patience()
        )
        self.asked: list[bytes] = []
        self.thread = threading.Thread(target=self.answer, args=[pieces], daemon=True)
        self.thread.start()

    def answer(self, pieces: tuple[bytes, ...]) -> None:
        while message := self.theirs.recv(4096):
            self.asked.append(message)
            for piece in pieces:
                self.theirs.sendall(piece)
            if not pieces:
                self.theirs.close()
                return

    def query(self, statement: str) -> Rows:
        raise NotImplementedError

    def close(self) -> None:
        self.ours.close()
        self.thread.join(10)
        self.theirs.close()


@contextmanager
def servers(*answers: tuple[bytes, ...]) -> Iterator[list[Fake]]:
    fakes = [Fake(*pieces) for pieces in answers]
    try:
        yield fakes
    finally:
        for fake in fakes:
            fake.close()


def test_no_two_connections_update_the_same_row() -> None:
    with servers((UPDATED,), (UPDATED,), (UPDATED,)) as fakes:
        run_load(fakes, duration_s=10, warmup_s=0, commits_max=3_000)
        asked = [set(fake.asked) for fake in fakes]
    assert min(map(len, asked)) > 100
    assert asked[0].isdisjoint(asked[1])
    assert asked[0].isdisjoint(asked[2])
    assert asked[1].isdisjoint(asked[2])


def test_one_statement_at_a_time_and_each_is_counted() -> None:
    with servers((UPDATED,), (UPDATED,)) as fakes:
        result = run_load(fakes, duration_s=0.1, warmup_s=0.05)
        asked = [message for fake in fakes for message in fake.asked]
    assert len(asked) == result.commits_in_all > result.commits > 0
    assert all(message.count(b"UPDATE") == 1 for message in asked)


@pytest.mark.parametrize("cut", range(1, len(UPDATED)))
def test_an_answer_may_come_in_pieces(cut: int) -> None:
    with servers((UPDATED[:cut], UPDATED[cut:]), (UPDATED,)) as fakes:
        result = run_load(fakes, duration_s=10, warmup_s=0, commits_max=40)
        assert len(fakes[0].asked) + len(fakes[1].asked) == result.commits_in_all


def test_a_server_that_closes_is_told() -> None:
    with (
        servers((UPDATED,), ()) as fakes,
        pytest.raises(AdvisorError, match="the server has closed the connection"),
    ):
        run_load(fakes, duration_s=10, warmup_s=0)
