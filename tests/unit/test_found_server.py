"""Which server is meant where nobody says, and how it is named."""

import os
import sys
from io import StringIO
from pathlib import Path

import pytest

from advisor.commands.here import audit_arguments, drive_arguments, find_here, server_arguments
from advisor.commands.typed import TypedCommands, command_line
from advisor.errors import UsageError
from advisor.instance import Drives, RunningServer, ServerInstance
from advisor.servers.installed import find_instances, instance_of
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from tests.support.command_line import run

MARIADB = ServerInstance(
    "mariadb", (10, 11, 6), Path("/var/lib/mysql"), (Path("/etc/mysql/my.cnf"),), is_running=True
)
CLUSTER = ServerInstance("postgresql", (15, 8), Path("/var/lib/postgresql/15/main"))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[ServerInstance]:
    """The servers of this host, of which a test says which there are."""
    servers: list[ServerInstance] = []

    def of_vendor(_: object, vendor: VendorName | None = None) -> list[ServerInstance]:
        return [each for each in servers if vendor in (None, each.vendor)]

    monkeypatch.setattr("advisor.servers.installed.find_instances", of_vendor)
    return servers


def typed(instance: ServerInstance) -> list[str | Path]:
    return ["--db", instance.vendor, instance.directory]


def test_the_only_one_is_meant(here: list[ServerInstance]) -> None:
    here.append(MARIADB._replace(log=Path("/redo"), notes=("its log is odd",)))
    found = find_here("recommend", typed)
    assert found.instance == here[0]
    assert found.drives == Drives(Path("/var/lib/mysql"), Path("/redo"), None)
    assert found.why == "the data of MariaDB 10.11.6"


def test_of_one_vendor(here: list[ServerInstance]) -> None:
    here += [MARIADB, CLUSTER]
    assert find_here("recommend", typed, "postgresql").instance == CLUSTER
    none = find_here("recommend", typed, "mysql")
    assert (none.instance, none.drives) == (None, Drives(Path()))
    assert none.why == "the current directory: no MySQL server was found on this host"


STOPPED = "PostgreSQL 15.8 in /var/lib/postgresql/15/main"


def test_a_server_that_runs_is_observed_and_none_that_is_set_up(
    here: list[ServerInstance], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Path("/var/lib/nowhere")
    here += [CLUSTER, MARIADB._replace(directory=nowhere)]
    status, _, err = run(capsys, "measure", "--passive", "--interval", "1")
    assert (status, f"{nowhere}: No such file or directory" in err) == (1, True)
    assert f"note: {STOPPED} is left out: it is not seen to run" in err
    with pytest.raises(UsageError, match="which of these servers"):
        find_here("measure", typed)  # what is measured need not run


def test_where_none_is_seen_to_run_that_is_said(
    here: list[ServerInstance], capsys: pytest.CaptureFixture[str]
) -> None:
    here += [CLUSTER, MARIADB._replace(doubt="it belongs to the account me")]
    found = find_here("measure", typed, running_first=True)
    assert found.instance == CLUSTER
    assert capsys.readouterr().err == (
        f"fsync-advisor: note: {STOPPED} is not seen to run\n"
        "fsync-advisor: note: MariaDB 10.11.6 in /var/lib/mysql, running is left out: it belongs to"
        " the account me; name its directory to observe it\n"
    )


def test_several_are_listed_where_nobody_can_be_asked(
    here: list[ServerInstance], capsys: pytest.CaptureFixture[str]
) -> None:
    here += [MARIADB, CLUSTER._replace(in_container=True)]
    with pytest.raises(UsageError, match="which of these servers"):
        find_here("recommend", typed)
    assert capsys.readouterr().err == (
        "There are several database servers on this host:\n"
        "  1. MariaDB 10.11.6 in /var/lib/mysql, running\n"
        "     fsync-advisor recommend --db mariadb /var/lib/mysql\n"
        "  2. PostgreSQL 15.8 in /var/lib/postgresql/15/main in a container\n"
        "     fsync-advisor recommend --db postgresql /var/lib/postgresql/15/main\n"
    )


@pytest.mark.parametrize(("answer", "chosen"), [("1\n", MARIADB), ("2\n", CLUSTER)])
def test_on_a_terminal_one_is_chosen(
    answer: str,
    chosen: ServerInstance,
    here: list[ServerInstance],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here += [MARIADB, CLUSTER]
    at_a_terminal(monkeypatch, answer)
    assert find_here("measure", typed).instance == chosen
    assert capsys.readouterr().err.endswith("Which one? [1-2] ")


@pytest.mark.parametrize("answer", ["", "\n", "0\n", "3\n", "one\n", "\N{SUPERSCRIPT TWO}\n"])
def test_what_is_no_number_of_the_list_chooses_none(
    answer: str, here: list[ServerInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    here += [MARIADB, CLUSTER]
    at_a_terminal(monkeypatch, answer)
    with pytest.raises(UsageError, match="is not one of these numbers"):
        find_here("measure", typed)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed_there: str) -> None:
    monkeypatch.setattr("advisor.commands.here.can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", StringIO(typed_there))


def test_one_with_a_doubt_is_not_taken(
    here: list[ServerInstance], capsys: pytest.CaptureFixture[str]
) -> None:
    here += [MARIADB._replace(doubt="it belongs to alice")]
    assert find_here("measure", typed).instance is None
    assert capsys.readouterr().err == (
        "fsync-advisor: note: MariaDB 10.11.6 in /var/lib/mysql, running is left out: it belongs to"
        " alice; name a directory to measure it\n"
    )
    here += [CLUSTER]
    assert find_here("measure", typed).instance == CLUSTER
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("here")
def test_without_servers(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "recommend")
    assert (status, err) == (
        2,
        "fsync-advisor: which server? none was found on this host\n"
        "  hint: --db mysql, mariadb or postgresql\n",
    )
    status, _, err = run(capsys, "audit")
    assert status == 2
    assert "Which server? Use --db or --dsn." in err


def test_how_a_server_is_named_to_audit() -> None:
    assert audit_arguments(MARIADB) == [
        *("--db", "mariadb"),
        *("--config", Path("/etc/mysql/my.cnf")),
        Path("/var/lib/mysql"),
    ]


def test_how_its_drives_are_named() -> None:
    with_logs = CLUSTER._replace(log=Path("/wal"))
    assert drive_arguments(CLUSTER) == [Path("/var/lib/postgresql/15/main")]
    assert drive_arguments(with_logs) == [
        Path("/var/lib/postgresql/15/main"),
        *("--log-dir", Path("/wal")),
    ]
    assert server_arguments(MARIADB._replace(binary_log=Path("/b"))) == [
        *("--db", "mariadb"),
        Path("/var/lib/mysql"),
        *("--binary-log-dir", Path("/b")),
    ]


# What a process's command line, and a configuration, say of places


@pytest.mark.parametrize(
    ("vendor", "arguments", "files"),
    [
        ("postgresql", "-D /data", ["/data/postgresql.conf"]),
        ("postgresql", "-D /data -c config_file=/etc/pg/x.conf", ["/etc/pg/x.conf"]),
        ("postgresql", "-D /data --config-file=/etc/pg/x.conf -N 5", ["/etc/pg/x.conf"]),
        ("postgresql", "-cconfig_file=/a.conf --config_file=/b.conf", ["/b.conf"]),
        ("mysql", "", ["/etc/my.cnf", "/etc/mysql/my.cnf"]),
        ("mariadb", "--datadir=/data", ["/etc/my.cnf", "/etc/mysql/my.cnf"]),
        ("mysql", "--defaults-file=/srv/my.cnf --user=mysql", ["/srv/my.cnf"]),
        ("mysql", "--defaults-file=my.cnf", []),
        ("mysql", "--no-defaults --datadir=/data", []),
        ("mysql", "--defaults-group-suffix=@replica01", []),
    ],
)
def test_the_main_files_of_a_process(vendor: VendorName, arguments: str, files: list[str]) -> None:
    found = VENDORS[vendor].main_files_of(arguments.split(), Path("/data"))
    assert list(map(str, found)) == files


@pytest.mark.parametrize(
    ("vendor", "values", "log", "binary_log"),
    [
        ("postgresql", {}, "/data/pg_wal", None),
        ("mysql", {}, None, None),
        ("mysql", {"innodb_log_group_home_dir": "/redo"}, "/redo", None),
        ("mariadb", {"innodb_log_group_home_dir": "../redo"}, "/data/../redo", None),
        ("mysql", {"log_bin": "ON"}, None, None),
        ("mysql", {"log_bin": "mysql-bin"}, None, None),
        ("mariadb", {"log_bin": "/binlog/mysql-bin"}, None, "/binlog"),
        ("mysql", {"log_bin": "../binlog/mysql-bin.log"}, None, "/data/../binlog"),
    ],
)
def test_where_the_logs_lie(
    vendor: VendorName, values: dict[str, str], log: str | None, binary_log: str | None
) -> None:
    found = VENDORS[vendor].log_places(values, Path("/data"))
    assert tuple(None if path is None else str(path) for path in found) == (log, binary_log)


@pytest.mark.parametrize(
    ("names", "vendor"),
    [
        ("PG_VERSION base pg_wal", "postgresql"),
        ("ibdata1 mysql mysql.ibd auto.cnf", "mysql"),
        ("ibdata1 ib_logfile0 ib_logfile1 mysql auto.cnf", "mysql"),
        ("ibdata1 ib_logfile0 aria_log_control mysql", "mariadb"),
        ("ibdata1 ib_logfile0 aria_log_control mysql auto.cnf", "mariadb"),
        ("lost+found", ""),
        ("aria_log_control", ""),
    ],
)
def test_whose_data_directory_it_is(names: str, vendor: str) -> None:
    found = [each.name for each in VENDORS.values() if each.made(set(names.split()))]
    assert found == ([vendor] if vendor else [])


# A host's layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with what packages of Debian and Red Hat leave, and a cluster whose data is gone."""
    for version, name in (("15", "main"), ("16", "new"), ("11", "gone")):
        config = tmp_path / f"etc/postgresql/{version}/{name}"
        config.mkdir(parents=True)
        data = tmp_path / f"var/lib/postgresql/{version}/{name}"
        (config / "postgresql.conf").write_text(f"data_directory = '{data}'\n")
        if name != "gone":
            data.mkdir(parents=True)
            (data / "PG_VERSION").write_text(f"{version}\n")
    red_hat = tmp_path / "var/lib/pgsql/17/data"
    red_hat.mkdir(parents=True)
    (red_hat / "PG_VERSION").write_text("17\n")
    (red_hat / "postgresql.conf").write_text("port = 5433\n")
    mysql = tmp_path / "var/lib/mysql"
    mysql.mkdir()
    for name in ("ibdata1", "aria_log_control"):
        (mysql / name).touch()
    (tmp_path / "etc/my.cnf").write_text(f"[mysqld]\ninnodb_log_group_home_dir={tmp_path}\n")
    return tmp_path


def found_in(root: Path, *running: RunningServer) -> list[tuple[str, str, bool]]:
    return [
        (each.vendor, str(each.directory.relative_to(root)), each.is_running)
        for each in find_instances(running, root=root)
    ]


def test_what_packages_have_set_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    running = RunningServer("postgres", root / "var/lib/postgresql/16/new")
    assert found_in(root, running) == [
        ("mariadb", "var/lib/mysql", False),
        ("postgresql", "var/lib/pgsql/17/data", False),
        ("postgresql", "var/lib/postgresql/15/main", False),
        ("postgresql", "var/lib/postgresql/16/new", True),
    ]
    versions = [each.version for each in find_instances([running], "postgresql", root)]
    assert versions == [(17,), (15,), (16,)]
    (main,) = find_instances([], "mariadb", root)[0].main
    assert main == root / "etc/my.cnf"


def test_one_that_we_may_not_read_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its configuration includes what is not there to be read; a program shows that it is one."""
    program = root / "usr/sbin/mariadbd"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'mariadbd  Ver 10.11.6-MariaDB for debian-linux-gnu'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "/bin")
    (root / "etc/my.cnf").write_bytes(b"x" * (2 << 20))
    (found,) = find_instances([], "mariadb", root)
    assert (found.directory, found.program) == (root / "etc", program)
    assert str(root / "etc/my.cnf") in found.doubt


def test_a_directory_that_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    found = instance_of(root / "var/lib/pgsql/17/data", [], root)
    assert found is not None
    assert (found.vendor, found.version) == ("postgresql", (17,))
    assert found.main == (root / "var/lib/pgsql/17/data/postgresql.conf",)
    assert instance_of(root, [], root) is None


def test_a_process_that_names_another_configuration(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    data, main = root / "srv/pg", root / "srv/x.conf"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    main.write_text(f"data_directory = '{data}'\n")
    arguments = ("-D", str(data), "-c", f"config_file={main}")
    process = RunningServer("postgres", data, arguments, os.geteuid())
    found = instance_of(data, [process], root)
    assert found is not None
    assert (found.main, found.version, found.is_running) == ((main,), (14,), True)
    inside = process._replace(in_container=True)  # where that path is another
    found = instance_of(data, [inside], root)
    assert found is not None
    assert (found.main, found.version, found.in_container) == ((), (14,), True)


# The commands that are shown


def test_a_command_is_broken_between_options() -> None:
    assert command_line("measure", "/srv/a b", "--output", "x") == (
        "fsync-advisor measure '/srv/a b' --output x"
    )
    config = "/etc/postgresql/15/a-cluster-of-a-long-name/postgresql.conf"
    assert command_line("apply", "--db", "postgresql", "--config", config, "--undo") == (
        f"fsync-advisor apply --db postgresql \\\n  --config {config} \\\n  --undo"
    )


def joined(command: str) -> str:
    """As the shell reads it."""
    return command.replace("\\\n  ", "")


def test_the_commands_of_a_run() -> None:
    drives = Drives(Path("/data"), Path("/redo"), Path("/binlog"))
    typed = TypedCommands(MARIADB, drives, True, "loses-recent-on-crash", Path("/etc/x.d"))
    lower = "--durability loses-recent-on-crash"
    server = "--db mariadb --config /etc/mysql/my.cnf"
    assert joined(typed.measure()) == (
        "fsync-advisor measure /data --log-dir /redo --binary-log-dir /binlog --output drive.json"
    )
    assert joined(typed.audit()) == f"fsync-advisor audit {server} --from drive.json"
    assert joined(typed.recommend(["io"], output=True)) == (
        f"fsync-advisor recommend --db mariadb --db-version 10.11.6 --from drive.json {lower}"
        " --binary-log --group io --output fragment.cnf"
    )
    assert typed.verify() == "fsync-advisor verify --db mariadb fragment.cnf"
    assert joined(typed.apply()) == (
        f"fsync-advisor apply {server} --to /etc/x.d {lower} fragment.cnf"
    )
    assert joined(typed.undo()) == f"fsync-advisor apply {server} --to /etc/x.d --undo"
