"""A server's settings as they are in force, as an audit, `apply` and `verify` read them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from advisor.roles import NOT_ASKED, Replication
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion

if TYPE_CHECKING:  # most commands ask no running server
    from advisor.server_activity import Activity, ServerCounts

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
    def text(self) -> str | None:
        """As a file has it, else as the server shows it; None: the option stands alone."""
        return self.value if self.written is None else self.written.text

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
    activity: "Activity | None" = None
    counts: "tuple[ServerCounts, ServerCounts] | None" = None
    """Before and after the interval of `activity`."""
    refused: tuple[RefusedLine, ...] = ()
    main_file: str = ""
    """Where only files are read: the first of them."""
    missing_files: tuple[str, ...] = ()
    """What they include and is not here."""
    switched_off: frozenset[str] = frozenset()
    """Variables of a running server's status that show that a statement has switched something
    off."""
    copies: Mapping[str, str] = {}
    """What a running server shows of who has copies of it, by name in lower case: variables of its
    status, and figures of advisor.vendors.copies."""
    bulk_load_files: tuple[str, ...] = ()
    """Where only files are read: those of ours that are for the time of a bulk load."""
    replication: Replication = NOT_ASKED
