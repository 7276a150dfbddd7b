"""A fleet as a document: who is slow, who differs, which to trust, what all of them sustain."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import TypeAdapter

from advisor.analysis.trust import ORDER, Evidence
from advisor.fleet.outliers import LEAST_HOSTS, OUTLIER_DEVIATIONS, OUTLIER_FACTOR
from advisor.fleet.results import LOW_TRUST, Fleet, FleetHost, HostLatency, Outlier
from advisor.output.charts.data import HostLatencies
from advisor.output.document import (
    Document,
    DocumentBlock,
    Figure,
    Folded,
    KeyFigure,
    Notes,
    Paragraph,
    PlainBlock,
    Section,
    Table,
)
from advisor.output.json_text import json_text
from advisor.units import counted, format_count, format_latency

NAME_WIDTH: Final = 60
"""Longer names, of hosts and of models, are cut."""

MORE_IN: Final = "--format html and markdown have 10,000, json has all"

NAMES_SHOWN: Final = 3
"""Of the hosts that all show the same."""

HOSTS_DRAWN: Final = 20
"""A chart with more rows fills more than a screen."""

OUTLIER_RULE: Final = (
    f"An outlier's mean latency is farther than {OUTLIER_DEVIATIONS} robust standard deviations"
    " (1.4826 x the median absolute deviation, of logarithms) from the median of its model, and"
    f" farther than a factor of {OUTLIER_FACTOR}. Only hosts with the same drives, measured by the"
    f" same series, are compared with each other, at least {LEAST_HOSTS} of them; hosts that are"
    f" not"
    " durable are left out."
)
GROUP_RULE: Final = (
    "Hosts of a group are compared with the others of the group instead, whatever their drives are."
)
TOTAL_RULE: Final = (
    "Added up are the syncs per second of one writer on each host, one sync after another and"
    " nothing else: what the hosts do side by side. No single database gets it, for a transaction"
    " commits on one drive; many clients of one host share syncs (group commit) and get more. Each"
    " file counts as a host of its own. Hosts that are suspicious or not durable are left out, for"
    " syncs that are not kept are fast."
)


def fleet_document(fleet: Fleet, most: int | None = None) -> Document:
    """All of it; of hosts at most so many rows in a table, where `most` is given."""
    sections = (
        *_groups(fleet, most),
        *_slower(fleet, most),
        _hosts(fleet, most),
        _outliers(fleet, most),
        _trust(fleet, most),
        _capacity(fleet),
        *_unread(fleet, most),
        _provenance(fleet),
    )
    return Document(
        title=f"Durability report: {counted(len(fleet.hosts), 'host')}",
        summary=tuple(_summary(fleet)),
        key_figures=tuple(_key_figures(fleet)),
        sections=sections,
    )


def _summary(fleet: Fleet) -> Iterator[str]:
    slowest, total = fleet.hosts[0], fleet.total
    if slowest.latency:
        what = "mean" if slowest.latency.p99_us is None else "p99"
        ranked = format_latency(slowest.latency.ranked_us)
        yield f"The slowest is {_short(slowest.name)}: {what} of a sync {ranked}."
    far = sum(host.outlier is not None for host in fleet.hosts)
    if fleet.groups:
        yield from _summary_of_groups(fleet)
    judged = counted(sum(model.hosts for model in fleet.models), "host")
    stand = "none stands" if far == 0 else "1 stands" if far == 1 else f"{format_count(far)} stand"
    if fleet.groups:
        yield f"Of all hosts {stand} out from the others of their group or drive model."
    elif fleet.models:
        yield f"Of {judged} that can be compared with others of their drive model, {stand} out."
    else:
        yield f"No drive model has {LEAST_HOSTS} hosts, so none is compared."
    low = sum(fleet.trust[trust] for trust in LOW_TRUST)
    if low:
        yield f"{counted(low, 'host')} may not keep what {'it syncs' if low == 1 else 'they sync'}."
    yield (
        f"{counted(total.hosts, 'other' if low else 'host')}"
        f" {'makes' if total.hosts == 1 else 'make'}"
        f" {format_count(total.serial_syncs_per_s)} syncs/s together, with one writer on each."
    )
    if fleet.unread:
        yield f"{counted(len(fleet.unread), 'file')} could not be read."


def _key_figures(fleet: Fleet) -> Iterator[KeyFigure]:
    outliers = sum(host.outlier is not None for host in fleet.hosts)
    low = sum(fleet.trust[trust] for trust in LOW_TRUST)
    yield KeyFigure("hosts", format_count(len(fleet.hosts)))
    yield KeyFigure("outliers", format_count(outliers), "warn" if outliers else "good")
    yield KeyFigure("low trust", format_count(low), "bad" if low else "good")
    yield KeyFigure("syncs/s, all", format_count(fleet.total.serial_syncs_per_s))


def fleet_json(fleet: Fleet) -> str:
    """The same as JSON, with a line for each host: indented, 100,000 would be three million."""
    as_python = TypeAdapter(FleetHost).dump_python
    rest = json_text(fleet.model_copy(update={"hosts": ()}))
    head, hosts, tail = rest.partition('"hosts": [')
    lines = (json.dumps(as_python(host, mode="json", by_alias=True)) for host in fleet.hosts)
    pieces = (piece for line in lines for piece in (",\n    ", line))
    next(pieces, "")  # no comma before the first
    return "".join([head, hosts, "\n    ", *pieces, "\n  ", tail])


def _summary_of_groups(fleet: Fleet) -> Iterator[str]:
    measured = sum(group.hosts for group in fleet.groups)
    missing = sum(len(group.without_result) for group in fleet.groups)
    without = f"; {counted(missing, 'host')} of them without a result" if missing else ""
    yield f"{counted(measured, 'host')} in {counted(len(fleet.groups), 'group')}{without}."
    if fleet.baseline:
        yield f"{counted(fleet.baseline.slower, 'host')} slower than before."


def _groups(fleet: Fleet, most: int | None) -> Iterator[Section]:
    if not fleet.groups:
        return
    headings = (
        *("group", "hosts", "no result", "median", "worst p99", "outliers", "low trust"),
        *(("slower",) if fleet.baseline else ()),
    )
    rows = [
        (
            _short(group.name),
            format_count(group.hosts),
            format_count(len(group.without_result)),
            "-" if group.median_us is None else format_latency(group.median_us),
            "-" if group.worst_p99_us is None else format_latency(group.worst_p99_us),
            format_count(group.outliers),
            format_count(group.low_trust),
            *((format_count(group.slower),) if fleet.baseline else ()),
        )
        for group in fleet.groups
    ]
    table = _rows_table(headings, rows, range(1, len(headings)), most)
    missing = [host for group in fleet.groups for host in group.without_result]
    blocks: list[DocumentBlock] = [*table]
    if missing:
        blocks.append(Paragraph(f"Without a result: {_some(missing)}."))
    yield Section("groups", "Groups", blocks)


def _slower(fleet: Fleet, most: int | None) -> Iterator[Section]:
    baseline = fleet.baseline
    if baseline is None:
        return
    slower = [(host, host.change) for host in fleet.hosts if host.change and host.change.slower]
    slower.sort(key=lambda pair: -pair[1].times)
    rows = [
        (
            _short(host.name),
            format_latency(change.before_us),
            format_latency(change.before_us * change.times),
            f"{change.times:.3g} x",
            _short(host.group or ""),
        )
        for host, change in slower[:most]
    ]
    headings = ("host", "mean before", "now", "", "group")
    told = (
        f"{counted(baseline.compared, 'host')} compared with {baseline.directory},"
        f" {format_count(baseline.slower)} slower; {format_count(baseline.without)} without a"
        " result there that can be compared."
    )
    rule = (
        "Slower is what is slower beyond the 95 % confidence interval of the difference, and by"
        f" more than {baseline.tolerance_percent:g} %."
    )
    blocks: list[DocumentBlock] = [Paragraph(told)]
    if rows:
        blocks += _rows_table(headings, rows, (1, 2, 3), most, len(slower))
    yield Section("slower", "Slower than before", [*blocks, Paragraph(rule)])


def _hosts(fleet: Fleet, most: int | None) -> Section:
    headings = ["host", "class", "trust", "syncs/s", "mean", "p99"]
    shown = [_row(host) for host in fleet.hosts[:most]]
    if any(host.under_load for host in fleet.hosts):
        headings.append("p99 loaded")
        shown = [
            (*row, _p99(host.under_load))
            for row, host in zip(shown, fleet.hosts[:most], strict=True)
        ]
    rows = _rows_table(headings, shown, range(3, len(headings)), most, len(fleet.hosts))
    blocks: list[DocumentBlock] = [*_figure(fleet)]
    without = sum(1 for host in fleet.hosts if not (host.latency and host.latency.p99_us))
    if without:
        blocks.append(
            Notes([f"{counted(without, 'host')} with too few samples for a p99: ranked by mean."])
        )
    if any(host.under_load for host in fleet.hosts):
        blocks.append(Notes(["p99 loaded: of the same sync while pages were flushed."]))
    blocks.append(Folded("All hosts, the worst p99 first", rows))
    return Section("hosts", "Sync latency by host", blocks)


def _figure(fleet: Fleet) -> Iterator[PlainBlock]:
    """The outliers and the slowest, in the order of the fleet: those at the top are looked for."""
    timed = [(host, host.latency.ranked_us) for host in fleet.hosts if host.latency]
    if not timed:
        return
    first = sorted(timed, key=lambda pair: pair[0].outlier is None)[:HOSTS_DRAWN]
    drawn = {host.file for host, _ in first}
    rows = [
        (_short(host.name), us, _remark(host), host.outlier is not None)
        for host, us in timed
        if host.file in drawn
    ]
    far = [f"{name} ({remark})" for name, _, remark, is_outlier in rows if is_outlier]
    among = "in their group" if fleet.groups else "among drives of one model"
    outliers = f"Outliers {among}: {', '.join(far)}." if far else "No outliers."
    name, slowest_us, *_ = rows[0]
    yield Figure(
        HostLatencies(tuple(rows), len(timed)),
        "p99 of one sync by host",
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
    return _short(host.name), host.storage_class, host.trust, *figures


def _p99(latency: HostLatency | None) -> str:
    return "-" if latency is None or latency.p99_us is None else format_latency(latency.p99_us)


def _outliers(fleet: Fleet, most: int | None) -> Section:
    found = [(host, host.outlier) for host in fleet.hosts if host.outlier]
    found.sort(key=lambda pair: pair[1].times_the_median, reverse=True)
    blocks: list[DocumentBlock] = []
    rule: list[PlainBlock] = [Paragraph(OUTLIER_RULE)]
    if fleet.groups:
        rule.append(Paragraph(GROUP_RULE))
    if found:
        like = "group or model" if fleet.groups else "model"
        headings = ("host", "mean", f"of its {like}", "against it", like)
        blocks += _rows_table(headings, [_far(*pair) for pair in found], (1, 2, 3), most)
    else:
        blocks.append(Paragraph("None."))
    if fleet.models:
        rule.append(
            Table(
                "Drive models with enough hosts to compare",
                ("model", "hosts", "median", "outlier from", "outliers"),
                [
                    (
                        _short(model.model),
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
        _short(host.name),
        format_latency(mean_us),
        format_latency(outlier.median_us),
        _against(times),
        _short(host.group or host.model or ""),
    )


def _trust(fleet: Fleet, most: int | None) -> Section:
    """Each host of low trust by its name; of the unverifiable, how many show the same."""
    counts = [(trust, format_count(fleet.trust[trust])) for trust in ORDER]
    blocks: list[DocumentBlock] = [Table("", ("trust", "hosts"), counts, frozenset({1}))]
    low = [
        (_short(host.name), host.trust, "; ".join(entry.text for entry in host.evidence))
        for trust in LOW_TRUST
        for host in fleet.hosts
        if host.trust == trust
    ]
    if low:
        blocks += _rows_table(("host", "trust", "what was seen"), low, (), most)
    if rows := [
        (format_count(len(names)), entry.text, _some(names))
        for entry, names in _unverifiable(fleet.hosts)
    ]:
        headings = ("hosts", "unverifiable, for instance because", "which")
        blocks.append(Table("", headings, rows, frozenset({0})))
    return Section("trust", "Which to trust", blocks)


def _unverifiable(hosts: Sequence[FleetHost]) -> list[tuple[Evidence, list[str]]]:
    """Of each check the evidence of the first host, and all hosts; the most frequent first."""
    first: dict[str, Evidence] = {}
    names = defaultdict(list)
    for host in hosts:
        if host.trust == "unverifiable":
            for entry in host.evidence:
                first.setdefault(entry.check, entry)
                names[entry.check].append(_short(host.name))
    return sorted(
        ((entry, names[check]) for check, entry in first.items()), key=lambda pair: -len(pair[1])
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {format_count(more)} more" if more > 0 else shown


def _capacity(fleet: Fleet) -> Section:
    total = fleet.total
    rows = [
        (
            group.storage_class,
            format_count(group.hosts),
            "-" if group.median_p99_us is None else format_latency(group.median_p99_us),
            "-" if group.worst_p99_us is None else format_latency(group.worst_p99_us),
            format_count(group.serial_syncs_per_s),
        )
        for group in fleet.classes
    ]
    headings = ("class", "hosts", "median p99", "worst p99", "syncs/s")
    added = (
        f"{counted(total.hosts, 'host')} together:"
        f" {format_count(total.serial_syncs_per_s)} syncs/s."
        f" If each had to take the same share, the slowest would hold the others to"
        f" {format_count(total.evenly_shared_syncs_per_s)}/s in all."
    )
    if total.left_out:
        added += f" {counted(total.left_out, 'host')} left out."
    return Section(
        "capacity",
        "Classes, and what all sustain",
        (
            Table("", headings, rows, frozenset(range(1, 5))),
            Paragraph(added),
            Folded("How the total is counted", [Paragraph(TOTAL_RULE)]),
        ),
    )


def _unread(fleet: Fleet, most: int | None) -> Iterator[Section]:
    if fleet.unread:
        rows = [(unread.file, unread.why) for unread in fleet.unread]
        yield Section("unread", "Not read", _rows_table(("file", "why"), rows, (), most))


def _provenance(fleet: Fleet) -> Section:
    files = counted(len(fleet.hosts) + len(fleet.unread), "file")
    made = f"fsync-advisor {fleet.tool_version} made this of {files} by: fleet report FILE..."
    return Section("provenance", "How it was made", [Paragraph(made)])


def _rows_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[int],
    most: int | None,
    count: int | None = None,
) -> list[PlainBlock]:
    """The rows, or the first of `count` of them and how many more there are."""
    count = len(rows) if count is None else count
    blocks: list[PlainBlock] = [Table("", headings, rows[:most], frozenset(numeric))]
    if most is not None and count > most:
        blocks.append(Notes([f"and {format_count(count - most)} more; {MORE_IN}"]))
    return blocks


def _short(text: str) -> str:
    return text if len(text) <= NAME_WIDTH else f"{text[: NAME_WIDTH - 3]}..."
