"""What a report says, before anybody decides how it looks: its sentences and its arithmetic.

The model is replaced by one that a person can compute: each client makes what it would alone.
"""

from dataclasses import replace
from typing import Any

import pytest

from advisor.capacity import host as hosting
from advisor.capacity.bounds import ProviderLimits
from advisor.capacity.group_commit import (
    Bottleneck,
    CommitModel,
    Cpu,
    ModelResult,
    SyncLatencies,
    sync_wait_us,
)
from advisor.capacity.host import CapacityRequest
from advisor.capacity.page_load import DataSet
from advisor.capacity.workloads import fill_in
from advisor.commands.source import knowledge_for
from advisor.knowledge import load_workloads
from advisor.measurement import AbsentSeries, Measurement, MeasurementWarning
from advisor.report.alternatives import typical_clients
from advisor.report.build import ReportRequest, build_report
from advisor.report.histogram import histogram
from advisor.report.results import Report
from advisor.request import Request
from advisor.vendors.names import VendorName
from tests.support.drives import classic, device, measurement, round_of, series, summary

MYSQL = Request("mysql", (9, 7), "a test", memory_bytes=8 * 1024**3)
POSTGRESQL = Request("postgresql", (15,), "a test", memory_bytes=8 * 1024**3)
RELAXED = Request("postgresql", (15,), "a test", durability="loses-recent-on-crash")

SERVERS: tuple[VendorName | None, ...] = (None, "mysql", "postgresql")
KNOWLEDGE = {vendor: knowledge_for(vendor) for vendor in SERVERS}

DRIVE = measurement(
    summary(850, p99_us=1500), series("append", "fdatasync", 3000), classic(1000), cpu_count=4
)
"""A sync of the log 0.85 ms, of a growing file 3 ms. With the 0.15 ms of CPU time that are assumed,
a transaction of PostgreSQL's takes 1 ms, and one of MySQL's 4 ms."""
EVENTS = fill_in([load_workloads()["cart"]], {})


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(engine: CommitModel, drive: SyncLatencies, cpu: Cpu, *, clients: int) -> ModelResult:
        each_us = sync_wait_us(engine, drive) + cpu.us_per_txn[0][1]
        by_cpu = cpu.cores * 1e6 / cpu.us_per_txn[0][1]
        tps = min(clients * 1e6 / each_us, by_cpu)
        binds: Bottleneck = "cpu" if tps == by_cpu else "flush"
        return ModelResult(clients, tps, each_us / 1000, each_us / 1000, 1.0, binds)

    def arriving(
        engine: CommitModel, drive: SyncLatencies, cpu: Cpu, *, arrivals_per_s: float
    ) -> ModelResult:
        each_us = sync_wait_us(engine, drive) + cpu.us_per_txn[0][1]
        return ModelResult(0, arrivals_per_s, each_us / 1000, each_us / 1000, 1.0, "flush")

    monkeypatch.setattr(hosting, "closed_loop", closed)
    monkeypatch.setattr(hosting, "open_arrivals", arriving)


def reported(
    drive: Measurement = DRIVE, *requests: Request, rate_per_s: float | None = None, **options: Any
) -> Report:
    capacity = CapacityRequest(**{"client_counts": (1, 4, 8), **options})
    asked = ReportRequest(
        requests, None, capacity, EVENTS, rate_per_s, ("a note",), "fsync-advisor report"
    )
    return build_report(drive, asked, KNOWLEDGE, lambda _: None)


# The three sentences


def test_the_sentences_without_a_server() -> None:
    assert reported().summary == (
        "A sync in /var/lib/database (NVMe SSD without power-loss protection) takes 850 us on"
        " average, p99 1.5 ms; all checks of the drive passed.",
        "A database: one connection commits at most 1,176 times a second; 8 connections reach 8,000"
        " transactions a second in the model, limited by the drive.",
        # 8 / (24.7 + 150 us) are more than 4 cores sustain: 4 / 150 us = 26 667, 3.33 times 8000.
        "A drive like reference 1 (2x 960GB NVMe RAID 1 (Samsung PM983 + Kingston DC1500M);"
        " 24.7 us a sync) would allow 3.33 times as many transactions. --db adds the settings for a"
        " server.",
    )


def test_the_sentences_with_a_server_count_its_lines() -> None:
    report = reported(DRIVE, MYSQL)
    (server,) = report.servers
    assert server.advice is not None
    emitted = [entry.setting for entry in server.advice.settings if entry.emitted]
    _, second, third = report.summary
    assert second.startswith(
        "MySQL 9.7: one connection commits at most 260 times a second; 8 connections reach 2,000"
        " transactions a second in the model, limited by the drive."
    )
    assert third.startswith(
        f"Apply the {len(emitted)} settings for MySQL 9.7: an acknowledged commit survives a server"
        " crash and a power loss. A drive like reference 1 ("
    )


def test_a_lower_durability_is_named_for_what_it_risks() -> None:
    report = reported(DRIVE, RELAXED)
    assert report.summary[1].startswith("PostgreSQL 15: a commit waits for no sync; ")
    assert "any crash may lose the latest commits; the rest stays consistent" in report.summary[2]


def test_several_servers_share_the_sentences() -> None:
    report = reported(DRIVE, MYSQL, POSTGRESQL)
    assert len(report.summary) == 3
    assert "MySQL 9.7: one connection" in report.summary[1]
    assert ". PostgreSQL 15: one connection commits at most 1,176 times" in report.summary[1]
    assert report.summary[2].startswith("Apply the ")
    assert " settings for MySQL 9.7: an acknowledged" in report.summary[2]
    assert " settings for PostgreSQL 15: an acknowledged" in report.summary[2]


def test_a_target_is_answered_in_the_last_sentence() -> None:
    yes = reported(DRIVE, POSTGRESQL, target_tps=3500).summary[2]
    assert "3,500 transactions a second are sustained by PostgreSQL 15 with 4 connections." in yes
    no = reported(DRIVE, POSTGRESQL, target_tps=9000).summary[2]
    assert (
        "9,000 transactions a second are not sustained by PostgreSQL 15 on this drive, but would be"
        " with a drive like "
    ) in no
    never = reported(DRIVE, POSTGRESQL, target_tps=1e9, cores=1).summary[2]
    assert never.endswith("are not sustained by PostgreSQL 15 on this drive.")


def test_a_suspicious_drive_is_called_so_first() -> None:
    fast = measurement(9, devices=(device(rotational=True, transport="sata"),))
    first = reported(fast).summary[0]
    assert "; the drive is suspicious: " in first


def test_a_reported_figure_is_called_reported() -> None:
    first = reported(measurement(summary(1000), source="reported by fio 3.33")).summary[0]
    assert " is reported to take 1 ms on average; whether it survives a power loss" in first


def test_nothing_worth_a_word_is_said_to_bring_nothing() -> None:
    fastest = measurement(20, cpu_count=4)
    report = reported(fastest, client_counts=(1,))
    assert report.summary[2].startswith("A faster drive or more connections would gain little.")


def test_what_risks_commits_is_no_advice() -> None:
    """8 clients: 210 us each as it is, 174.7 us on reference 1, 150 us without syncs."""
    report = reported(measurement(60), POSTGRESQL, cores=64)
    assert changes(report)[-1] == ("durability", 8, 1.4)
    assert report.summary[2].endswith(
        " 24.7 us a sync) would allow 1.2 times as many transactions."
    )


# A drive that is not durable


def test_of_a_drive_that_keeps_nothing_nothing_follows() -> None:
    warned = (MeasurementWarning(code="x", text="a warning"),)
    report = reported(measurement(1000, filesystem="tmpfs", warnings=warned), MYSQL)
    assert report.storage.trust == "not-durable"
    assert report.servers == ()
    assert report.notes == ("a warning",)
    assert report.summary[0].endswith(
        "; it is not durable: tmpfs keeps files in memory: a power loss erases everything,"
        " synced or not."
    )
    assert report.summary[2] == "Measure the directory where the database will live."


# What would change it


def changes(report: Report) -> list[tuple[str, int, float]]:
    (server,) = report.servers
    return [(one.kind, one.clients, round(one.times, 2)) for one in server.alternatives]


def test_one_thing_is_changed_at_a_time() -> None:
    """PostgreSQL: 64 clients are nearest to 8. As it is 8,000/s; a sync of 278 us (the slowest of
    at least twice the speed is number 7c, 481 us: no; 278 us: yes) makes 8 / 428 us."""
    report = reported(DRIVE, POSTGRESQL)
    assert changes(report) == [
        ("none", 8, 1.0),
        ("drive", 8, 2.34),  # 1000 / 428: 2.336
        ("drive", 8, 3.33),  # 4 cores sustain 26 667/s
        ("log-device", 8, 3.33),
        ("durability", 8, 3.33),
    ]
    (server,) = report.servers
    assert server.alternatives[1].change.startswith("a drive like reference 7a (")
    assert server.alternatives[3].change.startswith("the WAL alone on a drive like reference 1 (")
    assert server.alternatives[0].serial_tps == pytest.approx(1176.47, abs=0.01)
    assert server.alternatives[4].serial_tps is None
    assert [one.window_ms for one in server.alternatives[4].losses] == [600]


@pytest.mark.parametrize("asked", [(), (POSTGRESQL,)])
def test_one_connection_is_the_same_in_every_section(asked: tuple[Request, ...]) -> None:
    """1,100 samples of 100 us and 10 of 50 ms: 610 ms in all, though the model keeps a thousand."""
    mean_us = 610_000 / 1110
    rounds = [round_of([100_000] * 1100 + [50_000_000] * 10)]
    skewed = measurement(series("overwrite", "fdatasync", mean_us, rounds=rounds))
    (server,) = reported(skewed, *asked).servers
    assert server.alternatives[0].serial_tps == pytest.approx(1110 / 0.61)
    assert server.capacity.serial[0].tps == pytest.approx(1110 / 0.61)
    assert server.capacity.commit_tps in (None, pytest.approx(1110 / 0.61))


def test_of_two_logs_the_slower_goes_to_the_faster_device() -> None:
    """The binary log takes 3 ms, on reference 1 3.53 times 24.7 us: a commit 850 + 87 + 150 us."""
    (server,) = reported(DRIVE, MYSQL).servers
    (moved,) = (one for one in server.alternatives if one.kind == "log-device")
    assert moved.change.startswith("the binary log alone on a drive like reference 1 (")
    assert moved.tps == pytest.approx(8e6 / (850 + 3000 / 850 * 24.708 + 150), rel=1e-4)
    slow_redo = measurement(3000, series("append", "fdatasync", 850), cpu_count=4)
    (server,) = reported(slow_redo, MYSQL).servers
    (moved,) = (one for one in server.alternatives if one.kind == "log-device")
    assert moved.change.startswith("the redo log alone on a drive like reference 1 (")
    assert moved.tps == pytest.approx(8e6 / (24.708 + 850 + 150), rel=1e-4)


def test_more_clients_and_more_cores_where_they_count() -> None:
    report = reported(DRIVE, client_counts=(64, 256), cores=8)
    assert changes(report)[0] == ("none", 64, 1.0)  # 64 / 1 ms = 64 000/s, but 8 cores: 53 333
    assert changes(report)[-2:] == [("clients", 256, 1.0), ("cores", 64, 1.2)]  # 64 000/s
    (server,) = report.servers
    assert server.alternatives[-1].change == "16 cores"


def test_a_drive_that_is_barely_faster_is_no_change() -> None:
    fast = measurement(49, cpu_count=64)  # reference 1 takes 24.7 us: less than twice as fast
    assert changes(reported(fast)) == [("none", 8, 1.0)]


def test_commits_that_wait_for_nothing_want_no_faster_drive() -> None:
    assert changes(reported(DRIVE, RELAXED)) == [("none", 8, 1.0), ("cores", 8, 2.0)]


@pytest.mark.parametrize(
    ("counts", "typical"), [((1, 8), 8), ((1, 64, 256), 64), ((16, 256), 16), ((1000,), 1000)]
)
def test_changes_are_compared_near_64_clients(counts: tuple[int, ...], typical: int) -> None:
    assert typical_clients(counts) == typical


# Headroom


def test_headroom_of_a_workload_with_a_target() -> None:
    """An order is 12 statements: 1.8 ms of CPU time. 4 cores make 2222/s of them, of which the
    grid's last step leaves 1/32 of 7/8."""
    order = fill_in([load_workloads()["order"]], {})
    (server,) = reported(DRIVE, transactions=order, target_tps=500).servers
    (one,) = server.headroom
    sustained = 4e6 / 1800 * (1 / 8 + 7 / 8 * 31 / 32)
    assert (one.workload, one.wanted_tps) == ("order", 500)
    assert one.sustainable_tps == pytest.approx(sustained)
    assert one.used_percent == pytest.approx(500 / sustained * 100)


def test_headroom_of_single_rows_within_a_p99() -> None:
    (server,) = reported(DRIVE, target_tps=2000, p99_limit_ms=2).servers
    (one,) = server.headroom
    assert (one.workload, one.sustainable_tps, one.used_percent) == ("single-row write", 8000, 25)
    (server,) = reported(DRIVE, target_tps=2000, p99_limit_ms=0.5).servers
    (one,) = server.headroom
    assert (one.sustainable_tps, one.used_percent) == (0, None)


def test_no_target_no_share() -> None:
    order = fill_in([load_workloads()["order"]], {})
    (server,) = reported(DRIVE, transactions=order).servers
    assert [(one.wanted_tps, one.used_percent) for one in server.headroom] == [(None, None)]


# Files of an application


def test_events_are_kept_by_the_sync_of_a_growing_file() -> None:
    """A cart syncs a file that grows and replaces one, which is two such syncs: 1000/s x 3 x 3 ms =
    9, of which the log's 0.85 ms knows nothing."""
    (policy,) = reported(DRIVE, rate_per_s=1000).policies
    assert (policy.workload, policy.sync_us, policy.utilisation) == ("cart", 3000, 9)
    (policy,) = reported(measurement(850), rate_per_s=1000).policies
    assert policy.sync_us == 850
    assert reported(DRIVE).policies == ()


def test_what_nobody_said_is_noted_with_the_capacity() -> None:
    (server,) = reported(DRIVE, POSTGRESQL).servers
    assert server.capacity.notes[-1] == "a note"


# The histogram, and what is kept of the samples


def test_samples_are_counted_without_the_warm_up() -> None:
    rounds = [
        round_of([1, 100_000, 100_000], warmup_count=1),
        round_of([100_000, 1_000_000], warmup_count=0),
    ]
    found = histogram(series("overwrite", "fdatasync", 1000, rounds=rounds))
    assert found is not None
    first, *between, last = found.buckets
    assert (first.from_us, first.samples) == (100, 3)
    assert first.to_us == pytest.approx(112.2, abs=0.01)
    assert (round(last.from_us, 6), last.samples) == (1000, 1)
    assert [bucket.samples for bucket in between] == [0] * 19  # 20 buckets a decade
    assert all(
        low.to_us == high.from_us
        for low, high in zip(found.buckets, found.buckets[1:], strict=False)
    )


def test_samples_on_an_edge_belong_above_it() -> None:
    found = histogram(
        series("overwrite", "fdatasync", 1, rounds=[round_of([10_000] * 2 + [9_999])])
    )
    assert found is not None
    assert [bucket.samples for bucket in found.buckets] == [1, 2]


def test_without_samples_there_is_no_histogram() -> None:
    assert histogram(None) is None
    assert histogram(series("overwrite", "fdatasync", 1000)) is None
    assert histogram(
        series("overwrite", "fdatasync", 1, rounds=[round_of([5], warmup_count=1)])
    ) is (None)


def test_the_samples_stay_in_their_file() -> None:
    primary = series("overwrite", "fdatasync", 1000, rounds=[round_of()])
    report = reported(measurement(primary, absent=(AbsentSeries(name="x", why="y"),)))
    assert [one.rounds for one in report.measurement.series] == [()]
    assert report.measurement.series[0].summary == primary.summary
    assert report.histogram is not None
    assert sum(bucket.samples for bucket in report.histogram.buckets) == 10


def test_a_report_survives_being_json() -> None:
    report = reported(DRIVE, MYSQL, POSTGRESQL, target_tps=9000)
    text = report.model_dump_json(by_alias=True)
    again = Report.model_validate_json(text)
    assert again.model_dump_json(by_alias=True) == text
    assert again.model_copy(update={"servers": report.servers}) == report


def test_the_providers_limit_holds_on_other_drives_too() -> None:
    """8336 bytes of WAL for a commit, of 1 MB/s, are 119.96 commits/s, whatever the drive."""
    limits = ProviderLimits(bytes_per_s=1_000_000)
    (server,) = reported(DRIVE, POSTGRESQL, limits=limits).servers
    drives = [each for each in server.alternatives if each.kind == "drive"]
    assert drives
    for each in (server.alternatives[0], *drives):
        assert each.tps == pytest.approx(119.96, abs=0.01)
        assert each.bottleneck == "bandwidth limit"


def test_a_log_that_moves_leaves_the_datas_pages_where_they_are() -> None:
    """A page written and one read a commit, 1500 of each a second: 750 commits/s, on whatever drive
    the log is; of a drive that takes the data, too, no speed of pages is known."""
    pages = (
        series("random", "none", summary(1000, ops_per_s=1500), direct=True, writers=8),
        series("random-read", "none", summary(1000, ops_per_s=1500), direct=True, writers=8),
    )
    small = replace(POSTGRESQL, memory_bytes=2**30, log_bytes_per_commit=100)
    drive = measurement(summary(850), *pages, cpu_count=4)
    (server,) = reported(drive, small, data=DataSet(10_000 * 2**30)).servers
    by_kind = {one.kind: one for one in server.alternatives}
    assert by_kind["log-device"].tps == pytest.approx(750, rel=0.001)
    assert by_kind["log-device"].bottleneck == "page writes and reads"
    assert by_kind["drive"].tps > 5000
