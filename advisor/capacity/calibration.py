"""What a transaction costs beside its syncs, from runs without flushes and one of one client."""

from collections.abc import Mapping

from advisor.capacity.group_commit import Cpu, Drive, Engine


def calibrate(
    engine: Engine,
    drive: Drive,
    *,
    cores: int,
    no_flush_tps: Mapping[int, float],
    one_client_tps: float,
) -> Cpu:
    """The CPU time per transaction at each number of clients, and what sleeping cores add.

    Without flushes nobody waits but for a core: C clients keep the lesser of C and `cores` busy, so
    a transaction takes that many core-seconds per second and transaction (client's part included).
    One client that waits for flushes meets cores that sleep; what its transaction takes beyond
    its syncs and its CPU time is their waking. `no_flush_tps` must have one client among its keys.
    """
    us_per_txn = tuple(
        (clients, min(clients, cores) * 1e6 / tps) for clients, tps in sorted(no_flush_tps.items())
    )
    busy_us = us_per_txn[0][1]
    idle_us = 1e6 / one_client_tps - serial_sync_us(engine, drive) - busy_us
    return Cpu(cores, us_per_txn, max(0.0, idle_us))


def serial_sync_us(engine: Engine, drive: Drive) -> float:
    """What the syncs of one commit take, one after another, in us."""
    if engine.kind == "asynchronous":
        return 0.0
    if engine.kind in ("mysql-binary-log", "mariadb-binary-log"):
        return drive.log.mean_us + (drive.append or drive.log).mean_us
    return drive.log.mean_us
