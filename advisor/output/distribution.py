"""How long one sync took: the histogram, where its samples are there."""

from collections.abc import Iterator

from advisor.measurement import Measurement, Summary
from advisor.output.charts.data import LatencyHistogram
from advisor.output.document import DocumentBlock, Figure, Paragraph
from advisor.report.results import Histogram
from advisor.units import format_count, format_latency


def distribution(measurement: Measurement, found: Histogram | None) -> Iterator[DocumentBlock]:
    """The histogram, where there are samples; else what is known of the distribution."""
    sync = measurement.effective_sync
    if sync is None:
        return
    points = list(_percentiles(sync.summary))
    said = ", ".join(f"{name} {format_latency(us)}" for name, us in points)
    if found is None:
        if said:
            yield Paragraph(
                f"{sync.kind.label}: {said}. Its samples are not kept, so nothing is drawn."
            )
        return
    buckets = tuple((bucket.from_us, bucket.to_us, bucket.samples) for bucket in found.buckets)
    total = sum(count for _, _, count in buckets)
    chart = LatencyHistogram(found.series, buckets, tuple(points))
    title = f"How long one sync took ({found.series})"
    words = f"{format_count(total)} samples"
    yield Figure(chart, title, f"{words}: {said}." if said else f"{words}.")


def _percentiles(summary: Summary) -> Iterator[tuple[str, float]]:
    named = {
        "p50": summary.p50_us,
        "p90": summary.p90_us,
        "p99": summary.p99_us,
        "p99.9": summary.p999_us,
    }
    yield from ((name, us) for name, us in named.items() if us is not None)
