"""measure --passive on a drive whose times are known: what is observed is what the server's calls
took, as a library within it times them, and what was injected; and nothing is written."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from advisor.servers.load.client import LoadTable, run_load
from advisor.vendors.base import Place
from advisor.vendors.names import VendorName
from tests.powercut.server import Machine
from tests.servers.account import private_folder, reachable
from tests.servers.harness import server_named
from tests.support.command_line import run_process
from tests.support.emulated_drive import (
    CannotEmulate,
    DriveProfile,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    mounted_drive,
)
from tests.support.faults import missing
from tests.support.paths import CHECKOUT
from tests.support.timed_calls import TimedCalls, compile_timed_calls

pytestmark = pytest.mark.quiet

WRITE_US, FLUSH_US = 5_000, 100_000
"""Long against what the way to the drive's program costs, which the kernel sees, too: on a host
that others use, 1 to 3 ms."""
COMMIT_SELDOM = ("commit=60",)
"""The journal's own flushes, every 5 s by default, would keep one sync in twenty of so slow a drive
waiting: a server then waits 2 to 5 % longer than a write and a flush of the device take."""
SIZE_BYTES = 2 << 30
WITHIN = 0.05


def slow_flushes() -> DriveProfile:
    return DriveProfile.model_validate(
        {
            "name": "slow-flushes",
            "summary": "",
            "sources": ["this test"],
            "queue_depth": 64,
            "latency": {
                "read_us": [[0.5, 50]],
                "write_us": [[0.5, WRITE_US]],
                "flush_us": [[0.5, FLUSH_US]],
            },
            "expected": {"sync_us": WRITE_US + FLUSH_US},
        }
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that serves drives, where this machine can have them."""
    try:
        return compile_drive(tmp_path_factory.mktemp("drive"))
    except CannotEmulate as error:
        missing(str(error))


@pytest.fixture(scope="module")
def timing_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_timed_calls(tmp_path_factory.mktemp("timed"))


@pytest.fixture
def mounted(program: Path) -> Iterator[tuple[EmulatedDrive, Path]]:
    """A drive with a file system, in memory."""
    room = Path(tempfile.mkdtemp(prefix="observed-drive-", dir="/dev/shm"))
    try:
        with (
            emulated_drive(program, slow_flushes(), room, size_bytes=SIZE_BYTES) as drive,
            mounted_drive(drive, room / "data", options=COMMIT_SELDOM) as place,
        ):
            os.chmod(room, 0o755)
            yield drive, place
    except CannotEmulate as error:
        missing(str(error))
    finally:
        shutil.rmtree(room)


class Running(NamedTuple):
    """A server at work on the drive."""

    dsn: str
    calls: TimedCalls


@contextmanager
def under_load(
    name: str,
    fragment: str,
    clients: int,
    drive: EmulatedDrive,
    place: Path,
    library: Path,
    seconds: float,
) -> Iterator[Running]:
    """A server on the drive with so many of our clients at work, for so long and some more."""
    server = server_named(name)
    with ExitStack() as stack:
        private = stack.enter_context(private_folder(of_account=False))
        programs = reachable(server.installed.tree, private)
        shutil.copy(library, private)
        calls = TimedCalls(private / library.name, private / "calls")
        machine = Machine(server, programs, fragment, calls.environment)
        with drive.hurried():
            machine.install(place)
            running = stack.enter_context(machine.running(place))
            admin, *ours = stack.enter_context(running.connected(1 + clients))
            stack.enter_context(LoadTable(admin, 1000, kept=True))
            os.sync()
        load = threading.Thread(
            target=run_load,
            args=(ours,),
            kwargs={"duration_s": seconds + 2, "warmup_s": 1, "rows": 1000},
        )
        load.start()
        try:
            yield Running(dsn_of(server.vendor, place), calls)
        finally:
            load.join()
            with drive.hurried():
                running.stop()


def dsn_of(vendor: VendorName, folder: Path) -> str:
    place = Place(folder)
    if vendor == "postgresql":
        return f"postgresql://postgres@/postgres?host={place.run}"
    return f"{vendor}://root@localhost/?socket={place.socket}"


class Seen(NamedTuple):
    """What the command saves, and what happened in its interval."""

    found: dict[str, Any]
    since_ns: int
    until_ns: int
    flush_us: float
    """As the drive's program counts it."""

    def mean_us(self, pattern: str) -> float:
        (series,) = [each for each in self.found["series"] if each["pattern"] == pattern]
        mean: float = series["summary"]["mean_us"]
        return mean


def observe(drive: EmulatedDrive, dsn: str, seconds: float) -> Seen:
    """It ends with its last look, so that its first was an interval before."""
    flushes, flushes_us = drive.counts()[2], drive.times_us()[1]
    asked = ("--interval", seconds, "--quiet", "--output", "-", "--dsn", dsn)
    done = run_process("measure", "--passive", *asked)
    until_ns = time.monotonic_ns()
    assert done.returncode == 0, done.stderr
    flushes, flushes_us = drive.counts()[2] - flushes, drive.times_us()[1] - flushes_us
    found = json.loads(done.stdout)
    interval_ns = round(found["observation"]["interval_s"] * 1e9)
    return Seen(found, until_ns - interval_ns, until_ns, flushes_us / flushes)


def true_us(seen: Seen, calls: TimedCalls, file: str, *, with_writes: bool) -> float:
    """What a sync of the file took within the server, on average, or a sync and its writes."""
    timed = [*calls.of(file, seen.since_ns, seen.until_ns)]
    syncs = [call.took_ns for call in timed if call.kind == "sync"]
    assert len(syncs) > 20
    return sum(call.took_ns for call in timed if with_writes or call.kind == "sync") / (
        1000 * len(syncs)
    )


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=WITHIN)


class Case(NamedTuple):
    """A server, and which of its files each observed series is about."""

    server: str
    fragment: str
    seconds: float
    files: Mapping[str, str]


POSTGRESQL: Final = "track_wal_io_timing = on\ncheckpoint_timeout = 1h\n"
BINARY_LOG: Final = "[mariadb]\nlog_bin = binlog\nsync_binlog = 1\nperformance_schema = ON\n"
WAL: Final = {"observed-log": "/pg_wal/", "observed-device": "/pg_wal/"}
CASES: Final = {
    "postgresql-15": Case("postgresql-15", POSTGRESQL, 6, WAL),
    "postgresql-19": Case("postgresql-19", POSTGRESQL, 6, WAL),
    "mysql-9.7": Case(
        "mysql-9.7",
        "[mysqld]\ninnodb_use_fdatasync = ON\n",
        20,
        {"observed-log": "/#ib_redo", "observed-binary-log": "/binlog.0"},
    ),
    "mariadb-11.8": Case("mariadb-11.8", "[mariadb]\n", 6, {"observed-device": "/ib_logfile0"}),
    "mariadb-11.8's binary log": Case(
        "mariadb-11.8", BINARY_LOG, 10, {"observed-binary-log": "/binlog.0"}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_observed_is_what_the_server_waited_for(
    case: Case, mounted: tuple[EmulatedDrive, Path], timing_library: Path
) -> None:
    """A server's mean is that of its own calls, behind its other flushes or not. A write and a
    flush of the device stand for a sync and the writes before it."""
    drive, place = mounted
    options = (4, drive, place, timing_library, case.seconds)
    with under_load(case.server, case.fragment, *options) as running:
        seen = observe(drive, running.dsn, case.seconds)
        true = {
            pattern: true_us(seen, running.calls, file, with_writes=pattern == "observed-device")
            for pattern, file in case.files.items()
        }
    observed = {pattern: seen.mean_us(pattern) for pattern in case.files}
    print(case.server, "observed", observed, "within the server", true, "flush", seen.flush_us)
    assert seen.flush_us == close_to(FLUSH_US)
    assert seen.found["observation"]["devices"][0]["flush_us"] == close_to(seen.flush_us)
    for pattern, mean_us in observed.items():
        assert mean_us == close_to(true[pattern]), pattern
        assert mean_us > FLUSH_US
    assert seen.found["written_bytes"] == 0


# Nothing is written


def block_counters(drive: EmulatedDrive) -> tuple[str, ...]:
    """Writes, sectors written, and flushes of the device."""
    fields = Path("/sys/block", drive.device.name, "stat").read_text().split()
    return fields[4], fields[6], fields[15]


def test_an_idle_drive_is_not_written_to(mounted: tuple[EmulatedDrive, Path]) -> None:
    drive, place = mounted
    with drive.hurried():
        os.sync()
    before = block_counters(drive), drive.counts()[1:]
    done = run_process("measure", "--passive", "--interval", 2, place)
    assert (block_counters(drive), drive.counts()[1:]) == before
    assert done.returncode == 1
    assert "nothing was synced in 2 s" in done.stderr


WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE")


def test_no_file_below_the_directory_is_opened_for_writing(
    mounted: tuple[EmulatedDrive, Path], timing_library: Path, tmp_path: Path
) -> None:
    """Nor is any made, moved, truncated or removed anywhere, but the file that --output names."""
    if shutil.which("strace") is None:
        missing("strace is not installed")
    drive, place = mounted
    log, product = tmp_path / "strace", tmp_path / "observed.json"
    calls = "trace=%file,ftruncate,fallocate,fsync,fdatasync,sync_file_range"
    options = (1, drive, place, timing_library, 3)
    with under_load("mariadb-11.8", "[mariadb]\n", *options):
        subprocess.run(
            [
                *("strace", "-f", "-o", str(log), "-e", calls),
                *(sys.executable, "-B", "-m", "advisor", "measure", "--passive"),
                *("--interval", "3", "--output", str(product), str(place)),
            ],
            check=True,
            cwd=CHECKOUT,
            capture_output=True,
        )
    traced = log.read_text().splitlines()
    assert any(str(place) in line for line in traced)  # it was looked at
    changing = re.compile(r"\b(rename|unlink|mkdir|rmdir|link|symlink|truncate|chmod|chown)\w*\(")
    below = [line for line in traced if f'"{place}' in line]
    assert [line for line in below if WRITING.search(line) or changing.search(line)] == []
    elsewhere = [line for line in traced if WRITING.search(line) and "= -1" not in line]
    allowed = ("/dev/null", "/dev/tty", str(tmp_path), product.name)
    assert [line for line in elsewhere if not any(each in line for each in allowed)] == []
