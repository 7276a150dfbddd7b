"""What a modelled host sustains, and which host would sustain the target. Pure."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from advisor.advice import Advice, Capacity
from advisor.analysis.verdict import Verdict
from advisor.capacity.bounds import Bound, BoundName
from advisor.capacity.group_commit import CommitModel, SyncLatencies
from advisor.capacity.host import CapacityRequest, ModelledHost, ServerUse
from advisor.capacity.host_notes import binary_log_notes, page_notes, pages_left_out
from advisor.capacity.offers import Offer
from advisor.capacity.results import (
    CapacityPlan,
    GroupCommitPoint,
    ObservedUse,
    OnReference,
    Sustained,
    TargetResult,
    WorkloadCapacity,
)
from advisor.capacity.separate_log import separate_log
from advisor.capacity.serial import SECONDS_PER_DAY, within_limits
from advisor.capacity.simulation import MOST_OF_OTHERS
from advisor.capacity.standard_drives import (
    StandardDrive,
    append_factor,
    class_drives,
    reference_drives,
)
from advisor.capacity.sustainable import sustainable
from advisor.capacity.target import target_result
from advisor.capacity.target_search import Scenario, TargetRate
from advisor.capacity.workloads import Transaction
from advisor.durability import Durability
from advisor.measurement import MEASURED, Measurement
from advisor.model import Unknown
from advisor.rules.knowledge import Knowledge
from advisor.units import format_count
from advisor.vendors.commits import REPLACE_SYNCS, SEPARATE_FILES

WORTH_A_WORD: Final = 0.05
"""A smaller share of the drive's time is not told."""

WHOLE_PERCENT: Final = 100
"""More of the time syncs take only where several are under way at once."""

BY_LOG_BYTES: Final[frozenset[BoundName]] = frozenset({"sequential writes", "bandwidth limit"})
"""The bounds that follow from what a commit logs."""


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a plan rests on: the advice where there is a server in mind, else the drive alone."""

    advice: Advice | None
    verdict: Verdict
    capacity: Capacity
    notes: tuple[str, ...]
    server: ServerUse
    durability: Durability
    offers: tuple[Offer, ...]


def plan_on(
    host: ModelledHost,
    inputs: PlanInputs,
    measurement: Measurement,
    request: CapacityRequest,
    knowledge: Knowledge,
) -> CapacityPlan:
    """What the host sustains, and what else sustains the target."""
    factor = append_factor(host.drive)
    references = tuple(reference_drives(knowledge.storage.references, factor))
    asked: TargetResult | None = None
    if request.target_tps is not None:
        scenario, target = _scenario(host, request, request.target_tps)
        others = (*references, *class_drives(knowledge.storage.classes, factor))
        asked = target_result(
            scenario, target, inputs.durability, others, inputs.offers, host.clients
        ).model_copy(update={"left_out": pages_left_out(host)})
    on = references if request.on_references else ()
    points = tuple(_point(host, clients) for clients in request.client_counts)
    workloads = tuple(_workload(host, transaction, on) for transaction in request.transactions)
    written = next((bound for bound in host.bounds(1) if bound.name in BY_LOG_BYTES), None)
    binding = {
        *(point.bottleneck for point in points),
        *(bound.name for workload in workloads for bound in workload.bounds[:1]),
    }
    return CapacityPlan(
        **dict(
            within_limits(
                inputs.capacity,
                request.limits.ops_per_s,
                request.rtt_us,
                written.tps if written else math.inf,
            )
        ),
        commit_kind=host.sequence.kind,
        cores=host.cores,
        cpu_us_per_txn=host.cpu_us_per_txn,
        group_commit=points,
        separate_log=separate_log(host, measurement, max(request.client_counts)),
        workloads=workloads,
        target=asked,
        observed=_observed(measurement),
        notes=(
            *_notes(host, inputs.capacity, request, others=bool(asked or on)),
            *_log_notes(host, binding),
            *_serial_note(inputs.capacity, written),
            *page_notes(host, pages_left_out(host)),
            *_page_time_note(host, request, points, workloads),
            *_tail_notes(measurement),
        ),
    )


def _observed(measurement: Measurement) -> ObservedUse | None:
    """None where the load or the syncs are not known, or nothing was committed."""
    found = measurement.observation
    if found is None:
        return None
    commits_per_s, syncs, busy = (
        found.commits_per_s,
        found.syncs_per_commit,
        found.sync_busy_percent,
    )
    if isinstance(commits_per_s, Unknown) or isinstance(syncs, Unknown):
        return None
    if isinstance(busy, Unknown) or not busy or not commits_per_s:
        return None
    return ObservedUse(
        interval_s=found.interval_s,
        commits_per_s=commits_per_s,
        syncs_per_commit=syncs,
        sync_busy_percent=busy,
        commits_per_s_max=commits_per_s * 100 / busy if busy <= WHOLE_PERCENT else None,
    )


def _notes(
    host: ModelledHost, capacity: Capacity, request: CapacityRequest, *, others: bool
) -> Iterator[str]:
    if capacity.commit_syncs is None:
        yield "without --db a commit waits for one sync, shared as PostgreSQL shares it"
    binary_log = host.sequence.has_binary_log
    yield from binary_log_notes(host, has_binary_log=binary_log)
    if others:
        growing = ", a binary log's as many times longer as on this drive" if binary_log else ""
        if any(transaction.replaces for transaction in request.transactions):
            times = format_count(REPLACE_SYNCS * append_factor(host.drive))
            growing += (
                f", and a durable replace {times} of them, as two syncs of a file that grows take"
                " on this drive, on which these figures depend"
            )
        yield (
            f"of other drives a sync takes its mean, always{growing}; their tails, page writes and"
            " bandwidth are unknown"
        )


def _log_notes(host: ModelledHost, binding: Collection[str]) -> Iterator[str]:
    """That bytes which bind are assumed."""
    log_bytes = host.log_bytes
    if log_bytes is None or log_bytes.source != "assumed" or not BY_LOG_BYTES & set(binding):
        return
    pages = host.storage.pages
    page_bytes = pages.logged_page_bytes if pages else 0.0
    size = f"{format_count(log_bytes.value - page_bytes)} bytes"
    if pages and page_bytes:
        page = format_count(page_bytes * pages.compressed_share)
        size += f", and {page} where it is the first to change its page after a checkpoint"
    yield f"a commit is assumed to log {size}; --log-bytes-per-commit replaces that"


def _serial_note(capacity: Capacity, written: Bound | None) -> Iterator[str]:
    """Where what commits write holds up even one connection."""
    if written and capacity.commit_tps and written.tps < capacity.commit_tps:
        yield f"one connection is held up by the {written.name}, too"


def _page_time_note(
    host: ModelledHost,
    request: CapacityRequest,
    points: tuple[GroupCommitPoint, ...],
    workloads: tuple[WorkloadCapacity, ...],
) -> Iterator[str]:
    """What the pages of the data do to the syncs in these figures."""
    drives = map(host.busy_drive, request.transactions)
    at = [(point.tps, host.busy_drive()) for point in points]
    at += [(each.sustainable_tps, drive) for each, drive in zip(workloads, drives, strict=True)]
    most = max((tps * drive.page_us / 1e6 for tps, drive in at), default=0.0)
    longest = max((drive.longer_at(tps) for tps, drive in at), default=1.0)
    if any(drive.beside_pages for _, drive in at):
        text = f"a sync beside the pages takes up to {longest:.1f} times as long as alone"
        yield f"{text}, by syncs that were measured beside page flushes"
    elif most > MOST_OF_OTHERS:
        yield "pages take nearly all of the drive's time"
    elif most >= WORTH_A_WORD:
        longer = f"so that a sync takes up to {longest:.1f} times as long"
        yield f"pages take up to {most:.0%} of the drive's time, {longer}"


def _tail_notes(measurement: Measurement) -> Iterator[str]:
    """A report may have a mean and no more; what is made of it must not look like a tail."""
    sync = measurement.effective_sync
    if measurement.source != MEASURED and sync and sync.summary.p99_us is None:
        how = "was observed" if measurement.observation else "is reported"
        yield f"only the mean of a sync {how}: p50 and p99 leave out the drive's variation"


def _point(host: ModelledHost, clients: int) -> GroupCommitPoint:
    result = host.bounded(host.clients(host.commits(), host.busy_drive(), host.cpu(), clients))
    return GroupCommitPoint(
        clients=clients,
        tps=result.tps,
        p50_ms=result.p50_ms,
        p99_ms=result.p99_ms,
        commits_per_sync=result.group_size,
        bottleneck=result.bottleneck,
    )


def _workload(
    host: ModelledHost, transaction: Transaction, references: tuple[StandardDrive, ...]
) -> WorkloadCapacity:
    return WorkloadCapacity(
        **dict(_sustained(host, transaction, host.busy_drive(transaction), here=True)),
        name=transaction.name,
        kind=transaction.kind,
        syncs=transaction.syncs,
        p99_target_ms=transaction.p99_target_ms,
        cpu_us_per_txn=host.cpu(transaction.statements).us_per_txn[0][1],
        replaces=transaction.replaces,
        replace_us=host.replace_us if transaction.replaces else None,
        replace_is_low=bool(transaction.replaces) and host.replace_is_low,
        references=tuple(
            OnReference(
                **dict(_sustained(host, transaction, reference.drive, here=False)),
                name=reference.name,
                description=reference.description,
                sync_us=reference.drive.log.mean_us,
            )
            for reference in references
        ),
    )


def _sustained(
    host: ModelledHost,
    transaction: Transaction,
    drive: SyncLatencies,
    *,
    here: bool,
) -> Sustained:
    commit, cpu = host.commit_model(transaction), host.cpu(transaction.statements)
    serial = CommitModel(SEPARATE_FILES, transaction.syncs, replaces=transaction.replaces)
    found = sustainable(commit, drive, cpu, transaction.p99_target_ms, host.arrivals)
    bounds = host.bounds(found.result.group_size, transaction) if here else ()
    rate = min(found.arrivals_per_s, *(bound.tps for bound in bounds), math.inf)
    return Sustained(
        ceiling_tps=1e6 / host.wait_us(serial, drive),
        sustainable_tps=rate,
        per_day=rate * SECONDS_PER_DAY,
        records_per_s=transaction.records and rate * transaction.records,
        p50_ms=found.result.p50_ms,
        p99_ms=found.result.p99_ms,
        meets_target=found.meets_target,
        bounds=bounds,
    )


def _scenario(
    host: ModelledHost, request: CapacityRequest, tps: float
) -> tuple[Scenario, TargetRate]:
    """A single-row write, or the one workload that is asked for, with its own p99."""
    if not request.transactions:
        scenario = Scenario(
            host.commits(),
            host.busy_drive(),
            host.cpu(),
            request.client_counts,
            host.bounded,
            host.elsewhere().bounded,
        )
        return scenario, TargetRate(tps, request.p99_limit_ms)
    (transaction,) = request.transactions
    scenario = Scenario(
        host.commit_model(transaction),
        host.busy_drive(transaction),
        host.cpu(transaction.statements),
        request.client_counts,
        partial(host.bounded, transaction=transaction),
        partial(host.elsewhere().bounded, transaction=transaction),
    )
    return scenario, TargetRate(tps, request.p99_limit_ms or transaction.p99_target_ms)
