"""Counters before and after -> an observation, with counters typed by hand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from advisor.analysis.description import describe_measured, notes_on, warnings_on
from advisor.analysis.looks import (
    BlockStat,
    Count,
    CpuTime,
    HostLook,
    ObservedDevice,
    ObservedServer,
    ServerLook,
)
from advisor.analysis.observation import Observed, observed
from advisor.analysis.observed_load import with_observed_load
from advisor.analysis.server_activity import activity_between
from advisor.analysis.verdict import judge
from advisor.audit.headroom import headroom
from advisor.errors import AdvisorError
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement, MeasurementWarning
from advisor.measurement_file import from_json, to_json
from advisor.model import Known, Unknown
from advisor.output.observation import observation_lines
from advisor.request import Request
from advisor.series_kind import Pattern
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.base import Counter, Counters
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import Version
from tests.support.drives import device, measurement

DISK = ObservedDevice("sda", is_leaf=True, holds_log=True, write_cache="write back")
BEFORE = BlockStat(100, 819_200, 50_000, 1_000, 4_096_000, 9_000_000, 70_000, 80_000, 500, 10_000)


def after(
    *,
    flushes: Known[int] = 500 + 600,
    flush_us: int = 10_000 + 1_800_000,
    writes: int = 1_000 + 1_200,
    write_us: int = 9_000_000 + 2_400_000,
) -> BlockStat:
    """A minute later: 600 flushes of 3 ms; 1200 writes, half of them the flushes' own, so that 600
    writes of 1 ms are left; 60 reads of 0.5 ms; half of the time busy."""
    return BlockStat(
        reads=160,
        read_bytes=819_200 + 60 * 8192,
        read_us=50_000 + 30_000,
        writes=writes,
        written_bytes=4_096_000 + 600 * 8192,
        write_us=write_us,
        busy_us=70_000 + 30_000_000,
        queued_us=80_000 + 45_000_000,
        flushes=flushes,
        flush_us=flush_us,
    )


def host(
    *stats: Known[BlockStat], seconds: float = 60, name: str = "sda"
) -> tuple[HostLook, HostLook]:
    """Two looks; the processors were busy for three quarters of the time."""
    first, last = stats or (BEFORE, after())
    return (
        HostLook(1_000.0, {name: first}, CpuTime(100, 1_000)),
        HostLook(1_000.0 + seconds, {name: last}, CpuTime(400, 1_100)),
    )


def state(vendor: VendorName, version: Version, **settings: str) -> ServerState:
    found = {name: EffectiveSetting(name, value) for name, value in settings.items()}
    return ServerState(vendor, version, found)


PG15 = state("postgresql", Version((15, 8)), track_wal_io_timing="on", wal_sync_method="fdatasync")


def server(
    of: ServerState, before: Mapping[str, Count], later: Mapping[str, Count], seconds: float = 60
) -> ObservedServer:
    counters = VENDORS[of.vendor].counters(of)
    asked: dict[str, Counter] = counters._asdict()
    looks = [
        ServerLook(
            at_s,
            {
                name: counts.get(name, "the server does not say")
                if counter.statement
                else counter.source
                for name, counter in asked.items()
            },
        )
        for at_s, counts in ((500.0, before), (500.0 + seconds, later))
    ]
    return ObservedServer("a server 1.0", of.vendor, counters, "fdatasync", looks)


# PostgreSQL 15: 12,000 commits and 6,000 syncs of 2.5 ms in a minute; 60 MB of WAL, of which
# 12,000,000 of 48,000,000 bytes counted are at most images of pages.
START: dict[str, Count] = {
    "commits": 1_000,
    "log_syncs": 50,
    "timed_log_syncs": 50,
    "log_sync_us": 100_000,
    "log_bytes": 23_000_000,
    "full_page_bytes": 8_192,
    "full_page_of_bytes": 1_000_000,
    "checkpoints_timed": 3,
    "checkpoints_requested": 1,
    "pages_written": 700,
    "uptime_s": 100,
    "statistics_age_s": 9_000,
}
END: dict[str, Count] = {
    "commits": 13_000,
    "log_syncs": 6_050,
    "timed_log_syncs": 6_050,
    "log_sync_us": 15_100_000,
    "log_bytes": 83_000_000,
    "full_page_bytes": 12_008_192,
    "full_page_of_bytes": 49_000_000,
    "checkpoints_timed": 3,
    "checkpoints_requested": 2,
    "pages_written": 6_700,
    "uptime_s": 160,
    "statistics_age_s": 9_060,
}


def means_us(found: Observed) -> dict[str, float]:
    return {series.name: series.summary.mean_us for series in found.series}


# The host


def test_an_idle_server_takes_no_syncs_of_others() -> None:
    """The device was flushed, and the server's own counts stood still, or its log did."""
    idle = dict(START, uptime_s=160, statistics_age_s=9_060)
    only_read = dict(idle, commits=1_005)
    for later in (idle, only_read):
        with pytest.raises(AdvisorError, match="nothing was synced in 60 s"):
            observed([DISK], host(), server(PG15, START, later))
    wrote = dict(only_read, log_bytes=23_000_100)
    assert means_us(observed([DISK], host(), server(PG15, START, wrote))) != {}


def test_a_device_that_wrote_nothing_does_not_hold_the_log() -> None:
    quiet, of_server = host(BEFORE, BEFORE), server(PG15, START, END)
    with pytest.raises(AdvisorError, match="synced its log 6000 times, and nothing was written to"):
        observed([DISK], quiet, of_server, is_the_logs=False)
    observed([DISK], quiet, of_server)  # known to be there: a file system may keep it all
    observed([DISK], host(), of_server, is_the_logs=False)
    few = dict(END, log_syncs=54, timed_log_syncs=54)
    observed([DISK], quiet, server(PG15, START, few), is_the_logs=False)


def test_what_a_device_did() -> None:
    (disk,) = observed([DISK], host(), None).observation.devices
    assert (disk.flushes_per_s, disk.flush_us) == (10, 3_000)
    assert (disk.writes_per_s, disk.write_us) == (10, 1_000)
    assert (disk.reads_per_s, disk.read_us) == (1, 500)
    assert disk.write_bytes_per_s == 81_920
    assert disk.read_bytes_per_s == 8_192
    assert disk.busy_percent == pytest.approx(50)
    assert disk.queue_depth == pytest.approx(0.75)


def test_a_write_that_waits_for_the_journals_flushes_is_no_usual_write() -> None:
    """Three minutes; in the second one write of 600 took 0.6 s longer, so that the mean of its
    writes is 2 ms."""
    flushes, flush_us, writes, write_us = 500, 10_000, 1_000, 9_000_000
    looks = [BEFORE]
    for longer_us in (0, 600_000, 0):
        flushes, flush_us = flushes + 600, flush_us + 1_800_000
        writes, write_us = writes + 1_200, write_us + 2_400_000 + longer_us
        looks.append(after(flushes=flushes, flush_us=flush_us, writes=writes, write_us=write_us))
    host_looks = [
        HostLook(1_000.0 + 60 * minute, {"sda": stat}, CpuTime(100, 1_000))
        for minute, stat in enumerate(looks)
    ]
    found = observed([DISK], host_looks, None)
    assert means_us(found) == {"observed-device-fdatasync": 4_000}
    (disk,) = found.observation.devices
    assert (disk.usual_write_us, disk.flush_us) == (1_000, 3_000)
    assert disk.write_us == pytest.approx(1_333.33, abs=0.01)  # 2.4 s for 1,800
    assert (
        "  a sync of sda: a usual write of 1 ms, the median of the stretches between two"
        in "".join(observation_lines(found.observation))
    )


def test_the_interval_of_a_devices_mean_has_the_scatter_of_its_writes() -> None:
    """Ten stretches of ten flushes of 1,000 us; ten writes of 500 and of 1,500 us by turns. The
    median is 500 us, the mean 1,500 us. Five residuals of 0 and five of 10,000 us, so
    sqrt(5e8/9/10) = 2,357 us for ten flushes, 235.7 us for one; times t(0.975, 9) = 2.2622: 533.2
    us, which is 35.55 % of 1,500 us."""
    looks, stat = [], BEFORE
    for number in range(11):
        looks.append(HostLook(number, {"sda": stat}, CpuTime(0, 0)))
        # A flush is counted as a write as well.
        stat = stat._replace(
            flushes=10 * (number + 1) + 500,
            flush_us=stat.flush_us + 10_000,
            writes=stat.writes + 20,
            write_us=stat.write_us + 10_000 + (15_000 if number % 2 else 5_000),
        )
    (series,) = observed([DISK], looks, None).series
    assert series.summary.mean_us == pytest.approx(1_500)
    assert series.summary.ci95_percent == pytest.approx(35.55, abs=0.01)


def test_without_a_server_a_write_and_a_flush_stand_for_a_sync() -> None:
    found = observed([DISK], host(), None)
    assert means_us(found) == {"observed-device-fdatasync": 4_000}
    assert found.series[0].summary.count == 600
    assert found.series[0].summary.ops_per_s == 250  # as many fit into a second
    seen = found.observation
    assert seen.sync_busy_percent == pytest.approx(4)  # 10/s of 4 ms
    assert seen.cpu_busy_percent == 75
    assert isinstance(seen.commits_per_s, Unknown)
    (warning,) = found.warnings
    assert warning.text.startswith("no server was asked: a usual write and a flush of sda")


@pytest.mark.parametrize(
    ("stats", "says"),
    [
        ((BEFORE, BEFORE), "nothing was synced in 60 s, so there is nothing to observe"),
        (
            (BEFORE, after(flushes=500, flush_us=10_000)),
            "syncs were made, but nothing told how long one takes: no flush reached sda",
        ),
        (
            (
                BEFORE._replace(flushes=Unknown(unknown="this kernel is old")),
                after(flushes=Unknown(unknown="this kernel is old")),
            ),
            "syncs were made, but nothing told how long one takes: sda: this kernel is old",
        ),
        ((BEFORE, Unknown(unknown="gone")), "nothing was synced in 60 s"),
        ((after(), BEFORE), "nothing was synced in 60 s"),  # another disk of that name
    ],
)
def test_a_drive_that_tells_nothing(stats: tuple[Known[BlockStat], ...], says: str) -> None:
    with pytest.raises(AdvisorError, match=says) as raised:
        observed([DISK], host(*stats), None)
    assert raised.value.hint is not None
    assert "fsync-advisor measure DIR" in raised.value.hint


def test_a_drive_without_a_volatile_cache_gets_no_flush() -> None:
    """The kernel completes them by itself."""
    stats = (BEFORE, after(flushes=500, flush_us=10_000))
    through = DISK._replace(write_cache="write through")
    with pytest.raises(AdvisorError, match="sda has no volatile cache, so that no flush reaches"):
        observed([through], host(*stats), None)
    found = observed([through], host(*stats), server(PG15, START, END))
    assert means_us(found) == {"observed-log-fdatasync": 2_500}


def test_a_flush_with_data_leaves_all_writes() -> None:
    """More flushes than writes: what an empty write took cannot be told."""
    (disk,) = observed([DISK], host(BEFORE, after(writes=1_500)), None).observation.devices
    assert disk.write_us == 4_800  # 2.4 s for 500


def test_the_uppermost_device_counts_and_of_leaves_the_slowest() -> None:
    above = ObservedDevice("md0", is_leaf=False, holds_log=True)
    other = ObservedDevice("sdb", is_leaf=True, holds_log=True)
    data = ObservedDevice("sdc", is_leaf=True, holds_log=False)
    slower, slowest = after(flush_us=10_000 + 2_100_000), after(flush_us=10_000 + 2_200_000)
    quiet = after(flushes=500, flush_us=10_000)

    def looks(of_array: BlockStat) -> tuple[HostLook, HostLook]:
        later = {"md0": of_array, "sda": after(), "sdb": slower, "sdc": slowest}
        cpu = CpuTime(0, 0)
        return HostLook(0, dict.fromkeys(later, BEFORE), cpu), HostLook(60, later, cpu)

    devices = [above, DISK, other, data]
    assert observed(devices, looks(quiet), None).observation.sync_from == "the kernel at sdb"
    assert observed(devices, looks(after()), None).observation.sync_from == "the kernel at md0"


# A server


def test_what_a_server_did() -> None:
    found = observed([DISK], host(), server(PG15, START, END))
    seen = found.observation
    assert means_us(found) == {"observed-log-fdatasync": 2_500, "observed-device-fdatasync": 4_000}
    assert (seen.server, seen.engine, seen.sync_from) == (
        "a server 1.0",
        "postgresql",
        "pg_stat_wal, its wait behind other flushes included",
    )
    assert (seen.commits_per_s, seen.log_syncs_per_s, seen.syncs_per_commit) == (200, 100, 0.5)
    assert seen.sync_busy_percent == 25  # 100/s of 2.5 ms
    assert (seen.log_bytes_per_s, seen.log_bytes_per_commit) == (1_000_000, 5_000)
    assert seen.full_page_percent == 25
    assert "at most" in seen.full_page_from
    assert (seen.checkpoints_timed, seen.checkpoints_requested) == (0, 1)
    assert seen.pages_written_per_s == 100
    assert seen.binary_log_syncs_per_s == Unknown(
        unknown="this server has none, or does not count them"
    )
    assert found.warnings == ()


MYSQL = state(
    "mysql", Version((9, 7, 4)), log_bin="ON", performance_schema="ON", innodb_use_fdatasync="ON"
)
MYSQL_START: dict[str, Count] = {
    "commits": 10,
    "log_syncs": 100,
    "binary_log_syncs": 100,
    "timed_log_syncs": 140,
    "log_sync_us": 7_000,
    "timed_binary_log_syncs": 100,
    "binary_log_sync_us": 9_000,
    "log_bytes": 19_000_000,
    "pages_written": 5,
    "uptime_s": 7,
}
MYSQL_END: dict[str, Count] = {
    "commits": 6_010,
    "log_syncs": 3_100,
    "binary_log_syncs": 3_100,
    "timed_log_syncs": 3_140,
    "log_sync_us": 3_007_000,
    "timed_binary_log_syncs": 3_100,
    "binary_log_sync_us": 6_009_000,
    "log_bytes": 25_000_000,
    "pages_written": 65,
    "uptime_s": 67,
}


def test_not_every_call_that_mysql_times_is_a_sync() -> None:
    """In 20 s MySQL 9.7 timed 104 calls, of which 98 were syncs, as the library that is loaded into
    it counted them (tests/servers/test_observed_drive.py)."""
    counters = VENDORS["mysql"].counters(MYSQL)
    assert counters.timed_log_syncs.source == "Innodb_os_log_fsyncs"
    assert counters.log_sync_us.source == "performance_schema.file_summary_by_event_name"
    off = state("mysql", Version((9, 7, 4)), performance_schema="OFF")
    assert not VENDORS["mysql"].counters(off).timed_log_syncs.statement


def test_a_server_with_two_logs() -> None:
    found = observed([], host(name="sdz"), server(MYSQL, MYSQL_START, MYSQL_END))
    assert means_us(found) == {
        "observed-log-fdatasync": 1_000,
        "observed-binary-log-fdatasync": 2_000,
    }
    assert found.observation.syncs_per_commit == 1  # 50 and 50 for 100
    assert found.observation.sync_busy_percent == 15  # 50/s of 1 ms and 50/s of 2 ms
    assert found.observation.full_page_percent == Unknown(unknown="InnoDB logs no whole pages")
    drive = measurement(None, *found.series, source="observed")
    assert drive.effective_sync is not None
    assert drive.append is not None
    assert (drive.effective_sync.summary.mean_us, drive.append.summary.mean_us) == (1_000, 2_000)


def test_what_is_switched_off_is_told_and_what_it_costs() -> None:
    off = state("postgresql", Version((15, 8)), track_wal_io_timing="off", wal_sync_method="fsync")
    found = observed([DISK], host(), server(off, START, END), clock_ns=27.3)
    assert means_us(found) == {"observed-device-fdatasync": 4_000}
    (warning,) = found.warnings
    assert warning.code == "untimed-syncs"
    assert warning.text == (
        "track_wal_io_timing is off, which ALTER SYSTEM SET track_wal_io_timing = on and SELECT"
        " pg_reload_conf() change: a usual write and a flush of sda, as the kernel saw them,"
        " stand for a sync; writes of pages are among these writes; to turn it on costs two looks"
        " at the clock for each write and each sync, 27 ns each here"
    )
    with pytest.raises(
        AdvisorError, match=r"takes: track_wal_io_timing is off, which .* change; the devices are"
    ):
        observed([], host(), server(off, START, END))
    with pytest.raises(AdvisorError, match=r"change; to turn it on costs .* 27 ns each here; the"):
        observed([], host(), server(off, START, END), clock_ns=27.3)


def test_a_server_that_syncs_nothing_is_told_so() -> None:
    idle = server(PG15, START, {**START, "uptime_s": 160, "statistics_age_s": 9_060})
    with pytest.raises(AdvisorError, match="nothing was synced in 60 s"):
        observed([DISK], host(BEFORE, BEFORE), idle)


def test_a_server_that_was_restarted() -> None:
    with pytest.raises(AdvisorError, match="restarted while it was observed"):
        observed([DISK], host(), server(PG15, START, {**END, "uptime_s": 12}))


def test_counters_that_were_reset_are_unknown() -> None:
    """By their own fall, or since the age of the statistics fell, however large they are by now."""
    found = observed([DISK], host(), server(PG15, START, {**END, "log_sync_us": 5}))
    assert list(means_us(found)) == ["observed-device-fdatasync"]
    assert "reset meanwhile" in found.warnings[0].text
    found = observed([DISK], host(), server(PG15, START, {**END, "statistics_age_s": 3}))
    assert list(means_us(found)) == ["observed-device-fdatasync"]
    assert found.observation.commits_per_s == 200  # another statement's


def test_an_audit_sees_the_same() -> None:
    activity = activity_between(
        VENDORS["postgresql"].counters(PG15), *server(PG15, START, END).looks
    )
    assert (activity.seconds, activity.log_sync_us, activity.log_bytes_per_s) == (60, 2_500, 1e6)
    used = headroom(activity, measurement(600.0))
    assert used is not None
    assert (used.used_percent, used.sync_us, used.sync_us_from) == (25, 2_500, "observed")
    assert headroom(activity, None) == used
    untimed = replace(activity, log_sync_us=None)
    used = headroom(untimed, measurement(600.0))
    assert used is not None
    assert used.used_percent == pytest.approx(6)
    assert used.sync_us_from == "measured"


# The interval of a mean


def test_the_interval_of_a_mean_is_that_of_a_ratio() -> None:
    """Ten stretches of ten flushes, of 90 and 110 us together by turns: a mean of 10 us; ten
    residuals of 10 us, so sqrt(1000/9/10) = 3.333 us for ten flushes, 0.3333 us for one; times
    t(0.975, 9) = 2.2622: 0.7541 us."""
    stat, looks = BEFORE, []
    for number in range(11):
        looks.append(HostLook(number, {"sda": stat}, CpuTime(0, 0)))
        stat = stat._replace(
            flushes=10 * (number + 1) + 500,
            flush_us=stat.flush_us + (90 if number % 2 else 110),
        )
    (series,) = observed([DISK], looks, None).series
    assert series.summary.mean_us == pytest.approx(10)
    assert series.summary.ci95_percent == pytest.approx(7.541, abs=0.001)
    (series,) = observed([DISK], looks[:10], None).series
    assert series.summary.ci95_percent is None


# What each server counts where

TIMING_IS_OFF = (
    "track_wal_io_timing is off, which ALTER SYSTEM SET track_wal_io_timing = on and SELECT"
    " pg_reload_conf() change"
)


@pytest.mark.parametrize(
    ("version", "settings", "syncs", "times"),
    [
        ((13, 14), {}, "PostgreSQL counts them from 14 on", "PostgreSQL counts them from 14 on"),
        ((14, 1), {"track_wal_io_timing": "on"}, "pg_stat_wal", "pg_stat_wal"),
        ((17, 1), {"track_wal_io_timing": "off"}, "pg_stat_wal", TIMING_IS_OFF),
        ((18, 1), {"track_wal_io_timing": "on"}, "pg_stat_io", "pg_stat_io"),
        (
            (18, 1),
            {"track_wal_io_timing": "on", "wal_sync_method": "open_datasync"},
            "pg_stat_io: writes, each a sync by open_datasync",
            "pg_stat_io: writes, each a sync by open_datasync",
        ),
    ],
)
def test_where_postgresql_counts(
    version: tuple[int, ...], settings: dict[str, str], syncs: str, times: str
) -> None:
    found = VENDORS["postgresql"].counters(state("postgresql", Version(version), **settings))
    assert (found.log_syncs.source, found.log_sync_us.source) == (syncs, times)
    if settings.get("wal_sync_method"):
        assert (found.log_syncs.column, found.log_sync_us.column) == (2, 3)


@pytest.mark.parametrize(
    ("vendor", "version", "field", "row"),
    [
        ("mysql", (5, 7, 44), "log_bytes", "Innodb_os_log_written"),
        ("mysql", (8, 0, 30), "log_bytes", "Innodb_redo_log_current_lsn"),
        ("mariadb", (10, 6, 1), "log_bytes", "Innodb_lsn_current"),
        ("mariadb", (11, 8, 3), "log_syncs", "Innodb_data_fsyncs"),
        ("mariadb", (11, 8, 3), "commits", "Binlog_cache_use"),
        ("mysql", (9, 7, 4), "log_sync_us", "wait/io/file/innodb/innodb_log_file"),
        ("mysql", (9, 7, 4), "binary_log_sync_us", "wait/io/file/sql/binlog"),
    ],
)
def test_which_row_counts(
    vendor: VendorName, version: tuple[int, ...], field: str, row: str
) -> None:
    on = state(vendor, Version(version), log_bin="ON", performance_schema="ON")
    counter: Counter = getattr(VENDORS[vendor].counters(on), field)
    assert counter.row == row
    assert counter.column == (1 if field.endswith("_us") else 0)  # count_misc, sum_timer_misc


def test_what_mariadb_does_not_time() -> None:
    off = state("mariadb", Version((11, 8)), log_bin="ON", performance_schema="OFF")
    found: Counters = VENDORS["mariadb"].counters(off)
    assert found.log_sync_us == Counter("MariaDB does not time the syncs of its redo log")
    assert found.binary_log_sync_us == Counter("performance_schema is off")


# pg_test_timing of 15 and of 19, as they print it.
@pytest.mark.parametrize(
    ("said", "clock_ns"),
    [
        (
            "Testing timing overhead for 1 second.\nPer loop time including overhead: 38.32 ns\n",
            38.32,
        ),
        ("Average loop time including overhead: 26.22 ns\nHistogram of", 26.22),
        ("Unknown option", None),
    ],
)
def test_what_a_look_at_the_clock_takes(said: str, clock_ns: float | None) -> None:
    assert VENDORS["postgresql"].clock_ns(said) == clock_ns
    assert VENDORS["mysql"].clock_ns(said) is None


# What is made of it


def as_measurement(**changed: Any) -> Measurement:
    found = observed([DISK], host(), server(PG15, START, END))
    drive = measurement(None, *found.series, source="observed", devices=(device("sda"),))
    (disk,) = found.observation.devices
    flushing = disk.model_copy(update={"flushes_per_s": 100.0})  # once for each sync
    seen = found.observation.model_copy(update={"devices": (flushing,)})
    return drive.model_copy(update={"observation": seen, **changed})


REQUEST = Request("postgresql", Version((15, 8)), "as given")


def test_the_load_is_planned_for_that_was_observed() -> None:
    planned = with_observed_load(REQUEST, as_measurement())
    assert (planned.expected_commits_per_s, planned.log_bytes_per_commit) == (200, 5_000)
    said = replace(REQUEST, expected_commits_per_s=7.0, log_bytes_per_commit=9)
    assert with_observed_load(said, as_measurement()) == said
    other = Request("mysql", Version((9, 7)), "as given")
    assert with_observed_load(other, as_measurement()) == other
    assert with_observed_load(REQUEST, measurement()) == REQUEST


def test_a_product_says_what_it_rests_on() -> None:
    drive = as_measurement()
    described = describe_measured(drive)
    assert (described.source, described.observed) == ("observed", "for 60 s under 200 commits/s")
    _, load, stands_in = notes_on(drive)
    assert load == (
        "the load is that of 60 s, and perhaps not the heaviest: 200 commits/s, 4.88 kB of log"
        " each, at most 25 % of it whole pages, syncs took 25 % of the time"
    )
    assert stands_in == (
        "what the server's own log syncs took stands in for an 8 KiB overwrite with fdatasync,"
        " which is not measured"
    )


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("observed-device", "a write and a flush of the device stand in for an 8 KiB overwrite"),
        ("observed-binary-log", "what the server's own binary log syncs took stands in for an 8"),
        ("classic", "classic 4 KiB + fdatasync stands in for an 8 KiB overwrite"),
    ],
)
def test_what_stands_in_is_told_in_words(pattern: Pattern, says: str) -> None:
    drive = as_measurement()
    only = drive.series[0].model_copy(update={"pattern": pattern})
    *_, stands_in = notes_on(drive.model_copy(update={"series": (only,)}))
    assert stands_in.startswith(says)
    assert pattern == "classic" or f"{pattern}-" not in " ".join(notes_on(drive))


def with_summaries(drive: Measurement, **changed: Any) -> Measurement:
    summaries = [each.summary.model_copy(update=changed) for each in drive.series]
    series = [
        each.model_copy(update={"summary": summary})
        for each, summary in zip(drive.series, summaries, strict=True)
    ]
    return drive.model_copy(update={"series": tuple(series)})


def test_a_mean_that_is_hardly_known_is_told() -> None:
    drive = as_measurement()
    assert [
        note for note in notes_on(with_summaries(drive, ci95_percent=50.0)) if "+-" in note
    ] == []
    (note,) = (
        note for note in notes_on(drive) if "rests on" in note
    )  # of two looks, which have no interval
    assert note == (
        "observed log, fdatasync: the mean of 2.5 ms rests on too few looks to tell how well it is"
        " known; observe for longer: --interval TIME"
    )
    reported = with_summaries(measurement(600.0, source="reported by fio"), ci95_percent=None)
    assert [note for note in notes_on(reported) if "rests on" in note] == []
    (note,) = (note for note in notes_on(with_summaries(drive, ci95_percent=179.2)) if "+-" in note)
    assert note == (
        "observed log, fdatasync: the mean of 2.5 ms is known to +-179 % only, and so is what is"
        " computed from it; observe for longer: --interval TIME"
    )
    measured = with_summaries(measurement(600.0), ci95_percent=60.0)
    (note,) = (note for note in notes_on(measured) if "+-" in note)
    assert note.endswith("measure with --thorough while the host is idle")


@pytest.mark.parametrize(
    ("busy_percent", "device_us", "is_told"),
    [(80.0, 1_249.0, True), (79.9, 1_249.0, False), (95.0, 1_250.0, False)],
)
def test_a_wait_for_a_processor_is_not_taken_for_the_drives_time(
    busy_percent: float, device_us: float, is_told: bool
) -> None:
    """A sync took the server 2.5 ms."""
    drive = as_measurement()
    assert drive.observation is not None
    log, at_device = drive.series
    summary = at_device.summary.model_copy(update={"mean_us": device_us})
    series = (log, at_device.model_copy(update={"summary": summary}))
    seen = drive.observation.model_copy(update={"cpu_busy_percent": busy_percent})
    other = drive.model_copy(update={"series": series, "observation": seen})
    told = [note for note in notes_on(other) if "processor" in note]
    says = (
        "a sync took the server 2.5 ms, a write and a flush its device 1.25 ms, and the processors"
        " were busy for 80 % of the time: the rest is perhaps a wait for a processor, not for the"
        " drive"
    )
    assert told == ([says] if is_told else [])
    assert describe_measured(other).may_wait_for_processor == is_told
    alone = other.model_copy(update={"series": (log,)})
    told = [note for note in notes_on(alone) if "processor" in note]
    says = (
        "a sync took the server 2.5 ms, what its device took was not seen, and the processors were"
        f" busy for {busy_percent:.0f} % of the time: some of it is perhaps a wait for a processor,"
        " not for the drive"
    )
    assert told == ([says] if busy_percent >= 80 else [])
    unknown = seen.model_copy(update={"cpu_busy_percent": Unknown(unknown="not asked")})
    other = other.model_copy(update={"observation": unknown})
    assert [note for note in notes_on(other) if "processor" in note] == []


def test_a_file_has_its_own_doubts_once() -> None:
    """Saved with it, and made anew of its figures wherever it is read."""
    drive = as_measurement()
    (doubt,) = warnings_on(drive)
    assert doubt.code == "mean-hardly-known"
    saved = drive.model_copy(update={"warnings": warnings_on(drive)})
    assert (warnings_on(saved), notes_on(saved)) == ((doubt,), notes_on(drive))
    other = MeasurementWarning(code="log-not-seen", text="/wal cannot be looked at")
    saved = drive.model_copy(update={"warnings": (doubt, other)})
    assert warnings_on(saved) == (other, doubt)
    assert other.text in notes_on(saved)


def test_whether_a_flush_is_honoured_is_not_seen() -> None:
    verdict = judge(as_measurement(), load_storage_knowledge())
    assert verdict.trust == "unverifiable"
    assert [entry.check for entry in verdict.evidence] == ["observed"]


def test_syncs_that_reach_no_drive_are_seen() -> None:
    """6,000 syncs, and 600 flushes of a drive with a volatile cache; by open_datasync a write may
    carry its flush along."""
    drive = as_measurement()
    seen = drive.observation
    assert seen is not None
    (disk,) = seen.devices
    fewer = disk.model_copy(update={"flushes_per_s": 49.9})
    enough = disk.model_copy(update={"flushes_per_s": 50.0})

    def trust(of: Any, **changed: Any) -> str:
        update = {"devices": (of,), **changed}
        other = drive.model_copy(update={"observation": seen.model_copy(update=update)})
        return judge(other, load_storage_knowledge()).trust

    assert trust(fewer) == "suspicious"
    assert trust(enough) == "unverifiable"
    assert trust(fewer, log_syncs_from="writes, each a sync by open_sync") == "unverifiable"


def test_it_is_saved_as_it_is() -> None:
    drive = as_measurement()
    assert from_json(to_json(drive), "a file") == drive
