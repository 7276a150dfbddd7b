"""CapacityPlan -> text: the serial bound, group commit, workloads, and who carries a target."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from advisor.capacity.commit_paths import CommitKind
from advisor.capacity.results import (
    CapacityPlan,
    Carrier,
    Relaxation,
    Remedy,
    Sustained,
    Target,
    WorkloadCapacity,
)
from advisor.output.blocks import WIDTH, Table, markdown_lines, text_lines
from advisor.output.text import commit_line, one_line
from advisor.units import format_count, format_latency

SERVERS: Final[dict[CommitKind, str]] = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL without binary log",
    "mariadb": "MariaDB without binary log",
    "mysql-binary-log": "MySQL with binary log",
    "mariadb-binary-log": "MariaDB with binary log",
    "asynchronous": "commits that wait for no sync",
    "separate-files": "files of their own",
}
STORAGE_WIDTH: Final = 40
NAME_WIDTH: Final = 17
"""What the figures leave of a line for a storage's name and description, and for a workload's."""

Part = str | Table


def capacity_text(plan: CapacityPlan, *, as_markdown: bool = False) -> str:
    """The plan for people: 80 columns, or Markdown."""
    parts = list(_parts(plan))
    if as_markdown:
        return "".join(f"{text}\n" for text in _markdown(parts))
    return "".join(f"{line}\n" for line in _plain(parts))


def _plain(parts: list[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Table):
            yield from text_lines(part)
        else:
            hanging = "  " if part.startswith("- ") else ""
            yield from wrap(one_line(part), WIDTH, subsequent_indent=hanging) or [""]


def _markdown(parts: list[Part]) -> Iterator[str]:
    """A table stands between empty lines there; a paragraph is one line."""
    for part in filter(None, parts):
        yield "\n".join(markdown_lines(part)) if isinstance(part, Table) else one_line(part)
        yield ""


def _parts(plan: CapacityPlan) -> Iterator[Part]:
    each = format_latency(plan.sync_us)
    yield f"One connection, one sync after another, {each} each, nothing else:"
    yield _figures(
        ("syncs per transaction", "transactions/s", "per day"),
        [
            (str(point.syncs), format_count(point.tps), format_count(point.per_day))
            for point in plan.serial
        ],
    )
    if line := commit_line(plan):
        yield line
    yield ""
    yield from _group_commit(plan)
    if plan.workloads:
        yield ""
        yield from _workloads(plan.workloads)
    for workload in plan.workloads:
        if workload.references:
            yield ""
            yield from _references(workload)
    if plan.target:
        yield ""
        yield from _target(plan.target)
    for note in plan.notes:
        yield f"Note: {note}."


def _group_commit(plan: CapacityPlan) -> Iterator[Part]:
    cores, cpu = plan.cores, plan.cpu_us_per_txn
    yield (
        f"Connections that commit together share syncs ({SERVERS[plan.commit_kind]}). By the "
        f"model, with {_count(cores.value, 'core')} ({cores.source}) and "
        f"{format_latency(cpu.value)} of CPU time per transaction ({cpu.source}):"
    )
    yield _figures(
        ("clients", "transactions/s", "p50", "p99", "commits per sync", "limited by"),
        [
            (
                str(point.clients),
                format_count(point.tps),
                _ms(point.p50_ms),
                _ms(point.p99_ms),
                format_count(point.commits_per_sync),
                point.bottleneck,
            )
            for point in plan.group_commit
        ],
    )


def _workloads(workloads: tuple[WorkloadCapacity, ...]) -> Iterator[Part]:
    yield (
        "Workloads. serial/s: all syncs counted, one after another on one connection. sustained/s: "
        "arriving at random, each on a connection of its own, as many as keep p99 within its "
        "target; - where a transaction that is alone misses it:"
    )
    yield _figures(
        ("workload", "syncs", "serial/s", "sustained/s", "per day", "p99", "target"),
        [
            (
                _short(each.name, NAME_WIDTH),
                str(each.syncs),
                *_sustained(each),
                _ms(each.p99_ms),
                _ms(each.p99_target_ms),
            )
            for each in workloads
        ],
        left=1,
    )
    for each in workloads:
        if each.records_per_s:
            yield f"{each.name}: {format_count(each.records_per_s)} records/s."


def _references(workload: WorkloadCapacity) -> Iterator[Part]:
    yield (
        f"{workload.name} (p99 within {_ms(workload.p99_target_ms)}) on the reference storages, "
        "with this host's CPU:"
    )
    yield _figures(
        ("storage", "sync", "serial/s", "sustained/s", "p99"),
        [
            (
                _storage(each.name, each.description),
                format_latency(each.sync_us),
                *_sustained(each)[:2],
                _ms(each.p99_ms),
            )
            for each in workload.references
        ],
        left=1,
    )


def _sustained(each: Sustained) -> tuple[str, str, str]:
    met = each.meets_target
    return (
        format_count(each.ceiling_tps),
        format_count(each.sustainable_tps) if met else "-",
        format_count(each.per_day) if met else "-",
    )


def _target(target: Target) -> Iterator[Part]:
    within = f" with p99 within {_ms(target.p99_limit_ms)}" if target.p99_limit_ms else ""
    wanted = f"{format_count(target.tps)} transactions/s{within}"
    most = max(target.clients_tried)
    here = target.here
    if here.clients is None:
        yield f"{wanted}: not on this drive, with up to {_count(most, 'client')}."
        yield from _remedies(target.remedies)
    else:
        yield (
            f"{wanted}: yes, on this drive with {_count(here.clients, 'client')}, which make "
            f"{format_count(here.tps or 0)}/s with p99 {_ms(here.p99_ms or 0)}."
        )
    yield ""
    yield f"Who carries it with this host's CPU ({target.durability}), by the fewest clients:"
    yield _figures(
        ("storage", "sync", "clients", "p50", "p99"),
        [_carrier(each) for each in (here, *target.storages)],
        left=1,
    )
    for relaxed in target.relaxed:
        yield _relaxation(relaxed)


def _remedies(remedies: tuple[Remedy, ...]) -> Iterator[Part]:
    if not remedies:
        yield "No two changes of drive, cores, clients or durability would help."
        return
    if len(remedies[0].changes) == 1:
        yield "One change would do:"
    else:
        yield "No drive does, nor any other single change. Two changes would do:"
    for remedy in remedies:
        changes = " and ".join(remedy.changes)
        clients = _count(remedy.clients, "client")
        yield (
            f"- {changes}: {format_count(remedy.tps)}/s with {clients}, p99 {_ms(remedy.p99_ms)}"
        )


def _carrier(carrier: Carrier) -> tuple[str, ...]:
    figures = ("no", "-", "-")
    if carrier.clients and carrier.p50_ms is not None and carrier.p99_ms is not None:
        figures = (str(carrier.clients), _ms(carrier.p50_ms), _ms(carrier.p99_ms))
    sync = format_latency(carrier.sync_us)
    return _storage(carrier.name, carrier.description), sync, *figures


def _relaxation(relaxed: Relaxation) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in relaxed.settings.items())
    carries = "nobody carries it even then"
    if relaxed.clients:
        carries = f"any storage carries it with {_count(relaxed.clients, 'client')}"
    losses = []
    for loss in relaxed.losses:
        window = format_latency(loss.window_ms * 1000)
        at_risk = loss.expected_transactions_at_risk
        losses.append(
            f"the last {loss.groups_max} commit groups or {window} of the binary log"
            if at_risk is None
            else f"up to {window} of acknowledged commits, {format_count(at_risk)} of them"
        )
    price = f"; it may lose {' and '.join(losses)}" if losses else ""
    return f"With --durability {relaxed.durability} ({settings}) {carries}{price}."


def _figures(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 0) -> Table:
    """A table without a title, of which all but the first `left` columns are figures."""
    return Table("", headings, rows, frozenset(range(left, len(headings))))


def _ms(latency_ms: float) -> str:
    return format_latency(latency_ms * 1000)


def _count(count: float, noun: str) -> str:
    return f"{format_count(count)} {noun}{'' if count == 1 else 's'}"


def _storage(name: str, description: str) -> str:
    return _short(f"{name}: {description}" if description else name, STORAGE_WIDTH)


def _short(text: str, width: int) -> str:
    text = one_line(text)
    return text if len(text) <= width else f"{text[: width - 3]}..."
