"""apply on configurations without a server: what it writes, what it says, what it refuses.

tests/servers/test_apply.py has the servers; tests/apply/test_kills.py kills it at each step.
"""

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from advisor.cli import main
from advisor.commands import apply as command
from advisor.errors import AdvisorError
from advisor.servers.apply import find_target
from advisor.servers.installed import Installed, detect
from advisor.vendors.names import VendorName
from tests.support.faults import missing
from tests.support.loop_mount import loop_mount
from tests.support.paths import CHECKOUT
from tests.support.terminal import at_a_terminal, until_it_asks

MYSQL, POSTGRESQL = "zz-fsync-advisor.cnf", "zz-fsync-advisor.conf"


class Host:
    """A server's configuration files, and the command."""

    def __init__(self, folder: Path, vendor: VendorName) -> None:
        self.vendor = vendor
        self.folder = folder / "conf.d"
        self.data = folder / "data"
        self.folder.mkdir()
        self.data.mkdir()
        if vendor == "postgresql":
            (self.data / "PG_VERSION").write_text("15\n")
            self.file = self.folder / POSTGRESQL
            self.main = folder / "postgresql.conf"
            self.main.write_text(f"data_directory = '{self.data}'\ninclude_dir 'conf.d'\n")
        else:
            self.file = self.folder / MYSQL
            self.main = folder / "my.cnf"
            self.main.write_text(f"[mysqld]\ndatadir={self.data}\n!includedir {self.folder}\n")
        self.fragment = folder / "fragment"

    def command(self, *lines: str, to: Path | None = None) -> list[str]:
        self.fragment.write_text("".join(f"{line}\n" for line in lines))
        options = ["--db", self.vendor, "--config", self.main, "--to", to or self.folder]
        what = ["--unchecked", str(self.fragment)] if lines else ["--undo"]
        return ["apply", *map(str, options), *what]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (command, detect):
        monkeypatch.setattr(module, "find_installed", lambda *_, **__: None)


@pytest.fixture
def mysql(tmp_path: Path) -> Host:
    return Host(tmp_path, "mysql")


@pytest.fixture
def postgresql(tmp_path: Path) -> Host:
    return Host(tmp_path, "postgresql")


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit status, stdout and stderr of the command line."""

    def run_it(arguments: list[str], *more: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([*arguments, *(more or ("--yes",))])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, said.out, said.err

    return run_it


def refused(answer: tuple[int, str, str]) -> str:
    status, _, stderr = answer
    assert status in (1, 2), stderr
    return stderr


# What is shown


TWO_CHANGES = ("[mysqld]", "sync_binlog = 1", "innodb_io_capacity = 500")


def test_each_change_with_what_it_needs_and_where_it_was_set(postgresql: Host, run: Run) -> None:
    (postgresql.folder / "a.conf").write_text("max_wal_size = 1GB\nfsync = on\n")
    lines = ("max_wal_size = 2GB", "shared_buffers = 1GB", "fsync = on")
    stdout = run(postgresql.command(*lines), "--dry-run")[1]
    table = [line.split() for line in stdout.splitlines()]
    assert table[0] == ["setting", "now", "new", "needs", "now", "set", "in"]
    assert table[2] == ["max_wal_size", "1GB", "2GB", "reload", "conf.d/a.conf:1"]
    assert table[3] == ["shared_buffers", "-", "1GB", "restart", "-"]
    assert "fsync " not in stdout
    assert "@@" not in stdout


def test_the_table_fits_into_80_columns_when_it_changes_its_own_file(
    postgresql: Host, run: Run
) -> None:
    """The longest setting, and the longest name: the tool's own."""
    run(postgresql.command("checkpoint_completion_target = 0.8"))
    lines = run(postgresql.command("checkpoint_completion_target = 0.9"))[1].splitlines()
    assert lines[2].split() == [
        *("checkpoint_completion_target", "0.8", "0.9", "reload", "this", "file:2")
    ]
    assert len(lines) == 3


def test_a_change_without_effect_says_so(mysql: Host, run: Run) -> None:
    with mysql.main.open("a") as config:
        config.write("[mysqld]\nsync_binlog = 1\n")
    assert run(mysql.command("[mysqld]", "sync_binlog = 1"))[1] == "No setting changes its value.\n"


def test_the_change_as_json(postgresql: Host, run: Run) -> None:
    run(postgresql.command("max_wal_size = 1GB"))
    lines = ("max_wal_size = 2GB", "shared_buffers = 1GB", "my.own = 1")
    arguments = postgresql.command(*lines)
    status, stdout, _ = run(arguments, "--yes", "--format", "json", "--quiet")
    assert status == 0
    assert json.loads(stdout) == {
        "schema_version": 1,
        "engine": "postgresql",
        "engine_version": "15",
        "file": str(postgresql.file),
        "action": "write",
        "changed": True,
        "written": True,
        "backup": f"{postgresql.file}.before-1",
        "settings": [
            {
                "setting": "max_wal_size",
                "now": "1GB",
                "new": "2GB",
                "now_set_in": f"{postgresql.file}:2",
                "needs": "reload",
            },
            {
                "setting": "my.own",
                "now": None,
                "new": "1",
                "now_set_in": None,
                "needs": "unknown",
            },
            {
                "setting": "shared_buffers",
                "now": None,
                "new": "1GB",
                "now_set_in": None,
                "needs": "restart",
            },
        ],
        "restart": ["shared_buffers"],
        "reload": ["max_wal_size"],
        "unknown": ["my.own"],
        "checked_by": None,
        "warnings": ["no PostgreSQL 15 server is installed here, so no server has checked this"],
        "diff": [],
    }
    again = json.loads(run(arguments, "--yes", "--format", "json")[1])
    assert (again["action"], again["changed"], again["written"]) == ("none", False, False)
    assert (again["settings"], again["backup"]) == ([], None)


def test_a_dry_run_as_json_changes_nothing(mysql: Host, run: Run) -> None:
    arguments = mysql.command(*TWO_CHANGES)
    found = json.loads(run(arguments, "--dry-run", "--format", "json", "--diff")[1])
    assert (found["action"], found["changed"], found["written"]) == ("write", True, False)
    assert found["restart"] == ["innodb_io_capacity", "sync_binlog"]
    assert "+sync_binlog = 1" in found["diff"]
    assert mysql.names() == []


# What no server can check


def test_what_no_server_can_check_is_refused_even_in_silence(mysql: Host, run: Run) -> None:
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    arguments.remove("--unchecked")
    for more in (("--yes", "--quiet"), ("--dry-run",)):
        said = refused(run(arguments, *more))
        assert "no MySQL server is installed here, so no server has checked this" in said
        assert "--unchecked writes it all the same" in said
    assert mysql.names() == []


def test_a_mysqld_that_is_mariadb_is_no_check_of_mysqls_settings(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB does not start with innodb_redo_log_capacity."""
    here = Installed("mariadb", (11, 8, 9), Path("/usr/sbin/mysqld"))
    monkeypatch.setattr(detect, "find_relative", lambda *_: here)
    arguments = mysql.command("[mysqld]", "innodb_redo_log_capacity = 1G")
    arguments.remove("--unchecked")
    said = refused(run(arguments))
    assert "the mysqld here is MariaDB 11.8.9, so no server has checked this" in said
    assert "did you mean --db mariadb?" in said


def test_an_undo_needs_no_check(mysql: Host, run: Run) -> None:
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    assert run(mysql.command())[0] == 0
    assert not mysql.file.exists()


# What is written


def test_a_file_of_its_own_with_the_difference_shown(mysql: Host, run: Run) -> None:
    before = mysql.main.read_bytes()
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    status, stdout, stderr = run(arguments, "--yes", "--diff")
    head = "# fsync-advisor apply put this here; fsync-advisor apply --undo takes it back."
    assert status == 0
    assert stdout.splitlines() == [
        "setting      now  new  needs    now set in",
        "------------------------------------------",
        "sync_binlog  -    1    restart  -",
        "",
        "--- /dev/null",
        f"+++ {mysql.file}",
        "@@ -0,0 +1,3 @@",
        f"+{head}",
        "+[mysqld]",
        "+sync_binlog = 1",
    ]
    assert mysql.file.read_text() == f"{head}\n[mysqld]\nsync_binlog = 1\n"
    assert stderr.splitlines() == [
        "fsync-advisor: warning: no MySQL server is installed here, so no server has checked this",
        f"fsync-advisor: wrote {mysql.file}",
        "fsync-advisor: restart the server for: sync_binlog",
    ]
    assert mysql.names() == [MYSQL]
    assert mysql.main.read_bytes() == before


def test_a_fragment_of_ours_is_written_as_it_is(mysql: Host, run: Run) -> None:
    text = (CHECKOUT / "tests/golden/fragments/nvme-plp.mysql.conf").read_text()
    assert run(mysql.command(*text.splitlines()))[0] == 0
    assert mysql.file.read_text() == text


@pytest.mark.parametrize(("version", "warned"), [("15", False), ("15.4", False), ("16", True)])
def test_a_fragment_made_for_another_version_is_warned_of(
    postgresql: Host, run: Run, version: str, warned: bool
) -> None:
    head = f"# fsync-advisor 0.1.0: settings for PostgreSQL {version} (as given)"
    status, _, stderr = run(postgresql.command(head, "fsync = on"))
    assert status == 0
    assert (f"warning: this was made for PostgreSQL {version}" in stderr) is warned


def test_what_is_up_to_date_is_left_alone(mysql: Host, run: Run) -> None:
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    run(arguments)
    inode = mysql.file.stat().st_ino
    status, stdout, stderr = run(arguments)
    assert (status, stdout) == (0, "")
    assert ": already up to date; nothing to do" in stderr
    assert (mysql.names(), mysql.file.stat().st_ino) == ([MYSQL], inode)


def test_what_is_up_to_date_may_have_lost_its_effect(postgresql: Host, run: Run) -> None:
    """A file that somebody added later wins; that ours is as it should be says nothing."""
    arguments = postgresql.command("fsync = on", "full_page_writes = on")
    assert run(arguments)[0] == 0
    later = postgresql.folder / "zzzz.conf"
    later.write_text("fsync = off\n")
    status, stdout, stderr = run(arguments)
    assert (status, stdout) == (1, "")
    assert f"fsync = on has no effect: {later}:1 sets off" in stderr
    assert "up to date" not in stderr
    status, stdout, stderr = run(arguments, "--yes", "--force", "--format", "json")
    assert status == 0
    (warning,) = json.loads(stdout)["warnings"]
    assert warning == f"fsync = on has no effect: {later}:1 sets off"
    assert "up to date" in stderr


def test_the_file_that_relaxes_half_of_a_pair_is_named(mysql: Host, run: Run) -> None:
    later = mysql.folder / "zzz.cnf"
    later.write_text("[mysqld]\ninnodb_flush_log_at_trx_commit = 2\n")
    lines = ("[mysqld]", "innodb_flush_log_at_trx_commit = 1", "sync_binlog = 1")
    status, _, stderr = run(mysql.command(*lines))
    assert status == 1
    name = "innodb_flush_log_at_trx_commit"
    assert f"{name} = 1 has no effect: {later}:2 sets 2; and only {name}" in stderr
    assert f"hint: take {name} out of {later}" in stderr


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (("# another day", "[mysqld]", "", "sync-binlog=1  # as before"), False),
        (("[mysqld]", "innodb_io_capacity = 500"), True),
        (("[mariadb]", "[mysqld]", "sync_binlog = 1", "port=1"), True),
        (("[server]", "sync_binlog = 1"), True),
    ],
)
def test_a_change_of_comments_alone_is_none(
    mysql: Host, run: Run, lines: tuple[str, ...], written: bool
) -> None:
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    text = mysql.file.read_text()
    status, stdout, stderr = run(mysql.command(*lines))
    assert status == 0
    assert ("only comments differ; nothing to do" in stderr) is not written
    assert (stdout == "") is not written
    assert (mysql.file.read_text() != text) is written
    assert (len(mysql.names()) == 2) is written


def test_a_dry_run_writes_nothing(mysql: Host, run: Run) -> None:
    status, stdout, stderr = run(mysql.command("[mysqld]", "sync_binlog = 1"), "--dry-run")
    assert status == 0
    assert "sync_binlog  -    1    restart  -" in stdout
    assert "nothing was written" in stderr
    assert mysql.names() == []


def test_quiet_says_nothing(mysql: Host, run: Run) -> None:
    _, _, stderr = run(mysql.command("[mysqld]", "sync_binlog = 1"), "--yes", "--quiet")
    assert stderr == ""


def test_what_takes_a_restart_and_what_a_reload(postgresql: Host, run: Run) -> None:
    lines = ("shared_buffers = 1GB", "max_wal_size = 2GB", "wal_level = replica", "my.own = 1")
    _, _, stderr = run(postgresql.command(*lines))
    assert "restart the server for: shared_buffers, wal_level" in stderr
    assert "a reload suffices for: max_wal_size" in stderr
    assert "whether a reload suffices is not known for: my.own" in stderr


def test_backups_are_numbered_and_undone_the_newest_first(mysql: Host, run: Run) -> None:
    for value in range(12):
        run(mysql.command("[mysqld]", f"innodb_io_capacity = {1000 + value}"))
    assert len(mysql.names()) == 12
    for value in range(10, -1, -1):
        assert run(mysql.command())[0] == 0
        assert f"= {1000 + value}\n" in mysql.file.read_text()
    status, stdout, _ = run(mysql.command(), "--yes", "--diff")
    assert status == 0
    assert "+++ /dev/null" in stdout
    assert mysql.names() == sorted(f"{MYSQL}.undone-{n}" for n in range(1, 13))
    assert "nothing to undo" in refused(run(mysql.command()))


def test_an_undo_goes_on_past_a_backup_of_the_same_text(mysql: Host, run: Run) -> None:
    for value in (500, 600):
        run(mysql.command("[mysqld]", f"innodb_io_capacity = {value}"))
    mysql.file.write_text((mysql.folder / f"{MYSQL}.before-1").read_text())
    assert run(mysql.command())[0] == 0
    assert "500" in mysql.file.read_text()
    assert run(mysql.command())[0] == 0
    assert not mysql.file.exists()


def test_an_undo_can_be_taken_back(mysql: Host, run: Run) -> None:
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    text = mysql.file.read_text()
    said = run(mysql.command())[2]
    kept = mysql.folder / f"{MYSQL}.undone-1"
    assert f"removed {mysql.file}; it is kept as {kept}" in said
    assert kept.read_text() == text
    arguments = mysql.command("x")
    assert run([*arguments[:-1], str(kept)])[0] == 0
    assert mysql.file.read_text() == text


@pytest.mark.parametrize(
    "line", ["include 'own.conf'", "include_if_exists = 'own.conf'", "include_dir '.'"]
)
def test_a_file_may_be_included_by_itself(
    tmp_path: Path, postgresql: Host, run: Run, line: str
) -> None:
    with postgresql.main.open("a") as config:
        config.write(f"{line}\n")
    own = tmp_path / "own.conf"
    own.write_text("# fsync-advisor\n")
    assert run(postgresql.command("fsync = on", to=own))[0] == 0
    assert own.read_text().endswith("fsync = on\n")


def test_without_to_the_only_folder_is_taken(mysql: Host, run: Run, tmp_path: Path) -> None:
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    del arguments[5:7]
    assert "--to" not in arguments
    assert run(arguments)[0] == 0
    assert mysql.names() == [MYSQL]
    (tmp_path / "other").mkdir()
    with mysql.main.open("a") as config:
        config.write(f"!includedir {tmp_path}/other\n")
    said = refused(run(arguments))
    assert f"includes {mysql.folder}, {tmp_path}/other: where to put the file is not" in said
    assert "name it with --to" in said


# Owner, group, mode, label


def attributes(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def test_a_new_file_belongs_to_whom_the_including_one_does(mysql: Host, run: Run) -> None:
    if os.geteuid() != 0:
        missing("changing owners needs root")
    os.chown(mysql.main, 1234, 5678)
    mysql.main.chmod(0o640)
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    assert attributes(mysql.file) == (1234, 5678, 0o640)


def test_a_replaced_file_keeps_owner_group_mode_and_label(mysql: Host, run: Run) -> None:
    if os.geteuid() != 0:
        missing("changing owners and labels needs root")
    label = b"system_u:object_r:mysqld_etc_t:s0"
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    os.chown(mysql.file, 1234, 5678)
    mysql.file.chmod(0o604)
    os.setxattr(mysql.file, "security.selinux", label)
    run(mysql.command("[mysqld]", "sync_binlog = 1", "innodb_io_capacity = 500"))
    assert "500" in mysql.file.read_text()
    assert attributes(mysql.file) == (1234, 5678, 0o604)
    assert os.getxattr(mysql.file, "security.selinux") == label
    run(mysql.command())
    assert attributes(mysql.file) == (1234, 5678, 0o604)
    assert os.getxattr(mysql.file, "security.selinux") == label


def test_nobody_is_given_the_right_to_write(mysql: Host, run: Run) -> None:
    """MySQL ignores an option file that everybody may write."""
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    mysql.file.chmod(0o640)
    mysql.main.chmod(0o664)
    mysql.file.unlink()
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    assert attributes(mysql.file)[2] == 0o664


# What wins over it


@pytest.mark.parametrize("later", ["zzz.cnf", "mysqld-auto.cnf"])
def test_what_overrides_a_line_is_named(mysql: Host, run: Run, later: str) -> None:
    path = mysql.folder / later
    path.write_text("[mysqld]\nsync-binlog = 7\n")
    if later == "mysqld-auto.cnf":
        path.unlink()
        path = mysql.data / later
        stored = {"Version": 2, "mysql_dynamic_variables": {"sync_binlog": {"Value": "7"}}}
        path.write_text(json.dumps(stored))
    arguments = mysql.command("[mysqld]", "sync_binlog = 1", "innodb_io_capacity=9")
    place = f"{path}:{1 if later == 'mysqld-auto.cnf' else 2}"
    said = refused(run(arguments))
    assert f"sync_binlog = 1 has no effect: {place} sets 7" in said
    persisted = later == "mysqld-auto.cnf"
    remedy = "RESET PERSIST sync_binlog" if persisted else f"take sync_binlog out of {path}"
    assert f"{remedy}; or --force" in said
    assert not mysql.file.exists()
    status, _, stderr = run(arguments, "--yes", "--force")
    assert status == 0
    assert f"warning: sync_binlog = 1 has no effect: {place} sets 7" in stderr
    assert "innodb_io_capacity=9 has no effect" not in stderr
    assert "restart the server for: innodb_io_capacity\n" in stderr


def test_what_alter_system_has_set_is_named(postgresql: Host, run: Run) -> None:
    auto = postgresql.data / "postgresql.auto.conf"
    auto.write_text("# Do not edit this file manually!\nmax_wal_size = '9GB'\nfsync = 'on'\n")
    said = refused(run(postgresql.command("max_wal_size = 2GB", "fsync = on")))
    assert f"max_wal_size = 2GB has no effect: {auto}:2 sets 9GB" in said
    assert "ALTER SYSTEM RESET max_wal_size; or --force" in said
    assert "fsync = on has no effect" not in said


# What is refused: the fragment


CORRUPTS = "a power loss may destroy the database; never advised"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("fsync = off", CORRUPTS),
        ("fsync = of", CORRUPTS),
        ("fsync = 'f'", CORRUPTS),
        ("full_page_writes no", CORRUPTS),
        ("data_sync_retry = on", CORRUPTS),
        ("synchronous_commit = off", "--durability loses-recent-on-crash accepts that"),
        ("synchronous_commit = 0", "--durability loses-recent-on-crash accepts that"),
        ("wal_level = minimal", "it needs 0"),
        ("min_wal_size = 3GB", "min_wal_size = 3072 would exceed max_wal_size = 2048"),
        ("max_wal_size = 16MB", "less than two WAL segments"),
        ("fsync = on = off", "the server cannot read 'fsync = on = off'"),
        ("include 'other.conf'", "includes other files"),
        ("# nothing", "has no line that PostgreSQL reads"),
        ("# fsync-advisor 0.1.0: settings for MySQL 9.7", "was made for MySQL, not for PostgreSQL"),
    ],
)
def test_a_postgresql_line_that_must_not_be_written(
    postgresql: Host, run: Run, line: str, why: str
) -> None:
    with postgresql.main.open("a") as config:
        config.write("" if line.startswith("max") else "max_wal_size = 2GB\n")
    said = refused(run(postgresql.command(line, to=postgresql.file)))
    assert why in said
    assert why != CORRUPTS or "accepts" not in said
    assert postgresql.names() == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("skip-innodb-doublewrite", CORRUPTS),
        ("innodb_doublewrite = DETECT_ONLY", CORRUPTS),
        ("innodb_flush_method = nosync", CORRUPTS),
        ("innodb_flush_log_at_trx_commit = 2", "--durability loses-recent-on-power-loss accepts"),
        ("loose-sync-binlog = 0", "--durability loses-recent-on-power-loss accepts that"),
        ("innodb_io_capacity = 900", "innodb_io_capacity = 900 would exceed innodb_io_capacity_m"),
        ("[client]", "has no line that MySQL reads"),
        ("!include /etc/my.cnf", "includes other files"),
        ("[mysqld", "the server cannot read '[mysqld'"),
        ("stray = 1", "stray stands before any option group"),
    ],
)
def test_an_option_that_must_not_be_written(mysql: Host, run: Run, line: str, why: str) -> None:
    (mysql.folder / "a.cnf").write_text("[mysqld]\ninnodb_io_capacity_max = 800\n")
    lines = [line] if line == "[client]" else ["[mysqld]", "max_connections = 9", line]
    if line.startswith("stray"):
        lines.insert(0, line)
    said = refused(run(mysql.command(*lines)))
    assert why in said
    assert why != CORRUPTS or "accepts" not in said
    assert mysql.names() == ["a.cnf"]


def test_a_lower_durability_can_be_accepted_for_both_logs_together(mysql: Host, run: Run) -> None:
    accepted = ("--yes", "--durability", "loses-recent-on-power-loss")
    one = mysql.command("[mysqld]", "innodb_flush_log_at_trx_commit = 2", "sync_binlog = 1")
    assert "relax innodb_flush_log_at_trx_commit and" in refused(run(one, *accepted))
    both = mysql.command("[mysqld]", "innodb_flush_log_at_trx_commit = 2", "sync_binlog = 100")
    assert run(both, *accepted)[0] == 0


def test_what_others_have_set_is_not_held_against_the_fragment(mysql: Host, run: Run) -> None:
    text = "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\nsync_binlog = 1\ninnodb_doublewrite=0\n"
    (mysql.folder / "a.cnf").write_text(text)
    assert run(mysql.command("[mysqld]", "sync_binlog = 1"))[0] == 0


# What is refused: the place


def test_a_folder_that_is_not_included_is_refused_with_the_line(
    tmp_path: Path, mysql: Host, run: Run
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    said = refused(run(mysql.command("[mysqld]", "sync_binlog = 1", to=other)))
    assert f"{other} is not included by {mysql.main}, so the server would not read" in said
    assert f"use --to {mysql.folder}, which it includes" in said
    assert "add this line" not in said
    assert list(other.iterdir()) == []
    mysql.main.write_text("[mysqld]\n")
    said = refused(run(mysql.command("[mysqld]", "sync_binlog = 1", to=other)))
    line = f"!include {other}/zz-fsync-advisor.cnf"
    assert f"add this line to the end of {mysql.main}, then run this again: {line}\n" in said


def test_a_folder_that_postgresql_does_not_include_is_refused_with_the_line(
    tmp_path: Path, postgresql: Host, run: Run
) -> None:
    """Never its folder: pg_hba.conf, which is no fragment, may lie there."""
    postgresql.main.write_text("# include_dir 'conf.d'\n")
    said = refused(run(postgresql.command("fsync = on")))
    line = f"include_if_exists = '{postgresql.folder}/zz-fsync-advisor.conf'"
    assert f"add this line to the end of {postgresql.main}, then run this again: {line}\n" in said


@pytest.mark.parametrize(
    ("vendor", "name"),
    [("mysql", "zz.conf"), ("mysql", "zz"), ("postgresql", "zz.cnf"), ("postgresql", ".zz.conf")],
)
def test_a_name_that_the_server_does_not_read_is_refused(
    tmp_path: Path, run: Run, vendor: VendorName, name: str
) -> None:
    host = Host(tmp_path, vendor)
    lines = ["fsync = on"] if vendor == "postgresql" else ["[mysqld]", "sync_binlog = 1"]
    said = refused(run(host.command(*lines, to=host.folder / name)))
    assert "the server reads only files whose name ends with" in said
    assert host.names() == []


def test_a_file_of_somebody_else_is_refused(mysql: Host, run: Run) -> None:
    mysql.file.write_text("[mysqld]\nport = 1\n")
    for lines in (("[mysqld]", "sync_binlog = 1"), ()):
        assert "is not ours" in refused(run(mysql.command(*lines)))
    assert mysql.file.read_text() == "[mysqld]\nport = 1\n"


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path, mysql: Host, run: Run) -> None:
    elsewhere = tmp_path / "elsewhere.cnf"
    elsewhere.write_text("# fsync-advisor\n")
    mysql.file.symlink_to(elsewhere)
    for lines in (("[mysqld]", "sync_binlog = 1"), ()):
        said = refused(run(mysql.command(*lines)))
        assert f"is a symbolic link to {elsewhere}, outside of" in said
    assert elsewhere.read_text() == "# fsync-advisor\n"
    assert mysql.file.is_symlink()


def test_a_link_within_the_folder_is_followed(mysql: Host, run: Run) -> None:
    real = mysql.folder / "real.cnf"
    real.write_text("# fsync-advisor\n")
    mysql.file.symlink_to("real.cnf")
    assert run(mysql.command("[mysqld]", "sync_binlog = 1"))[0] == 0
    assert "sync_binlog = 1" in real.read_text()
    assert mysql.file.is_symlink()


def test_a_folder_reached_by_another_name_is_the_same(
    tmp_path: Path, mysql: Host, run: Run
) -> None:
    other = tmp_path / "by another name"
    other.symlink_to(mysql.folder)
    assert run(mysql.command("[mysqld]", "sync_binlog = 1", to=other))[0] == 0
    assert mysql.names() == [MYSQL]


def test_a_server_without_a_known_configuration_is_refused(tmp_path: Path, run: Run) -> None:
    (tmp_path / "fragment").write_text("fsync = on\n")
    arguments = ["apply", str(tmp_path / "fragment"), "--db", "postgresql", "--to", str(tmp_path)]
    assert "name it with --config" in refused(run(arguments))


# The layouts of packages and images, below a root of their own


def layout(root: Path, files: dict[str, str]) -> None:
    """Files below `root`; {root} in a text stands for it. A name that ends with / is a folder."""
    for name, text in files.items():
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(text.format(root=root))


DEBIAN_CLUSTER = {
    "etc/postgresql/17/main/postgresql.conf": "include_dir = 'conf.d'\n",
    "etc/postgresql/17/main/pg_hba.conf": "local all all peer\n",
    "etc/postgresql/17/main/pg_ctl.conf": "pg_ctl_options = ''\n",
    "etc/postgresql/17/main/start.conf": "auto\n",
    "etc/postgresql/17/main/conf.d/": "",
}
"""As postgresql-common's pg_createcluster makes it."""

DEBIAN_MARIADB = {
    "etc/mysql/my.cnf": (
        "[client-server]\n!includedir {root}/etc/mysql/conf.d/\n"
        "!includedir {root}/etc/mysql/mariadb.conf.d/\n"
    ),
    "etc/mysql/conf.d/mysql.cnf": "[mysql]\n",
    "etc/mysql/mariadb.conf.d/50-server.cnf": "[mariadbd]\nuser = mysql\n",
}
"""As mariadb-common has it."""

RED_HAT_MARIADB = {
    "etc/my.cnf": "[client-server]\n!includedir {root}/etc/my.cnf.d\n",
    "etc/my.cnf.d/mariadb-server.cnf": "[mysqld]\ndatadir=/var/lib/mysql\n",
}
MYSQL_IMAGE = {
    "etc/my.cnf": "[mysqld]\n[client]\n\n!includedir {root}/etc/mysql/conf.d/\n",
    "etc/mysql/conf.d/": "",
}
"""As docker-library/mysql has it: 9.7/Dockerfile.oracle."""

ORACLES_RPM = {"etc/my.cnf": "[mysqld]\ndatadir=/var/lib/mysql\n"}
PGDATA = {
    "var/lib/pgsql/17/data/postgresql.conf": "#include_dir = '...'\n",
    "var/lib/pgsql/17/data/pg_hba.conf": "local all all peer\n",
    "var/lib/pgsql/17/data/PG_VERSION": "17\n",
}
"""As initdb leaves it, in the folder of PostgreSQL's own packages for Red Hat."""

IMAGE_18 = {"var/lib/postgresql/18/docker/postgresql.conf": "", "var/lib/postgresql/data/": ""}


@pytest.mark.parametrize(
    ("vendor", "files", "main", "to", "hint"),
    [
        (
            "postgresql",
            DEBIAN_CLUSTER,
            None,
            "etc/postgresql/17/main",
            "use --to {root}/etc/postgresql/17/main/conf.d, which it includes",
        ),
        (
            "mariadb",
            DEBIAN_MARIADB,
            "etc/mysql/my.cnf",
            "etc/mysql",
            "name it with --to; what is read last wins: {root}/etc/mysql/conf.d,"
            " {root}/etc/mysql/mariadb.conf.d",
        ),
        (
            "mariadb",
            DEBIAN_MARIADB,
            "etc/mysql/my.cnf",
            None,
            "name it with --to; what is read last wins: {root}/etc/mysql/conf.d,"
            " {root}/etc/mysql/mariadb.conf.d",
        ),
        (
            "mariadb",
            RED_HAT_MARIADB,
            "etc/my.cnf",
            "etc",
            "use --to {root}/etc/my.cnf.d, which it includes",
        ),
        (
            "mysql",
            MYSQL_IMAGE,
            "etc/my.cnf",
            "etc/mysql",
            "use --to {root}/etc/mysql/conf.d, which it includes",
        ),
        (
            "mysql",
            ORACLES_RPM,
            "etc/my.cnf",
            "etc",
            "add this line to the end of {root}/etc/my.cnf, then run this again:"
            " !include {root}/etc/zz-fsync-advisor.cnf",
        ),
        (
            "mysql",
            ORACLES_RPM,
            "etc/my.cnf",
            None,
            "add this line to the end of {root}/etc/my.cnf, then run this again:"
            " !include {root}/etc/zz-fsync-advisor.cnf, with --to {root}/etc",
        ),
        (
            "postgresql",
            PGDATA,
            None,
            "var/lib/pgsql/17/data",
            "add this line to the end of {root}/var/lib/pgsql/17/data/postgresql.conf, then run"
            " this again: include_if_exists = '{root}/var/lib/pgsql/17/data/zz-fsync-advisor.conf'",
        ),
        (
            "postgresql",
            IMAGE_18,
            None,
            None,
            "add this line to the end of {root}/var/lib/postgresql/18/docker/postgresql.conf, then"
            " run this again: include_if_exists ="
            " '{root}/var/lib/postgresql/18/docker/zz-fsync-advisor.conf', with --to"
            " {root}/var/lib/postgresql/18/docker",
        ),
        (
            "postgresql",
            {**DEBIAN_CLUSTER, **PGDATA},
            None,
            None,
            "name it with --config: {root}/etc/postgresql/17/main/postgresql.conf,"
            " {root}/var/lib/pgsql/17/data/postgresql.conf",
        ),
    ],
)
def test_the_hint_names_what_is_included_or_a_line_for_our_file_alone(
    tmp_path: Path,
    vendor: VendorName,
    files: dict[str, str],
    main: str | None,
    to: str | None,
    hint: str,
) -> None:
    layout(tmp_path, files)
    config = [tmp_path / main] if main else []

    def find_and_read() -> None:
        target = find_target(vendor, tmp_path / to if to else None, config, None, tmp_path)
        target.require_read(target.read_with("# fsync-advisor\n"))

    with pytest.raises(AdvisorError) as refusal:
        find_and_read()
    assert refusal.value.hint == hint.format(root=tmp_path)


@pytest.mark.parametrize(
    ("vendor", "files", "main", "found"),
    [
        (
            "postgresql",
            DEBIAN_CLUSTER,
            None,
            "etc/postgresql/17/main/conf.d/zz-fsync-advisor.conf",
        ),
        ("mariadb", RED_HAT_MARIADB, "etc/my.cnf", "etc/my.cnf.d/zz-fsync-advisor.cnf"),
        ("mysql", MYSQL_IMAGE, "etc/my.cnf", "etc/mysql/conf.d/zz-fsync-advisor.cnf"),
    ],
)
def test_the_only_included_folder_is_found_without_to(
    tmp_path: Path, vendor: VendorName, files: dict[str, str], main: str | None, found: str
) -> None:
    layout(tmp_path, files)
    config = [tmp_path / main] if main else []
    target = find_target(vendor, None, config, None, tmp_path)
    target.require_read(target.read_with("# fsync-advisor\n"))
    assert target.path == tmp_path / found


# What is refused: the moment


def edit_at(monkeypatch: pytest.MonkeyPatch, where: object, name: str, edit: Any) -> None:
    """Somebody else works just before that function does."""
    real = getattr(where, name)

    def edited(*arguments: Any, **options: Any) -> Any:
        edit()
        return real(*arguments, **options)

    monkeypatch.setattr(where, name, edited)


@pytest.mark.parametrize("moment", ["planned", "written", "linked"])
@pytest.mark.parametrize("old", [False, True], ids=["new", "replaced"])
def test_a_file_that_changes_meanwhile_is_left_alone(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch, moment: str, old: bool
) -> None:
    if old:
        run(mysql.command("[mysqld]", "innodb_io_capacity = 500"))
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    where, name = {
        "planned": (command, "_warn"),
        "written": (os, "fsync"),
        "linked": (os, "link"),
    }[moment]

    def edit() -> None:
        mysql.file.write_text("# fsync-advisor, and somebody else's line\n")

    edit_at(monkeypatch, where, name, edit)
    assert "was changed meanwhile; nothing was written" in refused(run(arguments))
    assert mysql.file.read_text() == "# fsync-advisor, and somebody else's line\n"
    assert mysql.names() == [MYSQL]


@pytest.mark.parametrize("backup", [False, True], ids=["removed", "restored"])
def test_a_file_that_changes_before_an_undo_is_left_alone(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch, backup: bool
) -> None:
    for value in (500, 600) if backup else (600,):
        run(mysql.command("[mysqld]", f"innodb_io_capacity = {value}"))
    names = mysql.names()

    def edit() -> None:
        mysql.file.write_text("# fsync-advisor, and somebody else's line\n")

    edit_at(monkeypatch, command, "_warn", edit)
    assert "was changed meanwhile; nothing was written" in refused(run(mysql.command()))
    assert mysql.file.read_text() == "# fsync-advisor, and somebody else's line\n"
    assert mysql.names() == names


def test_a_file_that_goes_meanwhile_is_missed(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(mysql.command("[mysqld]", "innodb_io_capacity = 500"))
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    edit_at(monkeypatch, os, "fsync", mysql.file.unlink)
    assert "was changed meanwhile; nothing was written" in refused(run(arguments))
    assert mysql.names() == []


def test_without_hard_links_a_file_that_changes_meanwhile_is_left_alone(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(mysql.command("[mysqld]", "innodb_io_capacity = 500"))
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")

    def edit(*_: object, **__: object) -> NoReturn:
        mysql.file.write_text("# fsync-advisor, and somebody else's line\n")
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", edit)
    assert "was changed meanwhile; nothing was written" in refused(run(arguments))
    assert mysql.file.read_text() == "# fsync-advisor, and somebody else's line\n"
    assert mysql.names() == [MYSQL]


def answered(arguments: list[str], answer: str) -> tuple[int, str]:
    """The command at a terminal, where somebody answers; its status and stderr."""
    with at_a_terminal(arguments) as (process, terminal):
        os.write(terminal, f"{answer}\n".encode())
        _, stderr = process.communicate()
    return process.returncode, stderr


def test_two_at_once_one_wins_and_one_says_so(tmp_path: Path, mysql: Host, run: Run) -> None:
    """The first asks at its terminal, and waits for the answer, when the second comes."""
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    fragment = tmp_path / "first.cnf"
    fragment.write_text("[mysqld]\nsync_binlog = 1\n# the first\n")
    with at_a_terminal([*arguments[:-1], str(fragment)]) as (first, terminal):
        until_it_asks(first)
        refusal = refused(run(arguments))
        assert f"another fsync-advisor apply is at work in {mysql.folder}" in refusal
        os.write(terminal, b"y\n")
        _, rest = first.communicate()
        assert first.returncode == 0, rest
    assert "# the first" in mysql.file.read_text()
    assert run(arguments)[0] == 0


def test_the_folder_is_free_again_afterwards(mysql: Host, run: Run) -> None:
    """Whoever was killed leaves the lock's file, which nobody holds then."""
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    lock = mysql.folder / ".fsync-advisor.lock"
    number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert "is at work" in refused(run(mysql.command()))
    os.close(number)
    assert lock.exists()
    assert run(mysql.command())[0] == 0
    assert not lock.exists()


# Asking


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False), ("", False)])
def test_it_asks(mysql: Host, answer: str, written: bool) -> None:
    status, stderr = answered(mysql.command("[mysqld]", "sync_binlog = 1"), answer)
    assert f"Write {mysql.file}? [y/N]" in stderr
    assert (status == 0, mysql.file.exists()) == (written, written)
    assert ("not confirmed; nothing was written" in stderr) is not written


def test_where_nobody_can_be_asked_it_refuses(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = mysql.command("[mysqld]", "sync_binlog = 1")
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        status, _, stderr = run(arguments, "--quiet")
    assert status == 2
    assert "cannot ask for confirmation" in stderr
    assert "add --yes" in stderr
    assert mysql.names() == []


def test_fragment_and_undo_exclude_each_other(mysql: Host, run: Run) -> None:
    assert "--undo takes no FRAGMENT" in refused(run(mysql.command("x"), "--undo"))
    assert "there is no FRAGMENT" in refused(run(mysql.command()[:-1], "--yes"))


# File systems


def failing(number: int) -> Any:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_system_without_hard_links_keeps_a_copy(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As vfat answers."""
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    text = mysql.file.read_text()
    run(mysql.command("[mysqld]", "sync_binlog = 1", "innodb_io_capacity = 500"))
    assert mysql.names() == [MYSQL, f"{MYSQL}.before-1"]
    assert (mysql.folder / f"{MYSQL}.before-1").read_text() == text
    assert run(mysql.command())[0] == 0
    assert mysql.file.read_text() == text


@pytest.mark.parametrize(
    ("operation", "undo"),
    [("fsync", False), ("fchown", False), ("fchmod", False), ("rename", False), ("rename", True)],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    mysql: Host, run: Run, monkeypatch: pytest.MonkeyPatch, operation: str, undo: bool
) -> None:
    run(mysql.command("[mysqld]", "sync_binlog = 1"))
    text = mysql.file.read_text()
    arguments = mysql.command(*(() if undo else ("[mysqld]", "innodb_io_capacity = 500")))
    monkeypatch.setattr(os, operation, failing(errno.EIO))
    assert "Input/output error" in refused(run(arguments))
    assert (mysql.names(), mysql.file.read_text()) == ([MYSQL], text)


def fill(point: Path) -> None:
    with (point / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)


def test_a_full_file_system(tmp_path: Path, run: Run) -> None:
    with loop_mount(tmp_path, 8) as point:
        host = Host(point, "mysql")
        run(host.command("[mysqld]", "sync_binlog = 1"))
        text = host.file.read_text()
        arguments = host.command("[mysqld]", "innodb_io_capacity = 500", *["# " + "x" * 400] * 100)
        fill(point)
        assert "No space left on device" in refused(run(arguments, "--yes", "--quiet"))
        assert (host.names(), host.file.read_text()) == ([MYSQL], text)


def test_a_file_system_that_is_read_only(tmp_path: Path, run: Run) -> None:
    with loop_mount(tmp_path, 8) as point:
        host = Host(point, "mysql")
        arguments = host.command("[mysqld]", "sync_binlog = 1")
        subprocess.run(["mount", "-o", "remount,ro", str(point)], check=True)
        assert "Read-only file system" in refused(run(arguments))
        assert host.names() == []


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_immutable(tmp_path: Path, run: Run, what: str) -> None:
    with loop_mount(tmp_path, 8) as point:
        host = Host(point, "mysql")
        run(host.command("[mysqld]", "sync_binlog = 1"))
        text = host.file.read_text()
        arguments = host.command("[mysqld]", "innodb_io_capacity = 500")
        immutable = host.file if what == "file" else host.folder
        subprocess.run(["chattr", "+i", str(immutable)], check=True)
        said = refused(run(arguments))
        assert "Operation not permitted" in said
        assert f"run as root, or as who owns {host.folder}" in said
        subprocess.run(["chattr", "-i", str(immutable)], check=True)
        assert (host.names(), host.file.read_text()) == ([MYSQL], text)
