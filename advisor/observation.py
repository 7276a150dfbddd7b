"""What a server and its devices did by themselves, as one interval's figures."""

from pydantic import Field

from advisor.model import (
    Known,
    LatencyUs,
    Model,
    Name,
    NonNegative,
    Percent,
    PerSecond,
    Text,
)


class DeviceActivity(Model):
    """What a block device did in an interval, for whomever, as the kernel counted it. A mean time
    is from when a request was queued until it was done, and unknown where there was none."""

    name: Name
    is_leaf: bool
    """Whether nothing lies below it."""
    reads_per_s: PerSecond
    read_bytes_per_s: PerSecond
    read_us: Known[LatencyUs]
    writes_per_s: PerSecond
    """Of data: without the empty ones that ask for a flush."""
    write_bytes_per_s: PerSecond
    write_us: Known[LatencyUs]
    flushes_per_s: Known[PerSecond]
    flush_us: Known[LatencyUs]
    usual_write_us: LatencyUs | None = None
    """The median of the mean writes of the stretches between two looks, which stands with a flush
    for a sync; None but of the device whose flushes the log waits for."""
    busy_percent: Percent
    """Of the time, at least one request was under way."""
    queue_depth: PerSecond
    """Requests under way, on average."""


class Observation(Model):
    """What a server and its devices did by themselves, while nothing was written by us. What says
    where a figure is from is in the server's own words, and says as well what else is counted."""

    interval_s: float = Field(gt=0, le=1e9)
    looks: int = Field(ge=2, le=10**6)
    """How often the counters were read, both ends included."""
    server: Known[Name]
    """Like "PostgreSQL 15.8"."""
    engine: Known[Name]
    """Which server that is, as --db names it."""
    sync_from: Text
    """What timed the sync that commits wait for, and what that includes."""
    commits_per_s: Known[PerSecond]
    commits_from: Text = ""
    log_syncs_per_s: Known[PerSecond]
    log_syncs_from: Text = ""
    binary_log_syncs_per_s: Known[PerSecond]
    binary_log_syncs_from: Text = ""
    syncs_per_commit: Known[PerSecond]
    """Of both logs together."""
    sync_busy_percent: Known[Percent]
    """Of the time, syncs of both logs took that, added up: more than 100 where they overlapped."""
    log_bytes_per_s: Known[PerSecond]
    log_bytes_from: Text = ""
    log_bytes_per_commit: Known[PerSecond]
    full_page_percent: Known[Percent]
    """Of the log's bytes, what is images of whole pages."""
    full_page_from: Text = ""
    checkpoints_timed: Known[NonNegative]
    checkpoints_requested: Known[NonNegative]
    """By the amount of log, mostly."""
    pages_written_per_s: Known[PerSecond]
    cpu_busy_percent: Known[Percent]
    """Of all processors of the host."""
    devices: tuple[DeviceActivity, ...] = Field(max_length=1000)
    """From the directory of the log down."""
