"""How much a drive or a file system writes at once or not at all. Pure.

ZFS never overwrites: a record is written anew and then pointed to. A drive that can write a block
whole tells the kernel, which shows how much (Documentation/ABI/stable/sysfs-block,
atomic_write_unit_max_bytes). That a provider's volume prevents torn writes shows nowhere.
"""

from typing import NamedTuple

from advisor.analysis.storage import devices_of
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.units import format_size


class AtomicWrite(NamedTuple):
    """What is written whole, and who says so."""

    bytes: int
    evidence: str
    """A sentence without its end: "nvme0n1 says ..."."""
    if_unsplit: bool = False
    """Whether it holds only for what the kernel passes on in one piece."""


def atomic_write(measurement: Measurement) -> AtomicWrite | None:
    """Of the measured directory; None where nothing shows that any write is atomic."""
    target = measurement.target
    if target.filesystem == "zfs" and isinstance(target.record_bytes, int):
        size = format_size(target.record_bytes)
        return AtomicWrite(target.record_bytes, f"the file system is ZFS, its record size {size}")
    devices = devices_of(measurement)
    sizes_bytes = [device.atomic_write_bytes for device in devices]
    known_bytes = [size for size in sizes_bytes if not isinstance(size, Unknown)]
    if not devices or len(known_bytes) < len(devices) or not min(known_bytes):
        return None
    names = ", ".join(device.name for device in devices)
    size = format_size(min(known_bytes))
    return AtomicWrite(
        min(known_bytes),
        f"{names}: /sys shows that up to {size} are written at once (atomic_write_unit_max_bytes)",
        if_unsplit=True,
    )
