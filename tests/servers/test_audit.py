"""fsync-advisor audit against servers that are set up wrongly, rightly and as they come."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.servers.account import start_as_account
from tests.servers.auditing import MEASURED, audited, audited_here, dsn_of, shown
from tests.servers.engines import ENGINES
from tests.servers.harness import Instance, Server, address_of, connect, server_named, stop
from tests.servers.misconfigured import LIVE, LOSS, SLOW, STARTED, Case, Expected
from tests.support.command_line import advisor

SQL: Final = ("ALTER ", "SELECT ", "SET ", "RESET ")


def execute(server: Server, instance: Instance, *statements: str) -> None:
    """Runs statements; PostgreSQL has taken a reload among them when this returns."""
    loaded = "SELECT pg_conf_load_time()"
    before = fresh(server, instance, loaded) if server.vendor == "postgresql" else None
    for statement in statements:
        instance.query(statement)
    if "SELECT pg_reload_conf()" in statements:
        deadline = time.monotonic() + 10
        while fresh(server, instance, loaded) == before:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def fresh(server: Server, instance: Instance, statement: str) -> Any:
    connection = address_of(server, instance).connect()
    try:
        return connection.query(statement)
    finally:
        connection.close()


def change(server: Server, instance: Instance, settings: Mapping[str, str]) -> None:
    if server.vendor == "postgresql":
        asked = [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()]
        execute(server, instance, *asked, "SELECT pg_reload_conf()")
    else:
        asked = [f"SET GLOBAL {name} = {value}" for name, value in settings.items()]
        execute(server, instance, *asked)


def change_back(server: Server, instance: Instance, names: set[str]) -> None:
    if server.vendor == "postgresql":
        execute(server, instance, "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
        return
    if server.vendor == "mysql":
        instance.query("RESET PERSIST")
    for name in sorted(names):
        # What the fragment sets comes back by hand.
        value = "1" if name == "sync_binlog" else "DEFAULT"
        instance.query(f"SET GLOBAL {name} = {value}")


def statements_of(change: str) -> list[str]:
    parts = [part.strip() for part in change.split(";")]
    return [part for part in parts if part.startswith(SQL)]


@pytest.mark.parametrize(("name", "fragment", "cases"), LIVE, ids=[row[0] for row in LIVE])
def test_each_misconfiguration_is_found_and_its_change_ends_it(
    name: str, fragment: str, cases: tuple[Case, ...]
) -> None:
    server = server_named(name)
    with server.running(fragment) as instance:
        for case in cases:
            change(server, instance, case.settings)
            touched = {*case.settings}
            for expected in filter(None, (case.findings, case.then)):
                found = audited_here(server, instance, case.durability)
                assert shown(found) == expected, case.name
                for finding in found["findings"]:
                    assert not finding["restart"], case.name
                    execute(server, instance, *statements_of(finding["change"]))
                    touched.add(finding["setting"])
            assert shown(audited_here(server, instance, case.durability)) == (), case.name
            change_back(server, instance, touched)
        assert shown(audited_here(server, instance, "durable")) == ()


@pytest.mark.parametrize(("name", "fragment", "expected"), STARTED)
def test_what_takes_a_start_is_found_with_its_place(
    name: str, fragment: str, expected: tuple[Expected, ...]
) -> None:
    server = server_named(name)
    with server.running(fragment) as instance:
        found = audited(server, instance)
        assert shown(found) == expected
        for finding in found["findings"]:
            written = f"{finding['setting']} = " in fragment
            assert finding["place"].startswith(str(instance.fragment)) == written
            assert finding["origin"] == ("file" if written else "default")
            if finding["restart"]:
                assert "restart" in finding["change"]


def test_there_are_at_least_20_ways() -> None:
    cases = [case for _, _, rows in LIVE for case in rows if case.findings]
    assert len(cases) + len(STARTED) >= 20


# As they come

SAID: Final = (
    *("--memory", "8GB", "--expected-tps", "1000", "--recovery-time", "10min"),
    *("--log-bytes-per-commit", "8336"),
)
"""What is otherwise assumed, and then makes no finding."""

POOL: Final[tuple[Expected, ...]] = ((SLOW, "innodb_buffer_pool_size", "128M", "6G"),)
AS_POSTGRESQL_COMES: Final[tuple[Expected, ...]] = (
    # An hour of 1000 commits/s of 8336 bytes: 30,009,600,000 bytes.
    (SLOW, "max_wal_size", "1GB", "27GB"),
    (SLOW, "shared_buffers", "128MB", "2GB"),
)
BEFORE_18: Final = (
    AS_POSTGRESQL_COMES[0],
    (SLOW, "effective_io_concurrency", "1", "64"),
    *AS_POSTGRESQL_COMES[1:],
)

AS_IT_COMES: Final[dict[str, tuple[Expected, ...]]] = {
    "postgresql-13": (
        BEFORE_18[0],
        (SLOW, "checkpoint_completion_target", "0.5", "0.9"),
        *BEFORE_18[1:],
    ),
    "postgresql-14": BEFORE_18,
    "postgresql-15": BEFORE_18,
    "postgresql-16": BEFORE_18,
    "postgresql-17": BEFORE_18,
    "postgresql-18": AS_POSTGRESQL_COMES,
    "postgresql-19": AS_POSTGRESQL_COMES,
    # Three quarters of memory, a quarter
    "mysql-9.7": ((SLOW, "innodb_redo_log_capacity", "100M", "6G"), *POOL),
    "mariadb-10.11": ((SLOW, "innodb_log_file_size", "96M", "2G"), *POOL),
    "mariadb-11.8": ((SLOW, "innodb_log_file_size", "96M", "2G"), *POOL),
}
"""Findings on a default installation, for the measured nvme-consumer, with all said that is assumed
otherwise. PostgreSQL's are those of the golden fragments."""


def test_a_default_installation(server: Server) -> None:
    fragment = {"mysql": "[mysqld]\n", "mariadb": "[mariadb]\n"}.get(server.vendor, "")
    with server.running(fragment) as instance:
        found = audited(server, instance, "--from", str(MEASURED), *SAID)
        assert shown(found) == AS_IT_COMES[server.name]
        # Of what is only assumed there is none.
        assumed = shown(audited(server, instance, "--from", str(MEASURED)))
        assert {name for _, name, _, _ in assumed} <= {
            "checkpoint_completion_target",
            "effective_io_concurrency",
        }
    assert found["engine"] == server.vendor
    assert found["engine_version"].split(".")[0] in server.version
    assert found["version_source"] == "as the server says"


def test_with_our_fragment_in_place_there_is_nothing_to_change(one_of_each: Server) -> None:
    version = {"postgresql": "15", "mysql": "9.7", "mariadb": "10.11"}[one_of_each.vendor]
    # Memory that this host can give.
    same = ("--from", str(MEASURED), "--memory", "1GB")
    written = advisor(
        "recommend", "--db", one_of_each.vendor, "--db-version", version, *same, "--quiet"
    )
    assert written.returncode == 0, written.stderr
    with one_of_each.running(written.stdout) as instance:
        found = audited(one_of_each, instance, *same)
        assert shown(found) == ()
        said = advisor(
            *("audit", "--dsn", dsn_of(one_of_each, instance), "--interval", "0", "--quiet", *same)
        )
    assert said.returncode == 0
    verdict, _, server, *_ = said.stdout.splitlines()
    assert verdict.startswith("PASS: nothing to change in ")
    assert server.startswith(
        {"postgresql": "PostgreSQL 15", "mysql": "MySQL 9.7", "mariadb": "MariaDB 10.11"}[
            one_of_each.vendor
        ]
    )
    assert "nothing to change" in said.stdout


# Where values come from


def test_alter_system_outranks_the_file_and_is_shown_with_its_line() -> None:
    server = server_named("postgresql-15")
    with server.running("synchronous_commit = on\n") as instance:
        change(server, instance, {"synchronous_commit": "off"})
        (finding,) = audited(server, instance)["findings"]
        assert finding["origin"] == "persisted"
        assert finding["place"] == f"{instance.place.data}/postgresql.auto.conf:3"
        assert finding["at_risk"]["window_ms"] == 600
        assert finding["at_risk"]["transactions"] == 600  # at the assumed 1000/s
        assert finding["rule"] == "postgresql.synchronous_commit.wait-for-the-flush"


def test_set_persist_outranks_the_file_from_the_next_start_on() -> None:
    server = server_named("mysql-9.7")
    with server.running("[mysqld]\nsync_binlog = 1\n") as instance:
        instance.query("SET PERSIST_ONLY innodb_flush_log_at_trx_commit = 2")
        instance.query("SET PERSIST sync_binlog = 100")
        (finding,) = audited(server, instance)["findings"]
        # The server calls it DYNAMIC while it runs; what is PERSIST_ONLY is not in force yet.
        assert (finding["setting"], finding["origin"]) == ("sync_binlog", "other")
        with started_again(server, instance):
            found = audited(server, instance)["findings"]
        assert [(one["setting"], one["origin"], one["place"]) for one in found] == [
            (name, "persisted", f"{instance.place.data}/mysqld-auto.cnf")
            for name in ("innodb_flush_log_at_trx_commit", "sync_binlog")
        ]


@contextmanager
def started_again(server: Server, instance: Instance) -> Iterator[None]:
    """The same server on the same data."""
    stop_signal = ENGINES[server.vendor].stop_signal
    stop(instance.process, stop_signal)
    assert isinstance(instance.process.args, list)
    with instance.place.log.open("ab") as log:
        process = start_as_account(instance.process.args, log, {}, stop_signal)
    try:
        connect(server.vendor, instance.place, process).close()
        yield
    finally:
        stop(process, stop_signal)


def test_what_roles_and_databases_get_is_found() -> None:
    server = server_named("postgresql-15")
    with server.running("") as instance:
        for statement in (
            "CREATE ROLE batch",
            "CREATE DATABASE shop",
            "ALTER ROLE batch SET synchronous_commit = off",
            'ALTER ROLE batch IN DATABASE shop SET zero_damaged_pages = "on"',
            "ALTER DATABASE shop SET synchronous_commit = 'off'",
            "ALTER ROLE ALL SET work_mem = '8MB'",
            "ALTER DATABASE shop SET commit_delay = 500",
        ):
            instance.query(statement)
        found = audited(server, instance)
        places = {
            (one["setting"], one["place"]): (one["severity"], one["change"])
            for one in found["findings"]
        }
        assert places == {
            ("synchronous_commit", "role batch"): (
                LOSS,
                'ALTER ROLE "batch" RESET synchronous_commit;',
            ),
            ("zero_damaged_pages", "role batch in database shop"): (
                "corruption-risk",
                'ALTER ROLE "batch" IN DATABASE "shop" RESET zero_damaged_pages;',
            ),
            ("synchronous_commit", "database shop"): (
                LOSS,
                'ALTER DATABASE "shop" RESET synchronous_commit;',
            ),
        }
        assert found["findings"][0]["setting"] == "zero_damaged_pages"
        # Seen from that very database, the server's own value is hidden, and that is said.
        inside = audited(server, instance, "--dsn", dsn_of(server, instance, database="shop"))
        assert shown(inside) == shown(found)
        assert any(
            note.startswith("commit_delay, synchronous_commit: this role or database")
            for note in inside["notes"]
        )
        for finding in found["findings"]:
            instance.query(finding["change"])
        assert shown(audited(server, instance)) == ()


def test_what_waits_for_a_restart_is_a_note() -> None:
    server = server_named("postgresql-15")
    with server.running("") as instance:
        change(server, instance, {"data_sync_retry": "on"})
        (finding,) = audited(server, instance)["findings"]
        assert (finding["severity"], finding["setting"]) == ("note", "data_sync_retry")
        assert finding["change"] == "restart the server"
        dsn_ = ("--dsn", dsn_of(server, instance), "--interval", "0", "--quiet")
        assert advisor("audit", *dsn_).returncode == 3
        assert advisor("audit", *dsn_, "--fail-on", "performance").returncode == 0
