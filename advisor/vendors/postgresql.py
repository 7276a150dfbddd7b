"""PostgreSQL: everything that the other rooms ask of it."""

import re
import signal
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from advisor.errors import AdvisorError
from advisor.roles import Replication
from advisor.series_kind import Method
from advisor.server_state import EffectiveSetting, Origin, Override, ServerState
from advisor.units import UNIT_BYTES, Value
from advisor.vendors import copies, postgresql_conf, postgresql_counts, postgresql_values
from advisor.vendors.answers import (
    Rows,
    Shown,
    count_of,
    number_of,
    only_row,
    only_value,
    quoted,
    require_columns,
    texts,
    version_of_server,
)
from advisor.vendors.appliers import Replaying
from advisor.vendors.base import (
    PATIENCE_S,
    RESTART,
    Ask,
    AskKnown,
    AskTogether,
    Command,
    Counter,
    Counters,
    Initialisation,
    NoFlush,
    Place,
    Vendor,
    words,
)
from advisor.vendors.commits import (
    ASYNCHRONOUS,
    ONE_SHARED_SYNC,
    CommitDelay,
    CommitPath,
    CommitSequence,
)
from advisor.vendors.pages import PageUse
from advisor.vendors.postgresql_forms import FORMS, identifier, quoted_string
from advisor.vendors.replication import Channels, replication_of
from advisor.vendors.standby_names import ANYONE, parse_standby_names
from advisor.vendors.syntax import Line, Option, Statement, Unresolved
from advisor.vendors.values import Parsed, ParseResult, PlainSpec, ValueSpec
from advisor.versions import Feature, NumericVersion, Version, parse_version

if TYPE_CHECKING:  # most commands ask no running server
    from advisor.server_activity import ServerCounts

PAGE_BYTES: Final = 8192
LOGGED_PAGE_BYTES: Final = 7952
"""Of the 8,336 bytes that a small transaction logs right after a checkpoint, those of its page; 384
are left without full_page_writes (PostgreSQL 15.20, tests/benchmarks/log_bytes_per_commit.py)."""
COMPLETION_TARGET: Final = 0.9
"""The default of checkpoint_completion_target from 14 on."""

SYNC_METHODS: Final[Mapping[str, Method]] = {
    "fdatasync": "fdatasync",
    "fsync": "fsync",
    "open_datasync": "open_datasync",
    "open_sync": "open_sync",
}
"""wal_sync_method -> the series that measures it."""

OFFERED_VALUES: Final[tuple[tuple[str, NumericVersion, Mapping[str, Feature]], ...]] = (
    ("wal_compression", (15,), {"lz4": "lz4", "zstd": "zstd"}),
    ("io_method", (18,), {"io_uring": "liburing"}),
)
"""Setting, since when it is an enum, and which of its values needs which feature."""

SETTINGS_SQL: Final = (
    "SELECT name, setting, coalesce(unit, ''), source, coalesce(sourcefile, ''),"
    " coalesce(sourceline, 0), pending_restart FROM pg_catalog.pg_settings"
)
SHOWS_PLACES: Final = "pg_read_all_settings (or pg_monitor)"
SEES_PLACES_SQL: Final = "SELECT pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')"
"""Without that role PostgreSQL leaves files and lines out."""

OVERRIDES_SQL: Final = (
    "SELECT pg_catalog.unnest(s.setconfig), r.rolname, d.datname"
    " FROM pg_catalog.pg_db_role_setting s"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole"
    " LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
)
REPLICATION_SQL: Final = (
    "SELECT pg_catalog.pg_is_in_recovery(), (SELECT count(*) FROM pg_catalog.pg_stat_replication"
    " WHERE state IS DISTINCT FROM 'backup')"
)
"""Any account sees how many there are, if not who."""
WRITING_TRANSACTIONS_SQL: Final = (
    "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint"
)
"""The next transaction's number: exact at once, while pg_stat_database lags by up to a second and
counts reading transactions, too."""

_AGE: Final = "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - {since})::bigint"
_FULL_PAGES: Final = "wal_fpi * pg_catalog.current_setting('block_size')::bigint"
WAL_14_SQL: Final = (
    "SELECT wal_sync, (wal_sync_time * 1000)::bigint, wal_write, (wal_write_time * 1000)::bigint,"
    f" {_FULL_PAGES}, wal_bytes::bigint, {_AGE.format(since='stats_reset')}"
    " FROM pg_catalog.pg_stat_wal"
)
WAL_18_SQL: Final = (
    f"SELECT {_FULL_PAGES}, wal_bytes::bigint, {_AGE.format(since='stats_reset')}"
    " FROM pg_catalog.pg_stat_wal"
)
WAL_19_SQL: Final = WAL_18_SQL.replace(_FULL_PAGES, "wal_fpi_bytes::bigint")
WAL_IO_18_SQL: Final = (
    "SELECT coalesce(sum(fsyncs), 0)::bigint, coalesce(sum(fsync_time) * 1000, 0)::bigint,"
    " coalesce(sum(writes), 0)::bigint, coalesce(sum(write_time) * 1000, 0)::bigint"
    " FROM pg_catalog.pg_stat_io WHERE object = 'wal' AND context = 'normal'"
)
"""Without those of a new segment, which no commit waits for."""
CHECKPOINTS_14_SQL: Final = (
    "SELECT checkpoints_timed, checkpoints_req, buffers_checkpoint + buffers_clean"
    " FROM pg_catalog.pg_stat_bgwriter"
)
CHECKPOINTS_17_SQL: Final = (
    "SELECT c.num_timed, c.num_requested, c.buffers_written + b.buffers_clean"
    " FROM pg_catalog.pg_stat_checkpointer c CROSS JOIN pg_catalog.pg_stat_bgwriter b"
)
POSITION_SQL: Final = (
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_wal_lsn_diff("
    "pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint END,"
    f" {_AGE.format(since='pg_catalog.pg_postmaster_start_time()')}"
)
"""Where the WAL ends, which is exact at once, and how long the server has run."""

TIMING_SETTING: Final = "track_wal_io_timing"
TIMING_IS_OFF: Final = (
    f"{TIMING_SETTING} is off, which ALTER SYSTEM SET {TIMING_SETTING} = on and SELECT"
    " pg_reload_conf() change"
)
CLOCK_NS: Final = re.compile(r"(?:Per|Average) loop time including overhead: (\d+(?:\.\d+)?) ns")
"""Of pg_test_timing, until 18 and from 19 on."""
EFFECTIVE_SQL: Final = (
    "SELECT name, setting, unit, current_setting(name), sourcefile, sourceline FROM pg_settings"
)

ORIGINS: Final[Mapping[str, Origin]] = {
    "default": "default",
    "environment variable": "other",
    "configuration file": "file",
    "command line": "command line",
    "override": "default",
}
"""The server's own word (guc_tables.c, GucSource_Names) -> ours."""

OF_OUR_SESSION: Final = ("database", "user", "database user", "client", "session", "global")
"""Sources in pg_settings that are about this connection, not the server."""

RELOAD: Final = "SELECT pg_reload_conf();"

NOT_TRIED: Final = words(
    "archive_cleanup_command archive_command archive_library config_file data_directory "
    "dynamic_library_path external_pid_file hba_file ident_file listen_addresses "
    "local_preload_libraries log_destination log_directory log_filename log_min_messages "
    "logging_collector port primary_conninfo recovery_end_command restore_command "
    "session_preload_libraries shared_preload_libraries ssl ssl_passphrase_command "
    "synchronous_standby_names unix_socket_directories unix_socket_group "
    "unix_socket_permissions"
)
"""Settings that name places, programs or the network, or what we need to read the server's log."""

ROLE_HINT: Final = (
    "run this as the server's own account (sudo -u postgres), or name a role that may log in:"
    " --dsn postgresql://ROLE@HOST/"
)
PASSWORD_HINT: Final = "leave the password to ~/.pgpass or PGPASSWORD"


READS_AHEAD_SINCE: Final = (15,)
TWO_NUMBERS_SINCE: Final = 100_000
"""Since PostgreSQL 10 server_version_num has the minor release in four digits."""


class PostgreSQL(Vendor):
    """Settings in postgresql.conf, a WAL, one sync for each group of commits."""

    # Names and versions

    name = "postgresql"
    title = "PostgreSQL"
    engine = "postgresql"
    known_versions = ("13", "19")
    started_versions = ("13", "14", "15", "16", "17", "18", "19")
    programs = ("postgres",)
    package = "Debian's package postgresql"
    account = "postgres"
    driver = "psycopg"
    dsn_schemes = ("postgresql", "postgres")
    plaintext_option = "sslmode=disable"
    encrypting_options = (
        "sslmode=require refuses that, and verify-full with sslrootcert checks who answers, too"
    )
    login_hints = (
        ('role "', ROLE_HINT),
        ("Peer authentication failed", ROLE_HINT),
        ('database "', "name one that exists: --dsn postgresql:///postgres"),
        ("no password supplied", PASSWORD_HINT),
        ("password authentication failed", PASSWORD_HINT),
        ("on socket", "is it elsewhere? --dsn postgresql://HOST:PORT/, or PGHOST=DIRECTORY"),
        ("connection to server", "is it elsewhere? --dsn postgresql://HOST:PORT/"),
    )
    version_words = ("postgresql", "postgres", "pgdg")

    def parse_banner(self, banner: str) -> NumericVersion | None:
        found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", banner)
        return parse_version(found[1]) if found else None

    def unpack_version(self, number: int) -> NumericVersion:
        if number < TWO_NUMBERS_SINCE:
            return super().unpack_version(number)
        return Version((number // 10_000, number % 10_000))

    def feature_probes(
        self, version: NumericVersion
    ) -> Mapping[str, tuple[Command, Mapping[str, Feature]]]:
        # -C comes first, for then even root may ask; the configuration is empty, so nobody's is
        # read. Asked for a value that none has, the server lists those it takes.
        return {
            setting: (
                ["-C", setting, "-c", f"{setting}=?", "-c", "config_file=/dev/null", "-D", "/"],
                features,
            )
            for setting, since, features in OFFERED_VALUES
            if version >= since
        }

    def compresses_log(self, version: NumericVersion, build: Mapping[Feature, bool]) -> bool:
        return version >= (15,) and build.get("lz4", False)

    def has_compressed_log(self, settings: Mapping[str, EffectiveSetting]) -> bool:
        method = settings.get("wal_compression")
        return method is not None and not self._is_off(method.value)

    def reads_in_recovery(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> bool:
        """Pages that the log holds whole are read for recovery_prefetch alone."""
        prefetch = settings.get("recovery_prefetch")
        is_off = prefetch is not None and self._is_off(prefetch.value)
        return version >= READS_AHEAD_SINCE and not is_off

    def offered_values(self, complaint: str) -> frozenset[str]:
        listed = re.search(r"Available values: (.*?)\.?$", complaint, re.MULTILINE)
        return frozenset(listed[1].split(", ")) if listed else frozenset()

    # Values

    def parse_value(
        self,
        text: str | None,
        spec: ValueSpec,
        *,
        version: NumericVersion | None = None,
        unit: str = "",
        loose: bool = False,
    ) -> ParseResult:
        return postgresql_values.parse(text or "", spec, unit=unit)

    def reads_back(
        self,
        asked: str | None,
        actual: EffectiveSetting,
        spec: ValueSpec | None,
        version: NumericVersion,
    ) -> bool:
        return postgresql_values.same(asked or "", actual.value, spec, unit=actual.unit)

    def render_value(self, value: Value, unit: str) -> str:
        return postgresql_values.render(value, unit)

    # Configuration files

    config_kind = "configuration file"
    config_look = "a postgresql.conf"
    telling_line = (
        r"(?i)\s*(shared_buffers|wal_[a-z_]+|m(in|ax)_wal_size|fsync|full_page_writes|work_mem"
        r"|synchronous_commit|maintenance_work_mem|effective_[a-z_]+|checkpoint_[a-z_]+"
        r"|listen_addresses|shared_preload_libraries|hba_file)\s*="
    )
    config_suffix = ".conf"
    server_groups = frozenset({None})
    missing_include_stops = True
    circular_include_stops = True
    included_error_stops = True
    checks_overridden_lines = False
    skips_hidden_files = True
    ignores_world_writable_files = False
    data_directory_setting = "data_directory"
    data_directory_right = SHOWS_PLACES
    data_directory_file = "PG_VERSION"
    data_directory_marker = "PG_VERSION"
    persisted_file = "postgresql.auto.conf"
    persisted_is_configuration = True
    persisted_by = "ALTER SYSTEM"
    reload_suffices = True
    restart_by_setting: ClassVar[Mapping[str, bool]] = {
        "wal_level": True,
        "max_wal_senders": True,
        "archive_mode": True,
        "max_connections": True,
        "huge_pages": True,
        "synchronous_standby_names": False,
    }
    """By pg_settings.context: postmaster, or sighup and below."""
    without_restart = "reload"
    placement = (
        "Use: a file of its own in the server's include_dir, then restart; "
        "ALTER SYSTEM settings win over it."
    )

    def statements(self, text: str, version: NumericVersion | None = None) -> Iterator[Statement]:
        return postgresql_conf.statements(text)

    other_specs = postgresql_values.GUARDED

    def told_of_copies(self, shown: Mapping[str, str]) -> Mapping[str, str]:
        text = shown.get(copies.STANDBY_NAMES, "")
        found = parse_standby_names(text)
        if found is None:
            return {"standby_names_read": "no"}
        missing = -1 if ANYONE in found.names else found.wanted - len(found.names)
        return {
            "standby_names_read": "yes",
            "standbys_wanted": str(found.wanted),
            "standbys_named": str(len(found.names)),
            "wants_more_than_named": "yes" if missing > 0 else "no",
            "waits_for_all_named": "yes" if missing == 0 else "no",
        }

    def option(
        self, line: Line, known: Collection[str], version: NumericVersion | None = None
    ) -> Option | Unresolved:
        return Option(line.name, line.value or "", known=line.name in known)

    def main_files(self, fragment_folder: Path | None) -> Sequence[Path]:
        if fragment_folder is None:
            return ()
        return (fragment_folder.parent / "postgresql.conf", fragment_folder / "postgresql.conf")

    main_patterns = (
        "etc/postgresql/*/*/postgresql.conf",
        "var/lib/pgsql/data/postgresql.conf",
        "var/lib/pgsql/*/data/postgresql.conf",
        "var/lib/postgresql/data/postgresql.conf",
        "var/lib/postgresql/*/docker/postgresql.conf",
        "usr/local/pgsql/data/postgresql.conf",
    )
    """Debian's clusters; Red Hat's package, and PostgreSQL's own for it; the official image until
    17, and since; the manual's own example."""

    def main_files_of(self, arguments: Sequence[str], data: Path) -> Sequence[Path]:
        named = re.findall(r"(?:^|\s)(?:-c\s*|--)config[-_]file=(\S+)", " ".join(arguments))
        return [data / (named[-1] if named else "postgresql.conf")]

    def log_places(self, values: Mapping[str, str], data: Path) -> tuple[Path | None, Path | None]:
        return data / "pg_wal", None

    def included_path(self, including: Path, target: str) -> Path | None:
        return including.parent / target

    def include_line(self, path: Path, *, folder: bool, may_miss: bool = False) -> str:
        word = "include_dir" if folder else "include_if_exists" if may_miss else "include"
        return f"{word} = {quoted_string(str(path).replace(chr(92), chr(92) * 2))}"

    page_size_setting = "block_size"
    page_bytes = 8 * 1024

    # Replication

    replication_signs = ("primary_conninfo",)

    # Commits

    has_binary_log = False
    log_size_settings = frozenset({"max_wal_size"})
    sequences = (ONE_SHARED_SYNC,)

    def commit_path(self, values: Mapping[str, Value | None], *, log_bin: bool) -> CommitPath:
        """One sync, none with synchronous_commit = off: counted with strace on PostgreSQL 18, 20
        commits of one client."""
        return CommitPath(0 if values.get("synchronous_commit") == "off" else 1, 0)

    def page_use(self, values: Mapping[str, Value | None]) -> PageUse:
        """shared_buffers and the kernel's cache keep pages: effective_cache_size is both.

        A checkpoint begins after max_wal_size / (1 + checkpoint_completion_target) of WAL (xlog.c,
        CalculateCheckpointSegments).
        """
        cache, wal = values.get("effective_cache_size"), values.get("max_wal_size")
        target = values.get("checkpoint_completion_target") or COMPLETION_TARGET
        return PageUse(
            page_bytes=PAGE_BYTES,
            doublewrite=False,
            cache_bytes=None if cache is None else float(cache) * UNIT_BYTES["8kB"],
            checkpoint_log_bytes=None
            if wal is None
            else float(wal) * UNIT_BYTES["MB"] / (1 + float(target)),
            logged_page_bytes=LOGGED_PAGE_BYTES,
        )

    def sequence_of(self, syncs: int | None) -> CommitSequence:
        return ASYNCHRONOUS if syncs == 0 else ONE_SHARED_SYNC

    def commit_sequence(self, values: Mapping[str, str]) -> CommitSequence:
        never_waits = self._is_off(values["synchronous_commit"]) or self._is_off(values["fsync"])
        return self.sequence_of(0 if never_waits else 1)

    def _is_off(self, text: str) -> bool:
        return self.parse_value(text, PlainSpec("boolean")) == Parsed(False)

    def replaying(self, version: NumericVersion) -> Replaying:
        """One process, which since 15 has pages read ahead (recovery_prefetch = try):
        https://www.postgresql.org/docs/15/runtime-config-wal.html."""
        return Replaying(None, reads_ahead=version >= READS_AHEAD_SINCE)

    def commit_delay(self, values: Mapping[str, str]) -> CommitDelay | None:
        """Source: XLogFlush."""
        us, siblings = (
            number_of(name, values[name]) for name in ("commit_delay", "commit_siblings")
        )
        delay = CommitDelay(us, siblings=int(siblings))
        return delay if delay.us else None

    def log_sync_method(self, values: Mapping[str, str]) -> Method:
        if (method := SYNC_METHODS.get(values["wal_sync_method"])) is None:
            raise AdvisorError(
                f"no series measures wal_sync_method = {quoted(values['wal_sync_method'])}"
            )
        return method

    # Programs and command lines

    stop_signal = signal.SIGINT  # "fast": does not wait for clients
    not_tried = NOT_TRIED
    initialisation_looks_itself_up = True
    verify_numbers_lines = True
    accepts_with_errors = True

    def initialisation(
        self, program: Path, version: NumericVersion, place: Place, options: Iterable[Option]
    ) -> Initialisation:
        own = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        return Initialisation([program.parent / "initdb", "-D", place.data, "--no-sync", *own])

    def start_command(self, program: Path, version: NumericVersion, place: Place) -> Command:
        # What keeps the server private stands on the command line, where it wins over every file.
        private = {
            "config_file": str(place.fragment),
            "listen_addresses": "",
            "unix_socket_directories": str(place.run),
            "log_min_messages": "warning",
            # The fragment's own is not tried, and archive_mode = on wants one.
            "archive_command": "true",
        }
        settings = [f"--{name}={value}" for name, value in private.items()]
        return [program, "-D", place.data, *settings]

    def local_socket(self, place: Place) -> Path:
        return place.run / ".s.PGSQL.5432"

    def local_login(self, place: Place) -> Mapping[str, Any]:
        return {"host": str(place.run), "user": "postgres", "dbname": "postgres"}

    def check_command(self, program: Path, main: Path, data: Path) -> Command:
        # It reads all its files to print one setting.
        return [program, "-C", "data_directory", "-D", data, "-c", f"config_file={main}"]

    def names_command(self, program: Path) -> Command:
        return [program, "--describe-config"]

    def listed_names(self, said: str) -> frozenset[str]:
        return frozenset(re.findall(r"^([a-z_]+)\t", said.lower(), re.MULTILINE))

    # Statements of an audit

    begin_read_only = (
        "BEGIN TRANSACTION READ ONLY",
        f"SET LOCAL statement_timeout = '{PATIENCE_S}s'",
        f"SET LOCAL lock_timeout = '{PATIENCE_S}s'",
    )
    audit_privileges = (
        "Any account that can connect. With pg_read_all_settings (or pg_monitor)"
        " the audit also names the file that sets each setting; with pg_monitor it counts the"
        " synchronous standbys."
    )
    audit_statements = (
        *begin_read_only,
        SETTINGS_SQL,
        SEES_PLACES_SQL,
        OVERRIDES_SQL,
        REPLICATION_SQL,
        copies.STANDBYS_SQL,
        *postgresql_counts.STATEMENTS,
        WRITING_TRANSACTIONS_SQL,
        POSITION_SQL,
        WAL_14_SQL,
        WAL_18_SQL,
        WAL_19_SQL,
        WAL_IO_18_SQL,
        CHECKPOINTS_14_SQL,
        CHECKPOINTS_17_SQL,
        Vendor.end_read_only,
    )

    def server_state(self, ask: AskTogether) -> ServerState:
        found, places, overrides, others = ask(
            SETTINGS_SQL, SEES_PLACES_SQL, OVERRIDES_SQL, REPLICATION_SQL
        )
        sees_places = only_value(places) is True
        rows = list(texts(found, 7))
        values = Shown((row[0], row[1]) for row in rows)
        held = copies.postgresql_copies(values, ask)
        return ServerState(
            vendor=self.name,
            version=version_of_server(values["server_version"]),
            settings={
                name: EffectiveSetting(
                    name, value, unit, _origin(source, file), f"{file}:{line}" if file else ""
                )
                for name, value, unit, source, file, line, _ in rows
            },
            overrides=tuple(_overrides(overrides)),
            pending=frozenset(row[0] for row in rows if row[6] == str(True)),
            hidden=frozenset(row[0] for row in rows if row[3] in OF_OUR_SESSION),
            copies=held.shown,
            notes=held.notes
            if sees_places
            else (
                f"this role may not see which file sets a setting; GRANT {SHOWS_PLACES} shows it",
                *held.notes,
            ),
            replication=_replication(others),
        )

    def effective_settings(self, ask: Ask) -> dict[str, EffectiveSetting]:
        return {
            name.lower(): EffectiveSetting(
                name.lower(),
                value,
                unit,
                place=f"{file}:{line}" if file else "",
                shown=shown,
            )
            for name, value, unit, shown, file, line in texts(ask(EFFECTIVE_SQL), 6)
        }

    def server_version(self, values: Mapping[str, str]) -> str:
        version_of_server(values["server_version"])
        return values["server_version"].split()[0]

    def counters(self, state: ServerState) -> Counters:
        writes = Counter(
            "transaction numbers given out: rolled back and subtransactions among them",
            WRITING_TRANSACTIONS_SQL,
        )
        syncs, times_us = _wal_syncs(state)
        found = Counters(
            commits=writes,
            log_syncs=syncs,
            timed_log_syncs=syncs,
            log_sync_us=times_us,
            log_bytes=Counter("how far the WAL's end has moved", POSITION_SQL),
            uptime_s=Counter("uptime", POSITION_SQL, column=1),
        )
        if state.version < (14,):
            return found
        wal, first = (WAL_14_SQL, 4) if state.version < (18,) else (WAL_18_SQL, 0)
        pages = "pg_stat_wal: its images of pages at their whole size, at most that"
        if state.version >= (19,):
            wal, pages = WAL_19_SQL, "pg_stat_wal"
        checkpoints = CHECKPOINTS_14_SQL if state.version < (17,) else CHECKPOINTS_17_SQL
        view = "pg_stat_bgwriter" if state.version < (17,) else "pg_stat_checkpointer"
        return found._replace(
            full_page_bytes=Counter(pages, wal, column=first),
            full_page_of_bytes=Counter("pg_stat_wal", wal, column=first + 1),
            statistics_age_s=Counter("stats_reset", wal, column=first + 2),
            checkpoints_timed=Counter(view, checkpoints),
            checkpoints_requested=Counter(view, checkpoints, column=1),
            pages_written=Counter(
                f"{view}: by checkpoints and the background writer", checkpoints, column=2
            ),
        )

    timing_setting = TIMING_SETTING
    timing_program = ("pg_test_timing", "-d", "1")

    def clock_ns(self, said: str) -> float | None:
        found = CLOCK_NS.search(said)
        return float(found[1]) if found else None

    def server_counts(self, state: ServerState, ask: AskKnown) -> "ServerCounts":
        packed = self.has_compressed_log(state.settings)
        return postgresql_counts.read(ask, state.version, state.settings, is_compressed=packed)

    # Statements of a load

    lock_load = "SELECT pg_catalog.pg_try_advisory_lock(1718843491)"
    lock_timeout = "SET lock_timeout = '30s'"
    drop_schema_suffix = " CASCADE"

    def make_table(self, schema: str, table: str, columns: str, mark: str) -> Sequence[str]:
        # Room in each page for the row's next version, so that no index is touched (HOT), and no
        # vacuum in the middle of a run. Statements that are sent together are done together.
        options = "WITH (fillfactor = 50, autovacuum_enabled = off)"
        return (
            f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.{table} ({columns}) {options};"
            f" COMMENT ON TABLE {schema}.{table} IS '{mark}'",
        )

    def count_in_schema(self, schema: str, table: str, mark: str) -> str:
        ours = (
            f"c.relname = '{table}' AND c.relkind = 'r'"
            f" AND pg_catalog.obj_description(c.oid, 'pg_class') = '{mark}'"
            " AND pg_catalog.pg_get_userbyid(c.relowner) = current_user"
        )
        return (
            f"SELECT count(*) FILTER (WHERE {ours}), count(*) FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE n.nspname = '{schema}' AND c.relkind <> 'i'"
        )

    def drop_marked(self, schema: str, table: str) -> Sequence[str]:
        # Without CASCADE, so that nothing else goes; and together, so that all of it goes.
        return (f"DROP TABLE {schema}.{table}; DROP SCHEMA {schema}",)

    def no_flush(self, *, own_server: bool) -> NoFlush:
        if own_server:  # what is written at commit stays so
            return NoFlush(
                before="SHOW fsync",
                admin=lambda off, _: (
                    f"ALTER SYSTEM {'SET fsync = off' if off else 'RESET fsync'}",
                    "SELECT pg_reload_conf()",
                ),
                confirm="SHOW fsync",
                confirmed="off",
                confirms="fsync",
            )
        return NoFlush(
            each=lambda off: (
                "SET synchronous_commit = off" if off else "RESET synchronous_commit",
            )
        )

    # Changing a setting

    unpersist = "ALTER SYSTEM RESET"

    def change(
        self,
        version: NumericVersion,
        found: EffectiveSetting,
        value: Value,
        rendered: str,
        *,
        restart: bool,
        persistable: bool,
    ) -> str:
        if found.origin == "command line":  # it outranks every file
            return f"set {found.name} = {rendered} on the server's command line, {RESTART}"
        set_ = f"ALTER SYSTEM SET {found.name} = {quoted_string(rendered)};"
        return f"{set_} {RESTART}" if restart else f"{set_} {RELOAD}"

    reload_sql = "SELECT pg_reload_conf();"

    def set_for_a_time(self, name: str, value: Value, rendered: str, *, restart: bool) -> str:
        return f"ALTER SYSTEM SET {name} = {quoted_string(rendered)};"

    def set_back(self, name: str, value: Value, rendered: str, *, is_persisted: bool) -> str:
        if is_persisted:
            return f"ALTER SYSTEM SET {name} = {quoted_string(rendered)};"
        return f"ALTER SYSTEM RESET {name};"

    def reset(self, override: Override) -> str:
        if override.role is None and override.database is not None:
            return f"ALTER DATABASE {identifier(override.database)} RESET {override.setting};"
        role = "ALL" if override.role is None else identifier(override.role)
        within = (
            "" if override.database is None else f" IN DATABASE {identifier(override.database)}"
        )
        return f"ALTER ROLE {role}{within} RESET {override.setting};"

    # Forms of output

    forms = FORMS
    image = "postgres"
    image_program = "postgres"
    series_length = 1


def _origin(source: str, file: str) -> Origin:
    if source == "configuration file" and file.endswith(f"/{PostgreSQL.persisted_file}"):
        return "persisted"
    return ORIGINS.get(source, "unknown")


def _replication(rows: Rows) -> Replication:
    """Of REPLICATION_SQL."""
    in_recovery, attached = only_row(rows, 2)
    if in_recovery is True:
        return Replication("replica", "it is in recovery, as a standby is")
    return replication_of(Channels(0, None), count_of(attached))


def _overrides(rows: Rows) -> Iterator[Override]:
    for row in rows:
        require_columns(row, 3)
        config, role, database = (None if value is None else str(value) for value in row)
        name, _, value = (config or "").partition("=")
        yield Override(name, value, role, database)


def _wal_syncs(state: ServerState) -> tuple[Counter, Counter]:
    """What counts the syncs of the WAL, and what times them. By the open_ methods each write is a
    sync (issue_xlog_fsync of xlog.c does nothing then)."""
    if state.version < (14,):
        unknown = Counter("PostgreSQL counts them from 14 on")
        return unknown, unknown
    shown, timing = (state.settings.get(name) for name in ("wal_sync_method", TIMING_SETTING))
    method = shown.value if shown else ""
    writes = method.startswith("open_")
    view, statement = ("pg_stat_wal", WAL_14_SQL)
    if state.version >= (18,):
        view, statement = "pg_stat_io", WAL_IO_18_SQL
    source = f"{view}: writes, each a sync by {method}" if writes else view
    first = 2 if writes else 0
    count = Counter(source, statement, column=first)
    if timing is None or timing.value != "on":
        return count, Counter(TIMING_IS_OFF)
    return count, Counter(source, statement, column=first + 1)
