"""Whether a soak in a file can be one: figures that contradict each other were not measured."""

from typing import Final

from advisor.latency_buckets import LAST_BUCKET, middle_us, read_counts
from advisor.soak import Soak, TimeSeries

LONGER: Final = 1.05
"""What may lie between two clocks, or within the width of a bucket."""
MEAN_PART: Final = 0.025
"""Each latency is within 2.2 % of the middle of its bucket."""
SLACK_S: Final = 60.0
"""Beside its longest sync a soak may last so much longer than was asked: a host may stand still."""


def contradiction(soak: Soak) -> str | None:
    """What cannot be true of it, in words; None where nothing is found."""
    stretches = soak.stretches
    for place in range(len(stretches.syncs)):
        if (problem := _of_stretch(stretches, place)) is not None:
            return f"stretch {place} of the soak {problem}"
    longest_s = max(stretches.max_us) / 1e6
    pause_s = 0.0 if soak.rate_per_s is None else 1 / soak.rate_per_s
    if soak.elapsed_s > LONGER * soak.asked_s + longest_s + pause_s + SLACK_S:
        return f"the soak was to last {soak.asked_s:g} s, and its stretches {soak.elapsed_s:.4g} s"
    return None


def _of_stretch(stretches: TimeSeries, place: int) -> str | None:
    counts = read_counts(stretches.histograms[place])
    syncs, mean_us = stretches.syncs[place], stretches.mean_us[place]
    counted = sum(counts.values())
    if counted != syncs:
        return f"has {syncs} syncs, and {counted} in its histogram"
    counted_us = sum(middle_us(bucket) * count for bucket, count in counts.items()) / syncs
    rounded_us = 0.001
    if LAST_BUCKET not in counts and abs(mean_us - counted_us) > (
        MEAN_PART * counted_us + rounded_us
    ):
        return f"has a mean of {mean_us:.4g} us, and its histogram one of {counted_us:.4g} us"
    if syncs * mean_us * 1000 > LONGER * stretches.elapsed_ns[place]:
        return "is shorter than its syncs together"
    told = (stretches.p50_us[place], stretches.p99_us[place], LONGER * stretches.max_us[place])
    known = [each for each in told if each is not None]
    return None if known == sorted(known) else "has a p50, a p99 and a maximum out of order"
