"""What each chart of a report shows: numbers and names, nothing of how it looks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LatencyHistogram:
    """How long a sync took: counts in buckets, on a logarithmic axis, and its percentiles."""

    series: str
    buckets: tuple[tuple[float, float, int], ...]
    """(from us, to us, samples), ascending, without gaps."""
    percentiles: tuple[tuple[str, float], ...]
    """("p50", us) and so on, those that the count supports."""


@dataclass(frozen=True, slots=True)
class MethodRates:
    """Sync methods side by side."""

    rows: tuple[tuple[str, float, float | None], ...]
    """(series, operations per second, half-width of the 95 % confidence interval in percent)."""


@dataclass(frozen=True, slots=True)
class TpsOverClients:
    """What a server sustains as clients grow, by the model."""

    server: str
    points: tuple[tuple[int, float], ...]
    """(clients, transactions per second), ascending."""
    serial_tps: float | None
    """Of one connection, if nothing but syncs took time; None where a commit waits for none."""
    target_tps: float | None


@dataclass(frozen=True, slots=True)
class ReferenceRates:
    """The classic test on this drive and on the reference drives."""

    block_bytes: int
    rows: tuple[tuple[str, float, bool], ...]
    """(drive, operations per second, whether it is the measured one), fastest first."""


@dataclass(frozen=True, slots=True)
class HeadroomChart:
    """What each workload may use, and how much of it is wanted."""

    rows: tuple[tuple[str, float, float | None], ...]
    """(workload, sustainable transactions per second, those wanted)."""


@dataclass(frozen=True, slots=True)
class HostLatencies:
    """How long a sync takes on each host."""

    rows: tuple[tuple[str, float, str, bool], ...]
    """(host, us, what to say of it or "", whether it is an outlier), slowest first."""
    hosts: int
    """So many there are; the rows are those worth a look."""
    figure: str = "p99"
    """What of a sync it is: "p99", "mean", "p99 or mean"."""


@dataclass(frozen=True, slots=True)
class RateOverTime:
    """How a drive's rate and the tail of its latency went on while it was soaked."""

    points: tuple[tuple[float, float, float | None], ...]
    """(s since the begin, syncs per second, p99 in us where the count supports it), ascending."""
    changes: tuple[tuple[float, str], ...]
    """(s, its number in the table beside the chart), ascending."""


Chart = (
    LatencyHistogram
    | MethodRates
    | TpsOverClients
    | ReferenceRates
    | HeadroomChart
    | HostLatencies
    | RateOverTime
)
