"""Rate and p99 over the time of a soak, one under the other, with a line at each change."""

from collections.abc import Sequence
from typing import Final

from advisor.output.charts.axes import X_AXIS_HEIGHT, draw_x_axis, draw_y_axis, y_axis_width
from advisor.output.charts.canvas import ACCENT, INK, LINE_HEIGHT, MUTED, WIDTH, Canvas
from advisor.output.charts.data import RateOverTime
from advisor.output.charts.scales import Scale, linear_scale, linear_ticks, log_scale
from advisor.output.charts.text_metrics import FONT_SIZE, text_width
from advisor.units import format_count, format_latency

RATE_HEIGHT: Final = 120.0
TAIL_HEIGHT: Final = 90.0
CAPTION_HEIGHT: Final = 2 * LINE_HEIGHT
"""Of the caption above a plot, and the numbers of the changes under the upper one."""
PLOT_RIGHT: Final = WIDTH - 6
UNITS_S: Final = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
FEWEST_UNITS: Final = 4.0
"""What is shorter than so many minutes is told in seconds."""


def rate_over_time(chart: RateOverTime) -> Canvas:
    """Two plots over one axis of time; the tail's is logarithmic."""
    end_s = max((at_s for at_s, _, _ in chart.points), default=1.0) or 1.0
    unit_s, unit = next((each for each in UNITS_S if end_s >= FEWEST_UNITS * each[0]), UNITS_S[-1])
    rates = linear_scale([rate for _, rate, _ in chart.points])
    tails_us = [us for _, _, us in chart.points if us]
    tails = log_scale(tails_us)
    left = max(y_axis_width(rates, format_count), y_axis_width(tails, format_latency))
    last = end_s / unit_s
    ticks = tuple(tick for tick in linear_ticks(last) if tick <= last)
    x = Scale(0.0, last, ticks).between(left, PLOT_RIGHT)
    rate_bottom = CAPTION_HEIGHT + RATE_HEIGHT
    rates = rates.between(rate_bottom, CAPTION_HEIGHT)
    bottom = rate_bottom
    if tails_us:
        bottom = rate_bottom + CAPTION_HEIGHT + TAIL_HEIGHT
        tails = tails.between(bottom, bottom - TAIL_HEIGHT)

    canvas = Canvas(bottom + X_AXIS_HEIGHT)
    draw_y_axis(canvas, x, rates, format_count, "syncs per second")
    _draw_line(canvas, [(x.position(at / unit_s), rates.position(v)) for at, v, _ in chart.points])
    if tails_us:
        caption = "p99 of a sync, log scale"
        draw_y_axis(canvas, x, tails, format_latency, caption, top=rate_bottom + 0.5 * LINE_HEIGHT)
        points = [(x.position(at / unit_s), tails.position(us)) for at, _, us in chart.points if us]
        _draw_line(canvas, points)
    canvas.line([(left, bottom), (PLOT_RIGHT, bottom)], MUTED, width=1)
    free = 0.0
    for at_s, number in chart.changes:
        at = x.position(at_s / unit_s)
        canvas.line([(at, bottom), (at, CAPTION_HEIGHT - 2)], INK, width=1, dashes="3 2")
        middle, width = canvas.middle_of(at, number), text_width(number)
        if middle - width / 2 >= free:
            canvas.text(middle, CAPTION_HEIGHT - 0.3 * FONT_SIZE, number, anchor="middle")
            free = middle + width / 2
    numbers = "; numbers: changes" if chart.changes else ""
    draw_x_axis(canvas, x, bottom, x.ticks, format_count, f"{unit} since the soak began{numbers}")
    return canvas


def _draw_line(canvas: Canvas, points: Sequence[tuple[float, float]]) -> None:
    if len(points) > 1:
        canvas.line(points, ACCENT, width=1.3)
    for point in points if len(points) == 1 else ():
        canvas.dot(*point, 3.0, ACCENT)
