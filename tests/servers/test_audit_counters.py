"""The counters that an audit reads of real servers: with a log that is too small for the load, and
with one that is not."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import pytest

from advisor.model import Unknown
from advisor.server_activity import ServerCounts
from advisor.server_state import ServerState
from advisor.servers.connection import Address, Connection
from advisor.servers.installed.detect import Installed
from advisor.servers.sandbox.temporary import temporary_server
from advisor.servers.state import activity
from advisor.servers.state.read import read_server
from advisor.vendors.registry import VENDORS
from tests.servers.auditing import MEASURED, audited
from tests.servers.harness import Instance, Server, address_of, server_named, version_of
from tests.servers.test_verify import program_of

SMALL: Final = {
    "postgresql": "max_wal_size = 32MB\nmin_wal_size = 32MB\nwal_buffers = 64kB\n",
    "mysql": "[mysqld]\ninnodb_redo_log_capacity = 8M\ninnodb_log_buffer_size = 256K\n",
    "mariadb": "[mariadb]\ninnodb_log_file_size = 4M\ninnodb_log_buffer_size = 2M\n",
}
LARGE: Final = {
    "postgresql": "max_wal_size = 4GB\n",
    "mysql": "[mysqld]\ninnodb_redo_log_capacity = 512M\n",
    "mariadb": "[mariadb]\ninnodb_log_file_size = 256M\n",
}
NAMES: Final = (
    *("postgresql-13", "postgresql-15", "postgresql-18", "postgresql-19"),
    *("mysql-9.7", "mariadb-10.11", "mariadb-11.8"),
)


def work(server: Server, instance: Instance) -> None:
    """Some 100 to 400 MB of log, in a few large transactions."""
    instance.query("CREATE SCHEMA s")
    if server.vendor == "postgresql":
        instance.query(
            "CREATE TABLE s.t AS SELECT g AS id, 0 AS v, repeat('x', 300) AS pad"
            " FROM generate_series(1, 100000) g"
        )
        for _ in range(6):
            instance.query("UPDATE s.t SET v = v + 1")
        return
    instance.query(
        "CREATE TABLE s.t (id INT PRIMARY KEY AUTO_INCREMENT, pad VARCHAR(500)) ENGINE = InnoDB"
    )
    rows = ", ".join("(repeat('y', 400))" for _ in range(1000))
    instance.query(f"INSERT INTO s.t (pad) VALUES {rows}")
    for _ in range(8):
        instance.query("INSERT INTO s.t (pad) SELECT pad FROM s.t")


def of_counters(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Check -> the setting, and what it is."""
    return {
        one["counter"]: (one["setting"], one["current"])
        for one in found["findings"]
        if one["counter"]
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_is_too_small_is_found_by_the_counters(name: str) -> None:
    server = server_named(name)
    with server.running(SMALL[server.vendor]) as instance:
        work(server, instance)
        # PostgreSQL's sessions report what they wrote once a second.
        found = audited(server, instance, "--interval", "1.5")
        measured = audited(server, instance, "--interval", "1.5", "--from", str(MEASURED))
    expected = {
        "postgresql": {"checkpoints-by-size": ("max_wal_size", "32MB")},
        "mysql": {"log-turns": ("innodb_redo_log_capacity", "8M")},
        "mariadb": {"log-turns": ("innodb_log_file_size", "4M")},
    }[server.vendor]
    if server.vendor == "postgresql" and name != "postgresql-13":
        expected["wal-buffers-full"] = ("wal_buffers", "64kB")
    if server.vendor == "mysql":
        expected["log-buffer-waits"] = ("innodb_log_buffer_size", "256K")
    assert of_counters(found) == of_counters(measured) == expected
    counted = found["counters"]["since_start"]
    if server.vendor == "postgresql":
        assert counted["checkpoints"] >= counted["checkpoints_by_size"] >= 10
    else:
        assert counted["log_turns"] >= 10


def test_a_log_that_is_large_enough_is_not(one_of_each: Server) -> None:
    with one_of_each.running(LARGE[one_of_each.vendor]) as instance:
        work(one_of_each, instance)
        found = audited(one_of_each, instance, "--interval", "1.5")
    assert of_counters(found) == {}
    assert not any("forced" in note for note in found["notes"])
    # What InnoDB wrote since its start a few seconds ago, nobody should judge by.
    few = [note for note in found["notes"] if "As much as" in note]
    assert all("too little to judge by; it needs a longer --interval" in note for note in few)


POSITION: Final = {
    "postgresql": "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')",
    "mysql": "SELECT variable_value FROM performance_schema.global_status"
    " WHERE variable_name = 'Innodb_redo_log_current_lsn'",
    "mariadb": "SELECT variable_value FROM information_schema.global_status"
    " WHERE variable_name = 'Innodb_lsn_current'",
}


@pytest.mark.parametrize("name", ["postgresql-15", "postgresql-18", "mysql-9.7", "mariadb-10.11"])
def test_the_log_rate_is_what_was_written_while_it_watched(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_named(name)
    with server.running(LARGE[server.vendor]) as instance:
        written: list[int] = []

        def position() -> int:
            ((value,),) = instance.query(POSITION[server.vendor])
            return int(value)

        def busy(_seconds: float) -> None:
            before = position()
            work(server, instance)
            written.append(position() - before)

        monkeypatch.setattr(activity, "sleep", busy)
        first, last = counts_of(read_server(address_of(server, instance), interval_s=1))
    assert isinstance(first.log_position_bytes, int)
    assert isinstance(last.log_position_bytes, int)
    seen = last.log_position_bytes - first.log_position_bytes
    assert written[0] > 50_000_000
    assert seen == pytest.approx(written[0], rel=0.05)
    if server.vendor == "mysql":  # never more than there is, and not much less
        assert isinstance(first.log_bytes, int)
        assert isinstance(last.log_bytes, int)
        assert 0.8 * seen < last.log_bytes - first.log_bytes < 1.01 * seen


def counts_of(state: ServerState) -> tuple[ServerCounts, ServerCounts]:
    assert state.counts is not None
    return state.counts


def test_a_standby_says_why_it_counts_nothing() -> None:
    server = server_named("postgresql-18")
    with server.configured("") as (place, programs):
        signal = place.data / "standby.signal"
        signal.touch()
        with server.started(place, programs) as instance:
            found = audited(server, instance, "--interval", "0.2")
    why = {"unknown": "this server is a standby, and replays another's WAL"}
    assert found["counters"]["since_start"]["checkpoints"] == why
    assert found["counters"]["interval"]["log_bytes_per_s"] == why
    assert of_counters(found) == {}


def test_what_an_account_may_not_see_is_unknown_in_the_servers_words() -> None:
    server = server_named("postgresql-18")
    with server.running("") as instance:
        instance.query("CREATE ROLE looker LOGIN")
        instance.query("REVOKE ALL ON pg_stat_wal, pg_stat_checkpointer FROM PUBLIC")
        dsn = f"postgresql://looker@/postgres?host={instance.place.folder}"
        found = audited(server, instance, "--dsn", dsn, "--interval", "0.2")
    counted = found["counters"]
    refused = "the PostgreSQL server refuses: permission denied for view"
    denied = {"unknown": f"{refused} pg_stat_wal"}
    assert counted["since_start"]["log_bytes_per_s"] == denied
    assert counted["since_start"]["checkpoints"] == {"unknown": f"{refused} pg_stat_checkpointer"}
    assert isinstance(counted["interval"]["log_bytes_per_s"], float)
    (note,) = (each for each in found["notes"] if each.startswith("counters that"))
    assert note.startswith("counters that the server does not show are not judged: ")
    assert f"{refused} pg_stat_wal" in note
    assert f"{refused} pg_stat_checkpointer" in note


# Older than our rules


def asking(connection: Connection) -> Callable[[str], Any]:
    return connection.query


def settings_of(address: Address, connection: Connection) -> ServerState:
    """A server that an audit refuses, as it would read it."""
    return VENDORS[address.vendor].server_state(
        lambda *statements: [connection.query(statement) for statement in statements]
    )


@pytest.mark.parametrize(
    ("name", "log_size_bytes"), [("mysql-5.6", 2 * 50_331_648), ("mariadb-10.5", 100_663_296)]
)
def test_servers_before_our_rules_count_as_those_after_them(
    name: str, log_size_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stand in for MySQL 5.7 and MariaDB 10.6, as in test_older_servers.py."""
    server = server_named(name)
    with program_of(server) as (program, places):
        monkeypatch.setenv("TMPDIR", str(places))
        installed = Installed(server.vendor, version_of(server), program)
        with (
            temporary_server(installed, None, lambda _: None) as address,
            closing(address.connect()) as connection,
        ):
            vendor = VENDORS[server.vendor]
            state = settings_of(address, connection)
            first = vendor.server_counts(state, asking(connection))
            for _ in range(3):
                connection.query("CREATE DATABASE s")
                connection.query("CREATE TABLE s.t (pad VARCHAR(500)) ENGINE = InnoDB")
                values = ", ".join("(repeat('y', 400))" for _ in range(1000))
                connection.query(f"INSERT INTO s.t VALUES {values}")
                connection.query("DROP DATABASE s")
            last = vendor.server_counts(state, asking(connection))
    assert last.log_size_bytes == log_size_bytes
    assert isinstance(first.log_bytes, int)
    assert isinstance(last.log_bytes, int)
    assert 1_000_000 < last.log_bytes - first.log_bytes < 10_000_000
    assert not isinstance(last.log_buffer_waits, Unknown)
    assert not isinstance(last.page_waits, Unknown)
    assert isinstance(last.log_position_bytes, Unknown) == (server.vendor == "mysql")
