"""A measurement as a document: the series, the verdict and its evidence, the drive's rank."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from advisor.analysis.description import describe_measured, not_measured, warnings_on
from advisor.analysis.host_findings import HostFinding
from advisor.analysis.storage import Ranking, shared_devices
from advisor.analysis.trust import Trust
from advisor.analysis.verdict import Verdict
from advisor.measurement import OBSERVED, Measurement, SeriesUnderLoad, Summary
from advisor.model import Unknown
from advisor.output.distribution import distribution
from advisor.output.document import Document, DocumentBlock, Lines, Remark, Section, Table, Tone
from advisor.output.host_findings import host_lines
from advisor.output.observation import device_table, observation_lines
from advisor.output.text import NOTHING_FOUND
from advisor.output.verdict_line import drive_verdict
from advisor.report.histogram import histogram
from advisor.series_kind import LOAD_NAMES, Load
from advisor.units import format_count, format_latency, format_named, format_size

TRUST_TONES: Final[Mapping[Trust, Tone]] = {
    "plausible": "good",
    "unverifiable": "warn",
    "suspicious": "warn",
    "not-durable": "bad",
}
HEADINGS: Final = ("series", "ops/s", "mean", "p50", "p99", "max", "+-95 %")
HEADINGS_UNDER_LOAD: Final = ("series", "mean", "p50", "p99", "p99 idle", "beside it")


def measurement_document(
    measurement: Measurement, verdict: Verdict, host: Sequence[HostFinding] = ()
) -> Document:
    """All of what was measured, and what to think of it."""
    lines: list[str | Remark] = [
        *_measured(measurement),
        *_apart(measurement),
        f"class:   {verdict.storage_class} - {verdict.name}. {verdict.description}",
        Remark(f"trust:   {verdict.trust}", TRUST_TONES[verdict.trust]),
        *(f"  {evidence.trust}: {evidence.text}" for evidence in verdict.evidence),
        *([] if verdict.evidence else [f"  {NOTHING_FOUND}"]),
        *(line for ranking in verdict.standings for line in _rank(ranking)),
        *(f"note: {warning.text}" for warning in warnings_on(measurement)),
    ]
    place = (_directory(measurement), describe_measured(measurement).place)
    heading = Lines([": ".join(filter(None, place))])
    picture = distribution(measurement, histogram(measurement.effective_sync))
    blocks = (
        heading,
        *picture,
        series_table("", measurement),
        *_observed(measurement),
        *under_load_tables(measurement),
        Lines(lines),
        *_soak(measurement),
        *([Lines(host_lines(host, verdict.evidence))] if host else []),
        *_others(measurement),
    )
    sync = measurement.effective_sync
    return Document(
        sections=[Section(blocks=[block]) for block in blocks],
        verdict=drive_verdict(verdict, sync.summary if sync else None, host),
    )


def _observed(measurement: Measurement) -> Iterator[DocumentBlock]:
    """What the server and its devices did meanwhile, where nothing was written."""
    if (found := measurement.observation) is not None:
        yield Lines(list(observation_lines(found)))
        if found.devices:
            yield device_table(found.devices)


def _soak(measurement: Measurement) -> Iterator[DocumentBlock]:
    if measurement.soak is not None:
        from advisor.output.soak import soak_blocks  # else nobody needs it

        yield from soak_blocks(measurement, with_notes=True)


def _others(measurement: Measurement) -> Iterator[DocumentBlock]:
    """The further drives of the same server."""
    named = {"data files": measurement.data_files, "binary log": measurement.binary_log}
    for what, other in named.items():
        if other is not None:
            place = (_directory(other), describe_measured(other).place)
            yield series_table(f"{what}: {': '.join(filter(None, place))}", other)
            yield from under_load_tables(other, elsewhere=other is measurement.binary_log)


def series_table(title: str, measurement: Measurement) -> Table:
    """Each series in figures; - for what is not known. Nobody asked a drive that was observed for
    a rate, and so none is shown."""
    rows = [(series.name, *_figures(series.summary)) for series in measurement.series]
    headings: tuple[str, ...] = HEADINGS
    if measurement.source == OBSERVED:
        headings = (*HEADINGS[:1], *HEADINGS[2:])
        rows = [(name, *figures) for name, _, *figures in rows]
    return Table(title, headings, rows, frozenset(range(1, len(headings))))


def under_load_tables(measurement: Measurement, *, elsewhere: bool = False) -> Iterator[Table]:
    """The series beside each load, with the p99 that they have without it, and how much was done
    of the load meanwhile; `elsewhere`: on another drive, as it is wherever data files have one."""
    where = "where the data files are" if elsewhere or measurement.data_files else ""
    for load, name in LOAD_NAMES.items():
        rows = [
            _under_load(series, measurement)
            for series in measurement.under_load
            if series.beside == load
        ]
        if rows:
            title = " ".join(filter(None, ["beside", name, where]))
            yield Table(title, HEADINGS_UNDER_LOAD, rows, frozenset(range(1, 6)))


def _under_load(series: SeriesUnderLoad, measurement: Measurement) -> Sequence[str]:
    idle = replace(series.kind, beside=None)
    alone = measurement.find(idle)
    shown = series.summary
    latencies_us = (
        *(shown.mean_us, shown.p50_us, shown.p99_us),
        alone.summary.p99_us if alone else None,
    )
    background = series.background
    meanwhile = load_text(series.beside, background.ops_per_s, background.bytes_per_s)
    return (idle.name, *map(_latency, latencies_us), meanwhile)


def load_text(load: Load, ops_per_s: float, bytes_per_s: float) -> str:
    """What was done of a load, like "4,300 pages/s" or "310 MiB/s"."""
    if load == "page-flush":
        return f"{format_count(ops_per_s)} pages/s"
    return f"{format_size(bytes_per_s)}/s"


def _latency(latency_us: float | None) -> str:
    return "-" if latency_us is None else format_latency(latency_us)


def _figures(summary: Summary) -> Iterator[str]:
    yield format_count(summary.ops_per_s)
    for latency_us in (summary.mean_us, summary.p50_us, summary.p99_us, summary.max_us):
        yield _latency(latency_us)
    yield "-" if summary.ci95_percent is None else f"{summary.ci95_percent:.1f} %"


def _directory(measurement: Measurement) -> str:
    directory = measurement.target.directory
    return measurement.source if isinstance(directory, Unknown) else directory


def _measured(measurement: Measurement) -> Iterator[str]:
    for names, why in not_measured(measurement):
        yield f"not measured: {names}: {why}"
    if not isinstance(measurement.written_bytes, Unknown):
        yield f"written: {format_size(measurement.written_bytes)}"


def _apart(measurement: Measurement) -> Iterator[str]:
    """What the log's own drive is worth to its syncs while the data's is busy."""
    data = measurement.data_files
    own, beside = measurement.primary_beside_pages, data and data.primary_beside_pages
    if own and beside and not shared_devices(measurement):
        here, there = (_mean_and_p99(series.summary) for series in (own, beside))
        yield f"a sync of the log while pages are flushed: {here}; beside the data {there}"


def _mean_and_p99(summary: Summary) -> str:
    tail = "" if summary.p99_us is None else f", p99 {format_latency(summary.p99_us)}"
    return f"mean {format_latency(summary.mean_us)}{tail}"


def _rank(ranking: Ranking) -> Iterator[str]:
    """Where the drive stands among the reference drives, in words and as a picture."""
    if ranking.next_faster is None:
        where = f"faster than all {ranking.of} reference drives"
    elif ranking.next_slower is None:
        where = f"slower than all {ranking.of} reference drives"
    else:
        where = f"between reference drives {ranking.next_faster} and {ranking.next_slower}"
    rate = format_named("ops_per_s", ranking.ops_per_s)
    scale = f"{'-' * (ranking.rank - 1)}*{'-' * (ranking.of - ranking.rank + 1)}"
    yield f"classic {ranking.block_bytes // 1024} KiB: {rate}, {where}"
    yield f"  fast {scale} slow"
