"""Measurements made by hand: a drive as a test describes it, and sensible defaults for the rest.

`measurement()` alone is a consumer NVMe SSD on bare metal, ext4, 1 ms per sync: no check has
anything to say about it.
"""

from array import array
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Final

from advisor.measurement import (
    AbsentSeries,
    Background,
    Device,
    Environment,
    Fill,
    Layer,
    Measurement,
    MeasurementWarning,
    Round,
    Series,
    SeriesUnderLoad,
    Summary,
    Target,
)
from advisor.model import Known, Unknown
from advisor.series_kind import KIB, Load, Method, Pattern

UNKNOWN: Final = Unknown(unknown="not looked at")
GIB: Final = 1024**3


def device(
    name: str = "nvme0n1",
    *,
    model: Known[str] = "X",
    transport: Known[str] = "nvme",
    rotational: Known[bool] = False,
    write_cache: Known[str] = "write back",
) -> Device:
    """One disk; without arguments a consumer NVMe SSD."""
    return Device(
        name=name,
        model=model,
        vendor=UNKNOWN,
        transport=transport,
        rotational=rotational,
        write_cache=write_cache,
        fua=True,
        scheduler="none",
        logical_block_bytes=512,
        physical_block_bytes=4096,
        size_bytes=1_000_000_000_000,
    )


def summary(
    mean_us: float,
    *,
    count: int = 1000,
    ops_per_s: float | None = None,
    p50_us: float | None = None,
    p99_us: float | None = None,
    ci95_percent: float | None = 2.0,
) -> Summary:
    """A series in numbers. Without `ops_per_s` what one writer makes of the mean."""
    return Summary(
        count=count,
        ops_per_s=1e6 / mean_us if ops_per_s is None else ops_per_s,
        mean_us=mean_us,
        min_us=None,
        p50_us=p50_us,
        p90_us=None,
        p99_us=p99_us,
        p999_us=None,
        max_us=None,
        ci95_percent=ci95_percent,
    )


def round_of(
    latencies_ns: Sequence[int] = (1_000_000,) * 10,
    *,
    warmup_count: int = 0,
    elapsed_ns: int = 10_000_000,
    flush_requests: Known[int] = UNKNOWN,
) -> Round:
    """One round of a series."""
    return Round(
        latencies_ns=array("q", latencies_ns),
        warmup_count=warmup_count,
        elapsed_ns=elapsed_ns,
        written_bytes=8 * KIB * len(latencies_ns),
        flush_requests=flush_requests,
        device_written_bytes=UNKNOWN,
    )


def series(
    pattern: Pattern,
    method: Method,
    of: float | Summary,
    *,
    direct: bool = False,
    block_bytes: int = 8 * KIB,
    writers: int = 1,
    rounds: Sequence[Round] = (),
) -> Series:
    """A series `of` a mean in microseconds, or of a whole summary."""
    return Series(
        name=f"{pattern} {method}",
        method=method,
        pattern=pattern,
        direct=direct,
        block_bytes=block_bytes,
        writers=writers,
        summary=of if isinstance(of, Summary) else summary(of),
        ended_by="confidence",
        rounds=tuple(rounds),
    )


def under_load(
    pattern: Pattern,
    of: float | Summary,
    *,
    beside: Load = "page-flush",
    ops_per_s: float = 500.0,
    rounds: Sequence[Round] = (),
) -> SeriesUnderLoad:
    """A series with fdatasync beside so many pages or blocks a second."""
    idle = series(pattern, "fdatasync", of, rounds=rounds)
    block_bytes = 16 * KIB if beside == "page-flush" else 1024 * KIB
    written_bytes = 2 * block_bytes if beside == "page-flush" else block_bytes
    return SeriesUnderLoad(
        **{**dict(idle), "name": f"{idle.name}-beside-{beside}"},
        beside=beside,
        background=Background(
            writers=8 if beside == "page-flush" else 1,
            block_bytes=block_bytes,
            ops_per_s=ops_per_s,
            bytes_per_s=ops_per_s * written_bytes,
        ),
    )


def classic(per_s: float, block_bytes: int = 4 * KIB) -> Series:
    """The classic test: one thread, one block, O_DIRECT, fsync."""
    return series(
        "classic",
        "fsync",
        summary(1e6 / per_s, ops_per_s=per_s),
        direct=True,
        block_bytes=block_bytes,
    )


def measurement(
    primary: float | Summary | Series | None = 1000.0,
    *others: Series,
    devices: Known[tuple[Device, ...]] | None = None,
    filesystem: Known[str] = "ext4",
    mount_options: tuple[str, ...] = ("rw", "relatime"),
    free_bytes: Known[int] = 100 * GIB,
    memory_bytes: Known[int] = 8 * GIB,
    cpu_count: Known[int] = 4,
    virtualisation: Known[str] = "none",
    layers: Known[tuple[Layer, ...]] = UNKNOWN,
    preloaded: tuple[str, ...] = (),
    source: str = "measured",
    label: str | None = None,
    fill: Fill | None = None,
    absent: tuple[AbsentSeries, ...] = (),
    warnings: tuple[MeasurementWarning, ...] = (),
) -> Measurement:
    """A whole run. `primary` is 8 KiB overwrite and fdatasync: its mean, summary or series."""
    if isinstance(primary, int | float | Summary):
        primary = series("overwrite", "fdatasync", primary)
    return Measurement(
        tool_version="0.0.1",
        source=source,
        taken_at=datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc),
        label=label,
        target=Target(
            directory="/var/lib/database",
            device_id="259:1",
            filesystem=filesystem,
            mount_point="/var/lib",
            mount_source="/dev/nvme0n1p1",
            mount_options=mount_options,
            free_bytes=free_bytes,
            devices=(device(),) if devices is None else devices,
            layers=layers,
        ),
        environment=Environment(
            os="Debian",
            kernel="6.1",
            cpu_model="a processor",
            cpu_count=cpu_count,
            memory_bytes=memory_bytes,
            virtualisation=virtualisation,
            preloaded=preloaded,
        ),
        fill=fill,
        written_bytes=1_000_000,
        series=(*((primary,) if primary else ()), *others),
        absent=absent,
        warnings=warnings,
    )
