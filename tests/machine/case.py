"""One case of the machine: a directory on something, and what must be found of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from advisor.vendors.names import VendorName

Expected = Mapping[str, Any]

UNKNOWN: Final = "unknown"
"""The field must be unknown."""


@dataclass(frozen=True)
class Case:
    """A directory on something."""

    name: str
    make: str
    """Commands that mount it at $PLACE; $MEMBER_1 and the like are drives."""
    device: Expected
    """Of the first leaf device: fields of Device."""
    undo: str = ""
    """After $PLACE is no mount any more."""
    filesystem: str = "ext4"
    layers: tuple[Expected, ...] = ()
    """From the top: kind, and details of it."""
    is_not_durable: bool = False
    """Else it is unverifiable or suspicious: a virtual machine is never more."""
    directory: str = ""
    """Below $PLACE."""
    in_group: str = ""
    """The control group to measure in."""
    target: Expected = field(default_factory=dict)
    """Further fields of Target."""
    leaves: int = 1
    vendor: VendorName = "postgresql"
    findings: tuple[str, ...] = ()
    """Host findings that must fire for a server of that vendor; no others may."""
    needs_zfs: bool = False
    """It runs where tests/machine/zfs.py has compiled ZFS; $ZFS is what that made."""
