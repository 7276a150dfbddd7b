"""The distribution of a sync's latency."""

from math import log10
from typing import Final

from advisor.output.charts.canvas import ACCENT, INK, LINE_HEIGHT, MUTED, UNDER_PLOT, WIDTH, Canvas
from advisor.output.charts.data import LatencyHistogram
from advisor.output.charts.lettering import SIZE, fitted, width_of
from advisor.output.charts.scales import linear_ticks, log_limits, log_ticks
from advisor.units import format_count, format_latency

PLOT_HEIGHT: Final = 150.0


def latency_histogram(chart: LatencyHistogram) -> Canvas:
    """Samples per bucket on a logarithmic axis, and a line for each percentile."""
    highest = max((count for _, _, count in chart.buckets), default=0)
    counts = linear_ticks(highest, whole=True) if highest else []
    left = max((width_of(format_count(tick)) for tick in counts), default=0) + 6
    texts = [
        f"{fitted(name, 60)} {format_latency(value_us)}" for name, value_us in chart.percentiles
    ]
    low_us, high_us = _limits(chart, [width_of(text) / (WIDTH - left) for text in texts])
    span = log10(high_us / low_us)
    starts = [
        left + log10(value_us / low_us) / span * (WIDTH - left) for _, value_us in chart.percentiles
    ]
    rows = _rows(
        [(start, start + width_of(text) + 8) for start, text in zip(starts, texts, strict=True)]
    )
    top = (max(rows, default=-1) + 2) * LINE_HEIGHT + 8

    canvas = Canvas(top + PLOT_HEIGHT + UNDER_PLOT)
    axes = canvas.plot(left, top, WIDTH, top + PLOT_HEIGHT)
    axes.set_xscale("log")
    axes.set_xlim(low_us, high_us)
    axes.set_ylim(0, counts[-1] if counts else 1)
    if counts:
        canvas.y_axis(axes, counts, format_count, "samples per bucket")
    for from_us, to_us, count in chart.buckets:
        if count:  # the outline keeps a lone sample visible beside ten thousand
            axes.bar(
                from_us,
                count,
                to_us - from_us,
                align="edge",
                facecolor=ACCENT,
                edgecolor=ACCENT,
                linewidth=0.8,
            )
    for (_, value_us), start, row, text in zip(chart.percentiles, starts, rows, texts, strict=True):
        baseline = top - 6 - row * LINE_HEIGHT
        height = (top + PLOT_HEIGHT - baseline + SIZE * 0.8) / PLOT_HEIGHT
        axes.plot(
            [value_us, value_us],
            [0, height],
            transform=axes.get_xaxis_transform(),
            color=INK,
            linewidth=1,
            linestyle=(0, (3, 2)),
            clip_on=False,
        )
        canvas.write(start + 4, baseline, text)
    name = fitted(chart.series, WIDTH - left - width_of(": latency of a sync, log scale"))
    axes.hlines(0, low_us, high_us, colors=MUTED, linewidth=1)
    canvas.x_axis(
        axes,
        log_ticks(low_us, high_us),
        format_latency,
        f"{name}: latency of a sync, log scale",
    )
    return canvas


def _limits(chart: LatencyHistogram, shares: list[float]) -> tuple[float, float]:
    """Wide enough for all buckets, and for the text to the right of every percentile's line.

    `shares` are the widths of these texts, as shares of the plot's width.
    """
    edges = [edge for from_us, to_us, count in chart.buckets if count for edge in (from_us, to_us)]
    values = [value_us for _, value_us in chart.percentiles]
    low_us, high_us = log_limits([*edges, *values], share=0.04)
    low, high = log10(low_us), log10(high_us)
    for value_us, share in zip(values, shares, strict=True):
        room = min(share + 0.03, 0.9)
        high = max(high, low + (log10(value_us) - low) / (1 - room))
    return low_us, 10**high


def _rows(spans: list[tuple[float, float]]) -> list[int]:
    """The row of each text, 0 the lowest, so that no text meets another or another's line.

    Each text stands to the right of its line, which rises from the plot to the text's row: so a
    text must be above all whose lines it reaches over.
    """
    rows = [0] * len(spans)
    for index in range(len(spans) - 2, -1, -1):
        _, end = spans[index]
        reached = [rows[other] for other in range(index + 1, len(spans)) if spans[other][0] < end]
        rows[index] = max(reached, default=-1) + 1
    return rows
