"""Rehearses power cuts of real database servers and of the advisor, and stores what they lost.

    python -m tests.powercut.run [--full] [--volatile] [--only TEXT] [--seed N] [--results FILE]

Each server in its strict form is cut once more on a drive whose own cache is lost, too. Without
--full two short runs of each configuration, with it at least 50 cuts of each. --only: what
has TEXT in its name (a server, a durability class, a setting, "lies", "fsync-advisor"). Needs root,
loop devices, mkfs.ext4, mkfs.xfs and gcc, and the servers that tests/run fetches. report.py makes
the tables of README.md here.
"""

import argparse
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.powercut import advisor_files, lying_drive
from tests.powercut.configurations import CONFIGURATIONS, Configuration, claim
from tests.powercut.disk import CannotRehearse, Disk, shelf
from tests.powercut.rehearsal import Plan, Run, rehearse
from tests.powercut.results import RESULTS, add, advisor_json, run_json
from tests.powercut.server import machine_for
from tests.servers.harness import available


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for."""
    options = _options(arguments)
    configurations = [one for one in CONFIGURATIONS if is_chosen(one.name, options.only)]
    commands = (
        []
        if options.volatile
        else [
            one for one in advisor_files.COMMANDS if is_chosen(f"fsync-advisor {one}", options.only)
        ]
    )
    if not configurations and not commands:
        print(f"nothing has {options.only!r} in its name", file=sys.stderr)
        return 2
    try:
        for configuration in configurations:
            with shelf() as room:
                _rehearse_server(room, configuration, options)
        for command in commands:
            with shelf() as room:
                _rehearse_advisor(room, command, options)
    except CannotRehearse as why:
        print(f"power cuts cannot be rehearsed: {why}", file=sys.stderr)
        return 1
    return 0


def is_chosen(name: str, only: str) -> bool:
    """A whole name stands for itself alone."""
    names = {one.name for one in CONFIGURATIONS}
    return name == only if only in names else only in name


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="at least 50 cuts of each")
    parser.add_argument("--only", default="", metavar="TEXT", help="names that have it")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the instants")
    parser.add_argument("--volatile", action="store_true", help="only drives whose cache is lost")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FILE")
    return parser.parse_args(arguments)


def plans(configuration: Configuration, seed: int, *, full: bool) -> list[Plan]:
    """The runs of a configuration. Each has a seed of its own."""
    first = _first_seed(configuration.name, seed)
    if not full:
        return [Plan(1, 3, 4, first), Plan(16, 3, 4, first + 1, pause_s=0.002)]
    several = [
        Plan(1, 13, 10, first),
        Plan(16, 13, 10, first + 1, pause_s=0.002),
        Plan(1, 13, 10, first + 2, filesystem="xfs", checkpoints=True),
        Plan(16, 13, 10, first + 3, checkpoints=True, pause_s=0.002),
    ]
    claimed = claim(configuration)
    if claimed.tables_ms and configuration.vendor == "postgresql":
        # Few commits, for many make the WAL writer flush before its delay has passed.
        several.append(Plan(1, 10, 20, first + 4, pause_s=0.02))
    if claimed.log_ms:
        # A quiet server, for only time can then bring its binary log to the drive.
        several.append(Plan(1, 10, 80, first + 4, pause_s=0.6, first_s=42))
    return several


def volatile_plans(configuration: Configuration, seed: int, *, full: bool) -> list[Plan]:
    """The runs on a drive whose cache is lost: of what promises that nothing is, and of a lying
    drive's none, for that one says itself what it loses."""
    if configuration.changed or configuration.lying or configuration.durability != "durable":
        return []
    first, cuts = _first_seed(configuration.name, seed) + 5, 12 if full else 3
    return [
        Plan(1, cuts, 8, first, volatile=True),
        Plan(16, cuts, 8, first + 1, volatile=True, pause_s=0.002),
        Plan(16, cuts, 8, first + 2, filesystem="xfs", volatile=True, checkpoints=True),
    ]


def _first_seed(name: str, seed: int) -> int:
    return zlib.crc32(name.encode()) % 1_000_000 + 10 * seed


def _rehearse_server(room: Path, configuration: Configuration, options: argparse.Namespace) -> None:
    if configuration.server not in {server.name for server in available()}:
        raise CannotRehearse(f"there is no {configuration.server} yet: tests/run fetches it")
    library = lying_drive.compile_lying_drive(room.parent) if configuration.lying else None
    trust = {}
    if library:
        trust = lying_drive.judged(lying_drive.measured(library, Disk(room, "measured", "ext4")))
    machine = machine_for(room, configuration, library)
    kept = [] if options.volatile else plans(configuration, options.seed, full=options.full)
    lost = volatile_plans(configuration, options.seed, full=options.full)
    for plan in (*kept, *lost):
        run = rehearse(room, machine, plan)
        stored = {**run_json(run, machine.server.version), **trust}
        section = "volatile" if plan.volatile else "servers"
        add(section, configuration.name, stored, options.results)
        print(_line(configuration, run), flush=True)


def _line(configuration: Configuration, run: Run) -> str:
    cuts = [one for one in run.outcomes if one.accident == "power cut"]
    (kill,) = (one for one in run.outcomes if one.accident == "kill -9")
    tables_ms = max(one.tables.lost.oldest_ms for one in cuts)
    log_ms = max((one.log.oldest_ms for one in cuts if one.log), default=0.0)
    losing = sum(one.tables.lost.commits > 0 for one in cuts)
    faults = [text for one in run.outcomes for text in (*one.tables.faults, *one.corruption)]
    claimed = claim(configuration)
    return (
        f"{configuration.name}, {run.plan.clients} clients, {run.plan.filesystem}"
        f"{', volatile' if run.plan.volatile else ''}: {run.commits}"
        f" commits, {losing} of {len(cuts)} cuts lost some, oldest {tables_ms:.0f} ms"
        f" (claimed {claimed.tables_ms}); binary log {log_ms:.0f} ms (claimed {claimed.log_ms});"
        f" kill: {kill.tables.lost.commits}; load {run.load_average:.1f};"
        f" {'; '.join(faults) or 'sound'}"
    )


def _rehearse_advisor(room: Path, command: str, options: argparse.Namespace) -> None:
    for number, filesystem in enumerate(advisor_files.FILESYSTEMS):
        seed = _first_seed(command, options.seed) + number
        cuts = 50 if options.full else 4
        result = advisor_json(advisor_files.rehearse(room, filesystem, command, cuts, seed))
        add("advisor", f"fsync-advisor {command}", result, options.results)
        print(f"fsync-advisor {command}, {filesystem}: {result}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
