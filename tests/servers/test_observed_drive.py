"""measure --passive on drives whose times are known: what is observed is what was injected, as the
drive's own program counts it; and nothing is written."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

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

pytestmark = pytest.mark.quiet

WRITE_US, FLUSH_US = 4_000, 40_000
"""Long against what the way to the drive's program costs, which the kernel and servers see, too."""
SIZE_BYTES = 2 << 30
INTERVAL_S = 12
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


@pytest.fixture
def mounted(program: Path) -> Iterator[tuple[EmulatedDrive, Path]]:
    """A drive with a file system, in memory."""
    room = Path("/dev/shm/observed-drive")
    room.mkdir()
    try:
        with (
            emulated_drive(program, slow_flushes(), room, size_bytes=SIZE_BYTES) as drive,
            mounted_drive(drive, room / "data") as place,
        ):
            os.chmod(room, 0o755)
            yield drive, place
    except CannotEmulate as error:
        missing(str(error))
    finally:
        shutil.rmtree(room)


class Injected(NamedTuple):
    """What the drive's program did meanwhile."""

    writes: int
    flushes: int
    writes_us: float
    flushes_us: float

    @property
    def flush_us(self) -> float:
        return self.flushes_us / self.flushes

    @property
    def write_us(self) -> float:
        return self.writes_us / self.writes


@contextmanager
def under_load(
    name: str, fragment: str, clients: int, drive: EmulatedDrive, place: Path
) -> Iterator[str]:
    """A server on the drive with so many of our clients at work; its DSN."""
    server = server_named(name)
    with ExitStack() as stack:
        programs = reachable(server.installed.tree, stack.enter_context(private_folder()))
        machine = Machine(server, programs, fragment, {})
        with drive.hurried():
            machine.install(place)
        running = stack.enter_context(machine.running(place))
        admin, *ours = stack.enter_context(running.connected(1 + clients))
        with drive.hurried():
            stack.enter_context(LoadTable(admin, 1000, kept=True))
        os.sync()
        load = threading.Thread(
            target=run_load,
            args=(ours,),
            kwargs={"duration_s": INTERVAL_S + 8, "warmup_s": 1, "rows": 1000},
        )
        load.start()
        try:
            yield dsn_of(server.vendor, place)
        finally:
            load.join()
            with drive.hurried():
                running.stop()


def dsn_of(vendor: VendorName, folder: Path) -> str:
    place = Place(folder)
    if vendor == "postgresql":
        return f"postgresql://postgres@/postgres?host={place.run}"
    return f"{vendor}://root@localhost/?socket={place.socket}"


def observe(drive: EmulatedDrive, *options: object) -> tuple[dict[str, Any], Injected]:
    """What the command saves, and what the drive's program counted meanwhile."""
    _, writes, flushes = drive.counts()
    writes_us, flushes_us = drive.times_us()
    done = run_process(
        "measure", "--passive", "--interval", INTERVAL_S, "--quiet", "--output", "-", *options
    )
    assert done.returncode == 0, done.stderr
    _, writes_after, flushes_after = drive.counts()
    writes_after_us, flushes_after_us = drive.times_us()
    injected = Injected(
        writes_after - writes,
        flushes_after - flushes,
        writes_after_us - writes_us,
        flushes_after_us - flushes_us,
    )
    return json.loads(done.stdout), injected


def mean_us(found: dict[str, Any], pattern: str) -> float:
    (series,) = [each for each in found["series"] if each["pattern"] == pattern]
    mean: float = series["summary"]["mean_us"]
    return mean


def device(found: dict[str, Any]) -> dict[str, Any]:
    (only,) = found["observation"]["devices"]
    return dict(only)


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=WITHIN)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("postgresql-15", "track_wal_io_timing = on\ncheckpoint_timeout = 1h\n"),
        ("postgresql-19", "track_wal_io_timing = on\ncheckpoint_timeout = 1h\n"),
        ("mysql-9.7", "[mysqld]\nskip_log_bin\n"),
    ],
)
def test_what_a_server_times_is_what_was_injected(
    name: str, fragment: str, mounted: tuple[EmulatedDrive, Path]
) -> None:
    """The log's block is written back, and then flushed: the only writes there are."""
    drive, place = mounted
    with under_load(name, fragment, 4, drive, place) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    each_us = (injected.writes_us + injected.flushes_us) / injected.flushes
    print(name, mean_us(found, "observed-log"), each_us, injected, device(found))
    assert injected.flush_us >= FLUSH_US
    assert mean_us(found, "observed-log") == close_to(each_us)
    assert device(found)["flush_us"] == close_to(injected.flush_us)
    assert found["observation"]["syncs_per_commit"] < 1.1
    assert found["written_bytes"] == 0


def test_two_logs_take_together_what_was_injected(mounted: tuple[EmulatedDrive, Path]) -> None:
    """MySQL with its binary log; a single client, so that no two syncs overlap."""
    drive, place = mounted
    with under_load("mysql-9.7", "[mysqld]\n", 1, drive, place) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    seen = found["observation"]
    rates = (seen["log_syncs_per_s"], seen["binary_log_syncs_per_s"])
    means_us = [mean_us(found, f"observed-{log}") for log in ("log", "binary-log")]
    busy_us_per_s = sum(rate * us for rate, us in zip(rates, means_us, strict=True))
    each_us = busy_us_per_s / sum(rates)
    injected_us = (injected.writes_us + injected.flushes_us) / injected.flushes
    print(seen, means_us, injected_us)
    assert each_us == close_to(injected_us)
    assert seen["syncs_per_commit"] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("mariadb-11.8", "[mariadb]\n"),
        ("postgresql-15", "checkpoint_timeout = 1h\n"),
    ],
)
def test_what_the_kernel_times_is_what_was_injected(
    name: str, fragment: str, mounted: tuple[EmulatedDrive, Path]
) -> None:
    drive, place = mounted
    with under_load(name, fragment, 4, drive, place) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    print(name, injected, device(found), mean_us(found, "observed-device"))
    assert [series["pattern"] for series in found["series"]] == ["observed-device"]
    assert injected.flush_us >= FLUSH_US
    assert device(found)["flush_us"] == close_to(injected.flush_us)
    expected_us = injected.flush_us + injected.write_us
    assert mean_us(found, "observed-device") == close_to(expected_us)
    assert [warning["code"] for warning in found["warnings"]] == ["untimed-syncs"]


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
    mounted: tuple[EmulatedDrive, Path], tmp_path: Path
) -> None:
    """Nor is any made, moved, truncated or removed anywhere, but the file that --output names."""
    if shutil.which("strace") is None:
        missing("strace is not installed")
    drive, place = mounted
    log, product = tmp_path / "strace", tmp_path / "observed.json"
    calls = "trace=%file,ftruncate,fallocate,fsync,fdatasync,sync_file_range"
    with under_load("mariadb-11.8", "[mariadb]\n", 1, drive, place):
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
