"""The emulated drives' arithmetic, on a clock of the test's own: exact, however busy the machine.

Expected values are computed by hand from the figures of a profile.
"""

import random
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulated_drive import load_profile, profile_names
from tests.support.emulated_drive.profiles import DriveProfile
from tests.support.emulated_drive.timing import FLUSH, READ, WRITE, DriveTiming, S, compile_timing
from tests.support.faults import missing

REFERENCES = ("1", "2", "7a", "7c", "4", "6", "7b", "5", "10", "3", "8", "9")
DRIVES = (*profile_names(), *(f"reference-{each}" for each in REFERENCES))
SIZE_BYTES = 8 << 30
INSTANT: dict[str, Any] = {"read_us": [[0.5, 0]], "write_us": [[0.5, 0]], "flush_us": [[0.5, 0]]}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    return compile_timing(tmp_path_factory.mktemp("timing"))


def drive(latency: dict[str, Any] | None = None, **parts: object) -> DriveProfile:
    return DriveProfile.model_validate(
        {
            "name": "a drive",
            "summary": "",
            "sources": ["this test"],
            "queue_depth": 64,
            "latency": {**INSTANT, **(latency or {})},
            "expected": {"sync_us": 0},
            **parts,
        }
    )


@pytest.mark.parametrize("name", DRIVES)
def test_a_drive_has_the_sync_of_its_profile(name: str, library: Path) -> None:
    profile = load_profile(name)
    times_us = DriveTiming(library, profile, SIZE_BYTES).synced_us(2001)
    assert statistics.median(times_us) == pytest.approx(profile.expected.sync_us, rel=0.03)


@pytest.mark.parametrize("name", DRIVES)
def test_a_drive_reads_and_writes_as_fast_as_its_profile_says(name: str, library: Path) -> None:
    profile = load_profile(name)
    places = random.Random(1)
    if profile.expected.read_ops_per_s is not None:
        offsets = [places.randrange(SIZE_BYTES // 4096) * 4096 for _ in range(6000)]
        timing = DriveTiming(library, profile, SIZE_BYTES)
        last_ns = max(timing.finished_ns(READ, offsets, 4096, at_once=64))
        assert 6000 / (last_ns / S) == pytest.approx(profile.expected.read_ops_per_s, rel=0.03)
    if profile.expected.write_bytes_per_s is not None:
        offsets = [number << 20 for number in range(1000)]
        timing = DriveTiming(library, profile, SIZE_BYTES)
        last_ns = max(timing.finished_ns(WRITE, offsets, 1 << 20, at_once=8))
        rate = (1000 << 20) / (last_ns / S)
        assert rate == pytest.approx(profile.expected.write_bytes_per_s, rel=0.05)


def test_a_latency_has_the_quantiles_that_it_is_given(library: Path) -> None:
    quantiles = [[0.0, 1000], [0.5, 2000], [0.9, 3000], [0.99, 10000], [1.0, 50000]]
    profile = drive({"flush_us": quantiles})
    times_us = sorted(DriveTiming(library, profile, SIZE_BYTES).synced_us(100_000))
    assert times_us[0] == pytest.approx(1000, rel=0.01)
    assert times_us[25_000] == pytest.approx(1500, rel=0.02)
    assert times_us[50_000] == pytest.approx(2000, rel=0.02)
    assert times_us[90_000] == pytest.approx(3000, rel=0.03)
    assert times_us[99_000] == pytest.approx(10_000, rel=0.1)
    assert times_us[-1] > 48_000


def test_requests_beyond_the_queue_wait(library: Path) -> None:
    """100 reads of 1 ms, 4 at a time: 25 ms."""
    profile = drive({"read_us": [[0.5, 1000]]}, queue_depth=4)
    timing = DriveTiming(library, profile, SIZE_BYTES)
    assert max(timing.finished_ns(READ, [0] * 100, 4096, at_once=50)) == pytest.approx(25_000_000)


def test_a_burst_ends_and_comes_back(library: Path) -> None:
    """1000 credits at 300/s, of which 100 come in while 300 are spent: 1500 operations in 5 s.
    After 10 s without any there are 1000 again."""
    limits = {"ops_per_s": 100, "burst_ops_per_s": 300, "burst_ops": 1000}
    timing = DriveTiming(library, drive(limits=limits), SIZE_BYTES)
    finished_ns = timing.finished_ns(READ, [0] * 2500, 4096, at_once=1)
    assert finished_ns[1400] / S == pytest.approx(1400 / 300, rel=0.02)
    assert (finished_ns[2400] - finished_ns[1600]) / S == pytest.approx(800 / 100, rel=0.02)
    again_ns = finished_ns[-1] + 10 * S
    for _ in range(900):
        last_ns = timing.done_ns(READ, 0, 4096, again_ns)
    assert (last_ns - again_ns) / S == pytest.approx(3, rel=0.02)


def test_an_exhausted_drive_has_no_burst_and_is_slow(library: Path) -> None:
    """200 operations at 100/s take 2 s. Each sync takes ten times 1 ms: within 0.1 s a tenth of
    10,240 bytes is free again, less than one write."""
    limits = {"ops_per_s": 100, "burst_ops_per_s": 300, "burst_ops": 1000}
    timing = DriveTiming(library, drive(limits=limits), SIZE_BYTES)
    timing.exhaust(0)
    assert timing.finished_ns(READ, [0] * 200, 4096, at_once=1)[-1] / S == pytest.approx(
        2, rel=0.02
    )
    slows = {"fast_bytes": 409_600, "fast_refill_bytes_per_s": 10_240, "slow_factor": 10}
    full = DriveTiming(library, drive({"flush_us": [[0.5, 1000]]}, slows_down=slows), SIZE_BYTES)
    full.exhaust(0)
    assert full.synced_us(10) == pytest.approx([10_000] * 10)


def test_whether_a_flush_counts_as_an_operation(library: Path) -> None:
    """500 syncs of 2 operations each at 100/s take 10 s; of one, 5 s."""
    limits = {"ops_per_s": 100}
    alone = DriveTiming(library, drive(limits=limits), SIZE_BYTES)
    assert sum(alone.synced_us(500)) == pytest.approx(5e6, rel=0.01)
    counted = drive(limits={**limits, "flush_is_operation": True})
    assert sum(DriveTiming(library, counted, SIZE_BYTES).synced_us(500)) == pytest.approx(
        1e7, rel=0.01
    )


def test_a_drive_that_fills_up_gets_slower_and_recovers(library: Path) -> None:
    """100 syncs of 4096 bytes fit in 409600 bytes; then each takes 10 ms. 40 s at 10240 bytes/s
    free all of it."""
    slows = {"fast_bytes": 409_600, "fast_refill_bytes_per_s": 10_240, "slow_factor": 10}
    profile = drive({"flush_us": [[0.5, 1000]]}, slows_down=slows)
    timing = DriveTiming(library, profile, SIZE_BYTES)
    times_us = timing.synced_us(200)
    assert times_us[50] == pytest.approx(1000)
    assert max(times_us[150:]) == pytest.approx(10_000)
    later_ns = int(sum(times_us) * 1000) + 40 * S
    written_ns = timing.done_ns(WRITE, 0, 4096, later_ns)
    assert timing.done_ns(FLUSH, 0, 0, written_ns) - written_ns == pytest.approx(1_000_000)


def test_a_disk_seeks_by_distance(library: Path) -> None:
    """To and fro across the disk a read takes the longest seek and half a revolution on average;
    between two near tracks the shortest seek. Reads in order go at the speed of the platter."""
    disk = {
        "rotation_us": 8000,
        "seek_min_us": 1000,
        "seek_max_us": 15000,
        "track_bytes": 1 << 20,
    }
    profile = drive(disk=disk, queue_depth=1)
    places = random.Random(2)

    def mean_us(near: int, far: int) -> float:
        offsets = [
            (far if number % 2 else near) + places.randrange(256) * 4096 for number in range(2000)
        ]
        timing = DriveTiming(library, profile, SIZE_BYTES)
        return max(timing.finished_ns(READ, offsets, 4096, at_once=1)) / 1000 / 2000

    assert mean_us(0, SIZE_BYTES - (1 << 20)) == pytest.approx(15_000 + 4000, rel=0.03)
    assert mean_us(0, 4 << 20) == pytest.approx(1000 + 4000 + 14_000 * (4 / 8192) ** 0.5, rel=0.05)
    timing = DriveTiming(library, profile, SIZE_BYTES)
    in_order = timing.finished_ns(READ, [n << 16 for n in range(1600)], 1 << 16, at_once=1)
    assert max(in_order) / S == pytest.approx(100 * 0.008, rel=0.02)


def test_a_flush_writes_a_cache_out_in_order(library: Path) -> None:
    """100 scattered blocks within 100 tracks, written out in one sweep, cost less than 100 times a
    seek and half a revolution; 100 neighbours cost one."""
    disk = {"rotation_us": 8000, "seek_min_us": 1000, "seek_max_us": 15000, "track_bytes": 1 << 20}
    profile = drive(disk=disk, queue_depth=1, cache={"cache_bytes": 1 << 24})

    def flush_us(offsets: list[int]) -> float:
        timing = DriveTiming(library, profile, SIZE_BYTES)
        for offset in offsets:
            assert timing.done_ns(WRITE, offset, 4096, 0) == 0
        return timing.done_ns(FLUSH, 0, 0, 0) / 1000

    scattered = random.Random(3).sample(range(100 * 256), 100)
    assert 100 * 1000 < flush_us([4096 * at for at in scattered]) < 100 * 9000
    assert flush_us([4096 * at for at in range(100)]) < 8000 + 8000 * 100 / 256 + 1


def test_a_full_cache_makes_the_writer_wait(library: Path) -> None:
    """1 MiB at 1 MiB/s takes a second."""
    cache = {"cache_bytes": 1 << 20, "drain_bytes_per_s": 1 << 20}
    timing = DriveTiming(library, drive(cache=cache, queue_depth=1), SIZE_BYTES)
    done_ns = [timing.done_ns(WRITE, at << 16, 1 << 16, 0) for at in range(17)]
    assert done_ns[15] == 0
    assert done_ns[16] / S == pytest.approx(1, rel=0.01)


def test_a_figure_that_is_none_is_refused(library: Path) -> None:
    profile = drive(limits={"ops_per_s": 100})
    timing = DriveTiming(library, profile, SIZE_BYTES)
    for figure in ("ops_per_s", "ops_per_s many", "speed 5", "flush_us 0.5", "queue_depth 0"):
        with pytest.raises(ValueError, match="does not know"):
            timing.configure(figure)
