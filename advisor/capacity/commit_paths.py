"""A server's way of committing, run as a simulation of its stages.

Which stages a server has is in its file under advisor/vendors. That no two syncs of a log overlap,
and how long passes between them, was traced on PostgreSQL, MySQL and MariaDB.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from advisor.capacity.latency import Latency
from advisor.capacity.simulation import MOST_OF_OTHERS, Admission, Clock, CoreQueue
from advisor.vendors.commits import REPLACE_SYNCS, CommitDelay, CommitSequence, SyncStage

CLIENT_SHARE: Final = 0.25
EXECUTE_SHARE: Final = 0.55
REPLY_SHARE: Final = 0.2
"""How a transaction's CPU time falls to its client, and to the server before and after the sync."""


class SimulatedTransaction:
    """One transaction on its way."""

    __slots__ = ("commits_left", "has_pages_to_read", "sent_us")

    def __init__(self) -> None:
        self.sent_us = 0.0
        self.has_pages_to_read = True
        self.commits_left = 0


CommitGroup = Sequence[SimulatedTransaction]


class SyncTime(NamedTuple):
    """How long one sync takes on an idle drive, and while pages are flushed, if that is known."""

    idle: Latency
    beside_pages: Latency | None = None


class LogSyncs(NamedTuple):
    """The syncs of a server's logs, and of files of their own."""

    log: SyncTime
    append: SyncTime
    replace: tuple[SyncTime, ...] = ()
    """What a durable replace takes, in all or one after another."""


class SimulatedHost:
    """What the stages of one server share."""

    def __init__(
        self,
        seed: int,
        cores: int,
        *,
        ops_per_s: float | None,
        page_us: float,
        flush_us: float = 0.0,
        others_us: float = 0.0,
        page_operations: float,
        read_us: float,
        wake_us: float,
        sync_cpu_us: float,
        wait_cpu_us: float,
    ) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.admission = Admission(self.clock, ops_per_s)
        self.cores = CoreQueue(self.clock, self.random, cores, wake_us)
        self.sync_cpu_us = sync_cpu_us
        self.wait_cpu_us = wait_cpu_us
        self.under_way = 0
        """Transactions that the server is at."""
        self._answered = 0
        self._page_us = page_us
        self._flush_us = flush_us
        self._others_us = others_us
        self._page_operations = page_operations
        self._read_us = read_us

    def sync_us(self, time: SyncTime) -> float:
        """How long one sync takes beside the pages."""
        if time.beside_pages is None:
            return time.idle.draw(self.random) * self._slowed
        is_beside = self.random.random() < self._flush_us * self._answered_per_us
        latency = time.beside_pages if is_beside else time.idle
        return latency.draw(self.random) * self._slowed_by(self._others_us)

    @property
    def reading_us(self) -> float:
        """How long a transaction waits for what it reads."""
        return self._read_us * self._slowed

    @property
    def _slowed(self) -> float:
        """By the pages of all transactions so far, which have their share of the drive's time."""
        return self._slowed_by(self._page_us)

    def _slowed_by(self, others_us: float) -> float:
        return 1 / (1 - min(others_us * self._answered_per_us, MOST_OF_OTHERS))

    def admission_us(self) -> float:
        """How long a sync waits for the provider, beside the same pages."""
        return self.admission.wait_us(self._page_operations * self._answered_per_us)

    def answered(self) -> None:
        """A transaction is done, and its pages are left to the background."""
        self.under_way -= 1
        self._answered += 1

    @property
    def _answered_per_us(self) -> float:
        return self._answered / self.clock.now_us if self._answered else 0.0


class SharedSync:
    """One sync at a time, which serves all who waited when it began.

    When it is done, everybody who waits is woken, the served ones first; the first of the others
    to get a core begins the next sync. Where they must queue for a lock first, that takes up to
    `lock_turns` turns; otherwise who comes while no sync runs begins one at once.
    """

    def __init__(
        self,
        host: SimulatedHost,
        time: SyncTime,
        served: Callable[[CommitGroup], None],
        *,
        lock_turns: int = 0,
        delay: CommitDelay | None = None,
    ) -> None:
        self._host = host
        self._time = time
        self._served = served
        self._lock_turns = lock_turns
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

    def join(self, transaction: SimulatedTransaction) -> None:
        """Waits for the next sync."""
        self.join_all((transaction,))

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
        latency_us = self._host.sync_us(self._time)
        cpu_us = min(latency_us, self._host.sync_cpu_us)
        latency_us += self._host.admission_us()
        self.busy_us += latency_us
        self._host.clock.after(latency_us - cpu_us, self._returned, (cpu_us, group))

    def _returned(self, sync: tuple[float, CommitGroup]) -> None:
        """The drive is done; its CPU part is still to come, and may have to wait for a core."""
        cpu_us, group = sync
        self._host.cores.run_awake(cpu_us, self._release, group)

    def _release(self, group: CommitGroup) -> None:
        self._running = False
        others = len(self._waiting)
        self._served(group)
        turns = min(self._lock_turns, others - 1)  # who is alone need not queue for a lock
        self._queued_for_lock = turns > 0
        for _ in range(others):
            self._host.cores.run(self._host.wait_cpu_us, self._begin, turns)


class OneAtATime:
    """Syncs of files that nobody shares, on a drive that takes one after another.

    The last `replaces` of a transaction's steps are durable replaces.
    """

    def __init__(
        self,
        host: SimulatedHost,
        syncs: LogSyncs,
        served: Callable[[CommitGroup], None],
        replaces: int,
    ) -> None:
        self._host = host
        self._syncs = syncs
        self._replaces = replaces
        self._served = served
        self._free_at_us = 0.0
        self.syncs = 0
        self.commits = 0
        self.busy_us = 0.0

    def join(self, transaction: SimulatedTransaction) -> None:
        """Waits for a sync or a replace of its own."""
        is_replace = transaction.commits_left <= self._replaces
        times = self._syncs.replace if is_replace else (self._syncs.log,)
        latency_us = sum(map(self._host.sync_us, times))
        for _ in range(REPLACE_SYNCS if is_replace else 1):
            admission_us = self._host.admission_us()
        self.syncs += 1
        self.commits += 1
        now_us = self._host.clock.now_us
        begin_us = max(now_us + admission_us, self._free_at_us)
        self.busy_us += begin_us + latency_us - max(now_us, self._free_at_us)
        self._free_at_us = begin_us + latency_us
        self._host.clock.after(self._free_at_us - now_us, self._served, (transaction,))


class SimulatedServer:
    """A server that commits in its own way; `answered` is told of each transaction's end."""

    def __init__(
        self,
        sequence: CommitSequence,
        host: SimulatedHost,
        syncs: LogSyncs,
        delay: CommitDelay | None,
        answered: Callable[[SimulatedTransaction], None],
        *,
        rtt_us: float = 0.0,
        replaces: int = 0,
    ) -> None:
        self._host = host
        self._rtt_us = rtt_us
        self._answered = answered
        self.cpu_us = 0.0
        """CPU time of one transaction, for each of its commits."""
        stages: list[SharedSync | OneAtATime] = []
        served: Callable[[CommitGroup], None] = self._await_replica if rtt_us else self._reply
        for stage in reversed(sequence.stages):
            time = syncs.append if stage.file == "binary log" else syncs.log
            if stage.file == "file of its own":
                stages.insert(0, OneAtATime(host, syncs, served, replaces))
            else:
                stages.insert(0, self._stage(stage, time, served, delay))
            served = self._entering(stage, stages[0])
        self._stages = stages
        self._commit = stages[0].join if stages else self._return

    def _stage(
        self,
        stage: SyncStage,
        time: SyncTime,
        served: Callable[[CommitGroup], None],
        delay: CommitDelay | None,
    ) -> SharedSync:
        return SharedSync(
            self._host,
            time,
            served,
            lock_turns=stage.lock_turns,
            delay=delay if stage.delayed else None,
        )

    def _entering(
        self, stage: SyncStage, entered: "SharedSync | OneAtATime"
    ) -> Callable[[CommitGroup], None]:
        """How those that the stage before has served enter this one."""
        if isinstance(entered, SharedSync) and stage.enters == "as a group":
            return entered.join_all

        def woken(group: CommitGroup) -> None:
            for transaction in group:
                self._host.cores.run(self._host.wait_cpu_us, entered.join, transaction)

        return woken

    @property
    def group_size(self) -> float:
        """Mean number of commits that one sync of the log has served."""
        return self._stages[0].commits / self._stages[0].syncs if self._stages else 0.0

    @property
    def sync_busy_us(self) -> float:
        """For how long a sync has been under way, at the stage where that was longest."""
        return max((stage.busy_us for stage in self._stages), default=0.0)

    def submit(self, transaction: SimulatedTransaction, commits: int) -> None:
        """A client makes up its next transaction, and sends it."""
        transaction.commits_left = commits
        transaction.has_pages_to_read = True
        self._run(CLIENT_SHARE, 0.0, self._sent, transaction)

    def _run(
        self,
        share: float,
        more_us: float,
        then: Callable[[SimulatedTransaction], None],
        transaction: SimulatedTransaction,
    ) -> None:
        """A share of the transaction's CPU time, give or take a half."""
        burst_us = self.cpu_us * share * (0.5 + self._host.random.random())
        self._host.cores.run(burst_us + more_us, then, transaction)

    def _sent(self, transaction: SimulatedTransaction) -> None:
        transaction.sent_us = self._host.clock.now_us
        self._host.under_way += 1
        self._execute(transaction)

    def _execute(self, transaction: SimulatedTransaction) -> None:
        self._run(EXECUTE_SHARE, 0.0, self._read, transaction)

    def _read(self, transaction: SimulatedTransaction) -> None:
        """The first of a transaction's commits waits for its pages."""
        reading_us = self._host.reading_us if transaction.has_pages_to_read else 0.0
        transaction.has_pages_to_read = False
        if reading_us:
            self._host.clock.after(reading_us, self._commit, transaction)
        else:
            self._commit(transaction)

    def _await_replica(self, group: CommitGroup) -> None:
        """Replicas answer all of a group at once, and groups do not wait for each other."""
        self._host.clock.after(self._rtt_us, self._reply, group)

    def _reply(self, group: CommitGroup) -> None:
        for transaction in group:
            self._run(REPLY_SHARE, self._host.wait_cpu_us, self._replied, transaction)

    def _return(self, transaction: SimulatedTransaction) -> None:
        """A commit that waits for nothing."""
        self._run(REPLY_SHARE, 0.0, self._replied, transaction)

    def _replied(self, transaction: SimulatedTransaction) -> None:
        transaction.commits_left -= 1
        if transaction.commits_left:
            self._execute(transaction)
        else:
            self._host.answered()
            self._answered(transaction)
