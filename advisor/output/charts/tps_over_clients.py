"""Transactions per second as clients grow."""

from collections.abc import Sequence
from typing import Final

from advisor.output.charts.axes import X_AXIS_HEIGHT, draw_x_axis, draw_y_axis, y_axis_width
from advisor.output.charts.canvas import (
    ACCENT,
    DASHED,
    DOTTED,
    INK,
    LINE_HEIGHT,
    MUTED,
    SOLID,
    WIDTH,
    Canvas,
)
from advisor.output.charts.data import TpsOverClients
from advisor.output.charts.scales import Scale, scale_for
from advisor.output.charts.text_metrics import shorten, text_width
from advisor.units import format_count

PLOT_HEIGHT: Final = 180.0
DOT_RADIUS: Final = 3.0
PLOT_RIGHT: Final = WIDTH - 6
"""Half of the last dot stands beyond the plot."""

MOST_COUNTS: Final = 9
"""So many have room under the axis."""


def tps_over_clients(chart: TpsOverClients) -> Canvas:
    """The model's line, and across it the serial bound and the target, as far as there are any."""
    levels = [
        (f"{what}: {format_count(tps)}/s", tps, colour, dashes)
        for what, tps, colour, dashes in (
            ("one connection, syncs alone", chart.serial_tps, MUTED, DASHED),
            ("target", chart.target_tps, INK, DOTTED),
        )
        if tps is not None
    ]
    y = scale_for([tps for _, tps, _, _ in levels] + [tps for _, tps in chart.points])
    left = y_axis_width(y, format_count)
    counts = [count for count, _ in chart.points] or [1]
    x = Scale(counts[0] / 1.1, max(counts[-1], 2 * counts[0]), tuple(_ticks(counts)), is_log=True)
    x = x.between(left, PLOT_RIGHT)
    top = (1 + bool(chart.points) + len(levels)) * LINE_HEIGHT + 12
    bottom = top + PLOT_HEIGHT
    y = y.between(bottom, top)

    canvas = Canvas(bottom + X_AXIS_HEIGHT)
    log_note = ", log scale" if y.is_log else ""
    draw_y_axis(canvas, x, y, format_count, f"transactions per second{log_note}")
    key_row = 1
    if chart.points:
        clients = f"{format_count(counts[-1])} client{'s' if counts[-1] > 1 else ''}"
        text = f"the model: {format_count(chart.points[-1][1])}/s at {clients}"
        canvas.key(key_row, text, ACCENT, SOLID)
        key_row += 1
    for row, (text, tps, colour, dashes) in enumerate(levels, start=key_row):
        level = y.position(tps)
        canvas.line([(left, level), (PLOT_RIGHT, level)], colour, width=1.5, dashes=dashes)
        canvas.key(row, text, colour, dashes)
    points = [(x.position(count), y.position(tps)) for count, tps in chart.points]
    if len(points) > 1:
        canvas.line(points, ACCENT, width=2)
    for point in points:
        canvas.dot(*point, DOT_RADIUS, ACCENT)
    what = ": clients at once, log scale"
    server = shorten(chart.server, PLOT_RIGHT - left - text_width(what))
    draw_x_axis(canvas, x, bottom, x.ticks, format_count, f"{server}{what}")
    return canvas


def _ticks(counts: Sequence[int]) -> Sequence[int]:
    """Counts to write under the axis: all of them where they have room, else powers of two."""
    if len(counts) <= MOST_COUNTS:
        return counts
    powers = [2**power for power in range(64) if counts[0] <= 2**power <= counts[-1]]
    return powers[:: -(-len(powers) // MOST_COUNTS)] or [counts[0], counts[-1]]
