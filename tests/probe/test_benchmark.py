"""The benchmark runs; what it finds is for people to read."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from faults import missing

SCRIPT = Path(__file__).parents[1] / "benchmarks/probe_overhead.py"


def test_the_overhead_benchmark_runs(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    counts = ["--operations", "20", "--turns", "2", "--no-memory"]
    run = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), *counts],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert len(re.findall(r"C +\d+ ns  ours +\d+ ns  overhead +[+-]\d+ ns", run.stdout)) == 4
