"""Strings the pure steps together: Measurement + questions -> Report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor import __version__
from advisor.advise import plan_inputs
from advisor.analysis.description import describe_measured
from advisor.analysis.verdict import judge
from advisor.capacity.host import CapacityRequest, ProgressCallback, modelled_host
from advisor.capacity.plan import plan_on
from advisor.capacity.policies import Policy, plan_policies
from advisor.capacity.results import CapacityPlan
from advisor.capacity.standard_drives import append_factor, reference_drives
from advisor.capacity.workloads import Transaction
from advisor.measurement import Measurement
from advisor.report.alternatives import alternatives
from advisor.report.histogram import histogram
from advisor.report.results import Report, ServerReport, WorkloadHeadroom
from advisor.report.summary import summary
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VendorName

SINGLE_ROW: Final = "single-row write"


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is asked for."""

    requests: tuple[Request, ...]
    """The servers; with none a commit waits for one shared sync, as PostgreSQL's does."""
    syncs: tuple[int, ...] | None
    wishes: CapacityRequest
    events: tuple[Transaction, ...]
    """Of an application that keeps files of its own."""
    events_per_s: float | None
    """Wanted of each of these; None where nobody asks."""
    assumed: tuple[str, ...]
    """What nobody said, and what is taken instead."""
    command: str


def build_report(
    measurement: Measurement,
    questions: ReportRequest,
    knowledge: Mapping[VendorName | None, Knowledge],
    told: ProgressCallback,
) -> Report:
    """The report. Pure, but that `told` is told what the model is run for.

    `knowledge` has that of each server, and under None that of drives. Raises what `advise` raises,
    but for a drive that is not durable: of that the report has the verdict, and nothing that
    rests on its speed.
    """
    storage = knowledge[None].storage
    verdict = judge(measurement, storage)
    servers: tuple[ServerReport, ...] = ()
    policies: tuple[Policy, ...] = ()
    notes: tuple[str, ...] = ()
    if verdict.trust != "not-durable":
        asked = questions.requests or (None,)
        built = [_server(measurement, one, questions, knowledge, told) for one in asked]
        servers = tuple(server for server, _ in built)
        policies = _policies(measurement, questions)
        notes = tuple(dict.fromkeys(note for _, noted in built for note in noted))
    return Report(
        tool_version=__version__,
        command=questions.command,
        summary=summary(measurement, verdict, servers),
        measured=describe_measured(measurement),
        measurement=_without_samples(measurement),
        histogram=histogram(measurement.effective_sync),
        storage=verdict,
        references=storage.references,
        servers=servers,
        policies=policies,
        notes=notes or tuple(warning.text for warning in measurement.warnings),
    )


def _server(
    measurement: Measurement,
    request: Request | None,
    questions: ReportRequest,
    knowledge: Mapping[VendorName | None, Knowledge],
    told: ProgressCallback,
) -> tuple[ServerReport, tuple[str, ...]]:
    """One server's part, and what must be noted beside it."""
    known, wishes = knowledge[request.vendor if request else None], questions.wishes
    basis = plan_inputs(measurement, request, questions.syncs, known)
    host = modelled_host(measurement, basis.sequence, known, wishes, told)
    plan = plan_on(host, basis, measurement, wishes, known)
    plan = plan.model_copy(update={"notes": (*plan.notes, *questions.assumed)})
    factor = append_factor(host.drive)
    references = tuple(reference_drives(known.storage.references, factor))
    part = ServerReport(
        advice=basis.advice,
        capacity=plan,
        headroom=_headroom(plan),
        alternatives=alternatives(host, plan, references, basis.offers),
    )
    return part, basis.notes


def _policies(measurement: Measurement, questions: ReportRequest) -> tuple[Policy, ...]:
    """By the sync of a file that grows, as such files do, where that was measured."""
    sync = measurement.append or measurement.effective_sync
    if sync is None or questions.events_per_s is None:
        return ()
    return plan_policies(questions.events, sync.summary.mean_us, questions.events_per_s)


def _headroom(plan: CapacityPlan) -> tuple[WorkloadHeadroom, ...]:
    """Each workload's rate; the target belongs to the only one, else to single-row writes."""
    wanted = plan.target.tps if plan.target else None
    rates = {one.name: one.sustainable_tps for one in plan.workloads}
    if plan.target and not rates:
        limit_ms = plan.target.p99_limit_ms
        kept = [
            point.tps for point in plan.group_commit if limit_ms is None or point.p99_ms <= limit_ms
        ]
        rates = {SINGLE_ROW: max(kept, default=0.0)}
    return tuple(
        WorkloadHeadroom(
            workload=name,
            sustainable_tps=rate,
            wanted_tps=wanted,
            used_percent=100 * wanted / rate if wanted and rate else None,
        )
        for name, rate in rates.items()
    )


def _without_samples(measurement: Measurement) -> Measurement:
    series = tuple(one.model_copy(update={"rounds": ()}) for one in measurement.series)
    return measurement.model_copy(update={"series": series})
