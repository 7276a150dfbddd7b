"""What the kernel counted for the devices: /sys/block/*/stat."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.analysis.looks import BlockStat
from advisor.measurement import Device
from advisor.model import Known, Unknown

SECTOR_BYTES: Final = 512
"""The unit of the kernel's counters, whatever the device's own sector."""
READS: Final = 0
SECTORS_READ: Final = 2
READ_MS: Final = 3
WRITES: Final = 4
SECTORS_WRITTEN: Final = 6
WRITE_MS: Final = 7
BUSY_MS: Final = 9
QUEUED_MS: Final = 10
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
    lines = [_fields(path) for name in names for path in _counting(name, root / "sys/block")]
    return DeviceCounters(
        _sum([_field(line, FLUSH_REQUESTS, "flushes") for line in lines]),
        _sum([_field(line, SECTORS_WRITTEN, "writes", SECTOR_BYTES) for line in lines]),
    )


def read_stat(device: str, root: Path = Path("/")) -> Known[BlockStat]:
    """All counters of one device now, or why they are not known."""
    lines = []
    for path in _counting(device, root / "sys/block"):
        line = _fields(path)
        if isinstance(line, Unknown):
            return line
        if len(line) < PLAIN_FIELDS or not all(field.isdecimal() for field in line):
            return Unknown(unknown=f"the kernel's counters of {device} are not as expected")
        lines.append(line)

    def total(place: int) -> int:
        return sum(int(line[place]) for line in lines)

    flush_us = [_field(line, FLUSH_MS, "flushes", 1000) for line in lines]
    return BlockStat(
        reads=total(READS),
        read_bytes=total(SECTORS_READ) * SECTOR_BYTES,
        read_us=total(READ_MS) * 1000,
        writes=total(WRITES),
        written_bytes=total(SECTORS_WRITTEN) * SECTOR_BYTES,
        write_us=total(WRITE_MS) * 1000,
        busy_us=max(int(line[BUSY_MS]) for line in lines) * 1000,
        queued_us=total(QUEUED_MS) * 1000,
        flushes=_sum([_field(line, FLUSH_REQUESTS, "flushes") for line in lines]),
        flush_us=sum(each for each in flush_us if isinstance(each, int)),
    )


def _counting(name: str, blocks: Path) -> Iterator[Path]:
    """A device's own counters, but of an NVMe drive with several paths, "nvme1n1", those of its
    paths, "nvme1c1n1": it counts no flushes itself (nvme_mpath_start_request in Linux's
    drivers/nvme/host/multipath.c)."""
    drive = re.fullmatch(r"(nvme\d+)(n\d+)", name)
    paths = sorted(blocks.glob(f"{drive[1]}c*{drive[2]}/stat")) if drive else []
    yield from paths or [blocks / name / "stat"]


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
