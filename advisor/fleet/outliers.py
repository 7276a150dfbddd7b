"""Hosts against others that should be as fast: with the same model of drive, or of one group."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final, NamedTuple

from advisor.fleet.results import FleetHost, Outlier

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

    hosts: int
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
    return Spread(len(means_us), math.exp(middle), factor)


class Peers(NamedTuple):
    """Who is held against each other: hosts of a group, else with the same model of drive; only
    where the same series was measured."""

    group: str
    model: str
    series: str


def peers_of(host: FleetHost) -> Peers | None:
    """The hosts that a host is compared with; None: nobody."""
    if host.latency is None or host.trust == "not-durable" or not (host.group or host.model):
        return None
    return Peers(host.group or "", "" if host.group else host.model or "", host.latency.series)


def spreads_of(hosts: Iterable[FleetHost]) -> dict[Peers, Spread]:
    """How fast those are that are enough to say."""
    means_us = defaultdict(list)
    for host in hosts:
        if (peers := peers_of(host)) is not None and host.latency is not None:
            means_us[peers].append(host.latency.mean_us)
    return {
        peers: spread
        for peers, found in means_us.items()
        if (spread := spread_of(found)) is not None
    }


def held_against(host: FleetHost, spread: Spread | None) -> FleetHost:
    """The host, marked where it is an outlier; None: there are too few others to say."""
    if spread is None or host.latency is None or not spread.is_outlier(host.latency.mean_us):
        return host
    times = host.latency.mean_us / spread.median_us
    return replace(host, outlier=Outlier(times_the_median=times, median_us=spread.median_us))
