"""What a report says of capacity: one connection, many, workloads, a target, and what if."""

from collections.abc import Iterator, Sequence

from advisor.capacity.policies import Policy
from advisor.output.blocks import Notes, Table
from advisor.output.capacity import (
    carrier_parts,
    group_commit_parts,
    reference_parts,
    serial_parts,
    target_parts,
    workload_parts,
)
from advisor.output.charts.data import HeadroomChart, TpsOverClients
from advisor.output.document import DocumentBlock, Figure, Paragraph, Section
from advisor.output.policies import policy_blocks
from advisor.output.text import sentence
from advisor.report.results import Alternative, ServerReport
from advisor.units import format_count, format_latency
from advisor.vendors.registry import COMMIT_SEQUENCES, VENDORS


def _server_name(server: ServerReport) -> str:
    advice = server.advice
    if advice is None:
        return COMMIT_SEQUENCES[server.capacity.commit_kind].title
    return f"{VENDORS[advice.engine].title} {advice.engine_version}"


def _anchor(server: ServerReport) -> str:
    return server.advice.engine if server.advice else "drive"


def capacity_section(server: ServerReport) -> Section:
    """Serial, group commit, workloads, target, headroom."""
    plan = server.capacity
    name = f": {_server_name(server)}" if server.advice else ""
    blocks: list[DocumentBlock] = [
        *serial_parts(plan),
        *group_commit_parts(plan),
        _over_clients(server),
    ]
    if plan.workloads:
        blocks += workload_parts(plan.workloads)
    for workload in plan.workloads:
        if workload.references:
            blocks += reference_parts(workload)
    blocks += _headroom(server)
    if plan.target:
        blocks += [*target_parts(plan.target), *carrier_parts(plan.target)]
    if plan.notes:
        blocks.append(Notes(list(map(sentence, plan.notes))))
    return Section(f"capacity-{_anchor(server)}", f"Capacity{name}", blocks)


def _over_clients(server: ServerReport) -> Figure:
    plan = server.capacity
    serial_tps = server.alternatives[0].serial_tps
    points = tuple((point.clients, point.tps) for point in plan.group_commit)
    name = _server_name(server)
    first, last = plan.group_commit[0], plan.group_commit[-1]
    bound = ""
    if serial_tps is not None:
        bound = f" The serial bound of one connection is {format_count(serial_tps)}/s."
    return Figure(
        TpsOverClients(name, points, serial_tps, plan.target.tps if plan.target else None),
        f"Transactions per second over clients: {name}",
        f"Clients together: {format_count(first.tps)}/s with {first.clients}, "
        f"{format_count(last.tps)}/s with {last.clients}.{bound}",
    )


def _headroom(server: ServerReport) -> Iterator[DocumentBlock]:
    rows = tuple((one.workload, one.sustainable_tps, one.wanted_tps) for one in server.headroom)
    if not rows:
        return
    yield Figure(HeadroomChart(rows), "Headroom of each workload", " ".join(_uses(server)))


def _uses(server: ServerReport) -> Iterator[str]:
    for one in server.headroom:
        rate = format_count(one.sustainable_tps)
        if not one.sustainable_tps:
            yield f"{one.workload} keeps its p99 at no rate that was tried."
        elif one.wanted_tps is None or one.used_percent is None:
            yield f"{one.workload} may use {rate}/s."
        else:
            wanted = f"{format_count(one.wanted_tps)}/s wanted"
            yield f"{one.workload}: {wanted}, {one.used_percent:.0f} % of the {rate}/s it may use."


def changes_section(server: ServerReport) -> Section:
    """One thing different at a time."""
    here = server.alternatives[0]
    name = f": {_server_name(server)}" if server.advice else ""
    return Section(
        f"changes-{_anchor(server)}",
        f"What would change this{name}",
        [
            Paragraph(
                f"By the model, one thing different at a time, with {here.clients} clients where "
                "nothing else is said. Of other drives a sync takes the mean of the classic test, "
                "always. 1 connection: if nothing but syncs took time; together: all clients."
            ),
            Table(
                "",
                ("change", "1 connection", "clients", "together", "p99", "times"),
                [_change(one) for one in server.alternatives],
                frozenset({1, 2, 3, 4, 5}),
                marked=frozenset({0}),
            ),
            *_prices(server.alternatives),
        ],
    )


def events_section(policies: Sequence[Policy]) -> Section:
    """What an application that keeps files of its own is to do."""
    said = (
        "An application that syncs files of its own shares no syncs with anybody. By the sync of a "
        "file that grows, where that was measured:"
    )
    return Section("events", "Files of an application", [Paragraph(said), *policy_blocks(policies)])


def _change(one: Alternative) -> tuple[str, ...]:
    return (
        one.change,
        "no sync" if one.serial_tps is None else f"{format_count(one.serial_tps)}/s",
        str(one.clients),
        f"{format_count(one.tps)}/s",
        format_latency(one.p99_ms * 1000),
        format_count(one.times),
    )


def _prices(alternatives: tuple[Alternative, ...]) -> Iterator[DocumentBlock]:
    risky = [one.change for one in alternatives if one.losses]
    if risky:
        yield Paragraph(f"{', '.join(risky)} loses commits; the price stands under durability.")
