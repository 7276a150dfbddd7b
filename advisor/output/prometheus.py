"""A measurement as Prometheus text, for the directory of node_exporter's textfile collector.

Format and names follow prometheus.io/docs/instrumenting/exposition_formats and
prometheus.io/docs/practices/naming: gauges in seconds, bytes and per second. No sample has a
timestamp, which the collector refuses. What is not known is absent. Each sample says of which
directory, label and source it is, so that the files of several measurements may lie side by side:
one that was measured every night, and one that is observed every quarter of an hour.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from advisor.analysis.description import describe_measured, warnings_on
from advisor.analysis.verdict import Verdict
from advisor.measurement import OBSERVED, Measurement, Series, Summary
from advisor.model import Known, Unknown
from advisor.observation import DeviceActivity, Observation
from advisor.output.text import one_line

Labels = Mapping[str, object]
Sample = tuple[Labels, float | None]
"""Labels and a value; None and Unknown are left out, of both."""


@dataclass(frozen=True, slots=True)
class _Family:
    """Samples of one name."""

    name: str
    says: str
    samples: Iterable[Sample]


@dataclass(frozen=True, slots=True)
class _SeriesFamily:
    """One figure of a summary, or several that a label tells apart."""

    name: str
    says: str
    figures: Mapping[str, Callable[[Summary], float | None]]
    """The label's value -> the figure; "" where there is no label."""
    label: str = ""


def _us(field: str) -> Callable[[Summary], float | None]:
    """A latency of a summary, in seconds."""

    def seconds(summary: Summary) -> float | None:
        latency_us: float | None = getattr(summary, field)
        return None if latency_us is None else latency_us / 1e6

    return seconds


# Not "quantile": that label is a summary's, whose figures grow from scrape to scrape.
_OF_SERIES: Final = (
    _SeriesFamily(
        "latency_seconds",
        "Latency of {what}, by percentile, where there were samples enough.",
        {"50": _us("p50_us"), "90": _us("p90_us"), "99": _us("p99_us"), "99.9": _us("p999_us")},
        label="percentile",
    ),
    _SeriesFamily("latency_mean_seconds", "Mean latency of {what}.", {"": _us("mean_us")}),
    _SeriesFamily("latency_min_seconds", "Least latency of {what}.", {"": _us("min_us")}),
    _SeriesFamily("latency_max_seconds", "Greatest latency of {what}.", {"": _us("max_us")}),
    _SeriesFamily(
        "latency_mean_error_ratio",
        "Half-width of the mean's 95 % confidence interval, in means, of {what}.",
        {"": lambda summary: summary.ci95_percent and summary.ci95_percent / 100},
    ),
    _SeriesFamily(
        "rate_per_second",
        "Rate of {what}, of all writers of the series together.",
        {"": lambda summary: summary.ops_per_s},
    ),
    _SeriesFamily("samples", "Samples of {what}.", {"": lambda summary: summary.count}),
)


def prometheus_text(measurement: Measurement, verdict: Verdict) -> str:
    """The measurement and the verdict on it in the text exposition format."""
    measured = describe_measured(measurement)
    of = {
        "directory": measured.directory,
        "label": measured.label,
        "source": measured.source,
    }
    lines = (line for family in _families(measurement, verdict) for line in _exposed(family, of))
    return "".join(f"{line}\n" for line in lines)


def _families(measurement: Measurement, verdict: Verdict) -> Iterator[_Family]:
    measured = describe_measured(measurement)
    what = {
        "class": verdict.storage_class,
        "trust": verdict.trust,
        "device": measured.devices,
        "filesystem": measured.filesystem,
        "tool_version": measured.tool_version,
    }
    yield _Family("info", "What was measured, and how far it is trusted.", [(what, 1)])
    if not isinstance(measurement.taken_at, Unknown):
        taken_at_s = measurement.taken_at.timestamp()
        yield _one("measurement_timestamp_seconds", "When it was measured.", taken_at_s)
    is_observed = measurement.source == OBSERVED  # then a rate is not what the drive was asked for
    synced = [series for series in measurement.series if series.kind.is_one_sync]
    replaced = [series for series in measurement.series if series.pattern == "durable-replace"]
    unsynced = [series for series in measurement.series if series.method == "none"]
    written = [series for series in unsynced if not series.kind.reads]
    read = [series for series in unsynced if series.kind.reads]
    for family in _series_families("sync", "one write and its sync", synced):
        if not (is_observed and family.name == "sync_rate_per_second"):
            yield family
    yield from _series_families("write", "one write without a sync", written)
    yield from _series_families("read", "one read", read)
    yield from _series_families("durable_replace", "one durable replace of a file", replaced)
    if measurement.observation:
        yield from _observed(measurement.observation)
    under_load = measurement.under_load
    yield from _series_families("sync_under_load", "one write and its sync under load", under_load)
    beside = [({"series": each.name}, each.background.ops_per_s) for each in under_load]
    yield _Family("load_per_second", "Pages flushed or blocks read beside a series.", beside)
    if measurement.fill:
        rate = measurement.fill.bytes_per_s
        yield _one("fill_bytes_per_second", "Sequential write of the test file, synced.", rate)
    if not isinstance(measurement.written_bytes, Unknown):
        yield _one("written_bytes", "What the measurement wrote.", measurement.written_bytes)
    yield _one("warnings", "Doubts about how it was measured.", len(warnings_on(measurement)))


def _one(name: str, says: str, value: float) -> _Family:
    return _Family(name, says, [({}, value)])


def _observed(found: Observation) -> Iterator[_Family]:
    """Of a server and its devices that were watched, and nothing was written."""
    yield _one("observed_interval_seconds", "How long it was observed.", found.interval_s)
    for name, says, value in (
        ("commits_per_second", "Commits of the server", found.commits_per_s),
        ("log_syncs_per_second", "Syncs of its log", found.log_syncs_per_s),
        ("binary_log_syncs_per_second", "Syncs of its binary log", found.binary_log_syncs_per_s),
        ("syncs_per_commit", "Syncs of both logs for each commit", found.syncs_per_commit),
        ("log_bytes_per_second", "Log that it wrote", found.log_bytes_per_s),
        ("pages_written_per_second", "Pages of data that it wrote", found.pages_written_per_s),
        (
            "sync_busy_ratio",
            "Part of the time that its syncs took",
            _ratio(found.sync_busy_percent),
        ),
        (
            "log_full_page_ratio",
            "Part of its log that is whole pages",
            _ratio(found.full_page_percent),
        ),
        (
            "cpu_busy_ratio",
            "Part of the processors' time that was used",
            _ratio(found.cpu_busy_percent),
        ),
    ):
        samples: list[Sample] = [] if isinstance(value, Unknown) else [({}, value)]
        yield _Family(f"observed_{name}", f"{says}, while it was observed.", samples)
    for name, says, figure in _OF_DEVICES:
        of_devices = [({"device": each.name}, figure(each)) for each in found.devices]
        yield _Family(f"observed_device_{name}", f"{says}, while it was observed.", of_devices)


def _ratio(percent: Known[float]) -> Known[float]:
    return percent if isinstance(percent, Unknown) else percent / 100


def _seconds(latency_us: Known[float]) -> float | None:
    return None if isinstance(latency_us, Unknown) else latency_us / 1e6


_OF_DEVICES: Final[tuple[tuple[str, str, Callable[[DeviceActivity], float | None]], ...]] = (
    (
        "flush_mean_seconds",
        "Mean time of a flush at the device",
        lambda each: _seconds(each.flush_us),
    ),
    (
        "write_mean_seconds",
        "Mean time of a write at the device",
        lambda each: _seconds(each.write_us),
    ),
    ("read_mean_seconds", "Mean time of a read at the device", lambda each: _seconds(each.read_us)),
    (
        "flushes_per_second",
        "Flushes of the device",
        lambda each: None if isinstance(each.flushes_per_s, Unknown) else each.flushes_per_s,
    ),
    ("writes_per_second", "Writes of the device", lambda each: each.writes_per_s),
    ("busy_ratio", "Part of the time that it was busy", lambda each: each.busy_percent / 100),
    ("queue_depth", "Requests under way on average", lambda each: each.queue_depth),
)


def _series_families(prefix: str, what: str, series: Sequence[Series]) -> Iterator[_Family]:
    for family in _OF_SERIES:
        samples: list[Sample] = [
            ({"series": measured.name, family.label: value}, figure(measured.summary))
            for measured in series
            for value, figure in family.figures.items()
        ]
        yield _Family(f"{prefix}_{family.name}", family.says.format(what=what), samples)


def _exposed(family: _Family, of: Labels) -> Iterator[str]:
    """HELP, TYPE and the samples; nothing where no value is known."""
    known = [(labels, value) for labels, value in family.samples if value is not None]
    if known:
        name = f"fsync_advisor_{family.name}"
        yield f"# HELP {name} {family.says}"
        yield f"# TYPE {name} gauge"
        for labels, value in known:
            yield f"{name}{_labelled({**labels, **of})} {float(value)!r}"


def _labelled(labels: Labels) -> str:
    known = [
        f'{name}="{_escaped(value)}"'
        for name, value in labels.items()
        if name and value is not None and not isinstance(value, Unknown)
    ]
    return f"{{{','.join(known)}}}" if known else ""


def _escaped(value: object) -> str:
    """In one line, so that of the three characters to escape no newline is left."""
    return one_line(value).replace("\\", r"\\").replace('"', r"\"")
