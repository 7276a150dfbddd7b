"""Measurement, verdict and request -> the facts that rules read. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from pydantic import Field

from advisor.analysis.fact_model import Facts, PageFlushBasis, nothing_known, without_speed
from advisor.analysis.recovery import Replay, replay_basis
from advisor.analysis.storage import devices_of, write_cache
from advisor.analysis.verdict import Verdict
from advisor.conditions import Strict
from advisor.measurement import Measurement, Series, Summary
from advisor.model import Known, Unknown
from advisor.request import Request
from advisor.series_kind import OPERATIONS_PER_PAGE, PRIMARY, PRIMARY_64K
from advisor.units import format_size
from advisor.vendors.names import VENDOR_NAMES
from advisor.vendors.registry import VENDORS
from advisor.vendors.replication import Following

ASSUMED: Final = frozenset(
    {
        "cores",
        "cpu_us_per_txn",
        "expected_commits_per_s",
        "recovery_time_s",
        *(f"log_bytes_per_commit_{vendor}" for vendor in VENDOR_NAMES),
    }
)
"""What profiles/assumptions.toml must say."""


class Assumption(Strict):
    """One entry of profiles/assumptions.toml: a value the user has not given, and why this one."""

    value: float = Field(gt=0)
    option: str
    why: str


def build_facts(
    measurement: Measurement,
    verdict: Verdict,
    request: Request,
    assumptions: Mapping[str, Assumption],
    replay: Replay,
) -> Facts:
    """Every fact; what is not known is Unknown, with the reason."""
    environment, target = measurement.environment, measurement.target
    identified = facts_without_drive(request, assumptions)._replace(
        memory_bytes=request.memory_bytes or environment.memory_bytes,
        cpu_count=request.cpu_count or environment.cpu_count,
        free_bytes=target.free_bytes,
        filesystem=target.filesystem,
        direct_io=_direct_io(measurement),
        medium=verdict.medium or Unknown(unknown="the drive could not be identified"),
        storage_class=verdict.storage_class,
        trust=verdict.trust,
        write_cache=write_cache(devices_of(measurement)),
    )
    is_compressed = VENDORS[request.vendor].compresses_log(request.version, request.build)
    max_ops_per_s = request.max_ops_per_s
    replayed = replay.bytes_per_s(
        measurement.data_drive, max_ops_per_s, is_compressed=is_compressed
    )
    return _with_speed(identified, measurement, replayed, max_ops_per_s)


UNSAID_LOG: Final = Unknown(
    unknown="whether it has a binary log, neither --binary-log nor --no-binary-log says"
)

FASTER_RATIO: Final = 0.8
"""Of the other mean. Our choice: a smaller gain is not worth another method."""


def facts_without_drive(request: Request, assumptions: Mapping[str, Assumption]) -> Facts:
    """What a request alone says; all that takes a drive or its host is Unknown."""

    def or_assumed(name: str, given: float | None) -> float:
        return assumptions[name].value if given is None else given

    following = _following(request)
    unmeasured = Unknown(unknown="no drive is measured")
    untold = Unknown(unknown="neither --build nor an installed server says so")
    log_bin = request.log_bin
    return nothing_known(request.vendor, request.durability, unmeasured)._replace(
        role=request.role,
        log_bin=VENDORS[request.vendor].writes_binary_log(request.version)
        if log_bin is None
        else log_bin,
        logs_what_it_applies=following.logs_what_it_applies
        if request.logs_what_it_applies is None
        else request.logs_what_it_applies,
        uses_gtid=following.uses_gtid if request.uses_gtid is None else request.uses_gtid,
        recovery_time_s=or_assumed("recovery_time_s", request.recovery_time_s),
        expected_commits_per_s=request.expected_commits_per_s
        or Unknown(unknown="--expected-tps does not say it"),
        log_bytes_per_commit=request.log_bytes_per_commit
        or assumptions[f"log_bytes_per_commit_{request.vendor}"].value,
        cluster=request.cluster or "none",
        memory_bytes=request.memory_bytes or unmeasured,
        build_lz4=request.build.get("lz4", untold),
        build_zstd=request.build.get("zstd", untold),
        build_liburing=request.build.get("liburing", untold),
        build_numa=request.build.get("numa", untold),
    )


def _following(request: Request) -> Following:
    """As the version has it by default; that a replica has no binary log of what it applies only
    where somebody says so."""
    server = VENDORS[request.vendor]
    logs = server.writes_binary_log(request.version) if request.log_bin is None else request.log_bin
    found = server.following({}, request.version, log_bin=logs, all_told=False)
    if logs or request.log_bin is not None or not server.has_binary_log:
        return found
    return found._replace(logs_what_it_applies=UNSAID_LOG)


def _direct_io(measurement: Measurement) -> Known[bool]:
    if any(series.direct for series in measurement.series):
        return True
    if any("O_DIRECT" in absent.why for absent in measurement.absent):
        return False
    return Unknown(unknown="no series with O_DIRECT was tried")


def _with_speed(
    facts: Facts, measurement: Measurement, replayed: Known[float], max_ops_per_s: float | None
) -> Facts:
    """`facts` with all that argues from speed, which nothing does where no flush is honoured."""
    if facts.trust == "not-durable":
        why = Unknown(unknown="this drive does not honour a flush, so no speed counts")
        return without_speed(facts, why)
    flushes_per_s, basis = _page_flushes(measurement, max_ops_per_s)
    fdatasync = measurement.primary
    fsync = measurement.find(replace(PRIMARY, method="fsync"))
    open_datasync = measurement.find(replace(PRIMARY, method="open_datasync"))
    return facts._replace(
        fdatasync_mean_us=_figure(fdatasync, lambda summary: summary.mean_us),
        fdatasync_p50_us=_figure(fdatasync, lambda summary: summary.p50_us),
        fdatasync_p99_us=_figure(fdatasync, lambda summary: summary.p99_us),
        fsync_mean_us=_figure(fsync, lambda summary: summary.mean_us),
        append_mean_us=_figure(measurement.append, lambda summary: summary.mean_us),
        open_datasync_is_faster=_open_datasync_is_faster(measurement),
        open_datasync_mean_us=_figure(open_datasync, lambda summary: summary.mean_us),
        fsync_to_fdatasync_ratio=fsync.summary.mean_us / fdatasync.summary.mean_us
        if fsync and fdatasync
        else Unknown(unknown="fsync and fdatasync were not both measured"),
        page_flushes_per_s=flushes_per_s,
        page_flushes_basis=basis,
        page_reads_per_s=_figure(
            measurement.data_drive.page_reads, lambda summary: summary.ops_per_s
        ),
        replay_bytes_per_s=replayed,
        replay_basis=replay_basis(measurement.data_drive),
        sequential_write_bytes_per_s=measurement.fill.bytes_per_s
        if measurement.fill
        else Unknown(unknown="sequential writing was not measured"),
    )


def _figure(series: Series | None, of: Callable[[Summary], float | None]) -> Known[float]:
    if series is None:
        return Unknown(unknown="not measured")
    value = of(series.summary)
    return Unknown(unknown="too few samples") if value is None else value


def _page_flushes(
    measurement: Measurement, max_ops_per_s: float | None
) -> tuple[Known[float], Known[PageFlushBasis]]:
    """How many, and what decides that."""
    flushes, writes = measurement.page_flushes, measurement.page_writes
    if flushes is not None:
        per_s = flushes.summary.ops_per_s
    elif writes is not None:
        per_s = writes.summary.ops_per_s / 2  # each page twice
    else:
        why = Unknown(unknown="neither page flushes nor random writes were measured")
        return why, why
    if max_ops_per_s is None or per_s <= max_ops_per_s / OPERATIONS_PER_PAGE:
        return per_s, "that this drive flushes"
    return max_ops_per_s / OPERATIONS_PER_PAGE, "that --max-iops allows"


def _open_datasync_is_faster(measurement: Measurement) -> Known[bool]:
    """Whether another method than Linux's default, fdatasync, deserves to be chosen.

    fsync and open_sync cannot truly beat their data-only twins: they write the inode's times on
    top. A small difference in one block's mean is not worth a change either, so open_datasync has
    to be a fifth faster, surely, and for larger writes, too.
    """
    for kind in (PRIMARY, PRIMARY_64K):
        fdatasync = measurement.find(kind)
        open_datasync = measurement.find(replace(kind, method="open_datasync"))
        if fdatasync is None or open_datasync is None:
            size = format_size(kind.block_bytes)
            return Unknown(unknown=f"fdatasync and open_datasync of {size} were not both measured")
        ours_us = open_datasync.summary.mean_interval_us
        theirs_us = fdatasync.summary.mean_interval_us
        if ours_us is None or theirs_us is None:
            return Unknown(unknown="the means of fdatasync and open_datasync have no interval")
        ratio = open_datasync.summary.mean_us / fdatasync.summary.mean_us
        if ours_us[1] >= theirs_us[0] or ratio > FASTER_RATIO:
            return False
    return True
