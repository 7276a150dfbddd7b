"""Transactions per second as clients grow."""

from typing import Final

from advisor.output.charts.canvas import (
    ACCENT,
    INK,
    LINE_HEIGHT,
    MUTED,
    UNDER_PLOT,
    WIDTH,
    Canvas,
    Dashes,
)
from advisor.output.charts.data import TpsOverClients
from advisor.output.charts.lettering import fitted, width_of
from advisor.output.charts.scales import linear_ticks, log_limits, log_ticks, wants_log
from advisor.units import format_count

PLOT_HEIGHT: Final = 180.0
RIGHT: Final = WIDTH - 6
"""Half of the last dot stands beyond the plot."""

COUNTS_MOST: Final = 9
"""So many have room under the axis."""

SOLID: Final[Dashes] = (0, ())
DASHED: Final[Dashes] = (0, (6, 3))
DOTTED: Final[Dashes] = (0, (1.5, 2))


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
    values = [tps for _, tps, _, _ in levels] + [tps for _, tps in chart.points]
    if log := wants_log(values):
        low, high = log_limits(values)
        ticks = log_ticks(low, high)
    else:
        ticks = linear_ticks(max(values, default=0) or 1)
        low, high = 0.0, ticks[-1]
    left = max(width_of(format_count(tick)) for tick in ticks) + 6
    top = (1 + bool(chart.points) + len(levels)) * LINE_HEIGHT + 12

    canvas = Canvas(top + PLOT_HEIGHT + UNDER_PLOT)
    axes = canvas.plot(left, top, RIGHT, top + PLOT_HEIGHT)
    counts = [count for count, _ in chart.points] or [1]
    axes.set_xscale("log")
    axes.set_xlim(counts[0] / 1.1, max(counts[-1], 2 * counts[0]))
    axes.set_yscale("log" if log else "linear")
    axes.set_ylim(low, high)
    scale = ", log scale" if log else ""
    canvas.y_axis(axes, ticks, format_count, f"transactions per second{scale}")

    if chart.points:
        carried = [max(tps, low) for _, tps in chart.points]
        axes.plot(counts, carried, "o-", color=ACCENT, linewidth=2, markersize=5, clip_on=False)
        most = f"{format_count(counts[-1])} client{'s' if counts[-1] > 1 else ''}"
        text = f"the model: {format_count(chart.points[-1][1])}/s at {most}"
        canvas.key(1, text, ACCENT, SOLID)
    for line, (text, tps, colour, dashes) in enumerate(levels, start=1 + bool(chart.points)):
        axes.axhline(max(tps, low), color=colour, linewidth=1.5, linestyle=dashes)
        canvas.key(line, text, colour, dashes)
    what = ": clients at once, log scale"
    server = fitted(chart.server, RIGHT - left - width_of(what))
    canvas.x_axis(axes, _some(counts), format_count, f"{server}{what}")
    return canvas


def _some(counts: list[int]) -> list[int]:
    """Counts to write under the axis: all of them where they have room, else powers of two."""
    if len(counts) <= COUNTS_MOST:
        return counts
    powers = [2**power for power in range(64) if counts[0] <= 2**power <= counts[-1]]
    return powers[:: -(-len(powers) // COUNTS_MOST)] or [counts[0], counts[-1]]
