"""A soak as it is read: in words, a table of its changes, and a chart."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from advisor.analysis.soak_text import CAUSES, duration_text, soak_notes, sustained_text
from advisor.analysis.soaking import RateChange, SoakFindings, soak_findings
from advisor.latency_buckets import add_counts, percentile_us, read_counts
from advisor.measurement import Measurement
from advisor.output.charts.data import RateOverTime
from advisor.output.document import DocumentBlock, Figure, Notes, Paragraph, Table
from advisor.output.text import sentence
from advisor.soak import Soak
from advisor.units import format_count, format_size

MOST_POINTS: Final = 300
"""Of a chart of 380 units."""

HOW_SOAKED: Final = (
    "The drive was written to before the series were measured: syncs of 8 KiB, second by second. "
    "Changes of the rate are found by PELT (Killick, Fearnhead and Eckley, 2012)."
)


def soak_blocks(measurement: Measurement, *, with_notes: bool) -> Iterator[DocumentBlock]:
    """All of it; nothing where there was none. `with_notes`: where they do not stand elsewhere."""
    soak, findings = measurement.soak, soak_findings(measurement)
    if soak is None or findings is None:
        return
    yield Paragraph(HOW_SOAKED)
    yield soak_figure(soak, findings)
    if findings.changes:
        yield changes_table(findings)
    notes = [*(soak_notes(measurement) if with_notes else ()), *_health(soak, findings)]
    if notes:
        yield Notes([sentence(note) for note in notes])


def changes_table(findings: SoakFindings) -> Table:
    """Each change with its figures."""
    rows = [
        (str(number), *_figures(change)) for number, change in enumerate(findings.changes, start=1)
    ]
    headings = ("change", "after", "operations", "written", "syncs/s before", "then", "cause")
    return Table("changes of the rate", headings, rows, frozenset(range(1, 6)))


def _figures(change: RateChange) -> Iterator[str]:
    yield duration_text(change.at_s)
    yield f"{change.operations:,}"
    yield format_size(change.written_bytes)
    yield format_count(change.before_per_s)
    yield format_count(change.after_per_s)
    yield CAUSES[change.cause]


def soak_figure(soak: Soak, findings: SoakFindings) -> Figure:
    """The chart, and what it shows in words."""
    numbered = enumerate(findings.changes, start=1)
    marks = tuple((change.at_s, str(number)) for number, change in numbered)
    lasted = duration_text(findings.elapsed_s)
    return Figure(
        RateOverTime(tuple(_points(soak)), marks),
        f"The drive over {lasted} of writing",
        f"{sentence(sustained_text(findings))}",
    )


def _points(soak: Soak) -> Iterator[tuple[float, float, float | None]]:
    """At most MOST_POINTS, each the middle of as many stretches."""
    stretches = soak.stretches
    ends_s = [0.0, *(total / 1e9 for total in accumulate(stretches.elapsed_ns))]
    width = -(-len(stretches.syncs) // MOST_POINTS)
    for first in range(0, len(stretches.syncs), width):
        end = min(first + width, len(stretches.syncs))
        lasted_s = ends_s[end] - ends_s[first]
        p99_us = stretches.p99_us[first]
        if width > 1:
            counts = add_counts(map(read_counts, stretches.histograms[first:end]))
            p99_us = percentile_us(counts, 99.0)
        rate = sum(stretches.syncs[first:end]) / lasted_s
        yield ends_s[first] + lasted_s / 2, rate, p99_us


def _health(soak: Soak, findings: SoakFindings) -> Sequence[str]:
    """What the drives said of themselves."""
    if soak.health_unknown is not None:
        return [f"soak: wear and temperature are not known: {soak.health_unknown}"]
    told = []
    if findings.hottest_c is not None:
        told.append(f"soak: the drive was {findings.hottest_c} C at most")
    if findings.wear_points is not None:
        told.append(f"soak: its percentage used rose by {findings.wear_points}")
    return told
