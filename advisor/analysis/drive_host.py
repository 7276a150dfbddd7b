"""What a finding about a host may ask of the drive and the host as a whole. Pure."""

from collections.abc import Iterator
from typing import Final

from advisor.analysis.atomic_writes import atomic_write
from advisor.analysis.storage import any_known, devices_of, write_cache
from advisor.conditions import Fact
from advisor.measurement import Device, IoLimits, LimitFile, Measurement
from advisor.model import Known, Unknown
from advisor.series_kind import READS, SeriesKind
from advisor.units import format_count, format_size

HOST_FACTS: Final = frozenset(
    {
        *("atomic_evidence", "atomic_write_bytes", "bytes_in_one_second", "directory"),
        *("dirty_background_bytes", "dirty_background_s", "discard_bytes", "filesystem"),
        *(
            "io_limit",
            "io_limit_file",
            "io_limit_line",
            "io_limit_used_percent",
            "mount_point",
            "record_bytes",
            "rotational",
        ),
        *("sync_us", "write_cache"),
    }
)

MIB: Final = 1024**2

FLUSHING: Final = ("fsync", "fdatasync")
"""Methods that write first and then flush; the others' write may carry its flush (FUA)."""

NO_TURNS_TOLD: Final = ("virtio", "xen")
"""Transports whose disks are called rotating whatever they are."""


def drive_host(drive: Measurement) -> dict[str, Fact]:
    """Each of HOST_FACTS."""
    target, environment = drive.target, drive.environment
    sync, atomic = drive.effective_sync, atomic_write(drive)
    limit, used_percent, limit_file = _io_limit(drive)
    torn = Unknown(unknown="no write is known to be atomic")
    return {
        "atomic_evidence": atomic.evidence if atomic else torn,
        "atomic_write_bytes": atomic.bytes if atomic else torn,
        "bytes_in_one_second": _bytes_in_one_second(drive),
        "directory": target.directory,
        "dirty_background_bytes": environment.dirty_background_bytes,
        "dirty_background_s": _dirty_background_s(drive),
        "discard_bytes": _discard_bytes(drive),
        "filesystem": target.filesystem,
        "io_limit": limit,
        "io_limit_file": limit_file.path if isinstance(limit_file, LimitFile) else limit_file,
        "io_limit_line": limit_file.lifted_by if isinstance(limit_file, LimitFile) else limit_file,
        "io_limit_used_percent": used_percent,
        "mount_point": target.mount_point,
        "record_bytes": target.record_bytes,
        "rotational": any_known([rotates(device) for device in devices_of(drive)]),
        "sync_us": sync.summary.typical_us if sync else Unknown(unknown="no sync was measured"),
        "write_cache": write_cache(devices_of(drive)),
    }


def rotates(device: Device) -> Known[bool]:
    """Whether it is a hard disk, where its word counts."""
    if device.transport in NO_TURNS_TOLD:
        return Unknown(unknown="a virtual disk does not tell")
    return device.rotational


def _discard_bytes(drive: Measurement) -> Known[int]:
    """The most that a device takes at once; unknown where none is known."""
    sizes_bytes = [device.discard_bytes for device in devices_of(drive)]
    known_bytes = [size for size in sizes_bytes if not isinstance(size, Unknown)]
    return max(known_bytes) if known_bytes else Unknown(unknown="no device tells")


def _dirty_background_s(drive: Measurement) -> Known[float]:
    """How long the drive needs for what the kernel collects before it writes."""
    dirty_bytes = drive.environment.dirty_background_bytes
    if isinstance(dirty_bytes, Unknown):
        return dirty_bytes
    if drive.fill is None:
        return Unknown(unknown="no sequential write was measured")
    return dirty_bytes / drive.fill.bytes_per_s


def _bytes_in_one_second(drive: Measurement) -> Known[str]:
    """As a number to type: what the drive writes in a second, in whole MiB."""
    if drive.fill is None:
        return Unknown(unknown="no sequential write was measured")
    return str(max(int(drive.fill.bytes_per_s) // MIB, 1) * MIB)


def _io_limit(drive: Measurement) -> tuple[Known[str], Known[float], Known[LimitFile]]:
    """Of the control group's limits the one that the measurement came closest to, how close, and
    where it is set."""
    limits = drive.target.io_limits
    if isinstance(limits, Unknown):
        return limits, limits, limits
    used = max(_uses(drive, limits), default=None)
    if used is None:
        free = Unknown(unknown="no limit was met")
        return free, free, free
    used_percent, limit, name = used
    return limit, used_percent, limits.files.get(name, Unknown(unknown="its file was not kept"))


def _writes_of_a_sync(kind: SeriesKind, is_flushed: bool) -> int:
    """As a control group counts: the kernel asks it about a flush as about a write, and drops the
    flush before that where the drive has no cache to flush (block/blk-core.c). Several writers may
    share one."""
    flushes = kind.pattern == "overwrite" and kind.writers == 1 and kind.method in FLUSHING
    return 2 if is_flushed and flushes else 1


def _uses(drive: Measurement, limits: IoLimits) -> Iterator[tuple[float, str, str]]:
    """Percent of each limit that the fastest series used, the limit for people, and its name.

    A sync is at least the write of its block, so that the percentage is never too large. What is
    written without a sync stays in the kernel's memory.
    """
    is_flushed = write_cache(devices_of(drive)) == "write back"
    series = [
        each
        for each in drive.series
        if each.pattern not in READS and (each.method != "none" or each.direct)
    ]
    writes_per_s = max(
        (_writes_of_a_sync(each.kind, is_flushed) * each.summary.ops_per_s for each in series),
        default=0.0,
    )
    written = [each.summary.ops_per_s * each.block_bytes for each in series]
    if drive.fill is not None:
        written.append(drive.fill.bytes_per_s)
    reads = drive.page_reads
    reads_per_s = reads.summary.ops_per_s if reads else 0.0
    read_bytes_per_s = reads_per_s * reads.block_bytes if reads else 0.0
    for name, reached, of_bytes, what in (
        ("write_ops_per_s", writes_per_s, False, "writes"),
        ("write_bytes_per_s", max(written, default=0.0), True, "writes"),
        ("read_ops_per_s", reads_per_s, False, "reads"),
        ("read_bytes_per_s", read_bytes_per_s, True, "reads"),
    ):
        limit: int | None = getattr(limits, name)
        if limit is not None:
            size = f"{format_size(limit)}/s of {what}"
            shown = size if of_bytes else f"{format_count(limit)} {what}/s"
            yield 100 * reached / limit, shown, name
