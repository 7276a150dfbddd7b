"""The command line: exit statuses, where things are printed, and one clear line for bad input."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from advisor import __version__
from advisor.errors import AdvisorError
from advisor.request import Request
from advisor.servers.installed import Installed
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion
from tests.support.command_line import run, run_process
from tests.support.paths import CHECKOUT, MEASUREMENTS

HDD = str(MEASUREMENTS / "hdd.json")
NVME = str(MEASUREMENTS / "nvme-consumer.json")
TMPFS = str(MEASUREMENTS / "tmpfs.json")
RAID_CACHE = str(MEASUREMENTS / "raid-cache.json")
MYSQL = ("recommend", "--db", "mysql", "--db-version", "9.7")
ORDER = ("capacity", "--from", HDD, "--workload", "order")


def words(text: str) -> str:
    """Without the breaks of its lines."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("recommend", "--from", HDD), 2, "which server?\n  hint: --db mysql, mariadb or postgr"),
        (("recommend", "--group", "wal"), 2, "'wal': name some of commit, replication, log, ch"),
        (("measure", "--log-dir", "/tmp"), 2, "--log-dir and --binary-log-dir need DIR, too"),
        ((*MYSQL, "--from", HDD, "--log-dir", "/tmp"), 2, "need a drive, not --from"),
        (
            ("recommend", "--dbb"),
            2,
            "No such option: --dbb (Possible options: --db)\n  hint: fsync",
        ),
        (("no-such",), 2, "there is no command 'no-such'\n  hint: fsync-advisor --help\n"),
        (("rules",), 2, "Usage: fsync-advisor rules [OPTIONS] COMMAND"),
        (("recommend", "--db", "oracle"), 2, "Invalid value for '--db'"),
        ((*MYSQL, "--from", "nowhere.json"), 1, "nowhere.json cannot be read: No such file"),
        ((*MYSQL, "--from", "/"), 1, "/ cannot be read: Is a directory"),
        ((*MYSQL, "--from", HDD, "/tmp"), 2, "both /tmp and --from"),
        ((*MYSQL, "--from", HDD, "--quick"), 2, "need a drive, not --from"),
        ((*MYSQL, "--from", HDD, "--memory", "lots"), 2, "'lots' is not a size"),
        ((*MYSQL, "--from", HDD, "--memory", "0B"), 2, "--memory '0B' is not between 32MB and"),
        ((*MYSQL, "--from", HDD, "--memory", "8"), 2, "--memory '8' has no unit\n  hint: 8GB, 8MB"),
        ((*MYSQL, "--from", HDD, "--memory", "8kB"), 2, "'8kB' is not between 32MB and 1PB"),
        ((*MYSQL, "--from", HDD, "--log-bytes-per-commit", "2TB"), 2, "not between 1B and 1TB"),
        ((*MYSQL, "--from", HDD, "--recovery-time", "10"), 2, "--recovery-time '10' has no unit"),
        ((*MYSQL, "--from", HDD, "--recovery-time", "8d"), 2, "'8d' is not between 1s and 7d"),
        ((*MYSQL, "--from", HDD, "--expected-tps", "inf"), 2, "for '--expected-tps'"),
        ((*MYSQL, "--from", HDD, "--expected-tps", "1e308"), 2, "for '--expected-tps'"),
        ((*MYSQL, "--from", HDD, "--expected-tps", "nan"), 2, "for '--expected-tps'"),
        (("measure", "--label", "a\udcffb", "/tmp"), 2, "'a\\udcffb' is not printable text"),
        ((*MYSQL, "--from", HDD, "--recovery-time", "x"), 2, "'x' is not a duration"),
        ((*MYSQL, "--from", HDD, "--syncs", "1,0"), 2, "--syncs '1,0': whole numbers above 0"),
        ((*MYSQL, "--from", HDD, "--output", "/"), 2, "/ is a directory"),
        ((*MYSQL, "--from", HDD, "--output", "/nowhere/x.cnf"), 1, "/nowhere does not exist"),
        (
            ("recommend", "--db", "mysql", "--db-version", "5.6", "--from", HDD),
            2,
            "begin with MySQL",
        ),
        (("recommend", "--db", "mysql", "--db-version", "new", "--from", HDD), 2, "not a version"),
        (
            ("recommend", "--db", "postgresql", "--binary-log", "--from", HDD),
            2,
            "PostgreSQL has no binary log",
        ),
        (("measure", "/nowhere"), 1, "/nowhere"),
        (("measure", __file__), 1, "test_cli.py"),
        (("measure", "--quick", "--thorough"), 2, "contradict each other"),
        (("capacity", "--from", HDD, "--db-version", "8.0"), 2, "--data-size need --db"),
        (("capacity", "--from", HDD, "--durability", "loses-recent-on-crash"), 2, "need --db"),
        (("capacity", "--from", HDD, "--p99-ms", "5"), 2, "--p99-ms needs --target-tps"),
        (("capacity", "--from", HDD, "--clients", "1,x"), 2, "--clients '1,x': whole numbers"),
        (("capacity", "--from", HDD, "--clients", "0"), 2, "--clients '0': whole numbers"),
        (("capacity", "--from", HDD, "--clients", "1025"), 2, "at most 1,024 are modelled"),
        (("capacity", "--from", HDD, "--cores", "0"), 2, "Invalid value for '--cores'"),
        (("capacity", "--from", HDD, "--cpu-us-per-txn", "0"), 2, "from 1 to 999999999, like 60"),
        (("capacity", "--from", HDD, "--cpu-us-per-txn", "50,60"), 2, "like 4:57,64:61"),
        (("capacity", "--from", HDD, "--cpu-us-per-txn", "4:5:6"), 2, "like 4:57,64:61"),
        (("capacity", "--from", HDD, "--target-tps", "0"), 2, "for '--target-tps'"),
        (("capacity", "--from", HDD, "--target-tps", "inf"), 2, "for '--target-tps'"),
        (("capacity", "--from", HDD, "--target-tps", "nan"), 2, "for '--target-tps'"),
        (("capacity", "--from", HDD, "--cpu-us-per-txn", "nan"), 2, "--cpu-us-per-txn 'nan'"),
        (("capacity", "--from", HDD, "--references"), 2, "--references need --workload"),
        (("capacity", "--from", HDD, "--parameter", "items=5"), 2, "need --workload"),
        ((*ORDER, "--parameter", "items"), 2, "--parameter 'items': a name and a number up to"),
        ((*ORDER, "--parameter", "items=-1"), 2, "--parameter 'items=-1': a name and"),
        ((*ORDER, *2 * ("--parameter", "items=5")), 2, "--parameter items is given twice"),
        ((*ORDER, "--parameter", "items=101"), 2, "order: items 101 is outside 1 to 100"),
        ((*ORDER, "--parameter", "users=1"), 2, "no chosen workload has a parameter 'users'"),
        (
            # said before anything is measured
            ("capacity", "/nowhere", "--workload", "all", "--target-tps", "9"),
            2,
            "one workload at most",
        ),
        (
            ("capacity", "--from", HDD, "--workload", "trades"),
            2,
            "there is no workload 'trades'\n  hint: known: analytics-batch, cart, login, order, "
            "pgbench-tpcb, publish, sysbench-update, sysbench-write-only, trade;"
            " or a file: ./mine.toml",
        ),
        (("capacity", "--from", HDD, "--workload", "template"), 2, "there is no workload"),
        (
            ("capacity", "--from", HDD, "--workload", "no/x.toml"),
            1,
            "no/x.toml cannot be read: No such file or directory",
        ),
        (("capacity", "--from", HDD, "--workload", "/"), 1, "/ cannot be read: Is a directory"),
        (("rules", "show", "postgresql.no_such_setting"), 2, "there is no rule or setting"),
        (("rules", "show", "postgresql.fsync.no-such-rule"), 2, "there is no rule or setting"),
        ((*MYSQL, "--from", TMPFS), 3, "tmpfs keeps files in memory"),
        (("capacity", "--from", TMPFS), 3, "tmpfs keeps files in memory"),
        (
            (*MYSQL, "--from", RAID_CACHE, "--require-trust", "plausible"),
            3,
            "trust is suspicious, plausible is required",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    arguments: tuple[str, ...], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    actual, out, err = run(capsys, *arguments)
    assert (actual, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'{"schema_version": 1', "is not a measurement: Invalid JSON"),
        (b'{"a":', "is JSON that is cut off or damaged: line 1, column 6: Expecting value"),
        (b'{"a": 1}\n{"a": 2}', "looks like JSON of another program, which cannot be used"),
        (b"{}", "looks like JSON of another program, which cannot be used"),
        (b'{"schema_version": 2}', "is not a measurement: schema_version: Input should be 1"),
        (b"\xff\xfd\x00", "is binary: byte 2 is zero"),
        (b'{"schema_version": 1, "label": "\xff"}', "is not text: byte 32 is not UTF-8"),
        (b"[1, 2]", "looks like JSON of another program, which cannot be used"),
    ],
)
def test_a_bad_measurement_file_is_said_in_one_line(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    status, out, err = run(capsys, *MYSQL, "--from", str(path))
    assert (status, out) == (1, "")
    assert f"{path} {message}" in err


def test_the_product_is_on_stdout_and_notes_are_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, *MYSQL, "--from", RAID_CACHE)
    assert status == 0
    assert "[mysqld]" in out
    assert err.startswith("fsync-advisor: trust is suspicious: sda rotates")


@pytest.mark.parametrize("command", [MYSQL, ("capacity",)])
@pytest.mark.parametrize(
    ("drive", "lines"),
    [(HDD, ["note: first", "note: second"]), (RAID_CACHE, ["trust is suspicious", "note: first"])],
)
def test_at_most_two_lines_stand_before_the_product_which_has_all(
    command: tuple[str, ...],
    drive: str,
    lines: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored = json.loads(Path(drive).read_text())
    stored["warnings"] = [{"code": "x", "text": text} for text in ("first", "second", "third")]
    path = tmp_path / "noted.json"
    path.write_text(json.dumps(stored))
    status, out, err = run(capsys, *command, "--from", str(path))
    assert status == 0
    told = [line.removeprefix("fsync-advisor: ").split(":")[0] for line in err.splitlines()]
    assert told == [line.split(":")[0] for line in lines]
    assert all(line in err for line in lines)
    assert [f"Note: {text}" in out for text in ("first", "second", "third")] == [True] * 3


def test_a_note_of_a_stored_measurement_stays_in_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads(Path(HDD).read_text())
    stored["warnings"] = [{"code": "x", "text": "a\u001b[2J\nfsync-advisor: all is well"}]
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(stored))
    _, _, err = run(capsys, *MYSQL, "--from", str(path))
    assert err == "fsync-advisor: note: a [2J fsync-advisor: all is well\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (*MYSQL, "--from", TMPFS),
        (*MYSQL, "--from", RAID_CACHE, "--require-trust", "plausible"),
    ],
)
def test_exit_status_3_says_last_that_the_drive_is_not_trusted(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 3
    assert err.splitlines()[-1] == "  exit status 3: not trusted"


@pytest.mark.parametrize("word", ["durable", "strict"])
def test_durable_is_the_word_and_strict_is_still_understood(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--from", HDD, "--durability", word, "--format", "json")
    status, out, _ = run(capsys, *MYSQL, *asked)
    assert (status, json.loads(out)["durability"]) == (0, "durable")
    status, _, err = run(capsys, *MYSQL, "--from", HDD, "--durability", "can-corrupt")
    assert status == 2
    assert "Invalid value for '--durability': 'can-corrupt' is not one of 'durable'," in err


def test_quiet_keeps_stderr_empty(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *MYSQL, "--from", RAID_CACHE, "--quiet")
    assert (status, err) == (0, "")
    assert "[mysqld]" in out


@pytest.mark.parametrize("trust", ["unverifiable", "suspicious"])
def test_enough_trust_is_enough(trust: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(MEASUREMENTS / "cloud-quick.json")
    status, _, _ = run(capsys, *MYSQL, "--from", source, "--require-trust", trust)
    assert status == 0


def test_a_drive_that_keeps_nothing_gets_advice_only_when_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, *MYSQL, "--from", TMPFS, "--accept-not-durable")
    assert status == 0
    assert out.startswith("# WARNING: this drive is NOT DURABLE")
    assert "trust is not-durable" in err


def test_a_fragment_is_written_to_a_new_file_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "zz-fsync.cnf"
    written_to = ("--from", HDD, "--output", str(path))
    assert run(capsys, *MYSQL, *written_to) == (0, "", f"fsync-advisor: wrote {path}\n")
    written = path.read_text()
    assert "[mysqld]" in written
    status, _, err = run(capsys, *MYSQL, "--from", HDD, "--output", str(path))
    assert status == 2
    assert f"{path} exists already" in err
    forced = ("--output", str(path), "--force", "--memory", "2GB")
    assert run(capsys, *MYSQL, "--from", HDD, *forced)[0] == 0
    assert path.read_text() != written
    assert [entry.name for entry in tmp_path.iterdir()] == ["zz-fsync.cnf"]


@pytest.mark.parametrize(
    ("command", "name", "beginning"),
    [
        (("report",), "r.html", "<!doctype html>"),
        (("report",), "R.HTM", "<!doctype html>"),
        (("report",), "r.md", "# Durability report: "),
        (("report",), "r.prom", "# HELP "),
        (("report",), "r.json", "{"),
        (("report",), "r.txt", "PASS: "),
        (("report", "--format", "markdown"), "r.html", "# Durability report: "),
        (("capacity",), "c.md", "One connection"),
        (("capacity",), "c.json", "{"),
        (MYSQL, "a.sql", "-- fsync-advisor"),
        (MYSQL, "a.cnf", "# fsync-advisor"),
        (MYSQL, "a.json", "{"),
    ],
)
def test_the_ending_of_the_file_chooses_the_format(
    command: tuple[str, ...],
    name: str,
    beginning: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    status, out, err = run(capsys, *command, "--from", HDD, "--output", str(path))
    assert (status, out) == (0, "")
    assert err.endswith(f"fsync-advisor: wrote {path}\n")
    assert path.read_text().lower().startswith(beginning.lower())


@pytest.mark.parametrize(
    ("command", "name", "formats"),
    [
        (("capacity", "/nowhere"), "c.html", "table, markdown, json"),
        (("recommend", "--db", "mysql", "--db-version", "8.4", "/nowhere"), "a.md", "conf, sql"),
        (("recommend", "--db", "mysql", "--db-version", "8.4", "/nowhere"), "a.yaml", "patroni, "),
        (("audit", "--db", "mysql", "--config", "/nowhere"), "a.html", "text, markdown, json"),
        (("report", "/nowhere"), "r.sql", "terminal, markdown, html, json, prometheus"),
    ],
)
def test_an_ending_of_another_format_is_refused_before_anything_is_measured(
    command: tuple[str, ...],
    name: str,
    formats: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    status, out, err = run(capsys, *command, "--output", str(path))
    assert (status, out) == (2, "")
    message = f"fsync-advisor: {path} has no ending that names a format\n  hint: --format {formats}"
    assert err.startswith(message)


def test_an_ending_that_nobody_writes_here_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.PDF"
    status, out, err = run(capsys, "report", "/nowhere", "--output", str(path))
    assert (status, out) == (2, "")
    assert err.startswith(f"fsync-advisor: {path} names a format that is not written here\n")
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ((*MYSQL, "--db", "postgresql", "--from", HDD), "--db"),
        ((*MYSQL, "--from", HDD, f"--from={HDD}"), "--from"),
        ((*MYSQL, "--from", HDD, "--output", "a", "-o", "b"), "--output"),
        ((*MYSQL, "--from", HDD, "--binary-log", "--no-binary-log"), "--binary-log"),
    ],
)
def test_an_option_that_is_given_twice_is_not_taken_once(
    arguments: tuple[str, ...], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *arguments) == (2, "", f"fsync-advisor: {option} is given twice\n")


def test_whether_a_file_can_be_read_is_told_by_who_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a look beforehand, whose message says neither why nor what to do."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert run(capsys, *MYSQL, "--from", HDD)[0] == 0


def test_a_value_that_looks_like_an_option_is_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, *MYSQL, "--from", "--db")
    assert (status, err) == (1, "fsync-advisor: --db cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("measure", ""), "DIR is empty"),
        ((*MYSQL, "--from", HDD, "-o", ""), "-o is empty"),
        ((*MYSQL, "--from", HDD, "--output="), "--output is empty"),
        (("audit", "--db", "mysql", "--config", ""), "--config is empty"),
    ],
)
def test_an_empty_argument_is_no_directory(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hint = "  hint: is the shell's variable set?\n"
    assert run(capsys, *arguments) == (2, "", f"fsync-advisor: {message}\n{hint}")


def test_advice_as_json_has_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    advice = json.loads(run(capsys, *MYSQL, "--from", HDD, "--format", "json")[1])
    assert {
        *("schema_version", "engine", "engine_version", "durability", "storage", "settings"),
        *("skipped", "capacity", "warnings"),
    } <= advice.keys()
    assert {"class", "trust", "evidence"} <= advice["storage"].keys()
    assert {
        *("setting", "value", "rendered", "default", "rule", "reason", "sources", "durability"),
        *("restart", "group"),
    } <= advice["settings"][0].keys()
    assert advice["capacity"]["serial"][0].keys() == {"syncs", "tps", "per_day"}


def test_capacity_at_given_syncs(capsys: pytest.CaptureFixture[str]) -> None:
    # hdd.json: 12.2 ms a sync; 1 / 0.0122 s = 81.97, / 4 = 20.49 transactions a second.
    asked = ("--syncs", "1,4", "--clients", "1", "--format", "json")
    status, out, _ = run(capsys, "capacity", "--from", HDD, *asked)
    assert status == 0
    rates = [(point["syncs"], round(point["tps"], 2)) for point in json.loads(out)["serial"]]
    assert rates == [(1, 81.97), (4, 20.49)]


def test_numbers_of_clients_are_shown_once_and_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ("--clients", "8,1,8", "--format", "json")
    _, out, _ = run(capsys, "capacity", "--from", HDD, *asked)
    assert [point["clients"] for point in json.loads(out)["group_commit"]] == [1, 8]


def test_capacity_of_a_workload_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = CHECKOUT / "profiles" / "workloads" / "template.toml"
    path = tmp_path / "mine.toml"
    path.write_text(template.read_text())
    asked = ("--workload", str(path), "--parameter", "items=4", "--clients", "1")
    status, out, err = run(capsys, "capacity", "--from", HDD, *asked, "--format", "json")
    assert status == 0
    assert err == ""  # no progress where nobody watches
    (workload,) = json.loads(out)["workloads"]
    # two syncs and one for each item; hdd.json: 12.2 ms a sync, 1 / (6 x 12.2 ms) = 13.66
    assert (workload["name"], workload["syncs"]) == ("mine", 6)
    assert round(workload["ceiling_tps"], 2) == 13.66


def test_a_workload_file_that_lacks_something_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "What it does."\n')
    status, out, err = run(capsys, "capacity", "--from", HDD, "--workload", str(path))
    assert (status, out) == (1, "")
    assert err == f"fsync-advisor: {path}: kind: Field required\n"


def test_capacity_names_the_cores_and_the_cpu_time_it_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--cores", "3", "--cpu-us-per-txn", "70.5", "--clients", "1")
    _, out, _ = run(capsys, "capacity", "--from", HDD, *given)
    assert "with 3 cores (as given) and 70.5 us of CPU time per transaction" in words(out)
    _, out, _ = run(capsys, "capacity", "--from", HDD, "--clients", "1")
    assert "with 4 cores (as measured) and " in words(out)
    assert "of CPU time per transaction (assumed):" in words(out)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        # append 36.1 ms + overwrite 12.2 ms = 48.3 ms
        (
            ("--db", "mysql", "--db-version", "9.7"),
            "waits for 2 syncs, 48.3 ms (the binary log grows, so its sync takes longer):"
            " at most 20.7",
        ),
        (("--db", "mysql", "--db-version", "5.7"), "waits for 1 sync, 12.2 ms: at most 82"),
        (("--db", "mariadb", "--db-version", "10.11"), "waits for 1 sync, 12.2 ms: at most 82"),
        (("--db", "mariadb", "--db-version", "10.11", "--binary-log"), "waits for 2 syncs, 48.3"),
        (("--db", "mysql", "--db-version", "9.7", "--no-binary-log"), "waits for 1 sync, 12.2 ms"),
        (("--db", "postgresql", "--db-version", "15"), "waits for 1 sync, 12.2 ms: at most 82"),
        (
            ("--db", "postgresql", "--db-version", "15", "--durability", "loses-recent-on-crash"),
            "waits for no sync.",
        ),
    ],
)
def test_capacity_says_what_one_commit_waits_for(
    arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "capacity", "--from", HDD, "--clients", "1", *arguments)
    assert status == 0
    assert f"One commit with these settings {line}" in words(out)
    assert out.startswith("One connection, one sync after another, 12.2 ms each")


def test_a_measurement_is_read_from_standard_input() -> None:
    done = run_process(*MYSQL, "--from", "-", given=Path(HDD).read_text())
    assert (done.returncode, done.stderr) == (0, "")
    assert "[mysqld]" in done.stdout


@pytest.mark.parametrize(
    ("vendor", "version", "newest"),
    [
        ("mysql", "26.7", "9.7"),
        ("mysql", "26.10", "9.7"),
        ("mariadb", "12.3", "11.8"),
        ("mariadb", "13.1", "11.8"),
        ("postgresql", "20", "19"),
    ],
)
def test_a_version_from_the_future_gets_the_newest_rules_and_a_warning(
    capsys: pytest.CaptureFixture[str], vendor: str, version: str, newest: str
) -> None:
    asked = ("recommend", "--db", vendor, "--from", HDD, "--format", "json", "--db-version")
    status, out, err = run(capsys, *asked, version)
    assert status == 0
    assert f" {version} is newer than what we know; the rules of {newest} are used" in err
    future, known = json.loads(out), json.loads(run(capsys, *asked, newest)[1])
    assert future["engine_version"] == version
    assert len(future["settings"]) >= 10
    assert future["settings"] == known["settings"]


@pytest.mark.parametrize(
    ("vendor", "version", "message"),
    [
        ("mariadb", (10, 5, 23), "MariaDB 10.5.23, installed here as /opt/server, is older"),
        ("mysql", (5, 6, 24), "MySQL 5.6.24, installed here as /opt/server, is older"),
        ("postgresql", (12, 22), "PostgreSQL 12.22, installed here as /opt/server, is older"),
    ],
)
def test_an_installed_server_that_is_too_old_gets_no_other_versions_fragment(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    vendor: VendorName,
    version: NumericVersion,
    message: str,
) -> None:
    installed = Installed(vendor, version, Path("/opt/server"))
    monkeypatch.setattr("advisor.servers.installed.find_installed", lambda vendor: installed)
    status, out, err = run(capsys, "recommend", "--db", vendor, "--from", HDD)
    assert (status, out) == (1, "")
    assert err.startswith(f"fsync-advisor: {message} than what we know")
    assert "--db-version" in err


@pytest.mark.parametrize(
    ("vendor", "version", "same"),
    [
        ("Postgres", "160002", ("postgresql", "16.2")),
        ("MySQL", "mysql  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64", ("mysql", "8.0.36")),
        ("maria", "5.5.5-10.11.6-MariaDB", ("mariadb", "10.11.6")),
    ],
)
def test_a_server_and_its_version_are_taken_as_people_write_them(
    capsys: pytest.CaptureFixture[str], vendor: str, version: str, same: tuple[str, str]
) -> None:
    asked = ("recommend", "--from", HDD, "--db")
    written, known = (
        run(capsys, *asked, name, "--db-version", number)
        for name, number in ((vendor, version), same)
    )
    assert written[0] == 0
    assert written == known


def test_another_servers_version_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("recommend", "--from", HDD, "--db", "mysql", "--db-version", "10.11.6-MariaDB")
    status, out, err = run(capsys, *asked)
    assert (status, out) == (2, "")
    assert "'10.11.6-MariaDB' is a version of MariaDB, not of MySQL" in err
    assert "did you mean --db mariadb?" in err


def test_the_help_names_each_server_once(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("recommend", "capacity", "report", "audit", "apply", "verify", "predict"):
        _, out, _ = run(capsys, command, "--help")
        assert "[mysql|mariadb|postgresql]" in re.sub(r"\s+", "", out), command


MARIADB_HERE = Installed("mariadb", (11, 8, 9), Path("/usr/sbin/mysqld"))


@pytest.mark.parametrize("command", ["recommend", "capacity", "report"])
def test_a_mysqld_that_is_mariadb_is_given_no_settings_of_mysql(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """MariaDB does not start with innodb_redo_log_capacity."""
    monkeypatch.setattr("advisor.servers.installed.find_installed", lambda _: None)
    monkeypatch.setattr("advisor.servers.installed.find_relative", lambda _: MARIADB_HERE)
    status, out, err = run(capsys, command, "--db", "mysql", "--from", HDD)
    assert (status, out) == (2, "")
    assert "the mysqld here is MariaDB 11.8.9" in err
    assert "did you mean --db mariadb?" in err
    assert "--db-version" in err
    assert run(capsys, command, "--db", "mysql", "--db-version", "8.4", "--from", HDD)[0] == 0


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *MYSQL, "--from", HDD],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"fsync-advisor {__version__}\n", "")
    for command in ([], ["rules"], ["fleet"]):
        status, out, _ = run(capsys, *command, "--help")
        assert status == 0
        assert max(map(len, out.splitlines())) <= 80


def test_rules_list_show_and_check(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "rules", "list", "--engine", "postgresql")
    assert status == 0
    assert "postgresql.fsync.always" in out
    assert "innodb." not in out
    status, out, _ = run(capsys, "rules", "show", "postgresql.synchronous_commit")
    assert status == 0
    assert "loss_window_ms: 600" in out
    status, out, _ = run(capsys, "rules", "show", "sync_binlog", "--format", "json")
    assert status == 0
    assert json.loads(out)[0]["name"] == "sync_binlog"
    status, out, err = run(capsys, "rules", "check")
    assert (status, out) == (0, "")
    assert "no problems" in err


def test_rules_check_finds_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from advisor import knowledge

    profiles = tmp_path / "profiles"
    shutil.copytree(CHECKOUT / "profiles", profiles)
    monkeypatch.setattr(knowledge, "resource_dir", lambda name: tmp_path / name)
    assert run(capsys, "rules", "check")[0] == 0
    workload = profiles / "workloads" / "mine.toml"
    workload.write_text("syncs = 1\n")
    status, _, err = run(capsys, "rules", "check")
    assert (status, err) == (1, f"fsync-advisor: {workload}: summary: Field required\n")
    workload.unlink()
    path = profiles / "postgresql" / "commit_delay.toml"
    path.write_text(path.read_text().replace("leave_default = true", "value = 100001"))
    status, _, err = run(capsys, "rules", "check")
    assert status == 1
    assert "postgresql.commit_delay.no-robust-gain" in err
    assert "100001 is outside 0 to 100000" in err


def test_a_load_in_bulk_is_limited_by_the_drives_bandwidth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """480 MB/s of sata-ssd-plp's fill; 10,000 records of 286 bytes are 2.86 MB: 167.8 batches."""
    drive = str(MEASUREMENTS / "sata-ssd-plp.json")
    asked = ("--workload", "analytics-batch", "--format", "json")
    _, out, _ = run(capsys, "capacity", "--from", drive, *asked)
    (load,) = json.loads(out)["workloads"]
    assert load["bounds"] == [{"name": "sequential writes", "tps": pytest.approx(167.8, abs=0.05)}]
    assert load["sustainable_tps"] == load["bounds"][0]["tps"]
    assert load["records_per_s"] == pytest.approx(1_678_000, abs=500)
    _, out, _ = run(capsys, "capacity", "--from", drive, "--workload", "trade", "--format", "json")
    (trade,) = json.loads(out)["workloads"]
    assert trade["bounds"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        (*MYSQL, "--from", "/no\x1b[2J\nfsync-advisor: all is well"),
        ("report", "--from", "/no\x1b[2J\nfsync-advisor: all is well"),
        ("measure", "/no\x1b[2J\nfsync-advisor: all is well"),
        ("verify", "--db", "mysql", "/no\x1b[2J\nfsync-advisor: all is well"),
    ],
)
def test_a_name_in_a_message_steers_no_terminal_and_makes_no_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, *arguments)
    assert status == 1
    assert "/no [2J fsync-advisor: all is well" in err.splitlines()[0]
    assert err.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", ["verify", "predict"])
def test_a_fragment_for_another_server_is_not_tried_on_this_one(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fragment = tmp_path / "made.cnf"
    run(capsys, *MYSQL, "--from", HDD, "--output", fragment)
    status, out, err = run(capsys, command, "--db", "mariadb", fragment)
    assert (status, out) == (2, "")
    assert err == (
        f"fsync-advisor: {fragment} was made for MySQL, not for MariaDB\n"
        "  hint: choose --db to match\n"
    )


def test_a_name_without_end_leaves_the_message_readable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _, err = run(capsys, *MYSQL, "--from", "/tmp/" + "x" * 3000)
    assert status == 1
    assert len(err.splitlines()[0]) < 700
    assert err.splitlines()[0].endswith("xxx cannot be read: File name too long")


def test_nothing_is_predicted_from_a_drive_that_keeps_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And no server is met for it: nobody listens there."""
    asked = ("--dsn", "mysql://me@127.0.0.1:1/", "--yes", "--from", TMPFS)
    status, out, err = run(capsys, "predict", "--db", "mysql", *asked)
    assert (status, out) == (3, "")
    assert "is not durable: tmpfs keeps files in memory" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ours",), "ours alone is not a trial"),
        (("ours", "ours"), "ours ours: one of them is given twice"),
        (("/tmp", "/", "ours", "default"), "/tmp and / are both directories"),
        (("--seconds", "100"), "--seconds 100 is too short: four rounds of 2 configurations"),
        (("ours", "default", "/nowhere.cnf"), "/nowhere.cnf cannot be read"),
    ],
)
def test_a_trial_that_makes_no_sense_starts_nothing(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "trial", "--db", "mysql", *arguments)
    assert (status in (1, 2), out) == (True, "")
    assert message in err


def test_a_provider_limits_the_log_that_capacity_reckons_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request | None] = []

    def plan(_: object, request: Request | None, *__: object) -> None:
        asked.append(request)
        raise AdvisorError("enough", "")

    monkeypatch.setattr("advisor.commands.capacity.plan_capacity", plan)
    run(capsys, "capacity", "--from", HDD, "--db", "mysql", "--max-iops", "500")
    assert [request and request.max_ops_per_s for request in asked] == [500]


def test_a_providers_bandwidth_holds_up_one_connection_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """10 kB of log a commit at 1 MB/s, which is 10^6 bytes: 97.66."""
    drive = NVME
    asked = ("capacity", "--db", "postgresql", "--from", drive, "--log-bytes-per-commit", "10kB")
    _, out, _ = run(capsys, *asked, "--max-mbps", "1", "--clients", "4", "--format", "json")
    plan = json.loads(out)
    assert plan["commit_tps"] == pytest.approx(1e6 / 10_240)
    assert "one connection is held up by the bandwidth limit, too" in plan["notes"]


@pytest.mark.parametrize(("limit", "rate"), [("20", "10 commits"), ("2", "1 commit")])
def test_what_a_provider_allows_is_not_called_what_the_drive_does(
    capsys: pytest.CaptureFixture[str], limit: str, rate: str
) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "8.4", "--from", NVME)
    _, plain, _ = run(capsys, *asked)
    assert "pages that this drive flushes, each" in plain
    assert "--max-iops allows, each" not in plain
    _, limited, _ = run(capsys, *asked, "--max-iops", limit)
    assert "pages that --max-iops allows, each" in limited
    assert "that this drive flushes, each" not in limited
    assert f"Upper limit for one connection, within {limit} operations/s (sync" in limited
    assert re.search(rf"waits for 2 syncs, .*: at most {rate}/s on one connection", limited)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("measure", "--quick", ""), "DIR is empty"),
        (("measure", ".", "--log-dir", ""), "--log-dir is empty"),
        (("measure", "--seed", "9" * 23), f"{'9' * 23} is above 18,446,744,073,709,551,616"),
        (
            ("capacity", "--from", HDD, "--db", "mysql", "--data-size", "9GB", "--hot-share", "0"),
            "0 is below 0.001",
        ),
        (("capacity", "--from", HDD, "--db", "mysql", "--data-size", "2EB"), "1B and 1024PB"),
        ((*MYSQL, "--from", HDD, "--memory", "9" * 23 + "GB"), "between 32MB and 1PB"),
        (("measure", ".", "--soak", "-5min"), "--soak '-5min' is not a duration"),
        (("measure", ".", "--soak", "5min", "--max-bytes", "x"), "--max-bytes 'x' is not a size"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_given(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    status, _, err = run(capsys, *args)
    assert status == 2
    assert said in err


def test_a_measurement_may_begin_with_a_byte_order_mark(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + Path(HDD).read_bytes())
    status, out, _ = run(capsys, *MYSQL, "--from", marked)
    assert (status, out) == run(capsys, *MYSQL, "--from", HDD)[:2]


def test_a_directory_that_cannot_be_written_to_is_told_before_another_is_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(directory: Path) -> None:
        raise AdvisorError(f"cannot write in {directory}")

    monkeypatch.setattr("advisor.commands.measuring.require_writable", refuse)
    (log := tmp_path / "log").mkdir()
    status, _, err = run(capsys, "measure", "--quick", tmp_path, "--binary-log-dir", log)
    assert status == 1
    assert "measuring" not in err


def test_quick_says_that_a_data_size_needs_more(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from advisor.measurement_file import from_json

    stored = from_json(Path(HDD).read_text(), "x")
    monkeypatch.setattr("advisor.commands.measure.measured", lambda *_, **__: stored)
    note = "note: --quick measures no page writes and reads, which capacity --data-size needs"
    assert note in run(capsys, "measure", "--quick", "--under-load", tmp_path)[2]
    assert note not in run(capsys, "measure", "--quick", tmp_path)[2]
    assert note not in run(capsys, "measure", "--under-load", tmp_path)[2]
