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
from tests.servers.account import hand_over, private_folder, reachable
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

WRITE_US, FLUSH_US = 5_000, 100_000
"""Long against what the way to the drive's program costs, which the kernel and servers see, too: on
a host that others use, 1 to 3 ms."""
SIZE_BYTES = 2 << 30
INTERVAL_S = 20
WITHIN = 0.05
ONE_FLUSH_EACH = "[mysqld]\ninnodb_use_fdatasync = ON\n"


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
    name: str,
    fragment: str,
    clients: int,
    drive: EmulatedDrive,
    place: Path,
    *,
    redo_alone: bool = False,
    seconds: float = INTERVAL_S + 8,
) -> Iterator[str]:
    """A server on the drive with so many of our clients at work for so long; its DSN."""
    server = server_named(name)
    with ExitStack() as stack:
        programs = reachable(server.installed.tree, stack.enter_context(private_folder()))
        folder = stack.enter_context(private_folder()) if redo_alone else place
        if redo_alone:
            fragment += f"innodb_log_group_home_dir = {place}\n"
        machine = Machine(server, programs, fragment, {})
        with drive.hurried():
            machine.install(folder)
            if redo_alone:
                shutil.copytree(Place(folder).data / "#innodb_redo", place / "#innodb_redo")
                shutil.rmtree(Place(folder).data / "#innodb_redo")
                hand_over(place)
        running = stack.enter_context(machine.running(folder))
        admin, *ours = stack.enter_context(running.connected(1 + clients))
        with drive.hurried():
            stack.enter_context(LoadTable(admin, 1000, kept=True))
        os.sync()
        load = threading.Thread(
            target=run_load,
            args=(ours,),
            kwargs={"duration_s": seconds, "warmup_s": 1, "rows": 1000},
        )
        load.start()
        try:
            yield dsn_of(server.vendor, folder)
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
    return dict(found["observation"]["devices"][0])


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=WITHIN)


@pytest.mark.parametrize("name", ["postgresql-15", "postgresql-19"])
def test_what_a_server_times_is_what_was_injected(
    name: str, mounted: tuple[EmulatedDrive, Path]
) -> None:
    """The log's block is written back, and then flushed: the only writes there are."""
    drive, place = mounted
    fragment = "track_wal_io_timing = on\ncheckpoint_timeout = 1h\n"
    with under_load(name, fragment, 4, drive, place) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    each_us = injected.write_us + injected.flush_us
    assert injected.flush_us == close_to(FLUSH_US)
    assert mean_us(found, "observed-log") == close_to(each_us)
    assert device(found)["flush_us"] == close_to(injected.flush_us)
    assert found["observation"]["syncs_per_commit"] < 1.1
    assert found["written_bytes"] == 0


def test_what_mysql_times_is_what_was_injected_and_its_own_queue(
    mounted: tuple[EmulatedDrive, Path],
) -> None:
    """Its redo log alone is on the drive; its checkpoints sync that, too, several times a second,
    and a commit's sync waits for the one that is under way. (test_passive has a delay that nothing
    waits for.)"""
    drive, place = mounted
    fragment = f"{ONE_FLUSH_EACH}skip_log_bin\n"
    with under_load("mysql-9.7", fragment, 4, drive, place, redo_alone=True) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    each_us = injected.write_us + injected.flush_us
    assert injected.flush_us == close_to(FLUSH_US)
    assert each_us < mean_us(found, "observed-log") < 2 * each_us
    assert device(found)["flush_us"] == close_to(injected.flush_us)


def test_a_binary_log_is_timed_beside_the_log(mounted: tuple[EmulatedDrive, Path]) -> None:
    """It grows, so that its sync takes a flush for its blocks and perhaps others for the file
    system's journal; a single client, so that no two syncs of commits overlap."""
    drive, place = mounted
    with under_load("mysql-9.7", ONE_FLUSH_EACH, 1, drive, place) as dsn:
        found, injected = observe(drive, "--dsn", dsn)
    seen = found["observation"]
    assert mean_us(found, "observed-log") > 0.95 * (injected.write_us + injected.flush_us)
    assert mean_us(found, "observed-binary-log") > 0.95 * injected.flush_us
    assert seen["binary_log_syncs_per_s"] == pytest.approx(seen["commits_per_s"], rel=0.1)


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
    assert [series["pattern"] for series in found["series"]] == ["observed-device"]
    assert injected.flush_us == close_to(FLUSH_US)
    assert device(found)["flush_us"] == close_to(injected.flush_us)
    expected_us = injected.flush_us + injected.write_us
    # A write that comes during a flush waits for it, as pages' writes may.
    assert expected_us < mean_us(found, "observed-device") < 1.15 * expected_us
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
