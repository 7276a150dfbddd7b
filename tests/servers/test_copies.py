"""`--cluster` on real servers: its fragment starts, audit tells each member and what is wrong with
it, and a copy has what a killed source had acknowledged."""

import json
import time
from typing import Any, Final

import pytest

from tests.powercut.server import Machine, Running
from tests.servers import clusters, galera, group_replication
from tests.servers.account import private_folder, reachable
from tests.servers.copies import (
    CASES,
    RESULTS,
    Case,
    advised,
    ask,
    both_running,
    committed_alone,
    kill_under_load,
    pair_of,
    status,
    wait_for,
)
from tests.servers.harness import ServerDidNotStart, server_named
from tests.servers.member_kills import RESULTS as MEMBER_RESULTS
from tests.servers.member_kills import kill_a_member
from tests.servers.replication import Member
from tests.support.command_line import advisor
from tests.support.faults import missing

STRICT: Final = [case for case in CASES if case.durability == "durable" and not case.changed]
OF_COPIES: Final = (
    *("rpl_semi_sync", "relay_log", "sync_relay", "synchronous_", "group_", "wsrep_"),
    *("binlog_format", "innodb_autoinc", "default_storage", "server_id", "max_wal_senders"),
)
"""How the settings begin that are asked for a cluster's sake."""

Found = tuple[str, str, str, str]


def audited(running: Running) -> dict[str, Any]:
    place, vendor = running.place, running.address.vendor
    dsn = (
        f"postgresql://postgres@/postgres?host={place.run}"
        if vendor == "postgresql"
        else f"{vendor}://root@localhost/?socket={place.socket}"
    )
    done = advisor("audit", "--dsn", dsn, "--interval", "0", "--format", "json", "--quiet")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def told(found: dict[str, Any]) -> list[Found]:
    """What it says of the copies."""
    return [
        (one["severity"], one["setting"], one["current"], one["recommended"])
        for one in found["findings"]
        if one["setting"].startswith(OF_COPIES)
    ]


WITHOUT_END_MS: Final = "4294967295"
"""The largest value of MySQL's manual: 49 days."""
ONE_NAME: Final = (
    *("note", "synchronous_standby_names", "copy1"),
    "one name more than it waits for",
)

ALONE: Final[dict[str, list[tuple[tuple[str, ...], list[Found]]]]] = {
    "mysql": [
        ((), [("data-loss", "rpl_semi_sync_source_clients", "0", "1")]),
        (
            (f"SET GLOBAL rpl_semi_sync_source_timeout = {WITHOUT_END_MS}",),
            [
                ("outage", "rpl_semi_sync_source_clients", "0", "1"),
                ("note", "rpl_semi_sync_source_timeout", WITHOUT_END_MS, "as long as you can wait"),
            ],
        ),
        (
            (
                "SET GLOBAL rpl_semi_sync_source_timeout = 200",
                "SET GLOBAL rpl_semi_sync_source_wait_point = 'AFTER_COMMIT'",
                "CREATE SCHEMA alone",
            ),
            [
                ("data-loss", "rpl_semi_sync_source_status", "OFF", "ON"),
                ("data-loss", "rpl_semi_sync_source_wait_point", "AFTER_COMMIT", "AFTER_SYNC"),
            ],
        ),
    ],
    "mariadb": [
        ((), [("data-loss", "rpl_semi_sync_master_clients", "0", "1")]),
        (
            (f"SET GLOBAL rpl_semi_sync_master_timeout = {WITHOUT_END_MS}",),
            [
                ("outage", "rpl_semi_sync_master_clients", "0", "1"),
                ("note", "rpl_semi_sync_master_timeout", WITHOUT_END_MS, "as long as you can wait"),
            ],
        ),
        (
            (
                "SET GLOBAL rpl_semi_sync_master_timeout = 200",
                "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_COMMIT'",
                "CREATE SCHEMA alone",
            ),
            [
                ("data-loss", "rpl_semi_sync_master_status", "OFF", "ON"),
                ("data-loss", "rpl_semi_sync_master_wait_point", "AFTER_COMMIT", "AFTER_SYNC"),
            ],
        ),
    ],
    "postgresql": [
        (
            (),
            [
                (
                    "outage",
                    "synchronous_standby_names",
                    "copy1",
                    "a standby that is connected",
                ),
                ONE_NAME,
            ],
        ),
        (
            ("ALTER SYSTEM SET synchronous_commit = 'local'", "SELECT pg_reload_conf()"),
            [("data-loss", "synchronous_commit", "local", "on")],
        ),
    ],
}
"""What is done to a source without its copy -> what an audit then finds."""

KNOWN_BY: Final = {
    "mysql": ("rpl_semi_sync_source_enabled = ON", "rpl_semi_sync_replica_enabled = ON"),
    "mariadb": ("rpl_semi_sync_master_enabled = ON", "rpl_semi_sync_slave_enabled = ON"),
    "postgresql": ("synchronous_standby_names = copy1", None),
}
"""Of the source and of the replica; a standby need not show it."""


@pytest.mark.parametrize("case", STRICT, ids=lambda case: case.server)
def test_a_cluster_is_told_and_its_copy_has_what_was_acknowledged(case: Case) -> None:
    vendor = server_named(case.server).vendor
    with private_folder(of_account=False) as room:
        source, replica = pair_of(case, room, [room / "source", room / "replica"])
        with both_running(source, replica) as (first, second):
            acknowledged, lost, alone = kill_under_load(first, second, load_s=0.5)
            assert (acknowledged > 0, lost, alone) == (True, 0, 0)
            found = audited(second)["cluster"]
            assert (found and found["known_by"]) == KNOWN_BY[vendor][1]
            with source.machine.running(source.folder) as first:
                wait_for_copy(first)
                found = audited(first)
                assert found["cluster"]["name"] == case.cluster
                assert found["cluster"]["known_by"] == KNOWN_BY[vendor][0]
                assert told(found) == ([ONE_NAME] if vendor == "postgresql" else [])
        assert_told_alone(source, vendor)


WAITS_FOR_NONE: Final[dict[str, tuple[str, str, list[Found]]]] = {
    "mysql-9.7": (
        "rpl_semi_sync_source_wait_no_replica = OFF\n",
        "OFF",
        [
            ("data-loss", "rpl_semi_sync_source_status", "OFF", "ON"),
            ("data-loss", "rpl_semi_sync_source_wait_no_replica", "OFF", "ON"),
            ("data-loss", "server_id", "0", "a number of its own"),
        ],
    ),
    "mariadb-11.8": (
        "rpl_semi_sync_master_wait_no_slave = OFF\n",
        "ON",
        [
            ("data-loss", "rpl_semi_sync_master_wait_no_slave", "OFF", "ON"),
            ("data-loss", "rpl_semi_sync_master_clients", "0", "1"),
        ],
    ),
}
"""How a source is told to wait for no replica that is gone; its status then, and the findings."""


@pytest.mark.parametrize("name", WAITS_FOR_NONE)
def test_a_source_that_waits_for_no_replica_commits_alone_at_once(name: str) -> None:
    """It never waits for the timeout, which would switch MariaDB's status off."""
    line, shown, found = WAITS_FOR_NONE[name]
    with private_folder(of_account=False) as room:
        folders = [room / "source", room / "replica"]
        source, _ = pair_of(Case(name, "semi-sync"), room, folders, (line, ""))
        with source.machine.running(source.folder) as running:
            with running.connected(1) as (connection,):
                connection.query("CREATE SCHEMA alone")
                connection.query("SET GLOBAL server_id = 0")  # MariaDB makes 1 of it
                assert committed_alone(connection) == 1
                assert status(connection)["rpl_semi_sync_source_status"] == shown
            seen = audited(running)
            assert told(seen) == found
            assert len(seen["cluster"]["no_copies"]) >= 1
            assert seen["cluster"]["survives"] == []


@pytest.mark.parametrize("name", ["postgresql-15", "postgresql-19"])
def test_no_commit_waits_where_no_standby_can_connect(name: str) -> None:
    server = server_named(name)
    lines = "synchronous_standby_names = 'a'\nmax_wal_senders = 0\nwal_level = minimal\n"
    with private_folder(of_account=False) as room:
        tree = reachable(server.installed.tree, room)
        folder = room / "primary"
        folder.mkdir()
        machine = Machine(server, tree, lines, {})
        machine.install(folder)
        with machine.running(folder) as running:
            with running.connected(1) as (connection,):
                connection.query("CREATE TABLE answered (number integer)")  # it would never be
            assert told(audited(running)) == [("data-loss", "max_wal_senders", "0", "10")]


def test_many_kills_lost_nothing() -> None:
    """By `python -m tests.servers.copies`."""
    stored = json.loads(RESULTS.read_text())
    assert set(stored) == {case.name for case in CASES}
    for name, kills in stored.items():
        assert kills["kills"] >= 20, name
        assert kills["acknowledged"] > 1000, name
        assert (kills["lost"], kills["alone"]) == (0, 0), name


def test_many_kills_of_members_lost_nothing() -> None:
    """By `python -m tests.servers.member_kills`."""
    stored = json.loads(MEMBER_RESULTS.read_text())
    assert set(stored) == {case.name for case in clusters.CASES}
    for name, kills in stored.items():
        assert kills["kills"] >= 20, name
        assert kills["acknowledged"] > 1000, name
        assert (kills["lost"], kills["not_back"]) == (0, 0), name


def wait_for_copy(source: Running) -> None:
    with source.connected(1) as (connection,):
        wait_for("the copy is connected again", ask(connection))


def assert_told_alone(source: Member, vendor: str) -> None:
    with source.machine.running(source.folder) as running:
        for statements, expected in ALONE[vendor]:
            with running.connected(1) as (connection,):
                for statement in statements:
                    connection.query(statement)
            assert told(audited(running)) == expected


def test_three_members_of_a_group_are_told_and_two_have_what_was_acknowledged() -> None:
    with (
        private_folder(of_account=False) as room,
        group_replication.Group(room).running() as members,
    ):
        for member in members:
            found = audited(member)
            assert found["cluster"]["name"] == "group-replication"
            assert told(found) == []
        acknowledged, lost = kill_a_member(members[0], members[2], load_s=0.5)
        assert acknowledged
        assert lost == 0
        group_replication.wait_until_online(members[1], 2)
        assert told(audited(members[1])) == [("note", "group_members_online", "2", "3")]
        with members[1].connected(1) as (connection,):
            connection.query("SET GLOBAL group_replication_bootstrap_group = ON")
        assert told(audited(members[1])) == [
            ("data-loss", "group_replication_bootstrap_group", "ON", "OFF"),
            ("note", "group_members_online", "2", "3"),
        ]


def test_three_nodes_of_galera_are_told_and_two_have_what_was_acknowledged() -> None:
    if why := galera.why_missing():
        missing(why)
    with private_folder(of_account=False) as room, galera.Nodes(room).running() as nodes:
        assert rows_of_myisam(nodes[0], nodes[1]) == (1, 0)
        for node in nodes:
            found = audited(node)
            assert found["cluster"]["name"] == "galera"
            assert found["cluster"]["known_by"] == "wsrep_on = ON"
            assert told(found) == []
        acknowledged, lost = kill_a_member(nodes[1], nodes[2], load_s=0.5)
        assert acknowledged
        assert lost == 0
        until_s = time.monotonic() + galera.JOINED_S
        while told(audited(nodes[2])) != [("note", "wsrep_cluster_size", "2", "3")]:
            assert time.monotonic() < until_s
        nodes[0].stop()
        assert told(audited(nodes[2])) == [("data-loss", "wsrep_cluster_size", "1", "3")]


def rows_of_myisam(node: Running, another: Running) -> tuple[int, int]:
    """How many rows each has of a table that was made with default_storage_engine = MyISAM, when
    the other has applied what came after; the audit tells of it."""
    counts = []
    with node.connected(1) as (here,), another.connected(1) as (there,):
        here.query("SET GLOBAL default_storage_engine = MyISAM")
        assert told(audited(node)) == [("data-loss", "default_storage_engine", "MyISAM", "InnoDB")]
        here.query("SET GLOBAL default_storage_engine = InnoDB")
        here.query("SET default_storage_engine = MyISAM")
        here.query("CREATE SCHEMA engines")
        here.query("CREATE TABLE engines.alone (number integer PRIMARY KEY)")
        here.query("CREATE TABLE engines.copied (number integer PRIMARY KEY) ENGINE = InnoDB")
        here.query("INSERT INTO engines.alone VALUES (1)")
        here.query("INSERT INTO engines.copied VALUES (1)")
        there.query("SET wsrep_sync_wait = 1")  # until that is applied
        assert there.query("SELECT count(*) FROM engines.copied") == [(1,)]
        for connection in (here, there):
            ((count,),) = connection.query("SELECT count(*) FROM engines.alone")
            counts.append(int(str(count)))
    return counts[0], counts[1]


def test_a_node_of_galera_does_not_start_with_another_format() -> None:
    if why := galera.why_missing():
        missing(why)
    with private_folder(of_account=False) as room:
        machine = galera.Nodes(room).machine(0, galera.NEW_CLUSTER, "--binlog-format=MIXED")
        folder = room / "node"
        folder.mkdir()
        machine.install(folder)
        refused = pytest.raises(ServerDidNotStart, match="Only binlog_format= 'ROW'")
        with refused, machine.running(folder):
            pass


def test_a_mysql_without_the_plugin_starts_with_the_fragment() -> None:
    text = advised(Case("mysql-9.7", "semi-sync"))
    assert "loose_rpl_semi_sync_source_wait_point = AFTER_SYNC\n" in text
    with server_named("mysql-9.7").running(text) as instance:
        assert instance.read("relay_log_recovery").value == "OFF"
        assert "rpl_semi_sync_source_wait_point" in instance.log()  # a warning, and no more


def test_a_mariadb_without_galera_starts_with_its_fragment() -> None:
    text = advised(Case("mariadb-11.8", "galera"))
    with server_named("mariadb-11.8").running(text) as instance:
        found = instance.read_all(["binlog_format", "innodb_autoinc_lock_mode", "wsrep_on"])
        assert {name: one.value for name, one in found.items()} == {
            "binlog_format": "ROW",
            "innodb_autoinc_lock_mode": "2",
            "wsrep_on": "OFF",
        }
