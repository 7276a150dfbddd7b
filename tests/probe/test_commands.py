"""The commands on drives that fail: exit status, one line, no rate, no file."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.command_line import run_process
from tests.support.faults import fault_environment
from tests.support.loop_mount import loop_mount, tmpfs_mount
from tests.support.paths import MEASUREMENTS

BASELINE = MEASUREMENTS / "hdd.json"
COMMANDS = {
    "measure": ("measure",),
    "recommend": ("recommend", "--db", "mysql", "--db-version", "9.7"),
    "capacity": ("capacity",),
    "drift": ("drift", BASELINE),
}

A_RATE = re.compile(r"\d/s\b|ops/s|transactions/s|tps")


def expect_failure(
    done: subprocess.CompletedProcess[str], status: int, message: str, directory: Path
) -> None:
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not A_RATE.search(done.stderr)
    assert os.listdir(directory) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"sync_fail_at": 60}, "EIO (Input/output error)"),
        ({"write_fail_at": 300}, "ENOSPC (No space left on device)"),
        ({"write_short_at": 300}, "pwrite was cut short"),
    ],
)
def test_the_first_failed_call_ends_it_and_nothing_is_written(
    command: str, faults: dict[str, int], message: str, faults_library: Path, tmp_path: Path
) -> None:
    directory, saved = tmp_path / "drive", tmp_path / "saved"
    directory.mkdir()
    saved.mkdir()
    save = "--output" if command == "measure" else "--save"
    arguments = (*COMMANDS[command], "--quick", str(directory), save, str(saved / "m.json"))
    environment = fault_environment(faults_library, **faults)
    expect_failure(run_process(*arguments, environment=environment), 1, message, directory)
    assert os.listdir(saved) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_memory_file_system_is_a_finding(command: str, tmp_path: Path) -> None:
    with tmpfs_mount(tmp_path, 600) as point:
        done = run_process(*COMMANDS[command], "--quick", point)
        assert done.returncode == 3
        assert "tmpfs keeps files in memory" in done.stderr
        assert "Traceback" not in done.stderr
        assert os.listdir(point) == []
    if command not in ("measure", "drift"):  # these show what they measured
        assert done.stdout == ""
        assert not A_RATE.search(done.stderr)


def test_a_memory_file_system_that_is_accepted_is_named_in_the_first_line(tmp_path: Path) -> None:
    with tmpfs_mount(tmp_path, 600) as point:
        done = run_process(*COMMANDS["recommend"], "--quick", point, "--accept-not-durable")
    assert done.returncode == 0
    assert done.stdout.startswith("# WARNING: this drive is NOT DURABLE")
    assert "innodb_io_capacity" not in done.stdout  # nothing is argued from its speed
    assert "What this drive sustains" not in done.stdout
    assert "What a lower durability" not in done.stdout


def test_libeatmydata_is_a_finding(faults_library: Path, tmp_path: Path) -> None:
    """A stand-in by that name: the finding is about the name, which is all a process can see."""
    library = tmp_path / "libeatmydata.so"
    library.write_bytes(faults_library.read_bytes())
    directory = tmp_path / "drive"
    directory.mkdir()
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = run_process(*COMMANDS["recommend"], "--quick", directory, environment=environment)
    expect_failure(done, 3, "libeatmydata.so is preloaded", directory)


def test_a_read_only_mount(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 1024, "ro") as point:
        done = run_process(*COMMANDS["recommend"], point)
    assert (done.returncode, done.stdout) == (1, "")
    assert "EROFS (Read-only file system)" in done.stderr


def test_a_small_file_system(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 64) as point:
        before = os.listdir(point)
        done = run_process(*COMMANDS["recommend"], point)
        assert os.listdir(point) == before
    assert (done.returncode, done.stdout) == (1, "")
    assert "not enough space" in done.stderr


def has_open(process: int, directory: Path) -> bool:
    """Whether the process has a file open in that directory, one without a name included."""
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(descriptor).startswith(f"{directory}/"):
                return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_in_mid_run(
    command: str, number: signal.Signals, faults_library: Path, tmp_path: Path
) -> None:
    directory, saved = tmp_path / "drive", tmp_path / "saved"
    directory.mkdir()
    saved.mkdir()
    save = "--output" if command == "measure" else "--save"
    arguments = [*COMMANDS[command], str(directory), save, str(saved / "measurement.json")]
    with subprocess.Popen(
        [sys.executable, "-m", "advisor", *arguments],
        env=fault_environment(faults_library, delay_us=1000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not has_open(process.pid, directory):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(1)  # past the filling, far from the end
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    measuring, interrupted = stderr.splitlines()
    assert measuring.startswith(f"fsync-advisor: measuring {directory} (")
    assert interrupted == f"fsync-advisor: interrupted by {number.name}; nothing was left behind"
    assert os.listdir(directory) == []
    assert os.listdir(saved) == []


def test_a_directory_whose_name_is_not_text_can_be_saved_and_shown(tmp_path: Path) -> None:
    directory = os.fsdecode(os.fsencode(tmp_path) + b"/drive-\xff")
    os.mkdir(directory)
    saved = tmp_path / "measurement.json"
    done = run_process("measure", "--quick", directory, "--output", saved, "--format", "prometheus")
    assert done.returncode == 0, done.stderr
    assert '/drive-\\\\xff"' in saved.read_text()
    families = {
        family.name: family.samples for family in text_string_to_metric_families(done.stdout)
    }
    (info,) = families["fsync_advisor_info"]
    assert info.labels["directory"] == f"{tmp_path}/drive-\\xff"
    assert len(families["fsync_advisor_sync_latency_mean_seconds"]) == 2


def test_a_measurement_saved_is_the_one_the_advice_rests_on(tmp_path: Path) -> None:
    directory, saved = tmp_path / "drive", tmp_path / "measurement.json"
    directory.mkdir()
    arguments = ("--db", "postgresql", "--db-version", "15")
    fresh = run_process("recommend", *arguments, "--quick", directory, "--save", saved)
    stored = run_process("recommend", *arguments, "--from", saved)
    assert (fresh.returncode, stored.returncode) == (0, 0)
    assert fresh.stdout == stored.stdout
    assert os.listdir(directory) == []


def test_a_chroot_without_proc_has_less_to_say_and_no_fault(tmp_path: Path) -> None:
    command = f'exec {sys.executable} -m advisor measure --quick "$1"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mount -t tmpfs none /proc; {command}", "sh", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "\nseries " in done.stdout
    assert "fault" not in done.stderr
    assert "a test file is opened again by /proc/self/fd" in " ".join(done.stdout.split())
