"""Charts of one row each: name and figures on a line, and under it how long that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from advisor.output.charts.axes import X_AXIS_HEIGHT, TickFormat, draw_x_axis
from advisor.output.charts.canvas import ACCENT, HAIRLINE, INK, LINE, WIDTH, Canvas
from advisor.output.charts.scales import Scale
from advisor.output.charts.text_metrics import FONT_SIZE, shorten, text_width
from advisor.units import format_count

ROW_HEIGHT: Final = 33.0
BAR_HEIGHT: Final = 8.0
DOT_RADIUS: Final = 4.5
DIAMOND_RADIUS: Final = 5.5
PLOT_RIGHT: Final = WIDTH - 6
"""Half of a dot on the edge stands beyond the plot."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """What one row shows: a rate or a time, perhaps how sure it is, and what is wanted of it."""

    name: str
    value: float
    text: str
    """The figures, as people read them."""
    half_width: float = 0.0
    """Of the confidence interval, in the unit of `value`."""
    wanted: float | None = None
    bold: bool = False
    colour: str = ACCENT


def values_of(rows: Sequence[BarRow]) -> list[float]:
    """All that the scale of these rows must hold."""
    ends = [row.value + row.half_width for row in rows]
    return [row.value for row in rows] + ends + [row.wanted for row in rows if row.wanted]


def _rate(per_s: float) -> str:
    return f"{format_count(per_s)}/s"


def draw_rows(
    rows: Sequence[BarRow], scale: Scale, caption: str, figure: TickFormat = _rate
) -> Canvas:
    """The rows from top to bottom, and the figures of the axis under the last."""
    bottom = max(1, len(rows)) * ROW_HEIGHT
    canvas = Canvas(bottom + X_AXIS_HEIGHT)
    x = scale.between(0, PLOT_RIGHT)
    for index, row in enumerate(rows):
        middle = (index + 0.7) * ROW_HEIGHT
        _write(canvas, row, middle - BAR_HEIGHT - 1)
        for tick in x.ticks:
            _upright(canvas, x.position(tick), middle, LINE, HAIRLINE)
        _draw_row(canvas, x, row, middle)
    if scale.is_log:
        caption += ", log scale"
    draw_x_axis(canvas, x, bottom, x.ticks, figure, caption)
    return canvas


def _write(canvas: Canvas, row: BarRow, baseline: float) -> None:
    canvas.text(WIDTH, baseline, row.text, anchor="end", bold=row.bold)
    room = WIDTH - text_width(row.text, bold=row.bold) - FONT_SIZE
    canvas.text(0, baseline, shorten(row.name, room, bold=row.bold), bold=row.bold)


def _draw_row(canvas: Canvas, x: Scale, row: BarRow, middle: float) -> None:
    """A bar from zero; on a logarithmic axis, which has no zero, a dot at the end of a line."""
    half = BAR_HEIGHT / 2
    end = x.position(row.value)
    if x.is_log:
        canvas.line([(x.start, middle), (end, middle)], row.colour, width=1.5)
        canvas.dot(end, middle, DOT_RADIUS, row.colour)
    else:
        canvas.bar(x.start, middle - half, end, middle + half, row.colour)
    if row.half_width:
        ends = [x.position(row.value + side * row.half_width) for side in (-1, 1)]
        canvas.line([(whisker, middle) for whisker in ends], INK, width=1.2)
        for whisker in ends:
            _upright(canvas, whisker, middle, INK, 1.2)
    if row.wanted is not None:
        canvas.diamond(x.position(row.wanted), middle, DIAMOND_RADIUS, INK)


def _upright(canvas: Canvas, x: float, middle: float, colour: str, width: float) -> None:
    """A line as high as a bar."""
    half = BAR_HEIGHT / 2
    canvas.line([(x, middle - half), (x, middle + half)], colour, width=width)
