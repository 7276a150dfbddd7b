"""What a fio job means, whichever way fio printed it. Source: fio.readthedocs.io, and fio's source.

fio times the write and the sync apart: the rate is that of both, the sync's latencies are its own.
Before 3.4 it neither times nor counts syncs (run with 2.2.10 and 3.1).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.reported import (
    NOT_SAID,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.model import Known
from advisor.series_kind import Method, Pattern

INTERRUPTED: Final = "fio: terminating on signal"
"""What it prints beside the figures it has so far."""

ONE_AT_A_TIME: Final = ("sync", "psync", "vsync", "pvsync", "pvsync2")
"""Engines that ignore iodepth."""
ASYNCHRONOUS: Final = ("libaio", "io_uring", "posixaio", "windowsaio")
"""Engines whose syncs some versions time from their end: 0.4 us for 3 ms with 3.16's libaio."""
ENGINES: Final = (*ONE_AT_A_TIME, *ASYNCHRONOUS)
"""Engines that write and sync files; others send data elsewhere, or nowhere."""
FIRST_WITH_SYNCS: Final = (3, 4)
"""The first version whose reports count and time syncs."""

THROTTLES: Final = ("rate", "rate_iops", "rate_min", "rate_process", "thinktime")
OFF: Final = ("", "0", "none", None)

WRITE_SHARE_MAX: Final = 0.1
"""Of a sync's time that its write may take for the sync's percentiles to stand for both."""
DISAGREEMENT_MAX: Final = 1.5
"""Between the rate and the latencies; fio's own overhead needs some."""
OVERHEAD_US: Final = 3.0
"""What fio itself may need for one write and sync: 1.6 us on a memory file system (fio 3.33)."""
CLOCK_US: Final = 1000.0
"""fio tells a run's time in whole milliseconds."""
RATE_DISAGREEMENT_MAX: Final = 0.01
"""Between a printed rate and writes / time, beside what rounding explains."""
NO_OP_US: Final = 2.0
"""A sync that returns sooner has found nothing to do."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as a report shows it. Options that the report does not show are not in `options`."""

    tool: str
    """Like "fio 3.33"."""
    name: str
    options: Mapping[str, str]
    options_shown: bool
    """Whether an option that is missing was not given, or only not shown."""
    error: int
    reads: float
    writes: float
    ops_per_s: float
    block_bytes: float
    jobs: int
    """Processes that the figures are of."""
    concurrent_jobs: int
    """Jobs with figures of their own that ran at the same time."""
    syncs: float | None
    """How often it synced; None where the report does not say."""
    counts_syncs: bool
    """Whether this version would have shown a sync."""
    sync: Latencies | None
    write: Latencies | None
    method: Method | None = None
    """What the report shows of it where it shows no options."""
    no_command: str = ""
    """Why the command line above the report does not count, to be put in brackets."""
    taken_at: Known[datetime] = NOT_SAID
    notes: Mapping[str, str] = field(default_factory=dict)


def require_whole(tool: str, *, interrupted: bool) -> None:
    """Raises AdvisorError for a run cut short."""
    if interrupted:
        raise AdvisorError(f"{tool} was interrupted", "let it run to its end")


def counts_syncs(tool: str) -> bool:
    """Whether this version's reports show syncs. A version that is not said is taken for new."""
    version = re.match(r"fio ([0-9]{1,4})\.([0-9]{1,4})", tool)
    return version is None or (int(version[1]), int(version[2])) >= FIRST_WITH_SYNCS


def exact_rate(tool: str, printed: float, step: float, writes: float, time_ms: float) -> float:
    """Writes per second from their count and time, for a printed rate is rounded to `step`.

    Raises AdvisorError where the two contradict each other.
    """
    if not writes or not time_ms:
        return 0.0
    exact = writes * 1000 / time_ms
    if abs(exact - printed) > step + RATE_DISAGREEMENT_MAX * printed:
        raise AdvisorError(
            f"{tool} says {printed:g} writes/s, but {writes:.0f} in {time_ms / 1000:g} s"
            f" are {exact:.4g}",
            "is the report complete and unchanged?",
        )
    return exact


def option(job: Job, name: str) -> str | None:
    """An option that is given and not off."""
    value = job.options.get(name)
    return None if value in OFF else value


def measurement(job: Job) -> Measurement:
    """The job as a Measurement. Raises AdvisorError for one that has no sync after each write."""
    for complaint, hint in _complaints(job):
        raise AdvisorError(f"{job.tool}, job {job.name!r}: {complaint}", hint)
    method, open_flag = _method(job)
    pattern, pattern_note = _pattern(job)
    latencies, latency_note = _latencies(job, separate=not open_flag)
    rate_note = f"the write rate and the {latency_note}" if latencies else "only the write rate"
    why_not = "" if latencies else f" is used: {latency_note}"
    notes = {
        "used": f"{job.tool}, job {job.name}: {rate_note}"
        + (f" ({method}) are used" if latencies else why_not),
        "pattern": pattern_note,
        **job.notes,
    }
    if not job.options_shown:
        notes["options"] = (
            f"fio's text does not show direct= and overwrite={_aside(job)}:"
            " their defaults are assumed"
        )
    timed = job.sync if option(job, "ioengine") not in ASYNCHRONOUS else None
    if timed and timed.mean_us < NO_OP_US:
        notes["no-op"] = f"a sync took {timed.mean_us:.3g} us: it found nothing to do"
    return reported_measurement(
        job.tool,
        [
            reported_series(
                pattern,
                method,
                job.ops_per_s,
                block_bytes=job.block_bytes,
                direct=option(job, "direct") is not None,
                writers=job.jobs,
                count=job.writes,
                latencies=latencies,
            )
        ],
        notes,
        taken_at=job.taken_at,
        directory=_directory(job),
    )


def _complaints(job: Job) -> Iterator[tuple[str, str]]:
    """Why a job's figures are not those of one write and one sync after another."""
    plain = "a job with rw=write, fdatasync=1, overwrite=1 and nothing else is best"
    synced = option(job, "fsync") or option(job, "fdatasync")
    open_flag = option(job, "sync")
    if job.error:
        yield f"the run failed with error {job.error}", "run it again"
    if not job.writes or not job.ops_per_s:
        yield "it wrote nothing", plain
    if job.reads:
        yield "it reads, too, so its rate is not that of writes and syncs", plain
    if synced and open_flag:
        yield (
            f"sync={open_flag} and {'fsync' if option(job, 'fsync') else 'fdatasync'}={synced}"
            " together: the write has flushed already when the sync is timed",
            "leave one of them out",
        )
    if synced not in (None, "1"):
        yield f"it syncs once in {synced} writes", plain
    if flag := option(job, "sync_file_range"):
        yield f"sync_file_range={flag} does not flush the drive", "run it with --fdatasync=1"
    if not (synced or open_flag or job.method):
        if job.counts_syncs or (job.options_shown and job.options):
            yield f"no sync after each write{_aside(job)}", "run it with --fdatasync=1"
        yield (
            f"whether it synced after each write is not in the report{_aside(job)}",
            f"before {'.'.join(map(str, FIRST_WITH_SYNCS))} fio shows no syncs: keep the command"
            " line above its text, or use a later version",
        )
    if synced and not open_flag and job.syncs is not None:
        if job.syncs < 0.9 * job.writes - job.jobs:
            yield f"{job.syncs:.0f} syncs for {job.writes:.0f} writes", plain
    elif synced and not job.counts_syncs and not _time_for_syncs(job):
        yield "its writes take all its time, so it did not sync after each", plain
    if (nrfiles := option(job, "nrfiles")) not in (None, "1"):
        yield (
            f"nrfiles={nrfiles}: fio syncs another file than it has written (axboe/fio#1904)",
            "use one file",
        )
    if ":" in job.options.get("filename", ""):
        yield "filename= names several files", "use one file"
    for name in THROTTLES:
        if value := option(job, name):
            yield f"{name}={value} limits its rate, not the drive", "leave it out"
    engine = option(job, "ioengine")
    if engine not in (None, *ENGINES):
        yield f"ioengine={engine} does not write and sync a file", "use ioengine=psync"
    if (depth := option(job, "iodepth")) not in (None, "1") and engine not in ONE_AT_A_TIME:
        yield f"iodepth={depth}: its syncs overlap with writes", "use iodepth=1"
    if job.concurrent_jobs:
        others = "another job" if job.concurrent_jobs == 1 else f"{job.concurrent_jobs} other jobs"
        yield (
            f"it ran at the same time as {others}",
            "separate jobs with stonewall, or use group_reporting for equal ones",
        )
    if option(job, "fsync_on_close"):
        yield "fsync_on_close inflates its rate (axboe/fio#831)", "leave it out"


def _aside(job: Job) -> str:
    return f" ({job.no_command})" if job.no_command else ""


def _method(job: Job) -> tuple[Method, bool]:
    """The sync method, and whether the write itself syncs."""
    if flag := option(job, "sync"):
        return ("open_datasync" if flag == "dsync" else "open_sync"), True
    if option(job, "fdatasync"):
        return "fdatasync", False
    if option(job, "fsync"):
        return "fsync", False
    assert job.method is not None  # else there was a complaint
    return job.method, False


def _pattern(job: Job) -> tuple[Pattern, str]:
    """Where it writes: a file that fio has made is allocated, and written only by overwrite=1."""
    filename = job.options.get("filename", "")
    if option(job, "file_append"):
        return "append", ""
    if filename.startswith("/dev/") and not filename.startswith("/dev/shm/"):
        return "overwrite", f"it wrote to the device {filename}, without a file system"
    where = "it wrote at random offsets" if job.options.get("rw") == "randwrite" else ""
    if option(job, "overwrite"):
        return "overwrite", where
    return "unwritten", "without overwrite=1 it may write blocks for the first time: slower"


def _time_for_syncs(job: Job) -> bool:
    """Whether a writer had time for more than its writes, where that is the only sign of syncs."""
    if job.write is None:
        return True
    mean_us = job.jobs * 1e6 / job.ops_per_s
    return mean_us > DISAGREEMENT_MAX * job.write.mean_us + OVERHEAD_US + _clock_us(job)


def _clock_us(job: Job) -> float:
    """What the whole milliseconds of a run's time leave open, for each write of a writer."""
    return CLOCK_US * job.jobs / job.writes


def _latencies(job: Job, *, separate: bool) -> tuple[Latencies | None, str]:
    """The latencies that stand for a write and its sync, and what they are; or None, and why.

    Raises AdvisorError where they contradict the rate: then one of the two is not what it seems.
    """
    mean_us = job.jobs * 1e6 / job.ops_per_s
    write_us = job.write.mean_us if job.write else 0.0
    told, what = (job.sync, "sync latencies") if separate else (job.write, "write latencies")
    if told is None or not told.mean_us:
        return None, "it has no latencies of the sync"
    sum_us = told.mean_us + (write_us if separate else 0.0)
    engine = option(job, "ioengine")
    if mean_us > DISAGREEMENT_MAX * sum_us and separate and engine in ASYNCHRONOUS:
        return None, f"fio times no sync of ioengine={engine}, only its end"
    open_us = OVERHEAD_US + _clock_us(job)
    if not sum_us / DISAGREEMENT_MAX - open_us <= mean_us <= sum_us * DISAGREEMENT_MAX + open_us:
        one = "one writer" if job.jobs == 1 else f"{job.jobs} writers"
        raise AdvisorError(
            f"{job.tool}, job {job.name!r}: with {one}, one write each {mean_us:.3g} us does not"
            f" fit its latencies, {sum_us:.3g} us",
            "run one job at a time, without a limit to its rate, and keep its output as it is",
        )
    if separate and write_us > WRITE_SHARE_MAX * told.mean_us:
        return None, f"the sync's latencies leave out the write, {write_us:.3g} us"
    return told, what


def _directory(job: Job) -> Known[str]:
    filename = job.options.get("filename", "")
    directory = job.options.get("directory") or filename.rpartition("/")[0]
    known = re.match(r"/[^:]*$", directory) and directory != "/dev"
    return directory if known else NOT_SAID
