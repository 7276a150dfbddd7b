"""What a transaction costs beside its syncs, from runs in which nobody waits for the drive."""

from collections.abc import Mapping
from typing import Final

from advisor.capacity.group_commit import Cpu

WAKES_PER_TRANSACTION: Final = 2
"""Of one client without flushes: the server's, and then its own."""


def saturating_clients(cores: int) -> int:
    """So many clients without flushes leave no core idle, for one of two may wait for the other."""
    return 2 * cores


def calibrate(*, cores: int, no_flush_tps: Mapping[int, float]) -> Cpu:
    """CPU time per transaction at each number of clients, and what a sleeping core takes to wake.

    `no_flush_tps`: clients -> transactions per second without flushes; of one client, and of
    `saturating_clients` or more. Those keep all cores busy, so that a transaction takes that many
    core-seconds (the client's part included), at many clients often more of them. One client alone
    meets cores that sleep: what its transaction takes beyond its CPU time is their waking. Where no
    run has so many clients, the largest keeps at most one core busy for each of its own: then the
    CPU time is an upper bound.

    A run of one client with flushes was tried as well, to mend the drive's latency by, and made
    predictions for several clients worse.
    """
    enough = min(saturating_clients(cores), max(no_flush_tps))
    us_per_txn = tuple(
        (clients, min(clients, cores) * 1e6 / tps)
        for clients, tps in sorted(no_flush_tps.items())
        if clients >= enough
    )
    beyond_us = 1e6 / no_flush_tps[1] - us_per_txn[0][1]
    return Cpu(cores, us_per_txn, wake_us=max(0.0, beyond_us / WAKES_PER_TRANSACTION))
