"""What a report says of the drive: measured, judged, and put among others."""

from collections.abc import Iterator, Mapping
from typing import Final

from advisor.analysis.description import Measured, not_measured
from advisor.analysis.storage import Ranking, devices_of
from advisor.analysis.trust import Trust
from advisor.measurement import MEASURED, OBSERVED, Device, Measurement
from advisor.model import Known, Unknown
from advisor.output.charts.data import MethodRates, ReferenceRates
from advisor.output.distribution import distribution
from advisor.output.document import (
    Entries,
    Figure,
    Folded,
    Notes,
    Paragraph,
    PlainBlock,
    Section,
    Table,
)
from advisor.output.host_findings import host_entries
from advisor.output.measurement import series_table, under_load_tables
from advisor.output.text import NOTHING_FOUND, sentence
from advisor.report.results import Report
from advisor.units import format_count, format_latency, format_size

CLASSIC_4K_BYTES: Final = 4096
THIS_DRIVE: Final = "this drive"

HOW_MEASURED: Final = (
    "Each series writes blocks and makes each durable before the next; the time of one write with "
    "its sync is a sample. +-95 % is the half-width of the confidence interval of the mean, in "
    "percent of it. A percentile that the samples do not support is left out."
)
HOW_REPORTED: Final = (
    "These figures come from another tool's report. What it does not say is left out: a mean "
    "gives no percentile."
)

HOW_OBSERVED: Final = (
    "Nothing was written: a server and the kernel counted and timed their own syncs under the load "
    "there was. +-95 % is the half-width of the confidence interval of the mean, in percent of it. "
    "Of a device a sync is a usual write, the median of the stretches between two looks, and a "
    "flush."
)
HOW: Final[Mapping[str, str]] = {MEASURED: HOW_MEASURED, OBSERVED: HOW_OBSERVED}

TRUST_MEANS: Final[dict[Trust, str]] = {
    "plausible": "Nothing measured here contradicts what the drive says of itself.",
    "unverifiable": "The layer below this host decides what a sync means, and cannot be checked "
    "from here.",
    "suspicious": "The drive does not behave as one that keeps what it syncs. Find out why before "
    "relying on these figures.",
    "not-durable": "Synced data does not survive here, so its speed means nothing.",
}


def series_block(report: Report) -> Folded:
    """All series, and what was not measured."""
    measurement = report.measurement
    notes = [f"Not measured: {names}: {why}." for names, why in not_measured(measurement)]
    return Folded(
        "All measured series",
        [
            Paragraph(HOW.get(measurement.source, HOW_REPORTED)),
            series_table("", measurement),
            *under_load_tables(measurement),
            *_methods(measurement),
            *([Notes(notes)] if notes else []),
        ],
    )


def _methods(measurement: Measurement) -> Iterator[PlainBlock]:
    """The sync methods at the same work: one writer, the block of the nearest sync."""
    sync = measurement.effective_sync
    alike = [
        series
        for series in measurement.series
        if sync
        and (series.pattern, series.block_bytes) == (sync.pattern, sync.block_bytes)
        and series.writers == 1
        and series.method != "none"
    ]
    if len(alike) < 2:
        return
    ordered = sorted(alike, key=lambda series: series.summary.ops_per_s, reverse=True)
    rows = tuple(
        (series.name, series.summary.ops_per_s, series.summary.ci95_percent) for series in ordered
    )
    fastest, slowest = ordered[0], ordered[-1]
    most, least = (format_count(each.summary.ops_per_s) for each in (fastest, slowest))
    differing = (
        f"{fastest.kind.label} is the fastest with {most}/s, {slowest.kind.label} the slowest with"
        f" {least}/s."
    )
    same = f"All of them make {most}/s."
    yield Figure(MethodRates(rows), "Sync methods compared", same if most == least else differing)


def conditions_block(report: Report) -> Folded:
    """On what, where and when; what nobody knows stands together at the end."""
    measurement = report.measurement
    environment, target, verdict = measurement.environment, measurement.target, report.storage
    found: list[tuple[str, Known[object]]] = [
        ("behaves like", f"{verdict.name} ({verdict.storage_class}). {verdict.description}"),
        ("taken", _when(report.measured)),
        ("how", measurement.source),
        *([("label", measurement.label)] if measurement.label else []),
        *([("host", name)] if not isinstance(name := environment.host_name, Unknown) else []),
        ("directory", target.directory),
        ("file system", target.filesystem),
        *_devices(measurement),
        ("operating system", environment.os),
        ("kernel", environment.kernel),
        ("processor", environment.cpu_model),
        ("processors usable", environment.cpu_count),
        ("memory", _size(environment.memory_bytes)),
        ("virtualisation", environment.virtualisation),
        ("written meanwhile", _size(measurement.written_bytes)),
    ]
    if measurement.source in HOW:
        found.append(("mount options", ", ".join(target.mount_options) or "none"))
        found.append(("preloaded libraries", ", ".join(environment.preloaded) or "none"))
    rows = [(what, str(value)) for what, value in found if not isinstance(value, Unknown)]
    unknown: dict[str, list[str]] = {}
    for what, value in found:
        if isinstance(value, Unknown):
            unknown.setdefault(value.unknown, []).append(what)
    rows += [("not known", f"{', '.join(whats)}: {why}") for why, whats in unknown.items()]
    return Folded("Where it was measured", [Table("", ("what", "found"), rows)])


def _when(measured: Measured) -> Known[str]:
    taken = measured.taken_at
    if isinstance(taken, Unknown):
        return taken
    return taken.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _devices(measurement: Measurement) -> Iterator[tuple[str, Known[object]]]:
    if isinstance(measurement.target.devices, Unknown):
        yield "devices", measurement.target.devices
    for device in devices_of(measurement):
        yield device.name, _device(device)


def _device(device: Device) -> str:
    rotates = device.rotational
    turning = {True: "rotating", False: "not rotating"}
    parts = [
        f"model {device.model}",
        f"attached by {device.transport}",
        f"rotation {rotates}" if isinstance(rotates, Unknown) else turning[rotates],
        f"cache {device.write_cache}",
        f"scheduler {device.scheduler}",
        f"size {_size(device.size_bytes)}",
    ]
    return ", ".join(parts)


def _size(value: Known[int]) -> Known[str]:
    return value if isinstance(value, Unknown) else format_size(value)


def trust_section(report: Report) -> Section:
    """How long a sync takes, whether it means anything, and what was seen."""
    verdict = report.storage
    evidence = [f"{seen.trust}: {seen.text}" for seen in verdict.evidence] or [NOTHING_FOUND]
    return Section(
        "trust",
        "The drive: latency and trust",
        [
            *distribution(report.measurement, report.histogram),
            Paragraph(f"Trust: {verdict.trust}. {TRUST_MEANS[verdict.trust]}"),
            Notes([sentence(text) for text in (*evidence, *report.notes)]),
        ],
    )


def soak_section(report: Report) -> Section:
    """How the drive's rate went on while it was written to for long."""
    from advisor.output.soak import soak_blocks  # else nobody needs it

    return Section(
        "soak", "The drive over time", list(soak_blocks(report.measurement, with_notes=False))
    )


def host_section(report: Report) -> Section:
    """What the host does to a sync, the most severe first."""
    entries = host_entries(report.host_findings, report.storage.evidence)
    said = "What was seen on this host. Nothing was changed, and this tool never does."
    return Section("host", "The host", [Paragraph(said), Entries("", entries)])


def references_block(report: Report) -> Folded:
    """The drive among others that somebody measured in the same way."""
    standings = {ranking.block_bytes: ranking for ranking in report.storage.standings}
    four = standings.get(CLASSIC_4K_BYTES)
    sixteen = standings.get(4 * CLASSIC_4K_BYTES)
    return Folded(
        "This drive among the reference drives",
        [
            Paragraph(
                "The classic test, one thread that writes one block with O_DIRECT and calls fsync,"
                " on this drive and on dedicated servers."
            ),
            Notes([_rank(ranking) for ranking in report.storage.standings]),
            _among(report, four, sixteen),
            *_among_figure(report, four),
        ],
    )


def _rank(ranking: Ranking) -> str:
    block = f"{ranking.block_bytes // 1024} KiB"
    if ranking.next_faster is None:
        where = f"faster than all {ranking.of} of these"
    elif ranking.next_slower is None:
        where = f"slower than all {ranking.of} of these"
    else:
        where = f"between numbers {ranking.next_faster} and {ranking.next_slower} of these"
    return f"{block}: {format_count(ranking.ops_per_s)}/s, {where}."


def _among(report: Report, four: Ranking | None, sixteen: Ranking | None) -> Table:
    own = (four.ops_per_s if four else None, sixteen.ops_per_s if sixteen else None, THIS_DRIVE)
    rows = [
        own,
        *(
            (entry.classic_4k_per_s, entry.classic_16k_per_s, f"{entry.id}: {entry.storage}")
            for entry in report.references
        ),
    ]
    ranked_by = 0 if four else 1
    ordered = sorted(rows, key=lambda row: row[ranked_by] or 0, reverse=True)
    return Table(
        "",
        ("drive", "4 KiB", "16 KiB", "one sync of 4 KiB"),
        [
            (
                name,
                f"{format_count(small)}/s" if small else "-",
                f"{format_count(large)}/s" if large else "-",
                format_latency(1e6 / small) if small else "-",
            )
            for small, large, name in ordered
        ],
        frozenset({1, 2, 3}),
        marked=frozenset({ordered.index(own)}),
    )


def _among_figure(report: Report, four: Ranking | None) -> Iterator[PlainBlock]:
    if four is None:
        return
    others = [(entry.storage, entry.classic_4k_per_s, False) for entry in report.references]
    others.sort(key=lambda row: row[1], reverse=True)
    rows = sorted([*others, (THIS_DRIVE, four.ops_per_s, True)], key=lambda row: -row[1])
    (fastest, most, _), (slowest, least, _) = others[0], others[-1]
    yield Figure(
        ReferenceRates(CLASSIC_4K_BYTES, tuple(rows)),
        "This drive among the reference drives",
        f"Syncs of 4 KiB a second: {format_count(four.ops_per_s)} on this drive, "
        f"{format_count(most)} on the fastest of the others ({fastest}), "
        f"{format_count(least)} on the slowest ({slowest}).",
    )
