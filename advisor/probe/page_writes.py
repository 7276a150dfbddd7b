"""Page flushes beside something else that is measured, as a checkpoint's are beside commits."""

import threading
import time
from array import array
from pathlib import Path
from types import TracebackType
from typing import Final

from advisor.measurement import Int64Array
from advisor.probe.failures import failed, wrote_short
from advisor.probe.sampling import NEVER_NS, OperationError, SampleLoop, ShortWriteError
from advisor.probe.testfiles import OpenSeries
from advisor.series_kind import BATCH_PAGES

WHERE: Final = "page writes of the soak"
WAIT_S: Final = 0.01


class PageWriters:
    """A thread for each writer of a series of page flushes, from the block's begin to its end."""

    def __init__(self, series: OpenSeries | None, directory: Path) -> None:
        """Without a series nothing is written."""
        self._series = series
        self._directory = directory
        loops = series.sample_loops() if series else []
        self._batches = [0] * len(loops)
        self._buffers = [array("q", bytes(8 * BATCH_PAGES)) for _ in loops]
        self._errors: list[BaseException] = []
        self._told_bytes = 0
        self._limit_bytes: int | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(number, loop), daemon=True)
            for number, loop in enumerate(loops)
        ]

    def __enter__(self) -> "PageWriters":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._series:
            self._series.stop.append("the block is over")
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def limit(self, limit_bytes: int) -> None:
        """They write no more than so much in all, until a higher limit is set."""
        self._limit_bytes = limit_bytes

    def written_bytes(self) -> int:
        """What they have written so far, pages of batches that are under way included.

        Raises AdvisorError when one of them met an error.
        """
        if self._series is None:
            return 0
        if self._errors:
            raise self._explained(self._errors[0])
        kind = self._series.spec.kind
        pages = sum(_taken(buffer) for buffer in self._buffers)
        begun = sum(any(buffer) for buffer in self._buffers)
        whole = kind.written_bytes(BATCH_PAGES * sum(self._batches))
        now_bytes = whole + pages * kind.block_bytes + begun * kind.batch_bytes
        # A batch that has just ended is seen twice until its thread has emptied its buffer.
        self._told_bytes = max(self._told_bytes, now_bytes)
        return self._told_bytes

    def _work(self, number: int, loop: SampleLoop) -> None:
        assert self._series is not None
        buffer, empty = self._buffers[number], array("q", bytes(8 * BATCH_PAGES))
        try:
            while not self._series.stop:
                if not self._may_begin():
                    time.sleep(WAIT_S)
                    continue
                loop(buffer, 0, BATCH_PAGES, 0, NEVER_NS, NEVER_NS)
                self._batches[number] += 1
                buffer[:] = empty
        except BaseException as error:  # told by written_bytes
            self._errors.append(error)

    def _may_begin(self) -> bool:
        """Whether a batch of every writer is within the limit."""
        if self._series is None or self._limit_bytes is None:
            return True
        batches = sum(self._batches) + len(self._batches)
        return self._series.spec.kind.written_bytes(BATCH_PAGES * batches) <= self._limit_bytes

    def _explained(self, error: BaseException) -> BaseException:
        if isinstance(error, OperationError):
            return failed(error.call, error.cause, self._directory, WHERE)
        if isinstance(error, ShortWriteError):
            assert self._series is not None
            size_bytes = self._series.spec.kind.block_bytes
            return wrote_short(error.written_bytes, size_bytes, self._directory, WHERE)
        return error


def _taken(buffer: Int64Array) -> int:
    """The latencies that are there already."""
    return sum(1 for latency_ns in buffer if latency_ns)
