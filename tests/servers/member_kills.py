"""Kills the member of a cluster that acknowledges, again and again, and looks whether another has
everything.

    python -m tests.servers.member_kills [--kills N] [--only TEXT] [--results FILE]

Three members of Group Replication, or three nodes of Galera, are set as `recommend --cluster` says.
Clients commit on one, it is killed at a random instant (kill -9), and another must show what had
been acknowledged. Then the killed one is started again, and must show it, too. Nothing here loses
power; that is tests/powercut/members.py.
"""

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.powercut.commits import Load, Row
from tests.powercut.server import Running
from tests.servers.account import private_folder
from tests.servers.clusters import CASES, members_of
from tests.servers.copies import CLIENTS, LOAD_S, PATIENCE_S, Case, missing_at, prepare
from tests.servers.rehearsing import rehearse_cases

RESULTS: Final = Path(__file__).with_name("member_kills.json")


@dataclass(frozen=True)
class Killed:
    """What many kills cost."""

    kills: int
    acknowledged: int
    """Commits, in all rounds."""
    lost: int
    """Of those, missing on another member."""
    not_back: int
    """Of those, missing on the killed one when it takes part again."""


def kill_a_member(killed: Running, another: Running, load_s: float) -> tuple[set[Row], int]:
    """Kills it while clients commit; what was acknowledged, and how much another lacks of it."""
    with killed.connected(CLIENTS + 1) as (aside, *clients):
        prepare(aside)
        load = Load(clients)
        with load.running():
            time.sleep(load_s)
            load.expect_end()
            killed.kill()
    acknowledged = set(load.ledger.acknowledged_before(float("inf")))
    return acknowledged, len(missing_at(another, acknowledged, PATIENCE_S))


def rehearse(case: Case, kills: int, seed: int = 1) -> Killed:
    """So many kills of one case."""
    draw = random.Random(seed)
    costs = []
    with private_folder(of_account=False) as room, ExitStack() as stack:
        members = members_of(case, room)
        at_work = stack.enter_context(members.running())
        for _ in range(kills):
            index = members.primary(at_work)
            another = at_work[(index + 1) % len(at_work)]
            acknowledged, lost = kill_a_member(at_work[index], another, draw.uniform(*LOAD_S))
            at_work[index] = stack.enter_context(members.rejoining(index))
            not_back = len(missing_at(at_work[index], acknowledged, PATIENCE_S))
            costs.append((len(acknowledged), lost, not_back))
    return Killed(kills, *(sum(each) for each in zip(*costs, strict=True)))


def main(words: Sequence[str]) -> int:
    return rehearse_cases(
        words, "kills", RESULTS, CASES, lambda case, kills: asdict(rehearse(case, kills))
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
