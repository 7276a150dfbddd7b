"""Sync methods side by side."""

from advisor.output.charts.bar_rows import BarRow, draw_rows, values_of
from advisor.output.charts.canvas import Canvas
from advisor.output.charts.data import MethodRates
from advisor.output.charts.scales import scale_for
from advisor.units import format_count


def method_rates(chart: MethodRates) -> Canvas:
    """Sync methods, fastest first, with their confidence intervals."""
    rows = [
        BarRow(
            name,
            rate,
            f"{format_count(rate)}/s"
            + (f" \N{PLUS-MINUS SIGN} {format_count(percent)} %" if percent else ""),
            half_width=rate * (percent or 0) / 100,
        )
        for name, rate, percent in sorted(chart.rows, key=lambda row: -row[1])
    ]
    whiskers = "; whiskers: 95 % confidence" if any(row.half_width for row in rows) else ""
    return draw_rows(rows, scale_for(values_of(rows)), f"syncs per second{whiskers}")
