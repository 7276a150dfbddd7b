"""What would change the rate: each thing alone, by the model, with everything else as it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from advisor.advice import Loss
from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies
from advisor.capacity.host import ModelledHost
from advisor.capacity.offers import Offer
from advisor.capacity.results import CapacityPlan
from advisor.capacity.standard_drives import StandardDrive
from advisor.report.results import Alternative, ChangeKind
from advisor.units import counted, format_latency

TYPICAL_CLIENTS: Final = 64
"""Changes are compared at the number of clients of the plan that comes nearest."""

NEXT_STEP: Final = 2.0
"""A drive is worth a word where its sync is so many times as fast."""


@dataclass(frozen=True, slots=True)
class _Case:
    """The host with one thing different, and the price of that."""

    kind: ChangeKind
    change: str
    commit: CommitModel
    drive: SyncLatencies
    cpu: Cpu
    clients: int
    losses: tuple[Loss, ...] = ()


def typical_clients(client_counts: Iterable[int]) -> int:
    """The number of clients at which changes are compared."""
    return min(client_counts, key=lambda count: abs(count - TYPICAL_CLIENTS))


def alternatives(
    host: ModelledHost,
    plan: CapacityPlan,
    references: tuple[StandardDrive, ...],
    offers: tuple[Offer, ...],
) -> tuple[Alternative, ...]:
    """The host as it is, then with one thing different at a time."""
    counts = [point.clients for point in plan.group_commit]
    here = _Case(
        "none",
        "as it is",
        host.commits(),
        host.busy_drive(),
        host.cpu(),
        typical_clients(counts),
    )
    now = _run(host, here)
    cases = [here, *_drives(here, references), *_relaxed(here, offers)]
    if (most := max(counts)) > here.clients:
        cases.append(replace(here, kind="clients", change=counted(most, "client"), clients=most))
    if now.bottleneck == "cpu":
        twice = replace(here.cpu, cores=round(2 * here.cpu.cores))
        cases.append(replace(here, kind="cores", change=f"{twice.cores} cores", cpu=twice))
    return tuple(_alternative(host, case, now.tps) for case in cases)


def _run(host: ModelledHost, case: _Case) -> ModelResult:
    result = host.clients(case.commit, case.drive, case.cpu, case.clients)
    if case.kind == "log-device":
        return host.without_log().bounded(result)
    return (host if case.drive == host.busy_drive() else host.elsewhere()).bounded(result)


def _drives(here: _Case, references: tuple[StandardDrive, ...]) -> Iterator[_Case]:
    """On the next faster reference drive and on the fastest; then the log alone on that."""
    if not here.commit.sequence.stages:
        return  # no commit waits for the drive
    by_speed = sorted(references, key=lambda reference: reference.drive.log.mean_us)
    faster = [
        reference
        for reference in by_speed
        if reference.drive.log.mean_us * NEXT_STEP <= here.drive.log.mean_us
    ]
    if not faster:
        return
    for reference in dict.fromkeys((faster[-1], faster[0])):
        change = f"a drive like {_named(reference)}"
        yield replace(here, kind="drive", change=change, drive=reference.drive)
    what, there = _one_log(here, faster[0].drive)
    change = f"{what} alone on a drive like {_named(faster[0])}"
    yield replace(here, kind="log-device", change=change, drive=there)


def _named(reference: StandardDrive) -> str:
    each = format_latency(reference.drive.log.mean_us)
    return f"{reference.name} ({reference.description}; {each} a sync)"


def _one_log(here: _Case, fast: SyncLatencies) -> tuple[str, SyncLatencies]:
    """The log that a commit waits for longest, on the fast drive and everything else here; of two,
    both are still taken for slowed by the data's pages."""
    sequence = here.commit.sequence
    if not sequence.has_binary_log:
        return sequence.log_title, fast
    append = here.drive.append or here.drive.log
    if append.mean_us >= here.drive.log.mean_us:
        return "the binary log", replace(here.drive, append=fast.append)
    return sequence.log_title, replace(here.drive, log=fast.log, append=append)


def _relaxed(here: _Case, offers: tuple[Offer, ...]) -> Iterator[_Case]:
    """The mildest lower class."""
    for offer in offers[:1]:
        yield replace(
            here,
            kind="durability",
            change=f"--durability {offer.lower.durability}",
            commit=offer.commits(here.commit),
            losses=offer.lower.losses,
        )


def _alternative(host: ModelledHost, case: _Case, now_tps: float) -> Alternative:
    wait_us = host.wait_us(case.commit, case.drive)
    result = _run(host, case)
    return Alternative(
        kind=case.kind,
        change=case.change,
        clients=case.clients,
        tps=result.tps,
        p99_ms=result.p99_ms,
        times=result.tps / now_tps,
        bottleneck=result.bottleneck,
        serial_tps=1e6 / wait_us if wait_us else None,
        losses=case.losses,
    )
