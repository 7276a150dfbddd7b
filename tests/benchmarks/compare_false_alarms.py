"""How often `drift` calls a drive slower that has not changed.

    python -m tests.benchmarks.compare_false_alarms [DIR] [--runs N] [--plan quick|default]

Measures DIR (default: the current directory) N times, one run after another, and holds every run
against every other, in both directions: each pair is a baseline and a later run of one and the same
drive, so "slower" is a false alarm. Neighbouring runs are counted on their own, too. Whatever else
the host does meanwhile is in the figures, as it is in a cron job's.

Measured on 2026-11-22, 45 runs of the quick plan on a virtual disk shared with other machines, the
host itself idle: from run to run 114 to 181 us, deviation 6.9 %; within a run +-5.3 % at 95 %.

    tolerance   0 %:  319 of 1980 (16.1 %) of all pairs,    6 of   44 (13.6 %) neighbours
    tolerance  10 %:  213 of 1980 (10.8 %) of all pairs,    3 of   44 ( 6.8 %) neighbours
    tolerance  25 %:   49 of 1980 ( 2.5 %) of all pairs,    1 of   44 ( 2.3 %) neighbours
    tolerance  50 %:    1 of 1980 ( 0.1 %) of all pairs,    0 of   44 ( 0.0 %) neighbours
    tolerance 100 %:    0 of 1980 ( 0.0 %) of all pairs,    0 of   44 ( 0.0 %) neighbours

14 such runs while tests ran on the same host: 41 of 182 pairs (23 %) at 0 %, 22 (12 %) at 25 %, and
2 (1 %) at 50 %.
"""

import argparse
from itertools import pairwise, permutations
from pathlib import Path
from statistics import mean, stdev

from advisor.comparison.baseline import TOLERANCE_PERCENT, check_baseline
from advisor.comparison.drives import ComparedDrive, measured_drive
from advisor.knowledge import load_storage_knowledge
from advisor.probe import PLANS, measure
from advisor.series_kind import PRIMARY

TOLERANCES_PERCENT = (0.0, 10.0, TOLERANCE_PERCENT, 50.0, 100.0)


def alarms(pairs: list[tuple[ComparedDrive, ComparedDrive]], tolerance_percent: float) -> str:
    """How many of the pairs are called slower."""
    count = sum(check_baseline(before, now, tolerance_percent).slower for before, now in pairs)
    return f"{count:4} of {len(pairs):4} ({100 * count / len(pairs):4.1f} %)"


def main(directory: Path, plan: str, count: int) -> None:
    knowledge = load_storage_knowledge()
    runs = [
        measured_drive(f"run {number}", measure(directory, PLANS[plan]), knowledge)
        for number in range(1, count + 1)
    ]
    means_us = [run.summaries[PRIMARY].mean_us for run in runs]
    within = mean(run.summaries[PRIMARY].ci95_percent or 0 for run in runs)
    print(f"{count} runs of plan {plan} in {directory}: mean {mean(means_us):.1f} us,")
    print(f"  from run to run {min(means_us):.1f} to {max(means_us):.1f} us, deviation", end=" ")
    print(f"{100 * stdev(means_us) / mean(means_us):.1f} %; within a run +-{within:.1f} % at 95 %")
    for tolerance_percent in TOLERANCES_PERCENT:
        every = alarms(list(permutations(runs, 2)), tolerance_percent)
        near = alarms(list(pairwise(runs)), tolerance_percent)
        print(f"  tolerance {tolerance_percent:3.0f} %: {every} of all pairs, {near} neighbours")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="False alarms of drift.")
    parser.add_argument("directory", nargs="?", type=Path, default=Path.cwd())
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--plan", choices=list(PLANS), default="quick")
    options = parser.parse_args()
    main(options.directory, options.plan, options.runs)
