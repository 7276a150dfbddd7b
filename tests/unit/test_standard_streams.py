"""Standard input, output and error that are closed or full: no traceback, and nothing astray."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import environment
from tests.support.paths import MEASUREMENTS

HDD = str(MEASUREMENTS / "hdd.json")
RECOMMEND = ("recommend", "--db", "mysql", "--db-version", "8.4", "--from")
FULL = "fsync-advisor: standard output cannot be written: No space left on device\n"
CLOSED = "fsync-advisor: standard output cannot be written: Bad file descriptor\n"


def program(*arguments: str, shell: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The program as a shell starts it, which redirects."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "advisor", *arguments],
        env=environment(None) | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "command", [("--help",), ("--version",), ("rules", "list"), (*RECOMMEND, HDD)]
)
@pytest.mark.parametrize(("shell", "message"), [(">/dev/full", FULL), (">&-", CLOSED)])
def test_output_that_goes_nowhere_is_a_failure_in_one_line(
    command: tuple[str, ...], shell: str, message: str
) -> None:
    done = program(*command, shell=shell)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", message)


@pytest.mark.parametrize("shell", [">/dev/full", ">&-"])
def test_where_there_is_no_output_it_may_be_closed(shell: str) -> None:
    done = program("rules", "check", shell=shell)
    assert done.returncode == 0


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-", "<&- 2>&-"])
def test_messages_that_go_nowhere_change_nothing_else(shell: str) -> None:
    command = (*RECOMMEND, str(MEASUREMENTS / "raid-cache.json"))
    as_usual = program(*command, shell="")
    assert b"trust is suspicious" in as_usual.stderr
    done = program(*command, shell=shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, as_usual.stdout, b"")


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-"])
def test_an_error_that_nobody_can_read_has_its_status_and_stays_off_stdout(shell: str) -> None:
    done = program(*RECOMMEND, "/nowhere", shell=shell)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_a_closed_input_cannot_be_read() -> None:
    done = program(*RECOMMEND, "-", shell="<&-")
    message = "fsync-advisor: standard input cannot be read: Bad file descriptor\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", message)


def test_no_file_of_ours_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """A message that was written into it would be part of the product."""
    written = tmp_path / "advice.cnf"
    done = program(*RECOMMEND, HDD, "--output", str(written), shell="<&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    as_usual = program(*RECOMMEND, HDD, shell="")
    assert written.read_bytes() == as_usual.stdout


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_what_is_no_ascii_is_utf_8_whatever_the_locale(tmp_path: Path, locale: str) -> None:
    labelled = tmp_path / "m.json"
    text = Path(HDD).read_text(encoding="utf-8")
    assert text.count("made for tests") == 1
    labelled.write_text(text.replace("made for tests", "Spülung"), encoding="utf-8")
    for command in (
        (*RECOMMEND, str(labelled)),
        ("report", "--from", str(labelled), "--format", "html"),
        ("report", "--from", str(labelled), "--format", "markdown"),
    ):
        done = program(*command, shell="", LC_ALL=locale, PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
        assert (done.returncode, "Spülung" in done.stdout.decode("utf-8")) == (0, True)
