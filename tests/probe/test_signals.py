"""SIGINT and SIGTERM, at any moment: the probe ends soon and leaves nothing behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from advisor.probe.scratch import Scratch
from tests.support.faults import fault_environment, probe_command

MOMENTS = (
    "watching the drive",
    "filling the test files",
    "8 KiB overwrite + fdatasync",
    "8 KiB append + fdatasync",
    "16 KiB random O_DIRECT, 8 writers",
    "8 KiB overwrite + fdatasync, 8 writers",
    "4 KiB durable replace + fsync",
)
"""What the probe says that it does next."""


def interrupted(
    library: Path, directory: Path, moment: str, number: signal.Signals, **faults: str | int
) -> tuple[int, str]:
    """Starts a probe, sends it a signal once it says `moment`; its exit status and output."""
    process = subprocess.Popen(
        probe_command(directory),
        env=fault_environment(library, **faults),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == moment:
            break
    time.sleep(0.02)  # into the middle of it
    process.send_signal(number)
    sent = time.monotonic()
    stdout, stderr = process.communicate(timeout=30)
    assert time.monotonic() - sent < 10, "it took its time"
    assert "Traceback" not in stderr
    return process.returncode, stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_left_after_a_signal(
    faults_library: Path, tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    status, stdout = interrupted(faults_library, tmp_path, moment, number, delay_us=300)
    assert status == 130
    assert stdout == ""
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_without_tmpfile(
    faults_library: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """The signal comes while the private directory exists."""
    status, stdout = interrupted(
        faults_library, tmp_path, "made a directory", number, no_tmpfile=1, mkdir_pause_us=100_000
    )
    assert status == 130
    assert stdout == ""
    assert os.listdir(tmp_path) == []


def test_a_killed_probe_leaves_the_directory_of_its_replaces_alone(
    faults_library: Path, tmp_path: Path
) -> None:
    """Of which the next one tells."""
    moment = "8 KiB overwrite + fdatasync"
    interrupted(faults_library, tmp_path, moment, signal.SIGKILL, no_tmpfile=1)
    (left,) = tmp_path.iterdir()
    assert [path.stat().st_size for path in left.iterdir()] == [4096]
    with Scratch(tmp_path) as scratch:
        assert scratch.left_behind() == (1, 4096)
