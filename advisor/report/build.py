"""Strings the pure steps together: Measurement + request -> Report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from advisor import __version__
from advisor.analysis.description import describe_measured, warnings_on
from advisor.analysis.host_findings import HOST_SEVERITIES, HostFinding, evaluate
from advisor.analysis.soaking import soak_findings
from advisor.analysis.verdict import judge
from advisor.capacity.host import CapacityRequest, ProgressCallback, modelled_host
from advisor.capacity.plan import plan_on
from advisor.capacity.policies import Policy, plan_policies
from advisor.capacity.results import CapacityPlan
from advisor.capacity.standard_drives import append_factor, reference_drives
from advisor.capacity.workloads import Transaction
from advisor.measurement import Measurement, Series
from advisor.planning import plan_inputs
from advisor.report.alternatives import alternatives
from advisor.report.histogram import histogram
from advisor.report.results import Report, ServerReport, WorkloadHeadroom
from advisor.report.summary import summary
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VendorName

SINGLE_ROW: Final = "single-row write"

OF_A_REPLICA: Final = (
    "these rates are of clients that commit, as after its promotion; fsync-advisor capacity"
    " --source-tps answers whether a replica keeps up with its source"
)


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is asked for."""

    requests: tuple[Request, ...]
    """The servers; with none a commit waits for one shared sync, as PostgreSQL's does."""
    syncs: tuple[int, ...] | None
    capacity: CapacityRequest
    events: tuple[Transaction, ...]
    """Of an application that keeps files of its own."""
    events_per_s: float | None
    """The target of each of these; None where nobody asks."""
    assumed: tuple[str, ...]
    """What nobody said, and what is taken instead."""
    command: str


def build_report(
    measurement: Measurement,
    asked: ReportRequest,
    knowledge: Mapping[VendorName | None, Knowledge],
    progress: ProgressCallback,
) -> Report:
    """The report. Pure, but that `progress` is told what the model is run for.

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
        requests = asked.requests or (None,)
        built = [_server(measurement, request, asked, knowledge, progress) for request in requests]
        servers = tuple(server for server, _ in built)
        policies = _policies(measurement, asked)
        notes = tuple(dict.fromkeys(note for _, noted in built for note in noted))
    host = _host_findings(measurement, asked, knowledge)
    return Report(
        tool_version=__version__,
        command=asked.command,
        summary=summary(measurement, verdict, servers, host),
        measured=describe_measured(measurement),
        measurement=_without_samples(measurement),
        histogram=histogram(measurement.effective_sync),
        storage=verdict,
        host_findings=host,
        soak=soak_findings(measurement),
        references=storage.references,
        servers=servers,
        policies=policies,
        notes=notes or tuple(warning.text for warning in warnings_on(measurement)),
    )


def _server(
    measurement: Measurement,
    request: Request | None,
    asked: ReportRequest,
    knowledge: Mapping[VendorName | None, Knowledge],
    progress: ProgressCallback,
) -> tuple[ServerReport, tuple[str, ...]]:
    """One server's part, and what must be noted beside it."""
    known, wanted = knowledge[request.vendor if request else None], asked.capacity
    inputs = plan_inputs(measurement, request, asked.syncs, known)
    host = modelled_host(measurement, inputs.server, known, wanted, progress)
    plan = plan_on(host, inputs, measurement, wanted, known)
    of_replica = (OF_A_REPLICA,) if request and request.role == "replica" else ()
    plan = plan.model_copy(update={"notes": (*of_replica, *plan.notes, *asked.assumed)})
    factor = append_factor(host.drive)
    references = tuple(reference_drives(known.storage.references, factor))
    part = ServerReport(
        advice=inputs.advice,
        capacity=plan,
        headroom=_headroom(plan),
        alternatives=alternatives(host, plan, references, inputs.offers),
    )
    return part, inputs.notes


def _host_findings(
    measurement: Measurement,
    asked: ReportRequest,
    knowledge: Mapping[VendorName | None, Knowledge],
) -> tuple[HostFinding, ...]:
    """Of all servers, each once."""
    vendors: list[VendorName | None] = [request.vendor for request in asked.requests]
    checks = knowledge[None].host
    asked_for = vendors or [None]
    found = [each for vendor in asked_for for each in evaluate(measurement, checks, vendor)]
    once = list(dict.fromkeys(found))
    return tuple(sorted(once, key=lambda each: HOST_SEVERITIES.index(each.severity)))


def _policies(measurement: Measurement, asked: ReportRequest) -> tuple[Policy, ...]:
    """By the sync of a file that grows, as such files do, where that was measured."""
    sync = measurement.append or measurement.effective_sync
    if sync is None or asked.events_per_s is None:
        return ()
    replaces = measurement.durable_replaces
    return plan_policies(
        asked.events,
        sync.summary.mean_us,
        asked.events_per_s,
        replaces.summary.mean_us if replaces else None,
        grows=measurement.append is not None,
    )


def _headroom(plan: CapacityPlan) -> tuple[WorkloadHeadroom, ...]:
    """Each workload's rate; the target belongs to the only one, else to single-row writes."""
    target_tps = plan.target.tps if plan.target else None
    rates = {workload.name: workload.sustainable_tps for workload in plan.workloads}
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
            wanted_tps=target_tps,
            used_percent=100 * target_tps / rate if target_tps and rate else None,
        )
        for name, rate in rates.items()
    )


def _without_samples(measurement: Measurement) -> Measurement:
    def without(series: Series) -> Series:
        return series.model_copy(update={"rounds": ()})

    under_load = tuple(map(without, measurement.under_load))
    series = tuple(map(without, measurement.series))
    return measurement.model_copy(update={"series": series, "under_load": under_load})
