"""An audit as its server sees it: which statements it sends, with which privileges, what it sees of
the load, and what it lets nobody see."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for, stored_measurement
from advisor.errors import AdvisorError
from advisor.request import Request
from advisor.servers.connection.transactions import read_only
from advisor.servers.load.client import LoadResult, LoadTable, run_load
from advisor.servers.state import activity
from advisor.servers.state.read import read_server
from advisor.vendors import copies
from advisor.vendors.names import VendorName
from tests.servers.auditing import MEASURED, audited, dsn_of, shown
from tests.servers.conftest import ONE_OF_EACH
from tests.servers.harness import Instance, Server, address_of, server_named
from tests.servers.test_addresses import free_port
from tests.servers.test_load import connected
from tests.support.command_line import advisor, environment, run_process

SECRET: Final = f"geheim-7Qx{os.getpid()}"
FRAGMENTS: Final[dict[VendorName, str]] = {
    "postgresql": "",
    "mysql": "[mysqld]\n",
    "mariadb": "[mariadb]\nlog_bin = binlog\n",
}


def wrong(vendor: VendorName) -> str:
    """A fragment with one mistake in it."""
    relaxed = "innodb_flush_log_at_trx_commit = 2\n"
    return {
        "postgresql": "synchronous_commit = off\n",
        "mysql": f"[mysqld]\n{relaxed}",
        "mariadb": f"[mariadb]\n{relaxed}",
    }[vendor]


Shared = tuple[Server, Instance]


@pytest.fixture(scope="module", params=ONE_OF_EACH)
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    """One server of each vendor with that mistake, and accounts that may do nothing: "looker", and
    "me", who has a password."""
    server = server_named(request.param)
    with server.running(wrong(server.vendor)) as instance:
        if server.vendor == "postgresql":
            instance.query("CREATE ROLE looker LOGIN")
            instance.query(f"CREATE ROLE me LOGIN PASSWORD '{SECRET}'")
            rules = "local all postgres,looker trust\nlocal all all scram-sha-256\n"
            (instance.place.data / "pg_hba.conf").write_text(rules)
            instance.query("SELECT pg_reload_conf()")
        else:
            instance.query("CREATE USER looker@localhost")
            instance.query(f"CREATE USER me@localhost IDENTIFIED BY '{SECRET}'")
        yield server, instance


# The statements


def printed_statements(name: VendorName) -> set[str]:
    """What `audit --show-statements` prints, without its comments."""
    shown = run_process("audit", "--show-statements", "--db", name)
    assert shown.returncode == 0
    lines = [line for line in shown.stdout.splitlines() if line and not line.startswith("--")]
    assert all(line.endswith(";") for line in lines)
    return {line.removesuffix(";") for line in lines}


BY_THE_DRIVER: Final[dict[VendorName, set[str]]] = {
    "postgresql": set(),
    "mysql": {"SET NAMES utf8mb4"},
    "mariadb": {"SET NAMES utf8mb4"},
}


OF_A_MEMBER: Final = {"mysql": {copies.STATUS_SQL, copies.GROUP_MEMBERS_SQL}}
"""tests/servers/test_copies.py has members."""


@pytest.mark.parametrize("name", ["postgresql-15", "postgresql-18", "mariadb-10.11", "mysql-9.7"])
def test_the_server_sees_only_those_statements(name: str) -> None:
    server = server_named(name)
    fragment = FRAGMENTS[server.vendor]
    if server.vendor == "postgresql":
        fragment = "log_statement = all\nlog_line_prefix = '%a|'\n"
    elif server.vendor == "mariadb":
        # Else its tables are not asked, nor is the status of its copies.
        fragment += "performance_schema = ON\nrpl_semi_sync_master_enabled = ON\n"
    with server.running(fragment) as instance:
        seen = logged(server, instance)
    listed = printed_statements(server.vendor)
    assert seen <= listed | BY_THE_DRIVER[server.vendor]
    # All of them, but for the count that another version has, and what members are asked.
    missing = {statement for statement in listed - seen if "pg_stat_" not in statement}
    assert missing == OF_A_MEMBER.get(server.vendor, set())


def logged(server: Server, instance: Instance) -> set[str]:
    """What the server logs while an audit runs that uses every feature."""
    if server.vendor == "postgresql":
        audited(server, instance, "--interval", "0.2")
        return set(re.findall(r"^fsync-advisor\|LOG:  \w+[^:]*: (.*)$", instance.log(), re.M))
    log = instance.place.folder / "general.log"
    ((ours,),) = instance.query("SELECT connection_id()")
    instance.query(f"SET GLOBAL general_log_file = '{log}'")
    instance.query("SET GLOBAL general_log = ON")
    audited(server, instance, "--interval", "0.2")
    instance.query("SET GLOBAL general_log = OFF")
    lines = re.findall(r"\t\s*(\d+) Query\t(.*)$", log.read_text(), re.M)
    return {statement for thread, statement in lines if int(thread) != ours}


def test_nothing_can_be_changed_by_an_audit(shared: Shared) -> None:
    """Its transactions are read-only to the server, too."""
    server, instance = shared
    instance.query("CREATE SCHEMA s")
    instance.query("CREATE TABLE s.t (a integer)")
    with connected(address_of(server, instance), 1) as (connection,):
        with read_only(connection), pytest.raises(AdvisorError, match=r"(?i)read.only"):
            connection.query("INSERT INTO s.t VALUES (1)")
        for _ in range(2):  # the transaction is over, and the next one works
            with read_only(connection):
                assert connection.query("SELECT 1") == [(1,)]


# Privileges


def new_notes(found: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """But for those that only tell another time since the server's start."""

    def timeless(note: str) -> str:
        return re.sub(r"the server's start, \d+ s ago", "the server's start", note)

    known = {timeless(note) for note in before["notes"]}
    return [note for note in found["notes"] if timeless(note) not in known]


def test_an_account_without_privileges_finds_the_same(shared: Shared) -> None:
    server, instance = shared
    wholly = audited(server, instance, "--interval", "0.2")
    asked = ("--dsn", dsn_of(server, instance, "looker"), "--interval", "0.2")
    found = audited(server, instance, *asked)
    assert shown(found) == shown(wholly)
    assert len(found["findings"]) == 1
    notes = new_notes(found, wholly)
    activity = found["activity"]
    if server.vendor != "postgresql":
        assert notes.pop(0).startswith("whether it is a replica or a primary is unknown (whether")
    if server.vendor == "mysql":
        assert notes == []
        assert found["findings"] == wholly["findings"]
    else:
        role, grant, to = {
            "postgresql": ("role", "pg_read_all_settings (or pg_monitor)", "looker"),
            "mariadb": ("account", "FILE", "looker@localhost"),
        }[server.vendor]
        shows = f"this {role} may not see which file sets a setting; GRANT {grant} shows it"
        assert notes == [shows]
        assert found["findings"][0]["place"] == ""
        granted = grant.split(" ")[0]
        every = "ON *.* " if granted == "FILE" else ""
        instance.query(f"GRANT {granted} {every}TO {to}")
        again = audited(server, instance, *asked)
        assert again["findings"] == wholly["findings"]
        assert shows not in again["notes"]
    assert activity["commits_per_s"] is not None
    assert activity["log_syncs_per_s"] is not None
    if server.vendor == "mysql":
        assert activity["binary_log_syncs_per_s"] is None
        assert "SELECT command denied" in activity["binary_log_syncs_from"]
        instance.query(
            "GRANT SELECT ON performance_schema.file_summary_by_event_name TO looker@localhost"
        )
        again = audited(server, instance, *asked)
        assert again["activity"]["binary_log_syncs_per_s"] is not None


# The load


@pytest.mark.parametrize(
    "name", ["postgresql-13", "postgresql-15", "postgresql-18", "mariadb-10.11", "mysql-9.7"]
)
def test_the_commits_it_reports_are_those_the_clients_counted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clients work just while the audit waits, however long its looks take."""
    server = server_named(name)
    results: list[LoadResult] = []
    with server.running(FRAGMENTS[server.vendor]) as instance:
        address = address_of(server, instance)
        with connected(address, 5) as (admin, *clients), LoadTable(admin):

            def work(seconds: float) -> None:
                results.append(run_load(clients, duration_s=seconds, warmup_s=0))

            monkeypatch.setattr(activity, "sleep", work)
            reading = read_server(address, interval_s=2)
    found = reading.activity
    assert found is not None
    commits = results[0].commits_in_all
    assert found.commits_per_s is not None
    assert found.commits_per_s * found.seconds == pytest.approx(commits, rel=0.05)
    if name == "postgresql-13":
        assert (found.log_syncs_per_s, found.log_syncs_from) == (
            None,
            "unknown: PostgreSQL counts them from 14 on",
        )
        return
    # A sync carries one to four commits. PostgreSQL's sessions report theirs once a second, so that
    # up to half may be missing; InnoDB's own flushes add a few.
    assert found.log_syncs_per_s is not None
    assert commits / 4 * 0.4 < found.log_syncs_per_s * found.seconds < commits * 1.3
    if name == "mysql-9.7":
        assert found.binary_log_syncs_per_s is not None
        assert commits / 4 * 0.9 < found.binary_log_syncs_per_s * found.seconds < commits * 1.1
    # Of that measured drive: 609 syncs/s of the log, 5.5 ms for one of the binary log.
    request = Request(server.vendor, reading.version, "as it says", memory_bytes=2**30)
    audit, _ = run_audit(
        reading, request, knowledge_for(server.vendor), stored_measurement(MEASURED)
    )
    assert audit.headroom is not None
    busy = found.log_syncs_per_s / 609 + (found.binary_log_syncs_per_s or 0) * 0.0055
    if name == "mysql-9.7":  # which has timed them itself
        assert found.log_sync_us is not None
        assert found.binary_log_sync_us is not None
        busy = found.log_syncs_per_s * found.log_sync_us / 1e6
        busy += (found.binary_log_syncs_per_s or 0) * found.binary_log_sync_us / 1e6
    assert audit.headroom.used_percent == pytest.approx(100 * busy, rel=0.01)


def test_a_method_that_flushes_by_writing_is_not_counted_as_idle() -> None:
    server = server_named("postgresql-18")
    with server.running("wal_sync_method = open_datasync\n") as instance:
        address = address_of(server, instance)
        with connected(address, 2) as (admin, client), LoadTable(admin, 1000):
            before = instance.query("SELECT sum(writes) FROM pg_stat_io WHERE object = 'wal'")
            result = run_load([client], duration_s=1.5, warmup_s=0, rows=1000)
            (writes,) = instance.query("SELECT sum(writes) FROM pg_stat_io WHERE object = 'wal'")
        activity = audited(server, instance, "--interval", "0.2")["activity"]
    assert writes[0] - before[0][0] >= 0.4 * result.commits  # told once a second, each a commit's
    assert activity["log_syncs_from"] == "pg_stat_io: writes, each a sync by open_datasync"
    assert activity["log_syncs_per_s"] is not None


# Over the network


def test_an_encrypted_connection_is_good_enough() -> None:
    server, port = server_named("mysql-9.7"), free_port()
    network = {"skip_networking": "OFF", "bind_address": "127.0.0.1", "port": str(port)}
    with server.running("[mysqld]\n", network) as instance:
        instance.query(f"CREATE USER me IDENTIFIED BY '{SECRET}' REQUIRE SSL")
        dsn = f"mysql://me:{SECRET}@127.0.0.1:{port}/"
        found = audited(server, instance, "--dsn", dsn)
        assert shown(found) == ()
        # The load cannot do that, and still says so.
        asked = ("--dsn", dsn, "--yes", "--from", str(MEASURED))
        done = advisor("predict", "--db", "mysql", *asked)
        assert "the connection is encrypted" in done.stderr


# What goes wrong, and the password


VARIABLE: Final = {"postgresql": "PGPASSWORD", "mysql": "MYSQL_PWD", "mariadb": "MYSQL_PWD"}


def run(*arguments: str, variables: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "advisor", "audit", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**environment(None), **(variables or {})},
    )


def test_a_password_of_the_environment_is_nowhere_to_be_seen(
    shared: Shared, tmp_path: Path
) -> None:
    server, instance = shared
    for form in ("text", "markdown", "json"):
        output = tmp_path / form
        process = run(
            *("--dsn", dsn_of(server, instance, "me"), "--interval", "0.1"),
            *("--format", form, "--output", str(output)),
            variables={VARIABLE[server.vendor]: SECRET},
        )
        lines: set[str] = set()
        while process.poll() is None:
            lines |= command_lines()
            time.sleep(0.05)
        said = "".join(process.communicate())
        assert process.returncode == 3, said
        assert SECRET not in said + output.read_text()
        assert any("advisor" in line for line in lines)
        assert [line for line in lines if SECRET in line] == []
    assert SECRET not in instance.log()


def command_lines() -> set[str]:
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        found.add(" ".join(process.info["cmdline"] or ()))
    return found


def test_what_cannot_be_read_is_one_line_without_the_password(shared: Shared) -> None:
    server, instance = shared
    right = dsn_of(server, instance, "me:{}")
    port = "postgresql://me:{}@127.0.0.1:1/x" if server.vendor == "postgresql" else None
    wrongly = {
        "nobody listens": port or f"{server.vendor}://me:{{}}@127.0.0.1:1/",
        "another password": dsn_of(server, instance, "me:no-{}"),
        "nobody of that name": dsn_of(server, instance, "you:{}"),
        "no such socket": right.replace(str(instance.place.folder), "/nowhere"),
    }
    if server.vendor == "postgresql":
        wrongly["another database"] = dsn_of(server, instance, "me:{}", database="none")
    hints = {
        "nobody listens": "is it elsewhere? --dsn ",
        "another password": "leave the password to ",
        "nobody of that name": "leave the password to ",
        "no such socket": "is it elsewhere? --dsn ",
        "another database": "name one that exists: --dsn postgresql:///postgres",
    }
    if server.vendor != "postgresql":
        hints["another password"] = hints["nobody of that name"] = "leave the password to ~/.my.cnf"
    for what, form in wrongly.items():
        done = advisor("audit", "--dsn", form.format(SECRET), "--quiet")
        assert (done.returncode, done.stdout) == (1, ""), what
        assert done.stderr.startswith("fsync-advisor: no connection to the "), what
        _, hint = done.stderr.splitlines()
        assert hint.startswith("  hint: "), what
        assert hints[what] in hint, what
        assert SECRET not in done.stderr, what
    done = advisor("audit", "--dsn", right.format(SECRET), "--interval", "0")
    assert done.returncode == 3
    assert SECRET not in done.stdout + done.stderr


def test_mysql_in_the_dsn_may_lead_to_mariadb() -> None:
    server = server_named("mariadb-10.11")
    with server.running(wrong("mariadb")) as instance:
        dsn = dsn_of(server, instance).replace("mariadb://", "mysql://")
        found = audited(server, instance, "--dsn", dsn)
        assert (found["engine"], len(found["findings"])) == ("mariadb", 1)
        done = advisor("audit", "--db", "mysql", "--dsn", dsn, "--interval", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "fsync-advisor: this is a MariaDB server",
        "  hint: --db mariadb",
    ]


SESSIONS: Final[dict[VendorName, str]] = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'",
    "mysql": "SELECT count(*) FROM information_schema.processlist",
    "mariadb": "SELECT count(*) FROM information_schema.processlist",
}


def test_a_server_that_dies_meanwhile_is_one_line(one_of_each: Server) -> None:
    with one_of_each.running(FRAGMENTS[one_of_each.vendor]) as instance:
        before = instance.query(SESSIONS[one_of_each.vendor])
        process = run("--dsn", dsn_of(one_of_each, instance), "--interval", "2", "--quiet")
        while instance.query(SESSIONS[one_of_each.vendor]) == before:
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.7)  # it has looked once, and waits
        instance.process.kill()
        out, said = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert said.startswith("fsync-advisor: the ")
    assert len(said.splitlines()) == 1
