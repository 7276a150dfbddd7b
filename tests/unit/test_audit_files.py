"""An audit of configuration files: files that are none, lines that stop the server, what to write.

What the servers do with them was asked of them: tests/servers/test_refused_lines.py.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import run

Capture = pytest.CaptureFixture[str]

COMPOSE = """\
services:
  db:
    image: postgres:17
    command: ["postgres", "-c", "fsync=off"]
"""
PATRONI = """\
scope: main
bootstrap:
  dcs:
    postgresql:
      parameters:
        fsync: "off"
"""
CLOUDNATIVEPG = """\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
spec:
  postgresql:
    parameters:
      fsync: "off"
"""
POSTGRESQL = "fsync = off\nshared_buffers = 1GB\n"
OPTIONS = "[mysqld]\nsync_binlog = 0\n"
GROUPLESS = "sync_binlog = 0\ninnodb_doublewrite = 0\n"
MARKED = "\ufeff[mysqld]\nsync_binlog = 0\n"


def ask(capsys: Capture, vendor: str, file: Path, *more: str) -> tuple[int, str, str]:
    versions = {"mysql": "9.7", "mariadb": "10.11", "postgresql": "17"}
    version = () if "--db-version" in more else ("--db-version", versions[vendor])
    status, out, err = run(capsys, "audit", "--db", vendor, *version, "--config", str(file), *more)
    return status, out, " ".join(err.split())


def findings(capsys: Capture, vendor: str, file: Path, *more: str) -> list[dict[str, Any]]:
    status, out, err = ask(capsys, vendor, file, "--format", "json", *more)
    found: list[dict[str, Any]] = json.loads(out)["findings"]
    assert status == (3 if found else 0), err
    return found


@pytest.mark.parametrize(
    ("vendor", "text", "look"),
    [
        ("postgresql", COMPOSE, "it looks like a compose file (YAML)"),
        ("mysql", COMPOSE, "it looks like a compose file (YAML)"),
        ("postgresql", PATRONI, "it looks like a configuration of Patroni (YAML)"),
        ("postgresql", CLOUDNATIVEPG, "it looks like a cluster of CloudNativePG (YAML)"),
        ("mariadb", CLOUDNATIVEPG.replace("postgresql.cnpg.io/", "apps/"), "Kubernetes (YAML)"),
        ("postgresql", "a:\n  - b\n", "it looks like YAML"),
        ("mysql", POSTGRESQL, "it looks like a postgresql.conf hint: is --db postgresql meant?"),
        ("postgresql", OPTIONS, "an option file of MySQL or MariaDB hint: is --db mysql or maria"),
        (
            "mysql",
            GROUPLESS,
            "lines of an option file of MySQL or MariaDB without their group hint",
        ),
        ("mysql", MARKED, "it begins with a byte-order mark"),
        ("mariadb", MARKED, "it begins with a byte-order mark"),
        ("postgresql", "\ufefffsync = off\n", "it begins with a byte-order mark"),
        ("postgresql", '{"fsync": "off"}\n', "it looks like JSON"),
        ("postgresql", "ALTER SYSTEM SET fsync = 'off';\n", "it looks like SQL"),
        ("postgresql", "\x7fELF\0\0", "it looks like no text at all"),
        ("mysql", "[client]\nport = 3307\n", "has nothing that MySQL reads: its groups are [cl"),
        ("mysql", "[Unit]\nAfter = x\n", "has nothing that MySQL reads"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_by_its_look(
    capsys: Capture, tmp_path: Path, vendor: str, text: str, look: str
) -> None:
    file = tmp_path / "some.conf"
    file.write_text(text)
    status, out, err = ask(capsys, vendor, file)
    assert (status, out) == (1, "")
    assert str(file) in err
    assert look in err


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("postgresql", "# nothing\n"),
        ("postgresql", "fsync = on\n"),
        ("mysql", ""),
        ("mysql", "[mysqld]\n"),
        ("mysql", "[client]\nport = 1\n[mysqld]\nsync_binlog = 1\n"),
        ("mysql", "[mysqld-8.0]\nsync_binlog = 0\n"),
        ("mariadb", "[mariadb]\nsync_binlog = 1\n"),
    ],
)
def test_a_file_that_is_understood_is_not(
    capsys: Capture, tmp_path: Path, vendor: str, text: str
) -> None:
    file = tmp_path / "some.conf"
    file.write_text(text)
    assert ask(capsys, vendor, file)[0] == 0


@pytest.mark.parametrize(
    ("vendor", "text", "expected"),
    [
        # vendor, lines, (setting, current, recommended)
        ("postgresql", "fsync on off\n", ("fsync", "fsync on off", "on")),
        ("postgresql", "fsync = perhaps\n", ("fsync", "perhaps", "on")),
        ("postgresql", "commit_delay = 10ms\n", ("commit_delay", "10ms", "0")),
        ("postgresql", "wal_writer_delay = 30s\n", ("wal_writer_delay", "30s", "200ms")),
        (
            "postgresql",
            "wal_sync_method = fsync_writethrough\n",
            ("wal_sync_method", "fsync_writethrough", "fdatasync"),
        ),
        ("mysql", "[mysqld]\nsync_binlog = lots\n", ("sync_binlog", "lots", "1")),
        ("mysql", "[mysqld]\nsync_binlog = lots\nsync_binlog = 1\n", ("sync_binlog", "lots", "1")),
        (
            "mariadb",
            "[mysqld]\ninnodb_d = 0\n",
            ("innodb_d", "0", "a line that the server accepts"),
        ),
        (
            "mysql",
            "[mysqld]\ninnodb_buffer_pool_size = 6.5G\n",
            ("innodb_buffer_pool_size", "6.5G", "a line that the server accepts"),
        ),
        (
            "postgresql",
            "shared_buffers = 25%\n",
            ("shared_buffers", "shared_buffers = 25%", "a line that the server accepts"),
        ),
        ("mysql", "[mysqld]\nx = 1\n[bro\n", ("[bro", "[bro", "a line that the server accepts")),
    ],
)
def test_a_line_that_stops_the_server_is_a_finding(
    capsys: Capture, tmp_path: Path, vendor: str, text: str, expected: tuple[str, str, str]
) -> None:
    file = tmp_path / "some.conf"
    file.write_text(text)
    (found,) = (
        each
        for each in findings(capsys, vendor, file)
        if each["severity"] == "prevents-start" and each["setting"] != "x"
    )
    assert (found["setting"], found["current"], found["recommended"]) == expected
    assert found["place"].startswith(f"{file}:")
    assert found["place"] in found["change"]
    assert "ALTER SYSTEM" not in found["change"]
    assert "SET PERSIST" not in found["change"]


def test_a_wrong_value_that_is_overridden_does_not_stop_postgresql(
    capsys: Capture, tmp_path: Path
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("fsync = perhaps\nfsync = on\n")
    assert findings(capsys, "postgresql", file) == []


def test_what_is_said_as_a_finding_is_no_note_as_well(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("fsync = perhaps\n")
    _, out, _ = ask(capsys, "postgresql", file, "--format", "json")
    assert not any("does not start" in note for note in json.loads(out)["notes"])


def test_an_included_option_file_ends_where_it_cannot_be_read(
    capsys: Capture, tmp_path: Path
) -> None:
    """MySQL 9.7.4 and MariaDB 11.8.9 say so on stderr, take the rest of the files, and start."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.cnf").write_text("[mysqld]\nsync_binlog = 1\n")
    (tmp_path / "conf.d" / "b.cnf").write_text("\ufeff[mysqld]\nsync_binlog = 0\n")
    (tmp_path / "conf.d" / "c.cnf").write_text(
        "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\n[bro\nsync_binlog = 0\n"
    )
    file = tmp_path / "my.cnf"
    file.write_text(f"[mysqld]\n!includedir {tmp_path}/conf.d/\n")
    found = findings(capsys, "mysql", file)
    assert [each["setting"] for each in found] == ["innodb_flush_log_at_trx_commit"]
    _, _, err = ask(capsys, "mysql", file)
    assert f"{tmp_path}/conf.d/b.cnf:1: the server cannot read this line, and takes nothing" in err


def test_changes_name_the_file_the_line_and_the_new_line(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("# first\nfsync = off\ndata_sync_retry = on\n")
    found = {each["setting"]: each["change"] for each in findings(capsys, "postgresql", file)}
    assert found == {
        "fsync": f"in {file}:2 write fsync = on, then reload the server",
        "data_sync_retry": f"in {file}:3 write data_sync_retry = off, then restart the server",
    }
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\nlog_bin = x\ninnodb_flush_method = nosync\n")
    found = {each["setting"]: each["change"] for each in findings(capsys, "mysql", file)}
    assert found == {
        "innodb_flush_method": f"take the line out of {file}:3, then restart the server"
    }
    found = {each["setting"]: each["change"] for each in findings(capsys, "mariadb", file)}
    assert found == {
        "sync_binlog": f"add to {file} under [mariadb] sync_binlog = 1, which takes effect at the"
        " next restart, or at once with SET GLOBAL",
        "innodb_flush_method": f"in {file}:3 write innodb_flush_method = O_DIRECT, then restart"
        " the server",
    }


def test_what_alter_system_set_is_changed_by_it(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")
    (tmp_path / "postgresql.auto.conf").write_text("fsync = 'off'\n")
    file = tmp_path / "postgresql.conf"
    file.write_text("")
    (found,) = findings(capsys, "postgresql", file)
    assert found["change"] == "ALTER SYSTEM SET fsync = 'on'; SELECT pg_reload_conf();"


@pytest.mark.parametrize(
    ("vendor", "version", "is_said"),
    [("mysql", "5.7", False), ("mysql", "8.0.36", True), ("mariadb", "10.11", False)],
)
def test_before_8_0_there_is_no_mysqld_auto_cnf(
    capsys: Capture, tmp_path: Path, vendor: str, version: str, is_said: bool
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text("[mysqld]\n")
    _, _, err = ask(capsys, vendor, file, "--db-version", version)
    assert ("mysqld-auto.cnf" in err) is is_said


def test_a_data_directory_elsewhere_is_said(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text(f"data_directory = '{tmp_path}/elsewhere'\n")
    status, _, err = ask(capsys, "postgresql", file)
    assert status == 0
    assert (
        f"the data directory {tmp_path}/elsewhere is not on this host, so postgresql.auto.conf was"
        " not read"
    ) in err


@pytest.mark.parametrize("line", ["include 'a.conf'", "include_dir 'conf.d'"])
def test_an_include_that_is_missing_here_may_be_there_on_the_server(
    capsys: Capture, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text(f"{line}\n")
    status, out, err = ask(capsys, "postgresql", file)
    assert status == 0
    assert "is not on this host; where it is missing, the server does not start" in err
    missing = str(tmp_path / line.split("'")[1])
    _, found, _ = ask(capsys, "postgresql", file, "--format", "json")
    assert json.loads(found)["missing_files"] == [missing]
    assert out.startswith("WARN: nothing to change in ")
    verdict = "".join(out.split("\n\n")[0].split())
    assert verdict.endswith(f"but{missing},whichisincluded,ismissing.")


def test_a_terminal_shows_a_note_once(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text("include 'a.conf'\n")
    asked = ("audit", "--db", "postgresql", "--config", file)
    said = "isnotonthishost"  # a line may end anywhere in it
    _, out, err = run(capsys, *asked)
    assert ("".join(out.split()).count(said), "".join(err.split()).count(said)) == (1, 1)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    _, out, err = run(capsys, *asked)
    assert ("".join(out.split()).count(said), "".join(err.split()).count(said)) == (1, 0)
