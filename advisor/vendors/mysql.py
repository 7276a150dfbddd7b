"""MySQL: everything that the other rooms ask of it. MariaDB is a MySQL with differences."""

import json
import re
import signal
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from advisor.errors import AdvisorError
from advisor.model import Known, Unknown
from advisor.roles import Replication
from advisor.series_kind import Method
from advisor.server_state import EffectiveSetting, Origin, ServerState, WrittenValue
from advisor.units import Value
from advisor.vendors import copies, option_files, option_values
from advisor.vendors.answers import (
    Shown,
    count_of,
    quoted,
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
    CommitDelay,
    CommitPath,
    CommitSequence,
    SyncStage,
)
from advisor.vendors.disk_claims import DiskClaim
from advisor.vendors.forms import (
    Form,
    FormName,
    assignment,
    compose_form,
    option_file_form,
)
from advisor.vendors.innodb_appliers import mysql_replaying
from advisor.vendors.innodb_following import ReplicaSetting, mysql_following
from advisor.vendors.innodb_forms import (
    SQL_BEFORE_PERSIST,
    argument,
    set_persist,
    sql_literal,
)
from advisor.vendors.innodb_programs import (
    OLD_LOG,
    base_folder,
    bootstrap,
    checked_server,
    private_server,
)
from advisor.vendors.innodb_replicas import (
    MYSQL_REPLICAS_SQL,
    MYSQL_SOURCES_SQL,
    SEMI_SYNC,
    SEMI_SYNC_OPTIONS,
    mysql_role,
)
from advisor.vendors.names import VendorName
from advisor.vendors.option_names import resolve
from advisor.vendors.pages import PageUse
from advisor.vendors.replication import Following
from advisor.vendors.syntax import Line, Option, Statement, Unresolved
from advisor.vendors.values import Parsed, ParseResult, PlainSpec, ValueSpec
from advisor.versions import NumericVersion, format_version, parse_version

if TYPE_CHECKING:  # most commands ask no running server
    from advisor.server_activity import ServerCounts

PAGE_BYTES: Final = 16_384
LOG_USED_SHARE: Final = 0.75
"""Our choice, from below the 7/8 at which flushing gets urgent."""

LOCK_TURNS: Final = 2
"""MySQL's InnoDB wakes all at once, and each must get the log's mutex before one can lead; whoever
was just served and is back by then goes along. Two turns came nearest to exploratory runs."""

WITHOUT_BINARY_LOG: Final = CommitSequence(
    "mysql", "MySQL without binary log", "the redo log", (SyncStage("log", lock_turns=LOCK_TURNS),)
)
WITH_BINARY_LOG: Final = CommitSequence(
    "mysql-binary-log",
    "MySQL with binary log",
    "the redo log",
    (SyncStage("log"), SyncStage("binary log", delayed=True)),
)
"""One thread leads its group through both stages. Sources: MySQL 9.7, log_self_write_up_to and
MYSQL_BIN_LOG::ordered_commit; that no two syncs of a log overlap was traced."""

BANNER: Final = re.compile(r"\b(?:Ver (?:\d[\d.]* Distrib )?|from )(?:5\.5\.5-)?(\d+(?:\.\d+)+)")
"""What --version prints: "mysqld  Ver 8.0.36 for ..."; clients of old, "mysql  Ver 14.14 Distrib
5.7.44, for ..."; those of MariaDB 11, "mariadb from 11.8.3-MariaDB, client 15.2 for ..."."""

INITIALIZES_SINCE: Final = (5, 7)
"""Since when MySQL makes its system tables itself, and knows our options for its log."""

VALIDATES_SINCE: Final = (8, 0, 16)
"""Since when it has --validate-config."""

PERSISTS_SINCE: Final = (8, 0)
"""Since when it has SET PERSIST."""

BINARY_LOG_SINCE: Final = (8, 0)
"""Since when it writes a binary log when nobody says so."""

STRICT_OPTIONS_SINCE: Final = (8, 0)
"""Since when names may not be shortened, and numbers not wrap."""

WHOLE_LINES_SINCE: Final = (9,)
"""Since when it surely reads a line of an option file at once, however long that is."""

ARIA_LOG: Final = "aria_log_control"
"""Of MariaDB's own engine, and so in its data directories alone."""

SWITCH: Final = PlainSpec("boolean")

DEDICATED: Final = "innodb_dedicated_server"
DEDICATED_SINCE: Final = (8, 0, 3)
DEDICATED_FLUSH_METHOD_UNTIL: Final = (8, 4)
"""It has MySQL size the buffer pool and the redo log, and before 8.4 choose O_DIRECT_NO_FSYNC,
unless these are set: https://dev.mysql.com/doc/refman/8.4/en/innodb-dedicated-server.html and the
same page of 8.0. Asked of 9.7.4, which has O_DIRECT beside it, and sizes of its own."""

REDO_SIZE: Final = "innodb_log_file_size"
REDO_FILES: Final = "innodb_log_files_in_group"
REDO_CAPACITY: Final = "innodb_redo_log_capacity"
REDO_CAPACITY_SINCE: Final = (8, 0, 30)
REDO_SIZE_UNTIL: Final = (9,)
"""Between these the capacity is the size of the older two, where only those are set:
https://dev.mysql.com/doc/refman/8.4/en/innodb-redo-log.html. MySQL 9.7.4 no longer knows them."""

REDO_SIZE_SPEC: Final = PlainSpec(
    "integer", min=4 * 1024**2, max=512 * 1024**3, multiple_of=1024**2
)
REDO_SIZE_DEFAULT_BYTES: Final = 48 * 1024**2
REDO_FILES_DEFAULT: Final = 2

ONCE: Final = frozenset({"lower_case_table_names", "innodb_page_size", "innodb_data_file_path"})
"""Decided when a data directory is made, and refused when changed later."""

DISK_CLAIMS: Final[Mapping[str, DiskClaim]] = {
    REDO_CAPACITY: DiskClaim(),
    REDO_SIZE: DiskClaim(times=REDO_FILES, times_default=REDO_FILES_DEFAULT),
    "innodb_data_file_path": DiskClaim(lists_files=True),
    "innodb_temp_data_file_path": DiskClaim(lists_files=True),
    "innodb_undo_tablespaces": DiskClaim(each_bytes=16 * 1024**2),
    "innodb_doublewrite_files": DiskClaim(each_bytes=8 * 1024**2),
}
"""A doublewrite file has at most 512 pages of 16 KiB; of other sizes of a page there are as many
bytes or fewer."""

FLUSH_GLOBALS: Final = ("innodb_flush_log_at_trx_commit", "sync_binlog")
"""What makes InnoDB's commits wait; a session cannot choose."""

WHICH_SQL: Final = "SELECT version()"
"""MySQL or MariaDB; asked first, for the two know different timeouts."""

SETTINGS_SQL: Final = "SHOW GLOBAL VARIABLES"
STATUS_SQL: Final = "SHOW GLOBAL STATUS"
ORIGINS_SQL: Final = (
    "SELECT variable_name, variable_source, coalesce(variable_path, '')"
    " FROM performance_schema.variables_info"
)
BINARY_LOG_FILES: Final = "wait/io/file/sql/binlog"
REDO_LOG_FILES: Final = "wait/io/file/innodb/innodb_log_file"
LOG_FILES_SQL: Final = (
    "SELECT event_name, count_misc, sum_timer_misc DIV 1000000"
    " FROM performance_schema.file_summary_by_event_name"
    f" WHERE event_name IN ('{BINARY_LOG_FILES}', '{REDO_LOG_FILES}')"
)
"""How often, and for how many microseconds in all, a file was neither read nor written: of a log
that is nearly always a sync."""
FILES_TABLE: Final = "performance_schema.file_summary_by_event_name"

REDO_LOG_SWITCH_SQL: Final = "SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'"
REDO_LOG_SWITCH_SINCE: Final = (8, 0, 21)
"""Since when ALTER INSTANCE DISABLE INNODB REDO_LOG is there, and what shows it."""

LOG_POSITION_SINCE: Final = (8, 0, 30)
"""Since when its status has the end of the redo log."""

ORIGINS: Final[Mapping[str, Origin]] = {
    "COMPILED": "default",
    "COMPILE-TIME": "default",
    "GLOBAL": "file",
    "SERVER": "file",
    "EXPLICIT": "file",
    "EXTRA": "file",
    "USER": "file",
    "CONFIG": "file",
    "COMMAND_LINE": "command line",
    "COMMAND-LINE": "command line",
    "PERSISTED": "persisted",
    "ENV": "other",
    "AUTO": "default",
    "DYNAMIC": "other",
    "SQL": "other",
}
"""The word of MySQL (variables_info) and MariaDB (system_variables) -> ours."""

NOT_TRIED: Final = words(
    "admin_address basedir bind_address chroot daemonize datadir early_plugin_load "
    "init_file initialize initialize_insecure log_error log_error_services "
    "log_error_verbosity mysqlx mysqlx_bind_address mysqlx_port mysqlx_socket pid_file "
    "plugin_dir plugin_load plugin_load_add port secure_file_priv skip_networking socket "
    "tmpdir user"
)
"""Settings that name places, programs or the network, or what we need to read the server's log."""


OF_PLUGINS: Final = tuple(
    words(
        "audit_ authentication_ clone_ columnstore component_ connect connection_control_ cracklib"
        " daemon_memcached disks early_plugin feedback file_key_ group_replication_ gssapi"
        " handlersocket hashicorp keyring_ mecab_ mroonga mysql_firewall_ mysqlx_ oqgraph pam_"
        " provider_ query_response_time rocksdb rpl_semi_sync_ s3_ server_audit"
        " simple_password_ sphinx spider telemetry thread_pool_ tokudb validate_ version_tokens"
    )
)
"""How the options of plugins begin: a server that loads one has them."""


class MySQL(Vendor):
    """Settings in option files, InnoDB's redo log, and a binary log beside it."""

    # Names and versions

    name: ClassVar[VendorName] = "mysql"
    title = "MySQL"
    engine = "innodb"
    known_versions = ("5.7", "9.7")
    started_versions: ClassVar[tuple[str, ...]] = ("9.7",)
    programs: ClassVar[tuple[str, ...]] = ("mysqld",)
    package = "Debian's package mysql-server-core (in sid; mysql-community-server-core elsewhere)"
    account = "mysql"
    driver = "pymysql"
    dsn_schemes: ClassVar[tuple[str, ...]] = ("mysql",)
    plaintext_option = "ssl-mode=disabled"
    encrypting_options = (
        "?ssl-mode=REQUIRED refuses that, and VERIFY_IDENTITY with ssl-ca checks who answers, too"
    )
    login_hints = (
        (
            "Access denied",
            "name a user, --dsn mysql://USER@localhost/, and leave the password to"
            " ~/.my.cnf or MYSQL_PWD",
        ),
        ("Can't connect", "is it elsewhere? --dsn mysql://USER@HOST:PORT/"),
    )
    client_groups: ClassVar[frozenset[str]] = frozenset({"client"})
    client_homes: ClassVar[tuple[str, ...]] = ("MYSQL_HOME",)
    version_words: ClassVar[tuple[str, ...]] = ("mysql", "percona")

    def parse_banner(self, banner: str) -> NumericVersion | None:
        found = BANNER.search(banner)
        if found is None or self.actual_vendor(banner[found.start() :]) != self.name:
            return None  # what stands before is the program's path, and says nothing
        return parse_version(found[1])

    def actual_vendor(self, version_text: str) -> VendorName:
        return "mariadb" if "mariadb" in version_text.lower() else "mysql"

    # Values

    def dialect(self, version: NumericVersion | None) -> option_values.Dialect:
        """How options are read; without a version by the newest."""
        is_old = version and version < STRICT_OPTIONS_SINCE
        return option_values.MYSQL_5_7 if is_old else option_values.MYSQL

    def parse_value(
        self,
        text: str | None,
        spec: ValueSpec,
        *,
        version: NumericVersion | None = None,
        unit: str = "",
        loose: bool = False,
    ) -> ParseResult:
        return option_values.parse(text, spec, self.dialect(version), loose=loose)

    def reads_back(
        self,
        asked: str | None,
        actual: EffectiveSetting,
        spec: ValueSpec | None,
        version: NumericVersion,
    ) -> bool:
        return option_values.same(asked, actual.value, self.dialect(version), spec)

    def render_value(self, value: Value, unit: str) -> str:
        return option_values.render(value, unit)

    # Configuration files

    config_kind = "option file"
    config_look = "an option file of MySQL or MariaDB"
    telling_line = (
        r"(?i)\s*(\[[\w .-]{1,80}\]|(innodb[-_]|sync[-_]binlog|log[-_]bin|server[-_]id|datadir))"
    )
    config_suffix = ".cnf"
    server_groups = frozenset({"mysqld", "server"})
    fragment_group = "mysqld"
    missing_include_stops = False
    circular_include_stops = False
    included_error_stops = False
    checks_overridden_lines = True
    skips_hidden_files = False
    ignores_world_writable_files = True
    data_directory_setting = "datadir"
    data_directory_file = "ibdata1"
    persisted_file = "mysqld-auto.cnf"
    persisted_by = "SET PERSIST"
    persisted_switch = "persisted_globals_load"
    replication_signs = ("server_id",)
    reload_suffices = False
    without_restart = "restart or SET"
    loads_plugins = frozenset({"plugin_load", "plugin_load_add", "early_plugin_load"})
    adding_up = frozenset(
        {
            "binlog_do_db",
            "binlog_ignore_db",
            "ignore_db_dirs",
            "optimizer_switch",
            "performance_schema_instrument",
            "plugin_load_add",
            "replicate_do_db",
            "replicate_do_table",
            "replicate_ignore_db",
            "replicate_ignore_table",
            "replicate_rewrite_db",
            "replicate_wild_do_table",
            "replicate_wild_ignore_table",
        }
    )
    placement = "Use: a file of its own that sorts last in the server's !includedir, then restart."

    def statements(self, text: str, version: NumericVersion | None = None) -> Iterator[Statement]:
        return option_files.statements(text, cut=self.cuts_long_lines(version) is True)

    def cuts_long_lines(self, version: NumericVersion | None) -> bool | None:
        """5.6 does, 9.7 does not; 8.0 changed at some release that nobody wrote down."""
        if version and version >= WHOLE_LINES_SINCE:
            return False
        return True if version and version < STRICT_OPTIONS_SINCE else None

    def long_lines(self, text: str) -> Iterator[tuple[int, int]]:
        return option_files.long_lines(text)

    other_specs: ClassVar[Mapping[str, ValueSpec]] = {
        "persisted_globals_load": SWITCH,
        DEDICATED: SWITCH,
        REDO_FILES: PlainSpec("integer", min=2, max=100),
    }

    @property
    def own_names(self) -> frozenset[str]:
        return super().own_names | ONCE | {self.binary_log_setting, REDO_SIZE}

    def option(
        self, line: Line, known: Collection[str], version: NumericVersion | None = None
    ) -> Option | Unresolved:
        return resolve(line.name, line.value, known, self.dialect(version))

    def groups_read(self, version: NumericVersion) -> frozenset[str | None]:
        """As the server's own --help lists them."""
        return self.server_groups | {f"mysqld-{format_version(version[:2])}"}

    def is_series_group(self, group: str | None) -> bool:
        return re.fullmatch(r"(mysqld|mariadb|mariadbd)-\d+(\.\d+)?", group or "") is not None

    def main_files(self, fragment_folder: Path | None) -> Sequence[Path]:
        return (Path("/etc/my.cnf"), Path("/etc/mysql/my.cnf"))

    reads_all_main_files = True
    usual_data_directory = "/var/lib/mysql"

    def made(self, names: Collection[str]) -> bool:
        return super().made(names) and ARIA_LOG not in names

    def main_files_of(self, arguments: Sequence[str], data: Path) -> Sequence[Path]:
        options = dict(each.split("=", 1) for each in arguments if "=" in each)
        # Which groups a suffix adds, is not followed.
        if "--no-defaults" in arguments or "--defaults-group-suffix" in options:
            return []
        if named := options.get("--defaults-file"):
            return [Path(named)] if named.startswith("/") else []
        return self.main_files(None)

    def log_places(self, values: Mapping[str, str], data: Path) -> tuple[Path | None, Path | None]:
        log = values.get("innodb_log_group_home_dir")
        named = values.get(self.binary_log_setting, "")
        # A name without a folder, and a switch, mean the data directory.
        binary_log = (data / named).parent if "/" in named else None
        return data / log if log else None, binary_log

    def included_path(self, including: Path, target: str) -> Path | None:
        # A relative one is relative to the directory the server is started in.
        return Path(target) if target.startswith("/") else None

    def include_line(self, path: Path, *, folder: bool, may_miss: bool = False) -> str:
        return f"!includedir {path}/" if folder else f"!include {path}"

    def persisted_settings(self, text: str) -> Iterator[tuple[str, str, int]]:
        try:
            stored = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise ValueError("is not JSON") from error
        for name, value in _persisted(stored):
            yield name, value, 1

    page_size_setting = "innodb_page_size"
    page_bytes = 16 * 1024
    no_fsync_flushes_metadata_since: ClassVar[NumericVersion | None] = (8, 0, 14)

    refuses_options_of_plugins = True

    def may_be_an_extensions(self, name: str) -> bool:
        if name.startswith(SEMI_SYNC):
            return name in SEMI_SYNC_OPTIONS
        return super().may_be_an_extensions(name) or name.startswith(OF_PLUGINS)

    listed_plugins = (SEMI_SYNC,)
    plugin_options = SEMI_SYNC_OPTIONS

    def derived(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Iterator[EffectiveSetting]:
        if REDO_CAPACITY_SINCE <= version < REDO_SIZE_UNTIL:
            yield from self._redo_capacity(settings, version)
        chooses = self.left_to_server(settings, version)
        method = "innodb_flush_method"
        if method in chooses and not _is_given(settings, method):
            yield derived_setting(settings[DEDICATED], method, "O_DIRECT_NO_FSYNC")

    def _redo_capacity(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Iterator[EffectiveSetting]:
        older = [name for name in (REDO_SIZE, REDO_FILES) if _is_given(settings, name)]
        if not older or _is_given(settings, REDO_CAPACITY):
            return
        size_bytes = self._whole(settings.get(REDO_SIZE), REDO_SIZE_SPEC, version)
        files = self._whole(settings.get(REDO_FILES), self.other_specs[REDO_FILES], version)
        capacity_bytes = (size_bytes or REDO_SIZE_DEFAULT_BYTES) * (files or REDO_FILES_DEFAULT)
        yield derived_setting(settings[older[0]], REDO_CAPACITY, str(capacity_bytes))

    def _whole(
        self, found: EffectiveSetting | None, spec: ValueSpec, version: NumericVersion
    ) -> int | None:
        if found is None:
            return None
        result = self.parse_value(found.text, spec, version=version)
        return result.value if isinstance(result, Parsed) and type(result.value) is int else None

    def left_to_server(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Mapping[str, str]:
        switch = settings.get(DEDICATED)
        if version < DEDICATED_SINCE or switch is None or not self._is_on(switch.value):
            return {}
        log = REDO_CAPACITY if version >= REDO_CAPACITY_SINCE else REDO_SIZE
        chosen = ["innodb_buffer_pool_size", log]
        if version < DEDICATED_FLUSH_METHOD_UNTIL:
            chosen.append("innodb_flush_method")
        return dict.fromkeys(chosen, DEDICATED)

    # Commits

    binary_log_setting = "log_bin"
    redo_files = 2
    log_size_settings = frozenset({REDO_CAPACITY, REDO_SIZE})
    sequences = (WITHOUT_BINARY_LOG, WITH_BINARY_LOG)

    def writes_binary_log(self, version: NumericVersion) -> bool:
        return version >= BINARY_LOG_SINCE

    def commit_path(self, values: Mapping[str, Value | None], *, log_bin: bool) -> CommitPath:
        """One sync at trx_commit 1 (MariaDB's 3 flushes at prepare and at commit), none at 0 and 2;
        one more where sync_binlog is 1. Counted with strace, 20 commits of one client, on MySQL 9.7
        and MariaDB 10.11."""
        flush = values.get("innodb_flush_log_at_trx_commit")
        log_syncs = 0 if flush in (0, 2) else 2 if flush == 3 and log_bin else 1
        return CommitPath(log_syncs, 1 if log_bin and values.get("sync_binlog") == 1 else 0)

    def page_use(self, values: Mapping[str, Value | None]) -> PageUse:
        """The buffer pool keeps pages, and each is written twice for the doublewrite buffer.

        Pages are flushed before the log is full: LOG_USED_SHARE of it is in use.
        """
        pool = values.get("innodb_buffer_pool_size")
        log, file = values.get("innodb_redo_log_capacity"), values.get("innodb_log_file_size")
        if log is None and file is not None:
            log = float(file) * self.redo_files
        return PageUse(
            page_bytes=PAGE_BYTES,
            doublewrite=True,
            cache_bytes=None if pool is None else float(pool),
            checkpoint_log_bytes=None if log is None else float(log) * LOG_USED_SHARE,
        )

    def sequence_of(self, syncs: int | None) -> CommitSequence:
        """The second sync is the binary log's, and a third one MariaDB's own."""
        without, with_binary_log = self.sequences
        return ASYNCHRONOUS if syncs == 0 else without if syncs == 1 else with_binary_log

    def commit_sequence(self, values: Mapping[str, str]) -> CommitSequence:
        flush = self._number(values["innodb_flush_log_at_trx_commit"])
        syncs_binary_log = self._number(values["sync_binlog"]) == 1
        binary_log = self._is_on(values[self.binary_log_setting]) and syncs_binary_log
        if flush == 1:  # a binary log that is written but not synced adds no sync
            return self.sequence_of(1 + binary_log)
        if flush in (0, 2) and not binary_log:
            return self.sequence_of(0)
        raise AdvisorError(
            "there is no model for innodb_flush_log_at_trx_commit ="
            f" {values['innodb_flush_log_at_trx_commit']}"
            f" with sync_binlog = {values['sync_binlog']}",
            "relax both, or neither",
        )

    def commit_delay(self, values: Mapping[str, str]) -> CommitDelay | None:
        """Source: Commit_stage_manager::wait_count_or_timeout, where a count of 0 is none."""
        count = self._number(values["binlog_group_commit_sync_no_delay_count"])
        delay_us = self._number(values["binlog_group_commit_sync_delay"])
        delay = CommitDelay(delay_us, until=count or None)
        return delay if delay.us else None

    def replaying(self, version: NumericVersion) -> Replaying:
        return mysql_replaying(version)

    def log_sync_method(self, values: Mapping[str, str]) -> Method:
        return "fdatasync" if self._is_on(values.get("innodb_use_fdatasync", "OFF")) else "fsync"

    def _is_on(self, shown: str) -> bool:
        return self.parse_value(shown, SWITCH) == Parsed(True)

    def _number(self, shown: str) -> int:
        """A whole number as the server shows it."""
        result = self.parse_value(shown, PlainSpec("integer"))
        if isinstance(result, Parsed) and isinstance(result.value, int) and not result.warning:
            return result.value
        raise AdvisorError(f"the server shows {quoted(shown)} where a number is expected")

    # Programs and command lines

    stop_signal = signal.SIGTERM
    not_tried = NOT_TRIED
    disk_claims = DISK_CLAIMS

    def initialisation(
        self, program: Path, version: NumericVersion, place: Place, options: Iterable[Option]
    ) -> Initialisation:
        where = self._where(program, place, options)
        if version >= INITIALIZES_SINCE:
            return Initialisation([program, "--no-defaults", "--initialize-insecure", *where])
        files = ("system_tables", "system_tables_data")
        return bootstrap(program, where, files, ("user", "proxies_priv"))

    def _where(self, program: Path, place: Place, options: Iterable[Option]) -> list[str]:
        once = [
            f"--{option.name}={option.text}"
            for option in options
            if option.name in ONCE and option.text
        ]
        return [f"--datadir={place.data}", f"--basedir={base_folder(program)}", *once]

    def start_command(self, program: Path, version: NumericVersion, place: Place) -> Command:
        current = version >= INITIALIZES_SINCE
        own = ["--loose-mysqlx=OFF", "--log-error-verbosity=2"] if current else OLD_LOG
        return [*private_server(program, place), *self._file_privilege(place, version), *own]

    def _file_privilege(self, place: Place, version: NumericVersion) -> list[str]:
        return [
            "--secure-file-priv=NULL"
            if version >= INITIALIZES_SINCE
            else f"--secure-file-priv={place.run}"
        ]

    def local_socket(self, place: Place) -> Path:
        return place.socket

    def local_login(self, place: Place) -> Mapping[str, Any]:
        return {"unix_socket": str(place.socket), "user": "root", "ssl_disabled": True}

    def check_command(self, program: Path, main: Path, data: Path) -> Command:
        # The folder that it was built to use need not exist, and is no affair of ours.
        own = ["--secure-file-priv=NULL", "--log-error-verbosity=2", "--persisted-globals-load=OFF"]
        return [*checked_server(program, main, data), *own, "--validate-config"]

    def names_command(self, program: Path) -> Command:
        return [
            program,
            "--no-defaults",
            f"--basedir={base_folder(program)}",
            "--verbose",
            "--help",
        ]

    def listed_names(self, said: str) -> frozenset[str]:
        names = re.findall(r"^ +(?:-\w, )?--([a-zA-Z][\w.-]*)", said, re.MULTILINE)
        return frozenset(name.replace("-", "_") for name in names)

    def why_unchecked(self, version: NumericVersion) -> str:
        too_old = version < VALIDATES_SINCE
        return "MySQL before 8.0.16 has no check of its own" if too_old else ""

    # Statements of an audit

    begin_read_only: ClassVar[tuple[str, ...]] = (
        f"SET SESSION max_execution_time = {PATIENCE_S * 1000}",
        f"SET SESSION lock_wait_timeout = {PATIENCE_S}",
        "START TRANSACTION READ ONLY",
    )
    which_server = WHICH_SQL
    origins_sql: ClassVar[str] = ORIGINS_SQL
    audit_privileges: ClassVar[str] = (
        "Any account that can connect. With SELECT on"
        " performance_schema.file_summary_by_event_name the audit also counts the binary log's"
        " syncs, and times those of both logs; with SELECT on its"
        " replication_connection_configuration and threads it tells a replica, a primary and a"
        " standalone server apart; on its replication_group_members it counts a group's members."
    )
    audit_driver_statement = "SET NAMES utf8mb4"
    audit_statements: ClassVar[tuple[str, ...]] = (
        WHICH_SQL,
        *begin_read_only,
        SETTINGS_SQL,
        ORIGINS_SQL,
        MYSQL_SOURCES_SQL,
        MYSQL_REPLICAS_SQL,
        REDO_LOG_SWITCH_SQL,
        copies.STATUS_SQL,
        copies.GROUP_MEMBERS_SQL,
        STATUS_SQL,
        LOG_FILES_SQL,
        Vendor.end_read_only,
    )
    redo_log_switch_since: ClassVar[NumericVersion | None] = REDO_LOG_SWITCH_SINCE
    """Since when a statement can switch the redo log off; None: none can."""

    def server_state(self, ask: AskTogether) -> ServerState:
        (rows,) = ask(SETTINGS_SQL)
        values = Shown((name.lower(), value) for name, value in texts(rows, 2))
        notes: tuple[str, ...] = ()
        origins: dict[str, tuple[Origin, str]] = {}
        try:
            (rows,) = ask(self.origins_sql)
            origins = {
                name.lower(): (ORIGINS.get(source, "unknown"), path)
                for name, source, path in texts(rows, 3)
            }
        except AdvisorError as error:
            notes = (f"where the settings come from is not shown: {error.message}",)
        if not any(path for _, path in origins.values()) and "file" in dict(origins.values()):
            notes = ("this account may not see which file sets a setting; GRANT FILE shows it",)
        version = version_of_server(values["version"].removeprefix("5.5.5-"))
        held = copies.innodb_copies(values, ask)
        return ServerState(
            vendor=self.name,
            version=version,
            switched_off=self._switched_off(version, ask),
            copies=held.shown,
            settings={
                name: EffectiveSetting(name, value, "", *origins.get(name, ("unknown", "")))
                for name, value in values.items()
            },
            notes=(*notes, *held.notes),
            replication=self.replication(ask, values),
        )

    def told_of_copies(self, shown: Mapping[str, str]) -> Mapping[str, str]:
        return copies.innodb_told(shown)

    def replication(self, ask: AskTogether, values: Mapping[str, str]) -> Replication:
        """What the server is among others, as it shows the account."""
        is_asked = self._is_on(values.get("performance_schema", "ON"))
        return mysql_role(ask, has_performance_schema=is_asked)

    told_following = staticmethod(mysql_following)

    def following(
        self,
        settings: Mapping[str, EffectiveSetting],
        version: NumericVersion,
        *,
        log_bin: bool,
        all_told: bool,
    ) -> Following:
        value_in = partial(self._value_in, settings, version)
        return self.told_following(value_in, version, log_bin=log_bin, all_told=all_told)

    def _value_in(
        self,
        settings: Mapping[str, EffectiveSetting],
        version: NumericVersion,
        choice: ReplicaSetting,
    ) -> Known[Value] | None:
        """What decides it, by the first of its names that is set; None: none is."""
        found = next((settings[name] for name in choice.names if name in settings), None)
        if found is None:
            return None
        result = self.parse_value(found.text, choice.spec, version=version)
        if isinstance(result, Parsed):
            return result.value
        return Unknown(unknown=f"{found.name} = {found.value} cannot be read")

    def _switched_off(self, version: NumericVersion, ask: AskTogether) -> frozenset[str]:
        since = self.redo_log_switch_since
        if since is None or version < since:
            return frozenset()
        (rows,) = ask(REDO_LOG_SWITCH_SQL)
        return frozenset(name for name, value in texts(rows, 2) if not self._is_on(value))

    def effective_settings(self, ask: Ask) -> dict[str, EffectiveSetting]:
        return {
            name.lower(): EffectiveSetting(name.lower(), value, shown=value)
            for name, value in texts(ask(SETTINGS_SQL), 2)
        }

    def server_version(self, values: Mapping[str, str]) -> str:
        return _first_word(values["version"])

    log_syncs: ClassVar[Counter] = Counter(
        "Innodb_os_log_fsyncs", STATUS_SQL, "Innodb_os_log_fsyncs"
    )
    binary_log_syncs: ClassVar[Counter] = Counter(FILES_TABLE, LOG_FILES_SQL, BINARY_LOG_FILES)

    def counters(self, state: ServerState) -> Counters:
        found = Counters(
            # Without a binary log nothing counts transactions that write.
            _status("Handler_commit", "transactions that only read among them"),
            self.log_syncs,
            log_bytes=self.log_position(state.version),
            full_page_bytes=Counter("InnoDB logs no whole pages"),
            pages_written=_status("Innodb_pages_written"),
            uptime_s=_status("Uptime"),
        )
        found = self.with_redo_times(found, state)
        log_bin = state.settings.get(self.binary_log_setting)
        if log_bin is None or not self._is_on(log_bin.value):
            return found
        timed, times_us = self.timed_syncs(state, BINARY_LOG_FILES)
        return found._replace(
            commits=_status("Binlog_cache_use", "transactions written to the binary log"),
            binary_log_syncs=self.binary_log_syncs,
            timed_binary_log_syncs=timed,
            binary_log_sync_us=times_us,
        )

    def log_position(self, version: NumericVersion) -> Counter:
        """What tells how much log is written."""
        if version >= LOG_POSITION_SINCE:
            return _status("Innodb_redo_log_current_lsn")
        return _status("Innodb_os_log_written", "blocks that are written again among them")

    def with_redo_times(self, counters: Counters, state: ServerState) -> Counters:
        """With what times the redo log's syncs. Their number is the status's: nearly all the time
        is theirs, but not every call is one of them."""
        timed, times_us = self.timed_syncs(state, REDO_LOG_FILES)
        if timed.statement:
            timed = self.log_syncs
        return counters._replace(timed_log_syncs=timed, log_sync_us=times_us)

    def timed_syncs(self, state: ServerState, files: str) -> tuple[Counter, Counter]:
        """What counts the syncs of those files, and what times the same."""
        switch = state.settings.get("performance_schema")
        if switch is not None and not self._is_on(switch.value):
            off = Counter("performance_schema is off")
            return off, off
        counted = Counter(FILES_TABLE, LOG_FILES_SQL, files)
        return counted, counted._replace(column=1)

    counts_log_blocks: ClassVar[NumericVersion | None] = None
    """Until when Innodb_os_log_written counts blocks, of which the last is written again and again;
    None: still."""

    def server_counts(self, state: ServerState, ask: AskKnown) -> "ServerCounts":
        from advisor.vendors import innodb_counts  # only an audit of a running server counts

        until = self.counts_log_blocks
        in_blocks = until is None or state.version < until
        log_bytes = self._redo_bytes(state.settings, state.version)
        return innodb_counts.read(ask(STATUS_SQL), log_bytes, in_blocks=in_blocks)

    def _redo_bytes(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> int | None:
        """The whole redo log's, as a running server shows its settings."""
        if version >= REDO_CAPACITY_SINCE and REDO_CAPACITY in settings:
            derived = {entry.name: entry for entry in self.derived(settings, version)}
            found = derived.get(REDO_CAPACITY, settings[REDO_CAPACITY])
            return self._whole(found, PlainSpec("integer"), version)
        size_bytes = self._whole(settings.get(REDO_SIZE), PlainSpec("integer"), version)
        files = self._whole(settings.get(REDO_FILES), PlainSpec("integer"), version)
        return None if size_bytes is None else size_bytes * (files or self.redo_files)

    # Statements of a load

    lock_load = "SELECT GET_LOCK('fsync-advisor predict', 0)"
    lock_timeout = "SET lock_wait_timeout = 30"  # without it, for a year

    def make_table(self, schema: str, table: str, columns: str, mark: str) -> Sequence[str]:
        return (
            f"CREATE SCHEMA {schema}",
            f"CREATE TABLE {schema}.{table} ({columns}) ENGINE = InnoDB COMMENT = '{mark}'",
        )

    def count_in_schema(self, schema: str, table: str, mark: str) -> str:
        others = " + ".join(
            f"(SELECT count(*) FROM information_schema.{what}s WHERE {what}_schema = '{schema}')"
            for what in ("routine", "event", "trigger")
        )
        return (
            f"SELECT coalesce(sum(table_name = '{table}' AND table_comment = '{mark}'), 0),"
            f" count(*) + {others} FROM information_schema.tables WHERE table_schema = '{schema}'"
        )

    def drop_marked(self, schema: str, table: str) -> Sequence[str]:
        return (f"DROP TABLE {schema}.{table}", f"DROP SCHEMA {schema}")

    def no_flush(self, *, own_server: bool) -> NoFlush:
        if own_server:  # what is written at commit stays so
            return NoFlush(
                before=f"SELECT {', '.join(f'@@GLOBAL.{name}' for name in FLUSH_GLOBALS)}",
                admin=lambda off, before: [
                    f"SET GLOBAL {name} = {count_of(value)}"
                    for name, value in zip(FLUSH_GLOBALS, (2, 0) if off else before, strict=True)
                ],
            )
        # One rollback each would wait for a flush (MySQL 9.7), so there is one at the end.
        return NoFlush(each=lambda off: ("BEGIN" if off else "ROLLBACK",), keeps_commits=False)

    # Changing a setting

    unpersist = "RESET PERSIST"

    def persists(self, version: NumericVersion) -> bool:
        """Whether SQL can change a setting so that it lasts."""
        return version >= PERSISTS_SINCE

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
        persists = self.persists(version) and persistable and not restart
        if found.origin == "command line" and not persists:
            # It outranks every file; only SET PERSIST comes after it.
            return f"set {found.name} = {rendered} on the server's command line, {RESTART}"
        if restart:
            file = found.place if found.origin == "file" and found.place else "an option file"
            # A persisted value outranks the file.
            reset = f"RESET PERSIST {found.name}; " if found.origin == "persisted" else ""
            return f"{reset}write {found.name} = {rendered} in {file}, {RESTART}"
        if persists:
            return f"SET PERSIST {found.name} = {sql_literal(value)};"
        last = f"and {found.name} = {rendered} in an option file, to last"
        return f"SET GLOBAL {found.name} = {sql_literal(value)}; {last}"

    def set_for_a_time(self, name: str, value: Value, rendered: str, *, restart: bool) -> str:
        # Not persisted: a restart takes it back by itself.
        return "" if restart else f"SET GLOBAL {name} = {sql_literal(value)};"

    def set_back(self, name: str, value: Value, rendered: str, *, is_persisted: bool) -> str:
        return f"SET GLOBAL {name} = {sql_literal(value)};"

    # Forms of output

    forms: ClassVar[Mapping[FormName, Form]] = {
        "conf": Form("innodb.cnf.j2", assignment),
        "sql": Form(
            "innodb.sql.j2",
            lambda entry, settings, _: set_persist(entry, settings),
            "Use: mysql < THIS, with SYSTEM_VARIABLES_ADMIN and PERSIST_RO_VARIABLES_ADMIN. It goes"
            " into mysqld-auto.cnf, which wins over every option file.",
            "Such SQL was run on MySQL 9.7.",
            mark="--",
        ),
        "percona": option_file_form(
            "percona.mysql.yaml.j2",
            "perconaservermysql",
            "configuration",
            "The schema of Percona's operator for Percona Server",
        ),
        "compose": compose_form(lambda entry, _, __: argument(entry)),
    }

    def form(self, name: FormName, version: NumericVersion) -> Form | None:
        if name == "sql" and not self.persists(version):
            return SQL_BEFORE_PERSIST
        return super().form(name, version)

    image = "mysql"
    image_program = "mysqld"
    series_length = 2


def _status(name: str, also: str = "") -> Counter:
    """A counter of SHOW GLOBAL STATUS; `also`: what it counts."""
    return Counter(f"{name}: {also}" if also else name, STATUS_SQL, name)


def _first_word(version: str) -> str:
    version_of_server(version)
    return version.split()[0]


def _is_given(settings: Mapping[str, EffectiveSetting], name: str) -> bool:
    return name in settings and settings[name].is_given


def derived_setting(source: EffectiveSetting, name: str, text: str) -> EffectiveSetting:
    """What `source` makes of another setting."""
    return EffectiveSetting(
        name,
        text,
        origin=source.origin,
        place=source.place,
        written=None if source.written is None else WrittenValue(text),
        derived_from=source.name,
    )


def _persisted(stored: object) -> Iterator[tuple[str, str]]:
    """Names and values in the groups of mysqld-auto.cnf; version 1 nests one in another."""
    if not isinstance(stored, dict):
        return
    for name, entry in stored.items():
        if not isinstance(entry, dict):
            continue
        if isinstance(value := entry.get("Value"), str):
            yield name, value
        else:
            yield from _persisted(entry)
