"""Soaks of emulated drives as block devices with a file system: the probe and the command.

The change must be within 5 % of where the drive's own arithmetic has it, or at the end of the
stretch in which that is. What else used credits (the test files, the file system) is counted by the
drive.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from advisor.analysis.soaking import RateChange, SoakFindings, findings_of
from advisor.errors import Interrupted
from advisor.measurement_file import from_json
from advisor.model import Unknown
from advisor.probe.soak import SoakPlan, SoakProgress, look_at, soaked
from advisor.soak import Soak
from tests.support.busy_host import again_while_busy
from tests.support.command_line import run_process
from tests.support.emulated_drive import (
    CannotEmulate,
    DriveProfile,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
)
from tests.support.faults import missing

pytestmark = pytest.mark.quiet

SIZE_BYTES = 1536 << 20
MUCH = 1 << 40


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drive")
    try:
        program = compile_drive(folder)
        with emulated_drive(program, load_profile("cloud-3000"), folder, size_bytes=64 << 20):
            return program
    except CannotEmulate as error:
        missing(str(error))


@contextmanager
def mounted(
    program: Path, profile: DriveProfile, folder: Path
) -> Iterator[tuple[EmulatedDrive, Path]]:
    with (
        emulated_drive(program, profile, folder, size_bytes=SIZE_BYTES) as drive,
        mounted_drive(drive, folder / "data") as place,
    ):
        yield drive, place


class Soaked(NamedTuple):
    """A soak, what it shows, and (s, reads and writes that the drive did until then) by seconds."""

    soak: Soak
    found: SoakFindings
    writes: list[tuple[float, int]]


Enough = Callable[[list[tuple[float, int]]], bool]


def soak_on(
    drive: EmulatedDrive, place: Path, plan: SoakPlan, enough: Enough = lambda writes: False
) -> Soaked:
    """A soak, until its time is over or there is `enough`."""
    site = look_at(place)
    writes: list[tuple[float, int]] = []
    began_s = time.monotonic()
    rested = sum(drive.counts()[:2])  # the file system was made in a hurry

    def report(progress: SoakProgress) -> None:
        if not writes:  # the test files came before it
            writes.append((progress.elapsed_s - (time.monotonic() - began_s), 0))
        writes.append((progress.elapsed_s, sum(drive.counts()[:2]) - rested))
        if enough(writes):
            raise Interrupted("enough")

    with soaked(place, plan, site.target.devices, report=report) as soak:
        assert soak is not None
    assert list(place.iterdir()) == [place / "lost+found"]
    return Soaked(soak, findings_of(soak, site.target, site.environment), writes)


def used_up_s(writes: list[tuple[float, int]], credits: float, base_per_s: float) -> float | None:
    """When the credits of a drive that was rested at first end, by its own counts; None where they
    have not ended. The rate falls in the stretch in which they end: until then it is that of the
    stretch before."""
    (began_s, before), *others = writes
    left, fast_per_s = credits, 0.0
    for at_s, count in others:
        gone = (count - before) - base_per_s * (at_s - began_s)
        if gone >= left:
            return min(at_s, began_s + left / (fast_per_s or gone / (at_s - began_s)))
        left -= gone
        fast_per_s = gone / (at_s - began_s)
        began_s, before = at_s, count
    return None


def deepest(found: SoakFindings) -> RateChange:
    """The change by which the rate falls most: other work on the machine may make smaller ones."""
    return max(found.changes, key=lambda change: change.before_per_s / change.after_per_s)


@again_while_busy
@pytest.mark.parametrize(("name", "page_writers"), [("burst-small", 0), ("gp2-like", 4)])
def test_credits_end_where_the_profile_has_it(
    name: str, page_writers: int, program: Path, tmp_path: Path
) -> None:
    """With a third as long again after it, however slow the machine makes the drive."""
    profile = load_profile(name)
    credits, base_per_s = profile.limits.burst_ops, profile.limits.ops_per_s
    assert credits is not None
    assert base_per_s is not None

    def enough(writes: list[tuple[float, int]]) -> bool:
        ended_s = used_up_s(writes, credits, base_per_s)
        return ended_s is not None and writes[-1][0] > 1.33 * ended_s + 2

    with mounted(program, profile, tmp_path) as (drive, place):
        plan = SoakPlan(duration_s=120, bytes_max=MUCH, page_writers=page_writers)
        _, found, writes = soak_on(drive, place, plan, enough)
    expected_s = used_up_s(writes, credits, base_per_s)
    assert expected_s is not None
    print(name, "expected", expected_s, "found", found.changes)
    change = deepest(found)
    stretch_ends_s = next(at_s for at_s, _ in writes if at_s >= expected_s)
    assert 0.95 * expected_s < change.at_s < 1.05 * stretch_ends_s
    assert change.cause == "credits-or-cache"  # without the series that follow
    assert found.sustained.ops_per_s < 0.6 * found.first.ops_per_s


@again_while_busy
def test_a_cache_is_full_where_the_profile_has_it(program: Path, tmp_path: Path) -> None:
    """600 MB instead of 2 GB, of which 10 MB/s are freed; the test files are written first."""
    profile = load_profile("cache-fills-up")
    assert profile.slows_down is not None
    fast = profile.slows_down.model_copy(update={"fast_bytes": 6e8})
    began_s = time.monotonic()
    with mounted(program, profile.model_copy(update={"slows_down": fast}), tmp_path) as (
        drive,
        place,
    ):
        mounted_s = time.monotonic()
        plan = SoakPlan(duration_s=25, bytes_max=MUCH, page_writers=4)
        soak, found, _ = soak_on(drive, place, plan)
    change = deepest(found)
    filled_s = time.monotonic() - mounted_s - soak.elapsed_s  # at most, the cleaning up included
    freed_bytes = 10e6 * (change.at_s + filled_s / 2)
    print("expected", 6e8 + freed_bytes, "found", change, filled_s, mounted_s - began_s)
    assert change.written_bytes == pytest.approx(6e8 + freed_bytes, rel=0.05)
    assert change.bytes_before_per_s > 3 * change.bytes_after_per_s
    assert change.cause == "credits-or-cache"


STEADY = DriveProfile.model_validate(
    {
        "name": "steady",
        "summary": "",
        "sources": ["this test"],
        "queue_depth": 64,
        "latency": {
            "read_us": [[0.5, 500]],
            "write_us": [[0.5, 5_000]],
            "flush_us": [[0.5, 20_000]],
        },
        "expected": {"sync_us": 25_000},
    }
)
"""Long against what a busy machine adds, which is no steadier than its neighbours. Drives that are
as fast as real ones are in test_soaked_drives.py, on a clock of their own."""


@again_while_busy
@pytest.mark.parametrize("page_writers", [0, 4])
def test_a_steady_drive_has_no_change(page_writers: int, program: Path, tmp_path: Path) -> None:
    with mounted(program, STEADY, tmp_path) as (drive, place):
        plan = SoakPlan(duration_s=12, bytes_max=MUCH, page_writers=page_writers)
        soak, found, _ = soak_on(drive, place, plan)
    assert found.changes == ()
    assert found.drift_percent is None
    assert (soak.ended_by, soak.page_writers) == ("time", page_writers)
    assert (sum(soak.stretches.page_bytes) > 0) == (page_writers > 0)


@again_while_busy
def test_the_command_measures_in_the_state_of_the_soak(program: Path, tmp_path: Path) -> None:
    """burst-small has 100 operations/s and credits for 3000: what it reads after the soak is held,
    too, and recommend and capacity rest on what is sustained."""
    saved, asked = tmp_path / "soaked.json", ("measure", "--soak", "30s")
    with mounted(program, load_profile("burst-small"), tmp_path) as (_, place):
        done = subprocess.run(
            [sys.executable, "-m", "advisor", *asked, "--output", saved, "--force", place],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    assert f"soaking {place} (ext4 on" in done.stderr
    assert "for 30 s: syncs of 8 KiB, as fast as the drive takes them; writes at most 256 GB" in (
        done.stderr
    )
    taken = from_json(saved.read_text(), "soaked.json")
    assert taken.soak is not None
    assert taken.primary is not None
    assert 100 < taken.primary.summary.ops_per_s < 220  # what comes in is spent at the burst's rate
    assert "burst credits used up" in done.stdout
    serial = run_process("capacity", "--from", saved, "--syncs", "1", "--format", "json")
    tps = json.loads(serial.stdout)["serial"][0]["tps"]
    assert tps == pytest.approx(taken.primary.summary.ops_per_s, rel=0.1)
    advice = run_process(
        *("recommend", "--db", "postgresql", "--db-version", "17", "--from", saved)
    )
    # It ends before a last stretch of less than half a second, or with the sync that is under way.
    lasted_s = re.search(r"# Note: measured after a soak of (\S+) s, in the state", advice.stdout)
    assert lasted_s is not None, advice.stdout
    assert 29.5 <= float(lasted_s[1]) < 31
    assert "sustained for the last" in advice.stdout


def test_what_an_interrupted_soak_measured_is_saved(program: Path, tmp_path: Path) -> None:
    saved = tmp_path / "soaked.json"
    with mounted(program, load_profile("cloud-3000"), tmp_path) as (_, place):
        command = ["measure", "--soak", "10min", "--output", str(saved), str(place)]
        process = subprocess.Popen(
            [sys.executable, "-m", "advisor", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(9)
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=30)
        assert os.listdir(place) == ["lost+found"]
    assert (process.returncode, out) == (130, "")
    assert f"interrupted; what was soaked until then is in {saved}" in told
    taken = from_json(saved.read_text(), "soaked.json")
    assert taken.soak is not None
    assert taken.soak.ended_by == "interrupted"
    assert len(taken.soak.stretches.syncs) >= 3
    assert [series.name for series in taken.series] == ["overwrite-fdatasync-8k"]
    assert not isinstance(taken.written_bytes, Unknown)
    assert run_process("capacity", "--from", saved).returncode == 0


def test_without_a_file_to_save_to_nothing_is_left(program: Path, tmp_path: Path) -> None:
    with mounted(program, load_profile("cloud-3000"), tmp_path) as (_, place):
        process = subprocess.Popen(
            [sys.executable, "-m", "advisor", "measure", "--soak", "10min", place],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(5)
        process.send_signal(signal.SIGTERM)
        out, told = process.communicate(timeout=30)
        assert os.listdir(place) == ["lost+found"]
    assert (process.returncode, out) == (130, "")
    assert "interrupted; nothing was left behind" in told


def test_a_soak_ends_at_max_bytes(program: Path, tmp_path: Path) -> None:
    """128 MB, of which the test file takes half: some 8000 syncs."""
    with mounted(program, load_profile("nvme-protected"), tmp_path) as (drive, place):
        plan = SoakPlan(duration_s=600, bytes_max=128 << 20)
        soak, _, writes = soak_on(drive, place, plan)
    assert soak.ended_by == "bytes"
    assert (64 << 20) < soak.written_bytes <= 128 << 20
    assert len(writes) < 60
