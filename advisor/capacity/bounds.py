"""What bounds the rate beside the flush: bandwidth, pages, and what a provider allows. Pure.

A page that changes and is not in memory is read first. Each page that has changed is written once
per checkpoint (page_load.py), and where there is a doublewrite buffer a second time, in one write
with others. Each bound is what the drive could do if it did nothing else, so that the least of them
is an upper limit; below it pages take their time from the syncs (Storage.page_us).
"""

from typing import Final, Literal, NamedTuple

from advisor.analysis.recovery import IN_ORDER, pages_in_a_row
from advisor.capacity.page_load import DataSet, PageChanges, PageLoad
from advisor.model import Model
from advisor.series_kind import OPERATIONS_PER_PAGE
from advisor.vendors.pages import PageUse

BoundName = Literal[
    "sequential writes",
    "page writes",
    "page reads",
    "page writes and reads",
    "operation limit",
    "bandwidth limit",
]
AT_LIMIT: Final = 0.8
"""A share of what a provider allows that a measurement reaches by that limit alone."""
OVER_LIMIT: Final = 1.1
"""What goes so far beyond a limit was not held by it: credits, or a limit that was set later."""


class Bound(Model):
    """One upper limit of the rate."""

    name: BoundName
    tps: float


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
    page_read_us: float | None = None
    """The least that reading one took, several at once."""

    def pages_per_s(self, pages: PageUse, dirty_share: float = 0) -> float | None:
        """How many changed pages a server can write; half as many as page writes where each is
        written twice and batches were not measured. Checkpoints write pages in order, and for
        longer than a disk's cache hides what that takes: the more of all pages (`dirty_share`) are
        written, the nearer that is to going through the whole of the data."""
        writes_per_s, reads_per_s = self.page_writes_per_s, self.page_reads_per_s
        if pages.doublewrite and self.page_flushes_per_s is not None:
            return self.page_flushes_per_s
        if writes_per_s is None:
            return None
        if pages.doublewrite:
            return writes_per_s / 2
        if reads_per_s is None:
            return writes_per_s
        through_s = (self.write_bytes_per_s or 0) / pages.page_bytes * dirty_share
        return min(writes_per_s, max(IN_ORDER * reads_per_s, through_s))


NOTHING_MEASURED: Final = DriveSpeed(None, None, None, None)


class Work(NamedTuple):
    """What one transaction asks of the drive."""

    log_bytes: float | None
    """Everything written in sequence; None where it is not known."""
    changes: PageChanges
    log_writes: float
    """Its part of a log write that it shares with others."""


class Paging(NamedTuple):
    """What one transaction makes a server do with pages."""

    written: float
    read: float
    write_operations: float
    transferred_bytes: float
    writable_per_s: float | None
    """How many changed pages the drive takes."""


NO_PAGING: Final = Paging(0, 0, 0, 0, None)


class Storage(NamedTuple):
    """A server's data on a drive."""

    speed: DriveSpeed
    limits: ProviderLimits
    pages: PageUse | None
    data: DataSet | None
    """Without pages or data nothing can be said of how many are written and read."""

    def bounds(self, work: Work) -> tuple[Bound, ...]:
        """All limits that are known, the least first."""
        paging, log_bytes = self._paging(work), work.log_bytes or 0.0
        operations = work.log_writes + paging.write_operations + paging.read
        transferred_bytes = log_bytes + paging.transferred_bytes
        written_s = _seconds(paging.written, paging.writable_per_s)
        read_s = _seconds(paging.read, self.speed.page_reads_per_s)
        demands: tuple[tuple[BoundName, float | None, float], ...] = (
            ("sequential writes", self.speed.write_bytes_per_s, log_bytes),
            ("page writes", paging.writable_per_s, paging.written),
            ("page reads", self.speed.page_reads_per_s, paging.read),
            ("page writes and reads", 1.0, written_s + read_s if written_s and read_s else 0),
            ("operation limit", self.limits.ops_per_s, operations),
            ("bandwidth limit", self.limits.bytes_per_s, transferred_bytes),
        )
        found = (
            Bound(name=name, tps=speed / demand)
            for name, speed, demand in demands
            if speed is not None and demand > 0
        )
        return tuple(sorted(found, key=lambda bound: bound.tps))

    def page_us(self, work: Work) -> float:
        """How long the pages of one transaction keep the drive from syncs, as far as its speed is
        known. What was measured at its provider's limit is no speed of the drive."""
        paging = self._paging(work)
        written_us = self._drive_us(paging.written, paging.writable_per_s)
        return written_us + self.page_reads_us(work)

    def page_reads_us(self, work: Work) -> float:
        """The part of `page_us` in which pages are read."""
        return self._drive_us(self._paging(work).read, self.speed.page_reads_per_s)

    def flush_us(self, work: Work) -> float:
        """How long it takes to flush the pages of one transaction, whoever sets that pace."""
        paging = self._paging(work)
        return 1e6 * _seconds(paging.written, paging.writable_per_s)

    def allows(self, ops_per_s: float) -> bool:
        """Whether the provider lets so many operations through at all times, within a little."""
        limit_per_s = self.limits.ops_per_s
        return limit_per_s is None or AT_LIMIT * ops_per_s <= limit_per_s

    def read_us(self, work: Work) -> float:
        """How long one transaction waits for the pages that it reads, one after another."""
        return self._paging(work).read * (self.speed.page_read_us or 0.0)

    def page_operations(self, work: Work) -> float:
        """How many operations the pages of one transaction are."""
        return self._paging(work).write_operations + self.read_operations(work)

    def read_operations(self, work: Work) -> float:
        """How many of them are reads."""
        return self._paging(work).read

    def _drive_us(self, pages: float, per_s: float | None) -> float:
        limit_per_s = self.limits.ops_per_s
        if per_s and limit_per_s and AT_LIMIT < per_s / limit_per_s < OVER_LIMIT:
            return 0.0
        return 1e6 * _seconds(pages, per_s)

    def _paging(self, work: Work) -> Paging:
        pages, data = self.pages, self.data
        if pages is None or data is None:
            return NO_PAGING
        load = PageLoad(work.changes, pages, data)
        read, written = load.read, load.written(work.log_bytes)
        dirty = load.dirty_share(work.log_bytes)
        times, operations = 2, OPERATIONS_PER_PAGE
        if not pages.doublewrite:
            times, operations = 1, 1 / pages_in_a_row(pages.page_bytes, dirty)
        return Paging(
            written,
            read,
            write_operations=written * operations,
            transferred_bytes=(written * times + read) * pages.page_bytes,
            writable_per_s=self.speed.pages_per_s(pages, dirty),
        )


def _seconds(pages: float, per_s: float | None) -> float:
    """None where the speed is not known."""
    return pages / per_s if per_s else 0.0
