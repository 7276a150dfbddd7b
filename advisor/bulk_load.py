"""What is relaxed for the time of a bulk load, and the way back. Every output shows the same."""

from typing import Literal

from advisor.analysis.description import Measured
from advisor.analysis.verdict import Verdict
from advisor.durability import CLASSES, AdvisedDurability, Durability
from advisor.model import Model
from advisor.units import Value
from advisor.vendors.names import VendorName
from advisor.versions import VersionText

OffFrom = Literal["configuration", "advice", "other files"]
"""Where the value after the load comes from: what the server's files have, else its default; what
is advised for the drive; or whatever other files say, which nobody has shown us."""


class LoadedSetting(Model):
    """One setting that has another value while a load lasts."""

    setting: str
    on: str
    """The value for the load, in the notation of the server's configuration file."""
    off: str | None
    """The value afterwards; None where it is left to other files."""
    off_from: OffFrom
    on_value: Value
    off_value: Value | None
    """The same two in `unit`."""
    unit: str
    off_is_persisted: bool
    """Whether it stands in postgresql.auto.conf or mysqld-auto.cnf."""
    default: str
    restart: bool
    durability: AdvisedDurability
    reason: str
    cost: str
    sources: tuple[str, ...]


class SwitchStatement(Model):
    """What is switched off by a statement, and on again by another."""

    on: str
    """For the load."""
    off: str
    check: str
    """Shows how it stands."""
    privilege: str
    reason: str
    cost: str
    sources: tuple[str, ...]


class LoadingSession(Model):
    """A statement for each session that loads, which ends with it."""

    statement: str
    reason: str
    cost: str
    sources: tuple[str, ...]


class KeptSetting(Model):
    """What is not relaxed, and why."""

    setting: str
    why: str
    needs: str = ""
    """What would have it relaxed, an option as a rule; "" where nothing is to be gained."""


class BulkLoad(Model):
    """All of it."""

    schema_version: Literal[1] = 1
    tool_version: str
    engine: VendorName
    engine_version: VersionText
    version_source: str
    new_instance: bool
    """Whether the user said that nothing on the server is worth keeping."""
    durability: Durability
    """The most that any of this risks."""
    measured: Measured
    storage: Verdict
    crash: str
    """What a crash means while it is on."""
    recovery_s: float | None
    """How long a recovery may take that replays all of the log, as far as the drive's measurement
    tells; None where it does not, where the log stays as it is, or nothing is left to recover."""
    settings: tuple[LoadedSetting, ...]
    statements: tuple[SwitchStatement, ...]
    sessions: tuple[LoadingSession, ...]
    after: tuple[str, ...]
    """What is to be done when the load is over."""
    left_out: tuple[KeptSetting, ...]
    """What would help and is not done."""
    never: tuple[KeptSetting, ...]
    at_risk_already: tuple[KeptSetting, ...] = ()
    """What the server's own files risk, and this does not change: "fsync = off", and what it
    risks."""
    warnings: tuple[str, ...]

    @property
    def settings_durability(self) -> Durability:
        """The most that the settings risk, without the statements."""
        return max(
            (each.durability for each in self.settings), key=CLASSES.index, default="durable"
        )
