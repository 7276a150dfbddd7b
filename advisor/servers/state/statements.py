"""Every statement that an audit sends, and nothing else. The README lists them; a test compares."""

from collections.abc import Mapping
from typing import Final

from advisor.versions import Vendor

PATIENCE_S: Final = 10
"""After so long a statement gives up, whether it runs or waits for a lock."""

BEGIN: Final[Mapping[Vendor, tuple[str, ...]]] = {
    "postgresql": (
        "BEGIN TRANSACTION READ ONLY",
        f"SET LOCAL statement_timeout = '{PATIENCE_S}s'",
        f"SET LOCAL lock_timeout = '{PATIENCE_S}s'",
    ),
    "mysql": (
        f"SET SESSION max_execution_time = {PATIENCE_S * 1000}",
        f"SET SESSION lock_wait_timeout = {PATIENCE_S}",
        "START TRANSACTION READ ONLY",
    ),
    "mariadb": (
        f"SET SESSION max_statement_time = {PATIENCE_S}",
        f"SET SESSION lock_wait_timeout = {PATIENCE_S}",
        "START TRANSACTION READ ONLY",
    ),
}
"""What opens each transaction."""

END: Final = "ROLLBACK"

WHICH: Final = "SELECT version()"
"""MySQL or MariaDB; asked first, for the two know different timeouts."""

SETTINGS: Final[Mapping[Vendor, str]] = {
    "postgresql": (
        "SELECT name, setting, coalesce(unit, ''), source, coalesce(sourcefile, ''),"
        " coalesce(sourceline, 0), pending_restart FROM pg_catalog.pg_settings"
    ),
    "mysql": "SHOW GLOBAL VARIABLES",
    "mariadb": "SHOW GLOBAL VARIABLES",
}

SEES_PLACES: Final = "SELECT pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')"
"""Without that role PostgreSQL leaves files and lines out."""

ORIGINS: Final[Mapping[Vendor, str]] = {
    "mysql": (
        "SELECT variable_name, variable_source, coalesce(variable_path, '')"
        " FROM performance_schema.variables_info"
    ),
    "mariadb": (
        "SELECT lower(variable_name), global_value_origin, coalesce(global_value_path, '')"
        " FROM information_schema.system_variables"
    ),
}

OVERRIDES: Final = (
    "SELECT s.setconfig, r.rolname, d.datname FROM pg_catalog.pg_db_role_setting s"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole"
    " LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
)

WRITING_TRANSACTIONS: Final = (
    "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint"
)
"""The next transaction's number: exact at once, while pg_stat_database lags by up to a second and
counts reading transactions, too."""

WAL_SYNCS_14: Final = "SELECT wal_sync FROM pg_catalog.pg_stat_wal"
WAL_SYNCS_18: Final = (
    "SELECT coalesce(sum(fsyncs), 0)::bigint FROM pg_catalog.pg_stat_io WHERE object = 'wal'"
)

STATUS: Final = "SHOW GLOBAL STATUS"

BINARY_LOG_SYNCS_MYSQL: Final = (
    "SELECT count_misc FROM performance_schema.file_summary_by_event_name"
    " WHERE event_name = 'wait/io/file/sql/binlog'"
)

STATEMENTS: Final[Mapping[Vendor, tuple[str, ...]]] = {
    "postgresql": (
        *BEGIN["postgresql"],
        SETTINGS["postgresql"],
        SEES_PLACES,
        OVERRIDES,
        WRITING_TRANSACTIONS,
        WAL_SYNCS_14,
        WAL_SYNCS_18,
        END,
    ),
    "mysql": (
        WHICH,
        *BEGIN["mysql"],
        SETTINGS["mysql"],
        ORIGINS["mysql"],
        STATUS,
        BINARY_LOG_SYNCS_MYSQL,
        END,
    ),
    "mariadb": (
        WHICH,
        *BEGIN["mariadb"],
        SETTINGS["mariadb"],
        ORIGINS["mariadb"],
        STATUS,
        END,
    ),
}
"""All of them, for the README and its test."""
