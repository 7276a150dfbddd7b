"""Soaks of emulated drives on a clock of the test's own: changes where the profile has them.

Expected positions are computed by hand from the profile: credits C that come back at b/s last
C / (r - b) seconds at r operations/s.
"""

import math
import shutil
from pathlib import Path

import pytest

from advisor.analysis.soaking import Cause, SoakFindings, findings_of
from advisor.measurement import Device, Environment
from advisor.model import Unknown
from advisor.probe.soak import SoakPlan
from advisor.soak import HealthReading, Soak
from tests.support.drives import device, measurement
from tests.support.emulated_drive import load_profile, profile_names
from tests.support.emulated_drive.timing import DriveTiming, S, compile_timing
from tests.support.faults import missing
from tests.support.timed_drive import SIZE_BYTES, TimedDrive, soak_of, soaked_profile

CHANGING = ("gp2-like", "burst-small", "cache-fills-up")
STEADY = [name for name in profile_names() if name not in CHANGING]
MUCH = 1 << 40
VOLUME = device(transport="virtio")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    return compile_timing(tmp_path_factory.mktemp("timing"))


def found_in(
    soak: Soak, reads_per_s: float | None = None, *, drive: Device = VOLUME, host: str = "kvm"
) -> SoakFindings:
    taken = measurement(devices=(drive,), virtualisation=host)
    return findings_of(soak, taken.target, taken.environment, reads_per_s=reads_per_s)


@pytest.mark.parametrize("page_writers", [0, 4])
@pytest.mark.parametrize("name", STEADY)
def test_a_steady_drive_has_no_change(name: str, page_writers: int, library: Path) -> None:
    plan = SoakPlan(duration_s=40, bytes_max=MUCH, page_writers=page_writers)
    found = found_in(soaked_profile(library, load_profile(name), plan))
    assert found.changes == ()
    assert found.drift_percent is None
    assert found.stalls is None
    assert found.sustained == found.first


@pytest.mark.parametrize(
    ("name", "credits", "base_per_s", "duration_s"),
    [("gp2-like", 54_000, 300, 150), ("burst-small", 6_000, 100, 25)],
)
def test_credits_end_where_the_profile_has_it(
    name: str, credits: int, base_per_s: int, duration_s: int, library: Path
) -> None:
    """A sync is one write, and its flush is free. After it the drive reads no faster."""
    soak = soaked_profile(
        library, load_profile(name), SoakPlan(duration_s=duration_s, bytes_max=MUCH)
    )
    found = found_in(soak, reads_per_s=base_per_s)
    (change,) = found.changes
    rate = found.first.ops_per_s
    expected_s = credits / (rate - base_per_s)
    assert change.at_s == pytest.approx(expected_s, rel=0.05)
    assert change.syncs == pytest.approx(rate * expected_s, rel=0.05)
    assert change.operations == change.syncs
    assert change.written_bytes == pytest.approx(change.syncs * 8192, abs=8192)
    assert change.cause == "burst-credits"
    assert found.sustained_from_s == change.at_s
    # What comes in while the credits are at 0 is spent at the burst's rate.
    assert base_per_s < found.sustained.ops_per_s < 2 * base_per_s
    assert rate > 700


def test_credits_end_sooner_beside_page_writes(library: Path) -> None:
    """3000/s from begin to end: 54000 / 2700 = 20 s, and 60000 operations."""
    plan = SoakPlan(duration_s=40, bytes_max=MUCH, page_writers=4)
    found = found_in(soaked_profile(library, load_profile("gp2-like"), plan), reads_per_s=300)
    (change,) = found.changes
    operations_per_s = change.operations / change.at_s
    assert change.operations == pytest.approx(
        operations_per_s * 54_000 / (operations_per_s - 300), rel=0.05
    )
    assert change.cause == "burst-credits"
    assert change.bytes_before_per_s > 4 * change.bytes_after_per_s


def test_a_cache_is_full_where_the_profile_has_it(library: Path) -> None:
    """2 GB, of which 10 MB/s are freed meanwhile. The drive reads on as fast as before."""
    plan = SoakPlan(duration_s=40, bytes_max=MUCH, page_writers=4)
    soak = soaked_profile(library, load_profile("cache-fills-up"), plan)
    found = found_in(soak, reads_per_s=9_000)
    (change,) = found.changes
    assert change.written_bytes == pytest.approx(2e9 + 10e6 * change.at_s, rel=0.05)
    assert change.cause == "cache"


def test_syncs_alone_do_not_fill_that_cache(library: Path) -> None:
    """600 syncs/s write 5 MB/s, and 10 MB/s are freed."""
    soak = soaked_profile(
        library, load_profile("cache-fills-up"), SoakPlan(duration_s=60, bytes_max=MUCH)
    )
    assert found_in(soak).changes == ()


@pytest.mark.parametrize(
    ("drive", "host", "reads_per_s", "cause"),
    [
        (VOLUME, "kvm", 300, "burst-credits"),
        (VOLUME, "kvm", 5_000, "cache"),
        (VOLUME, "kvm", None, "credits-or-cache"),
        (device(transport="nvme"), "none", 300, "drive"),
    ],
    ids=["reads are held, too", "reads are not held", "nothing was read", "nobody lends it"],
)
def test_what_is_said_of_the_cause(
    drive: Device, host: str, reads_per_s: float | None, cause: Cause, library: Path
) -> None:
    """689 MB of syncs, and then half of the rate."""
    soak = soaked_profile(
        library, load_profile("gp2-like"), SoakPlan(duration_s=150, bytes_max=MUCH)
    )
    (change,) = found_in(soak, reads_per_s, drive=drive, host=host).changes
    assert change.cause == cause


def test_before_64_mb_are_written_no_cache_is_full(library: Path) -> None:
    """8 s of 833 syncs/s are 55 MB."""
    soak = soak_of(slower_from(8, 5, library), SoakPlan(duration_s=40, bytes_max=MUCH))
    (change,) = found_in(soak, 5_000).changes
    assert change.written_bytes < 64 << 20
    assert change.cause == "credits-or-cache"


def slower_from(second: int, times: float, library: Path) -> TimedDrive:
    """nvme-consumer, each of whose syncs takes so many times its millisecond from then on, as
    unevenly as before."""
    drive = TimedDrive(DriveTiming(library, load_profile("nvme-consumer"), SIZE_BYTES))
    other = DriveTiming(library, load_profile("nvme-consumer"), SIZE_BYTES)
    extra_ns = iter(other.synced_us(100_000))
    drive.sync_ns = lambda now_ns: (
        int((times - 1) * 1000 * next(extra_ns)) if now_ns >= second * S else 0
    )
    return drive


def test_others_that_write_are_told(library: Path) -> None:
    """From 20 s on 50 MB/s that are not ours, and syncs take twice as long."""
    drive = slower_from(20, 2, library)
    drive.others_bytes = lambda now_ns: max(0, now_ns - 20 * S) // 20
    (change,) = found_in(soak_of(drive, SoakPlan(duration_s=60, bytes_max=MUCH))).changes
    assert change.cause == "other-writers"


def test_heat_is_told_where_the_drive_counted_it(library: Path) -> None:
    """One minute above its own warning temperature, and not before."""
    soak = soak_of(slower_from(90, 3, library), SoakPlan(duration_s=180, bytes_max=MUCH))
    readings = tuple(
        HealthReading(at_s=at_s, temperature_c=celsius, hot_minutes=minutes)
        for at_s, celsius, minutes in ((0, 45, 7), (60, 70, 7), (120, 83, 8))
    )
    warm = soak.model_copy(update={"health": readings})
    found = found_in(warm, drive=device(), host="none")
    assert [change.cause for change in found.changes] == ["heat"]
    assert found.hottest_c == 83
    cool = tuple(each.model_copy(update={"hot_minutes": 7}) for each in readings)
    unexplained = found_in(soak.model_copy(update={"health": cool}), drive=device(), host="none")
    assert [change.cause for change in unexplained.changes] == ["cache"]


def test_a_change_of_page_writes_alone_is_found_in_their_bytes(library: Path) -> None:
    """Syncs get slower at 50 s; pages go down from 100 MB/s to 20 MB/s at 20 s already."""
    drive = slower_from(50, 3, library)
    soak = soak_of(drive, SoakPlan(duration_s=90, bytes_max=MUCH))
    pages = tuple(100_000_000 if second < 20 else 20_000_000 for second in range(90))
    stretches = soak.stretches.model_copy(update={"page_bytes": pages})
    both = soak.model_copy(update={"stretches": stretches, "page_writers": 4})
    found = found_in(both)
    assert [round(change.at_s) for change in found.changes] == [20, 50]
    first, second = found.changes
    assert first.bytes_before_per_s > 3 * first.bytes_after_per_s
    assert first.before_per_s == pytest.approx(first.after_per_s, rel=0.05)
    assert second.before_per_s > 2 * second.after_per_s
    assert "faster" not in {first.cause, second.cause}


def test_a_drive_that_gets_faster_says_no_cause(library: Path) -> None:
    drive = TimedDrive(DriveTiming(library, load_profile("nvme-consumer"), SIZE_BYTES))
    drive.sync_ns = lambda now_ns: 0 if now_ns >= 20 * S else 3_000_000
    (change,) = found_in(soak_of(drive, SoakPlan(duration_s=60, bytes_max=MUCH))).changes
    assert change.cause == "faster"
    assert change.after_per_s > 3 * change.before_per_s


def test_stalls_are_told_with_their_distance(library: Path) -> None:
    """Every 7 s a sync takes 300 ms more."""
    drive = TimedDrive(DriveTiming(library, load_profile("nvme-consumer"), SIZE_BYTES))
    stalled: set[int] = set()

    def extra_ns(now_ns: int) -> int:
        number = now_ns // (7 * S)
        if number in stalled:
            return 0
        stalled.add(number)
        return 300_000_000

    drive.sync_ns = extra_ns
    found = found_in(soak_of(drive, SoakPlan(duration_s=100, bytes_max=MUCH)))
    assert found.changes == ()
    assert found.stalls is not None
    assert found.stalls.every_s == pytest.approx(7, rel=0.1)
    assert found.stalls.longest_us == pytest.approx(301_000, rel=0.05)


def test_a_paced_soak_finds_the_change_in_what_a_sync_takes(library: Path) -> None:
    """100/s, of 1.1 ms each and then of 4.5 ms: the rate stays, and the change is seen."""
    plan = SoakPlan(duration_s=60, bytes_max=MUCH, rate_per_s=100)
    found = found_in(soak_of(slower_from(30, 4, library), plan))
    (change,) = found.changes
    assert change.at_s == pytest.approx(30, rel=0.05)
    assert change.syncs == pytest.approx(3000, rel=0.05)
    assert found.sustained.ops_per_s == pytest.approx(100, rel=0.01)
    assert found.sustained.mean_us > 3 * found.first.mean_us


def test_the_summary_of_the_end_is_that_of_its_latencies(library: Path) -> None:
    """2000 latencies of 1 to 2 ms: within 2.2 %."""
    drive = TimedDrive(None)
    drive.sync_ns = lambda now_ns: 1_000_000 + now_ns % 1_000_003
    found = found_in(soak_of(drive, SoakPlan(duration_s=30, bytes_max=MUCH)))
    assert found.sustained.count == pytest.approx(30 / 0.0015, rel=0.1)
    assert found.sustained.mean_us == pytest.approx(1500, rel=0.1)
    assert found.sustained.p50_us == pytest.approx(1500, rel=0.1)
    assert found.sustained.ops_per_s == pytest.approx(1e6 / found.sustained.mean_us, rel=0.001)
    assert found.sustained.max_us == pytest.approx(2000, rel=0.01)
    assert found.sustained.ci95_percent is not None
    assert not math.isnan(found.sustained.ci95_percent)


def test_no_device_is_known_and_nothing_breaks(library: Path) -> None:
    taken = measurement(devices=Unknown(unknown="not looked at"))
    soak = soaked_profile(
        library, load_profile("burst-small"), SoakPlan(duration_s=25, bytes_max=MUCH)
    )
    environment: Environment = taken.environment
    (change,) = findings_of(soak, taken.target, environment).changes
    assert change.cause == "credits-or-cache"
