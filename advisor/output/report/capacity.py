"""What a report says of capacity: one connection, many, workloads, a target, and what if."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from advisor.capacity.policies import Policy
from advisor.output.capacity import (
    group_commit_blocks,
    reference_blocks,
    serial_blocks,
    storage_blocks,
    target_blocks,
    workload_blocks,
)
from advisor.output.charts.data import HeadroomChart, TpsOverClients
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
from advisor.output.policies import policy_blocks
from advisor.output.text import sentence
from advisor.report.results import Alternative, ServerReport
from advisor.units import counted, format_count, format_latency
from advisor.vendors.registry import COMMIT_SEQUENCES, VENDORS

ALL_FOR_THE_DRIVE: Final = (
    "What was observed was perhaps in part a wait for a processor, which another drive would leave "
    "as it is: of a faster one these are upper bounds."
)


def _server_name(server: ServerReport) -> str:
    advice = server.advice
    if advice is None:
        return COMMIT_SEQUENCES[server.capacity.commit_kind].title
    return f"{VENDORS[advice.engine].title} {advice.engine_version}"


def _anchor(server: ServerReport) -> str:
    return server.advice.engine if server.advice else "drive"


def capacity_section(server: ServerReport) -> Section:
    """Clients, target and headroom; folded, the tables that these come from."""
    plan = server.capacity
    name = f": {_server_name(server)}" if server.advice else ""
    blocks: list[DocumentBlock] = [_over_clients(server)]
    if plan.target:
        blocks += [*target_blocks(plan.target), *_headroom(server)]
    if plan.notes:
        blocks.append(Notes(list(map(sentence, plan.notes))))
    return Section(
        f"capacity-{_anchor(server)}", f"Capacity{name}", [*blocks, *_tables(server, name)]
    )


def _tables(server: ServerReport, name: str) -> Iterator[Folded]:
    plan = server.capacity
    yield Folded(f"Many clients, commits that share syncs{name}", group_commit_blocks(plan))
    yield Folded(f"One connection, sync time only{name}", serial_blocks(plan))
    if plan.workloads:
        references = [reference_blocks(each) for each in plan.workloads if each.references]
        blocks = [*workload_blocks(plan.workloads), *chain.from_iterable(references)]
        if not plan.target:  # what nobody asks for a rate is no news
            blocks += _headroom(server)
        yield Folded(f"Workloads{name}", blocks)
    if plan.target:
        yield Folded(f"The target rate on other drives{name}", storage_blocks(plan.target))


def _over_clients(server: ServerReport) -> Figure:
    plan = server.capacity
    serial_tps = server.alternatives[0].serial_tps
    points = tuple((point.clients, point.tps) for point in plan.group_commit)
    name = _server_name(server)
    first, last = plan.group_commit[0], plan.group_commit[-1]
    bound = ""
    if serial_tps is not None:
        bound = f" One connection reaches at most {format_count(serial_tps)}/s (sync time only)."
    return Figure(
        TpsOverClients(name, points, serial_tps, plan.target.tps if plan.target else None),
        f"Transactions per second over clients: {name}",
        f"Clients together: {format_count(first.tps)}/s with {first.clients:,}, "
        f"{format_count(last.tps)}/s with {last.clients:,}.{bound}",
    )


def _headroom(server: ServerReport) -> Iterator[PlainBlock]:
    rows = tuple((each.workload, each.sustainable_tps, each.wanted_tps) for each in server.headroom)
    if not rows:
        return
    yield Figure(HeadroomChart(rows), "Headroom of each workload", " ".join(_uses(server)))


def _uses(server: ServerReport) -> Iterator[str]:
    for each in server.headroom:
        rate = format_count(each.sustainable_tps)
        if not each.sustainable_tps:
            yield f"{each.workload} keeps its p99 at no rate that was tried."
        elif each.wanted_tps is None or each.used_percent is None:
            yield f"{each.workload} may use {rate}/s."
        else:
            used = f"{each.used_percent:.0f} % of the {rate}/s it may use"
            yield f"{each.workload}: {format_count(each.wanted_tps)}/s wanted, {used}."


def changes_section(server: ServerReport, *, may_wait_for_processor: bool) -> Section:
    """One thing different at a time."""
    unlike = f" {ALL_FOR_THE_DRIVE}" if may_wait_for_processor else ""
    here = server.alternatives[0]
    name = f": {_server_name(server)}" if server.advice else ""
    return Section(
        f"changes-{_anchor(server)}",
        f"What would change this{name}",
        [
            Paragraph(
                "Predicted by the model, one change at a time, with "
                f"{counted(here.clients, 'client')} unless the row says otherwise. 1 connection: "
                "sync time only; together: all clients. On another drive every sync takes the mean "
                f"of its classic test.{unlike}"
            ),
            Table(
                "",
                ("change", "1 connection", "clients", "together", "p99", "times"),
                [_change(alternative) for alternative in server.alternatives],
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


def _change(other: Alternative) -> tuple[str, ...]:
    return (
        other.change,
        "no sync" if other.serial_tps is None else f"{format_count(other.serial_tps)}/s",
        f"{other.clients:,}",
        f"{format_count(other.tps)}/s",
        format_latency(other.p99_ms * 1000),
        format_count(other.times),
    )


def _prices(alternatives: tuple[Alternative, ...]) -> Iterator[DocumentBlock]:
    for other in alternatives:
        if other.kind == "durability":
            risks = "can lose commits" if other.losses else "is not durable"
            yield Paragraph(f"{other.change} {risks}: see the cost of durability.")
