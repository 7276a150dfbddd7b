"""Many measurements at once: who is slow, who differs from drives of its model, whom to trust."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, Literal

from pydantic import ConfigDict, Field

from advisor.advise import describe_measured
from advisor.analysis.storage import devices_of
from advisor.analysis.trust import ORDER, Evidence, Trust
from advisor.analysis.verdict import StorageKnowledge, judge
from advisor.measurement import Known, Measurement, Model, Series, Unknown

SCHEMA_VERSION: Final = 1

LOW_TRUST: Final[tuple[Trust, ...]] = ("not-durable", "suspicious")
"""Whose rate is added to nobody's: syncs that are not kept are fast."""

LEAST_HOSTS: Final = 4
"""Fewer of one model have no middle that one of them could be far from."""

OUTLIER_DEVIATIONS: Final = 3.5
"""Robust standard deviations from the median: Iglewicz and Hoaglin, How to Detect and Handle
Outliers (1993), page 11."""

MAD_TO_DEVIATION: Final = 1.4826
"""Of a normal distribution the standard deviation is so many median absolute deviations."""

OUTLIER_FACTOR: Final = 1.5
"""Nearer to the median nobody is an outlier, however alike the others are: two runs of one drive
differ by a quarter, and more on a busy host (tests/benchmarks/compare_false_alarms.py)."""


class Latency(Model):
    """One writer's sync, the most like an 8 KiB overwrite with fdatasync that was measured."""

    series: str
    mean_us: float
    p50_us: float | None
    p99_us: float | None
    serial_syncs_per_s: float
    """One sync after another, and nothing else."""

    @property
    def ranked_us(self) -> float:
        """p99; of a drive too slow for samples enough the mean, which is hardly ever more."""
        return self.mean_us if self.p99_us is None else self.p99_us


class Outlier(Model):
    """How far a host is from the others of its model. Only who is far has one."""

    times_the_median: float
    """Its mean latency by the median of the model's; below 1 it is faster."""
    median_us: float


class Host(Model):
    """One measurement of the fleet."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    name: str
    """Its label, else the name of its file; where two have the same one, the whole path."""
    file: str
    source: str
    directory: Known[str]
    filesystem: Known[str]
    devices: Known[str]
    model: str | None
    """Of all drives under the directory; None where one is not known."""
    storage_class: str = Field(alias="class")
    trust: Trust
    evidence: tuple[Evidence, ...]
    latency: Latency | None
    """None where no single writer's sync was measured."""
    outlier: Outlier | None = None


class DriveModel(Model):
    """Hosts with the same drive, measured in the same way: what outliers are held against."""

    model: str
    series: str
    hosts: int
    median_us: float
    """Of the mean latencies."""
    outlier_factor: float
    """How many times the median, or that part of it, makes an outlier."""
    outliers: int


class ClassCount(Model):
    """The hosts whose drives behave alike."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    storage_class: str = Field(alias="class")
    hosts: int
    median_p99_us: float | None
    worst_p99_us: float | None
    serial_syncs_per_s: float


class Total(Model):
    """What the hosts sync together, each with one writer that does nothing else.

    No one database gets that: a transaction commits on one drive.
    """

    hosts: int
    """Those that are added up."""
    serial_syncs_per_s: float
    evenly_shared_syncs_per_s: float
    """If each host got the same share of the load: the slowest one's rate, times the hosts."""
    left_out: int
    """Those without a sync of a single writer, and those in LOW_TRUST."""


class Unread(Model):
    """A file that was named and is not in the report."""

    file: str
    why: str


class Fleet(Model):
    """All of it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    hosts: tuple[Host, ...]
    """By p99, the worst first; where there is none, by the mean; last, those without a sync."""
    models: tuple[DriveModel, ...]
    classes: tuple[ClassCount, ...]
    trust: dict[Trust, int]
    total: Total
    unread: tuple[Unread, ...]


def host_of(file: str, stem: str, measurement: Measurement, knowledge: StorageKnowledge) -> Host:
    """What the fleet keeps of one measurement, of which no single latency is looked at.

    `stem` names a host whose measurement has no label.
    """
    verdict = judge(measurement, knowledge)
    measured = describe_measured(measurement)
    sync = measurement.nearest_sync
    return Host(
        name=measurement.label or stem,
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
    )


def _model(measurement: Measurement) -> str | None:
    models = [device.model for device in devices_of(measurement)]
    known = Counter(model for model in models if not isinstance(model, Unknown))
    if not models or known.total() < len(models):
        return None
    return " + ".join(f"{n} x {one}" if n > 1 else one for one, n in sorted(known.items()))


def _latency(series: Series) -> Latency:
    summary = series.summary
    return Latency(
        series=series.name,
        mean_us=summary.mean_us,
        p50_us=summary.p50_us,
        p99_us=summary.p99_us,
        serial_syncs_per_s=1e6 / summary.mean_us,
    )


def build_fleet(hosts: Sequence[Host], unread: Sequence[Unread], tool_version: str) -> Fleet:
    """The hosts in order, held against each other, counted and added up."""
    names = Counter(host.name for host in hosts)
    named = [
        host if names[host.name] == 1 else host.model_copy(update={"name": host.file})
        for host in hosts
    ]
    models = _models(named)
    judged = [_held_against(host, models.get(_peers(host))) for host in named]
    outliers = Counter(_peers(host) for host in judged if host.outlier)
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


def _worst_first(host: Host) -> tuple[float, str]:
    return -host.latency.ranked_us if host.latency else 0, host.name


# Outliers

_Peers = tuple[str, str]
"""Drive model and series."""


def _peers(host: Host) -> _Peers:
    return host.model or "", host.latency.series if host.latency else ""


def _models(hosts: Iterable[Host]) -> dict[_Peers, DriveModel]:
    """The models with hosts enough, and how far from their median an outlier is."""
    latencies_us = defaultdict(list)
    for host in hosts:
        if host.latency and host.model and host.trust != "not-durable":
            latencies_us[_peers(host)].append(host.latency.mean_us)
    return {
        peers: _drive_model(*peers, means_us)
        for peers, means_us in latencies_us.items()
        if len(means_us) >= LEAST_HOSTS
    }


def _drive_model(model: str, series: str, means_us: list[float]) -> DriveModel:
    """Latencies scatter by factors, so their logarithms are held against each other."""
    logarithms = [math.log(mean_us) for mean_us in means_us]
    middle = median(logarithms)
    deviation = MAD_TO_DEVIATION * median(abs(one - middle) for one in logarithms)
    return DriveModel(
        model=model,
        series=series,
        hosts=len(means_us),
        median_us=math.exp(middle),
        outlier_factor=max(OUTLIER_FACTOR, math.exp(OUTLIER_DEVIATIONS * deviation)),
        outliers=0,
    )


def _held_against(host: Host, model: DriveModel | None) -> Host:
    if model is None or host.latency is None or host.trust == "not-durable":
        return host
    times = host.latency.mean_us / model.median_us
    if 1 / model.outlier_factor <= times <= model.outlier_factor:
        return host
    outlier = Outlier(times_the_median=times, median_us=model.median_us)
    return host.model_copy(update={"outlier": outlier})


# Counts and sums


def _classes(hosts: Iterable[Host]) -> tuple[ClassCount, ...]:
    """The most frequent first."""
    members = defaultdict(list)
    for host in hosts:
        members[host.storage_class].append(host)
    counts = [_class_count(name, found) for name, found in sorted(members.items())]
    return tuple(sorted(counts, key=lambda one: -one.hosts))


def _class_count(storage_class: str, hosts: list[Host]) -> ClassCount:
    p99s_us = [host.latency.p99_us for host in hosts if host.latency and host.latency.p99_us]
    return ClassCount(
        storage_class=storage_class,
        hosts=len(hosts),
        median_p99_us=median(p99s_us) if p99s_us else None,
        worst_p99_us=max(p99s_us, default=None),
        serial_syncs_per_s=math.fsum(_rates(hosts)),
    )


def _total(hosts: Sequence[Host]) -> Total:
    rates = _rates(hosts)
    return Total(
        hosts=len(rates),
        serial_syncs_per_s=math.fsum(rates),
        evenly_shared_syncs_per_s=min(rates, default=0) * len(rates),
        left_out=len(hosts) - len(rates),
    )


def _rates(hosts: Iterable[Host]) -> list[float]:
    """Syncs per second of each host that is to be believed."""
    return [
        host.latency.serial_syncs_per_s
        for host in hosts
        if host.latency and host.trust not in LOW_TRUST
    ]
