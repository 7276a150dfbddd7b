"""A file in the place of another: one line that says what it is and what takes it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.cli import main
from tests.support.paths import CHECKOUT, MEASUREMENTS

HDD = MEASUREMENTS / "hdd.json"
ADVICE = CHECKOUT / "tests/golden/nvme-consumer.mysql-8.4.json"

Run = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Run:
    """Stderr of a command that is a usage error, and prints nothing else."""

    def run(*arguments: str | Path, status: int = 2) -> str:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert (end.value.code, said.out) == (status, "")
        assert len(said.err) < 500
        return said.err

    return run


@pytest.mark.parametrize("command", [("apply", "--yes"), ("verify",)], ids=["apply", "verify"])
def test_a_measurement_is_no_fragment(tmp_path: Path, told: Run, command: tuple[str, ...]) -> None:
    (tmp_path / "conf.d").mkdir()
    main_file = tmp_path / "my.cnf"
    main_file.write_text(f"[mysqld]\n!includedir {tmp_path}/conf.d\n")
    where = ("--config", main_file) if command[0] == "apply" else ()
    said = told(*command, "--db", "mysql", *where, HDD)
    assert f"{HDD} is a measurement, not a configuration file" in said
    assert f"fsync-advisor recommend --db mysql --from {HDD}" in said
    said = told(*command, "--db", "mysql", *where, ADVICE)
    assert f"{ADVICE} is advice as JSON, not a configuration file" in said
    other = tmp_path / "other.json"
    other.write_text('{"x": 1}\n')
    assert f"{other} is JSON, not a configuration file" in told(
        *command, "--db", "mysql", *where, other
    )


def test_what_is_no_fragment_is_said_before_anything_else(told: Run) -> None:
    """Before a place for it is looked for, and before somebody is asked who is not there."""
    said = told("apply", "--db", "mysql", HDD)
    assert said.startswith(f"fsync-advisor: {HDD} is a measurement, not a configuration file\n")


@pytest.mark.parametrize("vendor", ["mysql", "postgresql"])
def test_a_line_without_end_is_not_shown(tmp_path: Path, told: Run, vendor: str) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html>" + "x <b>y</b> " * 40_000)
    said = told("verify", "--db", vendor, page, status=1)
    assert f"{page}:1: no setting has a name of" in said


@pytest.mark.parametrize("command", ["report", "capacity", "measure", "recommend"])
def test_a_measurement_is_no_directory(told: Run, command: str) -> None:
    db = ("--db", "mysql", "--db-version", "8.4") if command == "recommend" else ()
    said = told(command, *db, HDD, status=1)
    assert f"{HDD} is a measurement, not a directory" in said
    assert f"--from {HDD}" in said


def test_another_file_is_no_directory(tmp_path: Path, told: Run) -> None:
    report = tmp_path / "report.txt"
    report.write_text("fsync 100 ops/sec\n")
    said = told("report", report, status=1)
    assert f"{report} is a file, not a directory" in said
    assert "a tool's report goes to --from" in said


@pytest.mark.parametrize("command", [("report", "--from"), ("import",), ("compare", HDD)])
def test_a_directory_is_no_measurement(
    tmp_path: Path, told: Run, command: tuple[str | Path, ...]
) -> None:
    said = told(*command, tmp_path, status=1)
    assert f"{tmp_path} cannot be read: Is a directory" in said
    assert f"fsync-advisor measure {tmp_path} --output FILE" in said


# fleet DIR


@pytest.mark.parametrize("command", [("fleet",), ("fleet", "report")])
def test_a_fleet_is_read_from_a_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    for name in ("hdd", "nvme-plp"):
        shutil.copy(MEASUREMENTS / f"{name}.json", tmp_path)
    (tmp_path / "notes.txt").write_text("of yesterday\n")
    (tmp_path / ".hidden.json").write_text("{}\n")
    with pytest.raises(SystemExit) as end:
        main([*command, str(tmp_path)])
    assert end.value.code == 0
    by_directory = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["fleet", "report", *(str(tmp_path / f"{name}.json") for name in ("hdd", "nvme-plp"))])
    assert by_directory == capsys.readouterr().out
    assert "2 hosts" in by_directory


def test_a_directory_without_measurements_is_said(tmp_path: Path, told: Run) -> None:
    assert "has no file whose name ends with .json" in told("fleet", tmp_path, status=1)


def test_what_is_no_command_and_no_path_stays_unknown(tmp_path: Path, told: Run) -> None:
    assert "there is no command" in told("fleet", tmp_path / "missing")
