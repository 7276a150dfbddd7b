"""What was read of a server's and a host's counters: looks, one after another. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from advisor.model import Known, Unknown
from advisor.series_kind import SyncMethod
from advisor.statistics import BATCHES_PER_ROUND
from advisor.vendors.base import Counters
from advisor.vendors.names import VendorName

LOOKS: Final = BATCHES_PER_ROUND + 1
"""So that a mean has a confidence interval."""

Count = int | str
"""Or why it is not known."""


class ServerLook(NamedTuple):
    """A server's counters at one time."""

    at_s: float
    counts: Mapping[str, Count]
    """By the names of Counters."""


class BlockStat(NamedTuple):
    """A block device's counters since boot: /sys/block/*/stat."""

    reads: int
    read_bytes: int
    read_us: int
    writes: int
    written_bytes: int
    write_us: int
    busy_us: int
    queued_us: int
    """Of all requests together."""
    flushes: Known[int]
    flush_us: int
    """0 where no flush is counted."""


class CpuTime(NamedTuple):
    """Of all processors together since boot, in the kernel's ticks."""

    busy: int
    idle: int


class HostLook(NamedTuple):
    """The host's counters at one time."""

    at_s: float
    devices: Mapping[str, Known[BlockStat]]
    cpu: Known[CpuTime]


class ObservedDevice(NamedTuple):
    """A block device, and how it stands to the log."""

    name: str
    is_leaf: bool
    holds_log: bool
    write_cache: Known[str] = Unknown(unknown="not asked")


class ObservedServer(NamedTuple):
    """Whose counters were read."""

    title: str
    """With its version."""
    vendor: VendorName
    counters: Counters
    method: SyncMethod
    """By which it syncs its log."""
    looks: Sequence[ServerLook]
