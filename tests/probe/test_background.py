"""The process that writes pages beside something else: what it writes, where it stops, what it
tells, and that nothing is left of it."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import AdvisorError, Interrupted
from advisor.model import Unknown
from advisor.probe.background import LoadProcess
from advisor.probe.plan import MIB
from advisor.probe.scratch import Scratch
from advisor.probe.soak import SoakPlan, SoakProgress, soaked
from advisor.probe.testfiles import OpenSeries
from advisor.probe.testfiles import TestFiles as Files
from advisor.soak import Soak
from tests.support.paths import CHECKOUT

BATCH_BYTES = 2 * 16 * 16384
"""Sixteen pages of 16 KiB, each twice."""
MUCH = 1 << 40
NO_DEVICES = Unknown(unknown="not looked at")


@contextmanager
def pages(folder: Path, writers: int = 2) -> Iterator[OpenSeries]:
    plan = SoakPlan(60, MUCH, page_writers=writers, page_file_bytes=4 * MIB).files[1]
    with Scratch(folder) as scratch:
        found = Files(scratch, plan, 1).open_series()
        if not found:
            pytest.skip("no O_DIRECT here")
        yield found[0]


def wait_for(load: LoadProcess, least_bytes: int) -> int:
    until_s = time.monotonic() + 30
    while (written_bytes := load.written_bytes()) < least_bytes:
        assert time.monotonic() < until_s, f"{written_bytes} bytes in 30 s"
        time.sleep(0.005)
    return written_bytes


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_it_writes_until_the_block_ends(tmp_path: Path) -> None:
    with pages(tmp_path) as series:
        load = LoadProcess(series, tmp_path)
        with load.running(MUCH, [], "a test"):
            first = wait_for(load, 4 * BATCH_BYTES)
            assert wait_for(load, first + BATCH_BYTES) > first
            assert len(children()) == 1
        assert children() == []
        after = load.written_bytes()
        time.sleep(0.05)
        assert load.written_bytes() == after


def test_rounds_are_added_up(tmp_path: Path) -> None:
    with pages(tmp_path) as series:
        load = LoadProcess(series, tmp_path)
        with load.running(MUCH, [], "a test"):
            wait_for(load, 4 * BATCH_BYTES)
        first = load.written_bytes()
        with load.running(MUCH, [], "a test"):
            assert load.written_bytes() > first


def test_it_stops_at_a_limit_and_goes_on_with_a_higher_one(tmp_path: Path) -> None:
    """Of 5 batches of two writers, the first of one of them half: they begin no more where a batch
    of each would be too much, and have written at least 3 by then."""
    with pages(tmp_path) as series:
        load = LoadProcess(series, tmp_path)
        stop: list[object] = []
        with load.running(5 * BATCH_BYTES, stop, "a test"):
            wait_for(load, 3 * BATCH_BYTES)
            time.sleep(0.2)
            assert load.written_bytes() <= 5 * BATCH_BYTES
            assert stop
            assert load.was_cut_short
            load.limit(8 * BATCH_BYTES)
            assert wait_for(load, 6 * BATCH_BYTES) <= 8 * BATCH_BYTES


@pytest.mark.parametrize("most_bytes", [0, -8192])
def test_where_nothing_may_be_written_nothing_is(most_bytes: int, tmp_path: Path) -> None:
    with pages(tmp_path) as series:
        load = LoadProcess(series, tmp_path)
        with load.running(most_bytes, [], "a test"):
            time.sleep(0.05)
        assert load.written_bytes() == 0
        assert load.was_cut_short


def failing_in_the_process(monkeypatch: pytest.MonkeyPatch, action: Callable[[int], int]) -> None:
    """Every write of the process does that instead, by its bytes, and none of ours."""
    ours, real = os.getpid(), os.pwrite

    def pwrite(fd: int, data: bytes, offset: int) -> int:
        return real(fd, data, offset) if os.getpid() == ours else action(len(data))

    monkeypatch.setattr(os, "pwrite", pwrite)


def no_space(block_bytes: int) -> int:
    raise OSError(errno.ENOSPC, "no")


def failed_drive(block_bytes: int) -> int:
    raise OSError(errno.EIO, "no")


def no_memory(block_bytes: int) -> int:
    raise MemoryError


class NoMemoryOnce:
    """For one writer: the other goes on, which is not what was asked for."""

    def __init__(self) -> None:
        self._was = False

    def __call__(self, block_bytes: int) -> int:
        if self._was:
            return block_bytes
        self._was = True
        raise MemoryError


def killed(block_bytes: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


FAILURES = [
    (no_space, r"pwrite failed: ENOSPC .*, 16 KiB page flush .*, beside the soak"),
    (failed_drive, r"pwrite failed: EIO .*, 16 KiB page flush .*, beside the soak"),
    (lambda block_bytes: 8192, r"pwrite was cut short: 8192 of \d+ bytes .*, beside the soak"),
    (no_memory, "the process of the 16 KiB page flush .* has ended by itself"),
    (NoMemoryOnce(), "the process of the 16 KiB page flush .* has ended by itself"),
    (killed, "the process of the 16 KiB page flush .* has ended by itself"),
]


def limited_at_first(load: LoadProcess) -> None:
    with load.running(0, [], "the soak"):
        load.limit(MUCH)
        wait_for(load, MUCH)


@pytest.mark.parametrize(("action", "message"), FAILURES)
def test_a_failure_is_told_while_it_runs_whatever_its_limit(
    action: Callable[[int], int],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The limit comes first, and hides nothing of what follows."""
    with pages(tmp_path) as series:
        failing_in_the_process(monkeypatch, action)
        load = LoadProcess(series, tmp_path)
        with pytest.raises(AdvisorError, match=message):
            limited_at_first(load)
    assert capfd.readouterr() == ("", "")
    assert children() == []


# Beside a soak


SOAK = SoakPlan(duration_s=60, bytes_max=MUCH, page_writers=2, page_file_bytes=4 * MIB)


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.probe.soak.LEAST_PAGE_FILE_BYTES", 4 * MIB)


def soak_in(
    folder: Path, plan: SoakPlan, report: Callable[[SoakProgress], None] = lambda progress: None
) -> Soak | None:
    with soaked(folder, plan, NO_DEVICES, report=report) as soak:
        return soak


def test_a_failure_ends_a_soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_in_the_process(monkeypatch, no_space)
    with pytest.raises(AdvisorError, match=r"ENOSPC .* beside the soak"):
        soak_in(tmp_path, SOAK)
    assert (children(), os.listdir(tmp_path)) == ([], [])


def test_an_interruption_ends_both_and_keeps_what_there_is(tmp_path: Path) -> None:
    def report(progress: SoakProgress) -> None:
        raise Interrupted("interrupted by SIGINT")

    threads = threading.active_count()
    soak = soak_in(tmp_path, SOAK, report)
    assert soak is not None
    assert (soak.ended_by, len(soak.stretches.syncs)) == ("interrupted", 1)
    assert soak.stretches.page_bytes[0] > 0
    assert (children(), os.listdir(tmp_path)) == ([], [])
    assert threading.active_count() == threads


@pytest.mark.parametrize(("is_over", "kept"), [(False, None), (True, "interrupted")])
def test_an_interruption_while_the_process_begins_or_ends(
    is_over: bool, kept: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def running(self: LoadProcess, most: int, stop: list[object], where: str) -> Iterator[None]:
        if is_over:
            yield
        raise Interrupted("interrupted by SIGINT")

    monkeypatch.setattr(LoadProcess, "running", running)
    soak = soak_in(tmp_path, replace(SOAK, duration_s=1))
    assert (soak.ended_by if soak else None) == kept


def test_both_together_write_no_more_than_they_may(tmp_path: Path) -> None:
    """160 MiB, of which the files take 69, and in the first second pages at most half of the rest:
    it ends where another such second would be too much."""
    soak = soak_in(tmp_path, replace(SOAK, bytes_max=160 * MIB))
    assert soak is not None
    assert soak.ended_by == "bytes"
    assert 110 * MIB < soak.written_bytes <= 160 * MIB


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_the_command_after_a_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    command = ["measure", "--soak", "10min", "--with-page-writes", "--max-bytes", "1GB"]
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", *command, str(room)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    beside = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until_s = time.monotonic() + 30
    while not (found := beside.read_text().split()) and time.monotonic() < until_s:
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert len(found) == 1
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
    while Path("/proc", found[0]).exists() and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not Path("/proc", found[0]).exists()
    assert os.listdir(room) == []
