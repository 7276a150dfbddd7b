"""The distribution of a sync's latency."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import Final

from advisor.output.charts.axes import X_AXIS_HEIGHT, draw_x_axis, draw_y_axis, y_axis_width
from advisor.output.charts.canvas import ACCENT, INK, LINE_HEIGHT, MUTED, WIDTH, Canvas
from advisor.output.charts.data import LatencyHistogram
from advisor.output.charts.scales import Scale, linear_scale, log_limits, log_ticks
from advisor.output.charts.text_metrics import FONT_SIZE, shorten, text_width
from advisor.units import format_count, format_latency

PLOT_HEIGHT: Final = 150.0
LEAST_HEIGHT: Final = 1.5
"""How high even a lone sample stands beside ten thousand: the tail is what one looks for."""

MARK_GAP: Final = 4.0
"""Between a percentile's line and its text."""

MARK_NAME_WIDTH: Final = 60.0
"""What the name of a percentile may take."""

Bucket = tuple[float, float, int]
"""(from us, to us, samples), with from us > 0 for the logarithmic axis."""


@dataclass(frozen=True, slots=True)
class PercentileMark:
    """A line at a latency, and the text at its right."""

    value_us: float
    text: str

    @property
    def width(self) -> float:
        """Of the text with the gap before it and one behind."""
        return text_width(self.text) + 2 * MARK_GAP


def latency_histogram(chart: LatencyHistogram) -> Canvas:
    """Samples per bucket on a logarithmic axis, and a line for each percentile."""
    buckets = [(from_us or to_us / 2, to_us, count) for from_us, to_us, count in chart.buckets]
    buckets = [bucket for bucket in buckets if bucket[2]]
    marks = [
        PercentileMark(value_us, f"{shorten(name, MARK_NAME_WIDTH)} {format_latency(value_us)}")
        for name, value_us in chart.percentiles
        if value_us > 0
    ]
    y = linear_scale([count for _, _, count in buckets], whole=True)
    left = y_axis_width(y, format_count) if buckets else 0.0
    x = _latency_scale(buckets, marks, WIDTH - left).between(left, WIDTH)
    rows = _text_rows([(x.position(mark.value_us), mark.width) for mark in marks])
    top = (max(rows, default=-1) + 2) * LINE_HEIGHT + 8
    bottom = top + PLOT_HEIGHT
    y = y.between(bottom, top)

    canvas = Canvas(bottom + X_AXIS_HEIGHT)
    if buckets:
        draw_y_axis(canvas, x, y, format_count, "samples per bucket")
    canvas.line([(left, bottom), (WIDTH, bottom)], MUTED, width=1)
    for run in _without_gaps(buckets):
        canvas.area(_outline(run, x, y), ACCENT)
    for mark, row in zip(marks, rows, strict=True):
        baseline = top - 6 - row * LINE_HEIGHT
        at = x.position(mark.value_us)
        canvas.line([(at, bottom), (at, baseline - 0.8 * FONT_SIZE)], INK, width=1, dashes="3 2")
        canvas.text(at + MARK_GAP, baseline, mark.text)
    what = ": latency of a sync, log scale"
    series = shorten(chart.series, WIDTH - left - text_width(what))
    draw_x_axis(canvas, x, bottom, x.ticks, format_latency, f"{series}{what}")
    return canvas


def _latency_scale(
    buckets: Sequence[Bucket], marks: Sequence[PercentileMark], width: float
) -> Scale:
    """Wide enough for all buckets, and for the text at the right of every percentile's line."""
    edges_us = [edge for from_us, to_us, _ in buckets for edge in (from_us, to_us)]
    low_us, high_us = log_limits([*edges_us, *(mark.value_us for mark in marks)], margin=0.04)
    low, high = log10(low_us), log10(high_us)
    for mark in marks:
        share = 1 - mark.width / width
        high = max(high, low + (log10(mark.value_us) - low) / share)
    high_us = 10**high
    return Scale(low_us, high_us, tuple(log_ticks(low_us, high_us)), is_log=True)


def _without_gaps(buckets: Sequence[Bucket]) -> Iterator[list[Bucket]]:
    """Buckets in runs, in each of which one begins where the last ended."""
    run = list(buckets[:1])
    for before, bucket in pairwise(buckets):
        if bucket[0] > before[1]:
            yield run
            run = []
        run.append(bucket)
    if run:
        yield run


def _outline(buckets: Sequence[Bucket], x: Scale, y: Scale) -> Iterator[tuple[float, float]]:
    """Along the tops of adjoining buckets, from the baseline and back to it."""
    yield x.position(buckets[0][0]), y.start
    for from_us, to_us, count in buckets:
        top = min(y.position(count), y.start - LEAST_HEIGHT)
        yield x.position(from_us), top
        yield x.position(to_us), top
    yield x.position(buckets[-1][1]), y.start


def _text_rows(marks: Sequence[tuple[float, float]]) -> list[int]:
    """The row of each text, 0 the lowest, from where its line stands and how wide it is.

    Each text stands at the right of its line, which rises from the plot to the text's row: so a
    text must be above all whose lines it reaches over.
    """
    rows = [0] * len(marks)
    for index in reversed(range(len(marks))):
        end = sum(marks[index])
        reached = [rows[later] for later in range(index + 1, len(marks)) if marks[later][0] < end]
        rows[index] = max(reached, default=-1) + 1
    return rows
