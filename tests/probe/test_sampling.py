"""The hot loop: when it ends, what counts as warm-up, and what it writes."""

import errno
import os
import threading
import time
from array import array
from itertools import cycle
from pathlib import Path

import pytest

from advisor.measurement import Int64Array
from advisor.probe.sampling import (
    NEVER_NS,
    WARMUP_NS,
    OperationError,
    SampleLoop,
    ShortWriteError,
    random_block,
    writer,
    writer_slice,
    writer_slices,
)

pytestmark = pytest.mark.quiet

MS = 1_000_000


@pytest.fixture
def fd(tmp_path: Path) -> int:
    """A file to write to."""
    return os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)


def no_sync(fd: int) -> None:
    """Stands in for fdatasync."""


def zeros(count: int) -> Int64Array:
    return array("q", bytes(8 * count))


@pytest.mark.parametrize("sync", [no_sync, None])
class TestTake:
    """Both loops, with a sync and without."""

    def take(self, fd: int, sync: object, stop: list[object] | None = None) -> SampleLoop:
        chosen = no_sync if sync is no_sync else None
        return writer(fd, chosen, random_block(8192), cycle([0, 8192]), stop or [])

    def test_a_full_part_ends(self, fd: int, sync: object) -> None:
        latencies_ns = zeros(10)
        assert self.take(fd, sync)(latencies_ns, 2, 7, 0, NEVER_NS, NEVER_NS) == 7
        assert [latency > 0 for latency in latencies_ns] == [False] * 2 + [True] * 5 + [False] * 3

    def test_the_deadline_waits_for_enough(self, fd: int, sync: object) -> None:
        assert self.take(fd, sync)(zeros(10), 0, 10, 4, 0, NEVER_NS) == 4

    def test_the_latest_time_waits_for_nothing(self, fd: int, sync: object) -> None:
        assert self.take(fd, sync)(zeros(10), 0, 10, 4, 0, 0) == 1

    def test_a_stop_ends_it_after_the_running_operation(self, fd: int, sync: object) -> None:
        take = self.take(fd, sync, ["stop"])
        assert take(zeros(10), 0, 10, 4, NEVER_NS, NEVER_NS) == 1

    def test_offsets_go_on_where_they_were(self, fd: int, sync: object) -> None:
        block = random_block(4096)
        chosen = no_sync if sync is no_sync else None
        take = writer(fd, chosen, block, iter(range(0, 10 * 4096, 4096)), [])
        take(zeros(3), 0, 3, 0, NEVER_NS, NEVER_NS)
        assert os.fstat(fd).st_size == 3 * 4096
        take(zeros(2), 0, 2, 0, NEVER_NS, NEVER_NS)
        assert os.fstat(fd).st_size == 5 * 4096

    def test_no_page_is_written_twice_the_same(self, fd: int, sync: object) -> None:
        block = random_block(8192)
        chosen = no_sync if sync is no_sync else None
        take = writer(fd, chosen, block, iter(range(0, 50 * 8192, 8192)), [])
        take(zeros(50), 0, 50, 0, NEVER_NS, NEVER_NS)
        pages = {os.pread(fd, 4096, offset) for offset in range(0, 50 * 8192, 4096)}
        assert len(pages) == 100

    def test_an_error_names_its_place(self, fd: int, sync: object) -> None:
        chosen = no_sync if sync is no_sync else None
        take = writer(fd, chosen, random_block(4096), iter([0, 0, -1]), [])
        with pytest.raises(OperationError) as failure:
            take(zeros(9), 0, 9, 0, NEVER_NS, NEVER_NS)
        assert (failure.value.call, failure.value.index) == ("pwrite", 2)
        assert failure.value.cause.errno == errno.EINVAL

    def test_a_short_write_is_an_error(
        self, fd: int, sync: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take = self.take(fd, sync)
        with pytest.raises(ShortWriteError) as failure:
            take(zeros(9), 0, 9, 0, NEVER_NS, NEVER_NS, pwrite=lambda *_: 4096)  # type: ignore[call-arg]
        assert (failure.value.index, failure.value.written_bytes) == (0, 4096)


def test_a_failing_sync_is_named(fd: int) -> None:
    def fdatasync(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    take = writer(fd, fdatasync, random_block(4096), cycle([0]), [])
    with pytest.raises(OperationError) as failure:
        take(zeros(9), 0, 9, 0, NEVER_NS, NEVER_NS)
    assert (failure.value.call, failure.value.cause.errno) == ("fdatasync", errno.EIO)


def test_blocks_are_random_and_aligned() -> None:
    first, second = random_block(16384), random_block(16384)
    assert bytes(first) != bytes(second)
    assert len(set(bytes(first))) == 256


def slow(milliseconds: float) -> SampleLoop:
    """A drive that takes that long for each operation."""

    def take(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        for index in range(first, last):
            time.sleep(milliseconds / 1000)
            ended_ns = time.perf_counter_ns()
            latencies_ns[index] = int(milliseconds * MS)
            if ended_ns >= deadline_ns and (index + 1 >= enough or ended_ns >= latest_ns):
                return index + 1
        return last

    return take


def test_the_warm_up_lasts_its_time_on_a_fast_drive() -> None:
    begun_ns = time.perf_counter_ns()
    part = writer_slice(slow(1), 500, begun_ns, 60 * MS)
    assert part.warm_ns - begun_ns >= WARMUP_NS
    assert 5 < part.warmup_count <= 20
    assert part.ended_ns - begun_ns >= 60 * MS


def test_the_warm_up_has_five_samples_on_a_slow_drive() -> None:
    assert writer_slice(slow(8), 500, time.perf_counter_ns(), 200 * MS).warmup_count == 5


@pytest.mark.parametrize("milliseconds", [0.1, 10, 30])
def test_the_warm_up_is_never_more_than_half(milliseconds: float) -> None:
    part = writer_slice(slow(milliseconds), 40, time.perf_counter_ns(), 20 * MS)
    assert 1 <= part.warmup_count <= len(part.latencies_ns) / 2
    assert len(part.latencies_ns) <= 40


def test_a_full_slice_is_a_quarter_warm_up() -> None:
    part = writer_slice(slow(0), 9, time.perf_counter_ns(), 60_000 * MS)
    assert (part.warmup_count, len(part.latencies_ns)) == (2, 9)


def test_one_writers_error_ends_all_and_is_raised(fd: int) -> None:
    stop: list[object] = []
    healthy = writer(fd, no_sync, random_block(4096), cycle([0]), stop)
    broken = writer(fd, no_sync, random_block(4096), iter([0] * 50 + [-1]), stop)
    with pytest.raises(OperationError, match="pwrite"):
        writer_slices([healthy, broken, healthy], stop, 10**6, 60_000 * MS)
    assert threading.active_count() == 1
    assert stop == []


def test_a_full_writer_ends_the_round_for_all(fd: int) -> None:
    stop: list[object] = []

    def rest(fd: int) -> None:
        time.sleep(0.001)

    quick = writer(fd, no_sync, random_block(4096), cycle([0]), stop)
    slower = writer(fd, rest, random_block(4096), cycle([0]), stop)
    done = writer_slices([quick, slower], stop, 2000, 60_000 * MS)
    assert sorted(len(part.latencies_ns) == 2000 for part in done) == [False, True]
    assert threading.active_count() == 1


def test_an_interrupt_stops_all_writers(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stop: list[object] = []
    takes = [writer(fd, no_sync, random_block(4096), cycle([0]), stop) for _ in range(4)]
    real_join = threading.Thread.join
    joined: list[threading.Thread] = []

    def interrupted_once(thread: threading.Thread, timeout: float | None = None) -> None:
        if not joined:
            joined.append(thread)
            raise KeyboardInterrupt
        real_join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted_once)
    begun_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        writer_slices(takes, stop, 10**7, 60_000 * MS)
    assert time.monotonic() - begun_s < 5  # of the 60 s that it was to last
    assert threading.active_count() == 1
