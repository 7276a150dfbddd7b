"""The charts of a report, as SVG to stand in a page. Needs matplotlib."""

from hashlib import sha256
from typing import assert_never

import matplotlib

from advisor.output.charts.canvas import Canvas
from advisor.output.charts.data import (
    AmongReferences,
    Chart,
    Headroom,
    LatencyHistogram,
    MethodRates,
    TpsOverClients,
)
from advisor.output.charts.histogram import latency_histogram
from advisor.output.charts.rows import among_references, headroom, method_rates
from advisor.output.charts.svg import to_svg
from advisor.output.charts.throughput import tps_over_clients


def draw(chart: Chart, title: str, description: str, number: int = 1) -> str:
    """One <svg> that takes its width, colours and font from the page; the same for the same chart.

    Its ids follow from what it shows and from its `number` in the page, so that no two share one.
    """
    digest = sha256(repr((chart, title, description, number)).encode())
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the user's matplotlibrc says
        return to_svg(_canvas(chart), title, description, f"chart-{digest.hexdigest()[:12]}")


def _canvas(chart: Chart) -> Canvas:
    match chart:
        case LatencyHistogram():
            return latency_histogram(chart)
        case MethodRates():
            return method_rates(chart)
        case TpsOverClients():
            return tps_over_clients(chart)
        case AmongReferences():
            return among_references(chart)
        case Headroom():
            return headroom(chart)
        case _:
            assert_never(chart)
