"""One directory over time, really measured: as before, and with syncs that take longer.

Every run has the delay library, so that what is asserted rests on delays and not on this drive's
mood: 2 ms per sync as the normal case, and ten times as much when it has become slow.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import run_process
from tests.support.faults import fault_environment, run_probe

PRIMARY = "overwrite-fdatasync-8k"
NORMAL_US = 2_000
SLOW_US = 20_000


def measured(library: Path, directory: Path, save: Path, delay_us: int) -> Path:
    """The path `save`, with a measurement of `directory` in it."""
    outcome = run_probe(library, directory, PRIMARY, delay_us=delay_us)
    assert outcome.status == 0, outcome.stderr
    save.write_text(outcome.stdout)
    return save


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    directory = tmp_path / "drive"
    directory.mkdir()
    return directory


def test_a_drive_is_as_it_was_until_its_syncs_take_longer(
    faults_library: Path, drive: Path, tmp_path: Path
) -> None:
    old, same, slow = (
        measured(faults_library, drive, tmp_path / f"{name}.json", delay_us)
        for name, delay_us in (("old", NORMAL_US), ("same", NORMAL_US), ("slow", SLOW_US))
    )
    unchanged = run_process("drift", old, "--from", same, "--tolerance", "150")
    assert unchanged.returncode == 0, unchanged.stderr
    assert "Not slower beyond noise and by more than 150 %" in unchanged.stdout
    slower = run_process("drift", old, "--from", slow, "--tolerance", "150")
    assert slower.returncode == 3
    assert slower.stderr.splitlines()[1:] == ["  exit status 3: slower"]
    assert f"{slow} is slower than {old}, by more than 150 %" in slower.stderr
    faster = run_process("drift", slow, "--from", old, "--tolerance", "0")
    assert faster.returncode == 0, faster.stderr


def test_without_a_file_the_directory_of_the_baseline_is_measured(
    faults_library: Path, drive: Path, tmp_path: Path
) -> None:
    old = measured(faults_library, drive, tmp_path / "old.json", NORMAL_US)
    now = tmp_path / "now.json"
    slow = fault_environment(faults_library, delay_us=SLOW_US)
    done = run_process("drift", old, "--quick", "--save", now, environment=slow)
    assert done.returncode == 3, done.stderr
    assert f"{now} is slower than {old}, by more than 25 %" in done.stderr
    fresh = json.loads(now.read_text())
    assert (fresh["target"]["directory"], fresh["plan"]["name"]) == (str(drive), "quick")
    assert "plan: small before, quick now" in done.stdout
    assert os.listdir(drive) == []


def test_a_baseline_of_one_of_our_plans_is_measured_by_that_plan(
    faults_library: Path, drive: Path, tmp_path: Path
) -> None:
    environment = fault_environment(faults_library, delay_us=NORMAL_US)
    old, now = tmp_path / "old.json", tmp_path / "now.json"
    subprocess.run(
        [sys.executable, "-m", "advisor", "measure", "--quick", drive, "--output", old, "--quiet"],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
    asked = ("--tolerance", "200", "--save", now, "--quiet")
    done = run_process("drift", old, drive, *asked, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(now.read_text())["plan"]["name"] == "quick"
