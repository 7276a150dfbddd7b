"""What page flushes in threads of ours, and in a process of their own, add to a sync elsewhere.

    python -m tests.benchmarks.load_process DIR MEMORY [ROUNDS]

Syncs in DIR, on a fast drive, alone and beside page flushes in MEMORY, on a tmpfs: they share no
drive, so that whatever a sync takes longer comes from the interpreter and the processors. The three
take turns, 0.1 s each; the medians of their means at the end. MEMORY is best /dev/shm.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median
from time import perf_counter_ns

from advisor.probe.background import LoadProcess
from advisor.probe.plan import MIB, PRIMARY_SERIES, UNDER_LOAD, SeriesSpec
from advisor.probe.sampling import writer_slice
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import OpenSeries, TestFiles
from advisor.series_kind import PAGE_FLUSH

SLOT_NS = 100_000_000
SAMPLES = 20_000
PLAN = replace(UNDER_LOAD, file_bytes=8 * MIB)
ENOUGH_BYTES = 10**12


def opened(scratch: Scratch, spec: SeriesSpec) -> OpenSeries:
    (series,) = TestFiles(scratch, replace(PLAN, series=(spec,)), seed=1).open_series()
    return series


@contextmanager
def in_threads(flushes: OpenSeries, load: LoadProcess) -> Iterator[None]:
    """The same loops, in this process."""
    load.limit(ENOUGH_BYTES)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    threads = [
        threading.Thread(target=load._repeat, args=(loop, number, nowhere))
        for number, loop in enumerate(flushes.sample_loops())
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        flushes.stop.append("enough")
        for thread in threads:
            thread.join()
        flushes.stop.clear()
        os.close(nowhere)


def mean_us(syncs: OpenSeries) -> float:
    (loop,) = syncs.sample_loops()
    done = writer_slice(loop, SAMPLES, perf_counter_ns(), SLOT_NS)
    return fmean(done.latencies_ns[done.warmup_count :]) / 1000


def main(directory: Path, memory: Path, rounds: int) -> None:
    taken: dict[str, list[float]] = {"alone": [], "threads": [], "process": []}
    with Scratch(directory) as here, Scratch(memory) as there:
        syncs, flushes = opened(here, PRIMARY_SERIES), opened(there, SeriesSpec(PAGE_FLUSH))
        load = LoadProcess(flushes, memory)
        for _ in range(rounds):
            taken["alone"].append(mean_us(syncs))
            with in_threads(flushes, load):
                taken["threads"].append(mean_us(syncs))
            with load.running(ENOUGH_BYTES, syncs.stop, "the benchmark"):
                taken["process"].append(mean_us(syncs))
    for name, means_us in taken.items():
        print(f"{name}: {median(means_us):.0f} us a sync ({min(means_us):.0f} at the least)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 20)
