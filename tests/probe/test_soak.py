"""The loop of a soak on a clock of the test's own, and what is kept of it."""

import json
import subprocess
import sys
from array import array
from collections.abc import Callable

import pytest

from advisor.errors import AdvisorError, Interrupted
from advisor.latency_buckets import read_counts
from advisor.model import Known, Unknown
from advisor.probe.plan import MIB
from advisor.probe.soak import Soaker, SoakPlan, SoakProgress
from advisor.probe.soak_recorder import MOST_STRETCHES, SoakRecorder, Stretch
from advisor.soak import HealthReading, Soak
from tests.support.paths import CHECKOUT
from tests.support.timed_drive import TimedDrive, soak_of

MUCH = 1 << 40
S = 10**9


def drive_of(sync_ns: int) -> TimedDrive:
    """Each of whose syncs takes so long."""
    drive = TimedDrive(None)
    drive.sync_ns = lambda now_ns: sync_ns
    return drive


def test_a_second_after_another() -> None:
    """10 s of syncs of 1 ms: 1000 in each."""
    soak = soak_of(drive_of(1_000_000), SoakPlan(duration_s=10, bytes_max=MUCH))
    assert soak.ended_by == "time"
    assert soak.stretches.elapsed_ns == (S,) * 10
    assert soak.stretches.syncs == (1000,) * 10
    assert soak.stretches.mean_us == (1000.0,) * 10
    assert soak.stretches.max_us == (1000.0,) * 10
    assert soak.stretches.p50_us[0] == pytest.approx(1000, rel=0.0222)
    assert soak.stretches.p99_us[0] == pytest.approx(1000, rel=0.0222)
    # 1 ms is 2^19.93 ns: bucket 318 of sixteenths, from 2^(318/16) on.
    assert [read_counts(text) for text in soak.stretches.histograms] == [{318: 1000}] * 10
    assert soak.written_bytes == 10_000 * 8192
    assert soak.elapsed_s == 10


def test_syncs_that_take_longer_than_a_second_are_told_all_the_same() -> None:
    soak = soak_of(drive_of(2_500_000_000), SoakPlan(duration_s=10, bytes_max=MUCH))
    assert soak.stretches.syncs == (1,) * 4
    assert soak.stretches.elapsed_ns == (2_500_000_000,) * 4
    assert soak.stretches.p50_us == (None,) * 4


def test_more_syncs_in_a_second_than_the_buffer_holds() -> None:
    """Of 10 us: 100,000 in a second."""
    soak = soak_of(drive_of(10_000), SoakPlan(duration_s=2, bytes_max=MUCH))
    assert soak.stretches.syncs == (100_000, 100_000)


def test_a_paced_soak_begins_so_many_each_second() -> None:
    soak = soak_of(drive_of(1_000_000), SoakPlan(duration_s=20, bytes_max=MUCH, rate_per_s=50))
    assert sum(soak.stretches.syncs) == pytest.approx(1000, abs=1)
    assert max(soak.stretches.syncs) - min(soak.stretches.syncs) <= 1
    assert soak.elapsed_s == pytest.approx(20, abs=0.03)
    assert set(soak.stretches.mean_us) == {1000.0}  # the wait for its turn is none of its latency


def test_who_is_late_catches_up_on_a_second_at_most() -> None:
    """100/s of 1 ms; for 5 s of standstill a second's worth is done at once."""
    drive = TimedDrive(None)
    stood: list[int] = []

    def sync_ns(now_ns: int) -> int:
        if now_ns > 10 * S and not stood:
            stood.append(now_ns)
            return 5 * S
        return 1_000_000

    drive.sync_ns = sync_ns
    soak = soak_of(drive, SoakPlan(duration_s=20, bytes_max=MUCH, rate_per_s=100))
    assert sum(soak.stretches.syncs) == pytest.approx(1500 + 100, abs=5)
    assert max(soak.stretches.syncs) == pytest.approx(200, abs=15)


def test_it_ends_before_it_writes_more_than_it_may() -> None:
    """1000 syncs a second are 8,192,000 bytes: 12 s of them are within 100 MB."""
    soak = soak_of(drive_of(1_000_000), SoakPlan(duration_s=60, bytes_max=100_000_000))
    assert soak.ended_by == "bytes"
    assert len(soak.stretches.syncs) == 12
    assert soak.written_bytes <= 100_000_000


def test_what_the_test_files_took_counts() -> None:
    drive = drive_of(1_000_000)
    plan = SoakPlan(duration_s=60, bytes_max=100_000_000)
    soak = Soaker(
        plan, drive.loop, files_bytes=64 * MIB, clock=drive.clock, sleep=drive.sleep
    ).run()
    assert soak is not None
    assert (soak.ended_by, len(soak.stretches.syncs)) == ("bytes", 4)


def test_a_drive_that_gets_faster_writes_no_more_either() -> None:
    """1000 syncs in the first second, and 10,000 in the next: the 100 MB hold all the same."""
    drive = TimedDrive(None)
    drive.sync_ns = lambda now_ns: 1_000_000 if now_ns < S else 100_000
    soak = soak_of(drive, SoakPlan(duration_s=60, bytes_max=20_000_000))
    assert soak.ended_by == "bytes"
    assert soak.written_bytes == 20_000_000 // 8192 * 8192


def test_who_catches_up_writes_no_more_either() -> None:
    """The first sync takes a second, and then 2000 are due in one: 16 MB, where 10 may be."""
    drive = TimedDrive(None)
    drive.sync_ns = lambda now_ns: 100_000 if now_ns else S
    plan = SoakPlan(duration_s=60, bytes_max=10_000_000, rate_per_s=1000)
    assert soak_of(drive, plan).written_bytes == 10_000_000 // 8192 * 8192


def test_page_writes_have_half_of_what_is_left() -> None:
    drive, limits = drive_of(1_000_000), list[int]()
    plan = SoakPlan(duration_s=3, bytes_max=100_000_000, page_writers=4)
    Soaker(plan, drive.loop, limit_pages=limits.append, clock=drive.clock, sleep=drive.sleep).run()
    assert limits == [50_000_000, 45_904_000, 41_808_000]


def test_what_pages_wrote_before_the_first_second_counts() -> None:
    """30 MB until all had begun, 10 MB of test files, and half of what is left of 100 MB."""
    drive, limits = drive_of(1_000_000), list[int]()
    soaker = Soaker(
        SoakPlan(duration_s=1, bytes_max=100_000_000, page_writers=4),
        drive.loop,
        files_bytes=10_000_000,
        pages_written=lambda: 30_000_000,
        limit_pages=limits.append,
        clock=drive.clock,
        sleep=drive.sleep,
    )
    soaker.run()
    assert limits == [30_000_000 + 30_000_000]


def test_no_part_of_a_second_goes_missing_in_the_end() -> None:
    """What is left after nine seconds and is too short for a stretch of its own is part of the
    last one."""
    soak = soak_of(drive_of(1_000_000), SoakPlan(duration_s=10.4, bytes_max=MUCH))
    assert soak.stretches.elapsed_ns == (S,) * 9 + (1_400_000_000,)
    longer = soak_of(drive_of(1_000_000), SoakPlan(duration_s=10.6, bytes_max=MUCH))
    assert longer.stretches.elapsed_ns == (S,) * 10 + (600_000_000,)


def test_the_time_that_smartctl_takes_is_none_of_the_soak() -> None:
    drive = drive_of(1_000_000)

    def health(at_s: float) -> HealthReading:
        drive.sleep(0.7)
        return HealthReading(at_s=at_s)

    plan = SoakPlan(duration_s=10, bytes_max=MUCH)
    soak = Soaker(plan, drive.loop, health=health, clock=drive.clock, sleep=drive.sleep).run()
    assert soak is not None
    assert soak.elapsed_s == 10


def soak_with(health: Callable[[float], Known[HealthReading]], duration_s: float) -> Soak:
    drive = drive_of(1_000_000)
    plan = SoakPlan(duration_s=duration_s, bytes_max=MUCH)
    soaker = Soaker(plan, drive.loop, health=health, clock=drive.clock, sleep=drive.sleep)
    soak = soaker.run()
    assert soak is not None
    return soak


def test_it_ends_when_the_drive_wears() -> None:
    """One point more is within what a counter of whole points may show by chance; two are not."""

    def health(at_s: float) -> HealthReading:
        return HealthReading(at_s=at_s, percent_used=3 + (at_s > 100) + (at_s > 200))

    soak = soak_with(health, 600)
    assert soak.ended_by == "wear"
    assert [reading.percent_used for reading in soak.health] == [3, 3, 4, 4, 5]
    assert soak.elapsed_s == 240


def test_a_drive_that_tells_nothing_is_asked_once() -> None:
    asked: list[float] = []

    def health(at_s: float) -> Unknown:
        asked.append(at_s)
        return Unknown(unknown="smartctl is not installed")

    soak = soak_with(health, 600)
    assert (soak.ended_by, asked) == ("time", [0.0])
    assert soak.health_unknown == "smartctl is not installed"
    assert soak.health == ()


def test_what_there_is_survives_an_interruption() -> None:
    drive = drive_of(1_000_000)

    def report(progress: SoakProgress) -> None:
        if progress.elapsed_s >= 5:
            raise Interrupted("interrupted by SIGINT")

    plan = SoakPlan(duration_s=60, bytes_max=MUCH)
    soak = Soaker(plan, drive.loop, report=report, clock=drive.clock, sleep=drive.sleep).run()
    assert soak is not None
    assert (soak.ended_by, soak.stretches.syncs) == ("interrupted", (1000,) * 5)


def test_before_the_first_second_is_over_there_is_nothing_to_keep() -> None:
    drive = drive_of(1_000_000)

    def sync_ns(now_ns: int) -> int:
        raise Interrupted("interrupted by SIGINT")

    drive.sync_ns = sync_ns
    plan = SoakPlan(duration_s=60, bytes_max=MUCH)
    assert Soaker(plan, drive.loop, clock=drive.clock, sleep=drive.sleep).run() is None


def test_how_far_it_is() -> None:
    drive = drive_of(1_000_000)
    told: list[SoakProgress] = []
    plan = SoakPlan(duration_s=3, bytes_max=MUCH)
    Soaker(plan, drive.loop, report=told.append, clock=drive.clock, sleep=drive.sleep).run()
    assert [progress.elapsed_s for progress in told] == [1, 2, 3]
    assert told[-1].ops_per_s == 1000
    assert told[-1].written_bytes == 3000 * 8192


# What is kept


def test_a_day_stays_small() -> None:
    """24 h at 20 syncs/s, with latencies from 20 us to 20 s: 46 MiB of memory for the whole
    process, of which Python and our imports take 36, and less than half a megabyte of file."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.soak_day", "20"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["syncs"] == pytest.approx(20 * 86_400, abs=2)
    assert found["memory_bytes"] < 80 * MIB
    assert found["file_bytes"] < 1_000_000
    assert 500 < found["stretches"] <= MOST_STRETCHES


def test_stretches_are_put_together_by_twos_and_nothing_is_lost() -> None:
    """5000 s: 2000 are kept at most, so that four become one; in the end there are 1250."""
    recorder = SoakRecorder()
    for second in range(5000):
        latencies_ns = array("q", [1_000_000 + second] * 3)
        recorder.add(Stretch.of(latencies_ns, S, 7, 11))
    kept = recorder.finished()
    assert kept is not None
    assert len(kept.syncs) == 1250
    assert set(kept.elapsed_ns) == {4 * S}
    assert set(kept.syncs) == {12}
    assert set(kept.page_bytes) == {28}
    assert set(kept.device_written_bytes) == {44}
    assert kept.max_us == tuple((1_000_003 + 4 * number) / 1000 for number in range(1250))
    assert kept.mean_us[1] == pytest.approx(1000.0055, abs=0.001)


def test_what_does_not_fill_a_stretch_in_the_end_is_kept() -> None:
    recorder = SoakRecorder()
    for _ in range(2003):
        recorder.add(Stretch.of(array("q", [1000]), S, 0, None))
    kept = recorder.finished()
    assert kept is not None
    assert sum(kept.syncs) == 2003
    assert sum(kept.elapsed_ns) == 2003 * S
    assert set(kept.device_written_bytes) == {None}


def test_many_buckets_are_put_together_sooner() -> None:
    """700 buckets in each of 1000 s are 700,000; 120,000 are kept at most."""
    latencies_ns = array("q", [int(2 ** (bucket / 16)) + 1 for bucket in range(60, 760)])
    recorder = SoakRecorder()
    for _ in range(1000):
        recorder.add(Stretch.of(latencies_ns, S, 0, 0))
    kept = recorder.finished()
    assert kept is not None
    assert len(kept.syncs) <= 172
    assert sum(kept.syncs) == 700_000


# The test files


def test_the_page_file_takes_an_eighth_of_what_there_is() -> None:
    plan = SoakPlan(duration_s=60, bytes_max=MUCH, page_writers=4)
    assert plan.fitted(None).page_file_bytes == 1024 * MIB
    assert plan.fitted(4096 * MIB).page_file_bytes == 512 * MIB
    with pytest.raises(AdvisorError, match=r"it may take an eighth of the free space .*: 50 MB"):
        plan.fitted(400 * MIB)


def test_files_that_take_all_that_may_be_written_are_refused() -> None:
    with pytest.raises(AdvisorError, match="the test files alone take 64 MB of the 64 MB"):
        SoakPlan(duration_s=60, bytes_max=64 * MIB).fitted(None)
