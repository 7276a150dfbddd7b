"""A prediction held against a server, as a document: predicted, measured, error."""

from collections.abc import Iterator
from typing import Final

from advisor.output.document import Document, Lines, Section, Table
from advisor.prediction import Prediction
from advisor.units import counted, format_count, format_latency
from advisor.vendors.registry import VENDORS

HEADINGS: Final = (
    *("clients", "commits/s model", "commits/s server", "error"),
    *("p50 ms model", "p50 ms server", "p99 ms model", "p99 ms server", "binds"),
)


def prediction_document(found: Prediction) -> Document:
    """What it rests on, and a row for each number of clients."""
    rows = [
        (
            f"{point.clients:,}",
            format_count(point.predicted_per_s),
            format_count(point.measured_per_s),
            f"{point.error_percent:+.0f} %",
            _latency(point.predicted_p50_ms),
            _latency(point.measured_p50_ms),
            _latency(point.predicted_p99_ms),
            _latency(point.measured_p99_ms),
            point.bottleneck,
        )
        for point in found.points
    ]
    blocks = (Lines(list(_head(found))), Table("", HEADINGS, rows, frozenset(range(8))))
    return Document(sections=[Section(blocks=[block]) for block in blocks])


def _head(found: Prediction) -> Iterator[str]:
    yield f"{VENDORS[found.engine].title} {found.engine_version}, commits as {found.commit}"
    append = found.append_sync_us
    syncs = f"log {format_latency(found.log_sync_us)}"
    yield f"sync: {syncs}" + (f", binary log {format_latency(append)}" if append else "")
    few, many = found.cpu[0], found.cpu[-1]
    yield (
        f"CPU per transaction: {few.us_per_txn:.0f} us with {counted(few.clients, 'client')},"
        f" {many.us_per_txn:.0f} us with {many.clients}; {found.cores} processors"
    )
    curve = ",".join(f"{point.clients}:{point.us_per_txn:.0f}" for point in found.cpu)
    yield f"for capacity: --cpu-us-per-txn {curve}"


def _latency(latency_ms: float | None) -> str:
    return "-" if latency_ms is None else format_count(latency_ms)
