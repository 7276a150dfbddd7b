"""The test files: how each series opens its own, and where it writes."""

import fcntl
import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.probe.plan import MIB
from advisor.probe.sampling import NEVER_NS
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import OpenSeries
from advisor.probe.testfiles import TestFiles as ProbeFiles  # pytest would take it for a test
from advisor.series_kind import KIB
from tests.support.faults import SMALL_PLAN

SYNC_FLAGS = os.O_SYNC | os.O_DSYNC  # O_SYNC contains O_DSYNC


@pytest.fixture
def open_series(tmp_path: Path) -> Iterator[dict[str, OpenSeries]]:
    """All benches of the small plan, by name."""
    with Scratch(tmp_path) as scratch:
        made = ProbeFiles(scratch, SMALL_PLAN, seed=1).open_series()
        yield {series.spec.kind.name: series for series in made}


def flags(series: OpenSeries) -> list[int]:
    return [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in series.fds]


def test_only_open_methods_have_sync_flags_and_each_its_own(
    open_series: dict[str, OpenSeries],
) -> None:
    found = {
        name: {flag & SYNC_FLAGS for flag in flags(series)} for name, series in open_series.items()
    }
    assert found.pop("overwrite-open_datasync-8k") == {os.O_DSYNC}
    assert found.pop("overwrite-open_datasync-64k") == {os.O_DSYNC}
    assert found.pop("overwrite-open_sync-8k") == {os.O_SYNC}
    assert set.union(*found.values()) == {0}


def test_only_classic_and_random_bypass_the_cache(open_series: dict[str, OpenSeries]) -> None:
    direct = {name for name, series in open_series.items() if flags(series)[0] & os.O_DIRECT}
    expected = {"classic-fsync-4k", "classic-fsync-16k", "random-16k-x8", "random-read-16k-x8"}
    assert direct == (expected | {"page-flush-16k-x8"}) & set(open_series)


def test_methods_call_their_own_sync(open_series: dict[str, OpenSeries]) -> None:
    calls = {name: series.sync for name, series in open_series.items()}
    assert calls["overwrite-fdatasync-8k"] is os.fdatasync
    assert calls["overwrite-fsync-8k"] is os.fsync
    assert calls["overwrite-open_datasync-8k"] is None
    assert calls["overwrite-open_sync-8k"] is None


def test_overwritten_files_are_fully_written_before(open_series: dict[str, OpenSeries]) -> None:
    for name, size_bytes in (
        ("overwrite-fdatasync-8k", MIB),
        ("overwrite-open_sync-8k", MIB),
        ("overwrite-fdatasync-8k-x8", 128 * KIB),
    ):
        made = os.fstat(open_series[name].fds[0])
        assert made.st_size == size_bytes
        assert made.st_blocks * 512 >= size_bytes
    fd = open_series["overwrite-fsync-8k"].fds[0]
    pages = {os.pread(fd, 4096, offset) for offset in range(0, MIB, 4096)}
    assert len(pages) == MIB // 4096
    assert all(len(set(page)) > 200 for page in pages)


def test_several_writers_have_a_file_each(open_series: dict[str, OpenSeries]) -> None:
    files = {os.fstat(fd).st_ino for fd in open_series["overwrite-fdatasync-8k-x8"].fds}
    assert len(files) == 8


def test_offsets(open_series: dict[str, OpenSeries]) -> None:
    (sequence,) = open_series["overwrite-fdatasync-8k"].offsets
    assert [next(sequence) for _ in range(130)] == [*range(0, MIB, 8192), 0, 8192]
    (classic,) = open_series["classic-fsync-4k"].offsets
    assert [next(classic) for _ in range(3)] == [0, 0, 0]


def test_random_writers_visit_every_block_in_orders_of_their_own(
    open_series: dict[str, OpenSeries],
) -> None:
    if "random-16k-x8" not in open_series:
        pytest.skip("the file system of the tests refuses O_DIRECT")
    visits = [
        [next(offsets) for _ in range(64)] for offsets in open_series["random-16k-x8"].offsets
    ]
    assert all(sorted(visit) == list(range(0, MIB, 16384)) for visit in visits)
    assert len({tuple(visit) for visit in visits}) == 8


def test_an_append_begins_anew_in_each_round(open_series: dict[str, OpenSeries]) -> None:
    series = open_series["append-fdatasync-8k"]
    for _ in range(2):
        (loop,) = series.sample_loops()
        assert os.fstat(series.fds[0]).st_size == 0
        loop(array("q", bytes(24)), 0, 3, 0, NEVER_NS, NEVER_NS)
        assert os.fstat(series.fds[0]).st_size == 3 * 8192
