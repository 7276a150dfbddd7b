"""A server's settings as they are in force, and where each comes from."""

from dataclasses import dataclass
from typing import Literal

Origin = Literal["default", "file", "persisted", "command line", "other", "unknown"]
"""persisted: postgresql.auto.conf (ALTER SYSTEM) or mysqld-auto.cnf (SET PERSIST)."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting. Its name is spelt with underscores, as the server's own view spells it."""

    name: str
    value: str
    """As the server shows it, in the unit below; as the file has it, where only files are read."""
    unit: str
    """PostgreSQL's: "8kB", "ms", ...; "" where the value carries its own or has none."""
    origin: Origin
    place: str
    """File and line, "FILE:LINE"; "" where nothing says."""
