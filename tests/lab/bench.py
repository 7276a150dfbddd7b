"""The bench: a server on an emulated drive, with one configuration after another."""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, Literal

import psutil

from advisor.errors import AdvisorError
from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from advisor.servers.connection import Address
from advisor.vendors.base import Place
from advisor.vendors.names import VendorName
from advisor.versions import format_version
from tests.lab.configurations import DEFAULT, Configurations, measure
from tests.lab.experiment import Block
from tests.lab.loads import CannotLoad, LoadDriver, driver
from tests.lab.rates import RunRates
from tests.lab.results import RunResult
from tests.lab.steady_state import checkpoint_under_way, enlarge_log
from tests.powercut.server import Machine
from tests.servers.account import copy_tree, reachable
from tests.servers.harness import ServerDidNotStart, server_named, version_of
from tests.support.device_work import device_work
from tests.support.emulated_drive import (
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
    run_tool,
)
from tests.support.memory_limit import MemoryLimit, memory_limit
from tests.support.processors import cores_used

DRIVE_BYTES: Final = 24 << 30
"""Sparse: it takes what is written."""
RECOVERY_LIMIT_S: Final = 1800
REPLAYED: Final = (
    (re.compile(r"redo starts at ([0-9A-F]+/[0-9A-F]+)"), re.compile(r"redo done at (\S+)")),
    # MariaDB, MySQL.
    (re.compile(r"from checkpoint LSN=(\d+)"), re.compile(r"End of log at LSN=(\d+)")),
    (re.compile(r"checkpoint_lsn = (\d+)"), re.compile(r"started; log sequence number (\d+)")),
)
"""Where replay begins and ends, as each server's log says it."""
SAYS_MORE: Final[Mapping[VendorName, Sequence[str]]] = {"mysql": ("--log-error-verbosity=3",)}
"""What a server needs to say where its replay begins and ends."""
HOST_LEFT_BYTES: Final = 1 << 30
"""What the host has left, beside the server that was ended, where that one's own limit did it."""
DROP_CACHES: Final = Path("/proc/sys/vm/drop_caches")


class Bench:
    """A drive with the data of a load on it; `run` gives one configuration its turn."""

    def __init__(
        self,
        block: Block,
        drive: EmulatedDrive,
        place: Path,
        room: Path,
        configurations: Configurations,
        measurement: Measurement,
    ) -> None:
        self._block = block
        self._drive = drive
        self._place = place
        self._template = room / "template"
        self._room = room
        self._configurations = configurations
        self._measurement = measurement
        self._server = server_named(block.server)
        self._driver: LoadDriver = driver(block.load, self._server.vendor)
        private = room / "programs"
        private.mkdir()
        os.chmod(private, 0o755)
        self._tree = reachable(self._server.installed.tree, private)

    def prepare(self) -> None:
        """Makes the data, once; each run starts from a copy."""
        machine = self._machine(self._configurations.fragment(DEFAULT))
        with self._drive.hurried():
            machine.install(self._place)
            with machine.running(self._place) as running:
                self._driver.prepare(running.address)
                running.stop()
            copy_tree(Place(self._place).data, self._template)

    def run(self, configuration: str, repetition: int, *, recovery: bool = False) -> RunResult:
        """One run, from the same data as every other. A server that the kernel ends for want of
        memory commits nothing."""
        result = RunResult(
            block=self._block.key,
            configuration=configuration,
            repetition=repetition,
            server_version=format_version(version_of(self._server)),
            started_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            load_average=round(os.getloadavg()[0], 2),
            fragment=self._configurations.fragment(configuration),
            rates=RunRates(per_s=(0.0,)),
            pages_per_s=_pages_per_s(self._measurement),
        )
        machine = self._machine(result.fragment)
        with self._drive.hurried():
            self._fresh_data(machine)
        with memory_limit(self._block.experiment.memory_bytes) as limit:
            try:
                measured = self._measured(machine, limit, repetition, kills=recovery)
            except (ServerDidNotStart, CannotLoad, AdvisorError):
                if not limit.has_killed():
                    raise
                measured = {}
            if limit.has_killed():
                self._require_host_memory()
                return result.model_copy(update={"is_out_of_memory": True})
        recovered = self._recovered(machine) if recovery else {}
        return result.model_copy(update={**measured, **recovered})

    def _measured(
        self, machine: Machine, limit: MemoryLimit, repetition: int, *, kills: bool
    ) -> dict[str, Any]:
        """What a run adds to its result, by field."""
        stopping = self._block.experiment.stopping
        seed = self._block.experiment.seed + repetition
        with machine.running(self._place, control_group=limit.processes) as running:
            if stopping.hurried_s:
                with self._drive.hurried():
                    enlarge_log(running.address)
            hurried_per_s = self._hurry(running.address, stopping.hurried_s, seed)
            if stopping.hurried_s:  # what a drive does for a while is not what it sustains
                self._drive.exhaust()
            if self._block.load.is_cold:
                DROP_CACHES.write_text("3\n")
            flushes = self._drive.counts()[2]
            with checkpoint_under_way(running.address) if stopping.hurried_s else nullcontext():
                with cores_used() as cores, device_work(self._drive.device) as work:
                    rates = self._driver.run(
                        running.address, stopping.warmup_s, stopping.measured_s, seed
                    )
                flushes = self._drive.counts()[2] - flushes
                if kills:
                    running.kill()
            with self._drive.hurried():
                if not kills:
                    running.stop()
        commits = rates.mean * (stopping.warmup_s + stopping.measured_s)
        return {
            "own_cores": cores.own,
            "other_cores": cores.others,
            "drive_work": work,
            "rates": rates,
            "hurried_per_s": hurried_per_s,
            "flushes_per_commit": round(flushes / commits, 3) if commits else None,
        }

    def _require_host_memory(self) -> None:
        """The drive's image lies in memory, too. Where that fills the host, the kernel also ends a
        server that keeps to its limit. Raises MemoryError."""
        available_bytes = psutil.virtual_memory().available
        if available_bytes < self._block.experiment.memory_bytes + HOST_LEFT_BYTES:
            raise MemoryError("the host's memory was full, not the server's: take less data")

    def _hurry(self, address: Address, hurried_s: float, seed: int) -> float | None:
        if not hurried_s:
            return None
        with self._drive.hurried():
            return round(self._driver.run(address, 0, hurried_s, -seed).mean, 1)

    def _machine(self, fragment: str) -> Machine:
        return Machine(
            self._server, self._tree, fragment, {}, SAYS_MORE.get(self._server.vendor, ())
        )

    def _fresh_data(self, machine: Machine) -> None:
        for path in self._place.iterdir():
            if path.is_dir() and path.name != "lost+found":
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        os.sync()  # until then nothing that was removed can be trimmed
        run_tool("fstrim", str(self._place))  # the drive's image lies in memory
        machine.install(self._place, self._template)
        os.sync()

    def _recovered(self, machine: Machine) -> dict[str, Any]:
        """The same of a start after a kill, with nothing of the data in memory: how long it took
        until the first answer, and the log that it went through."""
        os.sync()
        DROP_CACHES.write_text("3\n")
        began_s = time.monotonic()
        with machine.running(self._place, RECOVERY_LIMIT_S) as running:
            took_s = time.monotonic() - began_s
            replayed_bytes = replayed(running.log())
            with self._drive.hurried():
                running.stop()
        return {"recovery_s": round(took_s, 2), "replayed_bytes": replayed_bytes}


def _pages_per_s(measurement: Measurement) -> dict[Literal["read", "written"], float] | None:
    read, written = measurement.page_reads, measurement.page_writes
    if read is None or written is None:
        return None
    return {"read": read.summary.ops_per_s, "written": written.summary.ops_per_s}


def replayed(log: str) -> int | None:
    """Bytes of log from where a server began to replay to where it ended; None where it does not
    say both. PostgreSQL writes a position as two hexadecimal halves, InnoDB as a number."""
    for first, last in REPLAYED:
        began, ended = first.search(log), last.search(log)
        if began and ended:
            return _position(ended[1]) - _position(began[1])
    return None


def _position(said: str) -> int:
    high, slash, low = said.rpartition("/")
    return (int(high, 16) << 32) + int(low, 16) if slash else int(said)


@contextmanager
def bench(block: Block, room: Path) -> Iterator[Bench]:
    """A bench for a block, its drive's images in `room`, prepared."""
    program = compile_drive(room)
    profile = load_profile(block.drive)
    with (
        emulated_drive(program, profile, room, size_bytes=DRIVE_BYTES) as drive,
        mounted_drive(drive, room / "drive", block.experiment.filesystem) as place,
    ):
        measurement = room / "measurement.json"
        measure(place, measurement)
        server = server_named(block.server)
        version = format_version(version_of(server))
        configurations = Configurations(block.experiment, server.vendor, version, measurement)
        stored = from_json(measurement.read_text(), str(measurement))
        prepared = Bench(block, drive, place, room, configurations, stored)
        prepared.prepare()
        yield prepared
