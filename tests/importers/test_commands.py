"""import, and --from of every command: what is printed, written, said and refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from advisor.measurement_file import from_json
from tests.support.command_line import run_process
from tests.support.paths import FIXTURES, MEASUREMENTS

PG: Final = FIXTURES / "pg-18.3.txt"
THREE: Final = FIXTURES / "fio-3.33-three-jobs.json"
CLASSIC: Final = FIXTURES / "classic-server-1-4k.txt"
IOTUNE: Final = FIXTURES / "iotune-rpk.yaml"
OURS: Final = MEASUREMENTS / "nvme-consumer.json"
RECOMMEND: Final = ("recommend", "--db", "postgresql", "--db-version", "17")


def imported(*arguments: object, given: bytes = b"") -> dict[str, Any]:
    done = run_process("import", *arguments, given=given)
    assert done.returncode == 0, done.stderr
    measurement: dict[str, Any] = json.loads(done.stdout)
    return measurement


def test_the_measurement_goes_to_stdout_and_what_was_used_to_stderr() -> None:
    done = run_process("import", PG)
    measurement = json.loads(done.stdout)
    assert measurement["source"] == "reported by pg_test_fsync"
    assert measurement["series"][0]["name"] == "overwrite-fdatasync-8k"
    assert measurement["series"][0]["summary"]["p99_us"] is None
    assert f"note: {PG} is read as pg_test_fsync\n" in done.stderr
    assert "its means of one 8 kB write are used; there are no percentiles" in done.stderr


def test_a_note_stands_in_the_table_or_on_stderr_but_not_in_both() -> None:
    note = "its means of one 8 kB write are used"
    done = run_process("import", PG, "--format", "table")
    assert (done.stdout + done.stderr).count(note) == 1
    assert note in done.stdout


def test_quiet_says_nothing() -> None:
    assert run_process("import", PG, "--quiet").stderr == ""


def test_a_report_is_read_from_standard_input() -> None:
    assert imported("-", given=PG.read_bytes()) == imported(PG)
    done = run_process("capacity", "--from", "-", given=PG.read_bytes())
    assert "standard input is read as pg_test_fsync" in done.stderr
    assert "1.81 ms each" in done.stdout


def test_a_label_is_kept() -> None:
    assert imported(PG, "--label", "db7, old drive")["label"] == "db7, old drive"


def test_another_result_is_picked() -> None:
    assert imported(THREE, "--pick", 3)["series"][0]["method"] == "fsync"
    done = run_process("import", THREE)
    assert json.loads(done.stdout)["series"][0]["method"] == "fdatasync"
    assert "job seq-sync, number 2 of 3 results; import --pick N takes another" in done.stderr


@pytest.mark.parametrize(("pick", "status"), [("4", 2), ("0", 2), ("x", 2)])
def test_a_result_that_is_not_there_cannot_be_picked(pick: str, status: int) -> None:
    assert run_process("import", THREE, "--pick", pick).returncode == status


def test_a_measurement_of_ours_goes_through_unchanged() -> None:
    printed = run_process("import", OURS).stdout
    assert from_json(printed, "printed") == from_json(OURS.read_text(), "stored")


def test_the_file_is_written_safely(tmp_path: Path) -> None:
    made = tmp_path / "measurement.json"
    done = run_process("import", PG, "--output", made)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(made.read_text()) == imported(PG)
    again = run_process("import", CLASSIC, "-o", made)
    assert (again.returncode, json.loads(made.read_text())) == (2, imported(PG))
    assert run_process("import", CLASSIC, "-o", made, "--force").returncode == 0
    assert json.loads(made.read_text()) == imported(CLASSIC)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    done = run_process("import", tmp_path / "none.txt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"fsync-advisor: {tmp_path}/none.txt cannot be read: No such file or directory\n"
    )


def test_a_large_file_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.write(PG.read_bytes())
        file.truncate(50 * 1024**3)  # a sparse file; nobody waits for 50 GiB
    done = run_process("import", large)
    assert done.returncode == 1
    assert f"{large} is larger than 4194304 bytes" in done.stderr


# Advice from a report


@pytest.mark.parametrize(
    "report",
    [PG, CLASSIC, THREE, FIXTURES / "sysbench-fsync-all.txt", FIXTURES / "ioping-write.txt",
     FIXTURES / "fio-3.28-optane.txt", FIXTURES / "fio-2.2-text.txt", FIXTURES / "dd-dsync.txt",
     FIXTURES / "etcd-slow.txt", FIXTURES / "fsdist-xfs.txt"],
    ids=lambda path: path.name,
)  # fmt: skip
@pytest.mark.parametrize(
    "command",
    [
        ("recommend", "--db", "mysql", "--db-version", "9.7", "--memory", "8GB"),
        ("recommend", "--db", "mariadb", "--db-version", "11.8"),
        (*RECOMMEND, "--memory", "8GB"),
        ("capacity",),
    ],
    ids=lambda command: command[-1],
)
def test_every_report_of_syncs_is_enough_for_advice(command: tuple[str, ...], report: Path) -> None:
    done = run_process(*command, "--from", report)
    assert done.returncode == 0, done.stderr
    assert "trust is unverifiable: reported by " in done.stderr


def test_what_stands_in_for_the_primary_series_is_named() -> None:
    done = run_process(*RECOMMEND, "--from", CLASSIC)
    expected = "classic 4 KiB O_DIRECT + fsync stands in for an 8 KiB overwrite with fdatasync"
    assert f"# Note: {expected}" in done.stdout
    assert "# Reported by the classic fsync script in /root/tools\n" in done.stdout
    assert "#   classic 4 KiB O_DIRECT + fsync: 40,470/s, mean 24.7 us" in done.stdout


def test_nothing_stands_in_where_the_primary_series_is_reported() -> None:
    done = run_process(*RECOMMEND, "--from", PG)
    assert "stands in" not in done.stdout + done.stderr


def test_without_the_hosts_memory_that_is_said() -> None:
    assert "--memory SIZE adds the settings" in run_process(*RECOMMEND, "--from", PG).stdout
    told = run_process(*RECOMMEND, "--memory", "8GB", "--from", PG)
    assert "--memory SIZE" not in told.stdout + told.stderr
    reported = run_process(*RECOMMEND, "--from", CLASSIC)  # it says 31.07 GB
    assert "--memory SIZE" not in reported.stdout + reported.stderr


def test_iotune_feeds_no_sync() -> None:
    done = run_process(*RECOMMEND, "--from", IOTUNE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "what is reported by iotune has no sync of a single writer" in done.stderr
    assert run_process("capacity", "--from", IOTUNE).returncode == 1


def test_four_writers_are_no_single_one() -> None:
    done = run_process(*RECOMMEND, "--from", FIXTURES / "fio-3.33-numjobs-group.json")
    assert "has no sync of a single writer" in done.stderr


def test_a_memory_file_system_is_not_durable_whoever_reports_it() -> None:
    done = run_process(*RECOMMEND, "--from", FIXTURES / "ioping-tmpfs.txt")
    assert (done.returncode, done.stdout) == (3, "")


@pytest.mark.parametrize(
    ("report", "said"),
    [("pg-18.3.txt", True), ("ioping-rapid.txt", True), ("fio-3.33-fdatasync.json", False)],
)
def test_capacity_says_where_it_knows_no_tail(report: str, said: bool) -> None:
    done = run_process("capacity", "--from", FIXTURES / report)
    assert done.returncode == 0, done.stderr
    assert ("only the mean of a sync is reported" in " ".join(done.stdout.split())) is said


def test_comparing_reads_reports_too() -> None:
    done = run_process("compare", PG, FIXTURES / "pg-16.txt")
    assert done.returncode == 0, done.stderr
    assert "reported by pg_test_fsync" in done.stdout


def test_required_trust_is_not_met_by_a_report() -> None:
    assert run_process(*RECOMMEND, "--require-trust", "plausible", "--from", PG).returncode == 3
    assert run_process(*RECOMMEND, "--require-trust", "unverifiable", "--from", PG).returncode == 0


def test_a_text_cannot_smuggle_a_line_into_a_fragment(tmp_path: Path) -> None:
    report = json.loads((FIXTURES / "fio-3.33-fdatasync.json").read_text())
    report["fio version"] = "fio-3.33\nfsync = off\n"
    report["jobs"][0]["jobname"] = "a\x1b[2Jb\nfsync = off\ud800"
    evil = tmp_path / "evil.json"
    evil.write_text(json.dumps(report))
    done = run_process(*RECOMMEND, "--from", evil)
    assert done.returncode == 0, done.stderr
    assert "\nfsync = off" not in done.stdout
    assert "\nfsync = on\n" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_importers_are_not_loaded_for_a_measurement_of_ours() -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from advisor.commands.source import stored_measurement\n"
        f"stored_measurement(Path({str(OURS)!r}), quiet=True)\n"
        "print([name for name in sys.modules if name.startswith('advisor.importers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
