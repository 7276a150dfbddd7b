"""Servers set up wrongly in many ways, and exactly what an audit must find. Typed by hand.

Values and severities: the manuals that advisor/rules/risks.py and profiles/ name.
"""

from dataclasses import dataclass
from typing import Final

from advisor.durability import Durability

Expected = tuple[str, str, str, str]
"""Severity, setting, what it is, what it should be."""


@dataclass(frozen=True)
class Case:
    """Settings changed on a running server, and the complete list of findings, in order."""

    name: str
    settings: dict[str, str]
    findings: tuple[Expected, ...]
    durability: Durability = "durable"
    then: tuple[Expected, ...] = ()
    """What is found once these are made, and nothing after that."""


CORRUPTION: Final = "corruption-risk"
LOSS: Final = "data-loss"
SLOW: Final = "performance"


POSTGRESQL: Final = (
    Case("as good: a stronger promise", {"synchronous_commit": "remote_apply"}, ()),
    Case("as good: what nobody measured", {"wal_compression": "on", "commit_siblings": "9"}, ()),
    Case("as good: near what is computed", {"checkpoint_timeout": "400s"}, ()),
    Case(
        "no effect while commits wait",
        {"wal_writer_delay": "10s"},
        (),
    ),
    Case("fsync", {"fsync": "off"}, ((CORRUPTION, "fsync", "off", "on"),)),
    Case(
        "full pages",
        {"full_page_writes": "off"},
        ((CORRUPTION, "full_page_writes", "off", "on"),),
    ),
    Case(
        "damaged pages",
        {"zero_damaged_pages": "on"},
        ((CORRUPTION, "zero_damaged_pages", "on", "off"),),
    ),
    Case(
        "checksums",
        {"ignore_checksum_failure": "on"},
        ((CORRUPTION, "ignore_checksum_failure", "on", "off"),),
    ),
    Case(
        "asynchronous commits",
        {"synchronous_commit": "off"},
        ((LOSS, "synchronous_commit", "off", "on"),),
    ),
    Case(
        "asynchronous commits, and a long window: one finding, which names it",
        {"synchronous_commit": "off", "wal_writer_delay": "10s"},
        ((LOSS, "synchronous_commit", "off", "on"),),
    ),
    Case(
        "asynchronous commits where only a power loss may take them",
        {"synchronous_commit": "off"},
        ((LOSS, "synchronous_commit", "off", "on"),),
        "loses-recent-on-power-loss",
    ),
    Case(
        "asynchronous commits are accepted, a long window is not",
        {"synchronous_commit": "off", "wal_writer_delay": "5s"},
        ((LOSS, "wal_writer_delay", "5s", "200ms"),),
        "loses-recent-on-crash",
    ),
    Case(
        "stricter than accepted",
        {},
        ((SLOW, "synchronous_commit", "on", "off"),),
        "loses-recent-on-crash",
    ),
    Case("a delay", {"commit_delay": "50000"}, ((SLOW, "commit_delay", "50000", "0"),)),
    Case(
        "a lame background writer",
        {"bgwriter_delay": "10s"},
        ((SLOW, "bgwriter_delay", "10s", "200ms"),),
    ),
    Case(
        "checkpoints in a burst",
        {"checkpoint_completion_target": "0.2"},
        ((SLOW, "checkpoint_completion_target", "0.2", "0.9"),),
    ),
    Case(
        "checkpoints all the time",
        {"checkpoint_timeout": "30s"},
        ((SLOW, "checkpoint_timeout", "30s", "5min"),),
    ),
    Case(
        "several at once, the gravest first",
        {"commit_delay": "100", "synchronous_commit": "off", "fsync": "off"},
        (
            (CORRUPTION, "fsync", "off", "on"),
            (LOSS, "synchronous_commit", "off", "on"),
            (SLOW, "commit_delay", "100", "0"),
        ),
    ),
)
"""By ALTER SYSTEM and a reload."""

MYSQL: Final = (
    Case("as good: a pool of other instances", {"innodb_max_dirty_pages_pct": "50"}, ()),
    Case("as good: a careful doublewrite", {"innodb_doublewrite": "'DETECT_AND_RECOVER'"}, ()),
    Case(
        "no effect while commits wait",
        {"innodb_flush_log_at_timeout": "30"},
        (),
    ),
    Case(
        "commits not flushed",
        {"innodb_flush_log_at_trx_commit": "2"},
        ((LOSS, "innodb_flush_log_at_trx_commit", "2", "1"),),
    ),
    Case(
        "commits not even written",
        {"innodb_flush_log_at_trx_commit": "0"},
        ((LOSS, "innodb_flush_log_at_trx_commit", "0", "1"),),
    ),
    Case("binary log not flushed", {"sync_binlog": "0"}, ((LOSS, "sync_binlog", "0", "1"),)),
    Case(
        "binary log flushed now and then",
        {"sync_binlog": "1000"},
        ((LOSS, "sync_binlog", "1000", "1"),),
    ),
    Case(
        "both relaxed",
        {"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "100"},
        (
            (LOSS, "innodb_flush_log_at_trx_commit", "2", "1"),
            (LOSS, "sync_binlog", "100", "1"),
        ),
    ),
    Case(
        "both relaxed, as accepted",
        {"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "100"},
        (),
        "loses-recent-on-power-loss",
    ),
    Case(
        "only one relaxed, though both might be",
        {"sync_binlog": "0"},
        ((LOSS, "sync_binlog", "0", "1"),),
        "loses-recent-on-power-loss",
        then=(
            (SLOW, "innodb_flush_log_at_trx_commit", "1", "2"),
            (SLOW, "sync_binlog", "1", "100"),
        ),
    ),
    Case(
        "worse than what is accepted",
        {"innodb_flush_log_at_trx_commit": "0", "sync_binlog": "100"},
        ((LOSS, "innodb_flush_log_at_trx_commit", "0", "2"),),
        "loses-recent-on-crash",
    ),
    Case(
        "a wide window where one is accepted",
        {
            "innodb_flush_log_at_trx_commit": "2",
            "sync_binlog": "100",
            "innodb_flush_log_at_timeout": "30",
        },
        ((LOSS, "innodb_flush_log_at_timeout", "30", "1"),),
        "loses-recent-on-power-loss",
    ),
    Case(
        "torn pages only detected",
        {"innodb_doublewrite": "'DETECT_ONLY'"},
        ((CORRUPTION, "innodb_doublewrite", "DETECT_ONLY", "ON"),),
    ),
    Case(
        "checkpoints in a burst",
        {"innodb_adaptive_flushing": "OFF"},
        ((SLOW, "innodb_adaptive_flushing", "OFF", "ON"),),
    ),
    Case(
        "a delay",
        {"binlog_group_commit_sync_delay": "10000"},
        ((SLOW, "binlog_group_commit_sync_delay", "10000", "0"),),
    ),
    Case(
        "the slower call",
        {"innodb_use_fdatasync": "OFF"},
        ((SLOW, "innodb_use_fdatasync", "OFF", "ON"),),
    ),
)
"""By SET GLOBAL, binary log on."""

MARIADB: Final = (
    Case("as good: flushed twice", {"innodb_flush_log_at_trx_commit": "3"}, ()),
    Case(
        "commits not flushed",
        {"innodb_flush_log_at_trx_commit": "2"},
        ((LOSS, "innodb_flush_log_at_trx_commit", "2", "1"),),
    ),
    Case("the vendor's own default", {"sync_binlog": "0"}, ((LOSS, "sync_binlog", "0", "1"),)),
    Case(
        "a wait for company",
        {"binlog_commit_wait_count": "10"},
        ((SLOW, "binlog_commit_wait_count", "10", "0"),),
    ),
)
"""By SET GLOBAL, binary log on and flushed."""

MARIADB_11: Final = (
    Case(
        "doublewrite that counts on one file system",
        {"innodb_doublewrite": "'fast'"},
        ((CORRUPTION, "innodb_doublewrite", "fast", "ON"),),
    ),
    Case(
        "no doublewrite",
        {"innodb_doublewrite": "'OFF'"},
        ((CORRUPTION, "innodb_doublewrite", "OFF", "ON"),),
    ),
    Case(
        "pages kept twice",
        {"innodb_data_file_buffering": "ON"},
        ((SLOW, "innodb_data_file_buffering", "ON", "OFF"),),
    ),
)
"""By SET GLOBAL."""

STARTED: Final = (
    (
        "postgresql-15",
        "data_sync_retry = on\n",
        ((CORRUPTION, "data_sync_retry", "on", "off"),),
    ),
    (
        "mysql-9.7",
        "[mysqld]\ninnodb_doublewrite = OFF\ninnodb_flush_method = nosync\n"
        "innodb_force_recovery = 1\n",
        (
            (CORRUPTION, "innodb_doublewrite", "OFF", "ON"),
            (
                CORRUPTION,
                "innodb_flush_method",
                "nosync",
                "O_DIRECT where the file system takes it, else fsync",
            ),
            (CORRUPTION, "innodb_force_recovery", "1", "0"),
        ),
    ),
    (
        "mysql-9.7",
        "[mysqld]\ninnodb_flush_method = O_DSYNC\nskip_log_bin\nsync_binlog = 0\n",
        (
            (
                SLOW,
                "innodb_flush_method",
                "O_DSYNC",
                "O_DIRECT where the file system takes it, else fsync",
            ),
        ),
    ),
    (
        "mariadb-10.11",
        "[mariadb]\ninnodb_flush_method = O_DIRECT_NO_FSYNC\ninnodb_doublewrite = OFF\n",
        (
            (CORRUPTION, "innodb_doublewrite", "OFF", "ON"),
            (CORRUPTION, "innodb_flush_method", "O_DIRECT_NO_FSYNC", "O_DIRECT"),
        ),
    ),
    (
        "mariadb-10.11",
        "[mariadb]\nlog_bin = binlog\n",
        ((LOSS, "sync_binlog", "0", "1"),),
    ),
    (
        "mariadb-10.11",
        "[mariadb]\ninnodb_flush_method = littlesync\nsync_binlog = 7\n",
        ((CORRUPTION, "innodb_flush_method", "littlesync", "O_DIRECT"),),
    ),
)
"""What takes a start: server, fragment, findings."""

LIVE: Final = (
    ("postgresql-15", "", POSTGRESQL),
    ("mysql-9.7", "[mysqld]\n", MYSQL),
    ("mariadb-10.11", "[mariadb]\nlog_bin = binlog\nsync_binlog = 1\n", MARIADB),
    ("mariadb-11.8", "[mariadb]\n", MARIADB_11),
)
