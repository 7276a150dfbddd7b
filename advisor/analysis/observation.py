"""Counters of a server and of its host, read again and again -> what they did meanwhile. Pure.

A mean is that of all syncs between the first look and the last, so the sum of their time over their
number. Its confidence interval is that of a ratio, from the stretches between two looks, which take
the place of the batches that a measured series is cut into.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from advisor.errors import AdvisorError
from advisor.measurement import (
    DeviceActivity,
    Known,
    MeasurementWarning,
    Observation,
    Series,
    Summary,
    Unknown,
)
from advisor.series_kind import OBSERVED_BLOCK_BYTES, Pattern, SeriesKind, SyncMethod
from advisor.server_state import Activity
from advisor.statistics import BATCHES_PER_ROUND, student_t
from advisor.vendors.base import Counter, Counters
from advisor.vendors.names import VendorName

LOOKS: Final = BATCHES_PER_ROUND + 1
"""So that a mean has a confidence interval."""

RESET: Final = "the server's counters were reset meanwhile"
NOT_KNOWN: Final = "unknown: "
NOTHING_TO_COUNT: Final = "this server has none, or does not count them"
NOT_ASKED: Final = Unknown(unknown="no server was asked (--dsn)")

Count = int | str
"""Or why it is not known."""


# What was read


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


class Observed(NamedTuple):
    """What came of it."""

    observation: Observation
    series: tuple[Series, ...]
    warnings: tuple[MeasurementWarning, ...]


# A server


class _Figure(NamedTuple):
    """A figure, and what was counted; or None and "unknown: " and why; None and "" where there is
    nothing to count."""

    value: float | None
    source: str


def activity_between(counters: Counters, before: ServerLook, after: ServerLook) -> Activity:
    """What a server did between two looks."""
    seconds = after.at_s - before.at_s
    added = _added(counters, before, after)

    def rate(name: str) -> _Figure:
        found = added[name]
        return found if found.value is None else found._replace(value=found.value / seconds)

    def mean(count: str, total_us: str) -> _Figure:
        syncs, us = added[count], added[total_us]
        if us.value is None or syncs.value is None:
            return us if us.value is None else syncs
        if not syncs.value:
            return _Figure(None, f"{NOT_KNOWN}{us.source} has timed none")
        return _Figure(us.value / syncs.value, us.source)

    commits, logged = rate("commits"), rate("log_bytes")
    log, binary_log = rate("log_syncs"), rate("binary_log_syncs")
    log_us = mean("timed_log_syncs", "log_sync_us")
    binary_log_us = mean("timed_binary_log_syncs", "binary_log_sync_us")
    pages = _share(added["full_page_bytes"], added["full_page_of_bytes"])
    return Activity(
        seconds=seconds,
        commits_per_s=commits.value,
        commits_from=commits.source,
        log_syncs_per_s=log.value,
        log_syncs_from=log.source,
        binary_log_syncs_per_s=binary_log.value,
        binary_log_syncs_from=binary_log.source,
        log_sync_us=log_us.value,
        log_sync_us_from=log_us.source,
        binary_log_sync_us=binary_log_us.value,
        binary_log_sync_us_from=binary_log_us.source,
        log_bytes_per_s=logged.value,
        log_bytes_from=logged.source,
        full_page_percent=pages.value,
        full_page_from=pages.source,
        checkpoints_timed=_whole(added["checkpoints_timed"]),
        checkpoints_requested=_whole(added["checkpoints_requested"]),
        pages_written_per_s=rate("pages_written").value,
    )


def _added(counters: Counters, before: ServerLook, after: ServerLook) -> dict[str, _Figure]:
    """Name -> what was added to each count."""
    asked: dict[str, Counter] = counters._asdict()
    ages = (before.counts.get("statistics_age_s"), after.counts.get("statistics_age_s"))
    reset = counters.statistics_age_s.statement if _fell(*ages) else None
    return {
        name: _difference(counter, before.counts[name], after.counts[name])
        if not counter.statement or counter.statement != reset
        else _Figure(None, f"{NOT_KNOWN}{RESET}")
        for name, counter in asked.items()
    }


def _difference(counter: Counter, first: Count, last: Count) -> _Figure:
    if isinstance(first, int) and isinstance(last, int):
        if last < first:
            return _Figure(None, f"{NOT_KNOWN}{RESET}")
        return _Figure(last - first, counter.source)
    why = last if isinstance(last, str) else first
    return _Figure(None, f"{NOT_KNOWN}{why}" if why else "")


def _fell(first: Count | None, last: Count | None) -> bool:
    return isinstance(first, int) and isinstance(last, int) and last < first


def _share(part: _Figure, whole: _Figure) -> _Figure:
    if part.value is None or whole.value is None:
        return part if part.value is None else whole
    if not whole.value:
        return _Figure(None, f"{NOT_KNOWN}nothing was logged")
    return _Figure(min(100.0, 100 * part.value / whole.value), part.source)


def _whole(found: _Figure) -> int | None:
    return None if found.value is None else int(found.value)


def require_no_restart(looks: Sequence[ServerLook]) -> None:
    """Raises AdvisorError where the server has run for a shorter time than before."""
    for before, after in pairwise(looks):
        if _fell(before.counts["uptime_s"], after.counts["uptime_s"]):
            raise AdvisorError("the server was restarted while it was observed", "observe it again")


# A mean and its interval


class _Timed(NamedTuple):
    """Syncs, or requests, of one stretch between two looks, and what they took together."""

    requests: int
    us: float


def _summary(parts: Sequence[_Timed]) -> Summary | None:
    """None where there was no sync, or its time went back."""
    count, us = sum(part.requests for part in parts), math.fsum(part.us for part in parts)
    if count <= 0 or us <= 0 or any(part.requests < 0 or part.us < 0 for part in parts):
        return None
    mean_us = us / count
    return Summary(
        count=count,
        ops_per_s=1e6 / mean_us,
        mean_us=mean_us,
        min_us=None,
        p50_us=None,
        p90_us=None,
        p99_us=None,
        p999_us=None,
        max_us=None,
        ci95_percent=_ci95_percent(parts, mean_us),
    )


def _ci95_percent(parts: Sequence[_Timed], mean_us: float) -> float | None:
    """Half-width of the interval of a ratio of sums (Cochran, Sampling Techniques, 2.11), in
    percent of it. None below 10 stretches with a sync."""
    used = [part for part in parts if part.requests]
    if len(used) < BATCHES_PER_ROUND:
        return None
    size = math.fsum(part.requests for part in used) / len(used)
    residuals = math.fsum((part.us - mean_us * part.requests) ** 2 for part in used)
    error_us = math.sqrt(residuals / (len(used) - 1) / len(used)) / size
    return 100 * student_t(0.975, len(used) - 1) * error_us / mean_us


# All of it


def observed(
    devices: Sequence[ObservedDevice],
    host: Sequence[HostLook],
    server: ObservedServer | None,
    clock_ns: float | None = None,
) -> Observed:
    """What was done between the first look and the last. `clock_ns`: what a look at the clock
    takes, where the server would need one to time its syncs.

    Raises AdvisorError where nothing was synced, where what a sync takes was not seen, and where
    the server was restarted meanwhile.
    """
    activities = tuple(_devices(devices, host))
    activity = _activity(server)
    flushing = _flushing(devices, activities)
    series = tuple(_series(server, activity, flushing, host))
    seconds = host[-1].at_s - host[0].at_s
    if not series or series[0].pattern == "observed-binary-log":
        raise _nothing_seen(devices, activities, activity, seconds)
    return Observed(
        _observation(server, activity, activities, series, host, flushing),
        series,
        tuple(_warnings(activity, series, flushing, clock_ns)),
    )


def _activity(server: ObservedServer | None) -> Activity | None:
    if server is None:
        return None
    require_no_restart(server.looks)
    return activity_between(server.counters, server.looks[0], server.looks[-1])


def _series(
    server: ObservedServer | None,
    activity: Activity | None,
    flushing: str | None,
    host: Sequence[HostLook],
) -> Iterator[Series]:
    """What syncs of the log took, the nearest to what a commit waits for first."""
    if server is not None and activity is not None:
        if activity.log_sync_us is not None:
            timed = _server_parts(server, "timed_log_syncs", "log_sync_us")
            yield from _named("observed-log", server.method, timed)
        if activity.binary_log_sync_us is not None:
            timed = _server_parts(server, "timed_binary_log_syncs", "binary_log_sync_us")
            binary_log = [*_named("observed-binary-log", "fdatasync", timed)]
        else:
            binary_log = []
    else:
        binary_log = []
    if flushing is not None:
        yield from _named("observed-device", "fdatasync", _device_parts(flushing, host))
    yield from binary_log


def _named(pattern: Pattern, method: SyncMethod, parts: Sequence[_Timed]) -> Iterator[Series]:
    if (summary := _summary(parts)) is not None:
        kind = SeriesKind(pattern, method, OBSERVED_BLOCK_BYTES)
        yield Series.of(kind, summary, "time")


def _server_parts(server: ObservedServer, count: str, us: str) -> list[_Timed]:
    parts = []
    for before, after in pairwise(server.looks):
        added = _added(server.counters, before, after)
        syncs, spent_us = added[count].value, added[us].value
        if syncs is not None and spent_us is not None:
            parts.append(_Timed(int(syncs), spent_us))
    return parts


def _device_parts(name: str, host: Sequence[HostLook]) -> list[_Timed]:
    """A write and a flush, as long as each took at that time."""
    parts = []
    for before, after in pairwise(host):
        first, last = before.devices[name], after.devices[name]
        if isinstance(first, Unknown) or isinstance(last, Unknown):
            continue
        flushed, written = _flushed(first, last), _written(first, last)
        if flushed is None:
            continue
        each_us = written.us / written.requests if written.requests else 0.0
        parts.append(_Timed(flushed.requests, flushed.us + flushed.requests * each_us))
    return parts


def _flushed(first: Known[BlockStat], last: Known[BlockStat]) -> _Timed | None:
    """None where it is not known."""
    if isinstance(first, Unknown) or isinstance(last, Unknown):
        return None
    if isinstance(first.flushes, Unknown) or isinstance(last.flushes, Unknown):
        return None
    return _Timed(last.flushes - first.flushes, last.flush_us - first.flush_us)


def _written(first: BlockStat, last: BlockStat) -> _Timed:
    """The writes of data. What a sync asks the device for is an empty write that is to be preceded
    by a flush, which the kernel counts as both (blk_account_io_done and blk_account_io_flush in
    Linux's block/blk-mq.c and block/blk-flush.c); where a flush belongs to a write of data, as a
    journal's may, this takes off too much.
    """
    writes, us = last.writes - first.writes, last.write_us - first.write_us
    flushed = _flushed(first, last)
    if flushed is None or flushed.requests >= writes or flushed.us > us:
        return _Timed(writes, us)
    return _Timed(writes - flushed.requests, us - flushed.us)


# Devices


def _devices(
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


def _flushing(
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


# The observation


def _observation(
    server: ObservedServer | None,
    activity: Activity | None,
    devices: tuple[DeviceActivity, ...],
    series: tuple[Series, ...],
    host: Sequence[HostLook],
    flushing: str | None,
) -> Observation:
    seconds = host[-1].at_s - host[0].at_s
    by_server = series[0].pattern == "observed-log"
    timed_by = activity.log_sync_us_from if by_server and activity else f"the kernel at {flushing}"
    common = {
        "interval_s": seconds,
        "looks": len(host),
        "sync_from": timed_by,
        "cpu_busy_percent": _cpu(host),
        "devices": devices,
    }
    if server is None or activity is None:
        unknown = dict.fromkeys(_OF_A_SERVER, NOT_ASKED)
        busy = _busy_by_flushes(devices, series, flushing)
        return Observation.model_validate({**unknown, **common, "sync_busy_percent": busy})
    syncs = activity.log_syncs_per_s
    if syncs is not None:
        syncs += activity.binary_log_syncs_per_s or 0.0
    commits = activity.commits_per_s
    no_commit = Unknown(unknown="no commit was counted")
    return Observation.model_validate(
        {
            **common,
            "server": server.title,
            "engine": server.vendor,
            "commits_per_s": _known(commits, activity.commits_from),
            "commits_from": _source(activity.commits_from),
            "log_syncs_per_s": _known(activity.log_syncs_per_s, activity.log_syncs_from),
            "log_syncs_from": _source(activity.log_syncs_from),
            "binary_log_syncs_per_s": _known(
                activity.binary_log_syncs_per_s, activity.binary_log_syncs_from
            ),
            "binary_log_syncs_from": _source(activity.binary_log_syncs_from),
            "syncs_per_commit": no_commit
            if not commits
            else _known(None if syncs is None else syncs / commits, activity.log_syncs_from),
            "sync_busy_percent": _busy_by_server(activity)
            if by_server
            else _busy_by_flushes(devices, series, flushing),
            "log_bytes_per_s": _known(activity.log_bytes_per_s, activity.log_bytes_from),
            "log_bytes_from": _source(activity.log_bytes_from),
            "log_bytes_per_commit": no_commit
            if not commits
            else _known(
                None if activity.log_bytes_per_s is None else activity.log_bytes_per_s / commits,
                activity.log_bytes_from,
            ),
            "full_page_percent": _known(activity.full_page_percent, activity.full_page_from),
            "full_page_from": _source(activity.full_page_from),
            "checkpoints_timed": _known(activity.checkpoints_timed, ""),
            "checkpoints_requested": _known(activity.checkpoints_requested, ""),
            "pages_written_per_s": _known(activity.pages_written_per_s, ""),
        }
    )


_OF_A_SERVER: Final = (
    *("server", "engine", "commits_per_s", "log_syncs_per_s", "binary_log_syncs_per_s"),
    *("syncs_per_commit", "log_bytes_per_s", "log_bytes_per_commit", "full_page_percent"),
    *("checkpoints_timed", "checkpoints_requested", "pages_written_per_s"),
)


def _known(value: float | None, source: str) -> Known[float]:
    """Without a source there is nothing to count."""
    if value is not None:
        return value
    return Unknown(unknown=source.removeprefix(NOT_KNOWN) or NOTHING_TO_COUNT)


def _source(source: str) -> str:
    """What was counted; why nothing was, stands with the figure."""
    return "" if source.startswith(NOT_KNOWN) else source


def _busy_by_server(activity: Activity) -> Known[float]:
    if activity.log_syncs_per_s is None or activity.log_sync_us is None:
        return _known(None, activity.log_syncs_from)
    busy_us = activity.log_syncs_per_s * activity.log_sync_us
    if activity.binary_log_syncs_per_s is not None and activity.binary_log_sync_us is not None:
        busy_us += activity.binary_log_syncs_per_s * activity.binary_log_sync_us
    return busy_us / 1e4


def _busy_by_flushes(
    devices: Sequence[DeviceActivity], series: Sequence[Series], flushing: str | None
) -> Known[float]:
    for device in devices:
        if device.name == flushing and not isinstance(device.flushes_per_s, Unknown):
            return device.flushes_per_s * series[0].summary.mean_us / 1e4
    return Unknown(unknown="no flush was counted")


def _cpu(host: Sequence[HostLook]) -> Known[float]:
    first, last = host[0].cpu, host[-1].cpu
    if isinstance(first, Unknown):
        return first
    if isinstance(last, Unknown):
        return last
    busy, idle = last.busy - first.busy, last.idle - first.idle
    if busy < 0 or idle < 0 or not busy + idle:
        return Unknown(unknown="the kernel's times of the processors did not move")
    return 100 * busy / (busy + idle)


def _warnings(
    activity: Activity | None,
    series: Sequence[Series],
    flushing: str | None,
    clock_ns: float | None,
) -> Iterator[MeasurementWarning]:
    if series[0].pattern == "observed-log":
        return
    stands = (
        f"a write and a flush of {flushing}, each as long as the kernel saw it, stand for a sync;"
        " writes of pages are among these writes"
    )
    if activity is None:
        yield MeasurementWarning(code="untimed-syncs", text=f"no server was asked: {stands}")
        return
    why = activity.log_sync_us_from.removeprefix(NOT_KNOWN) or "the server times no sync"
    cost = ""
    if clock_ns is not None:
        cost = (
            f"; to turn it on costs two looks at the clock for each write and each sync,"
            f" {clock_ns:.0f} ns each here"
        )
    yield MeasurementWarning(code="untimed-syncs", text=f"{why}: {stands}{cost}")


def _nothing_seen(
    devices: Sequence[ObservedDevice],
    activities: Sequence[DeviceActivity],
    activity: Activity | None,
    seconds: float,
) -> AdvisorError:
    """The error where there is no series: nothing happened, or nobody timed it."""
    flushed = any(
        isinstance(each.flushes_per_s, float) and each.flushes_per_s > 0 for each in activities
    )
    synced = activity is not None and bool(activity.log_syncs_per_s)
    reasons = [*_why_no_device_time(devices, activities)]
    if activity is not None and activity.log_sync_us is None and activity.log_sync_us_from:
        reasons.insert(0, activity.log_sync_us_from.removeprefix(NOT_KNOWN))
    written = any(each.writes_per_s > 0 for each in activities)
    if synced or (activity is None and written and not flushed and reasons):
        return AdvisorError(
            f"syncs were made, but nothing told how long one takes: {'; '.join(reasons)}",
            "measure the drive itself: fsync-advisor measure DIR",
        )
    return AdvisorError(
        f"nothing was synced in {seconds:.0f} s, so there is nothing to observe",
        "observe while the database commits, or measure the drive: fsync-advisor measure DIR",
    )


def _why_no_device_time(
    devices: Sequence[ObservedDevice], activities: Sequence[DeviceActivity]
) -> Iterator[str]:
    if not devices:
        yield "the devices are not known"
    found = {each.name: each for each in activities}
    for device in devices:
        if not device.is_leaf:
            continue
        if device.name not in found:
            yield f"the kernel's counters of {device.name} are not known"
        elif isinstance(why := found[device.name].flushes_per_s, Unknown):
            yield f"{device.name}: {why.unknown}"
        elif device.write_cache == "write through":
            yield f"{device.name} has no volatile cache, so that no flush reaches it"
        elif isinstance(found[device.name].flush_us, Unknown):
            yield f"no flush reached {device.name}"
