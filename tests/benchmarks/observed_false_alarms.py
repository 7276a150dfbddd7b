"""How often `drift --passive` calls a drive slower that has not changed.

    python -m tests.benchmarks.observed_false_alarms [--profile NAME] [--clients N] [--runs N]
        [--interval SECONDS]

Observes PostgreSQL 15 on an emulated drive (in /dev/shm; root, /dev/fuse, loop devices) N times,
one after another, under a load that stays the same, and holds every observation against every
other, in both directions, as compare_false_alarms does with what was measured. The drive's times
are drawn from one distribution all the while, so that "slower" is a false alarm.

Measured on 2026-11-30 on two cores that others kept busy (load average 9 to 13), with all of this
in the scheduling class for idle time, so that a wait for a core is in every figure. 20 observations
of 12 s each, 4 clients, on a drive that flushes in 2 ms (seen as 4.3 to 9.7 ms, deviation 20.6 %,
within one +-10.6 %; 218 to 467 commits/s), and on one that turns 7200 times a minute (8.4 to
10.2 ms, deviation 5.6 %, within one +-6.3 %; 210 to 257 commits/s):

                      network-2ms                     hdd-7200
    tolerance   0 %:  113 of  380 (29.7 %) of all      53 of  380 (13.9 %) of all pairs
    tolerance  10 %:  112 of  380 (29.5 %)             45 of  380 (11.8 %)
    tolerance  25 %:   89 of  380 (23.4 %)              0 of  380
    tolerance  50 %:   33 of  380 ( 8.7 %)              0 of  380
    tolerance 100 %:    4 of  380 ( 1.1 %)              0 of  380

A longer interval did not help on the first: of 10 observations of 36 s, while the load average rose
to 25, 19 of 90 pairs (21 %) at 25 %, and 2 (2 %) at 100 %. Not measured: a host that is idle.
"""

import argparse
import os
import shutil
import tempfile
from itertools import pairwise, permutations
from pathlib import Path
from statistics import mean, stdev

from advisor.commands.source import stored_measurement
from advisor.comparison.drives import measured_drive
from advisor.knowledge import load_storage_knowledge
from advisor.model import Unknown
from tests.benchmarks.compare_false_alarms import TOLERANCES_PERCENT, alarms
from tests.servers.test_observed_drive import SIZE_BYTES, under_load
from tests.support.command_line import run_process
from tests.support.emulated_drive import compile_drive, emulated_drive, mounted_drive
from tests.support.emulated_drive.profiles import load_profile, profile_names
from tests.support.endings import end_by_exceptions
from tests.support.timed_calls import compile_timed_calls

FRAGMENT = "track_wal_io_timing = on\ncheckpoint_timeout = 1h\nmax_wal_size = 64MB\n"
START_S = 10.0
"""Before the first observation, and for what each costs beyond its interval."""


def main(profile: str, clients: int, runs: int, interval_s: float) -> None:
    knowledge = load_storage_knowledge()
    room = Path(tempfile.mkdtemp(prefix="observed-false-alarms-", dir="/dev/shm"))
    os.chmod(room, 0o755)
    observed = []
    try:
        program = compile_drive(room)
        with (
            emulated_drive(program, load_profile(profile), room, size_bytes=SIZE_BYTES) as drive,
            mounted_drive(drive, room / "data") as place,
            under_load(
                *("postgresql-15", FRAGMENT, clients, drive, place, compile_timed_calls(room)),
                seconds=START_S + runs * (interval_s + 3),
            ) as running,
        ):
            for number in range(1, runs + 1):
                saved = room / f"{number}.json"
                asked = ("--interval", interval_s, "--dsn", running.dsn, "--output", saved)
                done = run_process("measure", "--passive", "--quiet", *asked)
                assert done.returncode == 0, done.stderr
                observed.append(stored_measurement(saved, quiet=True))
    finally:
        shutil.rmtree(room)
    drives = [
        measured_drive(f"run {number}", each, knowledge) for number, each in enumerate(observed, 1)
    ]
    summaries = [each.series[0].summary for each in observed]
    means_us = [summary.mean_us for summary in summaries]
    rates = [
        each.observation.commits_per_s
        for each in observed
        if each.observation and not isinstance(each.observation.commits_per_s, Unknown)
    ]
    print(f"{runs} observations of {interval_s:g} s, {clients} clients, drive {profile}:")
    print(f"  {min(rates):.0f} to {max(rates):.0f} commits/s, a sync {mean(means_us):.0f} us,")
    within = mean(summary.ci95_percent or 0 for summary in summaries)
    print(f"  from run to run {min(means_us):.0f} to {max(means_us):.0f} us, deviation", end=" ")
    print(f"{100 * stdev(means_us) / mean(means_us):.1f} %; within a run +-{within:.1f} % at 95 %")
    for tolerance_percent in TOLERANCES_PERCENT:
        every = alarms(list(permutations(drives, 2)), tolerance_percent)
        near = alarms(list(pairwise(drives)), tolerance_percent)
        print(f"  tolerance {tolerance_percent:3.0f} %: {every} of all pairs, {near} neighbours")


if __name__ == "__main__":
    end_by_exceptions()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", choices=profile_names(), default="network-2ms")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--interval", type=float, default=10.0)
    arguments = parser.parse_args()
    main(arguments.profile, arguments.clients, arguments.runs, arguments.interval)
