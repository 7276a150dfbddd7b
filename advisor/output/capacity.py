"""A capacity plan as a document: the serial bound, group commit, workloads, and a target."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from advisor.capacity.bounds import Bound, BoundName
from advisor.capacity.durable_replace import assumed_text
from advisor.capacity.replica_results import ReplicaPlan
from advisor.capacity.results import (
    CapacityPlan,
    ObservedUse,
    Relaxation,
    Remedy,
    StorageResult,
    Sustained,
    TargetResult,
    WorkloadCapacity,
)
from advisor.output.document import Document, Notes, Paragraph, PlainBlock, Section, Table
from advisor.output.replica import replica_blocks
from advisor.output.text import commit_line, limit_text
from advisor.units import counted, format_count, format_latency
from advisor.vendors.registry import COMMIT_SEQUENCES

WORTH_A_DRIVE: Final = 1.05
"""What another drive must bring to be worth a word: less is within the model's error."""

AS_A_SOURCE: Final = (
    "As a server that clients commit on, which a replica is once it is promoted; whether it keeps"
    " up is below."
)

BOUND_NAMES: Final[dict[BoundName, str]] = {
    "sequential writes": "sequential writes allow",
    "page writes": "page writes allow",
    "page reads": "page reads allow",
    "page writes and reads": "page writes and reads allow",
    "operation limit": "limit of operations allows",
    "bandwidth limit": "limit of bandwidth allows",
}


def capacity_document(plan: CapacityPlan) -> Document:
    """The plan; and last the notes on it."""
    groups = _replica_groups(plan) if isinstance(plan, ReplicaPlan) else _noted(plan, plan.notes)
    return Document(sections=[Section(blocks=blocks) for blocks in groups])


def _replica_groups(plan: ReplicaPlan) -> Iterator[list[PlainBlock]]:
    """Last what it is as a replica, with the notes that hold for one."""
    of_replica = plan.replica.notes
    yield [Paragraph(AS_A_SOURCE)]
    yield from _noted(plan, [note for note in plan.notes if note not in of_replica])
    yield [*replica_blocks(plan.replica), *_notes(of_replica)]


def _noted(plan: CapacityPlan, notes: Iterable[str]) -> Iterator[list[PlainBlock]]:
    *groups, last = capacity_groups(plan)
    yield from groups
    yield [*last, *_notes(notes)]


def _notes(notes: Iterable[str]) -> list[PlainBlock]:
    return [Paragraph(f"Note: {note}.") for note in notes]


def capacity_groups(plan: CapacityPlan) -> Iterator[list[PlainBlock]]:
    """What is read together, in the order in which it is read; without the notes, and what is said
    of a replica."""
    yield serial_blocks(plan)
    if plan.observed:
        yield observed_blocks(plan.observed)
    yield group_commit_blocks(plan)
    if plan.workloads:
        yield workload_blocks(plan.workloads)
    for workload in plan.workloads:
        if workload.references:
            yield reference_blocks(workload)
    if plan.target:
        yield target_blocks(plan.target)
        yield storage_blocks(plan.target)


def serial_blocks(plan: CapacityPlan) -> list[PlainBlock]:
    """One connection: the serial bound, and what one commit waits for."""
    each = format_latency(plan.sync_us)
    line = commit_line(plan)
    return [
        Paragraph(
            f"One connection, one sync after another, {each} each"
            f"{limit_text(plan)} (sync time only):"
        ),
        _figures(
            ("syncs per transaction", "transactions/s", "per day"),
            [
                (f"{point.syncs:,}", format_count(point.tps), format_count(point.per_day))
                for point in plan.serial
            ],
        ),
        *([Paragraph(line)] if line else []),
    ]


def observed_blocks(found: ObservedUse) -> list[PlainBlock]:
    """What the server made of the drive while it was observed."""
    seen = (
        f"Observed for {format_count(found.interval_s)} s: {format_count(found.commits_per_s)}"
        f" commits/s with {format_count(found.syncs_per_commit)} syncs per commit, which took"
        f" {found.sync_busy_percent:.0f} % of the time"
    )
    if found.commits_per_s_max is None:
        return [
            Paragraph(f"{seen}: some waited for others, so what the drive has left is unknown.")
        ]
    most = format_count(found.commits_per_s_max)
    return [
        Paragraph(
            f"{seen}. If commits went on to share no more syncs than that, {most} commits/s would"
            " take all of it; that is no limit, for more connections share more, as below."
        )
    ]


def group_commit_blocks(plan: CapacityPlan) -> list[PlainBlock]:
    """Many connections that share syncs."""
    cores, cpu = plan.cores, plan.cpu_us_per_txn
    title = COMMIT_SEQUENCES[plan.commit_kind].title
    words = (
        f"Connections that commit together share syncs ({title}). By the "
        f"model, with {counted(cores.value, 'core')} ({cores.source}) and "
        f"{format_latency(cpu.value)} of CPU time per transaction ({cpu.source}):"
    )
    table = _figures(
        ("clients", "transactions/s", "p50", "p99", "commits per sync", "limited by"),
        [
            (
                f"{point.clients:,}",
                format_count(point.tps),
                _ms(point.p50_ms),
                _ms(point.p99_ms),
                format_count(point.commits_per_sync),
                point.bottleneck,
            )
            for point in plan.group_commit
        ],
    )
    return [Paragraph(words), table, *_separate_log_lines(plan)]


def _separate_log_lines(plan: CapacityPlan) -> Iterator[PlainBlock]:
    """Whether a drive of its own pays for the log."""
    found = plan.separate_log
    if found is None:
        return
    sequence = COMMIT_SEQUENCES[plan.commit_kind]
    logs = sequence.log_title + (" and the binary log" if sequence.has_binary_log else "")
    together, apart = format_count(found.together_tps), format_count(found.apart_tps)
    clients = counted(found.clients, "client")
    if found.apart_tps < found.together_tps * WORTH_A_DRIVE:
        gain = "gains nothing" if found.is_apart else "would gain nothing"
        text = f"A drive of its own for {logs} {gain}: {together} and {apart}/s with {clients}."
    elif found.is_apart:
        text = f"With {logs} beside the data: {together}/s in place of {apart}/s ({clients})."
    else:
        text = (
            f"With {logs} on another drive like this one: {apart}/s in place of {together}/s"
            f" ({clients})."
        )
    rests = "Syncs beside page flushes were measured for that." if found.is_measured else ""
    yield Paragraph(" ".join(filter(None, [text, rests])))


def workload_blocks(workloads: tuple[WorkloadCapacity, ...]) -> list[PlainBlock]:
    """The rate at which each workload keeps its target."""
    words = (
        "Workloads. serial bound: every durable step counts as one sync, one after another on one "
        "connection, although a database commits a transaction only once. sustained/s: the highest "
        "rate of random arrivals, each on its own connection, that keeps p99 within the target; "
        "-: even a single transaction misses it:"
    )
    table = _figures(
        ("workload", "steps", "serial bound", "sustained/s", "per day", "p99", "target"),
        [
            (
                each.name,
                f"{each.syncs:,}",
                *_sustained(each),
                _ms(each.p99_ms),
                _ms(each.p99_target_ms),
            )
            for each in workloads
        ],
        left=1,
    )
    records = [Paragraph(_records(each)) for each in workloads if each.records_per_s]
    return [
        *(Paragraph(words), table, *_bound_lines(workloads)),
        *_replace_lines(workloads),
        *records,
    ]


def _replace_lines(workloads: tuple[WorkloadCapacity, ...]) -> Iterator[PlainBlock]:
    """How many of the workloads' steps are durable replaces, and what one takes."""
    replacing = [each for each in workloads if each.replace_us]
    if replacing and (replace_us := replacing[0].replace_us):
        steps = ", ".join(f"{each.name} {each.replaces} of {each.syncs}" for each in replacing)
        assumed = replace_us.source == "assumed"
        how = assumed_text(is_low=replacing[0].replace_is_low) if assumed else replace_us.source
        takes = format_latency(replace_us.value)
        yield Paragraph(f"Steps that replace a file durably: {steps}; {takes} each ({how}).")


def _bound_lines(workloads: tuple[WorkloadCapacity, ...]) -> Iterator[PlainBlock]:
    """What holds a workload back that is neither a sync nor the cores."""
    for each in workloads:
        if each.bounds and each.meets_target and each.sustainable_tps == each.bounds[0].tps:
            yield Paragraph(f"{each.name}: {bound_text(each.bounds[0])}.")


def bound_text(bound: Bound) -> str:
    """Like "page writes allow at most 333/s"."""
    return f"{BOUND_NAMES[bound.name]} at most {format_count(bound.tps)}/s"


def _records(each: WorkloadCapacity) -> str:
    rate = f"{each.name}: {format_count(each.records_per_s or 0)} records/s"
    if not each.bounds:
        return f"{rate}, by syncs and CPU; the drive's bandwidth is not included."
    return f"{rate}."


def reference_blocks(workload: WorkloadCapacity) -> list[PlainBlock]:
    """One workload on the reference drives."""
    words = (
        f"{workload.name} (p99 within {_ms(workload.p99_target_ms)}) on the reference drives, "
        "with this host's CPU:"
    )
    table = _figures(
        ("drive", "sync", "serial bound", "sustained/s", "p99"),
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
    return [Paragraph(words), table]


def _sustained(each: Sustained) -> tuple[str, str, str]:
    met = each.meets_target
    return (
        format_count(each.ceiling_tps),
        format_count(each.sustainable_tps) if met else "-",
        format_count(each.per_day) if met else "-",
    )


def target_blocks(target: TargetResult) -> list[PlainBlock]:
    """Whether this drive sustains the target, and what would change a no."""
    within = f" with p99 within {_ms(target.p99_limit_ms)}" if target.p99_limit_ms else ""
    wanted = f"{format_count(target.tps)} transactions/s{within}"
    most = max(target.clients_tried)
    here = target.here
    if here.bound is not None:
        no = f"{wanted}: not on this drive, whose {bound_text(here.bound)}."
        return [Paragraph(no), *_remedies(target.remedies)]
    if here.clients is None:
        no = f"{wanted}: not on this drive, with up to {counted(most, 'client')}."
        return [Paragraph(no), *_remedies(target.remedies)]
    without = " and ".join(target.left_out)
    yes = f"yes, if {without} (not measured) do not limit it," if without else "yes,"
    return [
        Paragraph(
            f"{wanted}: {yes} on this drive with {counted(here.clients, 'client')}, reaching "
            f"{format_count(here.tps or 0)}/s with p99 {_ms(here.p99_ms or 0)}."
        )
    ]


def storage_blocks(target: TargetResult) -> list[PlainBlock]:
    """What else sustains the target, and what a lower durability costs."""
    words = (
        f"Which drives sustain it with this host's CPU ({target.durability}), by the fewest "
        "clients:"
    )
    table = _figures(
        ("drive", "sync", "clients", "p50", "p99"),
        [_sustaining(each) for each in (target.here, *target.storages)],
        left=1,
    )
    relaxed = [Paragraph(_relaxation(relaxed)) for relaxed in target.relaxed]
    return [Paragraph(words), table, *relaxed]


def _remedies(remedies: tuple[Remedy, ...]) -> list[PlainBlock]:
    if not remedies:
        return [Paragraph("No two changes of drive, cores, clients or durability would help.")]
    words = "No drive and no other single change is enough. Two changes are:"
    if len(remedies[0].changes) == 1:
        words = "One change is enough:"
    return [Paragraph(words), Notes([remedy_text(remedy) for remedy in remedies])]


def remedy_text(remedy: Remedy) -> str:
    """What to change, and what is sustained then."""
    clients = counted(remedy.clients, "client")
    sustained = f"{format_count(remedy.tps)}/s with {clients}, p99 {_ms(remedy.p99_ms)}"
    return f"{' and '.join(remedy.changes)}: {sustained}"


def _sustaining(drive: StorageResult) -> tuple[str, ...]:
    figures = ("no", "-", "-")
    if drive.clients and drive.p50_ms is not None and drive.p99_ms is not None:
        figures = (f"{drive.clients:,}", _ms(drive.p50_ms), _ms(drive.p99_ms))
    return _storage(drive.name, drive.description), format_latency(drive.sync_us), *figures


def _relaxation(relaxed: Relaxation) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in relaxed.settings.items())
    sustains = "this drive does not sustain it even then"
    if relaxed.clients:
        sustains = f"this drive sustains it with {counted(relaxed.clients, 'client')}"
    losses = []
    for loss in relaxed.losses:
        window = format_latency(loss.window_ms * 1000)
        at_risk = loss.expected_transactions_at_risk
        losses.append(
            f"the last {loss.groups_max} commit groups or {window} of the binary log"
            if at_risk is None
            else f"up to {window} of acknowledged commits, {format_count(at_risk)} of them"
        )
    losing = f"; it may lose {' and '.join(losses)}" if losses else ""
    return f"With --durability {relaxed.durability} ({settings}) {sustains}{losing}."


def _figures(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 0) -> Table:
    """A table without a title, of which all but the first `left` columns are figures."""
    return Table("", headings, rows, frozenset(range(left, len(headings))))


def _ms(latency_ms: float) -> str:
    return format_latency(latency_ms * 1000)


def _storage(name: str, description: str) -> str:
    return f"{name}: {description}" if description else name
