"""What an audit reads from a server or its files, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.server_state import EffectiveSetting
from advisor.versions import NumericVersion, Vendor


@dataclass(frozen=True, slots=True)
class Override:
    """A value that PostgreSQL gives the sessions of a role, of a database, or of both."""

    setting: str
    value: str
    role: str | None
    database: str | None
    """None: of all."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a server did between two looks at its own counters."""

    seconds: float
    commits_per_s: float | None
    commits_from: str
    """Which counter that is, and what else it counts; or why there is none."""
    log_syncs_per_s: float | None
    log_syncs_from: str
    binary_log_syncs_per_s: float | None
    binary_log_syncs_from: str
    """"" where no binary log is written."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server's settings in force. A setting that is missing has its default."""

    vendor: Vendor
    version: NumericVersion
    settings: Mapping[str, EffectiveSetting]
    overrides: tuple[Override, ...] = ()
    pending: frozenset[str] = frozenset()
    """Settings whose new value in a file waits for a restart."""
    hidden: frozenset[str] = frozenset()
    """Settings of which only the value for our own role or database could be seen."""
    notes: tuple[str, ...] = ()
    activity: Activity | None = field(default=None)
