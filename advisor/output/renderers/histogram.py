"""A histogram of latencies as lines of text."""

from typing import Final

from advisor.output.charts.data import LatencyHistogram
from advisor.units import format_count, format_latency

LINES: Final = 12
"""At most so many: neighbouring buckets are taken together."""
BAR_WIDTH: Final = 36
MARKED: Final = ("p50", "p99")
"""The percentiles that stand beside their lines."""
EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def histogram_lines(chart: LatencyHistogram, *, blocks: bool = False) -> list[str]:
    """A line for each stretch of latencies: from, to, a bar, samples, percentiles that lie there.

    At most 80 columns. The bars are made of #, or with `blocks` of Unicode's block elements.
    """
    buckets = _merged(chart.buckets)
    most = max((count for _, _, count in buckets), default=0)
    marks = [(name, us) for name, us in chart.percentiles if name in MARKED]
    lines = []
    for low, high, count in buckets:
        bar = _block_bar(count, most) if blocks else "#" * _length(count, most)
        here = " ".join(name for name, us in marks if low <= us < high)
        line = (
            f"{format_latency(low):>8} to {format_latency(high):>8}  "
            f"{bar:<{BAR_WIDTH}}  {format_count(count):>9}  {here}"
        )
        lines.append(line.rstrip())
    return lines


def _length(count: int, most: int) -> int:
    """Of a bar: one sample is seen, too."""
    return max(1, round(BAR_WIDTH * count / most)) if count else 0


def _block_bar(count: int, most: int) -> str:
    """The same to an eighth of a column."""
    eighths = max(1, round(8 * BAR_WIDTH * count / most)) if count else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def _merged(buckets: tuple[tuple[float, float, int], ...]) -> list[tuple[float, float, int]]:
    together = -(-len(buckets) // LINES) or 1
    groups = [buckets[first : first + together] for first in range(0, len(buckets), together)]
    return [(group[0][0], group[-1][1], sum(count for _, _, count in group)) for group in groups]
