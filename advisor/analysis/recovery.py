"""How fast a crash recovery goes through the log: the processor's part, and the drive's.

Nothing of the data is in memory, so that InnoDB reads the pages which the log changes; PostgreSQL
has them in the log, and writes them back. Both go through them in order: the more of all pages
(`written_share`) are written, the nearer that is to going through the whole of the data. Pure.
"""

import math
from typing import Final, Literal

from pydantic import Field

from advisor.conditions import Strict
from advisor.measurement import Measurement, Series
from advisor.model import Known, Unknown

IN_ORDER: Final = 2.5
"""A disk's cache takes writes faster than the disk keeps up with them. What it keeps up with, in
order, is so many times its reads at random (tests/lab, recovery-*, on hdd-7200)."""

MERGED_BYTES: Final = 256 * 1024
"""Neighbours are written at once up to this size, by PostgreSQL (checkpoint_flush_after) as by
providers, who count that as one operation:
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-io-characteristics.html"""
PAGE_BYTES: Final = 8192
"""Of PostgreSQL, which alone reads none of the pages that it writes."""

ReplayBasis = Literal["page reads", "page writes", "syncs"]

NOTHING_MEASURED: Final = Unknown(unknown="neither pages nor syncs were measured")


def replay_basis(data: Measurement) -> Known[ReplayBasis]:
    """What of a drive the speed of recovery rests on."""
    basis = _in_place_of_reads(data)
    return NOTHING_MEASURED if basis is None else basis[0]


def _in_place_of_reads(data: Measurement) -> tuple[ReplayBasis, Series] | None:
    """Page reads; what stands for them where they were not measured, the likest first."""
    candidates: tuple[tuple[ReplayBasis, Series | None], ...] = (
        ("page reads", data.page_reads),
        ("page writes", data.page_writes),
        ("syncs", data.effective_sync),
    )
    return next(((name, series) for name, series in candidates if series), None)


def pages_in_a_row(page_bytes: float, written_share: float) -> float:
    """How many pages are written at once by what goes through them in order, where so many of all
    have changed, each as likely as any other."""
    longest = MERGED_BYTES / page_bytes
    return longest if written_share * longest >= longest - 1 else 1 / (1 - written_share)


class Replay(Strict):
    """One entry of profiles/replay.toml: what was measured of a server's recovery."""

    log_bytes_per_s: float = Field(gt=0)
    """Where pages cost no time."""
    log_bytes_per_page: float = Field(gt=0)
    """Log for each page that recovery meets."""
    compressed_share: float = Field(default=1, gt=0, le=1)
    """What is left of a byte of log where the server compresses it."""
    written_share: float = Field(default=0, ge=0, le=1)
    """Of all pages, that recovery writes, where it reads none; 0 where it reads them."""
    applied_us_per_txn: float = Field(gt=0)
    """CPU time that a replica takes to apply a small transaction, over all its threads."""
    sources: tuple[str, ...] = Field(min_length=1)

    def bytes_per_s(
        self,
        data: Measurement,
        max_ops_per_s: float | None = None,
        *,
        is_compressed: bool = False,
        reads_pages: bool = False,
    ) -> Known[float]:
        """Log replayed per second on the drive of the data files, of which a provider may allow so
        many operations. Of a compressed log it is less, for each byte stands for more pages; and
        where a server that need not read pages does.

        Where page reads were not measured, as many as page writes are taken; where neither was, as
        many as synced writes, which are slower.
        """
        basis, writes = _in_place_of_reads(data), data.page_writes
        if basis is None:
            return NOTHING_MEASURED
        read_per_s = basis[1].summary.ops_per_s
        written_per_s = writes.summary.ops_per_s if writes else read_per_s
        written_per_s = min(written_per_s, max_ops_per_s or math.inf)
        filled_bytes_per_s = data.fill.bytes_per_s if data.fill else 0.0
        return self.at(
            read_per_s,
            written_per_s,
            filled_bytes_per_s,
            is_compressed=is_compressed,
            written_share=0.0 if reads_pages else None,
        )

    def at(
        self,
        read_per_s: float,
        written_per_s: float,
        filled_bytes_per_s: float = 0.0,
        *,
        is_compressed: bool = False,
        written_share: float | None = None,
    ) -> float:
        """The same where a drive reads and writes so many pages at random per second, and so many
        bytes in sequence. `written_share`: where it is known, so that neighbours count as written
        at once; 0 where pages are read."""
        share = self.written_share if written_share is None else written_share
        through_per_s = filled_bytes_per_s * share / PAGE_BYTES
        pages_per_s = min(
            written_per_s * pages_in_a_row(PAGE_BYTES, written_share or 0.0),
            max(IN_ORDER * read_per_s, through_per_s),
        )
        whole = 1 / (1 / self.log_bytes_per_s + 1 / (self.log_bytes_per_page * pages_per_s))
        return whole * self.compressed_share if is_compressed else whole
