"""Hosts against the other hosts with the same model of drive, measured in the same way."""

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Final

from advisor.fleet.results import DriveModel, FleetHost, Outlier

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


Peers = tuple[str, str]
"""Drive model and series."""


def peers_of(host: FleetHost) -> Peers:
    """The hosts that a host is compared with."""
    return host.model or "", host.latency.series if host.latency else ""


def drive_models(hosts: Iterable[FleetHost]) -> dict[Peers, DriveModel]:
    """The models with hosts enough, and how far from their median an outlier is."""
    latencies_us = defaultdict(list)
    for host in hosts:
        if host.latency and host.model and host.trust != "not-durable":
            latencies_us[peers_of(host)].append(host.latency.mean_us)
    return {
        peers: _drive_model(*peers, means_us)
        for peers, means_us in latencies_us.items()
        if len(means_us) >= LEAST_HOSTS
    }


def _drive_model(model: str, series: str, means_us: list[float]) -> DriveModel:
    """Latencies scatter by factors, so their logarithms are held against each other."""
    logarithms = [math.log(mean_us) for mean_us in means_us]
    middle = median(logarithms)
    deviation = MAD_TO_DEVIATION * median(abs(value - middle) for value in logarithms)
    return DriveModel(
        model=model,
        series=series,
        hosts=len(means_us),
        median_us=math.exp(middle),
        outlier_factor=max(OUTLIER_FACTOR, math.exp(OUTLIER_DEVIATIONS * deviation)),
        outliers=0,
    )


def held_against(host: FleetHost, model: DriveModel | None) -> FleetHost:
    """The host, marked where it is an outlier; None: its model has too few hosts to say."""
    if model is None or host.latency is None or host.trust == "not-durable":
        return host
    times = host.latency.mean_us / model.median_us
    if 1 / model.outlier_factor <= times <= model.outlier_factor:
        return host
    outlier = Outlier(times_the_median=times, median_us=model.median_us)
    return host.model_copy(update={"outlier": outlier})
