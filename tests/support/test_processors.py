"""Whose processors a run had."""

import subprocess
import sys
import time
from pathlib import Path

from tests.support.processors import cores_used

BUSY_S = 1.5
BUSY = f"""\
import pathlib, sys, time
while time.process_time() < {BUSY_S}:
    pass
pathlib.Path(sys.argv[1]).touch()
"""


def test_a_child_that_has_ended_counts_as_ours(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with cores_used() as used:
        subprocess.run([sys.executable, "-c", BUSY, str(tmp_path / "done")], check=True)
    assert used.own * (time.monotonic() - began_s) > 0.9 * BUSY_S


def test_a_process_of_somebody_else_does_not(tmp_path: Path) -> None:
    done = tmp_path / "done"
    began_s = time.monotonic()
    with cores_used() as used:
        subprocess.run(["setsid", "--fork", sys.executable, "-c", BUSY, str(done)], check=True)
        while not done.exists():
            time.sleep(0.1)
    took_s = time.monotonic() - began_s
    assert used.others * took_s > 0.9 * BUSY_S
    assert used.own * took_s < 0.5 * BUSY_S
