"""What each database server must tell: the interface that one file per vendor fills in.

Pure: no method opens a file, starts a program or talks to a server. Those that need a server's
answers are given a function that asks it.
"""

import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from advisor.model import Known
from advisor.series_kind import Method
from advisor.server_state import EffectiveSetting, Override, ServerState
from advisor.units import Value
from advisor.vendors.answers import Rows
from advisor.vendors.appliers import Replaying
from advisor.vendors.commits import CommitDelay, CommitPath, CommitSequence
from advisor.vendors.disk_claims import DiskClaim
from advisor.vendors.forms import Form, FormName
from advisor.vendors.names import Engine, VendorName
from advisor.vendors.pages import PageUse
from advisor.vendors.replication import Following
from advisor.vendors.syntax import Line, Option, Statement, Unresolved
from advisor.vendors.values import ParseResult, ValueSpec
from advisor.versions import (
    Feature,
    NumericVersion,
    Version,
    format_version,
    parse_version,
    told_parts,
)

if TYPE_CHECKING:  # most commands ask no running server
    from advisor.server_activity import ServerCounts

Ask = Callable[[str], Rows]
"""Sends one statement, and returns its rows. Raises AdvisorError with the server's words."""

AskKnown = Callable[[str], Known[Rows]]
"""The same; where the server refuses it, its words."""

AskTogether = Callable[..., list[Rows]]
"""Sends statements in one read-only transaction, and returns the rows of each."""

Command = list[str | Path]

FRAGMENT: Final = "fragment.conf"
"""What a fragment that is tried is called."""
DATA: Final = "data"
RUN: Final = "run"

PATIENCE_S: Final = 10
"""After so long a statement of an audit gives up, whether it runs or waits for a lock."""


class Place(NamedTuple):
    """Where everything of one throw-away server lies: two folders that it may write to, and its
    configuration, which it may read."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / DATA

    @property
    def run(self) -> Path:
        """Of its socket and its temporary files."""
        return self.folder / RUN

    @property
    def fragment(self) -> Path:
        return self.folder / FRAGMENT

    @property
    def socket(self) -> Path:
        return self.run / "s"  # short, for the whole path of a socket may have 107 bytes


class Initialisation(NamedTuple):
    """How a data directory is made: a command, and what stands on its standard input."""

    command: Command
    sql_files: Sequence[str] = ()
    """Names of files under the server's share folder that are read first, without their prefix."""
    sql_before: str = ""
    sql_after: str = ""


class Counter(NamedTuple):
    """One count that only grows."""

    source: str
    """What it counts; or, without a statement, why there is none."""
    statement: str = ""
    row: str = ""
    """Which of the statement's rows, where they have names."""
    column: int = 0
    """Which of its columns, behind the name."""


NO_COUNTER: Final = Counter("")


class Counters(NamedTuple):
    """What is counted in an interval. A server counts at some places how many syncs there are, and
    at others how long they take; each mean is that of the syncs that are timed."""

    commits: Counter
    log_syncs: Counter
    binary_log_syncs: Counter = NO_COUNTER
    timed_log_syncs: Counter = NO_COUNTER
    log_sync_us: Counter = NO_COUNTER
    """All of them together."""
    timed_binary_log_syncs: Counter = NO_COUNTER
    binary_log_sync_us: Counter = NO_COUNTER
    log_bytes: Counter = NO_COUNTER
    full_page_bytes: Counter = NO_COUNTER
    """What of `full_page_of_bytes` is images of whole pages."""
    full_page_of_bytes: Counter = NO_COUNTER
    checkpoints_timed: Counter = NO_COUNTER
    checkpoints_requested: Counter = NO_COUNTER
    pages_written: Counter = NO_COUNTER
    uptime_s: Counter = NO_COUNTER
    statistics_age_s: Counter = NO_COUNTER
    """Since somebody set them to zero."""


class NoFlush(NamedTuple):
    """How commits are kept from waiting for a flush, and how that ends."""

    before: str = ""
    """Reads the values to put back; "" where there are none."""
    admin: Callable[[bool, Sequence[Any]], Sequence[str]] = lambda *_: ()
    """Statements of one session, to switch off (True) or on again with the values read before."""
    each: Callable[[bool], Sequence[str]] = lambda _: ()
    """Statements of every session."""
    confirm: str = ""
    """A statement whose one value must become `confirmed` in every session after a reload."""
    confirmed: str = ""
    confirms: str = ""
    """The setting that it shows."""
    keeps_commits: bool = True
    """Whether the updates stay."""


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


class Vendor(ABC):
    """One database server, in all that differs from the others."""

    # Names and versions

    name: ClassVar[VendorName]
    title: ClassVar[str]
    engine: ClassVar[Engine]
    """Whose settings it has: the folder under profiles/."""
    known_versions: ClassVar[tuple[str, str]]
    """The oldest and the newest release series in the tables, both included."""
    started_versions: ClassVar[tuple[str, ...]]
    """Release series that tests/servers starts with our fragments, every value read back."""
    programs: ClassVar[tuple[str, ...]]
    """What the server's program is called, the newest name first."""
    package: ClassVar[str]
    """What brings the programs."""
    account: ClassVar[str]
    """The account under which packages run the server."""
    driver: ClassVar[str]
    """The Python package that talks to it."""
    dsn_schemes: ClassVar[tuple[str, ...]]
    """What a DSN may begin with; the first is shown."""
    login_hints: ClassVar[tuple[tuple[str, str], ...]]
    """Words in the driver's reason why there is no connection -> what to do about it."""
    plaintext_option: ClassVar[str]
    """What in a DSN asks for a connection without encryption."""
    encrypting_options: ClassVar[str]
    """What in a DSN asks for one with it, in a sentence without its end."""
    client_groups: ClassVar[frozenset[str]] = frozenset()
    """The groups of option files that every client of the vendor reads."""
    client_homes: ClassVar[tuple[str, ...]] = ()
    """Variables that name the folder of a further option file; the first that is set counts."""

    @property
    def oldest_version(self) -> NumericVersion:
        return parse_version(self.known_versions[0])

    @property
    def newest_version(self) -> NumericVersion:
        return parse_version(self.known_versions[1])

    def is_too_old(self, version: NumericVersion) -> bool:
        """Whether the tables begin later."""
        oldest = self.oldest_version
        return version[: len(oldest)] < oldest

    @property
    def tables_begin(self) -> str:
        """The hint for a version that is too old."""
        return f"the tables begin with {self.title} {self.known_versions[0]}"

    def is_started(self, version: NumericVersion) -> bool:
        """Whether a server of that release series is started with our fragments by our tests."""
        return any(
            version[: len(series)] == series for series in map(parse_version, self.started_versions)
        )

    def started_text(self) -> str:
        """The series of `started_versions` for people: "9.7", "10.11 and 11.8", "13 to 19"."""
        series = self.started_versions
        if len(series) > 2 and all(text.isdecimal() for text in series):
            numbers = [int(text) for text in series]
            if numbers == list(range(numbers[0], numbers[-1] + 1)):
                return f"{series[0]} to {series[-1]}"
        return " and ".join(filter(None, (", ".join(series[:-1]), *series[-1:])))

    def newer_than_known(self, version: NumericVersion) -> str:
        """What to say of a version that is newer than the tables; "" where it is not."""
        newest = self.newest_version
        if told_parts(version)[: len(newest)] <= newest:
            return ""
        name = f"{self.title} {format_version(version)}"
        return f"{name} is newer than what we know; the rules of {format_version(newest)} are used"

    series_length: ClassVar[int]
    """How many numbers of a version name a release series."""
    version_words: ClassVar[tuple[str, ...]]
    """What in a version's text tells that it is this server's, in lower case."""

    @abstractmethod
    def parse_banner(self, banner: str) -> NumericVersion | None:
        """The version in what the program's --version prints; None if it is another's."""

    def unpack_version(self, number: int) -> NumericVersion:
        """The version that the server counts as one number: 80036 is 8.0.36."""
        return Version((number // 10_000, number // 100 % 100, number % 100))

    def actual_vendor(self, version_text: str) -> VendorName:
        """Whose a server is that answers our protocol with this SELECT version()."""
        return self.name

    def feature_probes(
        self, version: NumericVersion
    ) -> Mapping[str, tuple[Command, Mapping[str, Feature]]]:
        """Setting -> arguments with which the program lists its values, and which value needs what.

        Empty where the server does not tell short of a start.
        """
        return {}

    def offered_values(self, complaint: str) -> frozenset[str]:
        """The values that the program lists in its answer to a feature probe."""
        return frozenset()

    def compresses_log(self, version: NumericVersion, build: Mapping[Feature, bool]) -> bool:
        """Whether the log that is advised to such a server is compressed."""
        return False

    def has_compressed_log(self, settings: Mapping[str, EffectiveSetting]) -> bool:
        """Whether a server with these settings compresses its log."""
        return False

    def reads_in_recovery(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> bool:
        """Whether a recovery with these settings reads the pages that the log changes."""
        return True

    # Values

    @abstractmethod
    def parse_value(
        self,
        text: str | None,
        spec: ValueSpec,
        *,
        version: NumericVersion | None = None,
        unit: str = "",
        loose: bool = False,
    ) -> ParseResult:
        """What the server makes of a setting's text; None: the option stands alone.

        Without `version` the newest we know is meant. `unit`: what a bare number counts in, where
        the server shows it so ("8kB"). `loose`: the option stands behind loose-.
        """

    @abstractmethod
    def reads_back(
        self,
        asked: str | None,
        actual: EffectiveSetting,
        spec: ValueSpec | None,
        version: NumericVersion,
    ) -> bool:
        """Whether `asked`, as a file has it, means what the running server shows.

        Without `spec` what it is follows from what the server shows.
        """

    @abstractmethod
    def render_value(self, value: Value, unit: str) -> str:
        """A value in the notation of the server's own configuration file."""

    # Configuration files

    config_kind: ClassVar[str]
    """What a configuration file of it is called."""
    config_look: ClassVar[str]
    """The same for whoever finds one where another server's belongs."""
    telling_line: ClassVar[str]
    """A pattern: how a line begins that hardly stands in any other server's configuration."""
    config_suffix: ClassVar[str]
    """What the name of a file in an included folder ends with."""
    server_groups: ClassVar[frozenset[str | None]]
    """The option groups that a server of any version reads; None: lines outside any."""
    fragment_group: ClassVar[str] = ""
    """The group that our fragments stand in."""
    missing_include_stops: ClassVar[bool]
    """Whether the server does not start where an included file is missing."""
    circular_include_stops: ClassVar[bool]
    """Whether it does not start where a file includes itself; else it skips it."""
    included_error_stops: ClassVar[bool]
    """Whether it does not start where an included file has a line that it cannot read; else it
    takes what stands before that line."""
    checks_overridden_lines: ClassVar[bool]
    """Whether it does not start where a value is wrong that a later line overrides."""
    skips_hidden_files: ClassVar[bool]
    """Whether files of an included folder are skipped whose name begins with a dot."""
    ignores_world_writable_files: ClassVar[bool]
    data_directory_setting: ClassVar[str]
    data_directory_right: ClassVar[str] = ""
    """What an account is granted that may not see that setting; "" where all see it."""
    data_directory_file: ClassVar[str]
    """A file that only its data directory has."""
    data_directory_marker: ClassVar[str] = ""
    """A file of the data directory that holds its version; "" where there is none."""
    persisted_file: ClassVar[str] = ""
    """In the data directory: what the server was told by SQL; "" where it keeps nothing."""
    refuses_options_of_plugins: ClassVar[bool] = False
    """Whether it does not start with the option of a plugin that it does not load."""
    persisted_is_configuration: ClassVar[bool] = False
    """Whether it is written like the configuration files; else `persisted_settings` reads it."""
    persisted_by: ClassVar[str] = ""
    """The SQL that writes that file."""

    def persists(self, version: NumericVersion) -> bool:
        """Whether SQL can change a setting so that it lasts."""
        return bool(self.persisted_file)

    persisted_switch: ClassVar[str] = ""
    """The setting that keeps the server from reading it; "" where nothing does."""
    reload_suffices: ClassVar[bool]
    """Whether a running server reads its files again when it is told to."""
    restart_by_setting: ClassVar[Mapping[str, bool]] = {}
    """Settings that profiles/ does not have -> whether they need a restart."""
    without_restart: ClassVar[str]
    """How a setting takes effect that needs no restart."""
    placement: ClassVar[str]
    """What to do with a fragment."""

    loads_plugins: ClassVar[frozenset[str]] = frozenset()
    """Settings that load a plugin, which may bring options of any name."""
    adding_up: ClassVar[frozenset[str]] = frozenset()
    """Options of which every line counts, and not the last alone."""

    def may_be_an_extensions(self, name: str) -> bool:
        """Whether a plugin or an extension may bring an option of that name."""
        return "." in name

    listed_plugins: ClassVar[tuple[str, ...]] = ()
    """How options of plugins begin of which all are known, and are `plugin_options`."""
    plugin_options: ClassVar[frozenset[str]] = frozenset()

    def told_of_copies(self, shown: Mapping[str, str]) -> Mapping[str, str]:
        """What the settings say of copies, beyond their text."""
        return {}

    def wrote(self, lines: Iterable[str]) -> bool:
        """Whether lines look like a configuration of its own."""
        return any(re.match(self.telling_line, line) for line in lines)

    @abstractmethod
    def statements(self, text: str, version: NumericVersion | None = None) -> Iterator[Statement]:
        """What each line of a configuration file says, in order."""

    def cuts_long_lines(self, version: NumericVersion | None) -> bool | None:
        """Whether what `long_lines` names is several lines to the server; None: nobody knows."""
        return False

    def long_lines(self, text: str) -> Iterator[tuple[int, int]]:
        """Number and bytes of each line that not all of its servers read at once."""
        return iter(())

    other_specs: ClassVar[Mapping[str, ValueSpec]] = {}
    """Settings that profiles/ does not have and whose values decide something -> what they take."""

    @property
    def own_names(self) -> frozenset[str]:
        """Settings beyond profiles/ that must be recognised however they are written."""
        return self.not_tried | self.other_specs.keys()

    @abstractmethod
    def option(
        self, line: Line, known: Collection[str], version: NumericVersion | None = None
    ) -> Option | Unresolved:
        """What a line sets, for a server that knows the settings `known`.

        Without `version` the newest we know is meant.
        """

    def groups_read(self, version: NumericVersion) -> frozenset[str | None]:
        """The option groups that a server of that version reads."""
        return self.server_groups

    def is_series_group(self, group: str | None) -> bool:
        """Whether servers of one release series alone read that option group."""
        return False

    @property
    def has_groups(self) -> bool:
        """Whether a line outside any option group is an error."""
        return None not in self.server_groups

    @abstractmethod
    def main_files(self, fragment_folder: Path | None) -> Sequence[Path]:
        """Where the main configuration may lie, by the layouts of packages.

        `fragment_folder`: where a fragment is to be put, which may tell.
        """

    main_patterns: ClassVar[tuple[str, ...]] = ()
    """Where else packages and images put it, below the root; several servers may have one each."""
    reads_all_main_files: ClassVar[bool] = False
    """Whether it reads all of those that exist; else the first of them."""

    usual_data_directory: ClassVar[str] = ""
    """Where packages put the data; "" where the configuration always says."""

    def made(self, names: Collection[str]) -> bool:
        """Whether a directory with these entries is a data directory of this server's."""
        return self.data_directory_file in names

    @abstractmethod
    def main_files_of(self, arguments: Sequence[str], data: Path) -> Sequence[Path]:
        """Which of these exist is what a process with that command line, without its program, and
        that data directory reads by itself."""

    @abstractmethod
    def log_places(self, values: Mapping[str, str], data: Path) -> tuple[Path | None, Path | None]:
        """Where the log and the binary log lie, if not in the data directory itself.

        `values`: setting -> text, as files have it. What is named may be a link, or not exist.
        """

    @abstractmethod
    def included_path(self, including: Path, target: str) -> Path | None:
        """What an include names; None where only the running server can tell."""

    @abstractmethod
    def include_line(self, path: Path, *, folder: bool, may_miss: bool = False) -> str:
        """The line that includes a file or a folder."""

    def persisted_settings(self, text: str) -> Iterator[tuple[str, str, int]]:
        """Name, value and line of each setting in `persisted_file`.

        Raises ValueError, which says what the file is: "is not JSON".
        """
        raise NotImplementedError(self.name)

    page_size_setting: ClassVar[str]
    page_bytes: ClassVar[int]
    """Of a page, where that setting does not say."""
    no_fsync_flushes_metadata_since: ClassVar[NumericVersion | None] = None
    """Since when O_DIRECT_NO_FSYNC flushes what a file system needs; None: it never does."""

    def derived(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Iterator[EffectiveSetting]:
        """The settings whose value follows from that of another."""
        return iter(())

    def left_to_server(
        self, settings: Mapping[str, EffectiveSetting], version: NumericVersion
    ) -> Mapping[str, str]:
        """Settings that the server chooses for itself -> the setting that has it do so."""
        return {}

    # Replication

    replication_signs: ClassVar[tuple[str, ...]] = ()
    """Settings that are set where another server has the same data; that alone is no proof."""

    # Commits

    has_binary_log: ClassVar[bool] = True
    binary_log_setting: ClassVar[str] = ""
    """A switch to who asks the server, and the name of a file to who sets it; "" for none."""
    redo_files: ClassVar[int] = 1
    """How many files the log has where nothing says."""
    log_size_settings: ClassVar[frozenset[str]]
    """The settings of which one says how much log a recovery may have to replay."""
    sequences: ClassVar[tuple[CommitSequence, ...]]
    """The ways it commits, but for those that wait for no sync."""

    def writes_binary_log(self, version: NumericVersion) -> bool:
        """Whether the server writes a binary log when nobody says so."""
        return False

    @abstractmethod
    def commit_path(self, values: Mapping[str, Value | None], *, log_bin: bool) -> CommitPath:
        """The syncs per commit that typed values (setting -> value) ask for."""

    @abstractmethod
    def page_use(self, values: Mapping[str, Value | None]) -> PageUse:
        """How pages are kept and written with these values, each in the setting's own unit."""

    @abstractmethod
    def sequence_of(self, syncs: int | None) -> CommitSequence:
        """How a commit goes that waits for so many syncs; None: as many as by default."""

    @abstractmethod
    def commit_sequence(self, values: Mapping[str, str]) -> CommitSequence:
        """How commits go with the values of a running server. Raises AdvisorError without model."""

    @abstractmethod
    def commit_delay(self, values: Mapping[str, str]) -> CommitDelay | None:
        """How long these values make leaders wait for company; None where they do not."""

    @abstractmethod
    def replaying(self, version: NumericVersion) -> Replaying:
        """How a replica of that version applies what its source has committed, by its defaults."""

    @abstractmethod
    def log_sync_method(self, values: Mapping[str, str]) -> Method:
        """The method by which these values have the log synced."""

    # Programs and command lines

    stop_signal: ClassVar[signal.Signals]
    not_tried: ClassVar[frozenset[str]]
    """Settings that name places, programs or the network, or what we need to read the server's log.
    No others are tried than those of profiles/, also of profiles/tried_names/; of these must
    be known, too, what somebody may mean by the beginning of a name."""
    says_of_untried: ClassVar[tuple[str, ...]] = ()
    """What stands in its log where only one of those is missing."""
    disk_claims: ClassVar[Mapping[str, DiskClaim]] = {}
    """Settings that have it take disk space when it starts."""
    verify_numbers_lines: ClassVar[bool] = False
    """Whether a running server tells the line that each value comes from."""
    accepts_with_errors: ClassVar[bool] = False
    """Whether what its check logs is no refusal when it ends with status 0."""

    @abstractmethod
    def initialisation(
        self, program: Path, version: NumericVersion, place: Place, options: Iterable[Option]
    ) -> Initialisation:
        """How a data directory is made; `options` are the fragment's, of which some decide how."""

    @abstractmethod
    def start_command(self, program: Path, version: NumericVersion, place: Place) -> Command:
        """The command line that starts a private server with the fragment."""

    @abstractmethod
    def local_socket(self, place: Place) -> Path:
        """What is there as soon as that server may take connections."""

    @abstractmethod
    def local_login(self, place: Place) -> Mapping[str, Any]:
        """How the driver reaches that server."""

    initialisation_looks_itself_up: ClassVar[bool] = False
    """Whether who makes a data directory must be in the system's list of accounts."""

    @abstractmethod
    def check_command(self, program: Path, main: Path, data: Path) -> Command:
        """The command line that has the server check its configuration without starting, in an
        empty folder for its data."""

    def names_command(self, program: Path) -> Command:
        """The command line that has the server list its options."""
        return []

    @abstractmethod
    def listed_names(self, said: str) -> frozenset[str]:
        """The options, with underscores, in what that command prints."""

    def why_unchecked(self, version: NumericVersion) -> str:
        """Why that version has no such check; "" where it has."""
        return ""

    # Statements of an audit

    begin_read_only: ClassVar[tuple[str, ...]]
    audit_statements: ClassVar[tuple[str, ...]]
    """All that an audit sends, and nothing else. `audit --show-statements` prints them."""
    audit_privileges: ClassVar[str]
    """What an account needs for them, in sentences."""
    audit_driver_statement: ClassVar[str] = ""
    """What the driver sends by itself when it connects."""
    end_read_only: ClassVar[str] = "ROLLBACK"
    which_server: ClassVar[str] = ""
    """Asked first where several servers speak the protocol."""

    @abstractmethod
    def server_state(self, ask: AskTogether) -> ServerState:
        """The settings in force, and where each comes from."""

    def following(
        self,
        settings: Mapping[str, EffectiveSetting],
        version: NumericVersion,
        *,
        log_bin: bool,
        all_told: bool,
    ) -> Following:
        """How a replica with these settings follows its source. `all_told`: a setting that is
        missing has its default; else only where that is on, for whoever sets up a replica may
        switch the others on."""
        return Following()

    @abstractmethod
    def effective_settings(self, ask: Ask) -> dict[str, EffectiveSetting]:
        """Every setting by its name, in lower case, as the server shows it."""

    @abstractmethod
    def server_version(self, values: Mapping[str, str]) -> str:
        """The version in a server's own settings."""

    @abstractmethod
    def server_counts(self, state: ServerState, ask: AskKnown) -> "ServerCounts":
        """What the server has counted so far of its log, checkpoints and waits for memory."""

    @abstractmethod
    def counters(self, state: ServerState) -> Counters:
        """What counts commits and syncs on that server."""

    timing_setting: ClassVar[str] = ""
    """A switch without which its syncs are counted, but not timed."""
    timing_program: ClassVar[tuple[str, ...]] = ()
    """Beside the server's program: what tells how long a look at the clock takes, in a second."""

    def clock_ns(self, said: str) -> float | None:
        """A look at the clock, in what that program prints; None where it does not say."""
        return None

    # Statements of a load

    lock_load: ClassVar[str]
    """Asks for a lock that one session on the server has, until it ends: 1 or true."""
    lock_timeout: ClassVar[str]
    """Whoever still holds our table when it is to be dropped is waited for so long."""
    drop_schema_suffix: ClassVar[str] = ""

    @abstractmethod
    def make_table(self, schema: str, table: str, columns: str, mark: str) -> Sequence[str]:
        """The schema, by the first statement, and in it a table that bears `mark`."""

    @abstractmethod
    def count_in_schema(self, schema: str, table: str, mark: str) -> str:
        """Asks how many tables in it are that one, with the mark; and how many things there are."""

    @abstractmethod
    def drop_marked(self, schema: str, table: str) -> Sequence[str]:
        """Drops what `make_table` made, and nothing else that may have come in meanwhile."""

    @abstractmethod
    def no_flush(self, *, own_server: bool) -> NoFlush:
        """How commits are kept from waiting for a flush; globally only on a server of our own."""

    # Changing a setting

    @abstractmethod
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
        """How a running server gets another value that lasts: SQL, else which file."""

    def change_of_file(
        self, found: EffectiveSetting, rendered: str | None, *, restart: bool, main_file: str
    ) -> str:
        """How a line of a file is to be, where only files were read; None: it is to go."""
        effect = RESTART if restart or not self.reload_suffices else "then reload the server"
        if rendered is None:
            return f"take the line out of {found.place}, {effect}"
        if not restart and not self.reload_suffices:
            effect = AT_ONCE
        line = f"{found.name} = {rendered}"
        if found.is_given:
            return f"in {found.place} write {line}, {effect}"
        group = f" under [{self.fragment_group}]" if self.fragment_group else ""
        return f"add to {main_file}{group} {line}, {effect}"

    def removal(self, found: EffectiveSetting) -> str:
        """How a setting goes back to what the server derives itself."""
        if found.origin == "persisted":
            return f"{self.unpersist} {found.name}; {RESTART}"
        where = found.place or (
            "the command line" if found.origin == "command line" else "its file"
        )
        return f"remove {found.name} from {where}, {RESTART}"

    successors: ClassVar[Mapping[str, str]] = {}
    """An option that versions no longer have -> the line that does what it did."""
    unpersist: ClassVar[str] = ""
    """The SQL that takes a persisted setting back."""

    @abstractmethod
    def set_for_a_time(self, name: str, value: Value, rendered: str, *, restart: bool) -> str:
        """The SQL that gives a running server a value that is taken back later; "" where none
        can."""

    @abstractmethod
    def set_back(self, name: str, value: Value, rendered: str, *, is_persisted: bool) -> str:
        """The SQL that takes it back; `value`: what the setting had before. `is_persisted`: whether
        that had been set by SQL, too."""

    reload_sql: ClassVar[str] = ""
    """What has it read its files again, where SQL changes a file; "" where SQL takes effect."""

    def reset(self, override: Override) -> str:
        """The end of what a role's or a database's sessions get."""
        raise NotImplementedError(self.name)

    # Forms of output

    forms: ClassVar[Mapping[FormName, Form]]

    def form(self, name: FormName, version: NumericVersion) -> Form | None:
        """How settings are handed over in that form; None where the server has none."""
        return self.forms.get(name)

    image: ClassVar[str]
    """The official container image."""
    image_program: ClassVar[str]

    def image_tag(self, version: NumericVersion) -> str:
        """The official container image of the version's release series."""
        return f"{self.image}:{format_version(version[: self.series_length])}"


RESTART: Final = "then restart the server"
AT_ONCE: Final = "which takes effect at the next restart, or at once with SET GLOBAL"
"""Of a dynamic variable where a server does not read its files again when it is asked to."""
