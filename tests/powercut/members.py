"""Cuts the drives of all members of a cluster at once, and puts the cluster together again.

    python -m tests.powercut.members [--cuts N] [--only TEXT] [--results FILE]

Three members of Group Replication, or three nodes of Galera, are set as `recommend --cluster` says.
Clients commit on one of them. What each cut leaves is started again as the cluster's profile says:
begun on the member that has the most, which the others then join. Needs what run.py needs.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.powercut.commits import Load, Row
from tests.powercut.copies import (
    SECONDS,
    cut_under_load,
    drawn,
    rehearse_cuts,
    room_for_programs,
)
from tests.powercut.disk import Cut, Disk, mounted
from tests.powercut.server import Running
from tests.servers import galera, group_replication
from tests.servers.clusters import Members, members_of
from tests.servers.copies import BOTH_RELAXED, CLIENTS, LOG_RELAXED, RELAXED, Case, prepare, rows_of

RESULTS: Final = Path(__file__).with_name("members.json")
CASES: Final = (
    *(
        Case(group_replication.SERVER, "group-replication", "durable", changed)
        for changed in ((), LOG_RELAXED, BOTH_RELAXED)
    ),
    Case(galera.SERVER, "galera"),
    Case(galera.SERVER, "galera", RELAXED),
)
MEMBERS: Final = 3
ALIKE_S: Final = 10.0
"""How long a member that has joined may take to show what the first one has."""
POLL_S: Final = 0.2


@dataclass(frozen=True)
class Outage:
    """What one cut of all drives cost, in acknowledged commits."""

    acknowledged: int
    lost: int
    """Not in the cluster that was begun on the member that has the most."""
    others: tuple[str, str]
    """How each of the others came back: whole; lacks N (and nothing tells); or why it could not."""
    apart_ms: float
    """How long after the first drive the last was cut."""


def black_out(
    room: Path, case: Case, cuts: int, seed: int = 1, until_s: float = SECONDS[1]
) -> list[Outage]:
    """So many cuts of one load."""
    instants_s = drawn(cuts, seed, until_s)
    programs = room_for_programs(room, case.name.replace(" ", "-"))
    drives = [Disk(room, f"member{index}", "ext4") for index in range(MEMBERS)]
    with ExitStack() as stack:
        folders = [stack.enter_context(drive.plugged_in()) for drive in drives]
        members = members_of(case, programs, folders)
        with (
            members.running() as running,
            running[0].connected(CLIENTS + 1) as (aside, *clients),
        ):
            prepare(aside)
            load, taken = cut_under_load(room, drives, clients, instants_s)
    return [_judged(room, members, each, load) for each in taken]


def _judged(room: Path, members: Members, cuts: list[Cut], load: Load) -> Outage:
    acknowledged = set(load.ledger.acknowledged_before(cuts[0].began_s))
    with ExitStack() as stack:
        for cut in cuts:
            stack.callback(cut.image.unlink)
        folders = [
            stack.enter_context(mounted(cut.image, room.parent / cut.image.name, "ext4"))
            for cut in cuts
        ]
        index, (*found,) = stack.enter_context(members.reunited(folders))
        first = found.pop(index)
        assert isinstance(first, Running)
        rows = rows_of(first)
        others = [one if isinstance(one, str) else _outcome(one, rows) for one in found]
    return Outage(
        acknowledged=len(acknowledged),
        lost=len(acknowledged - rows),
        others=(others[0], others[1]),
        apart_ms=round((cuts[-1].ended_s - cuts[0].began_s) * 1e3, 1),
    )


def _outcome(member: Running, rows: set[Row]) -> str:
    until_s = time.monotonic() + ALIKE_S
    while (own := rows_of(member)) != rows and time.monotonic() < until_s:
        time.sleep(POLL_S)
    if not own - rows:
        return f"lacks {len(rows - own)}" if rows - own else "whole"
    return f"has {len(own - rows)} that the first has not"


def main(words: Sequence[str]) -> int:
    return rehearse_cuts(words, RESULTS, CASES, black_out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
