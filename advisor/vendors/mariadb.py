"""MariaDB: a MySQL with differences."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from advisor.roles import Replication
from advisor.series_kind import Method
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors import copies, option_values
from advisor.vendors.appliers import Replaying
from advisor.vendors.base import (
    PATIENCE_S,
    AskTogether,
    Command,
    Counter,
    Counters,
    Initialisation,
    Place,
    Vendor,
    words,
)
from advisor.vendors.commits import CommitDelay, CommitSequence, SyncStage
from advisor.vendors.disk_claims import DiskClaim
from advisor.vendors.forms import (
    IN_A_FILE,
    AdvisedSetting,
    Form,
    FormName,
    Written,
    left_out,
    option_file_form,
)
from advisor.vendors.innodb_appliers import mariadb_replaying
from advisor.vendors.innodb_following import mariadb_following
from advisor.vendors.innodb_forms import set_global
from advisor.vendors.innodb_programs import OLD_LOG, bootstrap, checked_server, private_server
from advisor.vendors.innodb_replicas import (
    MARIADB_REPLICAS_SQL,
    MARIADB_SOURCES_SQL,
    mariadb_role,
)
from advisor.vendors.mysql import (
    ARIA_LOG,
    DISK_CLAIMS,
    LOG_FILES_SQL,
    REDO_SIZE,
    SETTINGS_SQL,
    STATUS_SQL,
    WHICH_SQL,
    MySQL,
    derived_setting,
)
from advisor.vendors.syntax import Option
from advisor.vendors.values import Parsed, PlainSpec, ValueSpec
from advisor.versions import NumericVersion, format_version

WITHOUT_BINARY_LOG: Final = CommitSequence(
    "mariadb", "MariaDB without binary log", "the redo log", (SyncStage("log", delayed=True),)
)
WITH_BINARY_LOG: Final = CommitSequence(
    "mariadb-binary-log",
    "MariaDB with binary log",
    "the redo log",
    (SyncStage("log"), SyncStage("binary log", enters="one by one", delayed=True)),
)
"""Each prepares for itself, and then joins a group. Sources: MariaDB 10.11, log_write_up_to with
group_commit_lock and MYSQL_BIN_LOG::trx_group_commit_leader; that no two syncs of a log overlap was
traced."""

HAS_SYS_SINCE: Final = (10, 6)
MAJOR_GROUPS_SINCE: Final = (11,)
"""Since when option groups like [mariadb-11] are read."""

ORIGINS_SQL: Final = (
    "SELECT lower(variable_name), global_value_origin, coalesce(global_value_path, '')"
    " FROM information_schema.system_variables"
)

FIXED_AT_START_SINCE: Final[Mapping[str, tuple[NumericVersion, str]]] = {
    "innodb_buffer_pool_size": (
        (11,),
        "a running MariaDB takes no more than innodb_buffer_pool_size_max, with which it started",
    )
}
"""Setting -> since when MariaDB changes it in name only while it runs, and why. Tried on 11.8,
where it does not grow, and on 10.11, where it does; what lies between is taken to be as 11.8."""

DERIVED_SINCE: Final = (11,)
DOUBLEWRITE_FAST_SINCE: Final = (11, 0, 6)
FLUSH_METHOD: Final = "innodb_flush_method"
FLUSH_METHODS: Final = PlainSpec(
    "enum",
    choices=("fsync", "O_DSYNC", "littlesync", "nosync", "O_DIRECT", "O_DIRECT_NO_FSYNC"),
)
DOUBLEWRITE: Final = "innodb_doublewrite"
DOUBLEWRITES: Final = PlainSpec("enum", choices=("OFF", "ON", "fast"), argument="optional")
_BUFFERED: Final = {"innodb_data_file_buffering": "ON", "innodb_data_file_write_through": "OFF"}
FLUSH_METHOD_SETS: Final[Mapping[str, Mapping[str, str]]] = {
    "fsync": _BUFFERED,
    "littlesync": _BUFFERED,
    "nosync": _BUFFERED,
    "O_DSYNC": {
        "innodb_data_file_buffering": "OFF",
        "innodb_data_file_write_through": "ON",
        "innodb_log_file_write_through": "ON",
    },
}
"""What MariaDB makes of the setting that it deprecated in 11.0, whatever else these are told. Asked
of 11.8.9; there O_DIRECT_NO_FSYNC makes `fast` of a doublewrite that is ON, said or not."""

NOT_TRIED: Final = words(
    "basedir bind_address bootstrap chroot datadir init_file log_error log_warnings "
    "pid_file plugin_dir plugin_load plugin_load_add plugin_maturity port secure_file_priv "
    "skip_networking socket tmpdir user wsrep_on wsrep_provider"
)
"""Settings that name places, programs or the network, or what we need to read the server's log."""


SUCCESSORS: Final = {
    "wsrep_replicate_myisam": "wsrep_mode = REPLICATE_MYISAM",
    "wsrep_strict_ddl": "wsrep_mode = STRICT_REPLICATION",
}
"""https://mariadb.com/docs/galera-cluster/reference/galera-cluster-system-variables; asked of 10.5,
which has the first and no wsrep_mode, and of 10.11 and 11.8, which refuse both."""


class MariaDB(MySQL):
    """Has no SET PERSIST, one redo file, and a binary log only where it is asked for."""

    # Names and versions

    name = "mariadb"
    title = "MariaDB"
    known_versions = ("10.6", "11.8")
    started_versions = ("10.11", "11.8")
    programs: ClassVar[tuple[str, ...]] = ("mariadbd", "mysqld")
    package = "Debian's package mariadb-server-core"
    dsn_schemes = ("mariadb", "mysql")
    client_groups = frozenset({"client", "client-server", "client-mariadb"})
    client_homes = ("MARIADB_HOME", "MYSQL_HOME")
    version_words = ("mariadb", "maria")

    def made(self, names: Collection[str]) -> bool:
        return self.data_directory_file in names and ARIA_LOG in names

    # Values

    def dialect(self, version: NumericVersion | None) -> option_values.Dialect:
        return option_values.MARIADB

    # Configuration files

    def cuts_long_lines(self, version: NumericVersion | None) -> bool | None:
        """Asked of 10.5, 10.11 and 11.8."""
        return True

    server_groups = frozenset(
        {"mysqld", "server", "mariadb", "mariadbd", "client-server", "galera"}
    )
    fragment_group = "mariadb"  # never read by MySQL
    persisted_file = ""
    persisted_by = ""
    persisted_switch = ""
    other_specs: ClassVar[Mapping[str, ValueSpec]] = {FLUSH_METHOD: FLUSH_METHODS}
    successors = SUCCESSORS

    def groups_read(self, version: NumericVersion) -> frozenset[str | None]:
        names = {f"{name}-{format_version(version[:2])}" for name in ("mariadb", "mariadbd")}
        if version >= MAJOR_GROUPS_SINCE:
            names |= {f"{name}-{version[0]}" for name in ("mariadb", "mariadbd")}
        return super().groups_read(version) | names

    no_fsync_flushes_metadata_since = None

    def derived(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Iterator[EffectiveSetting]:
        found = settings.get(FLUSH_METHOD)
        if version < DERIVED_SINCE or found is None or not found.is_given:
            return
        method = self._choice(found, FLUSH_METHODS, version)
        for name, text in FLUSH_METHOD_SETS.get(method, {}).items():
            shown = settings.get(name)
            if found.written is not None or (shown is not None and shown.value == text):
                yield derived_setting(found, name, text)
        doublewrite = settings.get(DOUBLEWRITE)
        if method != "O_DIRECT_NO_FSYNC" or version < DOUBLEWRITE_FAST_SINCE:
            return
        now = "ON" if doublewrite is None else self._choice(doublewrite, DOUBLEWRITES, version)
        if now == ("ON" if found.written else "fast"):  # OFF stays OFF
            yield derived_setting(found, DOUBLEWRITE, "fast")

    def _choice(self, found: EffectiveSetting, spec: ValueSpec, version: NumericVersion) -> str:
        result = self.parse_value(found.text, spec, version=version)
        return str(result.value) if isinstance(result, Parsed) else ""

    def left_to_server(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Mapping[str, str]:
        return {}

    # Commits

    redo_files = 1
    sequences = (WITHOUT_BINARY_LOG, WITH_BINARY_LOG)

    def writes_binary_log(self, version: NumericVersion) -> bool:
        return False

    def commit_delay(self, values: Mapping[str, str]) -> CommitDelay | None:
        """Source: MYSQL_BIN_LOG::wait_for_sufficient_commits, which without a count does not wait
        at all."""
        count = self._number(values["binlog_commit_wait_count"])
        delay = CommitDelay(self._number(values["binlog_commit_wait_usec"]), until=count)
        return delay if count and delay.us else None

    def replaying(self, version: NumericVersion) -> Replaying:
        return mariadb_replaying(version)

    def log_sync_method(self, values: Mapping[str, str]) -> Method:
        return "fdatasync"

    # Programs and command lines

    not_tried = NOT_TRIED
    says_of_untried = ("You need to use --log-bin",)
    disk_claims: ClassVar[Mapping[str, DiskClaim]] = {**DISK_CLAIMS, REDO_SIZE: DiskClaim()}

    def initialisation(
        self, program: Path, version: NumericVersion, place: Place, options: Iterable[Option]
    ) -> Initialisation:
        files = ["system_tables", "performance_tables", "system_tables_data"]
        if version >= HAS_SYS_SINCE:
            files.append("sys_schema")
        where = self._where(program, place, options)
        return bootstrap(program, where, files, ("global_priv", "proxies_priv"))

    def start_command(self, program: Path, version: NumericVersion, place: Place) -> Command:
        own = f"--secure-file-priv={place.run}"
        return [*private_server(program, place), own, *OLD_LOG]

    def check_command(self, program: Path, main: Path, data: Path) -> Command:
        # It says on stderr what it holds against its options when it prints its help, whatever its
        # exit status.
        return [*checked_server(program, main, data), "--help", "--verbose"]

    def why_unchecked(self, version: NumericVersion) -> str:
        return ""

    # Statements of an audit

    begin_read_only = (
        f"SET SESSION max_statement_time = {PATIENCE_S}",
        f"SET SESSION lock_wait_timeout = {PATIENCE_S}",
        "START TRANSACTION READ ONLY",
    )
    origins_sql = ORIGINS_SQL
    redo_log_switch_since = None
    audit_privileges = (
        "Any account that can connect. With FILE the audit also names the file"
        " that sets each setting; where performance_schema is on, with SELECT on its"
        " file_summary_by_event_name it also times the binary log's syncs. With SLAVE MONITOR and"
        " REPLICATION MASTER ADMIN it tells a replica, a primary and a standalone server apart."
    )
    audit_statements = (
        WHICH_SQL,
        *begin_read_only,
        SETTINGS_SQL,
        ORIGINS_SQL,
        MARIADB_SOURCES_SQL,
        MARIADB_REPLICAS_SQL,
        copies.STATUS_SQL,
        STATUS_SQL,
        LOG_FILES_SQL,
        Vendor.end_read_only,
    )

    told_following = staticmethod(mariadb_following)

    def replication(self, ask: AskTogether, values: Mapping[str, str]) -> Replication:
        return mariadb_role(ask)

    # MariaDB has no count of the log's syncs alone.
    log_syncs = Counter(
        "Innodb_data_fsyncs: those of data files among them", STATUS_SQL, "Innodb_data_fsyncs"
    )
    binary_log_syncs = Counter("Syncs", STATUS_SQL, "Syncs")
    counts_log_blocks = (10, 8)

    def log_position(self, version: NumericVersion) -> Counter:
        return Counter("Innodb_lsn_current", STATUS_SQL, "Innodb_lsn_current")

    def with_redo_times(self, counters: Counters, state: ServerState) -> Counters:
        """Asked of Debian's 10.11 and 11.8: InnoDB's files are not in performance_schema."""
        return counters._replace(
            log_sync_us=Counter("MariaDB does not time the syncs of its redo log")
        )

    # Changing a setting

    unpersist = ""

    def persists(self, version: NumericVersion) -> bool:
        return False

    # Forms of output

    forms: ClassVar[Mapping[FormName, Form]] = {
        **{name: form for name, form in MySQL.forms.items() if name != "percona"},
        "sql": Form(
            "innodb.sql.j2",
            lambda *given: _set_global(*given),
            "Use: mariadb < THIS, AND an option file (--format conf): MariaDB has no SET PERSIST,"
            " so NOTHING OF THIS SURVIVES A RESTART.",
            "Such SQL was run on MariaDB 10.11 and 11.8.",
            mark="--",
        ),
        "mariadb-operator": option_file_form(
            "mariadb-operator.yaml.j2", "mariadb", "myCnf", "The schema of mariadb-operator"
        ),
    }

    def form(self, name: FormName, version: NumericVersion) -> Form | None:
        return self.forms.get(name)

    image = "mariadb"
    image_program = "mariadbd"


def _set_global(
    entry: AdvisedSetting, settings: Sequence[AdvisedSetting], version: NumericVersion
) -> Written:
    since, why = FIXED_AT_START_SINCE.get(entry.setting, (None, ""))
    if since and version >= since and not entry.restart:
        return left_out(entry, f"{why}: {IN_A_FILE}")
    return set_global(entry, settings)
