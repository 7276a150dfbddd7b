"""A durable replace: the order of its calls, what it takes on a drive with known flushes, and what
it does when a call fails."""

import errno
import mmap
import os
import re
import shutil
import subprocess
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.measurement import Measurement, Series
from advisor.probe import measure
from advisor.probe.plan import MIB, PRIMARY_SERIES, REPLACE_SERIES
from advisor.probe.replacing import replace_file, replacer
from advisor.probe.sampling import NEVER_NS, OperationError, ShortWriteError, random_block
from tests.probe.test_under_load import drive_of
from tests.support.emulated_drive import (
    CannotEmulate,
    Filesystem,
    compile_drive,
    emulated_drive,
    mounted_drive,
)
from tests.support.faults import SMALL_PLAN, missing, probe_command

pytestmark = pytest.mark.quiet

PLAN = replace(
    SMALL_PLAN, series=(PRIMARY_SERIES, REPLACE_SERIES), ssd_budget_s=2.0, hdd_budget_s=2.0
)
FLUSH_US = 20_000
SIZE_BYTES: dict[Filesystem, int] = {"ext4": 128 * MIB, "xfs": 512 * MIB}


@pytest.fixture
def directory_fd(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


def replaces_of(measurement: Measurement) -> Series:
    found = measurement.durable_replaces
    assert found is not None
    return found


# The calls


def test_the_kernel_sees_each_call_in_its_order(tmp_path: Path) -> None:
    """Of a whole measurement: every replace is these six calls, and the file's sync comes before
    the rename, the directory's after it."""
    if shutil.which("strace") is None:
        missing("strace is not installed")
    trace, place = tmp_path / "trace", tmp_path / "place"
    place.mkdir()
    calls = "openat,pwrite64,fsync,fdatasync,close,rename,renameat,renameat2,mkdirat,unlinkat"
    command = ["strace", "-f", "-o", str(trace), "-e", f"trace={calls}"]
    series = REPLACE_SERIES.kind.name
    done = subprocess.run([*command, *probe_command(place, series)], capture_output=True, text=True)
    if "PTRACE" in done.stderr.upper():
        missing(f"strace may not trace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    (taken,) = Measurement.model_validate_json(done.stdout).series
    lines = trace.read_text().splitlines()
    (made,) = (number for number, line in enumerate(lines) if "mkdirat(" in line)
    directory = re.search(r'openat\(\d+, "\.fsync-advisor-.* = (\d+)$', lines[made + 1])
    assert directory
    d = directory[1]
    flags = r"O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC"
    one = (
        rf'openat\({d}, "file\.new", {flags}, 0600\) = (\d+)',
        r"pwrite64\(FILE, .*, 4096, 0\) += 4096",
        r"fsync\(FILE\) += 0",
        r"close\(FILE\) += 0",
        rf'renameat2?\({d}, "file\.new", {d}, "file"(, 0)?\) = 0',
        rf"fsync\({d}\) += 0",
    )
    begun = [number for number, line in enumerate(lines) if '"file.new", O_WRONLY' in line]
    for start in begun:
        opened = re.search(one[0], lines[start])
        assert opened, lines[start]
        for pattern, line in zip(one[1:], lines[start + 1 :], strict=False):
            assert re.search(pattern.replace("FILE", opened[1]), line), line
    # One before the first round, and the samples of all rounds.
    assert len(begun) == 1 + sum(len(part.latencies_ns) for part in taken.rounds)
    assert os.listdir(place) == []


def test_a_file_is_there_before_and_after(directory_fd: int, tmp_path: Path) -> None:
    for letter in (b"a", b"b"):
        memory = mmap.mmap(-1, 4096)
        memory.write(letter * 4096)
        replace_file(directory_fd, memory)
        assert os.listdir(tmp_path) == ["file"]
        assert (tmp_path / "file").read_bytes() == letter * 4096


def test_samples_end_as_a_writers_do(directory_fd: int, tmp_path: Path) -> None:
    def take(limits: tuple[int, int], *stop: object) -> int:
        latencies_ns = array("q", bytes(80))
        loop = replacer(directory_fd, random_block(8192), stop)
        end = loop(latencies_ns, 0, 10, 4, *limits)
        assert [latency > 0 for latency in latencies_ns] == [True] * end + [False] * (10 - end)
        return end

    for limits, stop, end in (
        ((NEVER_NS, NEVER_NS), (), 10),
        ((0, NEVER_NS), (), 4),
        ((0, 0), (), 1),
        ((NEVER_NS, NEVER_NS), ("stop",), 1),
    ):
        assert take(limits, *stop) == end
    content = (tmp_path / "file").read_bytes()
    assert len(content) == 8192
    assert content[:8] == content[4096:4104]  # the time, in every page


# What it takes


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
def test_on_a_drive_with_known_flushes_it_takes_four_of_them(
    tmp_path: Path, filesystem: Filesystem
) -> None:
    """A loop device has no FUA, so that a journal is flushed before and after the block that ends a
    transaction (docs.kernel.org/block/writeback_cache_control.html): two flushes for the file's
    sync and two for the directory's, 20 ms each. An overwrite needs one, and no journal. What a
    busy machine adds is far below a flush."""
    try:
        program = compile_drive(tmp_path)
        with (
            emulated_drive(
                program, drive_of(0, FLUSH_US), tmp_path, size_bytes=SIZE_BYTES[filesystem]
            ) as drive,
            mounted_drive(drive, tmp_path / "data", filesystem) as place,
        ):
            found = measure(place, PLAN, seed=1)
            assert not list(place.glob(".*"))
    except CannotEmulate as error:
        missing(str(error))
    taken = replaces_of(found)
    assert taken.summary.min_us is not None
    assert 4 * FLUSH_US < taken.summary.min_us < 5 * FLUSH_US
    for part in taken.rounds:
        assert isinstance(part.flush_requests, int)
        assert 4 <= part.flush_requests / len(part.latencies_ns) < 5
        assert part.written_bytes == 4096 * len(part.latencies_ns)
    assert found.primary is not None
    assert found.primary.summary.min_us is not None
    assert FLUSH_US < found.primary.summary.min_us < 2 * FLUSH_US


# What can go wrong


@pytest.mark.parametrize(
    ("name", "nth", "call"),
    [
        ("open", 1, "open"),
        ("pwrite", 1, "pwrite"),
        ("fsync", 1, "fsync"),
        ("rename", 1, "rename"),
        ("fsync", 2, "fsync of the directory"),
    ],
)
def test_a_call_that_fails_is_named(
    directory_fd: int, monkeypatch: pytest.MonkeyPatch, name: str, nth: int, call: str
) -> None:
    real, calls = getattr(os, name), []

    def failing(*arguments: object, **more: object) -> object:
        calls.append(arguments)
        if len(calls) == nth:
            raise OSError(errno.EIO, "no")
        return real(*arguments, **more)

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, name, failing)
    with pytest.raises(OperationError) as failure:
        replace_file(directory_fd, random_block(4096), 7)
    monkeypatch.undo()
    assert (failure.value.call, failure.value.index) == (call, 7)
    assert failure.value.cause.errno == errno.EIO
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_short_write_replaces_nothing(
    directory_fd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file(directory_fd, random_block(4096))
    old = (tmp_path / "file").read_bytes()
    monkeypatch.setattr(os, "pwrite", lambda *_: 100)
    with pytest.raises(ShortWriteError) as failure:
        replace_file(directory_fd, random_block(4096), 3)
    assert (failure.value.index, failure.value.written_bytes) == (3, 100)
    assert (tmp_path / "file").read_bytes() == old


def failing_sync_of_directories(monkeypatch: pytest.MonkeyPatch, error: int, after: int) -> None:
    fsync, calls = os.fsync, []

    def chosen(fd: int) -> None:
        if os.path.isdir(fd):
            calls.append(fd)
            if len(calls) > after:
                raise OSError(error, "no")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", chosen)


# EINVAL: "fd is bound to a special file which does not support synchronization", fsync(2).
def test_where_a_directory_cannot_be_synced_the_series_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_sync_of_directories(monkeypatch, errno.EINVAL, 0)
    found = measure(tmp_path, PLAN, seed=1)
    assert found.durable_replaces is None
    assert [(each.name, each.why) for each in found.absent] == [
        (
            "durable-replace-fsync-4k",
            "a directory cannot be synced here: EINVAL (Invalid argument)",
        )
    ]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("after", "where"), [(0, "its first write"), (3, "round 1, operation 3")])
def test_a_directory_whose_sync_fails_ends_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, where: str
) -> None:
    failing_sync_of_directories(monkeypatch, errno.EIO, after)
    with pytest.raises(AdvisorError) as failure:
        measure(tmp_path, replace(PLAN, series=(REPLACE_SERIES,)), seed=1)
    said = failure.value.message
    assert said.startswith("fsync of the directory failed: EIO (Input/output error) on")
    assert f"series durable-replace-fsync-4k, {where}" in said
    assert os.listdir(tmp_path) == []
