"""predict, run as users run it, against real servers."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from advisor.servers.load.client import SCHEMA
from tests.servers.account import private_folder
from tests.servers.harness import Instance, Preload, Server, server_named
from tests.servers.test_load import schemas
from tests.servers.test_verify import processes_in, program_of
from tests.support.command_line import advisor, environment
from tests.support.slow_drive import probe_slowed, slower_by

QUICK = ("--clients", "1,4", "--seconds", "1")
SLOWER_US = 40_000
"""So long that what else the machine does to a commit is little beside it."""

SERIES = ("overwrite-fdatasync-8k", "append-fdatasync-8k")


def dsn_of(server: Server, instance: Instance) -> str:
    if server.vendor == "postgresql":
        return f"host={instance.place.folder} user=postgres dbname=postgres"
    return f"mysql://root@localhost/?socket={instance.place.socket}"


@pytest.fixture(scope="module")
def slow_drive(slow_library: Path) -> str:
    """A measurement of this drive, made slower, in words that --from - reads."""
    with private_folder() as folder:
        return probe_slowed(slow_library, slower_by(SLOWER_US), folder, *SERIES).stdout


KINDS = {"postgresql": "postgresql", "mysql": "mysql-binary-log", "mariadb": "mariadb"}
SYNCS = {"postgresql": 1, "mysql": 2, "mariadb": 1}


@pytest.mark.quiet
def test_a_throw_away_server_is_predicted_and_measured(one_of_each: Server) -> None:
    with program_of(one_of_each) as (program, places):
        asked = ("predict", "--db", one_of_each.vendor, "--server", str(program))
        done = advisor(*asked, *QUICK, "--format", "json", places=places)
        assert done.returncode == 0, done.stderr
        assert list(places.iterdir()) == []
        assert processes_in(places) == []
    found = json.loads(done.stdout)
    assert (found["engine"], found["commit"]) == (one_of_each.vendor, KINDS[one_of_each.vendor])
    assert found["engine_version"].split("-")[0] in one_of_each.version
    assert (found["append_sync_us"] is None) == (one_of_each.vendor != "mysql")
    no_core_idle = 2 * found["cores"]  # calibration.py: fewer clients tell nothing of the CPU
    assert [point["clients"] for point in found["cpu"]] == sorted(
        {no_core_idle, *(count for count in (1, 4) if count >= no_core_idle)}
    )
    assert all(point["us_per_txn"] > 0 for point in found["cpu"])
    # Where others keep the drive busy, it may have been slower when it was measured than under the
    # load. That may be doubted, if the figures say so, and nothing else is.
    doubts = [note for note in found["notes"] if "the drive was busy then" in note]
    assert found["notes"] == doubts
    syncs_us = found["log_sync_us"] + (found["append_sync_us"] or 0)
    assert not doubts or 1e6 / found["points"][0]["measured_per_s"] < syncs_us
    assert [point["clients"] for point in found["points"]] == [1, 4]
    for point in found["points"]:
        assert point["measured_per_s"] > 0
        error = 100 * (point["predicted_per_s"] / point["measured_per_s"] - 1)
        assert point["error_percent"] == pytest.approx(error)


@pytest.mark.quiet
def test_a_slow_server_is_predicted_from_a_measurement_of_its_slow_drive(
    one_of_each: Server, slow_library: Path, slow_drive: str
) -> None:
    preload = Preload(slow_library, slower_by(SLOWER_US))
    with one_of_each.running("", preload=preload) as instance:
        found = predicted(one_of_each, instance, slow_drive)
        assert schemas(instance) == []
    one, four = found["points"]
    bound_per_s = 1e6 / (SLOWER_US * SYNCS[one_of_each.vendor])
    assert one["predicted_per_s"] < bound_per_s
    assert one["measured_per_s"] < bound_per_s
    # One client is the serial formula; a sync too many or too few would be 33 to 100 %.
    assert abs(one["error_percent"]) < 20
    assert four["measured_per_s"] > 1.3 * one["measured_per_s"]
    assert one["measured_p50_ms"] == pytest.approx(one["predicted_p50_ms"], rel=0.2)
    rolled_back = one_of_each.vendor != "postgresql"
    assert len(found["notes"]) == rolled_back  # and no doubt about the drive


def predicted(server: Server, instance: Instance, measurement: str) -> dict[str, Any]:
    asked = ("--dsn", dsn_of(server, instance), "--yes", "--from", "-", "--format", "json")
    seconds = ("--clients", "1,4", "--seconds", "2")
    done = advisor("predict", "--db", server.vendor, *asked, *seconds, text=measurement)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_table_for_people_fits_80_columns(slow_drive: str) -> None:
    server = server_named("postgresql-15")
    with server.running("") as instance:
        asked = ("--dsn", dsn_of(server, instance), "--yes", "--from", "-", "--clients", "1,2")
        done = advisor("predict", "--db", "postgresql", *asked, "--seconds", "1", text=slow_drive)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "PostgreSQL 15.20, commits as postgresql"
    head, rule, *rows = (line.split()[0] for line in lines[-4:])
    assert [head, set(rule), *rows] == ["clients", {"-"}, "1", "2"]
    assert max(map(len, lines)) <= 80
    # That server runs on this machine's own drive.
    assert "ms: the drive was busy then, or it is another drive\n" in done.stderr


# A server that is not ours


def settings(server: Server, instance: Instance) -> Sequence[tuple[Any, ...]]:
    if server.vendor == "postgresql":
        return instance.query("SELECT name, setting FROM pg_settings ORDER BY name")
    names = "'innodb_flush_log_at_trx_commit', 'sync_binlog'"
    return instance.query(f"SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})")


def test_without_yes_a_running_server_is_not_even_connected_to(
    one_of_each: Server, slow_drive: str
) -> None:
    count = {
        "postgresql": "SELECT sessions FROM pg_stat_database WHERE datname = 'postgres'",
        "mysql": "SHOW GLOBAL STATUS LIKE 'Connections'",
        "mariadb": "SHOW GLOBAL STATUS LIKE 'Connections'",
    }[one_of_each.vendor]
    with one_of_each.running("") as instance:
        before = instance.query(count)
        asked = ("--dsn", dsn_of(one_of_each, instance), "--from", "-")
        done = advisor("predict", "--db", one_of_each.vendor, *asked, text=slow_drive)
        assert instance.query(count) == before
        assert schemas(instance) == []
    assert (done.returncode, done.stdout) == (2, "")
    said, hint = done.stderr.splitlines()
    assert said == (
        "fsync-advisor: this would create the schema fsync_advisor_verify with a table of 100 000"
        " rows, commit to it from up to 64 connections for about 44 s, and drop the schema"
    )
    assert hint == "  hint: add --yes to have it done"


def test_nothing_global_is_changed_on_a_running_server(
    one_of_each: Server, slow_drive: str
) -> None:
    """Watched while it runs, not only afterwards."""
    with one_of_each.running("") as instance:
        before = settings(one_of_each, instance)
        process = in_the_background(one_of_each, instance, slow_drive)
        seen, times = [], 0
        while process.poll() is None:
            times += SCHEMA in schemas(instance)
            seen += [now for now in [settings(one_of_each, instance)] if now != before]
            time.sleep(0.02)
        process.communicate()
        assert (process.returncode, seen) == (0, [])
        assert times > 10
        assert schemas(instance) == []


def in_the_background(
    server: Server, instance: Instance, measurement: str, dsn: str | None = None
) -> "subprocess.Popen[str]":
    asked = ("--dsn", dsn or dsn_of(server, instance), "--yes", "--from", "-", *QUICK)
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "predict", "--db", server.vendor, *asked],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=environment(None),
    )
    assert process.stdin is not None
    process.stdin.write(measurement)
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.parametrize(("number", "after_s"), [(signal.SIGINT, 0.0), (signal.SIGTERM, 1.0)])
def test_interrupted_it_leaves_no_schema_and_what_was_global_as_it_was(
    one_of_each: Server, slow_drive: str, number: signal.Signals, after_s: float
) -> None:
    with one_of_each.running("") as instance:
        before = settings(one_of_each, instance)
        process = in_the_background(one_of_each, instance, slow_drive)
        while SCHEMA not in schemas(instance):
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(after_s)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert schemas(instance) == []
        assert settings(one_of_each, instance) == before


def test_an_error_in_the_middle_is_one_line_and_leaves_no_schema(
    one_of_each: Server, slow_drive: str
) -> None:
    with one_of_each.running("") as instance:
        process = in_the_background(one_of_each, instance, slow_drive)
        while SCHEMA not in schemas(instance):
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(1)
        instance.query(f"DROP TABLE {SCHEMA}.counters")
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "counters" in said.splitlines()[-1]
        assert "Traceback" not in said
        assert schemas(instance) == []


def test_a_schema_of_somebody_else_is_refused_and_kept(
    one_of_each: Server, slow_drive: str
) -> None:
    with one_of_each.running("") as instance:
        instance.query(f"CREATE SCHEMA {SCHEMA}")
        process = in_the_background(one_of_each, instance, slow_drive)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert SCHEMA in said
        assert "exists" in said
        assert schemas(instance) == [SCHEMA]


def test_no_password_is_shown(one_of_each: Server, slow_drive: str) -> None:
    """Whatever is wrong with the DSN."""
    secret = "geheim"
    if one_of_each.vendor == "postgresql":
        wrong = [
            f"host=/nowhere password={secret}",
            f"postgresql://me:{secret}@127.0.0.1:1/x",
            f"postgresql://me:{secret}/more@127.0.0.1:1/x",
            f"host=/nowhere port={secret}",
            f"host=/nowhere {secret}",
            f"host=/nowhere {secret}={secret}",
        ]
    else:
        wrong = [
            f"mysql://me:{secret}@127.0.0.1:1/",
            f"mysql://me:{secret}/more@127.0.0.1:1/",
            f"mysql://me:{secret}@127.0.0.1:port/",
            f"me:{secret}@127.0.0.1",
            f"mysql://me:{secret}@[::1/",
        ]
    for dsn in wrong:
        asked = ("--dsn", dsn, "--yes", "--from", "-")
        done = advisor("predict", "--db", one_of_each.vendor, *asked, text=slow_drive)
        assert done.returncode in (1, 2), done.stderr
        assert secret not in done.stderr + done.stdout, dsn
        assert "Traceback" not in done.stderr


def test_a_server_of_another_vendor_is_refused(slow_drive: str) -> None:
    server = server_named("mariadb-10.11")
    with server.running("") as instance:
        asked = ("--dsn", dsn_of(server, instance), "--yes", "--from", "-", "--quiet")
        done = advisor("predict", "--db", "mysql", *asked, text=slow_drive)
        assert schemas(instance) == []
    assert done.returncode == 2
    assert done.stderr.startswith("fsync-advisor: this is a MariaDB server\n")
