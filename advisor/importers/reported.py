"""What importers build: candidates, and Measurements of what a tool reported of its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from advisor import __version__
from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.measurement import (
    Environment,
    Measurement,
    MeasurementWarning,
    Series,
    Summary,
    Target,
)
from advisor.model import Known, Unknown
from advisor.series_kind import Method, Pattern, SeriesKind
from advisor.statistics import MIN_COUNT_FOR_PERCENTILE

NOT_SAID: Final = Unknown(unknown="not in the report")

OPS_PER_S: Final = (1e-4, 1e8)
BLOCK_BYTES: Final = (1, 64 * 1024**2)
"""Wider than anything a drive does; beyond that a figure is damaged."""

PERCENTILES: Final = {50.0: "p50_us", 90.0: "p90_us", 99.0: "p99_us", 99.9: "p999_us"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One result found in a text. `build` makes the Measurement, or raises AdvisorError."""

    start: int
    """Where in the text it begins."""
    name: str
    """What it is called where several are found: "fio 3.33, job seq-sync"."""
    build: Callable[[], Measurement]


@dataclass(frozen=True, slots=True)
class Latencies:
    """A distribution as a report gives it, in microseconds. `percentiles` by percent."""

    mean_us: float
    min_us: float | None = None
    max_us: float | None = None
    percentiles: Mapping[float, float] | None = None


def reported_series(
    pattern: Pattern,
    method: Method,
    ops_per_s: float,
    *,
    block_bytes: float,
    direct: bool = False,
    writers: int = 1,
    count: float | None = None,
    latencies: Latencies | None = None,
) -> Series:
    """One series from its rate. The mean is the time that a writer needs for one write and sync.

    `latencies` are used but for their mean, and percentiles only where the count supports them.
    Raises AdvisorError for figures that no drive has, or that contradict each other.
    """
    _within(ops_per_s, OPS_PER_S, "operations per second")
    _within(block_bytes, BLOCK_BYTES, "bytes per write")
    _within(writers, (1, 100_000), "writers")
    size, whole_count = round(block_bytes), round(min(count, 1e15)) if count else None
    summary = Summary(
        count=whole_count or None,
        ops_per_s=ops_per_s,
        mean_us=writers * 1e6 / ops_per_s,
        ci95_percent=None,
        **_distribution(latencies, whole_count),
    )
    return Series.of(SeriesKind(pattern, method, size, direct, writers), summary, "reported")


def reported_measurement(
    tool: str,
    series: Iterable[Series],
    notes: Mapping[str, str],
    *,
    taken_at: Known[datetime] = NOT_SAID,
    directory: Known[str] = NOT_SAID,
    filesystem: Known[str] = NOT_SAID,
    mount_source: Known[str] = NOT_SAID,
    os: Known[str] = NOT_SAID,
    kernel: Known[str] = NOT_SAID,
    cpu_model: Known[str] = NOT_SAID,
    memory_bytes: Known[int] = NOT_SAID,
) -> Measurement:
    """What `tool` (its name and version) reported. `notes` name what was used, by code.

    Whatever the report does not say is unknown. Raises AdvisorError where there is no series.
    """
    found = tuple(series)
    if not found:
        raise AdvisorError(f"{tool} reported no figure that can be used")
    return Measurement(
        tool_version=__version__,
        source=f"reported by {printable(tool)}",
        taken_at=taken_at,
        target=Target(
            directory=directory,
            device_id=NOT_SAID,
            filesystem=filesystem,
            mount_point=NOT_SAID,
            mount_source=mount_source,
            mount_options=(),
            free_bytes=NOT_SAID,
            devices=NOT_SAID,
        ),
        environment=Environment(
            os=os,
            kernel=kernel,
            cpu_model=cpu_model,
            cpu_count=NOT_SAID,
            memory_bytes=memory_bytes,
            virtualisation=NOT_SAID,
            preloaded=(),
        ),
        written_bytes=NOT_SAID,
        series=found,
        warnings=tuple(
            MeasurementWarning(code=code, text=printable(text, 400))
            for code, text in notes.items()
            if text
        ),
    )


def _within(value: float, limits: tuple[float, float], what: str) -> None:
    low, high = limits
    if not low <= value <= high:
        raise AdvisorError(f"{value:g} {what} cannot be", "is the report complete and unchanged?")


def _distribution(latencies: Latencies | None, count: int | None) -> dict[str, float | None]:
    """The fields of a Summary beside the mean; None for what is not known."""
    fields: dict[str, float | None] = dict.fromkeys(("min_us", *PERCENTILES.values(), "max_us"))
    if latencies is None:
        return fields
    fields["min_us"], fields["max_us"] = latencies.min_us, latencies.max_us
    for percent, field in PERCENTILES.items():
        value = (latencies.percentiles or {}).get(percent)
        if value and count and count >= MIN_COUNT_FOR_PERCENTILE[percent]:
            fields[field] = value
    # A histogram's percentile is the middle of a bucket and may exceed the maximum a little.
    known = [value for value in fields.values() if value is not None]
    if any(later < 0.98 * earlier for earlier, later in pairwise(known)):
        raise AdvisorError(
            "its percentiles contradict each other", "is the report complete and unchanged?"
        )
    return fields
