"""A histogram of latencies as lines of text."""

from typing import Final

from advisor.output.charts.data import LatencyHistogram
from advisor.units import format_count, format_latency

LINES: Final = 12
"""At most so many: neighbouring buckets are taken together."""
BAR_WIDTH: Final = 40


def histogram_lines(chart: LatencyHistogram) -> list[str]:
    """A line for each stretch of latencies: from, to, a bar, samples; at most 80 columns."""
    buckets = _merged(chart.buckets)
    most = max((count for _, _, count in buckets), default=0)
    return [
        f"{format_latency(low):>8} to {format_latency(high):>8}  "
        f"{'#' * _length(count, most):<{BAR_WIDTH}}  {format_count(count):>9}"
        for low, high, count in buckets
    ]


def _length(count: int, most: int) -> int:
    """Of a bar: one sample is seen, too."""
    return max(1, round(BAR_WIDTH * count / most)) if count else 0


def _merged(buckets: tuple[tuple[float, float, int], ...]) -> list[tuple[float, float, int]]:
    together = -(-len(buckets) // LINES) or 1
    groups = [buckets[first : first + together] for first in range(0, len(buckets), together)]
    return [(group[0][0], group[-1][1], sum(count for _, _, count in group)) for group in groups]
