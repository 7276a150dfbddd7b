"""A clock of events, the queue for the cores, and a volume's limit: what the model of commits runs
on."""

import heapq
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Final

Then = Callable[[Any], None]

MOST_OF_OTHERS: Final = 0.95
"""The share of a drive that others may have. More would be a rate above what the drive does, which
is bounded apart; the simulation must go on."""


class Clock:
    """Runs events in the order of their times; of equal times, in the order they were asked for."""

    def __init__(self) -> None:
        self.now_us = 0.0
        self._events: list[tuple[float, int, Then, Any]] = []
        self._asked = 0

    def after(self, delay_us: float, then: Then, what: Any) -> None:
        """Calls `then(what)` when `delay_us` have passed."""
        self._asked += 1
        heapq.heappush(self._events, (self.now_us + delay_us, self._asked, then, what))

    def run_next(self) -> None:
        """Moves to the next event, and runs it."""
        self.now_us, _, then, what = heapq.heappop(self._events)
        then(what)


class CoreQueue:
    """Bursts of CPU time: first come, first served, each to its end.

    A burst that finds a core asleep begins later, by `wake_us` give or take a half; one that finds
    all busy waits in the queue, and then begins at once.
    """

    def __init__(self, clock: Clock, random: Random, count: int, wake_us: float) -> None:
        self.count = count
        self.busy_us = 0.0
        self._clock = clock
        self._random = random.random
        self._asleep = count
        self._wake_us = wake_us
        self._queue: deque[tuple[float, Then, Any]] = deque()

    def run(self, burst_us: float, then: Then, what: Any) -> None:
        """Calls `then(what)` when somebody has had `burst_us` of a core."""
        self._run(burst_us, self._wake_us * (0.5 + self._random()), then, what)

    def run_awake(self, burst_us: float, then: Then, what: Any) -> None:
        """As `run`, where what waking takes is already part of something else."""
        self._run(burst_us, 0.0, then, what)

    def _run(self, burst_us: float, wake_us: float, then: Then, what: Any) -> None:
        if self._asleep:
            self._asleep -= 1
            self.busy_us += burst_us
            self._clock.after(wake_us + burst_us, self._done, (then, what))
        else:
            self._queue.append((burst_us, then, what))

    def _done(self, burst: tuple[Then, Any]) -> None:
        if self._queue:
            burst_us, *following = self._queue.popleft()
            self.busy_us += burst_us
            self._clock.after(burst_us, self._done, following)
        else:
            self._asleep += 1
        then, what = burst
        then(what)


class Admission:
    """When a volume lets its next operation begin, if its provider limits how many do."""

    def __init__(self, clock: Clock, ops_per_s: float | None) -> None:
        self._clock = clock
        self._interval_us = 1e6 / ops_per_s if ops_per_s else 0.0
        self._next_us = 0.0
        self.used_us = 0.0
        """The time that the operations so far take of a limit that is used up."""

    def wait_us(self, others_per_us: float = 0.0) -> float:
        """How long an operation that is asked for now has to wait; it takes its turn, beside so
        many others that nobody waits for."""
        begin_us = max(self._clock.now_us, self._next_us)
        left = 1 - min(others_per_us * self._interval_us, MOST_OF_OTHERS)
        self._next_us = begin_us + self._interval_us / left
        self.used_us += self._interval_us / left
        return begin_us - self._clock.now_us
