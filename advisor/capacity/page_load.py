"""Which pages transactions change, and what of them is written, read and logged. Pure.

A transaction changes pages of rows, here and there in the data, and pages of secondary indexes: a
small part of the data, which changes the more often. Of a skewed load `1 - hot_share` of the rows'
changes go to `hot_share` of the rows. Memory keeps the pages that were used last. A page that has
changed is written once per checkpoint, however often it changed since the last one, and at
the latest when memory is full of changed pages. Checkpoints that come by time, before the log is
full, are not modelled.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from advisor.vendors.pages import PageUse

HALVINGS: Final = 40
MOST_TXNS: Final = 1e15
"""What so many do not change, nothing does."""
UNIFORM: Final = 0.5
"""Half of the accesses go to half of the data."""


class DataSet(NamedTuple):
    """The data that transactions touch."""

    data_bytes: float
    hot_share: float = UNIFORM


class PageChanges(NamedTuple):
    """The pages that one transaction changes."""

    rows: float = 0
    indexes: float = 0
    """Of secondary indexes."""
    index_share: float = 0
    """What part of the data these indexes are."""

    @property
    def total(self) -> float:
        return self.rows + self.indexes


NO_CHANGES: Final = PageChanges()


class PageGroup(NamedTuple):
    """Pages that all change as often."""

    share: float
    """Of all pages."""
    changes: float
    """By one transaction."""


class PageLoad(NamedTuple):
    """Transactions that change pages of some data, and a server that keeps these. Of one
    transaction are all figures that say nothing else."""

    changes: PageChanges
    pages: PageUse
    data: DataSet

    @property
    def page_count(self) -> float:
        """Of the data."""
        return self.data.data_bytes / self.pages.page_bytes

    @property
    def groups(self) -> tuple[PageGroup, ...]:
        """The hot rows, all other rows, the indexes."""
        rows, rows_share = self.changes.rows, 1 - self.changes.index_share
        hot = self.data.hot_share
        groups = (
            PageGroup(hot * rows_share, (1 - hot) * rows),
            PageGroup((1 - hot) * rows_share, hot * rows),
            PageGroup(self.changes.index_share, self.changes.indexes),
        )
        return tuple(group for group in groups if group.share > 0)

    def changed(self, txns: float) -> float:
        """How many pages so many transactions change, each counted once."""
        if not self.page_count:
            return 0.0
        return math.fsum(
            share * self.page_count * -math.expm1(-txns * changes / (share * self.page_count))
            for share, changes in self.groups
        )

    def txns_per_checkpoint(self, log_bytes: float | None) -> float | None:
        """Transactions between two checkpoints, each of which logs so much; None where that is not
        known. Memory holds no more changed pages than it has."""
        if self.pages.checkpoint_log_bytes is None or not log_bytes:
            return None
        txns = self.pages.checkpoint_log_bytes / log_bytes
        if self.pages.cache_bytes is None:
            return txns
        most = max(1.0, self.pages.cache_bytes / self.pages.page_bytes)
        return largest(txns, lambda some: self.changed(some) <= most)

    def written(self, log_bytes: float | None) -> float:
        """Pages written; each change is one where nobody knows how often a page changes."""
        txns = self.txns_per_checkpoint(log_bytes)
        return self.changed(txns) / txns if txns else self.changes.total

    def dirty_share(self, log_bytes: float | None) -> float:
        """The share of all pages that change between two checkpoints; 0 where that is not known."""
        txns = self.txns_per_checkpoint(log_bytes)
        return self.changed(txns) / self.page_count if txns and self.page_count else 0.0

    @property
    def read(self) -> float:
        """Pages not in memory; 0 where nobody knows how much that is. Memory keeps what the latest
        `txns` transactions changed, as many pages as fit: one is missing if none of these
        changed it. Source: Che et al., Hierarchical Web Caching Systems, 2002."""
        if self.pages.cache_bytes is None:
            return 0.0
        kept, txns = self.pages.cache_bytes / self.pages.page_bytes, 1.0
        while self.changed(txns) <= kept:
            if txns > MOST_TXNS:
                return 0.0
            txns *= 2
        txns = largest(txns, lambda some: self.changed(some) <= kept)
        return math.fsum(
            changes * math.exp(-txns * changes / (share * self.page_count))
            for share, changes in self.groups
        )

    def read_in_replay(self, log_bytes: float | None) -> float:
        """The same where a standby replays the log: what changes first after a checkpoint is in the
        log as a whole, and is not read."""
        if self.pages.checkpoint_log_bytes is None or not log_bytes or not self.changes.total:
            return 0.0
        txns = self.pages.checkpoint_log_bytes / log_bytes
        return self.read * (1 - self.changed(txns) / (txns * self.changes.total))

    def log_bytes(self, record_bytes: float) -> float:
        """What is logged: so many bytes of records, and each page whole that is the first to change
        since a checkpoint. Where nobody knows how often that is, all of them."""
        page_bytes = self.pages.logged_page_bytes * self.pages.compressed_share
        if not page_bytes or not self.changes.total:
            return record_bytes
        between_bytes = self.pages.checkpoint_log_bytes
        if between_bytes is None:
            return record_bytes + self.changes.total * page_bytes
        txns = largest(
            between_bytes / record_bytes,
            lambda some: some * record_bytes + self.changed(some) * page_bytes <= between_bytes,
        )
        return between_bytes / txns


def largest(most: float, holds: Callable[[float], bool]) -> float:
    """The largest number up to `most` of which it holds, as it does of 0 and of all below one of
    which it holds."""
    if holds(most):
        return most
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high
