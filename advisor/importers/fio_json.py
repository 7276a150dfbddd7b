"""fio's JSON and JSON+, 3.0 and later.

Which version writes what: fio's stat.c; the sync section came with 3.4, its N with 3.18.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.importers import fio
from advisor.importers.clean_text import printable
from advisor.importers.json_values import JsonValue, damaged, figure, json_values, member, members
from advisor.importers.reported import NOT_SAID, Candidate, Latencies
from advisor.measurement import Known, Measurement

SIGNATURE: Final = re.compile(r'"fio version"')


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each job of each report."""
    interrupted = fio.INTERRUPTED in text
    for found in json_values(text):
        if found.problem:
            yield Candidate(found.start, "fio", partial(_refuse, found))
        elif member(found.value, "fio version"):
            yield from _jobs(found.start, found.value, interrupted=interrupted)


def _refuse(found: JsonValue) -> Measurement:
    raise damaged(found)


def _jobs(start: int, report: dict[str, Any], *, interrupted: bool) -> Iterator[Candidate]:
    tool = printable(report["fio version"], 30).replace("fio-", "fio ")
    # The client's side of client/server mode has no "jobs", and adds up all hosts at the end.
    jobs = report.get("jobs") or report.get("client_stats")
    if not isinstance(jobs, list):
        jobs = [None]
    jobs = [job for job in jobs if member(job, "jobname") != "All clients"]
    together = Counter(str(member(job, "groupid")) for job in jobs)
    for number, job in enumerate(jobs):
        name = printable(member(job, "jobname") or "?")
        concurrent_jobs = together[str(member(job, "groupid"))] - 1
        build = partial(
            _measurement, tool, name, report, job, concurrent_jobs, interrupted=interrupted
        )
        yield Candidate(start + number, f"{tool}, job {name}", build)


def _measurement(
    tool: str,
    name: str,
    report: dict[str, Any],
    job: Any,
    concurrent_jobs: int,
    *,
    interrupted: bool,
) -> Measurement:
    fio.require_usable(tool, interrupted=interrupted)
    if not isinstance(member(job, "write"), dict):
        raise AdvisorError(f"{tool} reported no job", "save the whole output")
    given = {**members(report, "global options"), **members(job, "job options")}
    options = {str(key): printable(value, 200) for key, value in given.items()}
    writes, written_bytes = figure(job, "write", "total_ios"), figure(job, "write", "io_bytes")
    block_bytes = written_bytes / writes if writes else 0.0
    if block_bytes % 1:
        raise AdvisorError(f"{tool}, job {name!r}: its writes differ in size", "use one bs=")
    jobs = options.get("numjobs", "1")
    return fio.measurement(
        fio.Job(
            tool=tool,
            name=name,
            options=options,
            options_shown=True,
            error=int(figure(job, "error")),
            reads=figure(job, "read", "total_ios"),
            writes=writes,
            ops_per_s=figure(job, "write", "iops"),
            block_bytes=block_bytes,
            jobs=int(jobs) if re.fullmatch(r"[1-9][0-9]{0,5}", jobs) else 1,
            concurrent_jobs=concurrent_jobs,
            syncs=_sync_count(job, options) or None,
            sync=_latencies(member(job, "sync", "lat_ns")),
            write=_latencies(member(job, "write", "clat_ns")),
            taken_at=_taken_at(report),
        )
    )


def _sync_count(job: dict[str, Any], options: dict[str, str]) -> float:
    """How many syncs there were. fio 3.4 to 3.42 count fdatasync where short reads are counted."""
    return (
        figure(job, "sync", "lat_ns", "N")
        or figure(job, "sync", "total_ios")
        or ("fdatasync" in options and figure(job, "read", "short_ios"))
        or 0.0
    )


def _latencies(section: Any) -> Latencies | None:
    """A section of latencies in nanoseconds, or None where fio has timed nothing."""
    mean_us = figure(section, "mean") / 1000
    if not mean_us:
        return None
    told = members(section, "percentile")
    percentiles = {
        float(key): figure(told, key) / 1000
        for key in told
        if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,8}", key)
    }
    low_us, high_us = figure(section, "min") / 1000, figure(section, "max") / 1000
    return Latencies(mean_us, low_us or None, high_us or None, percentiles)


def _taken_at(report: dict[str, Any]) -> Known[datetime]:
    """fio's clock is the seconds since 1970, at the end of the run."""
    seconds = figure(report, "timestamp")
    return datetime.fromtimestamp(seconds, UTC) if 1e9 < seconds < 1e11 else NOT_SAID
