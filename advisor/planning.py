"""Strings the pure steps together: Measurement + request + knowledge -> CapacityPlan.

Apart from advise.py, which needs no model of a server under load.
"""

from dataclasses import replace

from advisor.advice import Advice
from advisor.advise import advise
from advisor.analysis.description import notes_on
from advisor.analysis.host_findings import evaluate
from advisor.analysis.observed_load import with_observed_load
from advisor.analysis.verdict import Verdict, judge, require_durable
from advisor.capacity.drive import drive_capacity
from advisor.capacity.host import (
    CapacityRequest,
    ModelledHost,
    ProgressCallback,
    ServerUse,
    modelled_host,
)
from advisor.capacity.offers import offers_of
from advisor.capacity.plan import PlanInputs, plan_on
from advisor.capacity.replica import replica_answer
from advisor.capacity.replica_model import (
    AdvisedCommits,
    ReplicaLog,
    ReplicaQuestion,
    replica_model,
)
from advisor.capacity.replica_results import ReplicaPlan
from advisor.capacity.results import Assumed, CapacityPlan
from advisor.measurement import Measurement
from advisor.request import Request
from advisor.rules.knowledge import Knowledge
from advisor.vendors.commits import ONE_SHARED_SYNC
from advisor.vendors.registry import VENDORS


def plan_capacity(
    measurement: Measurement,
    request: Request | None,
    syncs: tuple[int, ...] | None,
    knowledge: Knowledge,
    wanted: CapacityRequest,
    progress: ProgressCallback,
    question: ReplicaQuestion | None = None,
) -> tuple[Verdict, CapacityPlan, tuple[str, ...]]:
    """The verdict, the plan with all notes, and those of the measurement and its advice alone.

    `progress` is told what the model is run for. With a `question` the server is a replica.

    Raises what `advise` raises.
    """
    if question is not None and request is not None:
        request = replace(request, role="replica")
    inputs = plan_inputs(measurement, request, syncs, knowledge)
    host = modelled_host(measurement, inputs.server, knowledge, wanted, progress)
    plan = plan_on(host, inputs, measurement, wanted, knowledge)
    plan = plan.model_copy(update={"notes": (*inputs.notes, *plan.notes)})
    if question is not None and request is not None:
        log = _replica_log(measurement, request, knowledge)
        plan = _with_replica(plan, host, inputs, request, knowledge, wanted, question, log)
    return inputs.verdict, plan, inputs.notes


def _with_replica(
    plan: CapacityPlan,
    host: ModelledHost,
    inputs: PlanInputs,
    request: Request,
    knowledge: Knowledge,
    wanted: CapacityRequest,
    question: ReplicaQuestion,
    log: ReplicaLog,
) -> ReplicaPlan:
    """The plan, and whether a replica on that host keeps up."""
    assert knowledge.accuracy is not None  # read for whatever is a replica
    model = replica_model(
        host,
        VENDORS[request.vendor],
        request.version,
        knowledge.replay[request.vendor],
        knowledge.accuracy[request.vendor],
        question,
        next(iter(wanted.transactions), None),
        log,
    )
    rates = (reference.classic_4k_per_s for reference in knowledge.storage.references)
    answer = replica_answer(model, fastest_sync_us=1e6 / max(rates))
    answer = answer.model_copy(update={"notes": (*inputs.notes, *answer.notes)})
    return ReplicaPlan(**dict(plan), replica=answer)


def _replica_log(measurement: Measurement, request: Request, knowledge: Knowledge) -> ReplicaLog:
    """How it commits with a binary log of what it applies and without, each as is then advised."""
    server = VENDORS[request.vendor]

    def advised(*, is_written: bool) -> AdvisedCommits:
        asked = request
        if server.has_binary_log:
            asked = replace(request, log_bin=is_written, logs_what_it_applies=is_written)
        advice = advise(measurement, asked, knowledge)
        assert advice.capacity is not None  # a drive without one is refused
        return AdvisedCommits(
            server.sequence_of(advice.capacity.commit_syncs),
            {entry.setting: entry.rendered for entry in advice.settings if entry.emitted},
            advice.role_costs,
            offers_of(advice, server),
        )

    said, written = request.log_bin, advised(is_written=True)
    return ReplicaLog(
        is_written=server.writes_binary_log(request.version) if said is None else said,
        is_said=said is not None,
        written=written,
        not_written=advised(is_written=False) if server.has_binary_log else written,
    )


def plan_inputs(
    measurement: Measurement,
    request: Request | None,
    syncs: tuple[int, ...] | None,
    knowledge: Knowledge,
) -> PlanInputs:
    """What a plan rests on. Without a request a commit waits for one shared sync.

    Raises what `advise` raises.
    """
    if request is None:
        verdict = judge(measurement, knowledge.storage)
        require_durable(measurement, verdict, evaluate(measurement, knowledge.host))
        return PlanInputs(
            advice=None,
            verdict=verdict,
            capacity=drive_capacity(measurement, syncs),
            notes=notes_on(measurement),
            server=ServerUse(ONE_SHARED_SYNC),
            durability="durable",
            offers=(),
        )
    advice = advise(measurement, request, knowledge)
    capacity = advice.capacity
    assert capacity is not None  # a drive without one is refused above
    return PlanInputs(
        advice=advice,
        verdict=advice.storage,
        capacity=capacity,
        notes=advice.warnings,
        server=_server_use(advice, request, measurement, knowledge),
        durability=request.durability,
        offers=offers_of(advice, VENDORS[request.vendor]),
    )


def _server_use(
    advice: Advice, request: Request, measurement: Measurement, knowledge: Knowledge
) -> ServerUse:
    vendor = VENDORS[request.vendor]
    assert advice.capacity is not None
    given = request.log_bytes_per_commit
    observed = with_observed_load(request, measurement).log_bytes_per_commit
    assumed = knowledge.assumptions[f"log_bytes_per_commit_{request.vendor}"].value
    pages = vendor.page_use({entry.setting: entry.value for entry in advice.settings})
    if vendor.compresses_log(request.version, request.build):
        replay = knowledge.replay[request.vendor]
        pages = pages._replace(compressed_share=replay.compressed_share)
    return ServerUse(
        vendor.sequence_of(advice.capacity.commit_syncs),
        pages,
        Assumed(value=given, source="as given")
        if given
        else Assumed(value=observed, source="as observed")
        if observed
        else Assumed(value=assumed, source="assumed"),
    )
