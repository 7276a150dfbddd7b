"""Options that a server does not have. What servers take was asked of them, and is in profiles/."""

import json
from pathlib import Path

import pytest

from advisor.audit.unknown_options import unknown_options
from advisor.knowledge import load_option_names, load_settings
from advisor.server_state import ServerState
from advisor.servers.config import read_settings
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.support.command_line import run


def unknown(folder: Path, vendor: VendorName, version: str, *lines: str) -> list[str]:
    file = folder / "some.conf"
    group = "" if vendor == "postgresql" else "[mysqld]\n"
    file.write_text(group + "".join(f"{line}\n" for line in lines))
    number = parse_version(version)
    state = ServerState(vendor, number, read_settings(vendor, [file], number).settings)
    settings = load_settings(VENDORS[vendor].engine)
    names = load_option_names(vendor)
    return [line.name for line in unknown_options(state, settings, names)]


def unspaced(text: str) -> str:
    """A long path is broken where a line ends."""
    return "".join(text.split())


@pytest.mark.parametrize(
    ("vendor", "version", "line", "name"),
    [
        # With these the servers that were asked did not start.
        ("mysql", "9.7", "innodb_log_file_size = 1G", "innodb_log_file_size"),
        ("mysql", "9.7", "query-cache-size = 0", "query_cache_size"),
        ("mysql", "9.7", "expire-logs-days = 3", "expire_logs_days"),
        ("mysql", "9.7", "innodb_whatever = 1", "innodb_whatever"),
        ("mysql", "9.7", "rpl_semi_sync_sorce_timeout = 5", "rpl_semi_sync_sorce_timeout"),
        ("mysql", "9.7", "innodb_data_file_buffering = 1", "innodb_data_file_buffering"),
        ("mysql", "8.0.29", "innodb_redo_log_capacity = 1G", "innodb_redo_log_capacity"),
        ("mysql", "8.4", "innodb_data_file_buffering = 1", "innodb_data_file_buffering"),
        ("mysql", "8.4", "relay_log_info_repository = TABLE", "relay_log_info_repository"),
        ("mysql", "8.0.25", "replica_parallel_workers = 4", "replica_parallel_workers"),
        ("mariadb", "10.11", "innodb_redo_log_capacity = 1G", "innodb_redo_log_capacity"),
        ("mariadb", "10.11", "innodb_data_file_buffering = 1", "innodb_data_file_buffering"),
        ("mariadb", "10.6", "innodb_redo_log_capacity = 1G", "innodb_redo_log_capacity"),
        ("mariadb", "11.8", "gtid_mode = ON", "gtid_mode"),
        ("postgresql", "17", "io_workers = 3", "io_workers"),
        ("postgresql", "19", "io_workers = 3", "io_workers"),
        ("postgresql", "15", "checkpoint_segments = 3", "checkpoint_segments"),
    ],
)
def test_an_option_that_the_server_does_not_have(
    tmp_path: Path, vendor: VendorName, version: str, line: str, name: str
) -> None:
    assert unknown(tmp_path, vendor, version, line) == [name]


@pytest.mark.parametrize(
    ("line", "shown", "said"),
    [
        ("fsyncc = off", "fsyncc = off", " (did you mean fsync?)"),
        ("wal_levl = minimal", "wal_levl = minimal", " (did you mean wal_level?)"),
        ("nothing_like_it = 1", "nothing_like_it = 1", ""),
    ],
)
def test_what_was_meant_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, shown: str, said: str
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text(f"{line}\n")
    name = line.split(" ")[0]
    asked = ("--db", "postgresql", "--db-version", "15", "--config", file)
    status, out, _ = run(capsys, "audit", *asked, "--format", "json")
    assert status == 3
    (found,) = json.loads(out)["findings"]
    assert found["reason"] == (
        f"The server does not start with this line: PostgreSQL 15 has no option {name}{said}."
    )
    assert unspaced(f"1. {shown} ({file}:1)") in unspaced(run(capsys, "audit", *asked)[1])


def test_an_option_without_a_value_is_shown_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\nbogus-option\n")
    asked = ("--db", "mysql", "--db-version", "9.7", "--config", file)
    _, out, _ = run(capsys, "audit", *asked)
    assert out.startswith("FAIL: 1 finding: bogus_option (prevents-start).")
    assert unspaced(f"1. bogus_option ({file}:2)") in unspaced(out)
    assert " ON" not in out


@pytest.mark.parametrize(
    ("vendor", "version", "line"),
    [
        ("mysql", "9.7", "loose_innodb_whatever = 1"),
        ("mysql", "9.7", "plugin-load-add = x.so"),
        ("mysql", "9.7", "validate_password.policy = 1"),
        ("mysql", "9.7", "group_replication_group_name = x"),
        ("mysql", "9.7", "rpl_semi_sync_source_timeout = 5"),
        ("mysql", "9.7", "rpl_semi_sync_master_timeout = 5"),
        ("mariadb", "11.8", "rpl_semi_sync_slave_kill_conn_timeout = 5"),
        ("mysql", "9.7", "skip-name-resolve"),
        ("mysql", "9.7", "user = mysql"),
        ("mysql", "8.4", "innodb_log_file_size = 1G"),
        ("mysql", "8.0.36", "innodb_log_files_in_group = 3"),
        ("mysql", "8.0.36", "something_unknown_to_us = 3"),
        # Deprecated, and accepted: the reference of versions says until when.
        ("mysql", "8.0", "relay_log_info_repository = TABLE"),
        ("mysql", "8.2", "relay_log_info_repository = TABLE"),
        ("mysql", "8.0", "slave_parallel_workers = 4"),
        ("mysql", "8.4", "slave_parallel_workers = 4"),
        ("mysql", "8.0", "slave_preserve_commit_order = ON"),
        ("mysql", "8.4", "slave_preserve_commit_order = ON"),
        ("mysql", "9.7", "slave_preserve_commit_order = ON"),
        ("mysql", "8.0.26", "replica_parallel_workers = 4"),
        ("mysql", "8.0.26", "replica_preserve_commit_order = ON"),
        # Removed, accepted and of no effect: asked of 10.11.19 and 11.8.9
        ("mariadb", "10.11", "innodb_buffer_pool_instances = 8"),
        ("mariadb", "11.8", "innodb_log_files_in_group = 2"),
        ("mariadb", "10.6", "innodb_buffer_pool_instances = 8"),
        ("mariadb", "11.8", "innodb_flush_method = fsync"),
        ("mariadb", "11.4", "innodb_flush_method = fsync"),
        ("mariadb", "10.11", "innodb-doublew = 1"),
        ("mariadb", "10.11", "max-allowed = 16M"),
        ("mariadb", "10.11", "max-conn = 100"),
        ("mariadb", "10.11", "wsrep_SR_store = none"),
        ("postgresql", "15", "seed = 0.5"),
        ("mariadb", "10.11", "binlog_order_commits = 1"),
        ("postgresql", "18", "io_workers = 3"),
        ("postgresql", "17", "pg_stat_statements.max = 3"),
        ("postgresql", "13", "vacuum_mem = 1MB"),
    ],
)
def test_an_option_that_it_may_well_have(
    tmp_path: Path, vendor: VendorName, version: str, line: str
) -> None:
    assert unknown(tmp_path, vendor, version, line) == []


@pytest.mark.parametrize("loading", ["plugin-load-add=ddl_rewriter.so", "plugin_load = x.so"])
def test_a_plugin_that_the_file_loads_may_bring_any_option(tmp_path: Path, loading: str) -> None:
    """MySQL 9.7 starts with the first of these, and not without its first line."""
    lines = (loading, "ddl-rewriter = FORCE")
    assert unknown(tmp_path, "mysql", "9.7", *lines) == []
    assert unknown(tmp_path, "mysql", "9.7", *lines[1:]) == ["ddl_rewriter"]
    slip = "rpl_semi_sync_sorce_timeout = 5"  # of a plugin whose options are known
    assert unknown(tmp_path, "mysql", "9.7", loading, slip) == ["rpl_semi_sync_sorce_timeout"]


def test_it_is_a_finding(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\nquery_cache_size = 0\n")
    asking = ("audit", "--db", "mysql", "--db-version", "9.7", "--config", str(file))
    status, out, _ = run(capsys, *asking)
    assert status == 3
    assert "prevents-start" in out
    assert "MySQL 9.7 has no option query_cache_size" in " ".join(out.split())


@pytest.mark.parametrize(
    ("vendor", "series"),
    [
        ("mysql", {"9.7"}),
        ("mariadb", {"10.11", "11.8"}),
        ("postgresql", {"13", "14", "15", "16", "17", "18", "19"}),
    ],
)
def test_the_names_of_each_series_that_was_asked(vendor: VendorName, series: set[str]) -> None:
    names = load_option_names(vendor)
    assert names.keys() == series
    common = {"mysql": "sync_binlog", "mariadb": "sync_binlog", "postgresql": "fsync"}
    assert all(common[vendor] in known and len(known) > 300 for known in names.values())


@pytest.mark.parametrize(
    ("vendor", "version", "is_known"),
    [("mysql", "8.4", False), ("mysql", "9.7", True), ("mariadb", "11.4", False)],
)
def test_where_the_options_are_not_known_a_slip_is_not_noticed_and_that_is_said(
    vendor: str,
    version: str,
    is_known: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "my.cnf"
    config.write_text("[mysqld]\ninnodb_flush_log_at_trx_comit = 2\n")
    asked = ("--config", config, "--db", vendor, "--db-version", version, "--format", "json")
    _, out, _ = run(capsys, "audit", *asked)
    notes = " ".join(json.loads(out)["notes"])
    assert ("takes every name and word is not checked; known are those of" in notes) is not is_known
