"""An observation in lines and in a table: the load, its log, its syncs, and each device."""

from collections.abc import Iterator
from typing import Final

from advisor.model import Known, Unknown
from advisor.observation import DeviceActivity, Observation
from advisor.output.document import Table
from advisor.units import format_count, format_latency, format_named

HEADINGS: Final = (
    *("device", "busy", "queue", "writes/s", "a write", "flushes/s", "a flush", "reads/s"),
    "a read",
)


def observation_lines(found: Observation) -> Iterator[str]:
    """What the server did, a line for each figure; and how busy the host was."""
    by = "" if isinstance(found.server, Unknown) else f" {found.server}"
    seconds = format_count(found.interval_s)
    yield f"observed:{by} for {seconds} s; a sync is timed by {found.sync_from}"
    for what, value, source in (
        ("commits/s", _count(found.commits_per_s), found.commits_from),
        ("log syncs/s", _count(found.log_syncs_per_s), found.log_syncs_from),
        (
            "binary log syncs/s",
            _count(found.binary_log_syncs_per_s),
            found.binary_log_syncs_from,
        ),
        ("syncs per commit", _count(found.syncs_per_commit), ""),
        ("log/s", _size(found.log_bytes_per_s), found.log_bytes_from),
        ("log per commit", _size(found.log_bytes_per_commit), ""),
        ("whole pages in the log", _percent(found.full_page_percent), found.full_page_from),
        ("pages written/s", _count(found.pages_written_per_s), ""),
        ("checkpoints by time", _count(found.checkpoints_timed), ""),
        ("checkpoints by request", _count(found.checkpoints_requested), ""),
        ("time spent in syncs", _percent(found.sync_busy_percent), ""),
        ("processors busy", _percent(found.cpu_busy_percent), ""),
    ):
        if value:
            yield f"  {what}: {value}{f' ({source})' if source else ''}"
    yield from _stands_for_a_sync(found.devices)


def _stands_for_a_sync(devices: tuple[DeviceActivity, ...]) -> Iterator[str]:
    """What the mean of the device's series is made of; the table below has all writes' mean."""
    for device in devices:
        if device.usual_write_us is not None and not isinstance(device.flush_us, Unknown):
            yield (
                f"  a sync of {device.name}: a usual write of"
                f" {format_latency(device.usual_write_us)}, the median of the stretches between"
                f" two looks, and a flush of {format_latency(device.flush_us)}"
            )


def device_table(devices: tuple[DeviceActivity, ...]) -> Table:
    """How busy each device was, with whatever."""
    rows = [
        (
            device.name,
            f"{device.busy_percent:.0f} %",
            f"{device.queue_depth:.2f}",
            format_count(device.writes_per_s),
            _latency(device.write_us),
            _count(device.flushes_per_s) or "-",
            _latency(device.flush_us),
            format_count(device.reads_per_s),
            _latency(device.read_us),
        )
        for device in devices
    ]
    return Table("", HEADINGS, rows, frozenset(range(1, len(HEADINGS))))


def _count(value: Known[float]) -> str:
    return "" if isinstance(value, Unknown) else format_count(value)


def _percent(value: Known[float]) -> str:
    return "" if isinstance(value, Unknown) else f"{value:.0f} %"


def _size(value: Known[float]) -> str:
    return "" if isinstance(value, Unknown) else format_named("log_bytes", value)


def _latency(value: Known[float]) -> str:
    return "-" if isinstance(value, Unknown) else format_latency(value)
