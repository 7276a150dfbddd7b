"""How each server takes a commit to the drive, as stages that a simulation runs.

Sources: PostgreSQL 18, XLogFlush and LWLockAcquireOrWait; MySQL 9.7, log_self_write_up_to and
MYSQL_BIN_LOG::ordered_commit; MariaDB 10.11, log_write_up_to with group_commit_lock and
MYSQL_BIN_LOG::trx_group_commit_leader. That no two syncs of a log overlap, and how long passes
between them, was traced on all three.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from advisor.capacity.latency import Latency
from advisor.capacity.simulation import Clock, CoreQueue
from advisor.versions import Vendor

CommitKind = Literal[
    "postgresql",
    "mysql",
    "mariadb",
    "mysql-binary-log",
    "mariadb-binary-log",
    "asynchronous",
    "separate-files",
]


def kind_by_syncs(vendor: Vendor, commit_syncs: int | None) -> CommitKind:
    """How that server commits when one commit waits for so many syncs.

    On MySQL and MariaDB the second sync is the binary log's, and a third one MariaDB's own.
    """
    if commit_syncs == 0:
        return "asynchronous"
    if vendor == "postgresql":
        return "postgresql"
    if commit_syncs == 1:
        return vendor
    return "mysql-binary-log" if vendor == "mysql" else "mariadb-binary-log"


CLIENT_SHARE: Final = 0.25
EXECUTE_SHARE: Final = 0.55
REPLY_SHARE: Final = 0.2
"""How a transaction's CPU time falls to its client, and to the server before and after the sync."""

HAND_OVER_TURNS: Final = 2
"""MySQL's InnoDB wakes all at once, and each must get the log's mutex before one can lead; whoever
was just served and is back by then goes along. Two turns came nearest to exploratory runs."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a leader waits for others before it begins its sync.

    PostgreSQL: commit_delay, if commit_siblings others are under way; at the log. MySQL:
    binlog_group_commit_sync_delay, or until sync_no_delay_count are there; MariaDB:
    binlog_commit_wait_usec, or until binlog_commit_wait_count are there; at the binary log.
    """

    us: float
    siblings: int = 0
    until: int | None = None


class SimulatedTransaction:
    """One transaction on its way."""

    __slots__ = ("commits_left", "sent_us")

    def __init__(self) -> None:
        self.sent_us = 0.0
        self.commits_left = 0


CommitGroup = Sequence[SimulatedTransaction]


class SimulatedHost:
    """What the stages of one server share."""

    def __init__(
        self, seed: int, cores: int, *, wake_us: float, sync_cpu_us: float, wait_cpu_us: float
    ) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.cores = CoreQueue(self.clock, self.random, cores, wake_us)
        self.sync_cpu_us = sync_cpu_us
        self.wait_cpu_us = wait_cpu_us
        self.under_way = 0
        """Transactions that the server is at."""


class SharedSync:
    """One sync at a time, which serves all who waited when it began.

    When it is done, everybody who waits is woken, the served ones first; the first of the others
    to get a core begins the next sync. Where they must queue for a lock first, that takes up to
    `hand_over_turns` turns; otherwise who comes while no sync runs begins one at once.
    """

    def __init__(
        self,
        host: SimulatedHost,
        latency: Latency,
        served: Callable[[CommitGroup], None],
        *,
        hand_over_turns: int = 0,
        delay: Delay | None = None,
    ) -> None:
        self._host = host
        self._latency = latency
        self._served = served
        self._hand_over_turns = hand_over_turns
        self._delay = delay
        self._waiting: list[SimulatedTransaction] = []
        self._running = False
        self._queued_for_lock = False
        self._gathering = False
        self._gathered = 0
        """Groups gathered so far, by which a delay knows whether it has ended early."""
        self.syncs = 0
        self.commits = 0
        self.busy_us = 0.0

    def join(self, one: SimulatedTransaction) -> None:
        """Waits for the next sync."""
        self.join_all((one,))

    def join_all(self, group: CommitGroup) -> None:
        """A whole group waits for the next sync, behind its leader."""
        self._waiting.extend(group)
        if self._gathering and self._are_enough():
            self._sync(self._gathered)
        elif not self._queued_for_lock:
            self._begin(0)

    def _begin(self, turns_left: int) -> None:
        if self._running or not self._waiting:
            return
        if turns_left:
            self._host.cores.run(self._host.wait_cpu_us, self._begin, turns_left - 1)
            return
        self._running = True
        self._queued_for_lock = False
        delay = self._delay
        if delay and self._host.under_way > delay.siblings and not self._are_enough():
            self._gathering = True
            self._host.clock.after(delay.us, self._sync, self._gathered)
        else:
            self._sync(self._gathered)

    def _are_enough(self) -> bool:
        until = self._delay.until if self._delay else None
        return until is not None and len(self._waiting) >= until

    def _sync(self, gathered: int) -> None:
        if gathered != self._gathered:  # the delay ended early: enough were there
            return
        self._gathered += 1
        self._gathering = False
        group, self._waiting = self._waiting, []
        self.syncs += 1
        self.commits += len(group)
        latency_us = self._latency.draw(self._host.random)
        self.busy_us += latency_us
        cpu_us = min(latency_us, self._host.sync_cpu_us)
        self._host.clock.after(latency_us - cpu_us, self._returned, (cpu_us, group))

    def _returned(self, sync: tuple[float, CommitGroup]) -> None:
        """The drive is done; its CPU part is still to come, and may have to wait for a core."""
        cpu_us, group = sync
        self._host.cores.run_awake(cpu_us, self._release, group)

    def _release(self, group: CommitGroup) -> None:
        self._running = False
        others = len(self._waiting)
        self._served(group)
        turns = min(self._hand_over_turns, others - 1)  # who is alone need not queue for a lock
        self._queued_for_lock = turns > 0
        for _ in range(others):
            self._host.cores.run(self._host.wait_cpu_us, self._begin, turns)


class OneAtATime:
    """Syncs of files that nobody shares, on a drive that takes one after another."""

    def __init__(self, host: SimulatedHost, latency: Latency, served: Callable[[CommitGroup], None]) -> None:
        self._host = host
        self._latency = latency
        self._served = served
        self._free_at_us = 0.0
        self.syncs = 0
        self.commits = 0
        self.busy_us = 0.0

    def join(self, one: SimulatedTransaction) -> None:
        """Waits for a sync of its own."""
        latency_us = self._latency.draw(self._host.random)
        self.syncs += 1
        self.commits += 1
        self.busy_us += latency_us
        now_us = self._host.clock.now_us
        self._free_at_us = max(now_us, self._free_at_us) + latency_us
        self._host.clock.after(self._free_at_us - now_us, self._served, (one,))


class SimulatedServer:
    """A server that commits in its own way; `answered` is told of each transaction's end."""

    def __init__(
        self,
        kind: CommitKind,
        host: SimulatedHost,
        log: Latency,
        append: Latency | None,
        delay: Delay | None,
        answered: Callable[[SimulatedTransaction], None],
    ) -> None:
        self._host = host
        self._answered = answered
        self.cpu_us = 0.0
        """CPU time of one transaction, for each of its commits."""
        append = append or log
        reply = self._reply
        stages: list[SharedSync | OneAtATime] = []
        match kind:
            case "postgresql" | "mariadb":
                stages = [SharedSync(host, log, reply, delay=delay)]
            case "mysql":
                stages = [SharedSync(host, log, reply, hand_over_turns=HAND_OVER_TURNS)]
            case "mysql-binary-log":  # one thread leads its group through both stages
                binary_log = SharedSync(host, append, reply, delay=delay)
                stages = [SharedSync(host, log, binary_log.join_all), binary_log]
            case "mariadb-binary-log":  # each prepares for itself, and then joins a group
                binary_log = SharedSync(host, append, reply, delay=delay)
                stages = [SharedSync(host, log, self._woken_for(binary_log)), binary_log]
            case "separate-files":
                stages = [OneAtATime(host, log, reply)]
            case "asynchronous":
                pass
        self._stages = stages
        self._commit = stages[0].join if stages else self._return

    @property
    def group_size(self) -> float:
        """Mean number of commits that one sync of the log has served."""
        return self._stages[0].commits / self._stages[0].syncs if self._stages else 0.0

    @property
    def sync_busy_us(self) -> float:
        """For how long a sync has been under way, at the stage where that was longest."""
        return max((stage.busy_us for stage in self._stages), default=0.0)

    def submit(self, one: SimulatedTransaction, commits: int) -> None:
        """A client makes up its next transaction, and sends it."""
        one.commits_left = commits
        self._run(CLIENT_SHARE, 0.0, self._sent, one)

    def _run(
        self, share: float, more_us: float, then: Callable[[SimulatedTransaction], None], one: SimulatedTransaction
    ) -> None:
        """A share of the transaction's CPU time, give or take a half."""
        burst_us = self.cpu_us * share * (0.5 + self._host.random.random())
        self._host.cores.run(burst_us + more_us, then, one)

    def _sent(self, one: SimulatedTransaction) -> None:
        one.sent_us = self._host.clock.now_us
        self._host.under_way += 1
        self._execute(one)

    def _execute(self, one: SimulatedTransaction) -> None:
        self._run(EXECUTE_SHARE, 0.0, self._commit, one)

    def _woken_for(self, stage: SharedSync) -> Callable[[CommitGroup], None]:
        def woken(group: CommitGroup) -> None:
            for one in group:
                self._host.cores.run(self._host.wait_cpu_us, stage.join, one)

        return woken

    def _reply(self, group: CommitGroup) -> None:
        for one in group:
            self._run(REPLY_SHARE, self._host.wait_cpu_us, self._replied, one)

    def _return(self, one: SimulatedTransaction) -> None:
        """A commit that waits for nothing."""
        self._run(REPLY_SHARE, 0.0, self._replied, one)

    def _replied(self, one: SimulatedTransaction) -> None:
        one.commits_left -= 1
        if one.commits_left:
            self._execute(one)
        else:
            self._host.under_way -= 1
            self._answered(one)
