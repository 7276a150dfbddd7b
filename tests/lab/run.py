"""Runs experiments, and keeps every run.

    python -m tests.lab.run [EXPERIMENT...] [--minutes N] [--only TEXT] [--configurations A,B]
                            [--repetitions N]

Without EXPERIMENT all of experiments/. A run that is kept already is not made again, so that what
was interrupted goes on where it stopped. Needs root, /dev/fuse, loop devices, gcc, libfuse3-dev,
sysbench, the servers that tests/run fetches, and memory for the drive's image (--room: another
place for it). The machine must have nothing else to do. report.py makes README.md's tables.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from tests.lab.bench import Bench, bench
from tests.lab.experiment import Block, experiment_names, load_experiment
from tests.lab.results import RunResult, add, counted_runs, path_of
from tests.support.endings import end_by_exceptions

CLOSE: Final = 0.1
"""Where the best two are nearer than this, a comparison goes on to its last repetition."""


class Wanted(NamedTuple):
    """What of a block is to be run."""

    configurations: Collection[str]
    repetitions: int | None = None
    """No more for now."""


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for, until it is done or the time is over."""
    options = _options(arguments)
    end_by_exceptions()  # and the drive goes, too
    until_s = time.monotonic() + 60 * options.minutes
    for name in options.experiments or experiment_names():
        experiment = load_experiment(name)
        path = options.results or path_of(name)
        for block in experiment.blocks():
            wanted = Wanted(
                options.configurations or block.experiment.configurations, options.repetitions
            )
            if options.only in block.key and _missing(block, counted_runs(name, path), wanted):
                if time.monotonic() >= until_s:
                    print("the time is over; what is missing comes with the next run")
                    return 0
                _run_block(block, path, options.room, until_s, wanted)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="no run begins later")
    parser.add_argument("--only", default="", metavar="TEXT", help="blocks that have it")
    parser.add_argument("--configurations", type=lambda text: text.split(","), metavar="A,B")
    parser.add_argument("--repetitions", type=int, metavar="N", help="no more for now")
    parser.add_argument("--room", type=Path, default=Path("/dev/shm"), metavar="DIR")
    parser.add_argument("--results", type=Path, metavar="FILE", help="instead of results/")
    return parser.parse_args(arguments)


def _run_block(block: Block, path: Path, room: Path, until_s: float, wanted: Wanted) -> None:
    print(f"{block.experiment.id}: {block.key}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lab-", dir=room) as folder:
        Path(folder).chmod(0o755)
        with bench(block, Path(folder)) as made:
            for result in _runs(made, block, path, until_s, wanted):
                add(result, path)
                print(_line(result), flush=True)


def _runs(
    made: Bench, block: Block, path: Path, until_s: float, wanted: Wanted
) -> Iterator[RunResult]:
    """The runs that are missing, in the order that the seed draws."""
    while missing := _missing(block, counted_runs(block.experiment.id, path), wanted):
        if time.monotonic() >= until_s:
            return
        configuration, repetition = missing[0]
        experiment = block.experiment
        recovery = experiment.kills and (repetition == 0 or experiment.about == "recovery")
        yield made.run(configuration, repetition, recovery=recovery)


def _missing(block: Block, stored: Sequence[RunResult], wanted: Wanted) -> list[tuple[str, int]]:
    """(configuration, repetition) of what the stopping rule still asks for, and is wanted."""
    runs = [run for run in stored if run.block == block.key]
    made = {(run.configuration, run.repetition) for run in runs}
    stopping = block.experiment.stopping

    def missing(repetitions: int) -> list[tuple[str, int]]:
        most = repetitions if wanted.repetitions is None else min(repetitions, wanted.repetitions)
        asked = [(name, n) for n in range(most) for name in block.order(n)]
        return [each for each in asked if each not in made and each[0] in wanted.configurations]

    least = missing(stopping.repetitions_min)
    return least or (missing(stopping.repetitions_max) if is_close(runs) else [])


def is_close(runs: Sequence[RunResult]) -> bool:
    """Whether the medians of the best two are within 10 %."""
    rates: dict[str, list[float]] = {}
    for run in runs:
        rates.setdefault(run.configuration, []).append(run.rates.mean)
    best = sorted((median(each) for each in rates.values()), reverse=True)
    return len(best) > 1 and best[1] > best[0] * (1 - CLOSE)


def _line(result: RunResult) -> str:
    rates = result.rates
    steady = "steady" if rates.is_steady else f"drifts to {rates.drift:.2f}"
    recovery = f", recovery {result.recovery_s} s" if result.recovery_s is not None else ""
    return (
        f"  {result.configuration} {result.repetition}: {rates.mean:.0f}/s, lowest"
        f" {rates.lowest:.0f}, {steady}{recovery}, load {result.load_average}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
