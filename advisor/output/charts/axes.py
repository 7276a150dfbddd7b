"""The axes of a chart: ticks, their figures, and what they are."""

from collections.abc import Callable, Iterable
from typing import Final

from advisor.output.charts.canvas import HAIRLINE, LINE, LINE_HEIGHT, MUTED, Canvas
from advisor.output.charts.scales import Scale
from advisor.output.charts.text_metrics import FONT_SIZE, text_width

X_AXIS_HEIGHT: Final = 2.6 * LINE_HEIGHT
"""Of the figures under a plot and their caption."""

_TEXT_GAP: Final = 5.0
"""Between a figure and what is at its right."""

TickFormat = Callable[[float], str]
"""From a value to its figure as people read it."""


def draw_x_axis(
    canvas: Canvas, x: Scale, y: float, ticks: Iterable[float], text: TickFormat, caption: str
) -> None:
    """Figures under the plot whose bottom edge is `y`, and under them what they are.

    A figure that would run into the one before it is left out.
    """
    free = 0.0
    for tick in ticks:
        figure = text(tick)
        middle, width = canvas.middle_of(x.position(tick), figure), text_width(figure)
        if middle - width / 2 >= free:
            canvas.text(middle, y + LINE_HEIGHT, figure, colour=MUTED, anchor="middle")
            free = middle + width / 2 + _TEXT_GAP
    middle = canvas.middle_of((x.start + x.end) / 2, caption)
    canvas.text(middle, y + 2.1 * LINE_HEIGHT, caption, colour=MUTED, anchor="middle")


def y_axis_width(y: Scale, text: TickFormat) -> float:
    """What the figures at the left of a plot take, in units."""
    return max(text_width(text(tick)) for tick in y.ticks) + _TEXT_GAP + 1


def draw_y_axis(
    canvas: Canvas, x: Scale, y: Scale, text: TickFormat, caption: str, *, top: float = 0.0
) -> None:
    """Hairlines across the plot, their figures at its left, and the caption at `top`: of the chart,
    or of the lower one of two plots."""
    for tick in y.ticks:
        level = y.position(tick)
        canvas.line([(x.start, level), (x.end, level)], LINE, width=HAIRLINE)
        canvas.text(
            x.start - _TEXT_GAP,
            level + 0.35 * FONT_SIZE,
            text(tick),
            colour=MUTED,
            anchor="end",
        )
    canvas.text(0, top + FONT_SIZE, caption, colour=MUTED)
