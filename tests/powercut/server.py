"""A database server, all of it on a drive of ours: made, started, killed."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import psutil

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Address, Connection
from advisor.vendors.base import Place
from advisor.vendors.registry import VENDORS
from tests.powercut.configurations import Configuration
from tests.servers.account import copy_tree, hand_over, reachable, run_as_account, start_as_account
from tests.servers.harness import Server, ServerDidNotStart, server_named, stop, version_of

START_S: Final = 60
POLL_S: Final = 0.05


class Machine:
    """What is run: a server's programs, its fragment, its environment and further options."""

    def __init__(
        self,
        server: Server,
        tree: Path,
        fragment: str,
        environment: Mapping[str, str],
        options: Sequence[str] = (),
    ) -> None:
        programs = {name: tree / path for name, path in server.installed.programs.items()}
        self.server = server
        self.vendor = server.vendor
        self._template = server.installed.template
        self._programs = programs
        self._fragment = fragment
        self._environment = environment
        self._options = options
        self._program = programs.get("postgres") or next(iter(programs.values()))

    def install(self, folder: Path, data: Path | None = None) -> None:
        """Makes the data directory, with checksums, and puts the fragment in its place; `data`: as
        a copy of that one, which a server with another fragment has left."""
        place = Place(folder)
        if data is not None:
            copy_tree(data, place.data)
        elif self.vendor == "postgresql":
            os.chmod(folder, 0o777)
            options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
            options += ["--data-checksums", "--no-sync", f"--pgdata={place.data}"]
            run_as_account([self._programs["initdb"], *options])
        else:
            copy_tree(self._template, place.data)
        place.fragment.write_text(self._fragment)
        place.run.mkdir()
        os.chmod(folder, 0o777)
        hand_over(folder)

    @contextmanager
    def running(
        self, folder: Path, start_s: float = START_S, control_group: Path | None = None
    ) -> Iterator["Running"]:
        """The server, for as long as the block takes; then it is killed, if it still runs.

        `start_s`: how long it may take, recovery included. `control_group`: the file of the
        processes of one, to which the server is to belong.
        """
        place = Place(folder)
        with log_of(place).open("wb") as log:
            process = self._start(place, log, control_group)
        address = Address(self.vendor, VENDORS[self.vendor].local_login(place))
        running = Running(process, address, place)
        try:
            running.wait_until_ready(start_s)
            yield running
        finally:
            running.kill()

    def run(self, folder: Path, limit_s: float = START_S) -> str:
        """What it says, run to its end, which its options bring about."""
        place = Place(folder)
        with log_of(place).open("wb") as log:
            self._start(place, log).wait(limit_s)
        return log_of(place).read_text(errors="replace")

    def _start(
        self, place: Place, log: BinaryIO, control_group: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        # What a server leaves that was cut off; its process number may be another's by now.
        for stale in (place.socket, place.data / "postmaster.pid"):
            stale.unlink(missing_ok=True)
        vendor = VENDORS[self.vendor]
        command = vendor.start_command(self._program, version_of(self.server), place)
        return start_as_account(
            [str(word) for word in (*command, *self._options)],
            log,
            self._environment,
            signal.SIGKILL,  # an orderly end may wait for a replica without end
            control_group,
        )


def machine_for(room: Path, configuration: Configuration, preloaded: Path | None) -> Machine:
    """What a configuration runs, where the server's account can reach it."""
    server = server_named(configuration.server)
    private = room.parent / configuration.server
    private.mkdir(exist_ok=True)
    os.chmod(private, 0o755)
    tree = reachable(server.installed.tree, private)
    environment = {"LD_PRELOAD": str(preloaded)} if preloaded else {}
    return Machine(server, tree, configuration.fragment(), environment)


def log_of(place: Place) -> Path:
    """Where all that the server says stands."""
    return place.folder / "server.log"


class Running:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: Address, place: Place) -> None:
        self.address = address
        self.place = place
        self._process = process

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    def wait_until_ready(self, limit_s: float) -> None:
        """Returns when a connection is let in. Raises ServerDidNotStart with the log."""
        until_s = time.monotonic() + limit_s
        while self._process.poll() is None and time.monotonic() < until_s:
            if self._listens():
                with suppress(AdvisorError):  # still recovering, says PostgreSQL
                    self.address.connect().close()
                    return
            time.sleep(POLL_S)
        raise ServerDidNotStart(f"it ends with {self._process.poll()}\n{self.log()}")

    def _listens(self) -> bool:
        """Asked before the driver is: PyMySQL leaves its socket open where nobody listens."""
        path = VENDORS[self.address.vendor].local_socket(self.place)
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(str(path))
            except OSError:
                return False
            return True

    def log(self) -> str:
        """What it has said since its start."""
        return log_of(self.place).read_text(errors="replace")

    @contextmanager
    def connected(self, count: int) -> Iterator[list[Connection]]:
        """So many connections."""
        with ExitStack() as stack:
            yield [stack.enter_context(closing(self.address.connect())) for _ in range(count)]

    def stop(self) -> None:
        """Ends it the orderly way, with everything written out."""
        stop(self._process, VENDORS[self.address.vendor].stop_signal)

    def kill(self) -> float:
        """kill -9 of the server and of all its processes; when they had it (time.monotonic)."""
        family = []
        if self._process.poll() is None:  # else its number may be another's by now
            server = psutil.Process(self._process.pid)
            family = [server, *server.children(recursive=True)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        killed_s = time.monotonic()
        self._process.wait()
        psutil.wait_procs(family[1:], timeout=10)
        return killed_s
