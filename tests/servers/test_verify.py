"""fsync-advisor verify, run as users run it, against real servers."""

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from advisor.versions import format_version
from tests.servers.account import private_folder, reachable
from tests.servers.engines import ENGINES
from tests.servers.harness import Server, server_named, version_of
from tests.support.command_line import advisor, environment
from tests.support.loop_mount import tmpfs_mount
from tests.support.paths import MEASUREMENTS


@contextmanager
def program_of(server: Server) -> Iterator[tuple[Path, Path]]:
    """A server program that any account can start, and a folder for temporary places."""
    with private_folder(of_account=False) as private:
        places = private / "t"
        places.mkdir()
        tree = reachable(server.installed.tree, private)
        yield tree / server.installed.programs[ENGINES[server.vendor].server], places


def verified(
    server: Server, text: str, *options: str, user: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """What verify makes of a fragment; nothing may be left of it."""
    with program_of(server) as (program, places):
        if user is not None:
            os.chown(places, pwd.getpwnam(user).pw_uid, -1)
        arguments = ("verify", "--db", server.vendor, "-", "--server", str(program), *options)
        done = advisor(*arguments, text=text, places=places, user=user)
        assert list(places.iterdir()) == []
        assert processes_in(places) == []
    assert "Traceback" not in done.stderr
    return done


def test_a_folder_that_is_full_is_said_in_a_line() -> None:
    """PostgreSQL's initdb needs a list of accounts there; this was a fault of ours with a trace."""
    server = server_named("postgresql-15")
    with program_of(server) as (program, places), tmpfs_mount(places, 1) as full:
        (full / "all of it").write_bytes(bytes(1 << 20))
        arguments = ("verify", "--db", "postgresql", "-", "--server", str(program))
        done = advisor(*arguments, text="max_wal_size = 2GB\n", places=full)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        f"fsync-advisor: {full} cannot hold a throw-away server: No space left on device",
        f"  hint: make room in {full}, or name another folder in TMPDIR",
    ]


def processes_in(folder: Path) -> list[psutil.Process]:
    """A server works in its data directory, or names it on its command line."""
    return [
        process
        for process in psutil.process_iter(["cwd", "cmdline"])
        if str(folder) in (process.info["cwd"] or "")
        or any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def our_fragment(server: Server, drive: str, durability: str) -> str:
    version = format_version(version_of(server))
    asked = ("--db", server.vendor, "--db-version", version, "--durability", durability)
    text = (MEASUREMENTS / f"{drive}.json").read_text()
    done = advisor("recommend", "--quiet", *asked, "--from", "-", text=text)
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize(
    ("drive", "durability"),
    [("hdd", "durable"), ("nvme-plp", "durable"), ("nvme-consumer", "loses-recent-on-crash")],
)
def test_our_own_fragments_are_taken(one_of_each: Server, drive: str, durability: str) -> None:
    server = one_of_each
    done = verified(server, our_fragment(server, drive, durability), "--format", "json")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert {entry["verdict"] for entry in found["lines"]} == {"ok"}
    assert len(found["lines"]) >= 5


# Lines like those of tests/servers/traps.py, and what is said of which line.
BROKEN: Sequence[tuple[str, str, list[str]]] = [
    ("postgresql-15", "\nfoo_bar = 1", ["2: foo_bar refused: LOG:  unrecognized configuration"]),
    ("postgresql-15", "\nwal_level=minimal", ["2: wal_level refused: FATAL:  WAL streaming (max"]),
    ("postgresql-15", "\nwal_writer_delay=30s", ["2: wal_writer_delay refused: LOG:  30000 ms is"]),
    ("postgresql-15", "\ncommit_delay=10ms", ["2: commit_delay refused: LOG:  invalid value for"]),
    ("postgresql-15", "\nmin_wal_size=16MB", ['2: min_wal_size refused: FATAL:  "min_wal_size" m']),
    ("postgresql-15", "\nwal_compression=best", ["2: wal_compression refused: LOG:  invalid val"]),
    ("postgresql-15", "\nno setting here", ["2: no setting here refused: LOG:  syntax error in"]),
    (
        "postgresql-15",
        "max_connections=20\n\nmax_connections = 30\n",
        ["1: max_connections doubled: line 3 sets it again, and wins"],
    ),
    ("mariadb-10.11", "[mysqld]\ninnodb-io-capacity=50", ["2: innodb_io_capacity differs: reads"]),
    ("mariadb-10.11", "[mysqld]\nfoo_bar", ["2: foo_bar refused: "]),
    (
        "mariadb-10.11",
        "[mariadb]\ninnodb_redo_log_capacity=1G",
        ["2: innodb_redo_log_capacity refused: unknown variable 'innodb_redo_log_capacity=1G'"],
    ),
    (
        "mariadb-10.11",
        "[mariadb]\ninnodb_flush_method=fdatasync",
        ["2: innodb_flush_method refused: Error while setting value 'fdatasync' to"],
    ),
    (
        "mariadb-10.11",
        "[mariadb]\ninnodb_log_files_in_group=2",
        ["2: innodb_log_files_in_group warned: the server says: 'innodb-log-files-in-group' was"],
    ),
    (
        "mysql-9.7",
        "[mysqld]\ninnodb_flush_log_at_trx_commit=3",
        ["2: innodb_flush_log_at_trx_commit differs: reads back as 2, not 3; the server says: "],
    ),
    ("mysql-9.7", "[mysqld]\ninnodb_io_capacity=50", ["2: innodb_io_capacity differs: reads back"]),
    ("mysql-9.7", "[mysqld]\nbinlog_format=ROW", ["2: binlog_format warned: the server says: 'b"]),
    (
        "mysql-9.7",
        "[mysqld]\n\ninnodb_log_file_size=48M\ninnodb_flush_method=fdatasync\nmax_connections=9",
        [
            "3: innodb_log_file_size refused: unknown variable 'innodb_log_file_size=48M'",
            "4: innodb_flush_method refused: Error while setting value 'fdatasync' to",
        ],
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), BROKEN, ids=lambda one: str(one)[:40])
def test_every_bad_line_is_named(name: str, text: str, expected: list[str]) -> None:
    done = verified(server_named(name), text, "--quiet")
    assert done.returncode == 1
    said = [line.removeprefix("fsync-advisor: ") for line in done.stderr.splitlines()]
    assert len(said) == len(expected), said
    for line, start in zip(said, expected, strict=True):
        assert line.startswith(f"standard input:{start}"), line


OTHERS: Sequence[tuple[str, str]] = [
    (
        "postgresql-15",
        "# of another tool\nshared_buffers = '24MB'  # small\nwal_compression on\nFSYNC=yes\n"
        "wal_writer_delay = 1s\ntemp_buffers = 900kB\ncheckpoint_timeout='0.25h'\n"
        "archive_mode = on\narchive_command = 'cp %p /archive/%f'\nhuge_pages = try\nport = 6432\n",
    ),
    (
        "mariadb-10.11",
        "[client]\nport=3306\n[mysqld]\ndatadir=/var/lib/mysql\nskip-name-resolve\n"
        "log-bin=binlog\nbinlog_format=ROW\nserver_id=1\n[server]\n"
        "innodb-buffer-pool-size=64M # small\n"
        "[mariadb-11.8]\nfoo=1\n[mariadb-10.11]\ninnodb_max_dirty_pages_pct=75\n",
    ),
    (
        "mysql-9.7",
        "[mysqldump]\nquick\n[mysqld]\ndatadir=/var/lib/mysql\nskip-log-bin\n; more\n"
        "innodb_redo_log_capacity=64M\nlower_case_table_names=1\n[mysqld-8.0]\n"
        "query_cache_size=1\n[mysqld-9.7]\nsql_mode='NO_ENGINE_SUBSTITUTION,ANSI_QUOTES'\n",
    ),
]


@pytest.mark.parametrize(("name", "text"), OTHERS, ids=lambda one: str(one)[:15])
def test_fragments_of_others_are_taken_as_they_write_them(name: str, text: str) -> None:
    done = verified(server_named(name), text)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert re.match(r"(PASS|WARN): .* took .*\n(.*\n)*?\nline  setting", done.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["data", "run/s"])
def test_interrupted_it_leaves_no_process_and_no_folder(
    number: signal.Signals, moment: str
) -> None:
    """MySQL, because it takes long enough to be met in the middle of either moment."""
    server = server_named("mysql-9.7")
    with program_of(server) as (program, places):
        fragment = places.parent / "fragment"
        fragment.write_text("[mysqld]\nmax_connections = 20\n")
        asked = ["verify", "--db", server.vendor, str(fragment), "--server", str(program)]
        process = subprocess.Popen(
            [sys.executable, "-m", "advisor", *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment(places),
        )
        deadline = time.monotonic() + 60
        while not list(places.glob(f"*/{moment}")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.1)  # into the middle of it
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, b"")
        assert b"Traceback" not in err
        assert list(places.iterdir()) == []
        assert processes_in(places) == []


def test_an_unprivileged_user_may_verify(one_of_each: Server) -> None:
    server = one_of_each
    user = "nobody" if os.geteuid() == 0 else None
    try:
        readable = advisor("rules", "check", user=user).returncode == 0
    except OSError:
        readable = False
    if not readable:
        pytest.skip("nobody cannot read this Python or this checkout")
    done = verified(server, our_fragment(server, "hdd", "durable"), user=user)
    assert done.returncode == 0, done.stderr


def test_a_log_larger_than_the_disk_is_refused_before_the_start() -> None:
    done = verified(server_named("mysql-9.7"), "[mysqld]\ninnodb_redo_log_capacity = 400T\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 2: innodb_redo_log_capacity = 400T would take 512 GB of disk" in done.stderr


@pytest.mark.parametrize(("version", "warned"), [("15", False), ("17.2", True)])
def test_a_fragment_made_for_another_version_is_warned_of(version: str, warned: bool) -> None:
    head = f"# fsync-advisor 0.1.0: settings for PostgreSQL {version} (as given)"
    done = verified(server_named("postgresql-15"), f"{head}\nfsync = on\n")
    assert done.returncode == 0, done.stderr
    said = f"was made for PostgreSQL {version}; this is 15."
    assert (said in done.stderr) is warned


def test_a_program_of_another_vendor_is_refused() -> None:
    with program_of(server_named("mariadb-10.11")) as (program, _):
        done = advisor("verify", "--db", "mysql", "-", "--server", str(program))
    assert done.returncode == 2
    refusal = f"fsync-advisor: {program} is no MySQL server: it is MariaDB\n"
    assert done.stderr == f"{refusal}  hint: did you mean --db mariadb?\n"
