"""A fleet as a document: who is slow, who differs, which to trust, what all of them sustain."""

import json
import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import TypeAdapter

from advisor.analysis.trust import ORDER, Evidence
from advisor.fleet.outliers import LEAST_HOSTS
from advisor.fleet.results import LOW_TRUST, Fleet, FleetHost
from advisor.output.document import (
    Document,
    DocumentBlock,
    Folded,
    KeyFigure,
    Paragraph,
    Section,
    Table,
)
from advisor.output.fleet_groups import (
    baseline_sections,
    baseline_text,
    complaints,
    group_sections,
    groups_text,
    measured_text,
)
from advisor.output.fleet_hosts import hosts_section, outliers_section
from advisor.output.fleet_tables import rows_table, short, some
from advisor.output.json_text import json_text
from advisor.units import counted, format_count, format_latency

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
        *group_sections(fleet, most),
        *baseline_sections(fleet, most),
        hosts_section(fleet, most),
        outliers_section(fleet, most),
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
    yield from (f"{complaint}." for complaint in complaints(fleet))
    total = fleet.total
    slowest = next((host for host in fleet.hosts if host.trust != "not-durable"), None)
    if slowest is not None and slowest.latency:
        what = "mean" if slowest.latency.p99_us is None else "p99"
        ranked = format_latency(slowest.latency.ranked_us)
        yield f"The slowest is {short(slowest.name)}: {what} of a sync {ranked}."
    far = sum(host.outlier is not None for host in fleet.hosts)
    if fleet.groups:
        yield groups_text(fleet)
    if fleet.baseline:
        yield from baseline_text(fleet.baseline)
    judged = counted(sum(model.hosts for model in fleet.models), "host")
    stand = "none stands" if far == 0 else "1 stands" if far == 1 else f"{format_count(far)} stand"
    if fleet.groups:
        yield f"Of all hosts {stand} out from the others of their group or drive model."
    elif fleet.models:
        yield f"Of {judged} that can be compared with others of their drive model, {stand} out."
    else:
        yield f"No drive model has {LEAST_HOSTS} hosts, so none is compared."
    if suspicious := [short(host.name) for host in fleet.hosts if host.trust == "suspicious"]:
        are = "is" if len(suspicious) == 1 else "are"
        yield f"{counted(len(suspicious), 'host')} {are} suspicious: {some(suspicious)}."
    if total.hosts:
        yield (
            f"{counted(total.hosts, 'other' if total.left_out else 'host')}"
            f" {'makes' if total.hosts == 1 else 'make'}"
            f" {format_count(total.serial_syncs_per_s)} syncs/s"
            f" {'with one writer' if total.hosts == 1 else 'together, with one writer on each'}."
        )
    else:
        yield "No host has syncs that can be believed."
    yield from filter(None, [measured_text(fleet)])
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


def _trust(fleet: Fleet, most: int | None) -> Section:
    """Each host of low trust by its name; of the unverifiable, how many show the same."""
    counts = [(trust, format_count(fleet.trust[trust])) for trust in ORDER]
    blocks: list[DocumentBlock] = [Table("", ("trust", "hosts"), counts, frozenset({1}))]
    low = [
        (short(host.name), host.trust, "; ".join(entry.text for entry in host.evidence))
        for trust in LOW_TRUST
        for host in fleet.hosts
        if host.trust == trust
    ]
    if low:
        blocks += rows_table(("host", "trust", "what was seen"), low, (), most)
    if rows := [
        (format_count(len(names)), entry.text, some(names))
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
                names[entry.check].append(short(host.name))
    return sorted(
        ((entry, names[check]) for check, entry in first.items()), key=lambda pair: -len(pair[1])
    )


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
    together = "" if total.hosts == 1 else " together"
    added = (
        f"{counted(total.hosts, 'host')}{together}:"
        f" {format_count(total.serial_syncs_per_s)} syncs/s."
    )
    if total.hosts > 1:
        added += (
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
        yield Section("unread", "Not read", rows_table(("file", "why"), rows, (), most))


def _provenance(fleet: Fleet) -> Section:
    files = counted(len(fleet.hosts) + len(fleet.unread), "file")
    typed = " ".join(("fleet report", *map(shlex.quote, fleet.asked), "FILE..."))
    made = f"fsync-advisor {fleet.tool_version} made this of {files} by: {typed}"
    return Section("provenance", "How it was made", [Paragraph(made)])
