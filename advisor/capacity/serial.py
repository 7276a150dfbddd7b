"""One connection, one sync after another: the serial bound, and what one commit waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor.advice import Capacity, SerialPoint
from advisor.units import Value
from advisor.versions import Vendor

SYNC_COUNTS: Final = (1, 2, 3, 6, 12, 15, 75)
"""Syncs per transaction shown by default: a commit, MySQL's with binary log, and the reference
workloads from a login (3) to an analytics batch (75)."""

SECONDS_PER_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class CommitPath:
    """The syncs one commit waits for: of a preallocated log, and of a binary log that grows."""

    log_syncs: int
    binary_log_syncs: int

    @property
    def syncs(self) -> int:
        return self.log_syncs + self.binary_log_syncs

    def wait_us(self, sync_us: float, append_us: float | None) -> float | None:
        """What they take one after another; None where the binary log's latency is not known."""
        if not self.binary_log_syncs:
            return self.log_syncs * sync_us
        if append_us is None:
            return None
        return self.log_syncs * sync_us + self.binary_log_syncs * append_us


def commit_path(vendor: Vendor, values: Mapping[str, Value | None], *, log_bin: bool) -> CommitPath:
    """The syncs per commit that `values` (setting -> value) ask for.

    PostgreSQL: one, or none with synchronous_commit=off. InnoDB: one at trx_commit 1 (MariaDB's 3
    flushes at prepare and at commit), none at 0 and 2; one more where sync_binlog is 1. Counted
    with strace, 20 commits of one client, on PostgreSQL 18, MySQL 9.7 and MariaDB 10.11.
    """
    if vendor == "postgresql":
        return CommitPath(0 if values.get("synchronous_commit") == "off" else 1, 0)
    flush = values.get("innodb_flush_log_at_trx_commit")
    log_syncs = 0 if flush in (0, 2) else 2 if flush == 3 and log_bin else 1
    return CommitPath(log_syncs, 1 if log_bin and values.get("sync_binlog") == 1 else 0)


def serial_points(sync_us: float, syncs: tuple[int, ...] = SYNC_COUNTS) -> tuple[SerialPoint, ...]:
    """Transactions per second and per day of one connection with N syncs each, and nothing else."""
    return tuple(
        SerialPoint(
            syncs=count,
            tps=1e6 / (sync_us * count),
            per_day=SECONDS_PER_DAY * 1e6 / (sync_us * count),
        )
        for count in syncs
    )


def serial_capacity(
    sync_us: float,
    syncs: tuple[int, ...],
    path: CommitPath | None = None,
    *,
    append_us: float | None = None,
) -> Capacity:
    """The serial bound, and with a commit path what one commit waits for on one connection."""
    commit_us = path.wait_us(sync_us, append_us) if path else None
    return Capacity(
        sync_us=sync_us,
        serial=serial_points(sync_us, syncs),
        commit_syncs=path.syncs if path else None,
        commit_us=commit_us,
        commit_tps=1e6 / commit_us if commit_us else None,
    )
