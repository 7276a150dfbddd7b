"""Lines that a server must not be given, and how it meets each. Typed by hand.

A server meets a bad line in one of three ways: it does not start (and its log names the line), it
takes another value than was written, or it starts and complains in its log.
"""

from dataclasses import dataclass
from typing import Final

from advisor.versions import parse_version
from tests.servers.checks import Caught


@dataclass(frozen=True)
class Broken:
    """A line, where it is bad, and how that shows."""

    vendor: str
    line: str
    caught: frozenset[Caught]
    since: str = "0"
    until: str = "999"
    besides: tuple[str, ...] = ()
    """Lines that are good, and without which this one would not be bad, or bad in another way."""

    @property
    def setting(self) -> str:
        return self.line.partition(" = ")[0]

    @property
    def name(self) -> str:
        return ", ".join((self.line, *self.besides))


def refused(
    vendor: str,
    line: str,
    *,
    since: str = "0",
    until: str = "999",
    besides: tuple[str, ...] = (),
) -> Broken:
    return Broken(vendor, line, frozenset({"start"}), since, until, besides)


# Also for a word that is ignored: the server says so, and has another value.
def clamped(vendor: str, line: str, *, since: str = "0", until: str = "999") -> Broken:
    return Broken(vendor, line, frozenset({"value", "log"}), since, until)


TRAPS: Final = (
    # Needs max_wal_senders = 0 as well.
    refused("postgresql", "wal_level = minimal"),
    refused(
        "postgresql", "wal_level = minimal", besides=("max_wal_senders = 0", "archive_mode = on")
    ),
    refused(
        "postgresql",
        "wal_level = minimal",
        since="17",
        besides=("max_wal_senders = 0", "summarize_wal = on"),
    ),
    refused("postgresql", "wal_writer_delay = 30s"),
    refused("postgresql", "bgwriter_delay = 11s"),
    refused("postgresql", "commit_delay = 10ms"),
    refused("postgresql", "commit_delay = 200000"),
    # Less than two segments; `postgres -C` does not see it.
    refused("postgresql", "min_wal_size = 16MB"),
    refused("postgresql", "max_wal_size = 16MB"),
    refused("postgresql", "wal_sync_method = fsync_writethrough"),
    refused("postgresql", "wal_sync_method = O_DSYNC"),
    refused("postgresql", "wal_compression = lz4", until="15"),
    # The builds of 16 to 18 here have no lz4; Debian's 15 and 19 have.
    refused("postgresql", "wal_compression = lz4", since="16", until="19"),
    refused("postgresql", "effective_io_concurrency = 2000"),
    refused("postgresql", "checkpoint_completion_target = 1.5"),
    refused("postgresql", "checkpoint_timeout = 10s"),
    refused("postgresql", "huge_pages = maybe"),
    refused("postgresql", "io_method = worker", until="18"),
    refused("postgresql", "io_workers = 3", until="18"),
    refused("postgresql", "io_method = io_uring", since="18", until="19"),
    # io_min_workers and io_max_workers have taken its place.
    refused("postgresql", "io_workers = 3", since="19"),
    refused("postgresql", "io_min_workers = 2", until="19"),
    refused("postgresql", "io_combine_limit = 1MB", until="18"),
    refused("postgresql", "summarize_wal = on", until="17"),
    refused("postgresql", "innodb_io_capacity = 200"),
    # MySQL
    refused("mysql", "innodb_log_file_size = 48M"),
    refused("mysql", "innodb_log_files_in_group = 2"),
    refused("mysql", "innodb_flush_method = fdatasync"),
    refused("mysql", "innodb_doublewrite = fast"),
    refused("mysql", "innodb_data_file_buffering = OFF"),
    refused("mysql", "query_cache_size = 0"),
    clamped("mysql", "innodb_flush_log_at_trx_commit = 3"),
    clamped("mysql", "innodb_io_capacity = 50"),
    clamped("mysql", "innodb_redo_log_capacity = 1M"),
    refused("mysql", "innodb_flush_method = ALL_O_DIRECT"),
    # MariaDB
    refused("mariadb", "innodb_redo_log_capacity = 100M"),
    refused("mariadb", "innodb_use_fdatasync = ON"),
    refused("mariadb", "binlog_group_commit_sync_delay = 0"),
    refused("mariadb", "innodb_dedicated_server = ON"),
    refused("mariadb", "innodb_flush_method = fdatasync"),
    # A switch there: the word is ignored, with a warning.
    clamped("mariadb", "innodb_doublewrite = fast", until="11"),
    refused("mariadb", "innodb_data_file_buffering = OFF", until="11"),
    refused("mariadb", "innodb_log_file_write_through = OFF", until="11"),
    clamped("mariadb", "innodb_flush_log_at_trx_commit = 4"),
    clamped("mariadb", "innodb_io_capacity = 50"),
    # Deprecated: innodb_data_file_buffering and the like have taken its place.
    Broken("mariadb", "innodb_flush_method = O_DIRECT", frozenset({"log"}), since="11"),
)

SECTIONS: Final = {"postgresql": "", "mysql": "[mysqld]\n", "mariadb": "[mariadb]\n"}


def traps_of(vendor: str, series: str) -> list[Broken]:
    version = parse_version(series)
    return [
        trap
        for trap in TRAPS
        if trap.vendor == vendor
        and parse_version(trap.since) <= version < parse_version(trap.until)
    ]
