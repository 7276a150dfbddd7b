"""Drives nobody measured here: the reference storages, and what a storage class takes.

Of them a sync takes its mean, always: their tails are not known. Nor is what a growing binary log
costs there: as many times a log's sync as on the drive that was measured.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from advisor.analysis.storage import ReferenceStorage, StorageClass
from advisor.capacity.group_commit import SyncLatencies
from advisor.capacity.latency import Latency


@dataclass(frozen=True, slots=True)
class StandardDrive:
    """A drive by its name, and what it is made of where that says more."""

    name: str
    description: str
    drive: SyncLatencies
    measured: bool
    """Whether somebody measured it, or it is only what a class of drives is said to take."""


def append_factor(measured: SyncLatencies) -> float:
    """How many times a log's sync a growing binary log's takes; 1 where it was not measured."""
    return measured.append.mean_us / measured.log.mean_us if measured.append else 1.0


def reference_drives(
    references: Iterable[ReferenceStorage], factor: float
) -> Iterator[StandardDrive]:
    """The reference storages, by the mean of the classic 4 KiB test."""
    for entry in references:
        drive = _drive(1e6 / entry.classic_4k_per_s, factor)
        yield StandardDrive(f"reference {entry.id}", entry.storage, drive, measured=True)


def class_drives(classes: Iterable[StorageClass], factor: float) -> Iterator[StandardDrive]:
    """Each storage class that says what a sync takes, at its best and at its worst."""
    for entry in classes:
        if entry.typical_sync_us:
            for end, sync_us in zip(("at best", "at worst"), entry.typical_sync_us, strict=True):
                drive = _drive(sync_us, factor)
                yield StandardDrive(f"{entry.id} {end}", "", drive, measured=False)


def _drive(sync_us: float, factor: float) -> SyncLatencies:
    return SyncLatencies(Latency.constant(sync_us), Latency.constant(sync_us * factor))
