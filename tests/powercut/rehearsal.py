"""One run: a server under load, cut at random instants, killed at the end; then every recovery."""

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from advisor.errors import AdvisorError
from advisor.servers.connection.wire import Connection
from tests.powercut.commits import Ledger, Load, tables
from tests.powercut.disk import Cut, Disk, Filesystem, mounted
from tests.powercut.recovery import Recovered, recover
from tests.powercut.server import Machine
from tests.powercut.verdict import Loss, Verdict, judge, loss
from tests.powercut.volatile_disk import VolatileDisk

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
    volatile: bool = False
    """Whether the drive has a cache that is lost, too."""
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
    held: tuple[int, ...]
    """How many writes were in the drive's cache at each cut, where it has one."""
    load_average: float
    """Of the machine, in the last minute before the end of the load."""


def rehearse(room: Path, machine: Machine, plan: Plan, disk: Disk | None = None) -> Run:
    """Runs a server on a new drive, cuts and kills it, and judges what is left of it each time."""
    disk = disk or _disk(room, plan)
    with disk.plugged_in() as place:
        machine.install(place)
        with machine.running(place) as running, running.connected(plan.clients + 1) as connections:
            aside, *clients = connections
            _prepare(aside, plan)
            disk.settle()
            load = Load(clients, plan.pause_s)
            with _checkpointing(aside, wanted=plan.checkpoints), load.running():
                start_s = time.monotonic()
                cuts = [
                    _cut(disk, room / f"cut-{number}", start_s + at_s)
                    for number, at_s in enumerate(plan.instants_s())
                ]
                load.expect_end()
                began_s = time.monotonic()
                killed_s = running.kill()
        disk.settle()  # a kill of the server takes nothing that it has written
        killed = Cut(disk.cut(room / "killed").image, began_s, killed_s)
    load_average = os.getloadavg()[0]

    def judged(accident: Accident, cut: Cut) -> Outcome:
        return _judged(_recovered(room, machine, plan, cut), load.ledger, accident, cut, start_s)

    with ThreadPoolExecutor(RECOVERIES_AT_ONCE) as pool:
        after_cuts = pool.map(partial(judged, "power cut"), cuts)
        outcomes = (*after_cuts, judged("kill -9", killed))
    commits = sum(map(len, load.ledger.acknowledged_s))
    held = tuple(disk.held[: plan.cuts]) if isinstance(disk, VolatileDisk) else ()
    return Run(plan, outcomes, commits, held, load_average)


def _disk(room: Path, plan: Plan) -> Disk:
    if plan.volatile:
        return VolatileDisk(room, "drive", plan.filesystem, seed=plan.seed)
    return Disk(room, "drive", plan.filesystem)


def _cut(disk: Disk, image: Path, at_s: float) -> Cut:
    time.sleep(max(0.0, at_s - time.monotonic()))
    return disk.cut(image)


def _prepare(aside: Connection, plan: Plan) -> None:
    postgresql = aside.vendor == "postgresql"
    if postgresql:
        aside.query("SET synchronous_commit = on")  # what is lost must not be the tables
        aside.query("CREATE EXTENSION amcheck")
    for statement in tables(plan.clients, postgresql=postgresql):
        aside.query(statement)
    if plan.checkpoints and not postgresql:
        aside.query("SET GLOBAL innodb_max_dirty_pages_pct = 0")


@contextmanager
def _checkpointing(connection: Connection, *, wanted: bool) -> Iterator[None]:
    """PostgreSQL writes out its pages again and again; InnoDB does once it is told to."""
    ending = threading.Event()

    def checkpoint() -> None:
        with suppress(AdvisorError):  # the server was killed
            while not ending.wait(CHECKPOINT_PAUSE_S):
                connection.query("CHECKPOINT")

    thread = threading.Thread(target=checkpoint)
    if wanted and connection.vendor == "postgresql":
        thread.start()
    try:
        yield
    finally:
        ending.set()
        if thread.ident:
            thread.join()


def _recovered(room: Path, machine: Machine, plan: Plan, cut: Cut) -> Recovered:
    try:
        with mounted(cut.image, room.parent / cut.image.name, plan.filesystem) as place:
            return recover(machine, place)
    finally:
        cut.image.unlink()


def _judged(
    left: Recovered, ledger: Ledger, accident: Accident, cut: Cut, start_s: float
) -> Outcome:
    acknowledged_s = ledger.acknowledged_before(cut.began_s)
    tables, log = left.found, left.in_binary_log
    return Outcome(
        accident=accident,
        at_s=cut.began_s - start_s,
        took_ms=(cut.ended_s - cut.began_s) * 1e3,
        tables=judge(
            acknowledged_s=acknowledged_s,
            sent=ledger.sent(),
            found=tables,
            counters=left.counters,
            ended_s=cut.ended_s,
        ),
        log=None if log is None else loss(acknowledged_s, log, cut.ended_s),
        tables_only=0 if log is None else len(tables - log),
        log_only=0 if log is None else len(log - tables),
        corruption=left.corruption,
    )
