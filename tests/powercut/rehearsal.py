"""One run: a server under load, cut at random instants, killed at the end; then every recovery."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from commits import Ledger, Load, tables
from disk import Cut, Disk, Filesystem, mounted
from recovery import recover
from server import Machine, Running
from verdict import Loss, Verdict, judge, loss

from advisor.errors import AdvisorError
from advisor.servers.wire import Connection

Accident = Literal["power cut", "kill -9"]

RECOVERIES_AT_ONCE: Final = 2
CHECKPOINT_PAUSE_S: Final = 0.2


@dataclass(frozen=True)
class Plan:
    """How one run goes."""

    clients: int
    cuts: int
    seconds: float
    seed: int
    filesystem: Filesystem = "ext4"
    checkpoints: bool = False
    """Whether data pages are written out all the time, too."""
    pause_s: float = 0.0
    """How long a client waits between two commits."""
    first_s: float = 0.2
    """No cut earlier than this."""

    def instants_s(self) -> list[float]:
        """When to cut, from the start of the load."""
        draw = random.Random(self.seed)
        return sorted(draw.uniform(self.first_s, self.seconds) for _ in range(self.cuts))


@dataclass(frozen=True)
class Outcome:
    """One accident and what it cost."""

    accident: Accident
    at_s: float
    """From the start of the load."""
    took_ms: float
    """How long the instant was."""
    tables: Verdict
    log: Loss | None
    """Of the binary log; None where there is none."""
    tables_only: int
    log_only: int
    """Commits that only the one has, where there is a binary log."""
    corruption: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A whole run."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    commits: int
    load_average: float
    """Of the machine, in the last minute before the end of the load."""


@dataclass(frozen=True)
class _Stop:
    """A drive after an accident."""

    accident: Accident
    cut: Cut


def rehearse(room: Path, machine: Machine, plan: Plan) -> Run:
    """Runs a server on a new drive, cuts and kills it, and judges what is left of it each time."""
    disk = Disk(room, "drive", plan.filesystem)
    with disk.plugged_in() as place:
        machine.install(place)
        with machine.running(place) as running, running.connected(plan.clients + 1) as all_of_them:
            *clients, aside = all_of_them
            load = Load(clients, plan.pause_s)
            start_s, stops = _cut_and_kill(room, disk, running, load, aside, plan)
        disk.settle()  # a kill of the server takes nothing that it has written
        killed = stops.pop()
        image = disk.cut(killed.cut.image).image
        stops.append(_Stop("kill -9", Cut(image, killed.cut.began_s, killed.cut.ended_s)))
    load_average = os.getloadavg()[0]
    with ThreadPoolExecutor(RECOVERIES_AT_ONCE) as pool:
        outcomes = tuple(
            pool.map(lambda stop: _judged(room, machine, plan, load.ledger, stop, start_s), stops)
        )
    commits = sum(map(len, load.ledger.acknowledged_s))
    return Run(plan, outcomes, commits, load_average)


def _cut_and_kill(
    room: Path, disk: Disk, running: Running, load: Load, aside: Connection, plan: Plan
) -> tuple[float, list[_Stop]]:
    """When the load began, and every accident; of the last, the kill, the image is to be made."""
    _prepare(aside, plan)
    disk.settle()
    load.start()
    start_s = time.monotonic()
    writing = threading.Thread(target=_keep_checkpointing, args=(aside,))
    if plan.checkpoints:
        writing.start()
    stops = []
    try:
        for number, at_s in enumerate(plan.instants_s()):
            time.sleep(max(0.0, start_s + at_s - time.monotonic()))
            stops.append(_Stop("power cut", disk.cut(room / f"cut-{number}")))
    finally:
        load.expect_end()
        began_s = time.monotonic()
        stops.append(_Stop("kill -9", Cut(room / "killed", began_s, running.kill())))
        load.stop()
        if plan.checkpoints:
            writing.join()
    return start_s, stops


def _prepare(aside: Connection, plan: Plan) -> None:
    postgresql = aside.vendor == "postgresql"
    for statement in tables(plan.clients, postgresql=postgresql):
        aside.query(statement)
    if postgresql:
        aside.query("CREATE EXTENSION amcheck")
    elif plan.checkpoints:
        aside.query("SET GLOBAL innodb_max_dirty_pages_pct = 0")


def _keep_checkpointing(connection: Connection) -> None:
    """Until the server is gone."""
    try:
        while connection.vendor == "postgresql":
            connection.query("CHECKPOINT")
            time.sleep(CHECKPOINT_PAUSE_S)
    except AdvisorError:
        return


def _judged(
    room: Path, machine: Machine, plan: Plan, ledger: Ledger, stop: _Stop, start_s: float
) -> Outcome:
    cut = stop.cut
    try:
        with mounted(cut.image, room.parent / cut.image.name, plan.filesystem) as place:
            left = recover(machine, place)
    finally:
        cut.image.unlink()
    acknowledged_s = ledger.acknowledged_before(cut.began_s)
    log, ours = left.in_binary_log, left.found
    return Outcome(
        accident=stop.accident,
        at_s=cut.began_s - start_s,
        took_ms=(cut.ended_s - cut.began_s) * 1e3,
        tables=judge(
            acknowledged_s=acknowledged_s,
            sent=ledger.sent(),
            found=ours,
            counters=left.counters,
            ended_s=cut.ended_s,
        ),
        log=None if log is None else loss(acknowledged_s, log, cut.ended_s),
        tables_only=0 if log is None else len(ours - log),
        log_only=0 if log is None else len(log - ours),
        corruption=left.corruption,
    )
