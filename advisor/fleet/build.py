"""Measurements -> hosts -> the Fleet: in order, held against each other, counted and added up."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from advisor.analysis.description import describe_measured
from advisor.analysis.storage import devices_of
from advisor.analysis.trust import ORDER
from advisor.analysis.verdict import StorageKnowledge, judge
from advisor.fleet.outliers import drive_models, held_against, peers_of
from advisor.fleet.results import (
    LOW_TRUST,
    ClassCount,
    Fleet,
    FleetHost,
    HostLatency,
    Total,
    Unread,
)
from advisor.measurement import Measurement, Series
from advisor.model import Unknown


def modelled_host(
    file: str, stem: str, measurement: Measurement, knowledge: StorageKnowledge
) -> FleetHost:
    """What the fleet keeps of one measurement, of which no single latency is looked at.

    `stem` names a host whose measurement has neither a label nor a host name.
    """
    verdict = judge(measurement, knowledge)
    measured = describe_measured(measurement)
    name = measurement.environment.host_name
    sync, loaded = measurement.effective_sync, measurement.primary_beside_pages
    return FleetHost(
        name=measurement.label or (stem if isinstance(name, Unknown) else name),
        file=file,
        source=measurement.source,
        directory=measured.directory,
        filesystem=measured.filesystem,
        devices=measured.devices,
        model=_model(measurement),
        storage_class=verdict.storage_class,
        trust=verdict.trust,
        evidence=verdict.evidence,
        latency=_latency(sync) if sync else None,
        under_load=_latency(loaded) if loaded else None,
    )


def _model(measurement: Measurement) -> str | None:
    models = [device.model for device in devices_of(measurement)]
    known = Counter(model for model in models if not isinstance(model, Unknown))
    if not models or known.total() < len(models):
        return None
    return " + ".join(f"{n} x {model}" if n > 1 else model for model, n in sorted(known.items()))


def _latency(series: Series) -> HostLatency:
    summary = series.summary
    return HostLatency(
        series=series.name,
        mean_us=summary.mean_us,
        p50_us=summary.p50_us,
        p99_us=summary.p99_us,
        serial_syncs_per_s=1e6 / summary.mean_us,
    )


def build_fleet(hosts: Sequence[FleetHost], unread: Sequence[Unread], tool_version: str) -> Fleet:
    """The hosts in order, held against each other, counted and added up."""
    names = Counter(host.name for host in hosts)
    named = [
        host if names[host.name] == 1 else host.model_copy(update={"name": host.file})
        for host in hosts
    ]
    models = drive_models(named)
    judged = [held_against(host, models.get(peers_of(host))) for host in named]
    outliers = Counter(peers_of(host) for host in judged if host.outlier)
    return Fleet(
        tool_version=tool_version,
        hosts=tuple(sorted(judged, key=_worst_first)),
        models=tuple(
            model.model_copy(update={"outliers": outliers[peers]})
            for peers, model in sorted(models.items())
        ),
        classes=_classes(judged),
        trust={trust: sum(host.trust == trust for host in judged) for trust in ORDER},
        total=_total(judged),
        unread=tuple(unread),
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
