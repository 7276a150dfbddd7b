"""Measurements -> hosts -> the Fleet: in order, held against each other, counted and added up."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from statistics import median
from typing import TypeVar

from advisor.analysis.description import devices_text
from advisor.analysis.storage import devices_of
from advisor.analysis.trust import ORDER
from advisor.analysis.verdict import StorageKnowledge, judge
from advisor.fleet.dates import in_utc, is_ahead
from advisor.fleet.inventory import HostGroup, Inventory
from advisor.fleet.outliers import held_against, peers_of, spreads_of
from advisor.fleet.results import (
    LOW_TRUST,
    Baseline,
    ClassCount,
    DriveModel,
    Fleet,
    FleetGroup,
    FleetHost,
    HostLatency,
    Total,
    Unread,
)
from advisor.fleet.since_baseline import TOLERANCE_PERCENT, change_since
from advisor.measurement import Measurement, Series
from advisor.model import Unknown

T = TypeVar("T")


def modelled_host(
    file: str,
    stem: str,
    measurement: Measurement,
    knowledge: StorageKnowledge,
    *,
    host: str | None = None,
    group: str | None = None,
    before: Measurement | None = None,
    tolerance_percent: float = TOLERANCE_PERCENT,
) -> FleetHost:
    """What the fleet keeps of one measurement, of which no single latency is looked at.

    `stem` is the name of its file without the ending, and the host's; `host` is what an inventory
    calls it, `group` where it has it; `before` is its earlier result, and slower by less than the
    tolerance does not count.
    """
    verdict = judge(measurement, knowledge)
    trust_before, change = None, None
    if before is not None:
        trust_before = judge(before, knowledge).trust
        if "not-durable" not in (trust_before, verdict.trust):  # whose speed does not count
            change = change_since(before, measurement, tolerance_percent)
    sync, loaded = measurement.effective_sync, measurement.primary_beside_pages
    target = measurement.target
    return FleetHost(
        name=host or stem,
        file=file,
        label=_shared(measurement.label),
        source=_shared(measurement.source),
        taken_at=_shared(in_utc(measurement.taken_at)),
        directory=_shared(target.directory),
        filesystem=_shared(target.filesystem),
        devices=_shared(devices_text(measurement)),
        model=_shared(_model(measurement)),
        storage_class=_shared(verdict.storage_class),
        trust=verdict.trust,
        evidence=_shared(verdict.evidence),
        latency=_latency(sync) if sync else None,
        under_load=_latency(loaded) if loaded else None,
        group=group,
        change=change,
        trust_before=trust_before,
    )


@lru_cache(maxsize=1000)
def _shared(value: T) -> T:
    """Of equal values the first: thousands of hosts say the same."""
    return value


def _model(measurement: Measurement) -> str | None:
    models = [device.model for device in devices_of(measurement)]
    known = Counter(model for model in models if not isinstance(model, Unknown))
    if not models or known.total() < len(models):
        return None
    return " + ".join(f"{n} x {model}" if n > 1 else model for model, n in sorted(known.items()))


def _latency(series: Series) -> HostLatency:
    summary = series.summary
    return HostLatency(
        series=_shared(series.name),
        mean_us=summary.mean_us,
        p50_us=summary.p50_us,
        p99_us=summary.p99_us,
        serial_syncs_per_s=1e6 / summary.mean_us,
    )


def build_fleet(
    hosts: Sequence[FleetHost],
    unread: Sequence[Unread],
    tool_version: str,
    inventory: Inventory | None = None,
    baseline: Baseline | None = None,
    asked: Sequence[str] = (),
    now: datetime | None = None,
) -> Fleet:
    """The hosts in order, held against each other, counted and added up.

    Without `now` no date is held against the clock.
    """
    names = Counter(host.name for host in hosts)
    named = [host if names[host.name] == 1 else replace(host, name=host.file) for host in hosts]
    spreads = spreads_of(named)
    judged = [
        held_against(host, spreads.get(peers)) if (peers := peers_of(host)) else host
        for host in named
    ]
    outliers = Counter(peers_of(host) for host in judged if host.outlier)
    return Fleet(
        tool_version=tool_version,
        hosts=tuple(sorted(judged, key=_worst_first)),
        models=tuple(
            DriveModel(
                model=peers.model,
                series=peers.series,
                hosts=spread.hosts,
                median_us=spread.median_us,
                outlier_factor=spread.outlier_factor,
                outliers=outliers[peers],
            )
            for peers, spread in sorted(spreads.items())
            if not peers.group
        ),
        classes=_classes(judged),
        trust={trust: sum(host.trust == trust for host in judged) for trust in ORDER},
        total=_total(judged),
        unread=tuple(unread),
        groups=_groups(judged, inventory) if inventory else (),
        baseline=baseline,
        dated_ahead=tuple(host.name for host in judged if now and is_ahead(host.taken_at, now)),
        asked=tuple(asked),
    )


def _groups(hosts: Iterable[FleetHost], inventory: Inventory) -> tuple[FleetGroup, ...]:
    members: dict[str, list[FleetHost]] = {group.name: [] for group in inventory.groups}
    for host in hosts:
        if host.group is not None:
            members[host.group].append(host)
    return tuple(_group(group, members[group.name]) for group in inventory.groups)


def _group(group: HostGroup, hosts: list[FleetHost]) -> FleetGroup:
    measured = {host.name for host in hosts}
    honest = [host.latency for host in hosts if host.latency and host.trust != "not-durable"]
    p99s_us = [latency.p99_us for latency in honest if latency.p99_us]
    return FleetGroup(
        name=group.name,
        hosts=len(group.hosts),
        without_result=tuple(host for host in group.hosts if host not in measured),
        median_us=median(latency.mean_us for latency in honest) if honest else None,
        worst_p99_us=max(p99s_us, default=None),
        outliers=sum(host.outlier is not None for host in hosts),
        low_trust=sum(host.trust in LOW_TRUST for host in hosts),
        slower=sum(bool(host.change and host.change.slower) for host in hosts),
        serial_syncs_per_s=math.fsum(_rates(hosts)),
        role=group.role,
        cluster=group.cluster,
    )


def _worst_first(host: FleetHost) -> tuple[float, str]:
    return -host.latency.ranked_us if host.latency else 0, host.name


def _classes(hosts: Iterable[FleetHost]) -> tuple[ClassCount, ...]:
    """The most frequent first."""
    members = defaultdict(list)
    for host in hosts:
        members[host.storage_class].append(host)
    counts = [_class_count(name, found) for name, found in sorted(members.items())]
    return tuple(sorted(counts, key=lambda count: -count.hosts))


def _class_count(storage_class: str, hosts: list[FleetHost]) -> ClassCount:
    p99s_us = [host.latency.p99_us for host in hosts if host.latency and host.latency.p99_us]
    return ClassCount(
        storage_class=storage_class,
        hosts=len(hosts),
        median_p99_us=median(p99s_us) if p99s_us else None,
        worst_p99_us=max(p99s_us, default=None),
        serial_syncs_per_s=math.fsum(_rates(hosts)),
    )


def _total(hosts: Sequence[FleetHost]) -> Total:
    rates = _rates(hosts)
    return Total(
        hosts=len(rates),
        serial_syncs_per_s=math.fsum(rates),
        evenly_shared_syncs_per_s=min(rates, default=0) * len(rates),
        left_out=len(hosts) - len(rates),
    )


def _rates(hosts: Iterable[FleetHost]) -> list[float]:
    """Syncs per second of each host that is to be believed."""
    return [
        host.latency.serial_syncs_per_s
        for host in hosts
        if host.latency and host.trust not in LOW_TRUST
    ]
