"""Real servers with what a hostile one would have: text of no encoding, a password asked for in
clear, the schema of a run that was killed."""

import json
import os
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from advisor.errors import AdvisorError
from advisor.servers.connection import Address, Connection
from advisor.servers.load.client import COLUMNS, MARK, SCHEMA, TABLE_NAME, LoadTable
from advisor.vendors.registry import VENDORS
from tests.servers.account import hand_over
from tests.servers.auditing import audited, shown
from tests.servers.harness import Instance, Server, address_of, server_named
from tests.servers.test_addresses import free_port
from tests.servers.test_load import schemas
from tests.servers.test_predict import in_the_background
from tests.servers.test_verify import verified
from tests.support.command_line import advisor
from tests.support.paths import MEASUREMENTS

pytestmark = pytest.mark.quiet

SECRET: Final = "geheim-7Qx"
DRIVE: Final = (MEASUREMENTS / "nvme-plp.json").read_text()
ENCODED: Final = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
ONE_OF_EACH: Final = ("postgresql-15", "mariadb-10.11", "mysql-9.7")
QUICK: Final = ("--clients", "1", "--seconds", "0.2", "--format", "json")


@pytest.fixture(params=ONE_OF_EACH)
def one_of_each(request: pytest.FixtureRequest) -> Server:
    """One server of each vendor."""
    return server_named(request.param)


# Text of no encoding


def of_database(instance: Instance, name: str) -> str:
    return f"host={instance.place.folder} user=postgres dbname={name}"


def test_a_database_of_no_encoding_is_audited_and_predicted_like_others() -> None:
    server = server_named("postgresql-18")
    with server.running("fsync = off\nwork_mem = 8MB\n") as instance:
        instance.query(f"CREATE DATABASE ascii {ENCODED}")
        wholly = audited(server, instance)
        dsn = of_database(instance, "ascii")
        found = audited(server, instance, "--db", "postgresql", "--dsn", dsn)
        assert shown(found) == shown(wholly)
        assert ("corruption-risk", "fsync", "off", "on") in shown(found)
        asked = ("--db", "postgresql", "--dsn", dsn, "--yes", "--from", "-", *QUICK)
        done = advisor("predict", *asked, text=DRIVE)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["commit"] == "asynchronous"


def test_a_role_whose_name_is_no_text_is_named_so_that_one_line_stays_one() -> None:
    server = server_named("postgresql-18")
    with server.running("") as instance:
        instance.query(f"CREATE DATABASE ascii {ENCODED}")
        with closing(Address("postgresql", ascii_login(instance)).connect()) as connection:
            for done in ("CREATE ROLE %I", "ALTER ROLE %I SET synchronous_commit = off"):
                named = f"""format('{done}', E'o\\xff"\\x1b\\nx')"""
                connection.query(f"DO $$ BEGIN EXECUTE {named}; END $$")
        found = audited(
            server, instance, "--db", "postgresql", "--dsn", of_database(instance, "ascii")
        )
    (one,) = found["findings"]
    assert one["change"] == (
        r'ALTER ROLE U&"o\+00005cxff""\+00001b\+00000ax" RESET synchronous_commit;'
    )


def ascii_login(instance: Instance) -> dict[str, str]:
    return {"host": str(instance.place.folder), "user": "postgres", "dbname": "ascii"}


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_verify_reads_back_what_a_client_encoding_in_the_fragment_would_hide(
    encoding: str,
) -> None:
    fragment = f"client_encoding = {encoding}\nwork_mem = 8MB\nfsync = on\nvacuum_cost_limit = 10\n"
    done = verified(server_named("postgresql-18"), fragment, "--format", "json")
    lines = {line["setting"]: line["verdict"] for line in json.loads(done.stdout)["lines"]}
    assert lines == dict.fromkeys(
        ("client_encoding", "work_mem", "fsync", "vacuum_cost_limit"), "ok"
    )


# Passwords in clear


def certificate(folder: Path) -> dict[str, str]:
    """One of the server's own making."""
    key, made = folder / "server.key", folder / "server.crt"
    asked = "req -x509 -nodes -newkey rsa:2048 -subj /CN=localhost -days 2"
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", *asked.split(), *files], check=True, capture_output=True)
    key.chmod(0o600)
    hand_over(folder)
    return {"ssl": "on", "ssl_cert_file": str(made), "ssl_key_file": str(key)}


@pytest.mark.parametrize("encrypts", [False, True])
def test_postgresql_gets_no_password_in_clear_without_tls(encrypts: bool) -> None:
    server = server_named("postgresql-18")
    host = f"127.83.{os.getpid() % 250}.{2 + encrypts}"  # nobody else's port 5432
    network = {"listen_addresses": host}
    with server.configured("", network) as (place, programs):
        if encrypts:
            options = certificate(place.folder)
            with (place.data / "postgresql.conf").open("a") as config:
                config.writelines(f"{name} = '{value}'\n" for name, value in options.items())
        login = {"host": str(place.folder), "user": "postgres", "dbname": "postgres"}
        with server.started(place, programs) as instance:
            instance.query(f"CREATE ROLE me LOGIN PASSWORD '{SECRET}'")
            rules = "local all postgres trust\nlocal all all password\nhost all all all password\n"
            (instance.place.data / "pg_hba.conf").write_text(rules)
            instance.query("SELECT pg_reload_conf()")
            me = {"user": "me", "password": SECRET, "dbname": "postgres"}
            with closing(Address("postgresql", {**login, **me}).connect()) as by_socket:
                assert by_socket.query("SELECT current_user") == [("me",)]
            by_tcp = Address("postgresql", {**me, "host": host})
            if encrypts:
                with closing(by_tcp.connect()) as connection:
                    assert connection.encrypted
                return
            with pytest.raises(AdvisorError, match="asks for the password in clear, and the conn"):
                by_tcp.connect()


def test_mysql_gets_no_password_without_tls_that_it_does_not_know() -> None:
    """caching_sha2_password wants all of it, for whom its cache does not have."""
    server, port = server_named("mysql-9.7"), free_port()
    network = {"skip_networking": "OFF", "bind_address": "127.0.0.1", "port": str(port)}
    with server.running("", extra_options=network) as instance:
        instance.query("CREATE USER me@'%%' IDENTIFIED BY %s", [SECRET])
        options = {"host": "127.0.0.1", "port": port, "user": "me", "password": SECRET}
        plainly = Address("mysql", {**options, "ssl_disabled": True})
        with pytest.raises(AdvisorError, match="wants the password itself, and") as refusal:
            plainly.connect()
        assert refusal.value.hint.startswith("encrypt it: ?ssl-mode=REQUIRED")
        with closing(Address("mysql", options).connect()) as connection:
            assert connection.encrypted
        with closing(plainly.connect()) as connection:  # now it knows me
            assert not connection.encrypted


# What a killed run has left


def under_way(admin: Connection) -> bool:
    """Whether a session has the lock; if not, we have it from now on."""
    lock = VENDORS[admin.vendor].lock_load
    return admin.query(lock) not in ([(1,)], [(True,)])


def test_the_next_run_drops_what_a_killed_one_has_left(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        process = in_the_background(one_of_each, instance, DRIVE)
        while SCHEMA not in schemas(instance):
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(0.5)  # until the table is there, too
        process.kill()
        process.communicate()
        assert schemas(instance) == [SCHEMA]
        address = address_of(one_of_each, instance)
        with closing(address.connect()) as admin:
            while under_way(admin):  # the server has not yet missed the other one
                time.sleep(0.1)
            with LoadTable(admin) as table:
                assert table.commits() == 0
        assert schemas(instance) == []


@pytest.mark.parametrize("how", ["more", "another"])
def test_what_is_not_surely_of_a_killed_run_is_kept(one_of_each: Server, how: str) -> None:
    """A table of ours beside another's, and one without our mark."""
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        if how == "more":
            vendor = VENDORS[one_of_each.vendor]
            for statement in vendor.make_table(SCHEMA, TABLE_NAME, COLUMNS, MARK):
                instance.query(statement)
            instance.query(f"CREATE TABLE {SCHEMA}.mine (a integer)")
        else:
            instance.query(f"CREATE SCHEMA {SCHEMA}")
            instance.query(f"CREATE TABLE {SCHEMA}.counters (id integer, v integer)")
        with (
            closing(address.connect()) as admin,
            pytest.raises(AdvisorError, match="exists") as refusal,
            LoadTable(admin),
        ):
            pass
        assert refusal.value.hint.startswith(f"DROP SCHEMA {SCHEMA}")
        assert schemas(instance) == [SCHEMA]


def test_two_runs_at_once_are_one_too_many(one_of_each: Server) -> None:
    with one_of_each.running("") as instance:
        address = address_of(one_of_each, instance)
        with (
            closing(address.connect()) as admin,
            closing(address.connect()) as other,
            LoadTable(admin),
        ):
            with pytest.raises(AdvisorError, match="another run of predict"), LoadTable(other):
                pass
            assert schemas(instance) == [SCHEMA]
        assert schemas(instance) == []
