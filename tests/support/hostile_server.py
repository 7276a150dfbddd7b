"""What fakes of database servers share: a socket of 127.0.0.1, and a thread for each connection."""

import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

HANG_S: Final = 120.0
"""Longer than any command may take; its end closes the connection, and so the hanging."""


class HungUpError(Exception):
    """The client has gone, which ends a connection of ours."""


class Wire:
    """One connection of a client's."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection

    def send(self, data: bytes) -> None:
        """All of it, unless the client has gone."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise HungUpError from error

    def receive(self, count: int) -> bytes:
        """So many bytes of the client's."""
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except OSError as error:
                raise HungUpError from error
            if not part:
                raise HungUpError
            data += part
        return data

    def hang(self) -> None:
        """Says nothing until the client hangs up."""
        self.socket.settimeout(HANG_S)
        while self.receive(1):
            pass

    def drip(self, data: bytes, every_s: float = 0.3) -> None:
        """A byte now and then."""
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(every_s)
        self.hang()

    def for_ever(self, data: bytes) -> None:
        """Again and again, as fast as it is read."""
        many = data * max(1, 60_000 // len(data))
        while True:
            self.send(many)

    def close(self) -> None:
        """At once."""
        raise HungUpError


class HostileServer(ABC):
    """A server that misbehaves in one way, for any number of connections."""

    def __init__(self) -> None:
        self.received = b""
        """What clients have sent while they logged in."""

    @abstractmethod
    def serve(self, connection: socket.socket) -> None:
        """One connection, from its beginning to its end."""

    @contextmanager
    def running(self) -> Iterator[int]:
        """The port it listens on."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self._accept, args=[listener], daemon=True).start()
            yield int(listener.getsockname()[1])
            with suppress(OSError):  # wakes the thread that accepts
                listener.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(HungUpError):
            self.serve(connection)
