"""What other tools report, imported, against our own probe doing the same on the same directory.

    python -m tests.benchmarks.import_round_trip [DIR] [REPEATS]

Each tool's run stands between two of ours, so that a drift of the drive falls on both; the table
has the median over the repeats of imported / ours, and the smallest and largest. The aim is 10 %.
It needs pg_test_fsync, fio and sysbench; what is not installed is left out. Take the machine for
yourself: a neighbour's writes are in every sync.
"""

import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

from advisor.importers import import_report
from advisor.probe import MeasuringPlan, SeriesSpec, measure
from advisor.probe.plan import CLASSIC_SERIES, GIB, MIB, PRIMARY_SERIES
from advisor.series_kind import KIB, SeriesKind

SECONDS = 1.0
"""Of each run: short, for on a shared drive a minute is not like the next."""
SYSBENCH = (
    *("sysbench", "fileio", "--file-num=1", "--file-total-size=16M", "--file-block-size=16384"),
    *("--file-test-mode=rndwr", "--file-fsync-all=on", f"--time={SECONDS:.0f}"),
)


@dataclass(frozen=True)
class Trip:
    """A tool, the program it needs, how it is run in a directory, and our equal of it."""

    name: str
    program: str
    report: Callable[[Path], str]
    ours: SeriesSpec
    file_bytes: int
    """What the tool goes round in, and so we."""


def pg_test_fsync(directory: Path) -> str:
    """Only its first table: the others would take a minute."""
    command = [program("pg_test_fsync"), "-s", f"{SECONDS:.0f}", "-f", str(directory / "pg.out")]
    environment = {**os.environ, "LC_ALL": "C"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "using two" in line:
                break
        process.send_signal(signal.SIGINT)
    return "".join(lines)


def fio(directory: Path) -> str:
    job = "--name=wal --rw=write --bs=8k --size=16m --ioengine=psync --fdatasync=1 --overwrite=1"
    timing = f"--time_based --runtime={SECONDS:.0f} --output-format=json"
    return output(["fio", f"--directory={directory}", *job.split(), *timing.split()], directory)


def sysbench(directory: Path) -> str:
    output([*SYSBENCH, "prepare"], directory)
    return output([*SYSBENCH, "run"], directory)


def classic(directory: Path) -> str:
    """One block at offset 0, O_DIRECT write and fsync, one clock around all; as it prints it."""
    descriptor = os.open(directory / "testfile", os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)
    block, count = mmap.mmap(-1, 4096), 0
    began_s = perf_counter()
    while perf_counter() - began_s < SECONDS:
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, block)
        os.fsync(descriptor)
        count += 1
    elapsed_s = perf_counter() - began_s
    os.close(descriptor)
    return (
        "Storage Sync Performance Test\nSync method:  fsync\nMemory size:  4096 bytes\n"
        f"Test Results:\nTotal time:        {elapsed_s:.2f} seconds\nOperations:        {count}\n"
        f"Operations/sec:    {count / elapsed_s:.2f}\n"
    )


TRIPS = (
    Trip("pg_test_fsync, fdatasync 8 kB", "pg_test_fsync", pg_test_fsync, PRIMARY_SERIES, 8 * KIB),
    Trip("fio, overwrite fdatasync 8 kB", "fio", fio, PRIMARY_SERIES, 16 * MIB),
    Trip("classic loop, 4 KiB", sys.executable, classic, CLASSIC_SERIES, 16 * KIB),
    Trip(
        "sysbench, fsync-all 16 KiB",
        "sysbench",
        sysbench,
        SeriesSpec(SeriesKind("overwrite", "fsync", 16 * KIB)),
        16 * MIB,
    ),
)


def program(name: str) -> str:
    """Where it is; Debian keeps PostgreSQL's programs off the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(installed[-1]) if installed else "")


def output(command: list[str], directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


def our_ops_per_s(directory: Path, trip: Trip) -> float:
    plan = MeasuringPlan(
        name="round trip",
        series=(trip.ours,),
        ssd_budget_s=SECONDS + 0.5,
        hdd_budget_s=SECONDS + 0.5,
        samples_max=1_000_000,
        samples_enough=1_000_000,
        bytes_max=4 * GIB,
        rounds_min=1,
        rounds_max=1,
        idle_s=0.01,
        file_bytes=trip.file_bytes,
    )
    (series,) = measure(directory, plan).series
    return series.summary.ops_per_s


def imported_ops_per_s(text: str, spec: SeriesSpec) -> float:
    """Of the series that is the same as ours, but for sysbench's method, which it does not tell."""
    measurement = import_report(text.encode(), "a report").measurement
    found = measurement.find(spec.kind)
    assert found is not None
    return found.summary.ops_per_s


def main(parent: Path, repeats: int) -> None:
    trips = [trip for trip in TRIPS if program(trip.program)]
    ratios: dict[str, list[float]] = {trip.name: [] for trip in trips}
    rates: dict[str, list[tuple[float, float]]] = {trip.name: [] for trip in trips}
    for number in range(repeats):
        print(f"repeat {number + 1} of {repeats}", file=sys.stderr)
        for trip in trips:
            with tempfile.TemporaryDirectory(dir=parent) as place:
                directory = Path(place)
                before = our_ops_per_s(directory, trip)
                theirs = imported_ops_per_s(trip.report(directory), trip.ours)
                ours = fmean((before, our_ops_per_s(directory, trip)))
            rates[trip.name].append((theirs, ours))
            ratios[trip.name].append(theirs / ours)
    print(f"{'':32}{'imported/s':>12}{'ours/s':>12}{'ratio':>8}{'least':>8}{'most':>8}")
    for name, found in ratios.items():
        theirs, ours = (median(side) for side in zip(*rates[name], strict=True))
        print(f"{name:32}{theirs:12.0f}{ours:12.0f}{median(found):8.2f}"
              f"{min(found):8.2f}{max(found):8.2f}")  # fmt: skip


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir()),
        int(sys.argv[2]) if len(sys.argv) > 2 else 5,
    )
