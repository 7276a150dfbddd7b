"""One connection, one sync after another: the serial bound, and what one commit waits for."""

import math
from typing import Final

from advisor.advice import Capacity, SerialPoint
from advisor.vendors.commits import CommitPath

SYNC_COUNTS: Final = (1, 2, 3, 6, 12, 15, 75)
"""Syncs per transaction shown by default: a commit, MySQL's with binary log, and the reference
workloads from a login (3) to an analytics batch (75)."""

SECONDS_PER_DAY: Final = 86_400


def serial_points(sync_us: float, syncs: tuple[int, ...] = SYNC_COUNTS) -> tuple[SerialPoint, ...]:
    """Transactions per second and per day of one connection with N syncs each, and nothing else."""
    return tuple(_point(count, 1e6 / (sync_us * count)) for count in syncs)


def _point(syncs: int, tps: float) -> SerialPoint:
    return SerialPoint(syncs=syncs, tps=tps, per_day=SECONDS_PER_DAY * tps)


def within_limits(
    capacity: Capacity,
    ops_per_s: float | None,
    rtt_us: float,
    commits_per_s: float = math.inf,
) -> Capacity:
    """The same on a volume whose provider limits the operations (a sync is one), where each commit
    waits so long for a replica; and where what commits write allows so many of them."""
    if ops_per_s is None and not rtt_us and commits_per_s == math.inf:
        return capacity
    most = math.inf if ops_per_s is None else ops_per_s
    return capacity.model_copy(
        update={
            "serial": tuple(
                _point(point.syncs, min(point.tps, most / point.syncs)) for point in capacity.serial
            ),
            "ops_per_s_max": ops_per_s,
            "rtt_us": rtt_us,
            "commit_tps": capacity.commit_us
            and capacity.commit_syncs
            and min(
                1e6 / (capacity.commit_us + rtt_us), most / capacity.commit_syncs, commits_per_s
            ),
        }
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
