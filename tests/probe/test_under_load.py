"""Syncs beside page flushes and a backup: on emulated drives, and when something fails."""

import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from advisor.errors import AdvisorError
from advisor.measurement import Measurement, SeriesUnderLoad
from advisor.probe import UnderLoad, measure
from advisor.probe.background import LoadProcess
from advisor.probe.plan import MIB, PRIMARY_SERIES, UNDER_LOAD_SERIES, SeriesSpec, load_plan
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import TestFiles as ProbeFiles  # pytest would take it for a test
from advisor.series_kind import PAGE_FLUSH, PRIMARY_BESIDE_PAGES, SEQUENTIAL_READ
from tests.support.emulated_drive import (
    CannotEmulate,
    DriveProfile,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
)
from tests.support.faults import SMALL_PLAN, missing, probe_command

pytestmark = pytest.mark.quiet

PLAN = replace(
    SMALL_PLAN,
    series=(PRIMARY_SERIES, SeriesSpec(PAGE_FLUSH)),
    ssd_budget_s=1.0,
    hdd_budget_s=1.0,
    file_bytes=4 * MIB,
)
BESIDE_PAGES = SeriesSpec(PRIMARY_BESIDE_PAGES)
BESIDE_READS = SeriesSpec(replace(PRIMARY_BESIDE_PAGES, beside="sequential-read"))
LOADED = replace(PLAN, name="loaded", series=(BESIDE_PAGES, BESIDE_READS), bytes_max=10_000 * MIB)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that serves drives, where this machine can have them."""
    folder = tmp_path_factory.mktemp("drive")
    try:
        program = compile_drive(folder)
        with emulated_drive(program, load_profile("cloud-3000"), folder, size_bytes=64 * MIB):
            return program
    except CannotEmulate as error:
        missing(str(error))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def drive_under(stack: ExitStack, program: Path, profile: DriveProfile, folder: Path) -> Path:
    folder.mkdir()
    drive = emulated_drive(program, profile, folder, size_bytes=256 * MIB)
    return stack.enter_context(mounted_drive(stack.enter_context(drive), folder / "data"))


def drive_of(write_us: float, flush_us: float, ops_per_s: float | None = None) -> DriveProfile:
    """One that serves everybody at once, or lets so many operations begin in a second."""
    figures: dict[str, Any] = {
        "name": "unlimited",
        "summary": "",
        "sources": ["this test"],
        "queue_depth": 64,
        "latency": {
            "read_us": [[0.5, write_us]],
            "write_us": [[0.5, write_us]],
            "flush_us": [[0.5, flush_us]],
        },
        "limits": {"ops_per_s": ops_per_s},
        "expected": {"sync_us": write_us + flush_us},
    }
    return DriveProfile.model_validate(figures)


def measured(directory: Path, data: Path | None = None) -> Measurement:
    return measure(directory, PLAN, seed=1, under_load=UnderLoad(LOADED, data or directory))


def loaded(found: Measurement, spec: SeriesSpec = BESIDE_PAGES) -> SeriesUnderLoad:
    series = found.find_under_load(spec.kind)
    assert series is not None
    return series


def test_a_sync_waits_in_the_queue_of_a_drive_of_few_operations(
    program: Path, tmp_path: Path, stack: ExitStack
) -> None:
    """cloud-3000: 0.3 ms of write and 1 ms of flush, and an operation every 0.33 ms. Beside eight
    that flush pages some are always before it in that queue, and a flush of theirs before its own:
    at least 1 ms more. No more than all eight are before it, with an operation and a flush each:
    8 x 1.33 ms beside the 1.3 ms of its own. They write one operation in a third of a millisecond
    at the most, and of 17 of them 16 pages: 2823 pages/s."""
    found = measured(drive_under(stack, program, load_profile("cloud-3000"), tmp_path / "drive"))
    series = loaded(found)
    assert 2300 < series.summary.typical_us < 12_000
    assert series.background.writers == 8
    assert 500 < series.background.ops_per_s < 2823
    assert series.background.bytes_per_s == pytest.approx(series.background.ops_per_s * 32768)


def test_a_sync_beside_a_backup_waits_for_its_reads(
    program: Path, tmp_path: Path, stack: ExitStack
) -> None:
    """One reader on cloud-3000 has one operation before it at the most, of 0.33 ms: 0.5 ms each
    and no more than 2000/s of at most 1 MiB."""
    found = measured(drive_under(stack, program, load_profile("cloud-3000"), tmp_path / "drive"))
    series = loaded(found, BESIDE_READS)
    assert series.background.writers == 1
    assert 50 < series.background.ops_per_s < 2000
    assert series.background.bytes_per_s == series.background.ops_per_s * MIB
    assert series.summary.typical_us > 1300


def test_a_drive_that_serves_everybody_at_once_is_no_slower(
    program: Path, tmp_path: Path, stack: ExitStack
) -> None:
    """5 ms a write, and nothing for a flush: eight others write 1600 operations a second beside
    it, and nobody waits for anybody. What a busy machine adds is far below 5 ms."""
    found = measured(drive_under(stack, program, drive_of(5000, 0), tmp_path / "drive"))
    series = loaded(found)
    assert 5000 < series.summary.typical_us < 7500
    assert 700 < series.background.ops_per_s < 1600


def test_the_load_is_on_the_drive_of_the_data_files(
    program: Path, tmp_path: Path, stack: ExitStack
) -> None:
    """The same drive twice: 2 ms a write, 5 ms a flush and 500 operations a second, so that a sync
    takes 7 ms. Beside eight that flush pages two of theirs at the least are before it, and a flush:
    9 ms more; where they have another drive, none is."""
    profile = drive_of(2000, 5000, ops_per_s=500)
    log = drive_under(stack, program, profile, tmp_path / "log")
    data = drive_under(stack, program, profile, tmp_path / "data")
    apart, together = loaded(measured(log, data)), loaded(measured(data))
    assert 100 < apart.background.ops_per_s < 550
    assert together.summary.typical_us > 16_000
    assert 7000 < apart.summary.typical_us < 12_000
    assert os.listdir(data) == ["lost+found"]


# The process


def test_it_goes_on_where_it_was_and_leaves_nothing(tmp_path: Path) -> None:
    """A file of 4 MiB that is read 1 MiB at a time."""
    with Scratch(tmp_path) as scratch:
        plan = replace(SMALL_PLAN, series=(SeriesSpec(SEQUENTIAL_READ),))
        (series,) = ProbeFiles(scratch, plan, seed=1).open_series()
        load = LoadProcess(series, tmp_path)
        stop: list[object] = []
        read = 0
        for _ in range(2):
            with load.running(10**9, stop, "a test"):
                assert len(children()) == 1
                time.sleep(0.02)
            assert (children(), stop, threading.active_count()) == ([], [], 1)
            read += sum(load._counters)
        assert next(series.offsets[0]) == read % 4 * MIB
        assert load.background.ops_per_s > 10
        assert load.written_bytes() == 0
        assert not load.was_cut_short


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


# What can go wrong


def test_bytes_end_it(tmp_path: Path) -> None:
    """An eighth is for the syncs; 100 MiB are less than eight threads write in a second here."""
    plan = replace(LOADED, series=(BESIDE_PAGES,), bytes_max=100 * MIB, samples_enough=10**6)
    found = measure(tmp_path, PLAN, seed=1, under_load=UnderLoad(plan, tmp_path))
    series = loaded(found)
    assert series.ended_by == "bytes"
    assert isinstance(found.written_bytes, int)
    own_bytes = sum(each.written_bytes for part in found.series for each in part.rounds)
    more_bytes = found.written_bytes - own_bytes  # 16 MiB of test files, and a round that was cut
    assert 40 * MIB < more_bytes < 120 * MIB


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EIO, "no"), "fdatasync failed: EIO (Input/output error)"),
        (MemoryError(), "has ended by itself"),
        (KeyboardInterrupt(), "has ended by itself"),
    ],
)
def test_what_fails_beside_a_series_ends_the_run(
    error: BaseException,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ours, real = os.getpid(), os.fdatasync

    def fdatasync(fd: int) -> None:
        if os.getpid() != ours:
            if isinstance(error, KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGKILL)
            raise error
        real(fd)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # not pytest's
    with pytest.raises(AdvisorError, match="beside series") as raised:
        measured(tmp_path)
    assert message in raised.value.message
    assert str(tmp_path) in raised.value.message or "itself" in message
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


def test_a_load_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise OSError(errno.EAGAIN, "no")

    monkeypatch.setattr(os, "fork", fork)
    with pytest.raises(AdvisorError, match="fork failed: EAGAIN"):
        measured(tmp_path)


def test_a_load_that_is_refused_leaves_its_series_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file system without O_DIRECT does."""
    reopen = Scratch.reopen

    def without_direct(scratch: Scratch, fd: int, flags: int) -> int:
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "no")
        return reopen(scratch, fd, flags)

    monkeypatch.setattr(Scratch, "reopen", without_direct)
    found = measured(tmp_path)
    assert found.under_load == ()
    why = "O_DIRECT refused at open: EINVAL (Invalid argument)"
    assert [(each.name, each.why) for each in found.absent] == [
        ("page-flush-16k-x8", why),
        ("overwrite-fdatasync-8k-beside-page-flush", f"page-flush: {why}"),
        ("overwrite-fdatasync-8k-beside-sequential-read", f"sequential-read: {why}"),
    ]


def test_a_directory_of_the_data_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AdvisorError, match="open failed: ENOENT"):
        measured(tmp_path, tmp_path / "not there")
    assert os.listdir(tmp_path) == []


def alive(directory: Path) -> list[str]:
    """The processes whose command line names the directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(directory).encode() in words:
            found.append(process.name)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_after_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """A reader never has enough by itself."""
    series = ("overwrite-fdatasync-8k", BESIDE_READS.kind.name)
    process = subprocess.Popen(
        probe_command(tmp_path, *series), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == BESIDE_READS.kind.label:
            break
    until_s = time.monotonic() + 20
    probe = psutil.Process(process.pid)
    while not probe.children() and time.monotonic() < until_s:
        time.sleep(0.001)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), said
    while alive(tmp_path) and time.monotonic() < until_s:
        time.sleep(0.01)
    assert alive(tmp_path) == []
    assert os.listdir(tmp_path) == []


# The plan


def test_what_is_measured_under_load() -> None:
    assert [spec.kind.name for spec in UNDER_LOAD_SERIES] == [
        "overwrite-fdatasync-8k-beside-page-flush",
        "append-fdatasync-8k-beside-page-flush",
        "overwrite-fdatasync-8k-beside-sequential-read",
        "append-fdatasync-8k-beside-sequential-read",
    ]
    assert load_plan("quick").ssd_budget_s == load_plan("default").ssd_budget_s == 6
    assert load_plan("thorough").ssd_budget_s == 36
