"""What the kernel counted for the devices: /sys/block/*/stat."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.analysis.observation import BlockStat
from advisor.measurement import Device, Known, Unknown

SECTOR_BYTES: Final = 512
"""The unit of the kernel's counters, whatever the device's own sector."""
SECTORS_WRITTEN: Final = 6
FLUSH_REQUESTS: Final = 15
FLUSH_MS: Final = 16
"""Places in the line, counted from 0 (Documentation/block/stat.rst counts from 1)."""
PLAIN_FIELDS: Final = 11
"""So many every kernel has: reads, writes, and what both took."""


@dataclass(frozen=True)
class DeviceCounters:
    """Flushes completed and bytes written since boot, summed over devices."""

    flush_requests: Known[int]
    written_bytes: Known[int]

    def since(self, before: "DeviceCounters") -> "DeviceCounters":
        """What was added after `before`."""
        return DeviceCounters(
            _difference(self.flush_requests, before.flush_requests),
            _difference(self.written_bytes, before.written_bytes),
        )


def read_counters(
    devices: Known[tuple[Device, ...]] | Sequence[str], root: Path = Path("/")
) -> DeviceCounters:
    """The counters of the devices now, or why they are not known."""
    if isinstance(devices, Unknown):
        return DeviceCounters(devices, devices)
    names = [device.name if isinstance(device, Device) else device for device in devices]
    if not names:
        none = Unknown(unknown="no block device")
        return DeviceCounters(none, none)
    lines = [_fields(root / "sys/block" / name / "stat") for name in names]
    return DeviceCounters(
        _sum([_field(line, FLUSH_REQUESTS, "flushes") for line in lines]),
        _sum([_field(line, SECTORS_WRITTEN, "writes", SECTOR_BYTES) for line in lines]),
    )


def read_stat(device: str, root: Path = Path("/")) -> Known[BlockStat]:
    """All counters of one device now, or why they are not known."""
    line = _fields(root / "sys/block" / device / "stat")
    if isinstance(line, Unknown):
        return line
    if len(line) < PLAIN_FIELDS or not all(field.isdecimal() for field in line):
        return Unknown(unknown=f"the kernel's counters of {device} are not as expected")
    reads, _, sectors_read, read_ms, writes, _, sectors, write_ms, _, busy_ms, queued_ms = map(
        int, line[:PLAIN_FIELDS]
    )
    flush_us = _field(line, FLUSH_MS, "flushes", 1000)
    return BlockStat(
        reads=reads,
        read_bytes=sectors_read * SECTOR_BYTES,
        read_us=read_ms * 1000,
        writes=writes,
        written_bytes=sectors * SECTOR_BYTES,
        write_us=write_ms * 1000,
        busy_us=busy_ms * 1000,
        queued_us=queued_ms * 1000,
        flushes=_field(line, FLUSH_REQUESTS, "flushes"),
        flush_us=flush_us if isinstance(flush_us, int) else 0,
    )


def _fields(path: Path) -> Known[list[str]]:
    try:
        return path.read_text("utf-8").split()
    except OSError:
        return Unknown(unknown=f"{path} cannot be read")


def _field(line: Known[list[str]], place: int, what: str, unit: int = 1) -> Known[int]:
    if isinstance(line, Unknown):
        return line
    if len(line) <= place:
        return Unknown(unknown=f"this kernel does not count {what} (5.5 and later do)")
    return int(line[place]) * unit


def _sum(values: list[Known[int]]) -> Known[int]:
    known = [value for value in values if not isinstance(value, Unknown)]
    if len(known) == len(values):
        return sum(known)
    return next(value for value in values if isinstance(value, Unknown))


def _difference(after: Known[int], before: Known[int]) -> Known[int]:
    if isinstance(after, Unknown):
        return after
    if isinstance(before, Unknown):
        return before
    if after < before:
        return Unknown(unknown="a counter of the device went back; was it replaced?")
    return after - before
