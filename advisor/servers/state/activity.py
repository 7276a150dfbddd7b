"""What a server does in an interval, by its own counters at both ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.state import statements as sql
from advisor.servers.connection.read_only import read_only
from advisor.servers.reading_tmp import Activity, ServerState
from advisor.servers.connection.wire import Connection


@dataclass(frozen=True, slots=True)
class Counter:
    """One count that only grows."""

    source: str
    """What it counts; or, without a statement, why there is none."""
    statement: str = ""
    row: str = ""
    """Which of the statement's rows, where they have names."""


WRITES: Final = Counter(
    "transaction numbers given out: rolled back and subtransactions among them",
    sql.WRITING_TRANSACTIONS,
)
# Without a binary log nothing counts transactions that write.
HANDLER_COMMIT: Final = Counter(
    "Handler_commit: transactions that only read among them", sql.STATUS, "Handler_commit"
)
LOGGED: Final = Counter(
    "Binlog_cache_use: transactions written to the binary log", sql.STATUS, "Binlog_cache_use"
)
LOG_SYNCS_MYSQL: Final = Counter("Innodb_os_log_fsyncs", sql.STATUS, "Innodb_os_log_fsyncs")
# MariaDB has no count of the log's alone.
LOG_SYNCS_MARIADB: Final = Counter(
    "Innodb_data_fsyncs: those of data files among them", sql.STATUS, "Innodb_data_fsyncs"
)
BINARY_LOG_MYSQL: Final = Counter(
    "performance_schema.file_summary_by_event_name", sql.BINARY_LOG_SYNCS_MYSQL
)
BINARY_LOG_MARIADB: Final = Counter("Syncs", sql.STATUS, "Syncs")
NONE: Final = Counter("")


def watch(connection: Connection, reading: ServerState, seconds: float) -> Activity:
    """Looks, waits, looks again. Raises AdvisorError where the connection is lost meanwhile."""
    counters = _counters(reading)
    before, started_s = _look(connection, counters), perf_counter()
    sleep(seconds)
    after, elapsed_s = _look(connection, counters), perf_counter() - started_s
    rates: dict[str, float | None] = {}
    sources: dict[str, str] = {}
    for name, counter in counters.items():
        first, last = before[name], after[name]
        known = isinstance(first, int) and isinstance(last, int)
        rates[name] = (last - first) / elapsed_s if known else None  # type: ignore[operator]
        sources[name] = counter.source if known else f"unknown: {last}" if last else ""
    return Activity(
        seconds=elapsed_s,
        commits_per_s=rates["commits"],
        commits_from=sources["commits"],
        log_syncs_per_s=rates["log syncs"],
        log_syncs_from=sources["log syncs"],
        binary_log_syncs_per_s=rates["binary log syncs"],
        binary_log_syncs_from=sources["binary log syncs"],
    )


def _counters(reading: ServerState) -> Mapping[str, Counter]:
    values = {name: found.value for name, found in reading.settings.items()}
    if reading.vendor == "postgresql":
        return {"commits": WRITES, "log syncs": _wal_syncs(reading), "binary log syncs": NONE}
    mysql = reading.vendor == "mysql"
    logged = values.get("log_bin", "OFF").upper() in ("ON", "1")
    return {
        "commits": LOGGED if logged else HANDLER_COMMIT,
        "log syncs": LOG_SYNCS_MYSQL if mysql else LOG_SYNCS_MARIADB,
        "binary log syncs": NONE
        if not logged
        else BINARY_LOG_MYSQL
        if mysql
        else BINARY_LOG_MARIADB,
    }


def _wal_syncs(reading: ServerState) -> Counter:
    method = reading.settings["wal_sync_method"].value
    if method.startswith("open_"):
        return Counter(f"the server counts none with wal_sync_method = {method}")
    if reading.version < (14,):
        return Counter("PostgreSQL counts them from 14 on")
    if reading.version < (18,):
        return Counter("pg_stat_wal", sql.WAL_SYNCS_14)
    return Counter("pg_stat_io", sql.WAL_SYNCS_18)


def _look(connection: Connection, counters: Mapping[str, Counter]) -> dict[str, int | str]:
    """Each count now, or why it is not known."""
    return {name: _count(connection, counter) for name, counter in counters.items()}


def _count(connection: Connection, counter: Counter) -> int | str:
    if not counter.statement:
        return counter.source
    with read_only(connection):
        try:
            rows = connection.query(counter.statement)
        except AdvisorError as error:
            return error.message
    if not counter.row:
        return int(rows[0][0]) if rows else "the server does not count them"
    found = [value for name, value in rows if name == counter.row]
    return int(found[0]) if found else "the server does not count them"
