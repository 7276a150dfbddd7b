"""An emulated drive on a clock of its own, for a soak: hours of it in seconds, the same each time.

The drive is timing.c; what waits for it is one writer of syncs, and perhaps writers of pages, each
of which sends its next request as soon as the last is done.
"""

import heapq
from collections.abc import Callable
from pathlib import Path

from advisor.measurement import Int64Array
from advisor.probe.soak import Soaker, SoakPlan
from advisor.series_kind import BATCH_PAGES, PAGE_FLUSH, PRIMARY
from advisor.soak import Soak
from tests.support.emulated_drive.profiles import DriveProfile
from tests.support.emulated_drive.timing import FLUSH, WRITE, DriveTiming, S

SIZE_BYTES = 8 << 30
BATCH_REQUESTS = [
    (WRITE, PAGE_FLUSH.block_bytes * BATCH_PAGES),
    (FLUSH, 0),
    *[(WRITE, PAGE_FLUSH.block_bytes)] * BATCH_PAGES,
    (FLUSH, 0),
]
"""A batch of page flushes: the doublewrite file, then each page."""


class TimedDrive:
    """The clock, the sync loop and the page writers of a Soaker."""

    def __init__(self, timing: DriveTiming | None, page_writers: int = 0) -> None:
        self._timing = timing
        self._now_ns = 0
        self._page_bytes = 0
        self._device_bytes = 0
        self._writers = [(0, number, 0) for number in range(page_writers)]
        self.sync_ns: Callable[[int], int] = lambda now_ns: 0
        """What a sync that begins now takes beside what the drive needs."""
        self.others_bytes: Callable[[int], int] = lambda now_ns: 0
        """What others have written until now."""

    def clock(self) -> int:
        return self._now_ns

    def sleep(self, seconds: float) -> None:
        self._now_ns += max(1, round(seconds * S))

    def page_bytes(self) -> int:
        return self._page_bytes

    def device_bytes(self) -> int:
        return self._device_bytes + self.others_bytes(self._now_ns)

    def loop(
        self,
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        """One sync after another, as advisor.probe.sampling.writer does it."""
        for index in range(first, last):
            started_ns = self._now_ns
            done_ns = started_ns + self.sync_ns(started_ns)
            if self._timing is not None:
                written_ns = self._request(WRITE, PRIMARY.block_bytes, done_ns)
                done_ns = self._request(FLUSH, 0, written_ns)
            self._device_bytes += PRIMARY.block_bytes
            self._now_ns = done_ns
            latencies_ns[index] = done_ns - started_ns
            if done_ns >= deadline_ns and (index + 1 >= enough or done_ns >= latest_ns):
                return index + 1
        return last

    def _request(self, kind: int, size_bytes: int, now_ns: int) -> int:
        """When it is done; what others ask for before it comes first."""
        assert self._timing is not None
        while self._writers and self._writers[0][0] <= now_ns:
            at_ns, number, step = heapq.heappop(self._writers)
            what, bytes_ = BATCH_REQUESTS[step]
            done_ns = self._timing.done_ns(what, (number + 2) << 28, bytes_, at_ns)
            self._page_bytes += bytes_
            self._device_bytes += bytes_
            following = (step + 1) % len(BATCH_REQUESTS)
            heapq.heappush(self._writers, (done_ns, number, following))
        return self._timing.done_ns(kind, 1 << 20, size_bytes, now_ns)


def soak_of(drive: TimedDrive, plan: SoakPlan) -> Soak:
    """A soak of it."""
    soaker = Soaker(
        plan,
        drive.loop,
        pages_written=drive.page_bytes,
        device_written=drive.device_bytes,
        clock=drive.clock,
        sleep=drive.sleep,
    )
    soak = soaker.run()
    assert soak is not None
    return soak


def soaked_profile(library: Path, profile: DriveProfile, plan: SoakPlan) -> Soak:
    """A soak of a profile's drive."""
    timing = DriveTiming(library, profile, SIZE_BYTES)
    return soak_of(TimedDrive(timing, plan.page_writers), plan)
