"""Rehearses power cuts of PostgreSQL standbys, and stores them beside those of `replicas`.

    python -m tests.powercut.standbys [--only TEXT] [--cuts N] [--seed N] [--results FILE]

A primary and its standby run side by side, and only the standby's drive is cut. What a cut has left
is started again beside the primary; when it has replayed all of its primary's WAL, the tables of
both are compared.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.durability import Durability
from advisor.output.fragment import render_fragment
from tests.powercut.commits import Load, tables
from tests.powercut.disk import Cut, Disk, mounted
from tests.powercut.rehearsal import Plan
from tests.powercut.replicas import (
    CAUGHT_UP_S,
    Contents,
    Continued,
    ReplicaRun,
    compared,
    contents,
    cut_at,
    parser_of,
    rehearse_all,
)
from tests.powercut.server import Running
from tests.servers.harness import ServerDidNotStart, server_named, version_of
from tests.servers.replication import Member, members, start_replication, wait_until_caught_up
from tests.servers.scenarios import GB, Scenario, advice_for


@dataclass(frozen=True)
class Standby:
    """A standby whose commits would not wait, if it had any."""

    server: str
    durability: Durability = "loses-recent-on-crash"
    gtid: bool = False
    binary_log: bool = False

    @property
    def name(self) -> str:
        """Short, and the same in every run."""
        return f"{self.server} {self.durability}, standby"


STANDBYS: Final = (Standby("postgresql-15"), Standby("postgresql-19"))


def rehearse(room: Path, case: Standby, plan: Plan) -> ReplicaRun:
    """Cuts a standby's power, and has each cut go on beside its primary."""
    server = server_named(case.server)
    scenario = Scenario("nvme-consumer", case.durability, memory_bytes=GB)
    fragment = render_fragment(advice_for("postgresql", version_of(server), scenario))
    home, disk = room.parent / "source", Disk(room, "drive", plan.filesystem)
    programs = room.parent / case.server
    programs.mkdir(exist_ok=True)
    os.chmod(programs, 0o755)
    try:
        with disk.plugged_in() as folder:
            pair = members(case.server, programs, [home, folder], ["", fragment])
            with pair[0].machine.running(home) as primary:
                return _cut_beside(room, plan, disk, pair, primary)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _cut_beside(
    room: Path, plan: Plan, disk: Disk, pair: Sequence[Member], primary: Running
) -> ReplicaRun:
    source, standby = pair
    with primary.connected(plan.clients + 1) as (aside, *clients):
        with standby.machine.running(standby.folder) as running:
            start_replication(source, primary, [running])
            for statement in tables(plan.clients, postgresql=True):
                aside.query(statement)
            wait_until_caught_up(primary, running)
            disk.settle()
            load = Load(clients, plan.pause_s)
            with load.running():
                start_s = time.monotonic()
                cuts = cut_at(disk, room, start_s, plan)
        wanted = contents(aside)
        went_on = [_continued(room, standby, primary, cut, plan, wanted) for cut in cuts]
    commits = sum(map(len, load.ledger.acknowledged_s))
    return ReplicaRun(plan, commits, tuple(cut.began_s - start_s for cut in cuts), {False: went_on})


def _continued(
    room: Path, standby: Member, primary: Running, cut: Cut, plan: Plan, wanted: Contents
) -> Continued:
    try:
        with (
            mounted(cut.image, room.parent / cut.image.name, plan.filesystem) as folder,
            standby.machine.running(folder) as running,
        ):
            wait_until_caught_up(primary, running, CAUGHT_UP_S)
            with closing(running.address.connect()) as connection:
                return compared(contents(connection), wanted, None)
    except ServerDidNotStart as error:
        return Continued("does not start", 0, 0, 0, str(error)[:300])
    except TimeoutError as error:
        return Continued("stuck", 0, 0, 0, str(error)[:300])
    finally:
        cut.image.unlink()


def main(arguments: Sequence[str]) -> int:
    """Runs what is asked for."""
    return rehearse_all(STANDBYS, rehearse, parser_of(__doc__).parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
