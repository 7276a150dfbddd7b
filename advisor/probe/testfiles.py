"""The test files of a plan: filled once, and opened the way each series wants them."""

import errno
import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from time import perf_counter_ns
from typing import Final

from advisor.measurement import AbsentSeries, Fill
from advisor.probe.failures import errno_text, failed, wrote_short
from advisor.probe.plan import MIB, MeasuringPlan, SeriesSpec
from advisor.probe.replacing import DIRECTORY_SYNC, FILE_NAME, NEW_NAME, replace_file, replacer
from advisor.probe.sampling import (
    PAGE_BYTES,
    Doublewrite,
    OperationError,
    SampleLoop,
    ShortWriteError,
    page_flusher,
    random_block,
    reader,
    writer,
)
from advisor.probe.scratch import Scratch
from advisor.series_kind import AT_RANDOM, Method, Pattern

FILL_BLOCK_BYTES: Final = MIB

DIRECT_REFUSED: Final = (errno.EINVAL, errno.EOPNOTSUPP)
DIRECTORY_SYNC_REFUSED: Final = (errno.EINVAL, errno.EOPNOTSUPP)

OPEN_FLAGS: Final[dict[Method, int]] = {"open_datasync": os.O_DSYNC, "open_sync": os.O_SYNC}
SYNCS: Final[dict[Method, Callable[[int], None]]] = {"fdatasync": os.fdatasync, "fsync": os.fsync}


class Refused(Exception):  # noqa: N818 -- an answer, not an error
    """The file system does not offer what a series needs; the text says what and why."""


@dataclass
class OpenSeries:
    """One series, ready to be measured: its files are there, open, and have been written once."""

    spec: SeriesSpec
    fds: tuple[int, ...]
    """One per writer; several writers may share one. Of a replace that of its directory."""
    offsets: tuple[Iterator[int], ...]
    """Where each writer goes on writing; an append begins anew in each round."""
    doublewrite_fd: int | None = None
    """Where page flushes write their batches first, each writer its own."""
    stop: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._blocks = tuple(random_block(self.spec.kind.block_bytes) for _ in self.fds)
        self._doublewrites: tuple[Doublewrite, ...] = ()
        if self.doublewrite_fd is not None:
            size_bytes = self.spec.kind.batch_bytes
            self._doublewrites = tuple(
                Doublewrite(self.doublewrite_fd, number * size_bytes, random_block(size_bytes))
                for number in range(len(self.fds))
            )

    @property
    def sync(self) -> Callable[[int], None] | None:
        """The call that follows each write; None when the write itself is all."""
        return SYNCS.get(self.spec.kind.method)

    def sample_loops(self) -> list[SampleLoop]:
        """The writers of one round. An append's file is emptied first. Raises OSError."""
        if self.spec.kind.pattern == "append":
            os.ftruncate(self.fds[0], 0)
            os.fsync(self.fds[0])
            self.offsets = (count(0, self.spec.kind.block_bytes),)
        if self.spec.kind.pattern == "durable-replace":
            pairs = zip(self.fds, self._blocks, strict=True)
            return [replacer(fd, block, self.stop) for fd, block in pairs]
        parts = zip(self.fds, self._blocks, self.offsets, strict=True)
        if self._doublewrites:
            return [
                page_flusher(fd, doublewrite, block, offsets, self.stop)
                for doublewrite, (fd, block, offsets) in zip(self._doublewrites, parts, strict=True)
            ]
        if self.spec.kind.reads:
            return [reader(fd, block, offsets, self.stop) for fd, block, offsets in parts]
        return [writer(fd, self.sync, block, offsets, self.stop) for fd, block, offsets in parts]

    def write_once(self) -> None:
        """The first write of each writer, and its sync. Raises OSError, OperationError,
        ShortWriteError.

        A reader's file is written when it is filled; its first read is all there is to try.
        """
        for fd, block in zip(self.fds, self._blocks, strict=True):
            if self.spec.kind.pattern == "durable-replace":
                replace_file(fd, block)
                continue
            if self.spec.kind.reads:
                os.preadv(fd, [block], 0)
                continue
            written_bytes = os.pwrite(fd, block, 0)
            if written_bytes != len(block):
                raise ShortWriteError(0, written_bytes)
            (self.sync or os.fdatasync)(fd)


class TestFiles:
    """Opens the series of a plan in a scratch directory, and counts what that writes."""

    def __init__(self, scratch: Scratch, plan: MeasuringPlan, seed: int) -> None:
        self._scratch = scratch
        self._plan = plan
        self._seed = seed
        self._shared: dict[str, int] = {}
        self.written_bytes = 0
        self.fill: Fill | None = None
        """How the first large file was filled: one sequential write."""
        self.absent: list[AbsentSeries] = []

    def open_series(self, specs: Iterable[SeriesSpec] | None = None) -> list[OpenSeries]:
        """These series, else those of the plan; what is refused is in `absent`.

        Raises AdvisorError.
        """
        wanted = self._plan.series if specs is None else specs
        return [series for spec in wanted if (series := self._opened(spec)) is not None]

    def _opened(self, spec: SeriesSpec) -> OpenSeries | None:
        try:
            fds, doublewrite_fd = self._open(spec), self._doublewrite(spec)
            series = OpenSeries(spec, fds, self._offsets(spec), doublewrite_fd)
        except Refused as refusal:
            self.absent.append(AbsentSeries(name=spec.kind.name, why=str(refusal)))
            return None
        directory, where = self._scratch.directory, f"series {spec.kind.name}, its first write"
        try:
            series.write_once()
        except OSError as error:
            if spec.kind.direct and error.errno in DIRECT_REFUSED:
                why = f"O_DIRECT refused at the first write: {errno_text(error)}"
                self.absent.append(AbsentSeries(name=spec.kind.name, why=why))
                return None
            raise failed("write and sync", error, directory, where) from error
        except OperationError as error:
            if error.call == DIRECTORY_SYNC and error.cause.errno in DIRECTORY_SYNC_REFUSED:
                why = f"a directory cannot be synced here: {errno_text(error.cause)}"
                self.absent.append(AbsentSeries(name=spec.kind.name, why=why))
                return None
            raise failed(error.call, error.cause, directory, where) from error
        except ShortWriteError as error:
            raise wrote_short(
                error.written_bytes, spec.kind.block_bytes, directory, where
            ) from error
        if not spec.kind.reads:
            self.written_bytes += spec.kind.block_bytes * len(series.fds)
        return series

    def _open(self, spec: SeriesSpec) -> tuple[int, ...]:
        """One descriptor per writer. Raises Refused, AdvisorError."""
        if spec.kind.pattern in ("append", "classic"):
            files = [self._scratch.create()]
        elif spec.kind.pattern == "durable-replace":
            files = [self._scratch.create_directory((FILE_NAME, NEW_NAME))]
        elif spec.kind.pattern in AT_RANDOM:
            files = [self._filled("random", self._plan.file_bytes)] * spec.kind.writers
        elif spec.kind.pattern == "sequential-read":
            files = [self._filled("sequential", self._plan.read_file_bytes)] * spec.kind.writers
        elif spec.kind.writers == 1:
            files = [self._filled("overwrite", self._plan.file_bytes)]
        else:
            size_bytes = self._plan.writer_file_bytes
            files = [self._filled(f"writer {n}", size_bytes) for n in range(spec.kind.writers)]
        flags = OPEN_FLAGS.get(spec.kind.method, 0) | (os.O_DIRECT if spec.kind.direct else 0)
        return tuple(self._reopened(fd, flags) for fd in files) if flags else tuple(files)

    def _doublewrite(self, spec: SeriesSpec) -> int | None:
        """The file of the batches, where there are such. Raises Refused, AdvisorError."""
        if not spec.kind.batch_bytes:
            return None
        fd = self._filled("doublewrite", spec.kind.batch_bytes * spec.kind.writers)
        return self._reopened(fd, os.O_DIRECT)

    def _reopened(self, fd: int, flags: int) -> int:
        try:
            return self._scratch.reopen(fd, flags)
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise Refused(
                    "a test file is opened again by /proc/self/fd, which is not there"
                ) from error
            name = "O_DIRECT" if flags & os.O_DIRECT else "the sync flag"
            raise Refused(f"{name} refused at open: {errno_text(error)}") from error

    def _offsets(self, spec: SeriesSpec) -> tuple[Iterator[int], ...]:
        file_bytes = (
            self._plan.file_bytes if spec.kind.writers == 1 else self._plan.writer_file_bytes
        )
        if spec.kind.pattern == "overwrite":
            sequence = range(0, file_bytes - spec.kind.block_bytes + 1, spec.kind.block_bytes)
            return tuple(cycle(sequence) for _ in range(spec.kind.writers))
        if spec.kind.pattern == "sequential-read":
            places = range(0, self._plan.read_file_bytes, spec.kind.block_bytes)
            return tuple(cycle(places) for _ in range(spec.kind.writers))
        if spec.kind.pattern in AT_RANDOM:
            every = range(
                0, self._plan.file_bytes - spec.kind.block_bytes + 1, spec.kind.block_bytes
            )
            chance = random.Random(f"{self._seed} {spec.kind.name}")
            return tuple(cycle(chance.sample(every, len(every))) for _ in range(spec.kind.writers))
        return (cycle([0]),)

    def _filled(self, key: str, size_bytes: int) -> int:
        """A file fully written and synced, made at the first asking. Raises AdvisorError."""
        if key not in self._shared:
            fd = self._scratch.create()
            filled = self._fill(fd, size_bytes)
            self.fill = self.fill or filled
            self.written_bytes += filled.written_bytes
            self._shared[key] = fd
        return self._shared[key]

    def _fill(self, fd: int, size_bytes: int) -> Fill:
        where = "filling the test files"
        block = random_block(min(size_bytes, FILL_BLOCK_BYTES))
        started_ns = perf_counter_ns()
        with memoryview(block) as view, view.cast("Q") as words:
            for offset in range(0, size_bytes, len(block)):
                for page in range(0, len(words), PAGE_BYTES // 8):
                    words[page] = started_ns + offset + page  # no page twice the same
                part_bytes = min(len(block), size_bytes - offset)
                with view[:part_bytes] as part:
                    try:
                        written_bytes = os.pwrite(fd, part, offset)
                    except OSError as error:
                        raise failed("pwrite", error, self._scratch.directory, where) from error
                if written_bytes != part_bytes:
                    raise wrote_short(written_bytes, part_bytes, self._scratch.directory, where)
        try:
            os.fsync(fd)
        except OSError as error:
            raise failed("fsync", error, self._scratch.directory, where) from error
        return Fill(written_bytes=size_bytes, elapsed_ns=perf_counter_ns() - started_ns)


def planned_bytes(plan: MeasuringPlan) -> int:
    """The most that the plan's test files occupy at once."""
    kinds = [spec.kind for spec in plan.series]
    one_overwrites = any(kind.pattern == "overwrite" and kind.writers == 1 for kind in kinds)
    at_random = any(kind.pattern in AT_RANDOM for kind in kinds)
    files_bytes = plan.file_bytes * (one_overwrites + at_random)
    files_bytes += plan.read_file_bytes * any(kind.pattern == "sequential-read" for kind in kinds)
    overwriters = [spec.kind.writers for spec in plan.series if spec.kind.pattern == "overwrite"]
    several = max((writers for writers in overwriters if writers > 1), default=0)
    doublewrite_bytes = max((kind.batch_bytes * kind.writers for kind in kinds), default=0)
    loose_blocks: dict[Pattern, int] = {
        "append": plan.samples_max // plan.rounds_max,
        "classic": 1,
        "durable-replace": 2,
    }
    loose_bytes = sum(
        spec.kind.block_bytes * loose_blocks.get(spec.kind.pattern, 0) for spec in plan.series
    )
    writers_bytes = several * plan.writer_file_bytes
    return files_bytes + writers_bytes + doublewrite_bytes + loose_bytes
