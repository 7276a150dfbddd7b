"""The charts of a report, as SVG to stand in a page."""

from hashlib import sha256

from advisor.output.charts.canvas import Canvas
from advisor.output.charts.data import (
    Chart,
    HeadroomChart,
    HostLatencies,
    LatencyHistogram,
    MethodRates,
    RateOverTime,
    ReferenceRates,
    TpsOverClients,
)
from advisor.output.charts.headroom import headroom
from advisor.output.charts.host_latencies import host_latencies
from advisor.output.charts.latency_histogram import latency_histogram
from advisor.output.charts.method_rates import method_rates
from advisor.output.charts.rate_over_time import rate_over_time
from advisor.output.charts.reference_rates import reference_rates
from advisor.output.charts.tps_over_clients import tps_over_clients


def draw(chart: Chart, title: str, description: str, number: int = 1) -> str:
    """One <svg> that takes its width, colours and font from the page; the same for the same chart.

    Its ids follow from what it shows and from its `number` in the page, so that no two share one.
    """
    digest = sha256(repr((chart, title, description, number)).encode())
    return _canvas(chart).svg(title, description, f"chart-{digest.hexdigest()[:12]}")


def _canvas(chart: Chart) -> Canvas:
    match chart:
        case LatencyHistogram():
            return latency_histogram(chart)
        case MethodRates():
            return method_rates(chart)
        case TpsOverClients():
            return tps_over_clients(chart)
        case ReferenceRates():
            return reference_rates(chart)
        case HeadroomChart():
            return headroom(chart)
        case HostLatencies():
            return host_latencies(chart)
        case RateOverTime():
            return rate_over_time(chart)
