"""What a value risks, whatever a rule says of it: one table for the red lines and for the audit."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from advisor.durability import Durability
from advisor.units import Value

_POSTGRESQL: Final = "https://www.postgresql.org/docs/current"
_MYSQL: Final = "https://dev.mysql.com/doc/refman/8.4/en"


PAIR: Final = ("innodb_flush_log_at_trx_commit", "sync_binlog")
"""The flush of the tables' log, and of the binary log: to be relaxed together or not at all."""


class Risk(NamedTuple):
    """One setting: which of its values risk what, why, and what the safe one costs."""

    otherwise: Durability
    """What every value risks that `values` does not name: one nobody knows is no better."""
    why: str
    price: str
    source: str
    values: Mapping[Value, Durability] = {}

    def of(self, value: Value) -> Durability:
        """What that value risks."""
        return self.values.get(value, self.otherwise)


RISKS: Final[dict[str, Risk]] = {
    "fsync": Risk(
        values={True: "durable"},
        otherwise="can-corrupt",
        why="Nothing is flushed when fsync is off: a power loss can damage the database beyond"
        " repair.",
        price="what was written before is safe only after sync or initdb --sync-only; each commit"
        " waits for a flush",
        source=f"{_POSTGRESQL}/runtime-config-wal.html#GUC-FSYNC",
    ),
    "full_page_writes": Risk(
        values={True: "durable"},
        otherwise="can-corrupt",
        why="A page half written at a power loss stays corrupt when this is off, perhaps"
        " unnoticed.",
        price="more WAL after each checkpoint",
        source=f"{_POSTGRESQL}/runtime-config-wal.html#GUC-FULL-PAGE-WRITES",
    ),
    "data_sync_retry": Risk(
        values={False: "durable"},
        otherwise="can-corrupt",
        why="A failed flush is tried again when this is on; the kernel may then report success"
        " although the data is gone.",
        price="the server stops at a failed flush and recovers from its WAL",
        source=f"{_POSTGRESQL}/runtime-config-error-handling.html#GUC-DATA-SYNC-RETRY",
    ),
    "zero_damaged_pages": Risk(
        values={False: "durable"},
        otherwise="can-corrupt",
        why="On zeroes a damaged page when it is read: all its rows are lost, with a warning.",
        price="reading a damaged page is an error",
        source=f"{_POSTGRESQL}/runtime-config-developer.html#GUC-ZERO-DAMAGED-PAGES",
    ),
    "ignore_checksum_failure": Risk(
        values={False: "durable"},
        otherwise="can-corrupt",
        why="On makes the server use pages whose checksum fails: corruption stays hidden or"
        " spreads.",
        price="reading a page whose checksum fails is an error",
        source=f"{_POSTGRESQL}/runtime-config-developer.html#GUC-IGNORE-CHECKSUM-FAILURE",
    ),
    "ignore_invalid_pages": Risk(
        values={False: "durable"},
        otherwise="can-corrupt",
        why="On makes recovery continue past missing pages: their contents are lost or stay"
        " hidden.",
        price="a server whose WAL names missing pages does not start",
        source=f"{_POSTGRESQL}/runtime-config-developer.html#GUC-IGNORE-INVALID-PAGES",
    ),
    "synchronous_commit": Risk(
        values={"off": "loses-recent-on-crash"},
        otherwise="durable",
        why="A commit is acknowledged before its WAL is flushed: any crash may lose the latest"
        " commits; the rest stays consistent.",
        price="each commit waits for a flush",
        source=f"{_POSTGRESQL}/wal-async-commit.html",
    ),
    "innodb_flush_log_at_trx_commit": Risk(
        values={
            0: "loses-recent-on-crash",
            1: "durable",
            2: "loses-recent-on-power-loss",
            3: "durable",
        },
        otherwise="can-corrupt",
        why="The latest acknowledged commits are lost at a power loss with 2, at any crash with 0.",
        price="each commit waits for a flush",
        source=f"{_MYSQL}/innodb-parameters.html#sysvar_innodb_flush_log_at_trx_commit",
    ),
    "sync_binlog": Risk(
        values={1: "durable"},
        otherwise="loses-recent-on-power-loss",
        why="The binary log is not flushed with each commit: a power loss loses its end, and the"
        " latest of these commits from the tables, too; replicas may then differ.",
        price="each commit waits for a flush of the binary log",
        source=f"{_MYSQL}/replication-options-binary-log.html#sysvar_sync_binlog",
    ),
    "innodb_doublewrite": Risk(
        values={True: "durable", "ON": "durable", "DETECT_AND_RECOVER": "durable"},
        otherwise="can-corrupt",
        why="A page half written at a power loss cannot be repaired: OFF and DETECT_ONLY keep no"
        " copy; MariaDB's fast is safe only with that copy and all data on one file system.",
        price="each page is written twice, in the background",
        source=f"{_MYSQL}/innodb-doublewrite-buffer.html",
    ),
    "innodb_flush_method": Risk(
        values={"fsync": "durable", "O_DSYNC": "durable", "O_DIRECT": "durable"},
        otherwise="can-corrupt",
        why="nosync and littlesync skip flushes; O_DIRECT_NO_FSYNC does not flush data files, which"
        " a drive's cache or a file system's metadata may need.",
        price="checkpoints flush the data files; at nosync, each commit waits for a flush again",
        source=f"{_MYSQL}/innodb-parameters.html#sysvar_innodb_flush_method",
    ),
    "innodb_checksum_algorithm": Risk(
        values={"none": "can-corrupt", "strict_none": "can-corrupt"},
        otherwise="durable",
        why="The server cannot detect a damaged page with none: corruption stays hidden and"
        " spreads.",
        price="a checksum of each page that is read or written",
        source=f"{_MYSQL}/innodb-parameters.html#sysvar_innodb_checksum_algorithm",
    ),
    "innodb_log_checksums": Risk(
        values={True: "durable"},
        otherwise="can-corrupt",
        why="OFF makes recovery apply redo log blocks that are half written or damaged.",
        price="a checksum of each block of the log",
        source=f"{_MYSQL}/innodb-parameters.html#sysvar_innodb_log_checksums",
    ),
    "debug_no_sync": Risk(
        values={False: "durable"},
        otherwise="can-corrupt",
        why="ON makes the server skip all flushes: a power loss can lose or damage anything.",
        price="each commit waits for a flush",
        source="https://mariadb.com/docs/server/server-management/variables-and-modes/"
        "server-system-variables#debug_no_sync",
    ),
    "innodb_force_recovery": Risk(
        values={0: "durable"},
        otherwise="can-corrupt",
        why="InnoDB starts despite corruption above 0 and skips parts of recovery; from 4 on it"
        " can corrupt data files for good. It is meant for a dump.",
        price="a server whose files are corrupt does not start",
        source=f"{_MYSQL}/forcing-innodb-recovery.html",
    ),
}
"""Setting -> what its values risk. Behaviour and sources: the manuals named; what was measured
stands with the rules."""


def relaxed_alone(values: Mapping[str, Value | None]) -> str | None:
    """Which of the pair is relaxed while the other is known not to be."""
    known = {name: value for name in PAIR if (value := values.get(name)) is not None}
    relaxed = [name for name, value in known.items() if RISKS[name].of(value) != "durable"]
    return relaxed[0] if len(known) == len(PAIR) and len(relaxed) == 1 else None
