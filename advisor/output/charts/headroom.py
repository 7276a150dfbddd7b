"""The headroom of each workload."""

from advisor.output.charts.bar_rows import BarRow, draw_rows, values_of
from advisor.output.charts.canvas import ACCENT, BAD, Canvas
from advisor.output.charts.data import HeadroomChart
from advisor.output.charts.scales import scale_for
from advisor.units import format_count


def headroom(chart: HeadroomChart) -> Canvas:
    """The sustainable rate of each workload, and a mark where its wanted rate stands."""
    rows = [
        BarRow(
            name,
            sustainable,
            _figures(sustainable, wanted),
            wanted=wanted,
            colour=BAD if wanted is not None and wanted > sustainable else ACCENT,
        )
        for name, sustainable, wanted in chart.rows
    ]
    mark = "; diamond: wanted" if any(row.wanted is not None for row in rows) else ""
    return draw_rows(rows, scale_for(values_of(rows)), f"sustainable per second{mark}")


def _figures(sustainable: float, wanted: float | None) -> str:
    if wanted is None:
        return f"{format_count(sustainable)}/s"
    verdict = "short" if wanted > sustainable else "enough"
    return f"{format_count(wanted)} of {format_count(sustainable)}/s: {verdict}"
