"""What servers make of settings that stand for others, and what an audit finds then."""

from collections.abc import Mapping

import pytest

from tests.servers.auditing import audited, shown
from tests.servers.harness import server_named
from tests.servers.misconfigured import CORRUPTION


@pytest.mark.parametrize(
    ("fragment", "values"),
    [
        ("innodb_flush_method = O_DIRECT_NO_FSYNC\n", {"innodb_doublewrite": "fast"}),
        (
            "innodb_flush_method = O_DIRECT_NO_FSYNC\ninnodb_doublewrite = ON\n",
            {"innodb_doublewrite": "fast"},
        ),
        (
            "innodb_flush_method = O_DIRECT_NO_FSYNC\ninnodb_doublewrite = OFF\n",
            {"innodb_doublewrite": "OFF"},
        ),
        (
            "innodb_flush_method = fsync\ninnodb_data_file_write_through = ON\n",
            {"innodb_data_file_buffering": "ON", "innodb_data_file_write_through": "OFF"},
        ),
        (
            "innodb_flush_method = O_DSYNC\ninnodb_data_file_buffering = ON\n",
            {
                "innodb_data_file_buffering": "OFF",
                "innodb_data_file_write_through": "ON",
                "innodb_log_file_write_through": "ON",
            },
        ),
    ],
)
def test_mariadb_translates_the_flush_method(fragment: str, values: Mapping[str, str]) -> None:
    with server_named("mariadb-11.8").running(f"[mariadb]\n{fragment}") as instance:
        read = instance.read_all(list(values))
    assert {name: setting.value for name, setting in read.items()} == values


def test_a_running_server_and_its_file_are_found_fault_with_alike() -> None:
    server = server_named("mariadb-11.8")
    with server.running("[mariadb]\ninnodb_flush_method = O_DIRECT_NO_FSYNC\n") as instance:
        found = audited(server, instance)
    assert shown(found) == ((CORRUPTION, "innodb_doublewrite", "fast", "ON"),)
    (finding,) = found["findings"]
    assert "innodb_flush_method sets it" in finding["reason"]
    assert "in place of innodb_flush_method" in finding["change"]


def test_a_dedicated_mysql_has_sizes_of_its_own_and_is_left_with_them() -> None:
    server = server_named("mysql-9.7")
    with server.running("[mysqld]\ninnodb_dedicated_server = ON\n") as instance:
        pool = int(instance.read("innodb_buffer_pool_size").value)
        method = instance.read("innodb_flush_method").value
        found = audited(server, instance)
    assert pool > 128 * 1024**2  # the default
    assert method == "O_DIRECT"
    assert shown(found) == ()
    assert any("innodb_dedicated_server is on" in note for note in found["notes"])


@pytest.mark.parametrize("name", ["mysql-9.7", "mariadb-10.11"])
def test_a_binary_log_called_off_is_written(name: str) -> None:
    with server_named(name).running("[mysqld]\nlog_bin = OFF\nserver_id = 1\n") as instance:
        ((first, *_),) = instance.query("SHOW BINARY LOGS")
    assert first == "OFF.000001"
