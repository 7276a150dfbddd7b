"""Emulated drives as block devices: as fast as their profiles say, and their failings."""

import errno
import math
import mmap
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from itertools import pairwise
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.support.emulated_drive import (
    CannotEmulate,
    CutMode,
    DriveProfile,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
    profile_names,
)
from tests.support.faults import missing

pytestmark = pytest.mark.quiet

SIZE_BYTES = 256 << 20
BLOCK_BYTES = 4096
INSTANT: dict[str, Any] = {"read_us": [[0.5, 0]], "write_us": [[0.5, 0]], "flush_us": [[0.5, 0]]}
SYNC_US = {name: load_profile(name).expected.sync_us for name in profile_names()}
SLOW = [name for name, sync_us in SYNC_US.items() if sync_us >= 500]
WITHOUT_PLATTERS = [name for name in SYNC_US if load_profile(name).disk is None]
"""A platter comes round the sooner for a writer who was kept waiting."""
SHORT_US = 10.0
LEAST_TURNS, MOST_TURNS = 4, 30
DriveMaker = Callable[..., AbstractContextManager[EmulatedDrive]]


def instant(**parts: object) -> DriveProfile:
    figures: dict[str, Any] = {
        "name": "instant",
        "summary": "",
        "sources": ["this test"],
        "queue_depth": 64,
        "latency": INSTANT,
        "cache": {"cache_bytes": 64 << 20},
        "expected": {"sync_us": 0},
        **parts,
    }
    return DriveProfile.model_validate(figures)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that serves drives, where this machine can have them."""
    folder = tmp_path_factory.mktemp("drive")
    try:
        program = compile_drive(folder)
        with emulated_drive(program, instant(), folder, size_bytes=SIZE_BYTES):
            return program
    except CannotEmulate as error:
        missing(str(error))


@pytest.fixture
def make(program: Path, tmp_path: Path) -> DriveMaker:
    def made(profile: DriveProfile, **options: Any) -> AbstractContextManager[EmulatedDrive]:
        return emulated_drive(program, profile, tmp_path, size_bytes=SIZE_BYTES, **options)

    return made


class Block:
    """One block of a drive, without the page cache."""

    def __init__(self, drive: EmulatedDrive, number: int = 256) -> None:
        self._fd = os.open(drive.device, os.O_RDWR | os.O_DIRECT)
        self._offset = number * BLOCK_BYTES
        self._memory = mmap.mmap(-1, BLOCK_BYTES)

    def write(self, filling: bytes = b"x") -> None:
        self._memory.seek(0)
        self._memory.write(filling * BLOCK_BYTES)
        os.pwrite(self._fd, self._memory, self._offset)

    def flush(self) -> None:
        os.fdatasync(self._fd)

    def read(self) -> bytes:
        os.preadv(self._fd, [self._memory], self._offset)
        return self._memory[:]

    def close(self) -> None:
        os.close(self._fd)


def least_served_us(drive: EmulatedDrive, count: int) -> float:
    """What the program itself takes for a sync: of the ten in a row that it served fastest."""
    block = Block(drive)
    ends_us = [drive.served_us()]
    for _ in range(count // 10):
        for _ in range(10):
            block.write()
            block.flush()
        ends_us.append(drive.served_us())
    block.close()
    return min(after - before for before, after in pairwise(ends_us)) / 10


def least_sync_us(drive: EmulatedDrive, count: int) -> float:
    """The mean of the fastest ten syncs in a row: what a busy machine adds is in the others, and a
    disk comes round no earlier for a writer who was kept waiting."""
    block = Block(drive)
    ends_s = []
    for _ in range(count + 10):
        block.write()
        block.flush()
        ends_s.append(time.perf_counter())
    block.close()
    return min(after - before for before, after in zip(ends_s, ends_s[10:], strict=False)) * 1e5


@pytest.mark.parametrize("name", WITHOUT_PLATTERS)
def test_the_program_takes_as_long_as_the_profile_says(name: str, make: DriveMaker) -> None:
    """A busy machine only adds to it, so that more turns come nearer."""
    profile = load_profile(name)
    as_expected = pytest.approx(profile.expected.sync_us, rel=0.1)
    least_us = math.inf
    with make(with_medians(profile)) as drive:
        for _ in range(MOST_TURNS):
            least_us = min(least_us, least_served_us(drive, 100))
            if least_us == as_expected:
                break
    assert least_us == as_expected


@pytest.mark.parametrize("name", SLOW)
def test_a_drive_is_as_fast_as_its_profile(name: str, make: DriveMaker) -> None:
    """What the way to the program and its waking from sleep take is measured in turn, on a drive
    that sleeps just as often. A busy machine only adds to both, so that more turns come nearer. Of
    faster drives the way takes too much: a machine that idles longer also wakes later."""
    profile = load_profile(name)
    steady = with_medians(profile)
    everywhere_us = dict(steady.latency)
    short = {key: [[0.5, min(SHORT_US, us)]] for key, ((_, us),) in everywhere_us.items()}
    slept_us = short["write_us"][0][1] + short["flush_us"][0][1]
    as_expected = pytest.approx(
        profile.expected.sync_us - slept_us, abs=0.1 * profile.expected.sync_us
    )
    count = max(100, int(3e5 / profile.expected.sync_us))
    least_us = [math.inf, math.inf]
    with make(steady) as drive, make(instant(latency=short)) as other:
        for turn in range(MOST_TURNS):
            turn_us = [least_sync_us(each, count) for each in (drive, other)]
            least_us = list(map(min, least_us, turn_us))
            if turn >= LEAST_TURNS and least_us[0] - least_us[1] == as_expected:
                break
    assert least_us[0] - least_us[1] == as_expected


def with_medians(profile: DriveProfile) -> DriveProfile:
    """The same, where each request takes the median."""
    everywhere_us = {key: [[0.5, middle(points)]] for key, points in profile.latency}
    return DriveProfile.model_validate({**profile.model_dump(), "latency": everywhere_us})


def middle(points: tuple[tuple[float, float], ...]) -> float:
    """The median of a latency, which each profile states."""
    return dict(points)[0.5]


def test_it_is_a_drive_with_a_write_back_cache(make: DriveMaker) -> None:
    with make(instant()) as drive:
        queue = Path("/sys/block") / drive.device.name / "queue"
        assert (queue / "write_cache").read_text() == "write back\n"
        block = Block(drive)
        before = drive.counts()
        block.write()
        block.flush()
        after = drive.counts()
        block.close()
    assert [new - old for old, new in zip(before, after, strict=True)] == [0, 1, 1]


@pytest.mark.parametrize(("profile", "says"), [("hdd-7200", "1\n"), ("nvme-consumer", "0\n")])
def test_a_disk_says_that_it_rotates(make: DriveMaker, profile: str, says: str) -> None:
    with make(load_profile(profile)) as drive:
        assert Path("/sys/block", drive.device.name, "queue/rotational").read_text() == says


@pytest.mark.parametrize("filesystem", ["ext4", "xfs", "btrfs"])
def test_a_file_system_lies_on_it(filesystem: Any, program: Path, tmp_path: Path) -> None:
    profile = instant()
    with (
        emulated_drive(program, profile, tmp_path, size_bytes=512 << 20) as drive,
        mounted_drive(drive, tmp_path / "data", filesystem) as place,
    ):
        (place / "a file").write_bytes(b"x" * 100_000)
        os.sync()
        assert (place / "a file").read_bytes() == b"x" * 100_000
    assert list(tmp_path.iterdir()) == []


def block_of(image: Path, number: int = 256) -> bytes:
    with image.open("rb") as file:
        file.seek(number * BLOCK_BYTES)
        return file.read(BLOCK_BYTES)


def test_a_power_cut_takes_what_was_not_flushed(make: DriveMaker, tmp_path: Path) -> None:
    with make(instant(), volatile=True) as drive:
        block = Block(drive)
        block.write(b"a")
        block.flush()
        block.write(b"b")
        assert drive.cut(tmp_path / "cut")[1:] == (1, 0)
        assert block.read() == b"b" * BLOCK_BYTES
        block.flush()
        assert drive.cut(tmp_path / "after")[1:] == (0, 0)
        block.close()
    assert block_of(tmp_path / "cut") == b"a" * BLOCK_BYTES
    assert block_of(tmp_path / "after") == b"b" * BLOCK_BYTES


def test_a_power_cut_waits_for_a_write_where_it_is_told_to(
    make: DriveMaker, tmp_path: Path
) -> None:
    with make(instant(), volatile=True) as drive:
        block = Block(drive)
        writer = Timer(0.2, block.write, [b"a"])
        began_s = time.monotonic()
        writer.start()
        at_s, *counts = drive.cut(tmp_path / "cut", wait_ms=30_000)
        assert counts == [1, 0]
        assert began_s + 0.2 <= at_s <= time.monotonic()
        writer.join()
        block.flush()
        began_s = time.monotonic()
        at_s, *counts = drive.cut(tmp_path / "empty", wait_ms=100)
        assert counts == [0, 0]
        assert at_s - began_s >= 0.1
        block.close()


@pytest.mark.parametrize("mode", ["prefix", "reorder", "torn"])
def test_a_power_cut_keeps_some_of_a_cache(mode: CutMode, make: DriveMaker, tmp_path: Path) -> None:
    """What each of 40 cuts keeps of 20 writes: with "prefix" the oldest of them, with "reorder" a
    younger without an older at least once, with "torn" parts of a write at least once."""
    kept = []
    with make(instant(), volatile=True) as drive:
        blocks = [Block(drive, 256 + 2 * number) for number in range(20)]
        for block in blocks:
            block.write(b"n")
        for seed in range(40):
            image = tmp_path / "cut"
            _, held, count = drive.cut(image, mode, seed=seed)
            found = [block_of(image, 256 + 2 * number) for number in range(20)]
            assert (held, count) == (20, sum(b"n" in each for each in found))
            kept.append(found)
            image.unlink()
        for block in blocks:
            block.close()
    whole = [[each == b"n" * BLOCK_BYTES for each in found] for found in kept]
    parts = [any(b"n" in each and b"\0" in each for each in found) for found in kept]
    in_order = [found == sorted(found, reverse=True) for found in whole]
    if mode == "prefix":
        assert all(in_order)
        assert len({sum(found) for found in whole}) > 5
    else:
        assert not all(in_order)
    assert any(parts) == (mode == "torn")
    assert {
        each[at : at + 512] for found in kept for each in found for at in range(0, 4096, 512)
    } == {
        b"n" * 512,
        b"\0" * 512,
    }


def test_a_drive_that_lies_loses_what_it_said_it_had(make: DriveMaker, tmp_path: Path) -> None:
    with make(instant(lies=True), volatile=True) as drive:
        block = Block(drive)
        block.write(b"a")
        block.flush()
        drive.cut(tmp_path / "cut")
        block.close()
    assert block_of(tmp_path / "cut") == b"\0" * BLOCK_BYTES


def test_a_cache_that_is_full_keeps_what_left_it(make: DriveMaker, tmp_path: Path) -> None:
    """Two blocks fit; the third pushes the first out."""
    profile = instant(cache={"cache_bytes": 2 * BLOCK_BYTES})
    with make(profile, volatile=True) as drive:
        blocks = [Block(drive, number) for number in (300, 310, 320)]
        for block in blocks:
            block.write(b"a")
        assert drive.cut(tmp_path / "cut")[1:] == (2, 0)
        for block in blocks:
            block.close()
    assert block_of(tmp_path / "cut", 300) == b"a" * BLOCK_BYTES
    assert block_of(tmp_path / "cut", 310) == b"\0" * BLOCK_BYTES


@pytest.mark.parametrize(("kind", "error"), [("flush", errno.EIO), ("write", errno.ENOSPC)])
def test_a_drive_fails_from_a_request_on(kind: Any, error: int, make: DriveMaker) -> None:
    with make(instant()) as drive:
        block = Block(drive)
        drive.fail(kind, error, after=3)
        failed = []
        for _ in range(5):
            try:
                block.write()
                block.flush()
                failed.append(False)
            except OSError:
                failed.append(True)
        drive.fail(kind, 0)
        block.write()
        block.flush()
        with suppress(OSError):
            block.close()
    assert failed == [False, False, False, True, True]


def test_a_drive_hurries_for_a_while(make: DriveMaker) -> None:
    """500 syncs of 20 ms would take 10 s."""
    latency = {**INSTANT, "flush_us": [[0.5, 20_000]]}
    with make(instant(latency=latency)) as drive:
        began_s = time.perf_counter()
        with drive.hurried():
            least_sync_us(drive, 500)
        assert time.perf_counter() - began_s < 5
        assert least_sync_us(drive, 1) > 20_000
