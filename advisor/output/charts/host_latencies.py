"""The hosts of a fleet, the slowest first."""

from advisor.output.charts.bar_rows import BarRow, draw_rows, values_of
from advisor.output.charts.canvas import ACCENT, BAD, Canvas
from advisor.output.charts.data import HostLatencies
from advisor.output.charts.scales import scale_for
from advisor.units import format_count, format_latency


def host_latencies(chart: HostLatencies) -> Canvas:
    """A bar for each host; an outlier has another colour, bold letters, and says how far it is."""
    rows = [
        BarRow(
            name,
            latency_us,
            ", ".join(filter(None, (format_latency(latency_us), note))),
            bold=is_outlier,
            colour=BAD if is_outlier else ACCENT,
        )
        for name, latency_us, note, is_outlier in chart.rows
    ]
    caption = f"{chart.figure} of one sync"
    if len(rows) < chart.hosts:
        caption += f", {format_count(len(rows))} of {format_count(chart.hosts)} hosts"
    return draw_rows(rows, scale_for(values_of(rows)), caption, _tick)


def _tick(latency_us: float) -> str:
    return format_latency(latency_us) if latency_us else "0"
