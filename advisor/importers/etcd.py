"""etcd's own histogram of its WAL's syncs, as its /metrics endpoint prints it for Prometheus.

The mean is exact, sum by count; a percentile is known only to lie between two bounds. A sync there
is fdatasync, of pages of 4 KiB in a file that was allocated ahead. Source: etcd-io/etcd,
package wal: walFsyncSec, walPageBytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.histogram import LatencyBucket, percentile_bounds, total_bounds
from advisor.importers.reported import (
    Candidate,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.units import format_latency

TOOL: Final = "etcd"
METRIC: Final = "etcd_disk_wal_fsync_duration_seconds"
SIGNATURE: Final = re.compile(
    rf"^[ \t]{{0,40}}{METRIC}_(?:bucket|sum|count)(?:\{{[^}}\n]{{0,500}}\}})?[ \t]{{1,9}}[0-9]",
    re.MULTILINE,
)

_LINE: Final = re.compile(
    rf"^[ \t]{{0,40}}{METRIC}_(?P<part>bucket|sum|count)(?:\{{(?P<labels>[^}}\n]{{0,500}})\}})?"
    r"[ \t]{1,9}(?P<value>[0-9]{1,18}(?:\.[0-9]{1,18})?(?:e[+-]?[0-9]{1,3})?)(?=\s|$)",
    re.MULTILINE,
)
_BOUND: Final = re.compile(r'(?:^|,)le="([0-9.e+-]{1,20}|\+Inf)"')
PAGE_BYTES: Final = 4096
MAX_SERVERS: Final = 1000
SLACK: Final = 1.001
"""A sum is printed with fewer digits than it has."""


@dataclass(slots=True)
class _Histogram:
    """One server's: bounds in seconds with the count up to each."""

    start: int
    bounds: dict[float, float] = field(default_factory=dict)
    sum_s: float | None = None
    count: float | None = None


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each set of labels: each server's own."""
    found: dict[str, _Histogram] = {}
    for line in _LINE.finditer(text):
        labels = line["labels"] or ""
        bound = _BOUND.search(labels)
        key = _BOUND.sub("", labels)
        if key not in found and len(found) >= MAX_SERVERS:
            continue
        histogram = found.setdefault(key, _Histogram(line.start()))
        value = float(line["value"])
        if line["part"] == "sum":
            histogram.sum_s = value
        elif line["part"] == "count":
            histogram.count = value
        elif bound and bound[1] != "+Inf":
            histogram.bounds[_number(bound[1])] = value
    for key, histogram in found.items():
        name = f"{TOOL}, {printable(key.strip(','))}" if key.strip(",") else TOOL
        yield Candidate(histogram.start, name, partial(_measurement, histogram))


def _measurement(histogram: _Histogram) -> Measurement:
    sum_s, count = histogram.sum_s, histogram.count
    if sum_s is None or count is None:
        raise AdvisorError(
            f"{METRIC} of etcd is incomplete", f"keep its lines {METRIC}_sum and {METRIC}_count"
        )
    if not count or not sum_s:
        raise AdvisorError("etcd has synced nothing yet", "let it run for a while")
    buckets = _buckets(histogram.bounds, count)
    low_us, high_us = total_bounds(buckets)
    if not low_us / SLACK <= sum_s * 1e6 <= high_us * SLACK:
        raise AdvisorError(
            f"{METRIC} of etcd contradicts itself: its sum does not fit its buckets",
            "is it one server's, complete and unchanged?",
        )
    mean_us = sum_s * 1e6 / count
    series = reported_series(
        "unwritten",
        "fdatasync",
        1e6 / mean_us,
        block_bytes=PAGE_BYTES,
        count=count,
        latencies=Latencies(mean_us),
    )
    notes = {
        "used": "etcd: the mean of its WAL's syncs since it started is used, without the writes",
        "bounds": "; ".join(_described(buckets)),
        "size": "etcd writes pages of 4 KiB into files that are allocated ahead",
    }
    return reported_measurement(TOOL, [series], notes)


def _buckets(bounds: Mapping[float, float], count: float) -> list[LatencyBucket]:
    """Each bucket with what lies in it alone, the last without an upper bound."""
    edges = [(0.0, 0.0), *sorted(bounds.items()), (float("inf"), count)]
    if any(later < earlier for (_, earlier), (_, later) in pairwise(edges)):
        raise AdvisorError(
            f"{METRIC} of etcd contradicts itself: its buckets shrink",
            "is it one server's, complete and unchanged?",
        )
    return [
        LatencyBucket(low * 1e6, high * 1e6, upto - before)
        for (low, before), (high, upto) in pairwise(edges)
    ]


def _described(buckets: list[LatencyBucket]) -> Iterator[str]:
    for percent, (low_us, high_us) in percentile_bounds(buckets).items():
        if high_us == float("inf"):
            yield f"p{percent:g} is more than {format_latency(low_us)}"
        elif low_us:
            yield f"p{percent:g} is {format_latency(low_us)} to {format_latency(high_us)}"
        else:
            yield f"p{percent:g} is at most {format_latency(high_us)}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise AdvisorError(
            f"{METRIC} of etcd has a bucket le={text!r}, which is not a number"
        ) from None
