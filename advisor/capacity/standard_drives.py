"""Drives nobody measured here: the reference storages, and what a storage class takes.

Of them a sync takes its mean, always, and that of a binary log as long: their tails are not known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from advisor.analysis.storage import ReferenceStorage, StorageClass
from advisor.capacity.group_commit import Drive
from advisor.capacity.latency import Latency


@dataclass(frozen=True, slots=True)
class StandardDrive:
    """A drive by its name, and by what it is made of where that is known."""

    name: str
    description: str
    drive: Drive


def reference_drives(references: Iterable[ReferenceStorage]) -> Iterator[StandardDrive]:
    """The reference storages, by the mean of the classic 4 KiB test."""
    for entry in references:
        drive = Drive(Latency.constant(1e6 / entry.classic_4k_per_s))
        yield StandardDrive(f"reference {entry.id}", entry.storage, drive)


def class_drives(classes: Iterable[StorageClass]) -> Iterator[StandardDrive]:
    """Each storage class that says what a sync takes, at its best and at its worst."""
    for entry in classes:
        if entry.typical_sync_us:
            for end, sync_us in zip(("at best", "at worst"), entry.typical_sync_us, strict=True):
                drive = Drive(Latency.constant(sync_us))
                yield StandardDrive(f"{entry.id} {end}", entry.name, drive)
