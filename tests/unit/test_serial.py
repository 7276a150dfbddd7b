"""The serial bound, and the syncs that one commit waits for."""

import pytest

from advisor.capacity.serial import (
    SYNC_COUNTS,
    serial_capacity,
    serial_points,
)
from advisor.units import Value
from advisor.vendors.commits import CommitPath
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS

NOTHING = CommitPath(0, 0)


# Counted with strace: 20 commits of one client on PostgreSQL 18.4, MySQL 9.7.4, MariaDB 10.11.19;
# here per commit, background left out. Why: RecordTransactionCommit of PostgreSQL's xact.c, MySQL's
# MYSQL_BIN_LOG::ordered_commit, MariaDB's trx_group_commit_leader.
@pytest.mark.parametrize(
    ("vendor", "values", "log_bin", "path"),
    [
        ("postgresql", {"synchronous_commit": "on"}, False, CommitPath(1, 0)),
        ("postgresql", {"synchronous_commit": "local"}, False, CommitPath(1, 0)),
        ("postgresql", {"synchronous_commit": "remote_apply"}, False, CommitPath(1, 0)),
        ("postgresql", {"synchronous_commit": "off"}, False, NOTHING),
        # MySQL 9.7.4
        ("mysql", {"innodb_flush_log_at_trx_commit": 1}, False, CommitPath(1, 0)),
        ("mysql", {"innodb_flush_log_at_trx_commit": 2}, False, NOTHING),
        ("mysql", {"innodb_flush_log_at_trx_commit": 0}, False, NOTHING),
        (
            "mysql",
            {"innodb_flush_log_at_trx_commit": 1, "sync_binlog": 1},
            True,
            CommitPath(1, 1),
        ),
        (
            "mysql",
            {"innodb_flush_log_at_trx_commit": 1, "sync_binlog": 0},
            True,
            CommitPath(1, 0),
        ),
        (
            "mysql",
            {"innodb_flush_log_at_trx_commit": 2, "sync_binlog": 1},
            True,
            CommitPath(0, 1),
        ),
        ("mysql", {"innodb_flush_log_at_trx_commit": 2, "sync_binlog": 0}, True, NOTHING),
        ("mysql", {"innodb_flush_log_at_trx_commit": 2, "sync_binlog": 100}, True, NOTHING),
        # without a binary log sync_binlog does nothing
        (
            "mysql",
            {"innodb_flush_log_at_trx_commit": 1, "sync_binlog": 1},
            False,
            CommitPath(1, 0),
        ),
        # MariaDB 10.11.19
        ("mariadb", {"innodb_flush_log_at_trx_commit": 1}, False, CommitPath(1, 0)),
        ("mariadb", {"innodb_flush_log_at_trx_commit": 2}, False, NOTHING),
        ("mariadb", {"innodb_flush_log_at_trx_commit": 0}, False, NOTHING),
        ("mariadb", {"innodb_flush_log_at_trx_commit": 3}, False, CommitPath(1, 0)),
        (
            "mariadb",
            {"innodb_flush_log_at_trx_commit": 1, "sync_binlog": 1},
            True,
            CommitPath(1, 1),
        ),
        (
            "mariadb",
            {"innodb_flush_log_at_trx_commit": 1, "sync_binlog": 0},
            True,
            CommitPath(1, 0),
        ),
        (
            "mariadb",
            {"innodb_flush_log_at_trx_commit": 3, "sync_binlog": 1},
            True,
            CommitPath(2, 1),
        ),
        (
            "mariadb",
            {"innodb_flush_log_at_trx_commit": 2, "sync_binlog": 1},
            True,
            CommitPath(0, 1),
        ),
        # what was not set is at every server's default: durable
        ("postgresql", {}, False, CommitPath(1, 0)),
        ("mysql", {}, False, CommitPath(1, 0)),
        ("mysql", {"innodb_flush_log_at_trx_commit": None}, False, CommitPath(1, 0)),
    ],
)
def test_what_one_commit_waits_for(
    vendor: VendorName, values: dict[str, Value | None], log_bin: bool, path: CommitPath
) -> None:
    assert VENDORS[vendor].commit_path(values, log_bin=log_bin) == path


# By those counts: 1/f without a binary log, 1/(f+b) with one, 1/(2f+b) on MariaDB at 3.
@pytest.mark.parametrize(
    ("path", "append_us", "syncs", "wait_us"),
    [
        (NOTHING, 700, 0, 0),
        (NOTHING, None, 0, 0),
        (CommitPath(1, 0), 700, 1, 250),
        (CommitPath(1, 0), None, 1, 250),
        (CommitPath(1, 1), 700, 2, 950),
        (CommitPath(2, 1), 700, 3, 1200),
        (CommitPath(0, 1), 700, 1, 700),
        # what a growing file costs is not what a recycled one does: unknown, not guessed
        (CommitPath(1, 1), None, 2, None),
        (CommitPath(0, 1), None, 1, None),
    ],
)
def test_how_long_it_waits(
    path: CommitPath, append_us: float | None, syncs: int, wait_us: float | None
) -> None:
    assert path.syncs == syncs
    assert path.wait_us(250, append_us) == wait_us


# 40473.06/s (profiles/storage/references.toml, 1) divided by N, rounded down, as
# github.com/centminmod/centminmod-sysbench, scripts/fsync.py.md has it.
@pytest.mark.parametrize(
    ("syncs", "per_s"),
    [(1, 40473), (2, 20236), (3, 13491), (6, 6745), (12, 3372), (15, 2698), (75, 539)],
)
def test_the_references_figures(syncs: int, per_s: int) -> None:
    (point,) = serial_points(1e6 / 40473.06, (syncs,))
    assert point.syncs == syncs
    assert int(point.tps) == per_s


# The same table for the slowest reference, 83.04/s.
@pytest.mark.parametrize(("syncs", "per_s"), [(2, 41), (3, 27), (6, 13), (12, 6), (15, 5), (75, 1)])
def test_the_slowest_references_figures(syncs: int, per_s: int) -> None:
    (point,) = serial_points(1e6 / 83.04, (syncs,))
    assert int(point.tps) == per_s


# 1000 us: 1000/s, 86 400 s a day.
def test_a_day_has_86400_seconds() -> None:
    one, two = serial_points(1000, (1, 2))
    assert (one.tps, one.per_day) == (1000, 86_400_000)
    assert (two.tps, two.per_day) == (500, 43_200_000)


def test_without_being_asked_the_issues_counts_are_shown() -> None:
    assert SYNC_COUNTS == (1, 2, 3, 6, 12, 15, 75)
    assert [point.syncs for point in serial_points(1000)] == [1, 2, 3, 6, 12, 15, 75]


def test_without_a_server_in_mind_nothing_is_said_of_its_commit() -> None:
    capacity = serial_capacity(250, (4,))
    assert capacity.sync_us == 250
    assert [(point.syncs, point.tps) for point in capacity.serial] == [(4, 1000)]
    assert (capacity.commit_syncs, capacity.commit_us, capacity.commit_tps) == (None, None, None)


@pytest.mark.parametrize(
    ("path", "append_us", "syncs", "commit_us", "per_s"),
    [
        (CommitPath(1, 1), 750, 2, 1000, 1000),
        (CommitPath(1, 0), None, 1, 250, 4000),
        (CommitPath(1, 1), None, 2, None, None),
        # a commit that waits for no sync is not bounded by one
        (NOTHING, 750, 0, 0, None),
    ],
)
def test_what_one_connection_commits(
    path: CommitPath,
    append_us: float | None,
    syncs: int,
    commit_us: float | None,
    per_s: float | None,
) -> None:
    capacity = serial_capacity(250, (1,), path, append_us=append_us)
    assert capacity.commit_syncs == syncs
    assert (capacity.commit_us, capacity.commit_tps) == (commit_us, per_s)
