"""`recommend --bulk-load` on real servers: on is taken, off restores every value, and a crash in
between means what the first lines say."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from advisor.versions import format_version
from tests.benchmarks import bulk_load
from tests.servers.account import hand_over
from tests.servers.auditing import audited, shown
from tests.servers.engines import ENGINES, Place, Programs
from tests.servers.harness import (
    Instance,
    Server,
    ServerDidNotStart,
    server_named,
    version_of,
)
from tests.support.command_line import run_process
from tests.support.paths import CHECKOUT, MEASUREMENTS

SERVERS: Final = ("postgresql-15", "postgresql-19", "mysql-9.7", "mariadb-11.8")
FREE_BYTES: Final = 1_200_000_000
"""Of which a fifth are 228 MB: 224 in pieces of 16 MB, 220 as one would type them."""

BEFORE: Final = {
    "postgresql": "max_wal_size = 128MB\ncheckpoint_timeout = 10min\nmax_wal_senders = 4\n"
    "archive_mode = on\narchive_command = 'true'\n",
    "mysql": "[mysqld]\ninnodb_redo_log_capacity = 32M\nsync_binlog = 1\n",
    "mariadb": "[mariadb]\ninnodb_log_file_size = 64M\n",
}
NEW: Final = {
    "postgresql": {
        "max_wal_size": "224MB",
        "checkpoint_timeout": "1h",
        "maintenance_work_mem": "100MB",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "archive_mode": "off",
    },
    "mysql": {"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "0"},
    "mariadb": {
        "innodb_log_file_size": str(220 * 1024**2),
        "innodb_flush_log_at_trx_commit": "2",
    },
}
"""What a server shows while the load lasts; with 2 GB of memory, of which 5 % are 102 MB."""

ROWS: Final = 1000
COPY_OF_ITSELF: Final = {
    "postgresql": "BEGIN; CREATE TABLE loaded AS SELECT generate_series(1, 1000) AS n; COMMIT",
    "mariadb": "CREATE TABLE test.loaded SELECT seq AS n FROM test.seq_1_to_1000",
    "mysql": "CREATE TABLE test.loaded SELECT n FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL"
    " SELECT n + 1 FROM s WHERE n < 1000) SELECT n FROM s) AS numbers",
}


@dataclass
class Loaded:
    """A server with its configuration, and the two halves that were made for it."""

    server: Server
    place: Place
    programs: Programs
    folder: Path
    asked: list[str]

    def halves(self, form: str, *more: str) -> dict[str, str]:
        """The texts of on and off, going back to what the server's own files have."""
        named = self.folder / f"load.{form}"
        done = run_process(*self.asked, *more, "--format", form, "--output", named, "--force")
        assert done.returncode == 0, done.stderr
        return {half: (self.folder / f"load-{half}.{form}").read_text() for half in ("on", "off")}

    def put(self, text: str) -> None:
        """As a file of its own, as the first lines say."""
        suffix = Path(ENGINES[self.server.vendor].fragment_name).suffix
        (self.place.fragments / f"zz-fsync-bulk-load{suffix}").write_text(text)
        hand_over(self.place.folder)

    @contextmanager
    def started(self) -> Iterator[Instance]:
        with self.server.started(self.place, self.programs) as instance:
            yield instance

    def shown(self, instance: Instance) -> Mapping[str, str]:
        found = instance.read_all(list(NEW[self.server.vendor]))
        return {name: setting.shown for name, setting in found.items()}


@pytest.fixture(params=SERVERS)
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loaded]:
    yield from prepared(server_named(request.param), tmp_path)


@pytest.fixture
def mysql(tmp_path: Path) -> Iterator[Loaded]:
    yield from prepared(server_named("mysql-9.7"), tmp_path)


def prepared(server: Server, folder: Path) -> Iterator[Loaded]:
    measured = json.loads((MEASUREMENTS / "nvme-consumer.json").read_text())
    measured["target"]["free_bytes"] = FREE_BYTES
    (folder / "drive.json").write_text(json.dumps(measured))
    with server.configured(BEFORE[server.vendor]) as (place, programs):
        is_postgresql = server.vendor == "postgresql"
        main = place.data / "postgresql.conf" if is_postgresql else place.config
        version = format_version(version_of(server))
        asked = ["recommend", "--db", server.vendor, "--db-version", version, "--memory", "2GB"]
        asked += ["--from", str(folder / "drive.json"), "--bulk-load", "--new-instance"]
        asked += ["--config", str(main)]
        yield Loaded(server, place, programs, folder, asked)


def statements(sql: str) -> list[str]:
    return [line for line in sql.splitlines() if line and not line.startswith("--")]


def count(instance: Instance, vendor: str) -> int:
    table = "loaded" if vendor == "postgresql" else "test.loaded"
    return int(instance.query(f"SELECT count(*) FROM {table}")[0][0])


def test_off_restores_every_value_of_the_files(loaded: Loaded) -> None:
    vendor = loaded.server.vendor
    with loaded.started() as instance:
        before = loaded.shown(instance)
    halves = loaded.halves("conf")
    loaded.put(halves["on"])
    with loaded.started() as instance:
        assert loaded.shown(instance) == NEW[vendor]
        assert instance.file_errors() == []
        if vendor == "postgresql":
            left_on = ("note", "wal_level", "minimal", "replica")
            assert left_on in shown(audited(loaded.server, instance))
    loaded.put(halves["off"])
    with loaded.started() as instance:
        assert loaded.shown(instance) == before


def test_off_restores_every_value_by_sql(loaded: Loaded) -> None:
    """PostgreSQL's needs a restart, of which the others' SQL makes use to forget."""
    vendor = loaded.server.vendor
    halves = loaded.halves("sql")
    with loaded.started() as instance:
        before = loaded.shown(instance)
        for statement in statements(halves["on"]):
            instance.query(statement)
        if vendor != "postgresql":
            assert loaded.shown(instance) == NEW[vendor]
            for statement in statements(halves["off"]):
                instance.query(statement)
            assert loaded.shown(instance) == before
            return
    with loaded.started() as instance:
        assert loaded.shown(instance) == NEW[vendor]
        for statement in statements(halves["off"]):
            instance.query(statement)
    with loaded.started() as instance:
        assert loaded.shown(instance) == before


@pytest.mark.parametrize("name", ["postgresql-19", "mariadb-11.8"])
def test_a_server_that_keeps_its_log_recovers(name: str, tmp_path: Path) -> None:
    with contextmanager(prepared)(server_named(name), tmp_path) as each:
        vendor = each.server.vendor
        each.put(each.halves("conf")["on"])
        with each.started() as instance:
            if vendor != "postgresql":
                instance.query("CREATE DATABASE test")
            for statement in COPY_OF_ITSELF[vendor].split("; "):
                instance.query(statement)
            if vendor == "postgresql":  # longer than synchronous_commit = off may lose: 600 ms
                instance.query("SELECT pg_sleep(1)")
            kill(instance)
        with each.started() as instance:
            assert count(instance, vendor) == ROWS


# MySQL's redo log


def redo_log(instance: Instance) -> str:
    rows = instance.query("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'")
    return str(rows[0][1])


def complaints(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (each["severity"], each["change"])
        for each in found["findings"]
        if each["setting"] == "Innodb_redo_log_enabled"
    ]


def test_a_redo_log_that_stays_off_is_reported_whoever_did_it(mysql: Loaded) -> None:
    enable = "ALTER INSTANCE ENABLE INNODB REDO_LOG; It needs the privilege INNODB_REDO_LOG_ENABLE."
    with mysql.started() as instance:
        instance.query("ALTER INSTANCE DISABLE INNODB REDO_LOG")
        assert complaints(audited(mysql.server, instance)) == [("corruption-risk", enable)]
    with mysql.started() as instance:  # a clean stop and start leaves it off
        assert redo_log(instance) == "OFF"
        instance.query(enable.partition(";")[0])
        assert complaints(audited(mysql.server, instance)) == []


def kill(instance: Instance) -> None:
    instance.process.kill()
    instance.process.wait()


def test_a_mysql_that_is_killed_without_its_redo_log_must_be_made_anew(mysql: Loaded) -> None:
    halves = mysql.halves("sql")
    assert "THE INSTANCE MUST BE MADE ANEW" in halves["on"]
    with mysql.started() as instance:
        for statement in statements(halves["on"]):
            instance.query(statement)
        instance.query("CREATE DATABASE test")
        instance.query(COPY_OF_ITSELF["mysql"])
        for statement in statements(halves["off"]):
            instance.query(statement)
        kill(instance)
    with mysql.started() as instance:  # after off it recovers
        assert count(instance, "mysql") == ROWS
        assert redo_log(instance) == "ON"
        for statement in statements(halves["on"]):
            instance.query(statement)
        kill(instance)
    with pytest.raises(ServerDidNotStart, match="MY-013598"), mysql.started():
        pass


# The benchmark's short form: that it works, not which is faster


def test_the_benchmark_loads_both() -> None:
    took = bulk_load.measure(server_named("postgresql-15"), 2)
    assert took.keys() == {"off", "on"}
    assert all(len(each.slices_s) == 1 and each.slices_s[0] > 0 for each in took.values())


def test_the_stored_results_are_of_all_servers() -> None:
    stored = json.loads(bulk_load.RESULTS.read_text())
    assert {each["server"] for each in stored} == set(SERVERS)
    for each in stored:
        assert len(each["slices"]) == each["megabytes"] // each["slice_mb"]
    assert bulk_load.report() in (CHECKOUT / "advisor/commands/README.md").read_text()
