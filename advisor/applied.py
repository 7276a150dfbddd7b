"""What `apply` does, or would do, to a server's configuration."""

from typing import Literal

from advisor.model import Model
from advisor.vendors.names import VendorName

Needs = Literal["restart", "reload", "unknown"]
"""What a running server needs to read a setting from its files."""


class SettingChange(Model):
    """One setting that gets another value."""

    setting: str
    now: str | None
    """As the files have it; None: no file sets it."""
    new: str | None
    """None: no file sets it any more."""
    now_set_in: str | None
    """"FILE:LINE"."""
    needs: Needs


class AppliedChange(Model):
    """One change of one file."""

    schema_version: Literal[1] = 1
    engine: VendorName
    engine_version: str | None
    file: str
    action: Literal["write", "remove", "none"]
    changed: bool
    """Whether the file was changed; with --dry-run, whether it would be."""
    written: bool
    backup: str | None
    """What the old file is called afterwards; None where there was none, or where nothing changes.
    """
    settings: tuple[SettingChange, ...]
    restart: tuple[str, ...]
    reload: tuple[str, ...]
    unknown: tuple[str, ...]
    """The settings by what they need."""
    checked_by: str | None
    """The server's program; None where none has checked the change."""
    warnings: tuple[str, ...]
    diff: tuple[str, ...]
    """The lines of a unified diff, with --diff."""
