"""Counters of a server and of its host, read again and again -> what they did meanwhile. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from advisor.analysis.device_activity import (
    WriteAndFlush,
    device_activities,
    flushing_device,
    write_and_flush,
)
from advisor.analysis.looks import HostLook, ObservedDevice, ObservedServer
from advisor.analysis.server_activity import (
    NOT_KNOWN,
    activity_between,
    added_counts,
    require_no_restart,
)
from advisor.analysis.timed_syncs import TimedSyncs, summary_of
from advisor.errors import AdvisorError
from advisor.measurement import MeasurementWarning, Series
from advisor.model import Known, Unknown
from advisor.observation import DeviceActivity, Observation
from advisor.series_kind import OBSERVED_BLOCK_BYTES, Pattern, SeriesKind, SyncMethod
from advisor.server_activity import Activity

NOTHING_TO_COUNT: Final = "this server has none, or does not count them"
ENOUGH_SYNCS: Final = 5
"""Our choice: one or two may have had nothing left to write."""
WAITED: Final = "its wait behind other flushes included"
"""A server takes the time of its call, in which the kernel and the drive carry out what came
before: tests/servers/test_observed_drive.py."""
NOT_ASKED: Final = Unknown(unknown="no server was asked (--dsn)")


class Observed(NamedTuple):
    """What came of it."""

    observation: Observation
    series: tuple[Series, ...]
    warnings: tuple[MeasurementWarning, ...]


def observed(
    devices: Sequence[ObservedDevice],
    host: Sequence[HostLook],
    server: ObservedServer | None,
    clock_ns: float | None = None,
    *,
    is_the_logs: bool = True,
) -> Observed:
    """What was done between the first look and the last. `clock_ns`: what a look at the clock
    takes, where the server would need one to time its syncs; `is_the_logs`: whether the server's
    log surely lies on these devices.

    Raises AdvisorError where nothing was synced, where what a sync takes was not seen, where the
    server was restarted meanwhile, and where its log lies elsewhere.
    """
    activities = tuple(device_activities(devices, host))
    activity = _activity(server)
    if not is_the_logs and activity is not None:
        _require_writes(devices, activities, activity)
    flushing = flushing_device(devices, activities)
    stand_in = None if flushing is None else write_and_flush(flushing, host)
    if stand_in is not None:
        usual = {"usual_write_us": stand_in.write_us}
        activities = tuple(
            each.model_copy(update=usual) if each.name == flushing else each for each in activities
        )
    series = tuple(_series(server, activity, stand_in))
    seconds = host[-1].at_s - host[0].at_s
    if not series or series[0].pattern == "observed-binary-log" or _is_idle(activity):
        raise _nothing_seen(devices, activities, activity, seconds, clock_ns)
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


def _is_idle(activity: Activity | None) -> bool:
    """Whether the server synced nothing by its own counters: what reached its device is others'."""
    if activity is None or activity.log_syncs_per_s or activity.binary_log_syncs_per_s:
        return False
    return activity.commits_per_s == 0 or activity.log_bytes_per_s == 0


def _require_writes(
    devices: Sequence[ObservedDevice], activities: Sequence[DeviceActivity], activity: Activity
) -> None:
    """Raises AdvisorError where a log was synced, and the devices said to hold it wrote nothing."""
    of_log = {device.name for device in devices if device.holds_log}
    counted = [each for each in activities if each.name in of_log]
    syncs = (activity.log_syncs_per_s or 0.0) * activity.seconds
    if syncs < ENOUGH_SYNCS or not counted or any(each.writes_per_s for each in counted):
        return
    named = ", ".join(each.name for each in counted)
    raise AdvisorError(
        f"the server synced its log {syncs:.0f} times, and nothing was written to {named}: its log"
        " lies elsewhere",
        "leave the directory out, or name the one that holds the server's log",
    )


def _series(
    server: ObservedServer | None,
    activity: Activity | None,
    stand_in: WriteAndFlush | None,
) -> Iterator[Series]:
    """What syncs of the log took, the nearest to what a commit waits for first. `stand_in`: what
    stands for them at a device."""
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
    if stand_in is not None:
        yield from _named("observed-device", "fdatasync", stand_in.usual, stand_in.own)
    yield from binary_log


def _named(
    pattern: Pattern,
    method: SyncMethod,
    parts: Sequence[TimedSyncs],
    scattered: Sequence[TimedSyncs] | None = None,
) -> Iterator[Series]:
    if (summary := summary_of(parts, scattered)) is not None:
        kind = SeriesKind(pattern, method, OBSERVED_BLOCK_BYTES)
        yield Series.of(kind, summary, "time")


def _server_parts(server: ObservedServer, count: str, us: str) -> list[TimedSyncs]:
    parts = []
    for before, after in pairwise(server.looks):
        added = added_counts(server.counters, before, after)
        syncs, spent_us = added[count].value, added[us].value
        if syncs is not None and spent_us is not None:
            parts.append(TimedSyncs(int(syncs), spent_us))
    return parts


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
    timed_by = f"the kernel at {flushing}"
    if by_server and activity:
        timed_by = f"{activity.log_sync_us_from}, {WAITED}"
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
        f"a usual write and a flush of {flushing}, as the kernel saw them, stand for a sync;"
        " writes of pages are among these writes"
    )
    if activity is None:
        yield MeasurementWarning(code="untimed-syncs", text=f"no server was asked: {stands}")
        return
    why = activity.log_sync_us_from.removeprefix(NOT_KNOWN) or "the server times no sync"
    cost = _cost_of_timing(clock_ns)
    yield MeasurementWarning(code="untimed-syncs", text=f"{why}: {stands}{cost}")


def _cost_of_timing(clock_ns: float | None) -> str:
    if clock_ns is None:
        return ""
    return (
        "; to turn it on costs two looks at the clock for each write and each sync,"
        f" {clock_ns:.0f} ns each here"
    )


def _nothing_seen(
    devices: Sequence[ObservedDevice],
    activities: Sequence[DeviceActivity],
    activity: Activity | None,
    seconds: float,
    clock_ns: float | None,
) -> AdvisorError:
    """The error where there is no series: nothing happened, or nobody timed it."""
    flushed = any(
        isinstance(each.flushes_per_s, float) and each.flushes_per_s > 0 for each in activities
    )
    synced = activity is not None and bool(activity.log_syncs_per_s)
    reasons = [*_why_no_device_time(devices, activities)]
    if activity is not None and activity.log_sync_us is None and activity.log_sync_us_from:
        why = activity.log_sync_us_from.removeprefix(NOT_KNOWN)
        reasons.insert(0, f"{why}{_cost_of_timing(clock_ns)}")
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
