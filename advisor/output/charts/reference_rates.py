"""A drive beside the reference drives."""

from advisor.output.charts.bar_rows import BarRow, draw_rows, values_of
from advisor.output.charts.canvas import ACCENT, MUTED, Canvas
from advisor.output.charts.data import ReferenceRates
from advisor.output.charts.scales import log_scale
from advisor.units import format_count, format_size


def reference_rates(chart: ReferenceRates) -> Canvas:
    """The drives in the order given: always on a logarithmic axis, for they span 500 times."""
    rows = [
        BarRow(
            name,
            rate,
            f"{format_count(rate)}/s",
            bold=is_measured,
            colour=ACCENT if is_measured else MUTED,
        )
        for name, rate, is_measured in chart.rows
    ]
    caption = f"classic test, blocks of {format_size(chart.block_bytes)}: syncs per second"
    return draw_rows(rows, log_scale(values_of(rows)), caption)
