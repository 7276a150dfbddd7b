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
from typing import Any, Final, NoReturn

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
WAIT_S: Final = 0.01
"""How often the process looks whether its limit was raised."""
GONE: Final = b'{"gone": true}\n'


class LoadProcess:
    """Runs the writers or readers of one kind beside the rounds of one series, each as fast as it
    can, and counts what they do."""

    def __init__(self, series: OpenSeries, directory: Path) -> None:
        """`directory`: where the files of `series` lie, to be told in errors."""
        self._series = series
        self._directory = directory
        shared = memoryview(mmap.mmap(-1, COUNTER_BYTES * (1 + len(series.fds)))).cast("Q")
        self._limit_bytes, self._counters = shared[:1], shared[1:]
        self._said = b""
        self._is_over = False
        self._limit_is_told = False  # by the process
        self._past_bytes = 0
        self._where = ""
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

    @property
    def was_cut_short(self) -> bool:
        """Whether it had written all that it may before the last round was over."""
        return any("limit" in message for message in self._messages())

    def limit(self, limit_bytes: int) -> None:
        """It writes no more than so much in this round, until another limit is set."""
        self._limit_bytes[0] = max(0, limit_bytes)

    def written_bytes(self) -> int:
        """What it has written so far, in all rounds, batches that are under way included.

        Raises AdvisorError for what failed meanwhile.
        """
        self._require_success()
        return self._past_bytes + sum(map(self._series.spec.kind.written_bytes, self._counters))

    @contextmanager
    def running(self, most_bytes: int, stop: list[object], where: str) -> Iterator[None]:
        """Everybody has begun when the block begins, and nothing is left of it when it is over.

        Once `most_bytes` are written, or something failed, `stop` gets an entry, and is empty
        again after the block. At a limit it waits for a higher one. Raises AdvisorError for what
        failed.
        """
        self._past_bytes = self.written_bytes()
        for number in range(len(self._counters)):
            self._counters[number] = 0
        self.limit(most_bytes)
        self._said, self._is_over = b"", False
        self._where = f"{self._series.spec.kind.label}, beside {where}"
        reading, writing = os.pipe()
        watcher = threading.Thread(target=self._watch, args=(reading, stop), daemon=True)
        held_back = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        process = 0
        try:
            try:
                process = self._start(writing)
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
            self._go_on()
        self._settle()

    def _watch(self, reading: int, stop: list[object]) -> None:
        """Tells the loop that is measured when the process has something to say, or is gone."""
        while said := os.read(reading, mmap.PAGESIZE):
            self._said += said
            stop.append("the background has ended")
        if not self._is_over:
            self._said += GONE
            stop.append("the background is gone")

    def _go_on(self) -> None:
        """The next round goes on where this one was."""
        for offsets, count in zip(self._series.offsets, self._counters, strict=True):
            next(islice(offsets, count, count), None)

    def _messages(self) -> list[dict[str, Any]]:
        """What the process has said in this round."""
        return [json.loads(line) for line in self._said.splitlines()]

    def _require_success(self) -> None:
        """Raises AdvisorError for the first thing that failed in this round."""
        failures = (message for message in self._messages() if "limit" not in message)
        failure = next(failures, {})
        where = self._where
        if "gone" in failure:
            hint = "dmesg says whether the kernel took its memory"
            raise AdvisorError(f"the process of the {where}, has ended by itself", hint)
        if "errno" in failure:
            error = OSError(failure["errno"], os.strerror(failure["errno"]))
            raise failed(failure["call"], error, self._directory, where)
        if "written_bytes" in failure:
            block_bytes = self._series.spec.kind.block_bytes
            raise wrote_short(failure["written_bytes"], block_bytes, self._directory, where)

    def _settle(self) -> None:
        """Nothing of it is left to the next series. Raises AdvisorError for what failed."""
        self._require_success()
        if not self._series.spec.kind.reads:
            try:
                os.fdatasync(self._series.fds[0])
            except OSError as error:
                raise failed("fdatasync", error, self._directory, self._where) from error

    # Within

    def _start(self, writing: int) -> int:
        """The process's number; within it, its whole life. Raises OSError."""
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            self._work(parent, writing)
        return process

    def _work(self, parent: int, writing: int) -> NoReturn:
        try:
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # the terminal's are for us; we end it
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
            if os.getppid() == parent:
                self._run_all(writing)
        finally:
            os._exit(0)

    def _run_all(self, writing: int) -> None:
        series = self._series
        series.offsets = tuple(map(self._counted, range(len(series.fds)), series.offsets))
        threads = [
            threading.Thread(target=self._repeat, args=(loop, number, writing))
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

    def _repeat(self, loop: SampleLoop, number: int, writing: int) -> None:
        latencies_ns = array("q", bytes(8 * BATCH_PAGES))
        pages = BATCH_PAGES * (number + 1) // len(self._counters)  # so that no batches go in step
        try:
            while not self._series.stop:
                if not self._may_begin():
                    self._wait(writing)
                    continue
                loop(latencies_ns, 0, pages, 0, NEVER_NS, NEVER_NS)
                pages = BATCH_PAGES
        except OperationError as error:
            self._fail(writing, call=error.call, errno=error.cause.errno)
        except ShortWriteError as error:
            self._fail(writing, written_bytes=error.written_bytes)
        except BaseException:
            self._fail(writing, gone=True)

    def _may_begin(self) -> bool:
        """Whether a batch of every one of them is within the limit."""
        written_bytes = self._series.spec.kind.written_bytes
        most_bytes = sum(written_bytes(count + BATCH_PAGES) for count in self._counters)
        return most_bytes <= self._limit_bytes[0]

    def _wait(self, writing: int) -> None:
        if not self._limit_is_told:
            self._limit_is_told = True
            _say(writing, limit=True)
        sleep(WAIT_S)

    def _fail(self, writing: int, **failure: object) -> None:
        _say(writing, **failure)
        self._series.stop.append("one has failed")


def _say(writing: int, **message: object) -> None:
    os.write(writing, json.dumps(message).encode() + b"\n")
