"""Writers of pages beside something else: what they write, where they stop, what they tell."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.measurement import Int64Array
from advisor.probe.page_writes import PageWriters
from advisor.probe.plan import MIB
from advisor.probe.sampling import OperationError
from advisor.probe.scratch import Scratch
from advisor.probe.soak import SoakPlan
from advisor.probe.testfiles import OpenSeries
from advisor.probe.testfiles import TestFiles as Files

BATCH_BYTES = 2 * 16 * 16384
"""Sixteen pages of 16 KiB, each twice."""


@contextmanager
def pages(folder: Path, writers: int = 2) -> Iterator[OpenSeries]:
    plan = SoakPlan(60, 1 << 40, page_writers=writers, page_file_bytes=4 * MIB).files[1]
    with Scratch(folder) as scratch:
        found = Files(scratch, plan, 1).open_series()
        if not found:
            pytest.skip("no O_DIRECT here")
        yield found[0]


def wait_for(writers: PageWriters, least_bytes: int) -> int:
    until_s = time.monotonic() + 30
    while (written_bytes := writers.written_bytes()) < least_bytes:
        assert time.monotonic() < until_s, f"{written_bytes} bytes in 30 s"
        time.sleep(0.005)
    return written_bytes


def test_they_write_until_the_block_ends(tmp_path: Path) -> None:
    with pages(tmp_path) as series, PageWriters(series, tmp_path) as writers:
        first = wait_for(writers, 4 * BATCH_BYTES)
        assert wait_for(writers, first + BATCH_BYTES) > first
    after = writers.written_bytes()
    time.sleep(0.05)
    assert writers.written_bytes() == after


def test_they_stop_at_a_limit_and_go_on_with_a_higher_one(tmp_path: Path) -> None:
    """Of 5 batches they write 4 or 5: the fifth is begun where the fourth is not done yet."""
    with pages(tmp_path) as series:
        writers = PageWriters(series, tmp_path)
        writers.limit(5 * BATCH_BYTES)
        with writers:
            wait_for(writers, 4 * BATCH_BYTES)
            time.sleep(0.2)
            assert writers.written_bytes() <= 5 * BATCH_BYTES
            writers.limit(8 * BATCH_BYTES)
            assert wait_for(writers, 6 * BATCH_BYTES) <= 8 * BATCH_BYTES


def test_what_is_told_never_goes_down(tmp_path: Path) -> None:
    """A batch that is done stands in a buffer, too, until that is emptied."""
    with pages(tmp_path, 1) as series:
        writers = PageWriters(series, tmp_path)
        writers._batches[0] = 1
        writers._buffers[0][15] = 1
        told = writers.written_bytes()
        writers._buffers[0][15] = 0
        assert writers.written_bytes() == told > BATCH_BYTES


def test_an_error_of_theirs_is_told(tmp_path: Path) -> None:
    def failing(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        raise OperationError("pwrite", 3, OSError(errno.EIO, "Input/output error"))

    with pages(tmp_path) as series:
        writers = PageWriters(series, tmp_path)
        writers._work(0, failing)
    with pytest.raises(AdvisorError, match=r"pwrite failed: EIO .*, page writes of the soak"):
        writers.written_bytes()


def test_without_a_series_nothing_is_written(tmp_path: Path) -> None:
    with PageWriters(None, tmp_path) as writers:
        assert writers.written_bytes() == 0
