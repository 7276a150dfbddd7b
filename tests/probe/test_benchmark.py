"""The benchmarks run; what they find is for people to read."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.faults import missing


def test_the_overhead_benchmark_runs(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    counts = ["--operations", "20", "--turns", "2", "--no-memory"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.probe_overhead", str(tmp_path), *counts],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert len(re.findall(r"C +\d+ ns  ours +\d+ ns  overhead +[+-]\d+ ns", run.stdout)) == 4


def test_the_false_alarm_benchmark_runs(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.benchmarks.compare_false_alarms",
            str(tmp_path),
            "--runs",
            "2",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert len(re.findall(r"tolerance +\d+ %: +\d of +2 .* of all pairs", run.stdout)) == 5
