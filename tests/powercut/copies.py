"""Cuts the drives of a source and of its replica at once, as a power loss of the site does.

    python -m tests.powercut.copies [--cuts N] [--only TEXT] [--results FILE]

Both servers are set as `recommend --cluster` says, and as a case changes that. Each is then started
alone on what its drive has kept: a commit that was acknowledged before the cut is lost to the site
where neither has it. The replica applies what it has received. Needs what run.py needs.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from advisor.servers.connection.wire import Connection
from tests.powercut.commits import Load, Row
from tests.powercut.disk import Cut, Disk, mounted, shelf
from tests.servers.copies import (
    BOTH_RELAXED,
    CLIENTS,
    LOG_RELAXED,
    RELAXED,
    Case,
    ask,
    both_running,
    committed_alone,
    pair_of,
    prepare,
    rows_of,
    wait_for,
)
from tests.servers.rehearsing import rehearse_cases
from tests.servers.replication import Member

RESULTS: Final = Path(__file__).with_name("copies.json")
SECONDS: Final = (1.0, 8.0)
"""When the cuts fall, from the start of the load: from, to."""
SETTLED_S: Final = 3.0
"""A replica that shows nothing new for so long has applied what it has."""
POLL_S: Final = 0.2


UNSYNCED: Final = "sync_relay_log = 10000"
"""The servers' default."""
SYNCED: Final = "sync_relay_log = 1"
CASES: Final = (
    *(
        Case("mysql-9.7", "semi-sync", "durable", changed)
        for changed in (
            (),
            LOG_RELAXED,
            (*BOTH_RELAXED, UNSYNCED),
            (*BOTH_RELAXED, SYNCED),
        )
    ),
    Case("mariadb-11.8", "semi-sync"),
    *(Case("mariadb-11.8", "semi-sync", RELAXED, (changed,)) for changed in (UNSYNCED, SYNCED)),
    *(
        Case(server, "sync-standby", "durable", changed)
        for server in ("postgresql-15", "postgresql-19")
        for changed in ((), ("synchronous_commit = off",))
    ),
)


@dataclass(frozen=True)
class Blackout:
    """What one cut of both drives cost, in acknowledged commits."""

    acknowledged: int
    lost_at_source: int
    lost_at_replica: int
    lost: int
    """At both."""
    apart_ms: float
    """How long after the first drive the second was cut."""


def black_out(
    room: Path, case: Case, cuts: int, seed: int = 1, until_s: float = SECONDS[1]
) -> list[Blackout]:
    """So many cuts of one load."""
    instants_s = drawn(cuts, seed, until_s)
    programs = room_for_programs(room, case.server)
    drives = [Disk(room, name, "ext4") for name in ("source", "replica")]
    with drives[0].plugged_in() as first, drives[1].plugged_in() as second:
        pair = pair_of(case, programs, [first, second])
        with (
            both_running(*pair) as (source, _),
            source.connected(CLIENTS + 1) as (aside, *clients),
        ):
            wait_for("a copy is connected", ask(aside))
            prepare(aside)
            before = committed_alone(aside)
            load, taken = cut_under_load(room, drives, clients, instants_s)
            assert committed_alone(aside) == before
    return [_judged(room, pair, each, load) for each in taken]


def drawn(cuts: int, seed: int, until_s: float) -> list[float]:
    """When the cuts fall, in order."""
    draw = random.Random(seed)
    return sorted(draw.uniform(SECONDS[0], until_s) for _ in range(cuts))


def room_for_programs(room: Path, name: str) -> Path:
    """A folder beside the room, which everybody may enter."""
    programs = room.parent / name
    programs.mkdir(exist_ok=True)
    os.chmod(programs, 0o755)
    return programs


def cut_under_load(
    room: Path,
    drives: Sequence[Disk],
    clients: Sequence[Connection],
    instants_s: Sequence[float],
) -> tuple[Load, list[list[Cut]]]:
    """What clients commit, and at each instant the cuts of all drives."""
    for drive in drives:
        drive.settle()
    load = Load(clients)
    with load.running():
        start_s = time.monotonic()
        taken = [
            _cut_all(room, drives, number, start_s + at_s) for number, at_s in enumerate(instants_s)
        ]
    return load, taken


def _cut_all(room: Path, drives: Sequence[Disk], number: int, at_s: float) -> list[Cut]:
    """Cuts them at an instant (time.monotonic()), one right after another."""
    time.sleep(max(0.0, at_s - time.monotonic()))
    for drive in drives:  # so that none waits for another's
        with drive.image.open("rb") as image:
            os.fdatasync(image.fileno())
    return [drive.cut(room / f"cut-{number}-{index}") for index, drive in enumerate(drives)]


def _judged(room: Path, pair: tuple[Member, Member], cuts: list[Cut], load: Load) -> Blackout:
    acknowledged = set(load.ledger.acknowledged_before(cuts[0].began_s))
    left = [
        acknowledged - _found(room, member, cut) for member, cut in zip(pair, cuts, strict=True)
    ]
    return Blackout(
        acknowledged=len(acknowledged),
        lost_at_source=len(left[0]),
        lost_at_replica=len(left[1]),
        lost=len(left[0] & left[1]),
        apart_ms=round((cuts[1].ended_s - cuts[0].began_s) * 1e3, 1),
    )


def _found(room: Path, member: Member, cut: Cut) -> set[Row]:
    """What a server shows in the end that nobody helps."""
    try:
        with (
            mounted(cut.image, room.parent / cut.image.name, "ext4") as place,
            member.machine.running(place) as running,
        ):
            found, since_s = rows_of(running), time.monotonic()
            while time.monotonic() - since_s < SETTLED_S:
                time.sleep(POLL_S)
                if len(now := rows_of(running)) > len(found):
                    found, since_s = now, time.monotonic()
            return found
    finally:
        cut.image.unlink()


def rehearse_cuts(
    words: Sequence[str],
    results: Path,
    cases: Sequence[Case],
    black_out: Callable[[Path, Case, int], Sequence[Any]],
) -> int:
    """A command line: so many cuts of each case, whose cost `black_out` finds as data classes."""
    with shelf() as room:
        return rehearse_cases(
            words,
            "cuts",
            results,
            cases,
            lambda case, cuts: {"cuts": [asdict(one) for one in black_out(room, case, cuts)]},
        )


def main(words: Sequence[str]) -> int:
    return rehearse_cuts(words, RESULTS, CASES, black_out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
