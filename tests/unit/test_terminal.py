"""What a terminal shows, on a terminal: an answer there, and in a pipe the file."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from advisor.output.document import Document, Section, Table, VerdictLine
from advisor.output.renderers.html import render_html
from advisor.output.renderers.markdown import render_markdown
from advisor.output.renderers.text import render_text
from tests.support.command_line import run_process
from tests.support.paths import CHECKOUT, FIXTURES, MEASUREMENTS

MYSQL: Final = ("recommend", "--db", "mysql", "--db-version", "9.7")
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*3[0-7]m")


def on_terminal(
    *arguments: str, columns: int = 80, more: Mapping[str, str] = {}, folder: Path = CHECKOUT
) -> tuple[int, str]:
    """Exit status, and what a terminal of that width is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    names = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM")
    environment = {name: text for name, text in os.environ.items() if name not in names}
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={
            **environment,
            "PYTHONPATH": str(CHECKOUT),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **more,
        },
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux ends a terminal whose other side is gone
            break
        if not part:
            break
        sent += part
    os.close(ours)
    process.communicate()
    return process.returncode, sent.decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def source(drive: str) -> tuple[str, str]:
    return "--from", str(MEASUREMENTS / f"{drive}.json")


def test_a_terminal_gets_a_summary_of_the_advice() -> None:
    status, sent = on_terminal(*MYSQL, *source("nvme-consumer"))
    assert status == 0
    lines = plain(sent).splitlines()
    assert lines[0] == "PASS: 8 settings for MySQL 9.7; commits survive a crash and a power loss."
    assert lines[2] == "/var/lib/db: xfs on nvme0n1 (Samsung SSD 990 PRO 2TB)"
    assert lines[3] == (
        "NVMe SSD without power-loss protection; one commit waits 7.14 ms for the drive"
    )
    assert lines[5].split() == ["setting", "value", "default", "for", "at", "run", "time"]
    assert ["innodb_redo_log_capacity", "6G", "100M", "log", "yes"] in map(str.split, lines)
    at = lines.index("Next: write the file, try it on a throw-away server, put it in place:")
    command = " ".join(" ".join(lines[at + 1 : -2]).replace("\\", "").split())
    assert command == " ".join(
        ["fsync-advisor", *MYSQL, *source("nvme-consumer"), "--output", "zz-fsync.cnf"]
    )
    assert lines[-2:] == [
        "  fsync-advisor verify --db mysql zz-fsync.cnf",
        "  fsync-advisor apply --db mysql zz-fsync.cnf",
    ]


def test_what_to_type_next_names_the_version_as_it_was_typed() -> None:
    """8 is the newest 8.x, and 8.0 that of 8.0."""
    arguments = ("recommend", "--db", "mysql", "--db-version", "8.0")
    _, sent = on_terminal(*arguments, *source("nvme-consumer"))
    assert "--db-version 8.0 " in plain(sent)


@pytest.mark.parametrize(
    ("db", "version"),
    [("mysql", "9.7"), ("mysql", "5.7"), ("mariadb", "10.11"), ("postgresql", "17")],
)
@pytest.mark.parametrize("drive", ["hdd", "nvme-consumer", "cloud-quick"])
def test_the_summary_is_one_screen(db: str, version: str, drive: str) -> None:
    """The last line of the screen is the prompt's."""
    arguments = ("recommend", "--db", db, "--db-version", version, "--from", f"{drive}.json")
    _, sent = on_terminal(*arguments, folder=MEASUREMENTS)
    lines = plain(sent).splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


def test_a_pipe_and_a_terminal_that_asks_for_it_get_the_file(tmp_path: Path) -> None:
    piped = run_process(*MYSQL, *source("hdd")).stdout
    assert piped.startswith("# fsync-advisor ")
    assert on_terminal(*MYSQL, *source("hdd"), "--show-config") == (0, piped)
    assert on_terminal(*MYSQL, *source("hdd"), "--format", "conf") == (0, piped)
    written = tmp_path / "a.cnf"
    assert on_terminal(*MYSQL, *source("hdd"), "--output", str(written)) == (0, "")
    assert written.read_text() == piped


def test_import_shows_a_table_where_somebody_reads_it() -> None:
    report = ("import", str(FIXTURES / "pg-18.3.txt"))
    status, sent = on_terminal(*report)
    assert (status, "{" in sent) == (0, False)
    assert re.search(r"^overwrite-fdatasync-8k +552 ", sent, re.MULTILINE)
    piped = run_process(*report).stdout
    assert piped.startswith('{"schema_version":1,')
    assert on_terminal(*report, "--format", "json")[1].replace("\r", "") == piped
    assert run_process(*report, "--format", "table").stdout.startswith("WARN")


def test_import_saves_the_measurement_whatever_it_prints(tmp_path: Path) -> None:
    report, saved = ("import", str(FIXTURES / "pg-18.3.txt")), tmp_path / "drive.json"
    done = run_process(*report, "--format", "table", "--output", str(saved))
    assert done.stdout.startswith("WARN")
    assert saved.read_text().startswith('{"schema_version":1,')
    note = "its means of one 8 kB write are used"
    assert (note in done.stdout, note in done.stderr) == (True, False)
    saved.unlink()
    done = run_process(*report, "--output", str(saved))
    assert (done.stdout, note in done.stderr) == ("", True)


def test_colours_tell_how_severe_it_is() -> None:
    _, good = on_terminal(*MYSQL, *source("hdd"))
    assert "\x1b[1;32mPASS: \x1b[0m" in good
    _, relaxed = on_terminal(*MYSQL, *source("hdd"), "--durability", "loses-recent-on-crash")
    assert "\x1b[1;33mWARN: \x1b[0m" in relaxed
    (line,) = (line for line in relaxed.splitlines() if "sync_binlog" in line)
    assert line.startswith("\x1b[1;33msync_binlog ")
    _, bad = on_terminal(*MYSQL, *source("tmpfs"), "--accept-not-durable")
    assert "\x1b[1;31mFAIL: \x1b[0m" in bad


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_none_are_wanted(more: dict[str, str]) -> None:
    _, sent = on_terminal(*MYSQL, *source("hdd"), more=more)
    assert COLOUR.search(sent) is None
    assert plain(sent).startswith("PASS: 8 settings for MySQL 9.7;")
    assert ("\x1b" in sent) == ("TERM" not in more)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    _, sent = on_terminal(*MYSQL, *source("cloud-quick"), columns=columns)
    longest = max(plain(sent).splitlines(), key=len)
    assert len(longest) <= max(columns, len(str(MEASUREMENTS)) + 40)


def test_a_verdict_comes_first_in_every_form() -> None:
    table = Table("", ("a",), [("1",), ("2",)], tones={1: "bad"})
    document = Document(
        "T", ("S.",), [Section(blocks=[table])], verdict=VerdictLine("FAIL", "why.")
    )
    assert render_text(document).splitlines()[:3] == ["FAIL: why.", "", "T"]
    assert render_markdown(document).startswith("# T\n\n**FAIL**: why.\n\nS.\n")
    page = render_html(document, charts=False)
    assert '<p class="outcome bad"><strong>FAIL</strong> why.</p>' in page
    assert page.index("FAIL") < page.index("S.</p>")


def test_a_long_reason_is_wrapped_beside_its_word() -> None:
    document = Document(verdict=VerdictLine("WARN", "word " * 20 + "end"))
    first, second = render_text(document).splitlines()
    assert first == "WARN: " + " ".join(["word"] * 15)
    assert second == "      " + " ".join(["word"] * 5) + " end"


def test_a_report_begins_with_the_verdict() -> None:
    report = ("report", *source("hdd"))
    _, sent = on_terminal(*report)
    assert plain(sent).startswith("PASS: a sync takes 12.2 ms; all checks of the drive passed.\n")
