"""A target rate: what sustains it, with how many clients, and what else would."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from advisor.capacity.bounds import Bound
from advisor.capacity.offers import Offer
from advisor.capacity.results import Relaxation, Remedy, StorageResult, TargetResult
from advisor.capacity.standard_drives import StandardDrive
from advisor.capacity.target_search import (
    ClientModel,
    Modification,
    Scenario,
    TargetRate,
    another_drive,
    fewest_clients,
    more_clients,
    more_cores,
    other_commits,
    remedies,
)
from advisor.durability import Durability
from advisor.units import format_latency


def target_result(
    here: Scenario,
    target: TargetRate,
    durability: Durability,
    others: tuple[StandardDrive, ...],
    offers: tuple[Offer, ...],
    model: ClientModel,
) -> TargetResult:
    """The answer."""
    if not here.commit.sequence.shares_syncs:
        offers = ()  # no setting of a server's makes files of their own wait for less
    this_drive = StandardDrive("this drive", "", here.drive, measured=True)
    own = _storage_result(this_drive, here, target, model)
    storages = tuple(
        _storage_result(other, here.on(other.drive), target, model) for other in others
    )
    relaxed = tuple(_relaxed(here, target, offers, model))
    found: tuple[Remedy, ...] = ()
    if own.clients is None:
        own = own.model_copy(update={"bound": _ruled_out(here, target, model)})
        changes = _changes(here, target, list(zip(storages, others, strict=True)), offers)
        found = tuple(
            Remedy(
                changes=solution.changes,
                clients=solution.result.clients,
                tps=solution.result.tps,
                p99_ms=solution.result.p99_ms,
            )
            for solution in remedies(here, target, tuple(changes), model)
        )
    return TargetResult(
        tps=target.tps,
        p99_limit_ms=target.p99_limit_ms,
        durability=durability,
        clients_tried=here.client_counts,
        here=own,
        storages=storages,
        relaxed=relaxed,
        remedies=found,
    )


def _storage_result(
    drive: StandardDrive, there: Scenario, target: TargetRate, model: ClientModel
) -> StorageResult:
    result = fewest_clients(there, target, model)
    return StorageResult(
        name=drive.name,
        description=drive.description,
        sync_us=drive.drive.log.mean_us,
        clients=result and result.clients,
        tps=result and result.tps,
        p50_ms=result and result.p50_ms,
        p99_ms=result and result.p99_ms,
    )


def _ruled_out(here: Scenario, target: TargetRate, model: ClientModel) -> Bound | None:
    """What keeps even the most clients, who share most, below the rate; None: flush or cores."""
    most = here.bounded(model(here.commit, here.drive, here.cpu, max(here.client_counts)))
    if most.bottleneck in ("flush", "cpu", "clients") or most.tps >= target.tps:
        return None
    return Bound(name=most.bottleneck, tps=most.tps)


def _relaxed(
    here: Scenario, target: TargetRate, offers: Iterable[Offer], model: ClientModel
) -> Iterator[Relaxation]:
    for offer in offers:
        there = replace(here, commit=offer.commits(here.commit))
        result = fewest_clients(there, target, model)
        yield Relaxation(
            durability=offer.lower.durability,
            settings=offer.lower.settings,
            losses=offer.lower.losses,
            clients=result and result.clients,
        )


def _changes(
    here: Scenario,
    target: TargetRate,
    storages: list[tuple[StorageResult, StandardDrive]],
    offers: tuple[Offer, ...],
) -> Iterator[Modification]:
    """What could be different, in the order it is proposed in; only the mildest relaxation."""
    yield from _faster_drive(storages, here.drive.log.mean_us)
    yield from more_cores(here.cpu, target)
    for offer in offers[:1]:
        commit = offer.commits(here.commit)
        yield other_commits(f"--durability {offer.lower.durability}", commit)
    yield more_clients(here.client_counts)


def _faster_drive(
    storages: list[tuple[StorageResult, StandardDrive]], sync_us: float
) -> Iterator[Modification]:
    """Of the faster drives the slowest that sustains it with nothing else changed, one that was
    measured before one that is only described; if none does, the fastest."""
    faster = sorted(
        (pair for pair in storages if pair[0].sync_us < sync_us),
        key=lambda pair: (pair[1].measured, pair[0].sync_us),
    )
    sustaining = [pair for pair in faster if pair[0].clients is not None]
    fastest = sorted(faster, key=lambda pair: pair[0].sync_us)
    for storage, other in sustaining[-1:] or fastest[:1]:
        text = f"a drive like {storage.name} ({format_latency(storage.sync_us)} a sync)"
        yield another_drive(text, other.drive)
