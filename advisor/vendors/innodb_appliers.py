"""How a replica of MySQL or MariaDB applies what it gets, by release. Data."""

from collections.abc import Mapping
from typing import Final

from advisor.vendors.appliers import Appliers, Replaying
from advisor.versions import NumericVersion

WRITE_SETS: Final = "binlog_transaction_dependency_tracking = WRITESET"
IN_PARALLEL: Final = ("slave_parallel_type = LOGICAL_CLOCK", "slave_preserve_commit_order = ON")

MYSQL_APPLIERS: Final[Mapping[NumericVersion, Appliers]] = {
    (8, 4): Appliers("replica_parallel_workers", 4, log_setting="log_replica_updates"),
    (8, 0, 27): Appliers(
        "replica_parallel_workers",
        4,
        log_setting="log_replica_updates",
        lifted_by=f"{WRITE_SETS} on the source",
    ),
    (8, 0, 19): Appliers(
        "slave_parallel_workers", 0, IN_PARALLEL, lifted_by=f"{WRITE_SETS} on the source"
    ),
    (8, 0): Appliers(
        "slave_parallel_workers",
        0,
        IN_PARALLEL,
        needs_binary_log=True,
        lifted_by=f"{WRITE_SETS} on the source",
    ),
    (5, 7): Appliers(
        "slave_parallel_workers",
        0,
        (*IN_PARALLEL, "log_bin", "log_slave_updates = ON"),
        needs_binary_log=True,
        lifted_by=f"transaction_write_set_extraction = XXHASH64 and {WRITE_SETS} (since 5.7.22) on"
        " the source",
    ),
}
"""Since when -> its appliers, the newest first. The defaults became 4 workers, LOGICAL_CLOCK and
the source's order in 8.0.27; that order needs no log of the replica's own since 8.0.19; 8.0 has
such a log by default; 8.4 has write sets alone.
https://dev.mysql.com/doc/refman/5.7/en/replication-options-replica.html
https://dev.mysql.com/doc/refman/5.7/en/replication-options-binary-log.html
https://dev.mysql.com/doc/refman/8.0/en/replication-options-replica.html
https://dev.mysql.com/doc/refman/8.0/en/replication-features-transaction-inconsistencies.html
https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"""

OPTIMISTIC_SINCE: Final = (10, 5, 1)
"""Since when MariaDB applies side by side what touches no row in common; conservative before."""


def mysql_replaying(version: NumericVersion) -> Replaying:
    """Of MySQL; what is older than all that we know is like the oldest."""
    known = (found for since, found in MYSQL_APPLIERS.items() if version >= since)
    return Replaying(next(known, MYSQL_APPLIERS[5, 7]))


def mariadb_replaying(version: NumericVersion) -> Replaying:
    """https://mariadb.com/docs/server/ha-and-performance/standard-replication/parallel-replication."""
    lifted_by = "" if version >= OPTIMISTIC_SINCE else "slave_parallel_mode = optimistic"
    return Replaying(Appliers("slave_parallel_threads", 0, lifted_by=lifted_by))
