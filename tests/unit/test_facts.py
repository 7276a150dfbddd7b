"""The facts that rules read: all of them, each known or unknown with its reason."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from advisor.analysis.fact_model import FACTS, MEASURED_PERFORMANCE, Facts
from advisor.analysis.facts import ASSUMED, Assumption, build_facts
from advisor.analysis.recovery import Replay
from advisor.analysis.verdict import judge
from advisor.conditions import Fact
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import AbsentSeries, Fill, Measurement, Series, Summary
from advisor.model import Unknown
from advisor.request import Request
from advisor.server_state import EffectiveSetting
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import FEATURES, Feature, NumericVersion
from tests.support.drives import GIB, UNKNOWN, classic, device, measurement, series, summary
from tests.support.facts import by_name

KNOWLEDGE = load_storage_knowledge()
BUILD_FACTS = ("build_lz4", "build_zstd", "build_liburing", "build_numa")
POSTGRESQL = Request("postgresql", (15,), "a test")
ASSUMPTIONS = {
    name: Assumption(value=value, option="", why="")
    for name, value in {
        "cores": 4,
        "cpu_us_per_txn": 5,
        "expected_commits_per_s": 1000,
        "recovery_time_s": 600,
        "log_bytes_per_commit_mysql": 1,
        "log_bytes_per_commit_mariadb": 2,
        "log_bytes_per_commit_postgresql": 3,
    }.items()
}

# 50 000 pages of 400 bytes of log each are 20 MB/s; with 20 MB/s of the processor, together half.
REPLAY = Replay(
    log_bytes_per_s=20_000_000,
    log_bytes_per_page=400,
    compressed_share=0.25,
    applied_us_per_txn=100,
    sources=("a test",),
)

WHOLE = measurement(
    summary(1000, p50_us=900, p99_us=3000),
    series("overwrite", "fsync", 2500),
    series("overwrite", "open_datasync", 1100),
    series("overwrite", "open_sync", 1200),
    series("append", "fdatasync", 4000),
    series("random", "none", summary(160, ops_per_s=50_000), direct=True, writers=8),
    series("page-flush", "none", summary(400, ops_per_s=20_000), direct=True, writers=8),
    series("random-read", "none", summary(200, ops_per_s=40_000), direct=True, writers=8),
    fill=Fill(written_bytes=500_000_000, elapsed_ns=1_000_000_000),
)


def facts_of(drive: Measurement, request: Request = POSTGRESQL) -> Facts:
    return build_facts(drive, judge(drive, KNOWLEDGE), request, ASSUMPTIONS, REPLAY)


def why(fact: Fact) -> str:
    assert isinstance(fact, Unknown)
    return fact.unknown


def test_what_was_not_measured_is_unknown_and_says_so() -> None:
    drive = measurement(
        None,
        classic(100),
        devices=UNKNOWN,
        filesystem=UNKNOWN,
        free_bytes=UNKNOWN,
        memory_bytes=UNKNOWN,
        cpu_count=UNKNOWN,
    )
    facts = facts_of(drive)
    unknown = {
        name: fact.unknown for name, fact in by_name(facts).items() if isinstance(fact, Unknown)
    }
    assert unknown == {
        **dict.fromkeys(BUILD_FACTS, "neither --build nor an installed server says so"),
        "uses_gtid": "that is no affair of the server's",
        "expected_commits_per_s": "--expected-tps does not say it",
        "memory_bytes": "not looked at",
        "cpu_count": "not looked at",
        "free_bytes": "not looked at",
        "filesystem": "not looked at",
        "medium": "the drive could not be identified",
        "write_cache": "no device was found",
        "fdatasync_mean_us": "not measured",
        "fdatasync_p50_us": "not measured",
        "fdatasync_p99_us": "not measured",
        "fsync_mean_us": "not measured",
        "append_mean_us": "not measured",
        "open_datasync_is_faster": "fdatasync and open_datasync of 8 kB were not both measured",
        "open_datasync_mean_us": "not measured",
        "fsync_to_fdatasync_ratio": "fsync and fdatasync were not both measured",
        "page_reads_per_s": "not measured",
        "replay_basis": "neither pages nor syncs were measured",
        "replay_bytes_per_s": "neither pages nor syncs were measured",
        "page_flushes_per_s": "neither page flushes nor random writes were measured",
        "page_flushes_basis": "neither page flushes nor random writes were measured",
        "sequential_write_bytes_per_s": "sequential writing was not measured",
    }


def test_each_build_feature_is_a_fact() -> None:
    assert {f"build_{feature}" for feature in FEATURES} == set(BUILD_FACTS)
    assert {name for name in FACTS if name.startswith("build_")} == set(BUILD_FACTS)


def test_a_facts_kind_and_choices_are_those_of_its_type() -> None:
    kinds = ("memory_bytes", "fdatasync_p99_us", "log_bin", "storage_class", "vendor", "medium")
    assert [(FACTS[name].kind, FACTS[name].choices) for name in kinds] == [
        ("number", ()),
        ("number", ()),
        ("boolean", ()),
        ("text", ()),
        ("text", ("mysql", "mariadb", "postgresql")),
        ("text", ("hdd", "ssd", "memory", "network", "virtual")),
    ]


def test_a_whole_measurement_leaves_nothing_of_a_drive_unknown() -> None:
    request = replace(
        POSTGRESQL,
        expected_commits_per_s=5,
        build={"lz4": True, "zstd": False, "liburing": True, "numa": False},
    )
    assert by_name(facts_of(WHOLE, request)) == {
        "build_lz4": True,
        "build_zstd": False,
        "build_liburing": True,
        "build_numa": False,
        "cluster": "none",
        "vendor": "postgresql",
        "durability": "durable",
        "role": "standalone",
        "log_bin": False,
        "logs_what_it_applies": False,
        "uses_gtid": Unknown(unknown="that is no affair of the server's"),
        "recovery_time_s": 600,
        "expected_commits_per_s": 5,
        "log_bytes_per_commit": 3,
        "memory_bytes": 8_589_934_592,
        "cpu_count": 4,
        "free_bytes": 107_374_182_400,
        "filesystem": "ext4",
        "direct_io": True,
        "medium": "ssd",
        "storage_class": "nvme-consumer",
        "trust": "plausible",
        "write_cache": "write back",
        "fdatasync_mean_us": 1000,
        "fdatasync_p50_us": 900,
        "fdatasync_p99_us": 3000,
        "fsync_mean_us": 2500,
        "append_mean_us": 4000,
        "open_datasync_is_faster": False,
        "open_datasync_mean_us": 1100,
        "fsync_to_fdatasync_ratio": 2.5,
        "replay_bytes_per_s": pytest.approx(2_500_000),  # lz4: a quarter of 10 MB/s
        "replay_basis": "page reads",
        "page_reads_per_s": 40_000,
        "page_flushes_per_s": 20_000,
        "page_flushes_basis": "that this drive flushes",
        "sequential_write_bytes_per_s": 500_000_000,
    }


def test_a_percentile_that_the_samples_do_not_support_is_unknown() -> None:
    assert why(facts_of(measurement(1000)).fdatasync_p99_us) == "too few samples"


def test_on_a_drive_that_does_not_honour_a_flush_no_speed_is_known() -> None:
    facts = facts_of(WHOLE.model_copy(update={"target": measurement(filesystem="tmpfs").target}))
    assert facts.trust == "not-durable"
    for name in MEASURED_PERFORMANCE:
        assert why(facts.lookup(name)) == "this drive does not honour a flush, so no speed counts"


# All that is measured: latencies, rates and what follows from comparing them.
def test_no_figure_of_speed_is_missing_from_those_that_must_not_count() -> None:
    measured = {
        name
        for name in FACTS
        if name.endswith(("_us", "_flushes_per_s", "_reads_per_s", "_ratio", "_bytes_per_s"))
    }
    assert (
        measured | {"open_datasync_is_faster", "page_flushes_basis", "replay_basis"}
        == MEASURED_PERFORMANCE
    )


def test_a_suspicious_drives_speed_is_told() -> None:
    facts = facts_of(measurement(1.0))
    assert facts.trust == "suspicious"
    assert facts.fdatasync_mean_us == 1.0


def test_every_durability_that_can_be_chosen_is_a_fact_and_no_other() -> None:
    assert FACTS["durability"].choices == (
        "durable",
        "loses-recent-on-power-loss",
        "loses-recent-on-crash",
    )


# Whether another sync method deserves to be chosen


def methods(
    fdatasync: Summary, open_datasync: Summary, large: tuple[Summary, Summary] | None
) -> Measurement:
    """`large`: the same two, with 64 KiB."""
    more = (
        ()
        if large is None
        else (
            series("overwrite", "fdatasync", large[0], block_bytes=65536),
            series("overwrite", "open_datasync", large[1], block_bytes=65536),
        )
    )
    return measurement(fdatasync, series("overwrite", "open_datasync", open_datasync), *more)


FASTER_64K = (summary(2000, ci95_percent=1), summary(1500, ci95_percent=1))
AS_FAST_64K = (summary(2000, ci95_percent=1), summary(1990, ci95_percent=1))


@pytest.mark.parametrize(
    ("fdatasync", "open_datasync", "large", "faster"),
    [
        # a fifth of 1000 is 200
        (summary(1000, ci95_percent=1), summary(800, ci95_percent=1), FASTER_64K, True),
        (summary(1000, ci95_percent=1), summary(801, ci95_percent=1), FASTER_64K, False),
        # 1000 +- 12 % begins at 880: 790 +- 11 % ends at 876.9, +- 12 % at 884.8
        (summary(1000, ci95_percent=12), summary(790, ci95_percent=11), FASTER_64K, True),
        (summary(1000, ci95_percent=12), summary(790, ci95_percent=12), FASTER_64K, False),
        # 800 +- 25 % ends at 1000: intervals that touch are not apart
        (summary(1000, ci95_percent=0), summary(800, ci95_percent=25), FASTER_64K, False),
        (summary(1000, ci95_percent=1), summary(1500, ci95_percent=1), FASTER_64K, False),
        # faster for one block alone; without the larger one a loser is a loser all the same
        (summary(1000, ci95_percent=1), summary(500, ci95_percent=1), AS_FAST_64K, False),
        (summary(1000, ci95_percent=1), summary(900, ci95_percent=1), None, False),
    ],
)
def test_open_datasync_is_faster_only_by_a_fifth_and_for_larger_writes_too(
    fdatasync: Summary,
    open_datasync: Summary,
    large: tuple[Summary, Summary] | None,
    faster: bool,
) -> None:
    facts = facts_of(methods(fdatasync, open_datasync, large))
    assert facts.open_datasync_is_faster is faster
    assert facts.open_datasync_mean_us == open_datasync.mean_us


@pytest.mark.parametrize(
    ("drive", "reason"),
    [
        (methods(summary(1000), summary(500), None), "of 64 kB were not both measured"),
        (measurement(1000), "of 8 kB were not both measured"),
        (measurement(None, series("overwrite", "open_datasync", 500)), "of 8 kB were not both"),
        (methods(summary(1000, ci95_percent=None), summary(500), FASTER_64K), "no interval"),
        (methods(summary(1000), summary(500, ci95_percent=None), FASTER_64K), "no interval"),
    ],
)
def test_without_both_methods_at_both_sizes_and_intervals_nothing_is_proven(
    drive: Measurement, reason: str
) -> None:
    assert reason in why(facts_of(drive).open_datasync_is_faster)


# The host, the drive


def test_what_the_user_says_of_the_host_goes_before_what_was_found() -> None:
    found = facts_of(WHOLE)
    assert (found.memory_bytes, found.cpu_count) == (8 * GIB, 4)
    said = facts_of(WHOLE, replace(POSTGRESQL, memory_bytes=2 * GIB, cpu_count=1))
    assert (said.memory_bytes, said.cpu_count) == (2 * GIB, 1)


def test_a_cache_that_one_device_hides_is_unknown() -> None:
    through = device("a", write_cache="write through")
    hidden = device("b", write_cache=UNKNOWN)
    assert facts_of(measurement(devices=(through,))).write_cache == "write through"
    assert why(facts_of(measurement(devices=(through, hidden))).write_cache) == "not looked at"


REFUSED = AbsentSeries(name="classic 4 KiB", why="O_DIRECT is refused here")


@pytest.mark.parametrize(
    ("drive", "direct_io"),
    [
        (measurement(), Unknown(unknown="no series with O_DIRECT was tried")),
        (measurement(absent=(REFUSED,)), False),
        (measurement(1000, classic(100)), True),
        (measurement(1000, classic(100), absent=(REFUSED,)), True),
    ],
)
def test_whether_the_file_system_takes_direct_io(drive: Measurement, direct_io: Fact) -> None:
    assert facts_of(drive).direct_io == direct_io


@pytest.mark.parametrize(
    "other",
    [
        series("random", "none", 100, direct=False),
        series("random", "fdatasync", 100, direct=True),
        series("overwrite", "none", 100, direct=True),
    ],
)
def test_only_direct_random_writes_without_sync_are_page_writes(other: Series) -> None:
    facts = facts_of(measurement(1000, other))
    why_not = "neither page flushes nor random writes were measured"
    assert why(facts.page_flushes_per_s) == why_not


def test_half_of_the_page_writes_are_page_flushes_where_these_were_not_measured() -> None:
    drive = measurement(
        1000, series("random", "none", summary(160, ops_per_s=5000), direct=True, writers=8)
    )
    assert facts_of(drive).page_flushes_per_s == 2500


@pytest.mark.parametrize(
    ("max_ops_per_s", "page_flushes_per_s", "basis", "replay_bytes_per_s"),
    [
        (None, 20_000, "that this drive flushes", 10_000_000),
        (100_000, 20_000, "that this drive flushes", 10_000_000),
        # 17 operations for 16 pages; 1700 pages of 400 bytes a second beside 20 MB/s
        (1700, 1600, "that --max-iops allows", 657_640.2),
    ],
)
def test_a_provider_limits_pages(
    max_ops_per_s: float | None, page_flushes_per_s: float, basis: str, replay_bytes_per_s: float
) -> None:
    facts = facts_of(WHOLE, replace(POSTGRESQL, max_ops_per_s=max_ops_per_s))
    assert facts.page_flushes_per_s == pytest.approx(page_flushes_per_s)
    assert facts.page_flushes_basis == basis
    assert facts.replay_bytes_per_s == pytest.approx(replay_bytes_per_s)


@pytest.mark.parametrize(
    ("version", "build", "replay_bytes_per_s"),
    [
        ((15, 4), {"lz4": True}, 2_500_000),  # a quarter of the bytes stands for the same pages
        ((15, 4), {"lz4": False, "zstd": True}, 10_000_000),
        ((15, 4), {}, 10_000_000),
        ((14, 9), {"lz4": True}, 10_000_000),
    ],
)
def test_a_compressed_log_is_replayed_as_many_pages(
    version: NumericVersion, build: Mapping[Feature, bool], replay_bytes_per_s: float
) -> None:
    request = replace(POSTGRESQL, version=version, build=build)
    assert facts_of(WHOLE, request).replay_bytes_per_s == pytest.approx(replay_bytes_per_s)


# What was asked for


# MySQL 8.0 was the first to write a binary log unasked; MariaDB and PostgreSQL never do.
@pytest.mark.parametrize(
    ("vendor", "version", "writes"),
    [
        ("mysql", (5, 7, 44), False),
        ("mysql", (8, 0), True),
        ("mysql", (9, 7, 4), True),
        ("mariadb", (10, 11), False),
        ("mariadb", (11, 8), False),
        ("postgresql", (18,), False),
    ],
)
def test_who_writes_a_binary_log_unasked(
    vendor: VendorName, version: NumericVersion, writes: bool
) -> None:
    assert VENDORS[vendor].writes_binary_log(version) is writes
    assert facts_of(WHOLE, Request(vendor, version, "")).log_bin is writes


@pytest.mark.parametrize("log_bin", [True, False])
@pytest.mark.parametrize("vendor", ["mysql", "mariadb"])
def test_what_the_user_says_of_the_binary_log_counts(vendor: VendorName, log_bin: bool) -> None:
    request = Request(vendor, (11, 0), "", log_bin=log_bin)
    assert facts_of(WHOLE, request).log_bin is log_bin


@pytest.mark.parametrize(("vendor", "log_bytes"), [("mysql", 1), ("mariadb", 2), ("postgresql", 3)])
def test_what_nobody_said_is_assumed(vendor: VendorName, log_bytes: int) -> None:
    facts = facts_of(WHOLE, Request(vendor, (11, 0), ""))
    assert facts.log_bytes_per_commit == log_bytes
    assert facts.recovery_time_s == 600
    assert why(facts.expected_commits_per_s) == "--expected-tps does not say it"


def test_what_the_user_said_is_not_assumed() -> None:
    facts = facts_of(
        WHOLE,
        replace(
            POSTGRESQL,
            durability="loses-recent-on-crash",
            expected_commits_per_s=5,
            recovery_time_s=60,
            log_bytes_per_commit=4096,
        ),
    )
    assert facts.durability == "loses-recent-on-crash"
    assert (facts.expected_commits_per_s, facts.recovery_time_s) == (5, 60)
    assert facts.log_bytes_per_commit == 4096


def written(written_per_s: float) -> Measurement:
    """A drive with so many page writes per second, whose page reads were not measured."""
    writes = summary(100, ops_per_s=written_per_s)
    return measurement(1000, series("random", "none", writes, direct=True, writers=8))


def paged(read_per_s: float, written_per_s: float) -> Measurement:
    """A drive with so many pages per second."""
    return measurement(
        1000,
        series("random-read", "none", summary(100, ops_per_s=read_per_s), direct=True, writers=8),
        series("random", "none", summary(100, ops_per_s=written_per_s), direct=True, writers=8),
    )


@pytest.mark.parametrize(
    ("drive", "bytes_per_s"),
    [
        # 20 MB/s beside 400 bytes for each of 50 000 pages, and of 1000 syncs
        (WHOLE, 10_000_000),
        (measurement(1000), 392_156.9),
        # 300 reads: 750 pages in order, whatever a cache takes; 5000 writes are 5000 pages
        (paged(300, 50_000), 295_566.5),
        (paged(40_000, 5000), 1_818_181.8),
        (
            measurement(1000, series("random-read", "none", summary(200), direct=True, writers=1)),
            1_818_181.8,
        ),
    ],
)
def test_the_pages_that_recovery_waits_for(drive: Measurement, bytes_per_s: float) -> None:
    assert REPLAY.bytes_per_s(drive) == pytest.approx(bytes_per_s)


@pytest.mark.parametrize(
    ("read_per_s", "written_per_s", "bytes_per_s"),
    [
        # A fifth of 150 MB/s are 3662.1 pages of 8192 bytes: 1.464844 MB/s of log beside 20 MB/s
        (120, 10_000, 1_364_877.2),
        (120, 3000, 1_132_075.5),  # 3000 pages are 1.2 MB/s
        (2000, 10_000, 1_818_181.8),  # 5000 pages in order: going through all of it gains nothing
    ],
)
def test_pages_that_recovery_does_not_read_are_written_by_going_through_all(
    read_per_s: float, written_per_s: float, bytes_per_s: float
) -> None:
    fill = Fill(written_bytes=150_000_000, elapsed_ns=1_000_000_000)
    drive = paged(read_per_s, written_per_s).model_copy(update={"fill": fill})
    reads_none = REPLAY.model_copy(update={"written_share": 0.2})
    assert reads_none.bytes_per_s(drive) == pytest.approx(bytes_per_s)


def test_pages_that_are_read_after_all_take_as_long_as_others_do() -> None:
    """300 in order are 0.12 MB/s of log beside 20 MB/s."""
    fill = Fill(written_bytes=150_000_000, elapsed_ns=1_000_000_000)
    drive = paged(120, 10_000).model_copy(update={"fill": fill})
    reads_none = REPLAY.model_copy(update={"written_share": 0.2})
    assert reads_none.bytes_per_s(drive, reads_pages=True) == pytest.approx(119_284.3)


def test_neighbours_are_written_at_once_where_the_share_of_them_is_known() -> None:
    """2400 writes of 1.25 pages each: 3000 pages, 1.2 MB/s beside 20 MB/s."""
    assert REPLAY.at(4000, 2400, written_share=0.2) == pytest.approx(1_132_075.5)


@pytest.mark.parametrize(
    ("drive", "basis"),
    [
        (paged(300, 50_000), "page reads"),
        (written(5000), "page writes"),
        (measurement(1000), "syncs"),
    ],
)
def test_what_the_speed_of_recovery_rests_on(drive: Measurement, basis: str) -> None:
    assert facts_of(drive).replay_basis == basis


def test_the_pages_lie_on_the_drive_of_the_data_files() -> None:
    log_apart = measurement(100).model_copy(update={"data_files": WHOLE})
    assert facts_of(log_apart).replay_bytes_per_s == pytest.approx(10_000_000)


def test_an_assumption_is_more_than_nothing() -> None:
    assert ASSUMPTIONS.keys() == ASSUMED
    with pytest.raises(ValueError, match="greater than 0"):
        Assumption(value=0, option="", why="")


@pytest.mark.parametrize(
    ("version", "value", "reads"),
    [
        ((14, 9), None, False),  # reads nothing ahead
        ((15, 0), None, True),  # the default is "try"
        ((15, 0), "try", True),
        ((19,), "on", True),
        ((19,), "off", False),
        ((19,), "no", False),
    ],
)
def test_postgresql_reads_in_recovery_what_it_reads_ahead(
    version: tuple[int, ...], value: str | None, reads: bool
) -> None:
    settings = (
        {} if value is None else {"recovery_prefetch": EffectiveSetting("recovery_prefetch", value)}
    )
    assert VENDORS["postgresql"].reads_in_recovery(settings, version) is reads
