"""What goes on beside a series: page flushes or sequential reads, in a process of their own.

Threads beside the loop that is measured would keep the interpreter from it: where a sync took
0.12 ms alone, it took 1.17 ms beside eight threads that flush pages in memory and never wait, and
0.37 ms beside a process of eight such threads (tests/benchmarks/load_process.py, on 2 cores that
others used, too).
"""

import ctypes
import json
import mmap
import os
import signal
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import perf_counter_ns, sleep
from typing import Final, NoReturn

from advisor.errors import AdvisorError
from advisor.interruption import ENDING_SIGNALS
from advisor.measurement import Background
from advisor.probe.failures import failed, wrote_short
from advisor.probe.sampling import NEVER_NS, OperationError, SampleLoop, ShortWriteError
from advisor.probe.testfiles import OpenSeries
from advisor.series_kind import BATCH_PAGES

PR_SET_PDEATHSIG: Final = 1
COUNTER_BYTES: Final = 8
LOOK_S: Final = 0.001
"""How often we look whether everybody has begun."""


class LoadProcess:
    """Runs the writers or readers of one kind beside the rounds of one series, each as fast as it
    can, and counts what they do."""

    def __init__(self, series: OpenSeries, directory: Path) -> None:
        """`directory`: where the files of `series` lie, to be told in errors."""
        self._series = series
        self._directory = directory
        self._counters = memoryview(mmap.mmap(-1, COUNTER_BYTES * len(series.fds))).cast("Q")
        self._said = b""
        self._is_over = False
        self.written_bytes = 0
        self.was_cut_short = False
        """Whether it had written all that it may before the last round was over."""
        self._operations = 0
        self._elapsed_ns = 0

    @property
    def background(self) -> Background:
        """What it did while there was measured."""
        kind = self._series.spec.kind
        per_s = self._operations * 1e9 / max(1, self._elapsed_ns)
        batch_bytes = kind.batch_bytes / BATCH_PAGES
        return Background(
            writers=kind.writers,
            block_bytes=kind.block_bytes,
            ops_per_s=per_s,
            bytes_per_s=per_s * (kind.block_bytes + batch_bytes),
        )

    @contextmanager
    def running(self, most_bytes: int, stop: list[object], where: str) -> Iterator[None]:
        """Everybody has begun when the block begins, and nothing is left of it when it is over.

        Once `most_bytes` are written, or something failed, `stop` gets an entry, and is empty
        again after the block. Raises AdvisorError for what failed.
        """
        for number in range(len(self._counters)):
            self._counters[number] = 0
        self._said, self._is_over = b"", False
        reading, writing = os.pipe()
        watcher = threading.Thread(target=self._watch, args=(reading, stop), daemon=True)
        held_back = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        process = 0
        try:
            try:
                process = self._start(writing, most_bytes)
            except OSError as error:
                raise failed("fork", error, self._directory, where) from error
            finally:
                os.close(writing)
                signal.pthread_sigmask(signal.SIG_SETMASK, held_back)
            watcher.start()
            while not all(self._counters) and not self._said:
                sleep(LOOK_S)
            began_ns, before = perf_counter_ns(), sum(self._counters)
            yield
            self._elapsed_ns += perf_counter_ns() - began_ns
            self._operations += sum(self._counters) - before
        finally:
            self._is_over = True
            if process:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
            if watcher.ident is not None:
                watcher.join()
            os.close(reading)
            stop.clear()
            self._count()
        self._settle(where)

    def _watch(self, reading: int, stop: list[object]) -> None:
        """Tells the loop that is measured when the process has something to say, or is gone."""
        while said := os.read(reading, mmap.PAGESIZE):
            self._said += said
            stop.append("the background has ended")
        if not self._is_over:
            self._said = self._said or b'{"gone": true}\n'
            stop.append("the background is gone")

    def _count(self) -> None:
        """What was written; the next round goes on where this one was."""
        for offsets, count in zip(self._series.offsets, self._counters, strict=True):
            self.written_bytes += self._series.spec.kind.written_bytes(count)
            next(islice(offsets, count, count), None)

    def _settle(self, where: str) -> None:
        """Nothing of it is left to the next series. Raises AdvisorError for what it ended with."""
        first = json.loads(self._said.split(b"\n")[0] or b"{}")
        self.was_cut_short = "limit" in first
        where = f"{self._series.spec.kind.label}, beside {where}"
        if "gone" in first:
            hint = "dmesg says whether the kernel took its memory"
            raise AdvisorError(f"the process of the {where}, has ended by itself", hint)
        if "errno" in first:
            error = OSError(first["errno"], os.strerror(first["errno"]))
            raise failed(first["call"], error, self._directory, where)
        if "written_bytes" in first:
            block_bytes = self._series.spec.kind.block_bytes
            raise wrote_short(first["written_bytes"], block_bytes, self._directory, where)
        if not self._series.spec.kind.reads:
            try:
                os.fdatasync(self._series.fds[0])
            except OSError as error:
                raise failed("fdatasync", error, self._directory, where) from error

    # Within

    def _start(self, writing: int, most_bytes: int) -> int:
        """The process's number; within it, its whole life. Raises OSError."""
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            self._work(parent, writing, most_bytes)
        return process

    def _work(self, parent: int, writing: int, most_bytes: int) -> NoReturn:
        try:
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # the terminal's are for us; we end it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
            if os.getppid() == parent:
                self._run_all(writing, most_bytes)
        finally:
            os._exit(0)

    def _run_all(self, writing: int, most_bytes: int) -> None:
        threading.excepthook = lambda _: None  # "gone" says it
        series = self._series
        series.offsets = tuple(map(self._counted, range(len(series.fds)), series.offsets))
        threads = [
            threading.Thread(
                target=self._repeat, args=(loop, number, writing, most_bytes // len(series.fds))
            )
            for number, loop in enumerate(series.sample_loops())
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _counted(self, number: int, offsets: Iterator[int]) -> Iterator[int]:
        for offset in offsets:
            self._counters[number] += 1
            yield offset

    def _repeat(self, loop: SampleLoop, number: int, writing: int, most_bytes: int) -> None:
        kind, stop = self._series.spec.kind, self._series.stop
        latencies_ns = array("q", bytes(8 * BATCH_PAGES))
        pages = BATCH_PAGES * (number + 1) // len(self._counters)  # so that no batches go in step
        said: dict[str, object] = {"gone": True}
        try:
            while (
                not stop and kind.written_bytes(self._counters[number] + BATCH_PAGES) <= most_bytes
            ):
                loop(latencies_ns, 0, pages, 0, NEVER_NS, NEVER_NS)
                pages = BATCH_PAGES
            said = {"limit": most_bytes}
        except OperationError as error:
            said = {"call": error.call, "errno": error.cause.errno}
        except ShortWriteError as error:
            said = {"written_bytes": error.written_bytes}
        finally:
            os.write(writing, json.dumps(said).encode() + b"\n")
            stop.append("one has ended")
