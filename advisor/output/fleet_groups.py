"""The groups of a fleet, and its hosts against their earlier results."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from advisor.fleet.dates import first_and_last
from advisor.fleet.results import Baseline, Fleet
from advisor.model import Known, Unknown
from advisor.output.document import DocumentBlock, Notes, Paragraph, Section
from advisor.output.fleet_tables import rows_table, short, some
from advisor.units import counted, format_count, format_latency

MEDIAN_OF: Final = "median: of the hosts' mean latencies of one sync"

IN_HOURS: Final = timedelta(days=2)
"""What is younger is told in hours."""


def groups_text(fleet: Fleet) -> str:
    """How many hosts the groups have, and how many of these have no result."""
    missing = sum(len(group.without_result) for group in fleet.groups)
    members = sum(group.hosts for group in fleet.groups)
    without = f", {format_count(missing)} of them without a result" if missing else ""
    return f"{counted(members, 'host')} in {counted(len(fleet.groups), 'group')}{without}."


def complaints(fleet: Fleet) -> Iterator[str]:
    """What makes the exit status 3, without a full stop."""
    for hosts, what in (
        (fleet.not_durable, "not durable"),
        (fleet.newly_suspicious, "suspicious, and had better trust before"),
        (fleet.slower, "slower than before"),
    ):
        if hosts:
            are = "is" if len(hosts) == 1 else "are"
            names = some([short(host.name) for host in hosts])
            yield f"{counted(len(hosts), 'host')} {are} {what}: {names}"


def baseline_text(baseline: Baseline) -> Iterator[str]:
    """How many were not compared; and that none of those that were is slower."""
    if not baseline.compared:
        yield f"Nothing was compared: {baseline.directory} has no result that can be."
        return
    if not baseline.slower:
        compared = " that was compared" if baseline.without else ""
        yield f"No host{compared} is slower than before."
    if baseline.without:
        hosts = counted(baseline.compared + baseline.without, "host")
        yield f"{format_count(baseline.without)} of {hosts} not compared with an earlier result."


def span_text(first: Known[datetime], last: Known[datetime]) -> str:
    """Like "2026-11-20 to 2026-11-28"; "" where nobody says."""
    if isinstance(first, Unknown) or isinstance(last, Unknown):
        return ""
    days = list(dict.fromkeys(when.date().isoformat() for when in (first, last)))
    return " to ".join(days)


def group_sections(fleet: Fleet, most: int | None) -> Iterator[Section]:
    """A line for each group, where there are any."""
    if not fleet.groups:
        return
    tells_role = any(group.role or group.cluster for group in fleet.groups)
    headings = (
        *("group", "hosts", "no result", "median", "worst p99", "outliers", "low trust"),
        *(("slower",) if fleet.baseline else ()),
        *(("role, cluster",) if tells_role else ()),
    )
    rows = [
        (
            short(group.name),
            format_count(group.hosts),
            format_count(len(group.without_result)),
            "-" if group.median_us is None else format_latency(group.median_us),
            "-" if group.worst_p99_us is None else format_latency(group.worst_p99_us),
            format_count(group.outliers),
            format_count(group.low_trust),
            *((format_count(group.slower),) if fleet.baseline else ()),
            *((", ".join(filter(None, (group.role, group.cluster))),) if tells_role else ()),
        )
        for group in fleet.groups
    ]
    figures = range(1, len(headings) - tells_role)
    table = rows_table(headings, rows, figures, most)
    missing = sorted(host for group in fleet.groups for host in group.without_result)
    blocks: list[DocumentBlock] = [*table, Notes([MEDIAN_OF])]
    if missing:
        blocks.append(Paragraph(f"Without a result: {some(missing)}."))
    yield Section("groups", "Groups", blocks)


def baseline_sections(fleet: Fleet, most: int | None) -> Iterator[Section]:
    """Who is slower than before, where there are earlier results."""
    baseline = fleet.baseline
    if baseline is None:
        return
    rows = [
        (
            short(host.name),
            format_latency(host.change.before_us),
            format_latency(host.change.before_us * host.change.times),
            f"{host.change.times:.3g} x",
            short(host.group or ""),
        )
        for host in fleet.slower[:most]
        if host.change
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
    blocks: list[DocumentBlock] = [Paragraph(" ".join([told, *_ages(fleet, baseline)]))]
    if rows:
        blocks += rows_table(headings, rows, (1, 2, 3), most, len(fleet.slower))
    if less_trusted := [
        (
            short(host.name),
            host.trust_before or "",
            host.trust,
            "; ".join(entry.text for entry in host.evidence),
            short(host.group or ""),
        )
        for host in fleet.less_trusted
    ]:
        headings = ("host", "trust before", "now", "what was seen", "group")
        blocks += rows_table(headings, less_trusted, (), most)
    if baseline.unread:
        files = [(each.file, each.why) for each in baseline.unread]
        blocks += rows_table(("earlier result", "not read because"), files, (), most)
    yield Section("slower", "Slower than before", [*blocks, Paragraph(rule)])


def _ages(fleet: Fleet, baseline: Baseline) -> Iterator[str]:
    """When the earlier results were measured, and how much earlier that is."""
    then = span_text(baseline.oldest_taken_at, baseline.newest_taken_at)
    ages = [
        host.taken_at - host.change.before_taken_at
        for host in fleet.hosts
        if host.change
        and not isinstance(host.taken_at, Unknown)
        and not isinstance(host.change.before_taken_at, Unknown)
    ]
    earlier = [age for age in ages if age >= timedelta(0)]
    if then and earlier:
        yield f"The results there were measured {then}, {_age_text(earlier)} earlier."
    if later := len(ages) - len(earlier):
        yield f"Measured later than what it is compared with: {counted(later, 'host')}."


def _age_text(ages: Iterable[timedelta]) -> str:
    """Like "28 to 31 days"."""
    least, most = min(ages), max(ages)
    unit, name = (timedelta(hours=1), "hours") if most < IN_HOURS else (timedelta(days=1), "days")
    figures = dict.fromkeys(format_count(age // unit) for age in (least, most))
    return f"{' to '.join(figures)} {name}"


def measured_text(fleet: Fleet) -> str:
    """Like "Measured 2026-11-20 to 2026-11-28."; "" where no result says when."""
    then = span_text(*first_and_last(host.taken_at for host in fleet.hosts))
    silent = sum(isinstance(host.taken_at, Unknown) for host in fleet.hosts)
    rest = f"; {counted(silent, 'result')} without a date" if silent else ""
    return f"Measured {then}{rest}." if then else ""
