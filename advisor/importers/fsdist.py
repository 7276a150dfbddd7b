"""bcc's ext4dist, xfsdist and their kind: a histogram of a file system's syncs, whoever made them.

Buckets double, so a latency is known to a factor of two: the upper bound is used, and said.
Source: ext4dist(8) of iovisor/bcc, and its example text.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.histogram import LatencyBucket, percentile_bounds, total_bounds
from advisor.importers.reported import (
    NOT_SAID,
    Candidate,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.units import format_latency

SIGNATURE: Final = re.compile(r"^[ \t]{0,8}operation = b?'?[a-z]{1,20}'?[ \t]*$", re.MULTILINE)

_TRACING: Final = re.compile(r"Tracing ([A-Za-z0-9]{1,10}) operation latency")
_OPERATION: Final = re.compile(
    r"^[ \t]{0,8}operation = b?'?(?P<name>[a-z]{1,20})'?[ \t]*\n"
    r"[ \t]{0,20}(?P<unit>usecs|msecs)[ \t]{1,40}: count",
    re.MULTILINE,
)
_ROW: Final = re.compile(
    r"^[ \t]{0,20}([0-9]{1,15}) -> ([0-9]{1,15})[ \t]{1,20}: ([0-9]{1,15})[ \t]", re.MULTILINE
)
_UNIT_US: Final = {"usecs": 1.0, "msecs": 1000.0}
MAX_ROWS: Final = 64
PAGE_BYTES: Final = 4096


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each histogram of syncs: one for each interval."""
    tracing = _TRACING.search(text)
    file_system = tracing[1].lower() if tracing else ""
    tool = f"{file_system}dist" if file_system else "bcc's file system histogram"
    any_found = False
    for found in _OPERATION.finditer(text):
        if found["name"] != "fsync":
            continue
        any_found = True
        end = text.find("operation = ", found.end(), found.end() + 20_000)
        part = text[found.end() : end if end >= 0 else found.end() + 20_000]
        build = partial(_measurement, tool, file_system, part, _UNIT_US[found["unit"]])
        yield Candidate(found.start(), tool, build)
    if not any_found:
        yield Candidate(0, tool, partial(_no_syncs, tool))


def _no_syncs(tool: str) -> Measurement:
    raise AdvisorError(f"{tool} saw no fsync", "run it while the database commits")


def _measurement(tool: str, file_system: str, part: str, unit_us: float) -> Measurement:
    # 2 -> 3 are those of 2 to just under 4, for it rounds down.
    buckets = [
        LatencyBucket(int(low) * unit_us, (int(high) + 1) * unit_us, int(count))
        for low, high, count in islice(_ROW.findall(part), MAX_ROWS)
    ]
    count = sum(bucket.count for bucket in buckets)
    if not count:
        raise AdvisorError(f"{tool} saw no fsync", "run it while the database commits")
    least_us, most_us = (total / count for total in total_bounds(buckets))
    bounds = percentile_bounds(buckets)
    latencies = Latencies(
        most_us, percentiles={percent: high_us for percent, (_, high_us) in bounds.items()}
    )
    series = reported_series(
        "unwritten", "fdatasync", 1e6 / most_us, block_bytes=PAGE_BYTES, count=count,
        latencies=latencies,
    )  # fmt: skip
    notes = {
        "used": f"{tool}: upper bounds are used, of a histogram whose buckets double; the mean is"
        f" {format_latency(least_us)} to {format_latency(most_us)}",
        "assumed": "whether fsync or fdatasync, of how much and by how many at once is not in the"
        " report: fdatasync of 4 KiB, one at a time, is assumed",
    }
    return reported_measurement(tool, [series], notes, filesystem=file_system or NOT_SAID)
