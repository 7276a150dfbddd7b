"""The distribution of a sync's latency."""

from collections.abc import Sequence
from math import log10
from typing import Final

from matplotlib.axes import Axes

from advisor.output.charts.canvas import ACCENT, INK, LINE_HEIGHT, MUTED, UNDER_PLOT, WIDTH, Canvas
from advisor.output.charts.data import LatencyHistogram
from advisor.output.charts.lettering import SIZE, fitted, width_of
from advisor.output.charts.scales import linear_ticks, log_limits, log_ticks
from advisor.units import format_count, format_latency

PLOT_HEIGHT: Final = 150.0
SEEN: Final = 1.5
"""How high even a lone sample stands beside ten thousand: the tail is what one looks for."""

GAP: Final = 4.0
"""Between a percentile's line and its text."""

NAME_WIDTH: Final = 60.0
"""What the name of a percentile may take."""


def latency_histogram(chart: LatencyHistogram) -> Canvas:
    """Samples per bucket on a logarithmic axis, and a line for each percentile."""
    buckets = [(from_us or to_us / 2, to_us, count) for from_us, to_us, count in chart.buckets]
    buckets = [bucket for bucket in buckets if bucket[2]]
    counts = linear_ticks(max(count for _, _, count in buckets), whole=True) if buckets else [0.0]
    left = max(width_of(format_count(count)) for count in counts) + 6
    marks = [
        (value_us, f"{fitted(name, NAME_WIDTH)} {format_latency(value_us)}")
        for name, value_us in chart.percentiles
        if value_us > 0
    ]
    edges = [edge for from_us, to_us, _ in buckets for edge in (from_us, to_us)]
    low_us, high_us = _limits(edges, marks, WIDTH - left)
    per_decade = (WIDTH - left) / log10(high_us / low_us)
    starts = [log10(value_us / low_us) * per_decade for value_us, _ in marks]
    rows = _rows([(x, x + width_of(text)) for x, (_, text) in zip(starts, marks, strict=True)])
    top = (max(rows, default=-1) + 2) * LINE_HEIGHT + 8

    canvas = Canvas(top + PLOT_HEIGHT + UNDER_PLOT)
    axes = canvas.plot(left, top, WIDTH, top + PLOT_HEIGHT)
    axes.set_xscale("log")
    axes.set_xlim(low_us, high_us)
    axes.set_ylim(0, counts[-1] or 1)
    if buckets:
        canvas.y_axis(axes, counts, format_count, "samples per bucket")
    axes.axhline(0, color=MUTED, linewidth=1, zorder=0)
    for from_us, to_us, count in buckets:
        height = max(count, counts[-1] * SEEN / PLOT_HEIGHT)
        axes.bar(from_us, height, to_us - from_us, align="edge", color=ACCENT, linewidth=0.3)
    for (value_us, text), row in zip(marks, rows, strict=True):
        _draw_mark(canvas, axes, value_us, text, top - 6 - row * LINE_HEIGHT)
    what = ": latency of a sync, log scale"
    series = fitted(chart.series, WIDTH - left - width_of(what))
    canvas.x_axis(axes, log_ticks(low_us, high_us), format_latency, f"{series}{what}")
    return canvas


def _draw_mark(canvas: Canvas, axes: Axes, value_us: float, text: str, baseline: float) -> None:
    """A line through the plot, up to the text at its right."""
    x, bottom = canvas.position(axes, value_us, 0)
    height = (bottom - baseline + 0.8 * SIZE) / PLOT_HEIGHT
    axes.axvline(value_us, 0, height, color=INK, linewidth=1, linestyle=(0, (3, 2)), clip_on=False)
    canvas.write(x + GAP, baseline, text)


def _limits(
    edges: Sequence[float], marks: Sequence[tuple[float, str]], width: float
) -> tuple[float, float]:
    """Wide enough for all buckets, and for the text at the right of every percentile's line."""
    low_us, high_us = log_limits([*edges, *(value_us for value_us, _ in marks)], margin=0.04)
    low, high = log10(low_us), log10(high_us)
    for value_us, text in marks:
        share = 1 - (width_of(text) + 2 * GAP) / width
        high = max(high, low + (log10(value_us) - low) / share)
    return low_us, 10**high


def _rows(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The row of each text, 0 the lowest, so that no text meets another or another's line.

    Each text stands at the right of its line, which rises from the plot to the text's row: so a
    text must be above all whose lines it reaches over.
    """
    rows = [0] * len(spans)
    for index in reversed(range(len(spans))):
        end = spans[index][1] + 2 * GAP
        reached = [rows[later] for later in range(index + 1, len(spans)) if spans[later][0] < end]
        rows[index] = max(reached, default=-1) + 1
    return rows
