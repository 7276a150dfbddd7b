"""The hosts of a fleet by latency, and the outliers among them."""

from collections.abc import Iterator
from typing import Final

from advisor.fleet.outliers import LEAST_HOSTS, OUTLIER_DEVIATIONS, OUTLIER_FACTOR
from advisor.fleet.results import Fleet, FleetHost, HostLatency, Outlier
from advisor.output.charts.data import HostLatencies
from advisor.output.document import (
    DocumentBlock,
    Figure,
    Folded,
    Notes,
    Paragraph,
    PlainBlock,
    Section,
    Table,
)
from advisor.output.fleet_tables import rows_table, short
from advisor.units import counted, format_count, format_latency

HOSTS_DRAWN: Final = 20
"""A chart with more rows fills more than a screen."""

OUTLIER_RULE: Final = (
    f"An outlier's mean latency is farther than {OUTLIER_DEVIATIONS} robust standard deviations"
    " (1.4826 x the median absolute deviation, of logarithms) from the median of the hosts that it"
    f" is compared with, and farther than a factor of {OUTLIER_FACTOR}. Only hosts measured by the"
    f" same series are compared, at least {LEAST_HOSTS} of them, and none that is not durable."
)
RATE_OF: Final = (
    "syncs/s: one second by the mean; ops/s, as `measure` shows them, are fewer, for they count"
    " what the host does between two syncs, too."
)
BY_MODEL: Final = "A host is compared with those that have the same drives."
BY_GROUP: Final = (
    "A host is compared with the others of its group, whatever their drives are; one that is in no"
    " group with those that have the same drives."
)


def _ranked_by(fleet: Fleet) -> str:
    """What the hosts are in the order of."""
    timed = [host.latency for host in fleet.hosts if host.latency]
    without = sum(latency.p99_us is None for latency in timed)
    return "p99" if not without else "mean" if without == len(timed) else "p99 or mean"


def hosts_section(fleet: Fleet, most: int | None) -> Section:
    """All hosts, with a chart of the outliers and the slowest."""
    headings = ["host", "class", "trust", "syncs/s", "mean", "p99"]
    shown = [_row(host) for host in fleet.hosts[:most]]
    if any(host.under_load for host in fleet.hosts):
        headings.append("p99 loaded")
        shown = [
            (*row, _p99(host.under_load))
            for row, host in zip(shown, fleet.hosts[:most], strict=True)
        ]
    rows = rows_table(headings, shown, range(3, len(headings)), most, len(fleet.hosts))
    blocks: list[DocumentBlock] = [*_figure(fleet)]
    without = sum(host.latency is not None and not host.latency.p99_us for host in fleet.hosts)
    if without:
        blocks.append(
            Notes([f"{counted(without, 'host')} with too few samples for a p99: ranked by mean."])
        )
    if any(host.under_load for host in fleet.hosts):
        blocks.append(Notes(["p99 loaded: of the same sync while pages were flushed."]))
    if any(host.latency for host in fleet.hosts):
        blocks.append(Notes([RATE_OF]))
    blocks.append(Folded(f"All hosts, the worst {_ranked_by(fleet)} first", rows))
    return Section("hosts", "Sync latency by host", blocks)


def _figure(fleet: Fleet) -> Iterator[PlainBlock]:
    """The outliers and the slowest, in the order of the fleet: those at the top are looked for."""
    timed = [(host, host.latency.ranked_us) for host in fleet.hosts if host.latency]
    if not timed:
        return
    first = sorted(timed, key=lambda pair: pair[0].outlier is None)[:HOSTS_DRAWN]
    drawn = {host.file for host, _ in first}
    rows = [
        (short(host.name), us, _remark(host), host.outlier is not None)
        for host, us in timed
        if host.file in drawn
    ]
    far = [f"{name} ({remark})" for name, _, remark, is_outlier in rows if is_outlier]
    among = "in their group" if fleet.groups else "among drives of one model"
    outliers = f"Outliers {among}: {', '.join(far)}." if far else "No outliers."
    name, slowest_us, *_ = rows[0]
    yield Figure(
        HostLatencies(tuple(rows), len(timed), _ranked_by(fleet)),
        f"{_ranked_by(fleet)} of one sync by host",
        f"The slowest is {name} with {format_latency(slowest_us)}. {outliers}",
    )


def _remark(host: FleetHost) -> str:
    """How far an outlier is from its model; and that a mean is none."""
    remarks = [_against(host.outlier.times_the_median)] if host.outlier else []
    if host.latency and host.latency.p99_us is None:
        remarks.append("mean")
    return ", ".join(remarks)


def _against(times: float) -> str:
    return f"{times:.3g} x slower" if times > 1 else f"{1 / times:.3g} x faster"


def _row(host: FleetHost) -> tuple[str, ...]:
    figures = ("-", "-", "-")
    if host.latency:
        figures = (
            format_count(host.latency.serial_syncs_per_s),
            format_latency(host.latency.mean_us),
            _p99(host.latency),
        )
    return short(host.name), host.storage_class, host.trust, *figures


def _p99(latency: HostLatency | None) -> str:
    return "-" if latency is None or latency.p99_us is None else format_latency(latency.p99_us)


def outliers_section(fleet: Fleet, most: int | None) -> Section:
    """Who is far from the others, and how that is found."""
    found = [(host, host.outlier) for host in fleet.hosts if host.outlier]
    found.sort(key=lambda pair: pair[1].times_the_median, reverse=True)
    blocks: list[DocumentBlock] = []
    compared = BY_GROUP if fleet.groups else BY_MODEL
    rule: list[PlainBlock] = [Paragraph(OUTLIER_RULE), Paragraph(compared)]
    if found:
        like = "group or model" if fleet.groups else "model"
        headings = ("host", "mean", f"of its {like}", "against it", like)
        blocks += rows_table(headings, [_far(*pair) for pair in found], (1, 2, 3), most)
    else:
        blocks.append(Paragraph("None."))
    if fleet.models:
        rule.append(
            Table(
                "Drive models with enough hosts to compare",
                ("model", "hosts", "median", "outlier from", "outliers"),
                [
                    (
                        short(model.model),
                        format_count(model.hosts),
                        format_latency(model.median_us),
                        f"{model.outlier_factor:.3g} x",
                        format_count(model.outliers),
                    )
                    for model in fleet.models
                ],
                frozenset(range(1, 5)),
            )
        )
    blocks.append(Folded("How outliers are found", rule))
    among = "in their group" if fleet.groups else "among drives of one model"
    return Section("outliers", f"Outliers {among}", blocks)


def _far(host: FleetHost, outlier: Outlier) -> tuple[str, ...]:
    times = outlier.times_the_median
    mean_us = outlier.median_us * times
    return (
        short(host.name),
        format_latency(mean_us),
        format_latency(outlier.median_us),
        _against(times),
        short(host.group or host.model or ""),
    )
