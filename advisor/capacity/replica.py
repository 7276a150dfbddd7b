"""Whether a replica keeps up with its source, and what would help: what is asked of its model."""

from collections.abc import Iterable
from typing import Any, Final

from advisor.advice import LowerDurability
from advisor.analysis.replica_accuracy import Accuracy
from advisor.capacity.replica_model import OUTAGE_S, ReplicaModel, ReplicaQuestion
from advisor.capacity.replica_results import (
    Accurate,
    AppliedRate,
    FasterSync,
    RateLimit,
    RelaxedReplica,
    ReplicaAnswer,
)
from advisor.vendors.appliers import Appliers

APPLIER_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64)
SHORTER_SYNCS: Final = (2, 4, 8, 16, 32, 64)
"""How many times as short a sync is tried."""


def replica_answer(model: ReplicaModel, offers: Iterable[LowerDurability]) -> ReplicaAnswer:
    """Whether it keeps up, and what would help. `offers`: the durability classes in which no commit
    waits for a sync."""
    kind, asked = model.replaying.appliers, model.question.appliers
    if kind is None:
        return _answer(model, model.applied(), model.limits())
    count = max(1, kind.default_count if asked is None else asked)
    by_appliers = tuple(map(model.applied, sorted({*APPLIER_COUNTS, count})))
    here = next(rate for rate in by_appliers if rate.appliers == count)
    needed = next((rate.appliers for rate in by_appliers if rate.keeps_up), None)
    keeps_up = here.keeps_up is True
    offered = [] if keeps_up else [*offers]
    return _answer(
        model,
        here,
        model.limits(count),
        is_relaxed=not model.host.sequence.stages,
        appliers_setting=kind.setting,
        appliers_source="default" if asked is None else "as given",
        appliers_need=kind.needs,
        need_binary_log=model.need_binary_log(kind),
        appliers_needed=needed,
        lifted_by=kind.lifted_by,
        source_clients_needed=_source_clients_needed(model.question, kind, here, needed),
        by_appliers=by_appliers,
        lifted=None if keeps_up else model.lifted(count),
        faster_sync=None if keeps_up else _faster_sync(model, count),
        relaxed=tuple(
            RelaxedReplica(
                **dict(model.applied(count, is_synced=False)),
                durability=offer.durability,
                settings=offer.settings,
                role_costs=offer.role_costs,
            )
            for offer in offered
        ),
        relaxed_accuracy=_accurate(model.accuracy_where(is_synced=False)) if offered else None,
    )


def _answer(
    model: ReplicaModel, here: AppliedRate, limits: Iterable[RateLimit], **of_appliers: Any
) -> ReplicaAnswer:
    source_tps = model.question.source_tps
    others: dict[str, RateLimit] = {}
    for limit in limits:
        if limit.name != here.limited_by and limit.applied_per_s < source_tps:
            others.setdefault(limit.name, limit)
    return ReplicaAnswer(
        **dict(here),
        source_tps=source_tps,
        outage_s=OUTAGE_S,
        accuracy=_accurate(model.accuracy_where()),
        other_limits=tuple(others.values()),
        left_out=model.left_out,
        cpu_us_per_txn=model.cpu_us_per_txn,
        replayed=model.replayed(),
        notes=model.notes,
        **of_appliers,
    )


def _source_clients_needed(
    question: ReplicaQuestion, kind: Appliers, here: AppliedRate, needed: int | None
) -> int | None:
    """As many as the fewest appliers that keep up, unless one does."""
    is_open = bool(kind.lifted_by) and question.source_clients is None
    return needed if is_open and here.keeps_up and needed != 1 else None


def _accurate(accuracy: Accuracy) -> Accurate:
    return Accurate(**dict(accuracy))


def _faster_sync(model: ReplicaModel, appliers: int) -> FasterSync | None:
    """The slowest drive of those tried with which so many appliers keep up."""
    for times in SHORTER_SYNCS:
        found = model.applied(appliers, sync_ratio=1 / times)
        if found.keeps_up:
            sync_us = model.host.drive.log.mean_us / times
            return FasterSync(**dict(found), sync_us=sync_us, times_shorter=times)
    return None
