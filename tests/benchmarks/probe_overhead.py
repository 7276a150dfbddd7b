"""What Python costs the probe: its hot loop against the same loop in C, in one run.

    python -m tests.benchmarks.probe_overhead [DIR] [--operations N] [--turns N] [--no-memory]

Both loops write the same block to the same file with the same system calls, each going on where
it left off, and take turns, so that neither gets the drive's better minutes. Measured in
/dev/shm, where the calls cost almost nothing, and in DIR (default: the current directory). Then one
default measurement of DIR in a process of its own, for its peak resident size.
"""

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
from array import array
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from advisor.probe.plan import MIB
from advisor.probe.sampling import NEVER_NS, random_block, writer
from advisor.probe.scratch import Scratch
from advisor.series_kind import KIB

BLOCK_BYTES = 8 * KIB
FILE_BYTES = 64 * MIB

PEAK_MEMORY = """
import resource, sys
from pathlib import Path
from advisor.probe import PLANS, measure
measure(Path(sys.argv[1]), PLANS["default"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def compiled(folder: Path) -> ctypes.CDLL:
    """The C loop as a library."""
    library = folder / "probe_loop.so"
    source = Path(__file__).with_name("probe_loop.c")
    command = ["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


class Contest:
    """Both loops on one file; what each took, in ns."""

    def __init__(self, fd: int, library: ctypes.CDLL, operations: int) -> None:
        self._fd = fd
        self._library = library
        self._operations = operations
        self._block = random_block(BLOCK_BYTES)
        offsets = cycle(range(0, FILE_BYTES, BLOCK_BYTES))
        self._take = writer(fd, os.fdatasync, self._block, offsets, [])
        self.latencies_ns = {"C": array("q"), "ours": array("q")}
        self.per_operation_ns: dict[str, list[float]] = {"C": [], "ours": []}

    def turn(self, name: str) -> None:
        """`operations` operations of one of the two."""
        latencies_ns = array("q", bytes(8 * self._operations))
        started_ns = perf_counter_ns()
        if name == "C":
            self._run_c(latencies_ns)
        else:
            self._take(latencies_ns, 0, self._operations, 0, NEVER_NS, NEVER_NS)
        elapsed_ns = perf_counter_ns() - started_ns
        self.latencies_ns[name] += latencies_ns
        self.per_operation_ns[name].append(elapsed_ns / self._operations)

    def _run_c(self, latencies_ns: "array[int]") -> None:
        address, _ = latencies_ns.buffer_info()
        size = ctypes.c_int64
        error = self._library.probe_loop(
            self._fd,
            (ctypes.c_char * BLOCK_BYTES).from_buffer(self._block),
            size(BLOCK_BYTES),
            size(len(self.latencies_ns["C"]) * BLOCK_BYTES % FILE_BYTES),
            size(FILE_BYTES),
            size(self._operations),
            ctypes.c_void_p(address),
        )
        if error:
            raise OSError(error, os.strerror(error))


def contest(directory: Path, library: ctypes.CDLL, operations: int, turns: int) -> None:
    """Runs both loops in `directory` and prints what they took."""
    with Scratch(directory) as scratch:
        fd = scratch.create()
        block = os.urandom(MIB)
        for offset in range(0, FILE_BYTES, MIB):
            os.pwrite(fd, block, offset)
        os.fsync(fd)
        both = Contest(fd, library, operations)
        both.turn("C")
        both.turn("ours")  # a turn each to warm up
        both = Contest(fd, library, operations)
        for turn in range(turns):
            for name in ("C", "ours") if turn % 2 else ("ours", "C"):
                both.turn(name)
    print(f"{directory}: {turns} turns of {operations} operations each")
    rows = {
        "latency, median": {name: median(taken) for name, taken in both.latencies_ns.items()},
        "loop per operation, median of turns": {
            name: median(taken) for name, taken in both.per_operation_ns.items()
        },
    }
    for row, values in rows.items():
        c_ns, ours_ns = values["C"], values["ours"]
        print(
            f"  {row:36} C {c_ns:10.0f} ns  ours {ours_ns:10.0f} ns"
            f"  overhead {ours_ns - c_ns:+7.0f} ns  ratio {ours_ns / c_ns:.3f}"
        )


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="What Python costs the probe.")
    parser.add_argument("directory", nargs="?", type=Path, default=Path.cwd())
    parser.add_argument("--operations", type=int, default=1000, help="per turn")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--no-memory", action="store_true", help="leave out the last part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(Path(folder))
        for directory in (Path("/dev/shm"), options.directory):
            contest(directory, library, options.operations, options.turns)
    if not options.no_memory:
        command = [sys.executable, "-c", PEAK_MEMORY, str(options.directory)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"default measurement: peak resident size {int(run.stdout) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
