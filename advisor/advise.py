"""Strings the pure steps together: Measurement + request + knowledge -> Advice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor import __version__
from advisor.advice import Advice, Capacity, Loss, LowerDurability, Measured, Recommendation
from advisor.analysis.facts import Assumption, build_facts, facts_without_drive
from advisor.analysis.storage import devices_of
from advisor.analysis.verdict import StorageKnowledge, Verdict, judge
from advisor.capacity.serial import SYNC_COUNTS, serial_capacity
from advisor.conditions import Facts
from advisor.durability import CLASSES, Durability, risks_more
from advisor.errors import AdvisorError, NotTrustedError
from advisor.measurement import MEASURED, Known, Measurement, Series, Unknown
from advisor.request import Request
from advisor.rules.catalogue import Setting
from advisor.rules.engine import Result, recommend
from advisor.rules.formulas import number
from advisor.units import format_latency, format_named
from advisor.vendors.commits import CommitPath
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything under profiles/ that one engine's advice needs."""

    storage: StorageKnowledge
    assumptions: Mapping[str, Assumption]
    settings: tuple[Setting, ...]


def advise(measurement: Measurement, request: Request, knowledge: Knowledge) -> Advice:
    """The advice for one measurement and one request. Pure.

    Raises NotTrustedError where the drive does not honour a flush and the request does not accept
    that, AdvisorError where the measurement lacks what every advice needs, GuardError where a rule
    crosses a red line.
    """
    verdict = judge(measurement, knowledge.storage)
    require_durable(measurement, verdict, accepted=request.accept_not_durable)
    facts = build_facts(measurement, verdict, request, knowledge.assumptions)
    result = _recommend(facts, request, knowledge)
    path = _commit_path(result, facts, request)
    honest = verdict.trust != "not-durable"  # else its speed is no argument for anything
    return Advice(
        tool_version=__version__,
        engine=request.vendor,
        engine_version=format_version(request.version),
        version_source=request.version_source,
        durability=request.durability,
        measured=describe_measured(measurement),
        storage=verdict,
        settings=result.recommendations,
        skipped=result.skipped,
        lower_durability=_lower_durability(result, path, facts, measurement, request, knowledge)
        if honest
        else (),
        capacity=serial_capacity(
            _sync_us(measurement),
            request.syncs or SYNC_COUNTS,
            path,
            append_us=_append_us(measurement),
        )
        if honest
        else None,
        warnings=(*_notes(measurement), *_memory_notes(facts), *version_notes(request)),
    )


def advise_without_drive(request: Request, knowledge: Knowledge) -> Result:
    """What the rules say that need no drive; the others are among the skipped. Pure."""
    return _recommend(facts_without_drive(request, knowledge.assumptions), request, knowledge)


def drive_capacity(
    measurement: Measurement, storage: StorageKnowledge, syncs: tuple[int, ...] | None
) -> tuple[Verdict, Capacity, tuple[str, ...]]:
    """The verdict, the serial bound and the notes, without a server in mind. Pure.

    Raises NotTrustedError where the drive does not honour a flush.
    """
    verdict = judge(measurement, storage)
    require_durable(measurement, verdict)
    capacity = serial_capacity(_sync_us(measurement), syncs or SYNC_COUNTS)
    return verdict, capacity, _notes(measurement)


def require_durable(measurement: Measurement, verdict: Verdict, *, accepted: bool = False) -> None:
    """Raises NotTrustedError where the drive does not honour a flush."""
    if verdict.trust == "not-durable" and not accepted:
        raise NotTrustedError(
            f"{measurement.target.directory} is not durable: {verdict.evidence[0].text}",
            "measure the directory where the database will live",
        )


def _sync_us(measurement: Measurement) -> float:
    series = measurement.effective_sync
    if series is None and measurement.source != MEASURED:
        raise AdvisorError(
            f"what is {measurement.source} has no single writer's sync, from which all follows",
            "measure: fsync-advisor measure --output FILE",
        )
    if series is None:
        raise AdvisorError(
            "the measurement has no overwrite with fdatasync, from which everything follows",
            "measure again: fsync-advisor measure --output FILE",
        )
    return series.summary.mean_us


def _append_us(measurement: Measurement) -> float | None:
    series = measurement.find("append", "fdatasync")
    return series.summary.mean_us if series else None


def describe_measured(measurement: Measurement) -> Measured:
    """What a product says about the measurement it rests on."""
    devices = ", ".join(
        f"{device.name} ({device.model})" if isinstance(device.model, str) else device.name
        for device in devices_of(measurement)
    )
    return Measured(
        source=measurement.source,
        taken_at=measurement.taken_at,
        directory=measurement.target.directory,
        filesystem=measurement.target.filesystem,
        devices=devices or _no_devices(measurement),
        label=measurement.label,
        plan=measurement.plan.name if measurement.plan else None,
        tool_version=measurement.tool_version,
        figures=_figures(measurement),
    )


def _no_devices(measurement: Measurement) -> Known[str]:
    devices = measurement.target.devices
    return devices if isinstance(devices, Unknown) else "no device"


def _figures(measurement: Measurement) -> dict[str, str]:
    classic = measurement.find("classic", "fsync", direct=True, block_bytes=4096)
    nearest = measurement.effective_sync
    found = {
        "8 KiB overwrite + fdatasync": measurement.primary,
        "classic 4 KiB O_DIRECT + fsync": classic,
    }
    if nearest and nearest not in found.values():
        found[nearest.name] = nearest
    return {what: _figure(series) for what, series in found.items() if series}


def _figure(series: Series) -> str:
    summary = series.summary
    tail = "" if summary.p99_us is None else f", p99 {format_latency(summary.p99_us)}"
    rate = format_named("ops_per_s", summary.ops_per_s)
    return f"{rate}, mean {format_latency(summary.mean_us)}{tail}"


def _recommend(facts: Facts, request: Request, knowledge: Knowledge) -> Result:
    return recommend(knowledge.settings, request.vendor, request.version, facts)


def _commit_path(result: Result, facts: Facts, request: Request) -> CommitPath:
    values = {entry.setting: entry.value for entry in result.recommendations}
    log_bin = facts["log_bin"] is True
    return VENDORS[request.vendor].commit_path(values, log_bin=log_bin)


def _lower_durability(
    chosen: Result,
    path: CommitPath,
    facts: Facts,
    measurement: Measurement,
    request: Request,
    knowledge: Knowledge,
) -> tuple[LowerDurability, ...]:
    """What each class below the chosen one would change, bring and cost. Nothing is taken."""
    before = {entry.setting: entry.rendered for entry in chosen.recommendations}
    sync_us, append_us = _sync_us(measurement), _append_us(measurement)
    strict_us = path.wait_us(sync_us, append_us)
    offers: list[LowerDurability] = []
    if path.syncs == 0:
        return ()  # a commit waits for nothing already: there is nothing to bring
    for durability in _below(request.durability):
        relaxed = _recommend({**facts, "durability": durability}, request, knowledge)
        changed = [
            entry
            for entry in relaxed.recommendations
            if entry.rendered != before.get(entry.setting)
        ]
        settings = {entry.setting: entry.rendered for entry in changed}
        if not settings or any(offer.settings == settings for offer in offers):
            continue
        relaxed_path = _commit_path(relaxed, facts, request)
        relaxed_us = relaxed_path.wait_us(sync_us, append_us)
        saved_us = None if strict_us is None or relaxed_us is None else strict_us - relaxed_us
        offers.append(
            LowerDurability(
                durability=durability,
                settings=settings,
                syncs_saved=path.syncs - relaxed_path.syncs,
                commit_us_saved=saved_us,
                losses=_losses(changed, strict_us or sync_us * path.syncs, facts),
            )
        )
    return tuple(offers)


def _losses(changed: Iterable[Recommendation], commit_us: float, facts: Facts) -> tuple[Loss, ...]:
    """What the relaxed settings may lose, at the strict rate of one connection and as expected."""
    expected_per_s = number(facts, "expected_commits_per_s")
    losses = []
    for entry in changed:
        if entry.loss_window_ms is None:
            continue
        within_window = entry.loss_window_ms * 1000 / commit_us
        groups_max = entry.loss_groups_max
        losses.append(
            Loss(
                setting=entry.setting,
                window_ms=entry.loss_window_ms,
                groups_max=groups_max,
                transactions_at_risk=min(within_window, groups_max or within_window),
                expected_transactions_at_risk=None
                if groups_max
                else expected_per_s * entry.loss_window_ms / 1000,
            )
        )
    return tuple(losses)


def _below(durability: Durability) -> list[Durability]:
    return [one for one in CLASSES[:-1] if risks_more(one, durability)]


def _notes(measurement: Measurement) -> tuple[str, ...]:
    nearest = measurement.effective_sync
    stand_in = (
        (f"{nearest.name} stands in for an 8 KiB overwrite with fdatasync, which is not reported",)
        if nearest and nearest != measurement.primary
        else ()
    )
    return (*(warning.text for warning in measurement.warnings), *stand_in)


def _memory_notes(facts: Facts) -> tuple[str, ...]:
    if isinstance(facts["memory_bytes"], Unknown):
        return ("the host's memory is not known; --memory SIZE adds the settings that rest on it",)
    return ()


def version_notes(request: Request) -> tuple[str, ...]:
    """What to say of a version that is newer than what we know."""
    note = VENDORS[request.vendor].newer_than_known(request.version)
    return (note,) if note else ()
