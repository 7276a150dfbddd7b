"""What a block device was asked for meanwhile, as the kernel counts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil


@dataclass
class DeviceWork:
    """Requests and bytes per second, on average."""

    reads_per_s: float = 0.0
    read_bytes_per_s: float = 0.0
    writes_per_s: float = 0.0
    written_bytes_per_s: float = 0.0


@contextmanager
def device_work(device: Path) -> Iterator[DeviceWork]:
    """Fills in what it yields when the block is over."""
    work = DeviceWork()
    began_s, before = monotonic(), psutil.disk_io_counters(perdisk=True)[device.name]
    yield work
    took_s, after = monotonic() - began_s, psutil.disk_io_counters(perdisk=True)[device.name]
    work.reads_per_s = round((after.read_count - before.read_count) / took_s, 1)
    work.read_bytes_per_s = round((after.read_bytes - before.read_bytes) / took_s)
    work.writes_per_s = round((after.write_count - before.write_count) / took_s, 1)
    work.written_bytes_per_s = round((after.write_bytes - before.write_bytes) / took_s)
