"""Whether a replica keeps up with its source, and what would help: what is asked of its model."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from advisor.advice import LowerDurability, RoleCost
from advisor.capacity.replica_model import (
    OUTAGE_S,
    AdvisedCommits,
    ReplicaModel,
    ReplicaQuestion,
)
from advisor.capacity.replica_results import (
    AppliedRate,
    FasterSync,
    RateLimit,
    RelaxedCosts,
    RelaxedReplica,
    ReplicaAnswer,
    UnloggedReplica,
)
from advisor.vendors.appliers import Appliers
from advisor.vendors.commits import ASYNCHRONOUS

APPLIER_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64)
SHORTER_SYNCS: Final = (2, 4, 8, 16, 32, 64)
"""How many times as short a sync is tried."""


def replica_answer(model: ReplicaModel, fastest_sync_us: float) -> ReplicaAnswer:
    """Whether it keeps up, and what would help. `fastest_sync_us`: of the drives that we know."""
    kind, asked = model.replaying.appliers, model.question.appliers
    if kind is None:
        return _answer(model, model.applied(), model.limits())
    count = max(1, kind.default_count if asked is None else asked)
    by_appliers = tuple(map(model.applied, sorted({*APPLIER_COUNTS, count})))
    here = next(rate for rate in by_appliers if rate.appliers == count)
    helps = _remedies(model, kind, here, fastest_sync_us) if here.keeps_up is not True else {}
    return _answer(
        model,
        here,
        model.limits(count),
        **helps,
        **_log(model, kind, count),
        is_relaxed=not model.commits(count).sequence.stages,
        appliers_setting=kind.setting,
        appliers_source="default" if asked is None else "as given",
        appliers_need=kind.needs,
        appliers_needed=next((rate.appliers for rate in by_appliers if rate.keeps_up), None),
        lifted_by=kind.lifted_by,
        source_clients_needed=_source_clients_needed(model.question, kind, here, by_appliers),
        by_appliers=by_appliers,
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
        accuracy=model.accuracy_where(model.commits(here.appliers or 1).sequence),
        other_limits=tuple(others.values()),
        left_out=model.left_out,
        cpu_us_per_txn=model.cpu_us_per_txn,
        replayed=model.replayed(),
        notes=model.notes,
        **of_appliers,
    )


def _log(model: ReplicaModel, kind: Appliers, count: int) -> dict[str, Any]:
    """Whether the figures are with a binary log of what it applies."""
    log = model.log
    is_needed = model.writes_log(count) and not log.is_written
    source = "needed" if is_needed else "as given" if log.is_said else "default"
    found: dict[str, Any] = {
        "log_setting": kind.log_setting,
        "log_is_written": model.writes_log(count),
        "log_source": source,
        "need_binary_log": model.need_binary_log,
    }
    if model.need_binary_log:
        found["binary_log_costs"] = _costs_of(log.written, beside=log.not_written)
    return found


def _costs_of(commits: AdvisedCommits, *, beside: AdvisedCommits) -> tuple[RoleCost, ...]:
    return tuple(cost for cost in commits.costs if cost not in beside.costs)


def _remedies(
    model: ReplicaModel, kind: Appliers, here: AppliedRate, fastest_sync_us: float
) -> dict[str, Any]:
    """What would help, each alone."""
    count = here.appliers or 1
    relaxed = tuple(_relaxed(model, here, model.commits(count)))
    unlogged = _unlogged(model, kind, here)
    told = [each.syncs for each in relaxed]
    if unlogged:
        told += [unlogged.syncs, *(each.syncs for each in unlogged.relaxed)]
    is_unsynced = 0 in told
    return {
        "lifted": model.lifted(count),
        "faster_sync": _faster_sync(model, count, fastest_sync_us),
        "unlogged": unlogged,
        "relaxed": relaxed,
        "relaxed_accuracy": model.accuracy_where(ASYNCHRONOUS) if is_unsynced else None,
    }


def _relaxed(
    model: ReplicaModel, here: AppliedRate, commits: AdvisedCommits
) -> Iterator[RelaxedReplica]:
    """The lower classes with which more is applied."""
    count = here.appliers or 1
    for lower, sequence in commits.offers:
        rate = model.applied(count, sequence=sequence)
        if rate.applied_per_s > here.applied_per_s:
            yield RelaxedReplica(
                **dict(rate),
                durability=lower.durability,
                settings=lower.settings,
                syncs=len(sequence.stages),
                role_costs=lower.role_costs,
                with_binary_log=None if model.writes_log(count) else _with_log(model, lower),
            )


def _with_log(model: ReplicaModel, lower: LowerDurability) -> RelaxedCosts | None:
    """The same class with the binary log that more appliers need."""
    if not model.need_binary_log:
        return None
    for offer in model.log.written.offers:
        if offer.lower.durability == lower.durability:
            costs = (cost for cost in offer.lower.role_costs if cost not in lower.role_costs)
            return RelaxedCosts(settings=offer.lower.settings, role_costs=tuple(costs))
    return None


def _unlogged(model: ReplicaModel, kind: Appliers, here: AppliedRate) -> UnloggedReplica | None:
    """Without the binary log of what it applies, where it has one that its appliers do not need."""
    count, log = here.appliers or 1, model.log
    if not log.is_written or (kind.needs_binary_log and count > 1):
        return None
    without, logged = log.not_written, log.written.settings
    rate = model.applied(count, sequence=without.sequence)
    if rate.applied_per_s <= here.applied_per_s:
        return None
    changed = {name: text for name, text in without.settings.items() if logged.get(name) != text}
    return UnloggedReplica(
        **dict(rate),
        settings={kind.log_setting: "OFF", **changed},
        syncs=len(without.sequence.stages),
        role_costs=_costs_of(without, beside=log.written),
        relaxed=tuple(_relaxed(model, here, without)),
    )


def _source_clients_needed(
    question: ReplicaQuestion, kind: Appliers, here: AppliedRate, rates: Iterable[AppliedRate]
) -> int | None:
    """As many as the fewest appliers that keep up, unless one does."""
    if not kind.lifted_by or question.source_clients is not None:
        return None
    if here.at_least_per_s < question.source_tps:
        return None
    needed = next(rate.appliers for rate in rates if rate.at_least_per_s >= question.source_tps)
    return None if needed == 1 else needed


def _faster_sync(model: ReplicaModel, appliers: int, fastest_sync_us: float) -> FasterSync | None:
    """The slowest drive of those tried with which so many appliers keep up, as far as was measured;
    none that is faster than any that we know."""
    for times in SHORTER_SYNCS:
        sync_us = model.host.drive.log.mean_us / times
        if sync_us < fastest_sync_us:
            break
        found = model.applied(appliers, sync_ratio=1 / times)
        if found.at_least_per_s >= model.question.source_tps:
            return FasterSync(**dict(found), sync_us=sync_us, times_shorter=times)
    return None
