"""A server's settings as they are in force, as an audit, `apply` and `verify` read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from advisor.measurement import Known, Unknown
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

Origin = Literal["default", "file", "persisted", "command line", "other", "unknown"]
"""persisted: postgresql.auto.conf (ALTER SYSTEM) or mysqld-auto.cnf (SET PERSIST)."""


class WrittenValue(NamedTuple):
    """How a configuration file sets something; what that means, the server's parser knows."""

    text: str | None
    """Without quotes; None: the option stands alone."""
    loose: bool = False
    """Whether it stands behind loose-."""
    switched: bool | None = None
    """On or off by a prefix (skip-, enable-), and not by its value."""


class EffectiveSetting(NamedTuple):
    """One setting. Its name is spelt with underscores, as the server's own view spells it."""

    name: str
    value: str
    """As the server counts it, in the unit below; as the file has it, where only files are read."""
    unit: str = ""
    """PostgreSQL's: "8kB", "ms", ...; "" where the value carries its own or has none."""
    origin: Origin = "unknown"
    place: str = ""
    """File and line, "FILE:LINE"; "" where nothing says."""
    shown: str = ""
    """As the server prints it for people, where it was asked; else ""."""
    written: WrittenValue | None = None
    """Where only files are read; None: the server itself shows the value."""
    derived_from: str = ""
    """Another setting that gives it this value, and whose `place` that is; "" where none does."""

    @property
    def is_given(self) -> bool:
        """Whether somebody set it."""
        return self.written is not None or self.origin in ("file", "persisted", "command line")


class RefusedLine(NamedTuple):
    """A line of a configuration file with which the server does not start."""

    place: str
    """"FILE:LINE"."""
    name: str
    """The setting, by its whole name where that is clear; else how the line begins."""
    shown: str
    """Its value, or the line where that cannot be told apart; "" for a name alone."""
    why: str
    """What the server holds against it, a sentence without its end."""


class Override(NamedTuple):
    """A value that PostgreSQL gives the sessions of a role, of a database, or of both."""

    setting: str
    value: str
    role: str | None
    database: str | None
    """None: of all."""


class CountedSince(NamedTuple):
    """When counters began, by the server's own clock."""

    seconds: int
    """So long ago."""
    words: str
    """"2026-11-20 14:03", "the server's start"."""


NOT_COUNTED: Final = Unknown(unknown="this server has no such count")


class ServerCounts(NamedTuple):
    """What a server has counted of its log, checkpoints and waits for memory, at one look."""

    log_position_bytes: Known[int] = NOT_COUNTED
    """Grows by each byte of log; where it began, nothing says."""
    log_bytes: Known[int] = NOT_COUNTED
    """Written to the log, at least."""
    full_page_bytes: Known[int] = NOT_COUNTED
    """Of whole pages in the log; at most, for the unused middle of a page is left out."""
    log_buffer_waits: Known[int] = NOT_COUNTED
    """How often the log's buffer had no room."""
    log_buffer_wait_bytes: Known[int] = NOT_COUNTED
    """Of the log: what sessions had to write themselves for that reason."""
    log_since: Known[CountedSince] = NOT_COUNTED
    """Of the counts above."""
    checkpoints_timed: Known[int] = NOT_COUNTED
    checkpoints_requested: Known[int] = NOT_COUNTED
    """By the log's size, a backup or a command."""
    checkpoints_since: Known[CountedSince] = NOT_COUNTED
    page_waits: Known[int] = NOT_COUNTED
    """How often a page had to be written before another one had room in memory."""
    pages_needed: Known[int] = NOT_COUNTED
    """Pages that were read or made."""

    # These do not grow.
    log_size_bytes: Known[int] = NOT_COUNTED
    """The log that is kept; of PostgreSQL, what forces a checkpoint."""
    log_lasts_s: Known[float] = NOT_COUNTED
    """How long the log has to last so that no checkpoint comes before it is due."""
    checkpoint_age_bytes: Known[int] = NOT_COUNTED
    """The log since the latest checkpoint."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a server did between two looks at its own counters; an object in the audit's JSON."""

    seconds: float
    commits_per_s: float | None
    commits_from: str
    """Which counter that is, and what else it counts; or why there is none."""
    log_syncs_per_s: float | None
    log_syncs_from: str
    binary_log_syncs_per_s: float | None
    binary_log_syncs_from: str
    """"" where no binary log is written."""
    log_sync_us: float | None = None
    """The mean of those that the server timed."""
    log_sync_us_from: str = ""
    binary_log_sync_us: float | None = None
    binary_log_sync_us_from: str = ""
    log_bytes_per_s: float | None = None
    log_bytes_from: str = ""
    full_page_percent: float | None = None
    """Of the log, what is images of whole pages."""
    full_page_from: str = ""
    checkpoints_timed: int | None = None
    checkpoints_requested: int | None = None
    pages_written_per_s: float | None = None


class ServerState(NamedTuple):
    """One server's settings in force. A setting that is missing has its default."""

    vendor: VendorName
    version: NumericVersion
    settings: Mapping[str, EffectiveSetting]
    overrides: tuple[Override, ...] = ()
    pending: frozenset[str] = frozenset()
    """Settings whose new value in a file waits for a restart."""
    hidden: frozenset[str] = frozenset()
    """Settings of which only the value for our own role or database could be seen."""
    notes: tuple[str, ...] = ()
    activity: Activity | None = None
    counts: tuple[ServerCounts, ServerCounts] | None = None
    """Before and after the interval of `activity`."""
    refused: tuple[RefusedLine, ...] = ()
    main_file: str = ""
    """Where only files are read: the first of them."""
    missing_files: tuple[str, ...] = ()
    """What they include and is not here."""
