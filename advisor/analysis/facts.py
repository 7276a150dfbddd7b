"""Measurement, verdict and request -> the facts that rules read. Pure."""

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from advisor.analysis.fact_names import FACT_NAMES, MEASURED_PERFORMANCE, METHODS
from advisor.analysis.storage import devices_of, write_cache
from advisor.analysis.verdict import Verdict
from advisor.conditions import Fact, Strict
from advisor.measurement import PRIMARY_BYTES, Measurement, Series, Unknown
from advisor.request import Request
from advisor.statistics import mean_interval_us
from advisor.vendors.names import VENDOR_NAMES
from advisor.vendors.registry import VENDORS
from advisor.versions import FEATURES

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
) -> dict[str, Fact]:
    """Every fact of FACT_NAMES; what is not known is Unknown, with the reason."""
    facts: dict[str, Fact] = {
        **_asked(request, assumptions),
        **_built(request),
        **_host(measurement, request),
        **_identified(measurement, verdict),
        **_measured(measurement, verdict),
    }
    return {name: facts[name] for name in FACT_NAMES}


def facts_without_drive(request: Request, assumptions: Mapping[str, Assumption]) -> dict[str, Fact]:
    """What a request alone says; all that takes a drive or its host is Unknown."""
    unmeasured: dict[str, Fact] = dict.fromkeys(FACT_NAMES, Unknown(unknown="no drive is measured"))
    memory = {"memory_bytes": request.memory_bytes} if request.memory_bytes else {}
    return {**unmeasured, **_asked(request, assumptions), **_built(request), **memory}


def _asked(request: Request, assumptions: Mapping[str, Assumption]) -> dict[str, Fact]:
    def or_assumed(name: str, given: float | None) -> float:
        return assumptions[name].value if given is None else given

    log_bin = request.log_bin
    return {
        "vendor": request.vendor,
        "durability": request.durability,
        "log_bin": VENDORS[request.vendor].writes_binary_log(request.version)
        if log_bin is None
        else log_bin,
        "recovery_time_s": or_assumed("recovery_time_s", request.recovery_time_s),
        "expected_commits_per_s": or_assumed(
            "expected_commits_per_s", request.expected_commits_per_s
        ),
        "log_bytes_per_commit": request.log_bytes_per_commit
        or assumptions[f"log_bytes_per_commit_{request.vendor}"].value,
    }


def _built(request: Request) -> dict[str, Fact]:
    untold = Unknown(unknown="neither --build nor an installed server says so")
    return {f"build_{feature}": request.build.get(feature, untold) for feature in FEATURES}


def _host(measurement: Measurement, request: Request) -> dict[str, Fact]:
    environment = measurement.environment
    return {
        "memory_bytes": request.memory_bytes or environment.memory_bytes,
        "cpu_count": request.cpu_count or environment.cpu_count,
        "free_bytes": measurement.target.free_bytes,
        "filesystem": measurement.target.filesystem,
    }


def _identified(measurement: Measurement, verdict: Verdict) -> dict[str, Fact]:
    return {
        "medium": verdict.medium or Unknown(unknown="the drive could not be identified"),
        "storage_class": verdict.storage_class,
        "trust": verdict.trust,
        "write_cache": write_cache(devices_of(measurement)),
        "direct_io": _direct_io(measurement),
    }


def _direct_io(measurement: Measurement) -> Fact:
    if any(series.direct for series in measurement.series):
        return True
    if any("O_DIRECT" in absent.why for absent in measurement.absent):
        return False
    return Unknown(unknown="no series with O_DIRECT was tried")


def _measured(measurement: Measurement, verdict: Verdict) -> dict[str, Fact]:
    if verdict.trust == "not-durable":
        why = Unknown(unknown="this drive does not honour a flush, so no speed counts")
        return dict.fromkeys(MEASURED_PERFORMANCE, why)
    fdatasync = measurement.primary
    fsync = measurement.find("overwrite", "fsync", block_bytes=PRIMARY_BYTES)
    return {
        "fdatasync_mean_us": _figure(fdatasync, "mean_us"),
        "fdatasync_p50_us": _figure(fdatasync, "p50_us"),
        "fdatasync_p99_us": _figure(fdatasync, "p99_us"),
        "fsync_mean_us": _figure(fsync, "mean_us"),
        "append_mean_us": _figure(measurement.find("append", "fdatasync"), "mean_us"),
        "fsync_to_fdatasync_ratio": fsync.summary.mean_us / fdatasync.summary.mean_us
        if fsync and fdatasync
        else Unknown(unknown="fsync and fdatasync were not both measured"),
        "random_write_iops": _random_write_iops(measurement),
        "sequential_write_bytes_per_s": measurement.fill.bytes_per_s
        if measurement.fill
        else Unknown(unknown="sequential writing was not measured"),
        **_fastest_method(measurement),
    }


def _figure(series: Series | None, name: str) -> Fact:
    if series is None:
        return Unknown(unknown="not measured")
    value: float | None = getattr(series.summary, name)
    return Unknown(unknown="too few samples") if value is None else value


def _random_write_iops(measurement: Measurement) -> Fact:
    for series in measurement.series:
        if series.pattern == "random" and series.method == "none" and series.direct:
            return series.summary.ops_per_s
    return Unknown(unknown="random writes were not measured")


def _fastest_method(measurement: Measurement) -> dict[str, Fact]:
    """fdatasync, unless the confidence interval of another method lies wholly below its own."""
    series = {
        method: measurement.find("overwrite", method, block_bytes=PRIMARY_BYTES)
        for method in METHODS
    }
    found = {method: entry.summary for method, entry in series.items() if entry}
    intervals = {method: mean_interval_us(summary) for method, summary in found.items()}
    primary = intervals.get("fdatasync")
    if primary is None or len(found) < len(METHODS):
        why = Unknown(unknown="the sync methods were not all measured")
        return {"fastest_sync_method": why, "fastest_sync_mean_us": why}
    faster = [
        method for method, interval in intervals.items() if interval and interval[1] < primary[0]
    ]
    best = min(faster, key=lambda method: found[method].mean_us, default="fdatasync")
    return {"fastest_sync_method": best, "fastest_sync_mean_us": found[best].mean_us}
