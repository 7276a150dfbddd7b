"""The model's own laws. That real servers keep to it is tests/benchmarks/capacity_accuracy's."""

import math
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.capacity.group_commit import (
    CommitModel,
    Cpu,
    SyncLatencies,
    SyncsBesidePages,
    closed_loop,
    open_arrivals,
    sync_wait_us,
)
from advisor.capacity.latency import Latency
from advisor.vendors.commits import CommitDelay
from advisor.vendors.registry import COMMIT_SEQUENCES

ONE_SYNC: Final[tuple[str, ...]] = ("postgresql", "mysql", "mariadb")
TWO_SYNCS: Final[tuple[str, ...]] = ("mysql-binary-log", "mariadb-binary-log")
SHARED: Final = (*ONE_SYNC, *TWO_SYNCS)
ONE_MS: Final = Latency.constant(1_000.0)
NO_CPU: Final = Cpu(2, ((1, 0.0),), wake_us=0.0, sync_cpu_us=0.0, wait_cpu_us=0.0)

latencies_us = st.floats(20.0, 20_000.0)
clients = st.integers(1, 128)
cpus = st.builds(
    lambda cores, us: Cpu(cores, ((1, us),)), st.integers(1, 16), st.floats(10.0, 1_000.0)
)
kinds = st.sampled_from(SHARED)
a_few = settings(max_examples=30, deadline=None)


def tps(kind: str, sync_us: float, cpu: Cpu, count: int, append_us: float | None = None) -> float:
    append = None if append_us is None else Latency.constant(append_us)
    return closed_loop(
        CommitModel(COMMIT_SEQUENCES[kind]),
        SyncLatencies(Latency.constant(sync_us), append),
        cpu,
        clients=count,
    ).tps


@pytest.mark.parametrize("kind", ONE_SYNC)
def test_one_client_is_the_serial_formula(kind: str) -> None:
    assert tps(kind, 2_000.0, NO_CPU, 1) == pytest.approx(500.0)


@pytest.mark.parametrize("kind", TWO_SYNCS)
def test_one_client_waits_for_both_logs(kind: str) -> None:
    assert tps(kind, 2_000.0, NO_CPU, 1, append_us=3_000.0) == pytest.approx(200.0)


@pytest.mark.parametrize("kind", ONE_SYNC)
def test_one_clients_cpu_time_adds_to_its_sync(kind: str) -> None:
    cpu = Cpu(2, ((1, 500.0),), wake_us=0.0, sync_cpu_us=0.0, wait_cpu_us=0.0)
    assert tps(kind, 2_000.0, cpu, 1) == pytest.approx(400.0, rel=0.01)


@pytest.mark.parametrize("kind", ONE_SYNC)
def test_two_clients_take_turns_and_gain_nothing(kind: str) -> None:
    """While one is flushed, the other can only wait: measured so on real servers, whose
    table tests/benchmarks/capacity_accuracy/cells.md is."""
    assert tps(kind, 2_000.0, NO_CPU, 2) == pytest.approx(500.0, rel=0.001)


def one_client(drive: SyncLatencies) -> float:
    model = CommitModel(COMMIT_SEQUENCES["postgresql"])
    return closed_loop(model, drive, NO_CPU, clients=1).tps


@pytest.mark.parametrize(("page_us", "expected"), [(0.0, 1000), (1000.0, 500), (4000.0, 200)])
def test_pages_share_the_drive_with_syncs(page_us: float, expected: float) -> None:
    """Each transaction keeps the drive for its sync of 1 ms and for its pages."""
    drive = SyncLatencies(Latency.constant(1000.0), page_us=page_us)
    assert one_client(drive) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("flush_us", "others_us", "expected"),
    [
        (0.0, 0.0, 1000),
        (1000.0, 0.0, 500),
        (4000.0, 0.0, 333.3),
        (1000.0, 500.0, 425.4),
    ],
)
def test_a_sync_takes_as_long_as_it_was_measured_beside_pages(
    flush_us: float, others_us: float, expected: float
) -> None:
    """1 ms alone, 3 ms beside pages that take F of each transaction's time T: F / T of the syncs
    are among them, so T = 1 + 2 F / T; F = 1 gives 2 ms. F = 4 is more than there is: all of them
    take 3 ms. Half a millisecond of reads leaves 1 - 0.5 / T of the drive: T = 2.351 ms."""
    beside = SyncsBesidePages(Latency.constant(3000.0), None, flush_us, others_us)
    page_us = 1e9  # what no sync may be slowed by here
    drive = SyncLatencies(Latency.constant(1000.0), page_us=page_us, beside_pages=beside)
    assert one_client(drive) == pytest.approx(expected, rel=0.03)
    assert drive.longer_at(expected) == pytest.approx(1000 / expected, rel=0.03)


def test_each_log_has_its_own_syncs_beside_pages() -> None:
    """Of the log 1 ms, of the binary log 2 ms; beside pages that never end 4 ms, and 10 ms. Without
    a figure of its own the binary log has what the pages leave of the drive: beside 6 ms of them
    a transaction takes T = 4 + 2 / (1 - 6 / T), which is 9.46 ms. A binary log of which nothing was
    measured is one more log."""
    model = CommitModel(COMMIT_SEQUENCES["mysql-binary-log"])
    idle = SyncLatencies(Latency.constant(1000.0), Latency.constant(2000.0))

    def rate(append: Latency | None, page_us: float = 0.0) -> float:
        beside = SyncsBesidePages(Latency.constant(4000.0), append, flush_us=1e9)
        drive = replace(idle, beside_pages=beside, page_us=page_us)
        return closed_loop(model, drive, NO_CPU, clients=1).tps

    assert rate(Latency.constant(10_000.0)) == pytest.approx(1e6 / 14_000, rel=0.01)
    assert rate(None) == pytest.approx(1e6 / 6000, rel=0.01)
    assert rate(None, page_us=6000.0) == pytest.approx(1e6 / 9464, rel=0.02)
    alone = SyncsBesidePages(Latency.constant(4000.0), Latency.constant(1.0), flush_us=1e9)
    one_file = replace(idle, append=None, beside_pages=alone)
    assert closed_loop(model, one_file, NO_CPU, clients=1).tps == pytest.approx(125, rel=0.01)


def test_a_transaction_waits_for_what_it_reads() -> None:
    """1 ms of sync and 3 ms of reading; beside 6 ms of others' pages each takes 2.5 times as long:
    with 4 ms x 2.5 a transaction ends every 10 ms, of which the pages are 6."""
    read = SyncLatencies(Latency.constant(1000.0), read_us=3000.0)
    assert one_client(read) == pytest.approx(250)
    assert one_client(replace(read, page_us=6000.0)) == pytest.approx(100, rel=0.01)
    twice = CommitModel(COMMIT_SEQUENCES["postgresql"], commits=2)
    assert closed_loop(twice, read, NO_CPU, clients=1).tps == pytest.approx(200)


def test_pages_take_their_part_of_what_a_provider_allows() -> None:
    """1000 operations a second, of which each transaction takes one and four: 200."""
    drive = SyncLatencies(Latency.constant(10.0), ops_per_s=1000.0, page_operations=4.0)
    model = CommitModel(COMMIT_SEQUENCES["postgresql"])
    found = closed_loop(model, drive, NO_CPU, clients=1)
    assert found.tps == pytest.approx(200, rel=0.01)
    assert found.bottleneck == "operation limit"


@pytest.mark.parametrize(("count", "expected"), [(4, 1_000.0), (16, 4_000.0), (64, 16_000.0)])
def test_two_groups_take_turns(count: int, expected: float) -> None:
    """C / (2 L): half of the clients are flushed while the other half comes back."""
    assert tps("postgresql", 2_000.0, NO_CPU, count) == pytest.approx(expected, rel=0.01)


def test_who_is_flushed_together_is_one_group() -> None:
    outcome = closed_loop(
        CommitModel(COMMIT_SEQUENCES["postgresql"]),
        SyncLatencies(Latency.constant(2_000.0)),
        NO_CPU,
        clients=64,
    )
    assert outcome.group_size == pytest.approx(32.0, rel=0.02)
    assert outcome.bottleneck == "flush"


def test_a_pipeline_of_two_syncs_is_faster_than_both_in_turn() -> None:
    """Measured: about C / (3 to 3.4 L) with a binary log, where both in turn would be C / (4 L)."""
    assert 64e6 / (3.5 * 2_000) < tps("mysql-binary-log", 2_000.0, NO_CPU, 64) < 64e6 / (2 * 2_000)


@pytest.mark.parametrize("kind", SHARED)
def test_few_cores_bind_many_clients_on_a_fast_drive(kind: str) -> None:
    cpu = Cpu(2, ((1, 400.0),), wake_us=0.0, sync_cpu_us=0.0, wait_cpu_us=0.0)
    drive = SyncLatencies(Latency.constant(20.0))
    outcome = closed_loop(CommitModel(COMMIT_SEQUENCES[kind]), drive, cpu, clients=64)
    assert outcome.tps == pytest.approx(5_000.0, rel=0.02)
    assert outcome.bottleneck == "cpu"


def test_one_client_on_a_fast_drive_is_bound_by_itself() -> None:
    drive = SyncLatencies(Latency.constant(20.0))
    outcome = closed_loop(
        CommitModel(COMMIT_SEQUENCES["postgresql"]), drive, Cpu(8, ((1, 400.0),)), clients=1
    )
    assert outcome.bottleneck == "clients"


def test_each_commit_waits_for_its_replica_and_groups_do_not_wait_for_each_other() -> None:
    """1 client: 2 ms of sync and 3 ms of round trip. 64: a group is flushed while another's answer
    is on its way, so that the syncs set the pace: 64 in three turns of 2 ms, more or less."""
    model = CommitModel(COMMIT_SEQUENCES["postgresql"], rtt_us=3_000.0)
    drive = SyncLatencies(Latency.constant(2_000.0))
    alone = closed_loop(model, drive, NO_CPU, clients=1)
    assert alone.tps == pytest.approx(200, rel=0.01)
    assert alone.p50_ms == pytest.approx(5, rel=0.01)
    many = closed_loop(model, drive, NO_CPU, clients=64)
    assert 64 / 0.008 < many.tps < 64 / 0.005
    never_waits = CommitModel(COMMIT_SEQUENCES["asynchronous"], rtt_us=3_000.0)
    assert sync_wait_us(never_waits, drive) == 0
    assert sync_wait_us(model, drive) == 5_000


def test_what_nothing_waits_for_is_bound_by_the_cores() -> None:
    cpu = Cpu(4, ((1, 200.0),), wake_us=0.0)
    outcome = closed_loop(
        CommitModel(COMMIT_SEQUENCES["asynchronous"]),
        SyncLatencies(Latency.constant(9_000.0)),
        cpu,
        clients=32,
    )
    assert outcome.tps == pytest.approx(20_000.0, rel=0.02)
    assert outcome.group_size == 0.0


def test_files_of_their_own_share_nothing() -> None:
    outcome = closed_loop(
        CommitModel(COMMIT_SEQUENCES["separate-files"], commits=3),
        SyncLatencies(Latency.constant(1_000.0)),
        NO_CPU,
        clients=16,
    )
    assert outcome.tps == pytest.approx(1_000 / 3, rel=0.02)


# 1 sync of 1 ms; replaces of 5 ms, or where these were not measured two syncs of a growing file of
# 2 ms, or of the log's 1 ms.
@pytest.mark.parametrize(
    ("drive", "took_ms"),
    [
        (SyncLatencies(ONE_MS, Latency.constant(2_000.0), replace=Latency.constant(5_000.0)), 11),
        (SyncLatencies(ONE_MS, Latency.constant(2_000.0)), 9),
        (SyncLatencies(ONE_MS), 5),
    ],
)
def test_of_files_of_their_own_some_are_replaced(drive: SyncLatencies, took_ms: float) -> None:
    commit = CommitModel(COMMIT_SEQUENCES["separate-files"], commits=3, replaces=2)
    outcome = closed_loop(commit, drive, NO_CPU, clients=1)
    assert outcome.tps == pytest.approx(1000 / took_ms, rel=0.02)
    assert sync_wait_us(commit, drive) == pytest.approx(1000 * took_ms)


# 1 operation and 2 x 2 operations, 100 of them in a second.
def test_a_replace_is_two_operations() -> None:
    drive = SyncLatencies(ONE_MS, replace=Latency.constant(1_000.0), ops_per_s=100)
    commit = CommitModel(COMMIT_SEQUENCES["separate-files"], commits=3, replaces=2)
    assert closed_loop(commit, drive, NO_CPU, clients=4).tps == pytest.approx(20, rel=0.05)
    assert sync_wait_us(commit, drive) == pytest.approx(50_000)


def test_the_ceiling_may_fall_with_the_clients() -> None:
    cpu = Cpu(2, ((4, 100.0), (64, 200.0)))
    assert cpu.at(1) == 100.0
    assert cpu.at(16) == pytest.approx(150.0)  # half way, on a logarithmic scale
    assert cpu.at(512) == 200.0


@a_few
@given(kind=kinds, sync_us=latencies_us, cpu=cpus, count=clients)
def test_never_above_its_bounds(kind: str, sync_us: float, cpu: Cpu, count: int) -> None:
    syncs = 1 if kind in ONE_SYNC else 2
    reached = tps(kind, sync_us, cpu, count)
    slack = 1.02  # of a run that is cut off in the middle of a group
    assert reached <= slack * cpu.cores * 1e6 / cpu.at(1)
    assert reached <= slack * count * 1e6 / (syncs * sync_us + cpu.at(1) * 0.9)
    assert reached <= slack * count * 1e6 / sync_us


@a_few
@given(
    kind=kinds,
    sync_us=st.floats(20.0, 10_000.0),
    cores=st.integers(1, 16),
    cpu_us=st.floats(10.0, 1_000.0),
    count=clients,
)
def test_a_slower_drive_never_sustains_more(
    kind: str, sync_us: float, cores: int, cpu_us: float, count: int
) -> None:
    """Without CPU time of the sync itself: with it, larger groups save some where cores bind."""
    cpu = Cpu(cores, ((1, cpu_us),), sync_cpu_us=0.0, wait_cpu_us=0.0)
    assert tps(kind, 2 * sync_us, cpu, count) <= 1.03 * tps(kind, sync_us, cpu, count)


@a_few
@given(kind=kinds, sync_us=latencies_us, count=clients)
def test_same_arguments_same_outcome(kind: str, sync_us: float, count: int) -> None:
    arguments = (
        CommitModel(COMMIT_SEQUENCES[kind]),
        SyncLatencies(Latency((sync_us, 2 * sync_us))),
        Cpu(2, ((1, 100.0),)),
    )
    first, second = (closed_loop(*arguments, clients=count, seed=7) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", SHARED)
def test_a_lone_arrival_takes_its_syncs_and_its_cpu_time(kind: str) -> None:
    cpu = Cpu(4, ((1, 200.0),), wake_us=0.0, sync_cpu_us=0.0, wait_cpu_us=0.0)
    drive = SyncLatencies(Latency.constant(1_000.0), Latency.constant(3_000.0))
    outcome = open_arrivals(CommitModel(COMMIT_SEQUENCES[kind]), drive, cpu, arrivals_per_s=0.1)
    # Sent when the client's quarter is over: three quarters of 200 us are still to come.
    wanted_ms = 1.15 if kind in ONE_SYNC else 4.15
    assert outcome.p50_ms == pytest.approx(wanted_ms, rel=0.02)


def test_arrivals_share_syncs_and_wait_for_one_or_two() -> None:
    """Who comes during a sync waits for its rest, and for one of its own: p99 is near 2 L."""
    outcome = open_arrivals(
        CommitModel(COMMIT_SEQUENCES["postgresql"]),
        SyncLatencies(Latency.constant(2_000.0)),
        NO_CPU,
        arrivals_per_s=5_000,
    )
    assert outcome.group_size == pytest.approx(10.0, rel=0.05)
    assert outcome.p50_ms == pytest.approx(3.0, rel=0.05)
    assert outcome.p99_ms == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("kind", SHARED)
def test_more_than_the_cores_can_do_never_ends(kind: str) -> None:
    drive = SyncLatencies(Latency.constant(100.0))
    outcome = open_arrivals(
        CommitModel(COMMIT_SEQUENCES[kind]), drive, Cpu(2, ((1, 1_000.0),)), arrivals_per_s=2_500
    )
    assert outcome.p99_ms == math.inf


def test_files_of_their_own_are_not_kept_up_with_beyond_the_serial_bound() -> None:
    engine, drive = (
        CommitModel(COMMIT_SEQUENCES["separate-files"], commits=2),
        SyncLatencies(Latency.constant(1_000.0)),
    )
    assert open_arrivals(engine, drive, NO_CPU, arrivals_per_s=450).p99_ms < math.inf
    assert open_arrivals(engine, drive, NO_CPU, arrivals_per_s=600).p99_ms == math.inf


# Delays


def delayed_tps(kind: str, delay: CommitDelay | None, count: int) -> float:
    drive = SyncLatencies(Latency.constant(2_000.0), Latency.constant(2_000.0))
    return closed_loop(
        CommitModel(COMMIT_SEQUENCES[kind], delay=delay), drive, NO_CPU, clients=count
    ).tps


def test_postgresql_does_not_wait_without_siblings() -> None:
    """commit_siblings = 5 by default: one client never waits."""
    assert delayed_tps("postgresql", CommitDelay(1_000, siblings=5), 1) == pytest.approx(500)
    assert delayed_tps("postgresql", CommitDelay(1_000, siblings=5), 5) == pytest.approx(
        delayed_tps("postgresql", None, 5)
    )


def test_a_delay_gathers_those_who_come_back_meanwhile() -> None:
    """Without it two groups take turns, C / (2 L); with it all go together, C / (L + delay)."""
    delay = CommitDelay(500, siblings=5)
    assert delayed_tps("postgresql", delay, 16) == pytest.approx(16e6 / 2_500, rel=0.02)
    assert delayed_tps("postgresql", None, 16) == pytest.approx(16e6 / 4_000, rel=0.02)


def test_one_client_of_mysql_waits_for_nobody_at_every_commit() -> None:
    """binlog_group_commit_sync_delay comes on top of both syncs."""
    assert delayed_tps("mysql-binary-log", CommitDelay(1_000), 1) == pytest.approx(1e6 / 5_000)


@pytest.mark.parametrize("kind", TWO_SYNCS)
def test_the_delay_ends_when_enough_are_there(kind: str) -> None:
    """sync_no_delay_count = 1, or binlog_commit_wait_count = 1: the first is enough."""
    assert delayed_tps(kind, CommitDelay(1_000, until=1), 1) == pytest.approx(1e6 / 4_000)
    assert delayed_tps(kind, CommitDelay(1_000, until=2), 1) == pytest.approx(1e6 / 5_000)


def test_who_completes_the_number_ends_the_delay() -> None:
    """Two of two are there: did they wait for the rest of 50 ms, there were 40 commits a second."""
    assert delayed_tps("mysql-binary-log", CommitDelay(50_000, until=2), 2) > 300


def test_a_delay_that_ended_early_begins_no_other_sync() -> None:
    """One sync at a time: at most 500 a second of 2 ms each."""
    drive = SyncLatencies(Latency.constant(2_000.0))
    engine = CommitModel(COMMIT_SEQUENCES["postgresql"], delay=CommitDelay(3_000, until=2))
    outcome = closed_loop(engine, drive, NO_CPU, clients=5)
    assert outcome.tps / outcome.group_size <= 505
