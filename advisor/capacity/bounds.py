"""What bounds the rate beside the flush: bandwidth, pages, and what a provider allows. Pure.

A transaction changes some pages at random. A page that is not in memory is read first; each page
that has changed is written once per checkpoint, however often it changed since the last one, and
where there is a doublewrite buffer a second time, in one write with others. Of a skewed load,
`1 - hot_share` of the accesses go to `hot_share` of the data, and memory keeps the hot part first.
Each bound is what the drive could do if it did nothing else, so that the least of them is an upper
limit. Checkpoints that come by time, before the log is full, are not modelled.
"""

import math
from typing import Final, Literal, NamedTuple

from advisor.analysis.recovery import IN_ORDER
from advisor.measurement import Model
from advisor.series_kind import OPERATIONS_PER_PAGE
from advisor.vendors.pages import PageUse

BoundName = Literal[
    "sequential writes", "page writes", "page reads", "operation limit", "bandwidth limit"
]
UNIFORM: Final = 0.5
"""Half of the accesses go to half of the data."""


class Bound(Model):
    """One upper limit of the rate."""

    name: BoundName
    tps: float


class DataSet(NamedTuple):
    """The data that transactions touch."""

    data_bytes: float
    hot_share: float = UNIFORM


class ProviderLimits(NamedTuple):
    """What a provider allows of one volume; None where nothing is known."""

    ops_per_s: float | None = None
    bytes_per_s: float | None = None


NO_LIMITS: Final = ProviderLimits()


class DriveSpeed(NamedTuple):
    """What the drive was measured to do beside flushes; None where it was not."""

    write_bytes_per_s: float | None
    page_writes_per_s: float | None
    page_reads_per_s: float | None
    """Of 16 KiB at random, several at once."""
    page_flushes_per_s: float | None
    """The same, each batch first written to a doublewrite buffer, and all of it synced."""

    def pages_per_s(self, pages: PageUse) -> float | None:
        """How many changed pages a server can write; half as many as page writes where each is
        written twice and batches were not measured. Checkpoints write pages in order, and for
        longer than a disk's cache hides what that takes."""
        writes_per_s, reads_per_s = self.page_writes_per_s, self.page_reads_per_s
        if pages.doublewrite and self.page_flushes_per_s is not None:
            return self.page_flushes_per_s
        if writes_per_s is None:
            return None
        if pages.doublewrite:
            return writes_per_s / 2
        return writes_per_s if reads_per_s is None else min(writes_per_s, IN_ORDER * reads_per_s)


NOTHING_MEASURED: Final = DriveSpeed(None, None, None, None)


class Work(NamedTuple):
    """What one transaction asks of the drive."""

    log_bytes: float | None
    """Everything written in sequence; None where it is not known."""
    random_pages: float
    log_writes: float
    """Its part of a log write that it shares with others."""


class Storage(NamedTuple):
    """A server's data on a drive."""

    speed: DriveSpeed
    limits: ProviderLimits
    pages: PageUse | None
    data: DataSet | None
    """Without pages or data nothing can be said of how many are written and read."""

    def bounds(self, work: Work) -> tuple[Bound, ...]:
        """All limits that are known, the least first."""
        written = read = page_bytes = page_writes = 0.0
        pages_per_s = None
        if self.pages is not None and self.data is not None:
            written = work.random_pages * writes_per_change(self.pages, self.data, work)
            read = work.random_pages * reads_per_change(self.pages, self.data)
            doublewrite = self.pages.doublewrite
            page_writes = written * OPERATIONS_PER_PAGE if doublewrite else written
            page_bytes = (written * (2 if doublewrite else 1) + read) * self.pages.page_bytes
            pages_per_s = self.speed.pages_per_s(self.pages)
        log_bytes = work.log_bytes or 0.0
        demands: tuple[tuple[BoundName, float | None, float], ...] = (
            ("sequential writes", self.speed.write_bytes_per_s, log_bytes),
            ("page writes", pages_per_s, written),
            ("page reads", self.speed.page_reads_per_s, read),
            ("operation limit", self.limits.ops_per_s, work.log_writes + page_writes + read),
            ("bandwidth limit", self.limits.bytes_per_s, log_bytes + page_bytes),
        )
        found = (
            Bound(name=name, tps=speed / demand)
            for name, speed, demand in demands
            if speed is not None and demand > 0
        )
        return tuple(sorted(found, key=lambda bound: bound.tps))


def writes_per_change(pages: PageUse, data: DataSet, work: Work) -> float:
    """How many pages are written for each change of one."""
    if pages.checkpoint_log_bytes is None or not work.log_bytes:
        return 1.0
    changes = pages.checkpoint_log_bytes / work.log_bytes * work.random_pages
    if pages.cache_bytes is not None:  # no more of them wait in memory to be written
        changes = min(changes, max(1.0, pages.cache_bytes / pages.page_bytes))
    return distinct_share(changes, data.data_bytes / pages.page_bytes, data)


def reads_per_change(pages: PageUse, data: DataSet) -> float:
    """How many pages are read for each change of one; 0 where the memory is not known."""
    return 0.0 if pages.cache_bytes is None else miss_share(pages.cache_bytes, data)


def distinct_share(changes: float, pages: float, data: DataSet) -> float:
    """Of so many changes of pages at random the share that hit a page for the first time."""
    if changes <= 0:
        return 1.0
    first = math.fsum(
        size * pages * -math.expm1(-changes * accesses / (size * pages))
        for size, accesses in _parts(data)
    )
    return min(1.0, first / changes)


def miss_share(cache_bytes: float, data: DataSet) -> float:
    """The share of the accesses that find their page not in memory, which keeps the hot part."""
    missed, left_bytes = 0.0, cache_bytes
    for size, accesses in _parts(data):
        part_bytes = size * data.data_bytes
        missed += accesses * max(0.0, 1 - left_bytes / part_bytes)
        left_bytes = max(0.0, left_bytes - part_bytes)
    return missed


def _parts(data: DataSet) -> tuple[tuple[float, float], ...]:
    """(share of the data, share of the accesses): the hot part, then the rest."""
    hot = data.hot_share
    return (hot, 1 - hot), (1 - hot, hot)
