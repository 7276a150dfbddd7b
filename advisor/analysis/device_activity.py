"""What a host's devices did between two looks at the kernel's counters. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from advisor.analysis.looks import BlockStat, HostLook, ObservedDevice
from advisor.analysis.timed_syncs import TimedSyncs
from advisor.model import Known, Unknown
from advisor.observation import DeviceActivity


class WriteAndFlush(NamedTuple):
    """What stands for a sync at a device."""

    write_us: float
    """A usual write, of all of the interval; 0 without a write."""
    usual: list[TimedSyncs]
    """Of each stretch that write, and a flush as long as flushes took then."""
    own: list[TimedSyncs]
    """The same with the stretch's own mean write: how far writes scatter."""


def write_and_flush(name: str, host: Sequence[HostLook]) -> WriteAndFlush:
    """A usual write and a flush, as long as flushes took at that time."""
    written, flushed = [], []
    for before, after in pairwise(host):
        first, last = before.devices[name], after.devices[name]
        if isinstance(first, Unknown) or isinstance(last, Unknown):
            continue
        if (flushes := _flushed(first, last)) is None:
            continue
        written.append(_written(first, last))
        flushed.append(flushes)
    write_us = _usual_us(written)
    own_us = [each.us / each.requests if each.requests else write_us for each in written]
    return WriteAndFlush(
        write_us,
        [_with_write(each, write_us) for each in flushed],
        [_with_write(each, its_us) for each, its_us in zip(flushed, own_us, strict=True)],
    )


def _with_write(flushes: TimedSyncs, write_us: float) -> TimedSyncs:
    return TimedSyncs(flushes.requests, flushes.us + flushes.requests * write_us)


def _usual_us(parts: Sequence[TimedSyncs]) -> float:
    """The median of the stretches' means, each as often as it has requests: a write of a file
    system's journal is counted with its wait for flushes, and a few of those would decide a mean
    of all writes. 0 without a request."""
    means_us = sorted((part.us / part.requests, part.requests) for part in parts if part.requests)
    half = sum(requests for _, requests in means_us) / 2
    for mean_us, requests in means_us:
        half -= requests
        if half <= 0:
            return mean_us
    return 0.0


def _flushed(first: Known[BlockStat], last: Known[BlockStat]) -> TimedSyncs | None:
    """None where it is not known."""
    if isinstance(first, Unknown) or isinstance(last, Unknown):
        return None
    if isinstance(first.flushes, Unknown) or isinstance(last.flushes, Unknown):
        return None
    return TimedSyncs(last.flushes - first.flushes, last.flush_us - first.flush_us)


def _written(first: BlockStat, last: BlockStat) -> TimedSyncs:
    """The writes of data. What a sync asks the device for is an empty write that is to be preceded
    by a flush, which the kernel counts as both (blk_account_io_done and blk_account_io_flush in
    Linux's block/blk-mq.c and block/blk-flush.c); where a flush belongs to a write of data, as a
    journal's may, this takes off too much.
    """
    writes, us = last.writes - first.writes, last.write_us - first.write_us
    flushed = _flushed(first, last)
    if flushed is None or flushed.requests >= writes or flushed.us > us:
        return TimedSyncs(writes, us)
    return TimedSyncs(writes - flushed.requests, us - flushed.us)


def device_activities(
    devices: Sequence[ObservedDevice], host: Sequence[HostLook]
) -> Iterator[DeviceActivity]:
    """Of those whose counters are known."""
    seconds = host[-1].at_s - host[0].at_s
    for device in devices:
        first, last = host[0].devices[device.name], host[-1].devices[device.name]
        if isinstance(first, Unknown) or isinstance(last, Unknown):
            continue
        if any(after < before for before, after in zip(first[:8], last[:8], strict=True)):
            continue  # another device of that name
        yield _device(device, first, last, seconds)


def _device(
    device: ObservedDevice, first: BlockStat, last: BlockStat, seconds: float
) -> DeviceActivity:
    reads, written, flushed = last.reads - first.reads, _written(first, last), _flushed(first, last)
    flushes: Known[float] = last.flushes
    flush_us: Known[float] = Unknown(unknown="no flush in the interval")
    if flushed is not None:
        flushes = flushed.requests / seconds
        if flushed.requests > 0:
            flush_us = flushed.us / flushed.requests
    return DeviceActivity(
        name=device.name,
        is_leaf=device.is_leaf,
        reads_per_s=reads / seconds,
        read_bytes_per_s=(last.read_bytes - first.read_bytes) / seconds,
        read_us=(last.read_us - first.read_us) / reads
        if reads
        else Unknown(unknown="no read in the interval"),
        writes_per_s=written.requests / seconds,
        write_bytes_per_s=(last.written_bytes - first.written_bytes) / seconds,
        write_us=written.us / written.requests
        if written.requests
        else Unknown(unknown="no write in the interval"),
        flushes_per_s=flushes,
        flush_us=flush_us,
        busy_percent=(last.busy_us - first.busy_us) / seconds / 1e4,
        queue_depth=(last.queued_us - first.queued_us) / seconds / 1e6,
    )


def flushing_device(
    devices: Sequence[ObservedDevice], activities: Sequence[DeviceActivity]
) -> str | None:
    """Whose flush the log waits for: the uppermost device that the kernel counts flushes of, and of
    several leaves, which all get each flush, the slowest. device-mapper and md pass flushes on, and
    need not count them."""
    of_log = {device.name for device in devices if device.holds_log}
    timed = [
        (each, each.flush_us)
        for each in activities
        if each.name in of_log and isinstance(each.flush_us, int | float)
    ]
    above = [each.name for each, _ in timed if not each.is_leaf]
    if above:
        return above[0]
    slowest = max(timed, key=lambda found: found[1], default=None)
    return slowest[0].name if slowest else None
