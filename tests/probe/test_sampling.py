"""The hot loop: when it ends, what counts as warm-up, and what it writes."""

import errno
import mmap
import os
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path

import pytest

from advisor.measurement import Int64Array
from advisor.probe.sampling import (
    NEVER_NS,
    Doublewrite,
    OperationError,
    SampleLoop,
    ShortWriteError,
    WriterSlice,
    page_flusher,
    random_block,
    reader,
    writer,
    writer_slice,
    writer_slices,
)

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

    def test_a_full_stretch_ends(self, fd: int, sync: object) -> None:
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


def test_a_reader_takes_its_samples_as_a_writer_does(fd: int) -> None:
    os.pwrite(fd, b"a" * 4096 + b"b" * 4096, 0)
    block = random_block(4096)
    take = reader(fd, block, cycle([0, 4096]), [])
    latencies_ns = zeros(5)
    assert take(latencies_ns, 0, 2, 0, NEVER_NS, NEVER_NS) == 2
    assert block[:] == b"b" * 4096
    assert [latency > 0 for latency in latencies_ns] == [True] * 2 + [False] * 3
    assert take(zeros(10), 0, 10, 4, 0, NEVER_NS) == 4
    assert take(zeros(10), 0, 10, 4, 0, 0) == 1
    stopped = reader(fd, block, cycle([0]), ["stop"])
    assert stopped(zeros(10), 0, 10, 4, NEVER_NS, NEVER_NS) == 1


def test_pages_are_flushed_as_innodb_does(
    fd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of sixteen to the doublewrite file and a sync, each page to its place, a sync."""
    calls: list[tuple[str, int]] = []
    pwrite, fdatasync = os.pwrite, os.fdatasync
    doublewrite_fd = os.open(tmp_path / "doublewrite", os.O_CREAT | os.O_RDWR)
    names = {fd: "data", doublewrite_fd: "doublewrite"}

    def traced_write(to: int, block: mmap.mmap, offset: int) -> int:
        calls.append((f"{names[to]} {len(block)}", offset))
        return pwrite(to, block, offset)

    def traced_sync(of: int) -> None:
        calls.append((f"{names[of]} sync", 0))
        fdatasync(of)

    monkeypatch.setattr("os.pwrite", traced_write)
    monkeypatch.setattr("os.fdatasync", traced_sync)
    doublewrite = Doublewrite(doublewrite_fd, 8192, random_block(16 * 4096))
    take = page_flusher(fd, doublewrite, random_block(4096), count(0, 4096), [])
    latencies_ns = zeros(20)
    assert take(latencies_ns, 0, 18, 0, NEVER_NS, NEVER_NS) == 18
    assert [latency > 0 for latency in latencies_ns] == [True] * 18 + [False] * 2
    batch = [("doublewrite 65536", 8192), ("doublewrite sync", 0)]
    places = [("data 4096", number * 4096) for number in range(18)]
    assert calls == [*batch, *places[:16], ("data sync", 0), *batch, *places[16:]]
    assert latencies_ns[0] > latencies_ns[1]


def test_page_flushes_end_as_other_samples_do(fd: int) -> None:
    doublewrite = Doublewrite(fd, 0, random_block(16 * 4096))

    def take(*stop: object) -> SampleLoop:
        return page_flusher(fd, doublewrite, random_block(4096), cycle([0]), stop)

    assert take()(zeros(10), 0, 10, 4, 0, NEVER_NS) == 4
    assert take()(zeros(10), 0, 10, 4, 0, 0) == 1
    assert take("stop")(zeros(10), 0, 10, 4, NEVER_NS, NEVER_NS) == 1
    failing = page_flusher(fd, doublewrite, random_block(4096), iter([0, 0, -1]), [])
    with pytest.raises(OperationError) as failure:
        failing(zeros(9), 0, 9, 0, NEVER_NS, NEVER_NS)
    assert (failure.value.call, failure.value.index) == ("pwrite", 2)


@pytest.mark.parametrize(("offset", "errno_"), [(-2, errno.EINVAL), (4096, errno.EIO)])
def test_a_read_that_fails_or_is_cut_short_names_its_place(
    fd: int, offset: int, errno_: int
) -> None:
    os.pwrite(fd, bytes(4096 + 100), 0)
    take = reader(fd, random_block(4096), iter([0, offset]), [])
    with pytest.raises(OperationError) as failure:
        take(zeros(9), 0, 9, 0, NEVER_NS, NEVER_NS)
    assert (failure.value.call, failure.value.index) == ("preadv", 1)
    assert failure.value.cause.errno == errno_


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


SliceOf = Callable[..., WriterSlice]


class Drive:
    """A drive that takes so long for each operation, and the clock that tells of it: nothing else
    takes time, so that every count is exact."""

    def __init__(self, operation_ms: float) -> None:
        self.operation_ns = round(operation_ms * MS)
        self.now_ns = 1_000 * MS

    def clock(self) -> int:
        return self.now_ns

    def take(
        self,
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        for index in range(first, last):
            self.now_ns += self.operation_ns
            latencies_ns[index] = self.operation_ns
            if self.now_ns >= deadline_ns and (index + 1 >= enough or self.now_ns >= latest_ns):
                return index + 1
        return last


@pytest.fixture
def slice_of(monkeypatch: pytest.MonkeyPatch) -> "SliceOf":
    """What one writer does in one round on such a drive; its times count from the beginning."""

    def slice_of(operation_ms: float, *, capacity: int, slot_ms: int) -> WriterSlice:
        drive = Drive(operation_ms)
        monkeypatch.setattr("advisor.probe.sampling.perf_counter_ns", drive.clock)
        begun_ns = drive.now_ns
        part = writer_slice(drive.take, capacity, begun_ns, slot_ms * MS)
        return replace(part, warm_ns=part.warm_ns - begun_ns, ended_ns=part.ended_ns - begun_ns)

    return slice_of


def test_the_warm_up_lasts_its_time_on_a_fast_drive(slice_of: SliceOf) -> None:
    part = slice_of(1, capacity=500, slot_ms=60)
    assert (part.warmup_count, part.warm_ns) == (20, 20 * MS)
    assert (len(part.latencies_ns), part.ended_ns) == (60, 60 * MS)


def test_the_warm_up_has_five_samples_on_a_slow_drive(slice_of: SliceOf) -> None:
    part = slice_of(8, capacity=500, slot_ms=200)
    assert (part.warmup_count, part.warm_ns) == (5, 40 * MS)
    assert (len(part.latencies_ns), part.ended_ns) == (25, 200 * MS)


# Of 20 ms, half are over after 100 operations, of which 10 have room, 1, 1.
@pytest.mark.parametrize(
    ("operation_ms", "warmup", "samples"), [(0.1, 10, 40), (10, 1, 2), (30, 1, 2)]
)
def test_the_warm_up_is_never_more_than_half(
    slice_of: SliceOf, operation_ms: float, warmup: int, samples: int
) -> None:
    part = slice_of(operation_ms, capacity=40, slot_ms=20)
    assert (part.warmup_count, len(part.latencies_ns)) == (warmup, samples)


def test_after_the_warm_up_there_are_as_many_samples_as_in_it(slice_of: SliceOf) -> None:
    part = slice_of(7, capacity=500, slot_ms=30)
    assert (part.warmup_count, part.warm_ns) == (3, 21 * MS)  # half of the slot is over
    assert (len(part.latencies_ns), part.ended_ns) == (6, 42 * MS)


def test_a_full_stretch_is_a_quarter_warm_up(slice_of: SliceOf) -> None:
    part = slice_of(0, capacity=9, slot_ms=60_000)
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
    taken = [count(), count(), count(), count()]
    takes = [
        writer(fd, no_sync, random_block(4096), (0 for _ in counter), stop) for counter in taken
    ]
    real_join = threading.Thread.join
    joined: list[threading.Thread] = []

    def interrupted_once(thread: threading.Thread, timeout: float | None = None) -> None:
        if not joined:
            joined.append(thread)
            raise KeyboardInterrupt
        real_join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted_once)
    room = 10**6  # some ten seconds' work, and no deadline before
    with pytest.raises(KeyboardInterrupt):
        writer_slices(takes, stop, room, NEVER_NS // 2)
    assert max(map(next, taken)) < room / 4  # none was ended by its room, the warm-up's included
    assert threading.active_count() == 1
