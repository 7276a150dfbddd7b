"""Faults of our own: one line, a file to report them with, exit status 70."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from advisor import __version__
from advisor.fault import tell_fault, without_passwords
from tests.support.command_line import environment

PLANTED = """
import sys
from advisor import cli, lazy_commands
def broken(name, entry):
    return {}["no such\\nkey"]
lazy_commands.load_command = broken
cli.main(sys.argv[1:])
"""
"""The command line with a fault planted where a command is imported."""


def faulty(*arguments: str, shell: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line with a fault in it; `shell` redirects."""
    command = [sys.executable, "-c", PLANTED, *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(
        command,
        env=environment(None) | {"FSYNC_ADVISOR_DEBUG": ""} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_fault_is_one_line_and_a_file(tmp_path: Path) -> None:
    done = faulty("measure", "/a b", XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (70, "")
    (saved,) = (tmp_path / "fsync-advisor").iterdir()
    assert done.stderr == (
        "fsync-advisor: KeyError: 'no such\\nkey': this is a fault of fsync-advisor;"
        f" please report it with {saved}, which has the version, command and traceback\n"
    )
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(saved.parent.stat().st_mode) == 0o700
    text = saved.read_text()
    assert text.startswith(
        f"version: {__version__}\ncommand: fsync-advisor measure '/a b'\n\nTrace"
    )
    assert text.endswith("KeyError: 'no such\\nkey'\n")


def test_each_fault_has_a_file_of_its_own(tmp_path: Path) -> None:
    for _ in range(2):
        assert faulty("measure", XDG_STATE_HOME=str(tmp_path)).returncode == 70
    assert len(list((tmp_path / "fsync-advisor").iterdir())) == 2


def test_debug_shows_the_traceback_and_writes_nothing(tmp_path: Path) -> None:
    done = faulty("measure", XDG_STATE_HOME=str(tmp_path), FSYNC_ADVISOR_DEBUG="1")
    assert done.returncode == 70
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith(
        f"\nfsync-advisor: this is a fault of fsync-advisor {__version__}\n"
    )
    assert os.listdir(tmp_path) == []


def test_the_temporary_directory_takes_what_the_state_directory_does_not(tmp_path: Path) -> None:
    no_folder, places = tmp_path / "file", tmp_path / "tmp"
    no_folder.touch()  # nobody, not even root, makes a directory in a file
    places.mkdir()
    done = faulty("measure", XDG_STATE_HOME=str(no_folder), TMPDIR=str(places))
    assert done.returncode == 70
    (saved,) = places.iterdir()
    assert str(saved) in done.stderr
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_where_nothing_can_be_written_the_line_has_what_to_send(tmp_path: Path) -> None:
    no_folder = str(tmp_path / "file")
    Path(no_folder).touch()
    done = faulty("measure", "/x", XDG_STATE_HOME=no_folder, TMPDIR=no_folder)
    assert done.returncode == 70
    assert done.stderr == (
        "fsync-advisor: KeyError: 'no such\\nkey': this is a fault of fsync-advisor;"
        f" please report it with the version ({__version__}), the command"
        " (fsync-advisor measure /x) and what FSYNC_ADVISOR_DEBUG=1 shows\n"
    )


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/full", "2>&- >&-"])
def test_stderr_that_takes_nothing_changes_no_exit_status(shell: str, tmp_path: Path) -> None:
    done = faulty("measure", shell=shell, XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (70, "", "")
    assert len(list((tmp_path / "fsync-advisor").iterdir())) == 1


def test_a_message_stays_in_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    tell_fault(ValueError("a\x1b[2J\nfsync-advisor: all is well"), [])
    err = capsys.readouterr().err
    assert err.startswith("fsync-advisor: ValueError: a [2J fsync-advisor: all is well: this is a")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("--dsn mysql://me:s3cret@db/", "--dsn mysql://me:***@db/"),
        ("--dsn postgresql://me:a/b@db/x", "--dsn postgresql://me:***@db/x"),
        ("--dsn 'host=db password=s3cret user=me'", "--dsn 'host=db password=*** user=me'"),
        ("--dsn mysql://me@db:3306/", "--dsn mysql://me@db:3306/"),
        ("password = 's3 \\'cret' user=me", "password = *** user=me"),
        ("sslpassword=s3cret", "sslpassword=***"),
        ("--dsn mysql://me:s3@cret@db/", "--dsn mysql://me:***@db/"),
        ("measure /a:b", "measure /a:b"),
    ],
)
def test_no_password_is_kept(text: str, hidden: str) -> None:
    assert without_passwords(text) == hidden


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://me:geheim@db/",
        "mysql://me:ge heim@db/",
        "mysql://me:ge@heim@db/",
        "mysql://me:ge/heim",
        "postgresql://me:geheim@db/?sslpassword=geheim",
        "host=db password='ge heim' user=me",
        "host=db password = geheim",
        "host=db password=ge'heim",
        "geheim",
    ],
)
@pytest.mark.parametrize("joined", [False, True])
def test_no_password_of_a_command_line_is_told(
    dsn: str,
    joined: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However it is written: not in the command, nor in what a driver makes of it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("MYSQL_PWD", "geheim of mysql")
    arguments = ["audit", f"--dsn={dsn}"] if joined else ["audit", "--dsn", dsn]
    for debug in ("0", "1"):
        monkeypatch.setenv("FSYNC_ADVISOR_DEBUG", debug)
        tell_fault(ValueError(f"{dsn!r}, {dsn}: no; geheim of mysql"), arguments)
    (saved,) = (tmp_path / "fsync-advisor").iterdir()
    told = capsys.readouterr().err + saved.read_text()
    assert "heim" not in told
    scheme = dsn.partition("://")[0] + "://" if "://" in dsn else ""
    assert f"\ncommand: fsync-advisor audit --dsn '{scheme}***'\n" in told


LOST = """
import os, signal, sys, time
from advisor import cli, lazy_commands
class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.001)  # where the signal is handled
def load(name, entry):
    dying = Dying()
    del dying
    time.sleep(30)
lazy_commands.load_command = load
cli.main(["measure"])
"""
"""A command that is interrupted while an object of a driver, say, is destroyed."""


def test_an_interruption_in_a_destructor_is_not_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOST],
        env=environment(None),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    message = "fsync-advisor: interrupted by SIGTERM; nothing was left behind\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", message)
