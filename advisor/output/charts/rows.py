"""Charts of one row each: name and figure on a line, and under it how long that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from advisor.output.charts.canvas import (
    ACCENT,
    BAD,
    INK,
    LINE,
    MUTED,
    UNDER_PLOT,
    WIDTH,
    Canvas,
)
from advisor.output.charts.data import AmongReferences, Headroom, MethodRates
from advisor.output.charts.lettering import SIZE, fitted, width_of
from advisor.output.charts.scales import linear_ticks, log_limits, log_ticks, wants_log
from advisor.units import format_count, format_size

PITCH: Final = 33.0
BAR: Final = 8.0
RIGHT: Final = WIDTH - 6
"""Half of a dot on the edge stands beyond the plot."""

BOLDER: Final = 1.13
"""So much wider is bold text."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one row shows: a length, and perhaps how sure it is and what is wanted of it."""

    name: str
    value: float
    text: str
    """The figures, as people read them."""
    half_width: float = 0.0
    wanted: float | None = None
    bold: bool = False
    colour: str = ACCENT


def method_rates(chart: MethodRates) -> Canvas:
    """Sync methods, fastest first, with their confidence intervals."""
    rows = [
        Row(
            name,
            rate,
            f"{format_count(rate)}/s"
            + (f" \N{PLUS-MINUS SIGN} {format_count(half)} %" if half else ""),
            half_width=rate * (half or 0) / 100,
        )
        for name, rate, half in sorted(chart.rows, key=lambda row: -row[1])
    ]
    whiskers = "; whiskers: 95 % confidence" if any(row.half_width for row in rows) else ""
    return _draw(rows, f"syncs per second{whiskers}")


def among_references(chart: AmongReferences) -> Canvas:
    """This drive and the reference storages: always on a logarithmic axis, they span 500 times."""
    rows = [
        Row(
            name,
            rate,
            f"{format_count(rate)}/s",
            bold=mine,
            colour=ACCENT if mine else MUTED,
        )
        for name, rate, mine in chart.rows
    ]
    caption = f"classic test, blocks of {format_size(chart.block_bytes)}: syncs per second"
    return _draw(rows, caption, log=True)


def headroom(chart: Headroom) -> Canvas:
    """What each workload may use, and a mark where its wanted rate stands."""
    rows = [
        Row(
            name,
            sustainable,
            _use(sustainable, wanted),
            wanted=wanted,
            colour=BAD if wanted is not None and wanted > sustainable else ACCENT,
        )
        for name, sustainable, wanted in chart.rows
    ]
    mark = "; diamond: wanted" if any(row.wanted is not None for row in rows) else ""
    return _draw(rows, f"sustainable per second{mark}")


def _use(sustainable: float, wanted: float | None) -> str:
    if wanted is None:
        return f"{format_count(sustainable)}/s"
    verdict = "short" if wanted > sustainable else "enough"
    return f"{format_count(wanted)} of {format_count(sustainable)}/s: {verdict}"


def _draw(rows: Sequence[Row], caption: str, log: bool = False) -> Canvas:
    height = max(1, len(rows)) * PITCH
    canvas = Canvas(height + UNDER_PLOT)
    axes = canvas.plot(0, 0, RIGHT, height)
    axes.set_ylim(height, 0)
    values = [value for row in rows for value in (row.value, row.wanted) if value is not None]
    values += [row.value + row.half_width for row in rows]
    log = log or wants_log(values)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(*log_limits(values))
        ticks = log_ticks(*axes.get_xlim())
        caption += ", log scale"
    else:
        ticks = linear_ticks(max(values, default=0) or 1)
        axes.set_xlim(0, ticks[-1])
    for index, row in enumerate(rows):
        middle = index * PITCH + 0.7 * PITCH
        _write(canvas, row, middle - BAR - 1)
        axes.vlines(ticks, middle - BAR / 2, middle + BAR / 2, colors=LINE, linewidth=0.8, zorder=0)
        _draw_row(axes, row, middle, as_bar=not log)
    canvas.x_axis(axes, ticks, lambda tick: f"{format_count(tick)}/s", caption)
    return canvas


def _write(canvas: Canvas, row: Row, baseline: float) -> None:
    canvas.write(WIDTH, baseline, row.text, anchor="end", bold=row.bold)
    room = WIDTH - width_of(row.text) - SIZE
    name = fitted(row.name, room / BOLDER if row.bold else room)
    canvas.write(0, baseline, name, bold=row.bold)


def _draw_row(axes: Axes, row: Row, middle: float, *, as_bar: bool) -> None:
    """A bar from zero; on a logarithmic axis, which has no zero, a dot at the end of a line."""
    left = axes.get_xlim()[0]
    end = max(row.value, left)
    if as_bar:
        axes.barh(middle, end, BAR, color=row.colour, linewidth=0)
    else:
        axes.hlines(middle, left, end, colors=LINE, linewidth=1.5, zorder=0)
        axes.plot([end], [middle], "o", color=row.colour, markersize=BAR, clip_on=False)
    if row.half_width:
        ends = (max(row.value - row.half_width, left), row.value + row.half_width)
        axes.hlines(middle, *ends, colors=INK, linewidth=1.2)
        axes.vlines(ends, middle - BAR / 2, middle + BAR / 2, colors=INK, linewidth=1.2)
    if row.wanted is not None:
        axes.plot(
            [max(row.wanted, left)],
            [middle],
            "D",
            color=INK,
            markersize=BAR - 1,
            clip_on=False,
            zorder=5,
        )
