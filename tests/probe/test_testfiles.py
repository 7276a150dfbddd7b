"""The test files: how each series opens its own, and where it writes."""

import fcntl
import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.probe.plan import KIB, MIB
from advisor.probe.sampling import NEVER_NS
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import Bench, Workbench
from tests.support.faults import SMALL_PLAN

SYNC_FLAGS = os.O_SYNC | os.O_DSYNC  # O_SYNC contains O_DSYNC


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[dict[str, Bench]]:
    """All benches of the small plan, by name."""
    with Scratch(tmp_path) as scratch:
        made = Workbench(scratch, SMALL_PLAN, seed=1).benches()
        yield {bench.spec.name: bench for bench in made}


def flags(bench: Bench) -> list[int]:
    return [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in bench.fds]


def test_only_open_methods_have_sync_flags_and_each_its_own(benches: dict[str, Bench]) -> None:
    found = {name: {flag & SYNC_FLAGS for flag in flags(bench)} for name, bench in benches.items()}
    assert found.pop("overwrite-open_datasync-8k") == {os.O_DSYNC}
    assert found.pop("overwrite-open_sync-8k") == {os.O_SYNC}
    assert set.union(*found.values()) == {0}


def test_only_classic_and_random_bypass_the_cache(benches: dict[str, Bench]) -> None:
    direct = {name for name, bench in benches.items() if flags(bench)[0] & os.O_DIRECT}
    expected = {"classic-fsync-4k", "classic-fsync-16k", "random-16k-x8"}
    assert direct == expected & set(benches)


def test_methods_call_their_own_sync(benches: dict[str, Bench]) -> None:
    calls = {name: bench.sync for name, bench in benches.items()}
    assert calls["overwrite-fdatasync-8k"] is os.fdatasync
    assert calls["overwrite-fsync-8k"] is os.fsync
    assert calls["overwrite-open_datasync-8k"] is None
    assert calls["overwrite-open_sync-8k"] is None


def test_overwritten_files_are_fully_written_before(benches: dict[str, Bench]) -> None:
    for name, size_bytes in (
        ("overwrite-fdatasync-8k", MIB),
        ("overwrite-open_sync-8k", MIB),
        ("overwrite-fdatasync-8k-x8", 128 * KIB),
    ):
        made = os.fstat(benches[name].fds[0])
        assert made.st_size == size_bytes
        assert made.st_blocks * 512 >= size_bytes
    fd = benches["overwrite-fsync-8k"].fds[0]
    pages = {os.pread(fd, 4096, offset) for offset in range(0, MIB, 4096)}
    assert len(pages) == MIB // 4096
    assert all(len(set(page)) > 200 for page in pages)


def test_several_writers_have_a_file_each(benches: dict[str, Bench]) -> None:
    files = {os.fstat(fd).st_ino for fd in benches["overwrite-fdatasync-8k-x8"].fds}
    assert len(files) == 8


def test_offsets(benches: dict[str, Bench]) -> None:
    (sequence,) = benches["overwrite-fdatasync-8k"].offsets
    assert [next(sequence) for _ in range(130)] == [*range(0, MIB, 8192), 0, 8192]
    (classic,) = benches["classic-fsync-4k"].offsets
    assert [next(classic) for _ in range(3)] == [0, 0, 0]


def test_random_writers_visit_every_block_in_orders_of_their_own(
    benches: dict[str, Bench],
) -> None:
    if "random-16k-x8" not in benches:
        pytest.skip("the file system of the tests refuses O_DIRECT")
    visits = [[next(offsets) for _ in range(64)] for offsets in benches["random-16k-x8"].offsets]
    assert all(sorted(one) == list(range(0, MIB, 16384)) for one in visits)
    assert len({tuple(one) for one in visits}) == 8


def test_an_append_begins_anew_in_each_round(benches: dict[str, Bench]) -> None:
    bench = benches["append-fdatasync-8k"]
    for _ in range(2):
        (take,) = bench.takes()
        assert os.fstat(bench.fds[0]).st_size == 0
        take(array("q", bytes(24)), 0, 3, 0, NEVER_NS, NEVER_NS)
        assert os.fstat(bench.fds[0]).st_size == 3 * 8192
