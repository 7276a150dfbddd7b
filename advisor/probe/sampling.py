"""The hot loops: write, sync, take the time; or read. Nothing here is slower than it must be."""

import errno
import mmap
import os
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter_ns
from typing import Final, NamedTuple, Protocol

from advisor.measurement import Int64Array
from advisor.series_kind import BATCH_PAGES

WARMUP_NS: Final = 20_000_000
WARMUP_SAMPLES: Final = 5
"""A round's warm-up lasts 20 ms or 5 samples, whichever is longer, but at most half of its time and
a quarter of its room: the CPU and the drive come out of idleness, and caches fill."""

PAGE_BYTES: Final = 4096
"""The smallest unit in which a device would notice that it has stored the same data before."""

NEVER_NS: Final = 2**63 - 1

NO_SYNC: Final[Callable[[int], object]] = abs
"""Stands in the loop where nothing is synced: takes a descriptor, does nothing, in some 10 ns."""


class OperationError(Exception):
    """A write or sync in the loop failed: which call, at which sample, and how."""

    def __init__(self, call: str, index: int, cause: OSError) -> None:
        super().__init__(call, index, cause)
        self.call = call
        self.index = index
        self.cause = cause


class ShortWriteError(Exception):
    """A write in the loop took only part of the block."""

    def __init__(self, index: int, written_bytes: int) -> None:
        super().__init__(index, written_bytes)
        self.index = index
        self.written_bytes = written_bytes


class SampleLoop(Protocol):
    """Takes samples into `latencies_ns[first:last]`, in ns; returns the index after the last one.

    It ends when that part is full, when another writer says stop, or once `deadline_ns` has
    passed and `enough` is reached or `latest_ns` has passed too. Raises OperationError,
    ShortWriteError.
    """

    def __call__(
        self,
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int: ...


def random_block(block_bytes: int) -> mmap.mmap:
    """Incompressible data, aligned to a page as O_DIRECT wants it."""
    block = mmap.mmap(-1, block_bytes)
    block.write(os.urandom(block_bytes))
    return block


def writer(
    fd: int,
    sync: Callable[[int], None] | None,
    block: mmap.mmap,
    offsets: Iterator[int],
    stop: Sequence[object],
) -> SampleLoop:
    """The loop of one writer: a write of `block` at the next of `offsets`, then `sync`, if any.

    `stop` ends it as soon as something is in it. Before each write the time is stamped into every
    page of the block, so that no device can find it stored already.
    """
    words = memoryview(block).cast("Q")
    pages = range(0, len(words), PAGE_BYTES // 8)
    block_bytes = len(block)

    def sample(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        pwrite: Callable[[int, mmap.mmap, int], int] = os.pwrite,
        sync: Callable[[int], object] = sync or NO_SYNC,
    ) -> int:
        ended_ns = clock()
        for index, offset in zip(range(first, last), offsets, strict=False):
            for page in pages:
                words[page] = ended_ns
            started_ns = clock()
            try:
                written_bytes = pwrite(fd, block, offset)
            except OSError as error:
                raise OperationError("pwrite", index, error) from error
            try:
                sync(fd)
            except OSError as error:
                raise OperationError(sync.__name__, index, error) from error
            ended_ns = clock()
            latencies_ns[index] = ended_ns - started_ns
            if written_bytes != block_bytes:
                raise ShortWriteError(index, written_bytes)
            if stop:
                return index + 1
            if ended_ns >= deadline_ns and (index + 1 >= enough or ended_ns >= latest_ns):
                return index + 1
        return last

    return sample


def reader(fd: int, block: mmap.mmap, offsets: Iterator[int], stop: Sequence[object]) -> SampleLoop:
    """The loop of one reader: a read of `block` from the next of `offsets`; else as `writer`."""
    blocks, block_bytes = [block], len(block)

    def sample(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
        *,
        clock: Callable[[], int] = perf_counter_ns,
        preadv: Callable[[int, list[mmap.mmap], int], int] = os.preadv,
    ) -> int:
        for index, offset in zip(range(first, last), offsets, strict=False):
            started_ns = clock()
            try:
                read_bytes = preadv(fd, blocks, offset)
            except OSError as error:
                raise OperationError("preadv", index, error) from error
            ended_ns = clock()
            latencies_ns[index] = ended_ns - started_ns
            if read_bytes != block_bytes:
                cut = OSError(errno.EIO, f"{read_bytes} of {block_bytes} bytes were read")
                raise OperationError("preadv", index, cut)
            if stop:
                return index + 1
            if ended_ns >= deadline_ns and (index + 1 >= enough or ended_ns >= latest_ns):
                return index + 1
        return last

    return sample


class Doublewrite(NamedTuple):
    """One writer's part of the doublewrite file: its place there, and what it writes."""

    fd: int
    offset: int
    batch: mmap.mmap
    """Of BATCH_PAGES blocks."""


def page_flusher(
    fd: int,
    doublewrite: Doublewrite,
    block: mmap.mmap,
    offsets: Iterator[int],
    stop: Sequence[object],
) -> SampleLoop:
    """The loop of one that flushes pages as InnoDB does; else as `writer`.

    A sample is a page. The first of a batch includes the write of the batch to the doublewrite
    file, and its sync; the last includes the sync of the data file.
    """
    write_page = writer(fd, None, block, offsets, stop)
    write_last = writer(fd, os.fdatasync, block, offsets, stop)
    write_batch = writer(
        doublewrite.fd, os.fdatasync, doublewrite.batch, repeat(doublewrite.offset), stop
    )

    def sample(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        for index in range(first, last):
            number = (index - first) % BATCH_PAGES
            batch_ns = 0
            if number == 0:
                write_batch(latencies_ns, index, index + 1, 0, NEVER_NS, NEVER_NS)
                batch_ns = latencies_ns[index]
            write = write_last if number == BATCH_PAGES - 1 else write_page
            write(latencies_ns, index, index + 1, 0, NEVER_NS, NEVER_NS)
            latencies_ns[index] += batch_ns
            ended_ns = perf_counter_ns()
            if stop:
                return index + 1
            if ended_ns >= deadline_ns and (index + 1 >= enough or ended_ns >= latest_ns):
                return index + 1
        return last

    return sample


@dataclass(frozen=True)
class WriterSlice:
    """What one writer did in one round. Times are those of the clock, in ns."""

    latencies_ns: Int64Array
    warmup_count: int
    warm_ns: int
    ended_ns: int


def writer_slice(loop: SampleLoop, capacity: int, started_ns: int, slot_ns: int) -> WriterSlice:
    """One writer's part of a round: the warm-up, then the samples that count.

    `capacity` (at least 2) limits the samples, `slot_ns` the time from `started_ns` on; after the
    warm-up at least as many samples are taken as in it.
    """
    latencies_ns = array("q", bytes(8 * capacity))
    half_ns = started_ns + slot_ns // 2
    warm = loop(
        latencies_ns,
        0,
        max(1, capacity // 4),
        WARMUP_SAMPLES,
        min(started_ns + WARMUP_NS, half_ns),
        half_ns,
    )
    warm_ns = perf_counter_ns()
    end = loop(latencies_ns, warm, capacity, 2 * warm, started_ns + slot_ns, NEVER_NS)
    ended_ns = perf_counter_ns()
    del latencies_ns[end:]
    return WriterSlice(latencies_ns, warm, warm_ns, ended_ns)


def writer_slices(
    loops: Sequence[SampleLoop], stop: list[object], capacity: int, slot_ns: int
) -> list[WriterSlice]:
    """One round of one or several writers at once, each at most `capacity` samples.

    The first writer that is full stops the others, so that all samples are taken in company. An
    error in one ends all and is raised; so is an interrupt of the main thread.
    """
    if len(loops) == 1:
        return [writer_slice(loops[0], capacity, perf_counter_ns(), slot_ns)]
    done: list[WriterSlice] = []
    errors: list[BaseException] = []
    ready = threading.Barrier(len(loops))

    def work(loop: SampleLoop) -> None:
        try:
            ready.wait()
            done.append(writer_slice(loop, capacity, perf_counter_ns(), slot_ns))
        except BaseException as error:
            errors.append(error)
        stop.append("a writer is done")

    threads = [threading.Thread(target=work, args=[loop], daemon=True) for loop in loops]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        stop.append("the round is over")
        ready.abort()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        stop.clear()
    if errors:
        raise next(
            (e for e in errors if not isinstance(e, threading.BrokenBarrierError)), errors[0]
        )
    return done
