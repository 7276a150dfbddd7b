"""Hosts against others that should be as fast: with the same model of drive, or of one group."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, NamedTuple

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


class Spread(NamedTuple):
    """How fast hosts are that should be alike, and how far from it an outlier is."""

    median_us: float
    outlier_factor: float
    """How many times the median, or that part of it."""

    def is_outlier(self, mean_us: float) -> bool:
        times = mean_us / self.median_us
        return not 1 / self.outlier_factor <= times <= self.outlier_factor


def spread_of(means_us: Sequence[float]) -> Spread | None:
    """Of the mean latencies of hosts; None where they are too few to say.

    Latencies scatter by factors, so their logarithms are held against each other.
    """
    if len(means_us) < LEAST_HOSTS:
        return None
    logarithms = [math.log(mean_us) for mean_us in means_us]
    middle = median(logarithms)
    deviation = MAD_TO_DEVIATION * median(abs(value - middle) for value in logarithms)
    factor = max(OUTLIER_FACTOR, math.exp(OUTLIER_DEVIATIONS * deviation))
    return Spread(math.exp(middle), factor)


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
    spreads = {peers: spread_of(means_us) for peers, means_us in latencies_us.items()}
    return {
        (model, series): DriveModel(
            model=model,
            series=series,
            hosts=len(latencies_us[model, series]),
            median_us=spread.median_us,
            outlier_factor=spread.outlier_factor,
            outliers=0,
        )
        for (model, series), spread in spreads.items()
        if spread is not None
    }


def held_against(host: FleetHost, model: DriveModel | None) -> FleetHost:
    """The host, marked where it is an outlier; None: its model has too few hosts to say."""
    if model is None or host.latency is None or host.trust == "not-durable":
        return host
    mean_us = host.latency.mean_us
    if not Spread(model.median_us, model.outlier_factor).is_outlier(mean_us):
        return host
    outlier = Outlier(times_the_median=mean_us / model.median_us, median_us=model.median_us)
    return host.model_copy(update={"outlier": outlier})
