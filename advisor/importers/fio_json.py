"""fio's JSON and JSON+, 2.0 and later.

Which version writes what: fio's stat.c; the sync section came with 3.4, its N with 3.18. 2.2.10 was
run: sizes in KiB, and no options.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from math import ceil
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.importers import fio
from advisor.importers.clean_text import printable
from advisor.importers.json_values import JsonValue, damaged, figure, json_values, member, members
from advisor.importers.reported import NOT_SAID, Candidate, Latencies
from advisor.measurement import Measurement
from advisor.model import Known

SIGNATURE: Final = re.compile(r'"fio version"')

ALL_THE_TIME: Final = 0.85
"""The part of a run that its writers must have written in, for its rate to be that of all."""
EQUAL_TIMES: Final = 0.97
"""The same, where the times alone tell how many they were."""


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
    fio.require_whole(tool, interrupted=interrupted)
    if not isinstance(member(job, "write"), dict):
        raise AdvisorError(f"{tool} reported no job", "save the whole output")
    given = {**members(report, "global options"), **members(job, "job options")}
    options = {str(key): printable(value, 200) for key, value in given.items()}
    writes = figure(job, "write", "total_ios")
    block_bytes = figure(job, "write", "io_bytes") / writes if writes else 0.0
    sizes_differ = block_bytes % 1 > 0
    if tool.startswith("fio 2."):  # in whole KiB, and of no one size only where the options say so
        sizes_differ = not {"bsrange", "bssplit"}.isdisjoint(options)
        block_bytes = float(round(block_bytes * 1024))
    if sizes_differ:
        raise AdvisorError(f"{tool}, job {name!r}: its writes differ in size", "use one bs=")
    counts_syncs = fio.counts_syncs(tool) and not member(report, "client_stats")
    printed_rate = figure(job, "write", "iops")
    time_ms = figure(job, "write", "runtime")
    writers, writers_note = (1, "") if concurrent_jobs else _writers(tool, name, job, options)
    return fio.measurement(
        fio.Job(
            tool=tool,
            name=name,
            options=options,
            options_shown=True,
            error=int(figure(job, "error")),
            reads=figure(job, "read", "total_ios"),
            writes=writes,
            ops_per_s=fio.exact_rate(tool, printed_rate, 0.01, writes, time_ms),
            block_bytes=block_bytes,
            jobs=writers,
            concurrent_jobs=concurrent_jobs,
            syncs=_sync_count(job, options) or (0.0 if counts_syncs else None),
            counts_syncs=counts_syncs,
            sync=_latencies(member(job, "sync", "lat_ns")),
            write=_latencies(member(job, "write", "clat_ns")) or _old_latencies(job),
            taken_at=_taken_at(report),
            notes={"writers": writers_note},
        )
    )


def _writers(tool: str, name: str, job: Any, options: dict[str, str]) -> tuple[int, str]:
    """How many wrote at once, and a note where that is assumed. Raises AdvisorError.

    With group_reporting a job's figures are those of all sections and their numjobs together, and
    only the time shows it: job_runtime is the sum over all, the write's runtime the longest.
    """
    text = options.get("numjobs", "1")
    told = int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text) else 1
    time_ms, sum_ms = figure(job, "write", "runtime"), figure(job, "job_runtime")
    if not time_ms:
        return told, ""
    if not sum_ms:
        return told, "" if told > 1 else "how many jobs wrote is not in the report: one is assumed"
    # A writer's two times differ by a millisecond.
    if (sum_ms - told) / time_ms <= told and (sum_ms + told) / time_ms >= ALL_THE_TIME * told:
        return told, ""
    count = ceil((sum_ms - 1) / time_ms)
    if count > 1 and sum_ms / time_ms >= EQUAL_TIMES * count:
        return count, f"its figures are those of {count} jobs together, by their times"
    raise AdvisorError(
        f"{tool}, job {name!r}: how many jobs wrote at once is not clear from"
        f" {sum_ms / 1000:g} s of work in {time_ms / 1000:g} s",
        "leave group_reporting out, or use time_based and runtime= for equal times",
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


def _old_latencies(job: Any) -> Latencies | None:
    """Of writes before 3.0, in microseconds; there are none of syncs."""
    mean_us = figure(job, "write", "clat", "mean")
    return Latencies(mean_us) if mean_us else None


def _taken_at(report: dict[str, Any]) -> Known[datetime]:
    """fio's clock is the seconds since 1970, at the end of the run."""
    seconds = figure(report, "timestamp")
    return datetime.fromtimestamp(seconds, timezone.utc) if 1e9 < seconds < 1e11 else NOT_SAID
