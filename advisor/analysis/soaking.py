"""What a soak shows: where the rate changed, why where that can be told, and what is sustained."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean, stdev
from typing import Final, Literal, NamedTuple

from advisor.analysis.change_points import find_changes
from advisor.analysis.judged_measurement import JudgedMeasurement
from advisor.analysis.soak_spread import RateSpread, SlowPhases, rate_spread, slow_phases
from advisor.analysis.stalls import Stalls, find_stalls
from advisor.latency_buckets import add_counts, middle_us, percentile_us, read_counts
from advisor.measurement import Environment, Measurement, Summary, Target
from advisor.model import Model, Unknown
from advisor.series_kind import OPERATIONS_PER_PAGE, PAGE_FLUSH
from advisor.soak import HealthReading, Soak
from advisor.statistics import BATCHES_PER_ROUND, student_t

Cause = Literal[
    "burst-credits", "cache", "credits-or-cache", "other-writers", "heat", "drive", "faster"
]
"""Of a change: credits of a burst used up; a cache full; either; others write, too; the drive was
above its own warning temperature; the drive itself slows down, by a cache that is full or by heat;
it got faster."""

READ_TIMES: Final = 2.0
"""Credits of a volume are spent on reads as on writes (as every provider has it), so that without
them it reads no faster. Reads at more than so many times the rate of the writes are not held."""
RECOVERED: Final = "recovered"
"""The warning of a measurement before whose series the drive came back to its burst."""
MIXED_PART: Final = 0.1
"""A stretch that is so far towards the level before a change is not one of the level after it."""
REACHED_PART: Final = 0.95
"""Of the rate that was asked for: with less the drive was as fast as it is."""
FAR_APART: Final = 5
"""Stretches between a change of the syncs and one of the page writes, if they are two."""
OTHERS_PERCENT: Final = 5
OTHERS_BYTES_PER_S: Final = 2**20
"""Of writes that are not ours, in percent of ours and at least, from which on they are a cause."""
CACHE_BYTES: Final = 64 * 2**20
"""Before that much is written no cache that matters is full."""
PHYSICAL: Final = frozenset({"nvme", "sata", "ata", "sas", "usb", "mmc"})


class RateChange(Model):
    """One change of the rate, and where it was."""

    at_s: float
    syncs: int
    """So many were done before it."""
    operations: int
    """The same with the operations of page writes."""
    written_bytes: int
    """All that was written before it, the test files included."""
    before_per_s: float
    """Syncs."""
    after_per_s: float
    bytes_before_per_s: float
    """Of syncs and page writes together."""
    bytes_after_per_s: float
    cause: Cause


class SoakFindings(Model):
    """What a soak shows."""

    elapsed_s: float
    rate_per_s: float | None
    """So many syncs a second were asked for; None: as many as the drive took."""
    rate_reached: bool | None
    """Whether the drive did as many in the end; None where none were asked for."""
    page_writers: int
    first: Summary
    """Of its syncs before the first change."""
    sustained: Summary
    """Of its syncs after the last change: of all where there is none. Percentiles within 2.2 %."""
    sustained_from_s: float
    changes: tuple[RateChange, ...]
    stalls: Stalls | None
    spread: RateSpread | None
    """Of the rate that is sustained, where it is so wide that one figure does not stand for it."""
    slow_phases: SlowPhases | None
    drift_percent: float | None
    """Of the rate, from begin to end, where it moves without steps."""
    hottest_c: int | None
    wear_points: int | None
    """By how much the drives' percentage used rose."""

    @property
    def at_full_speed(self) -> bool:
        """Whether the drive was as fast as it could."""
        return not self.rate_reached

    @property
    def sustained_s(self) -> float:
        """How long the sustained rate was seen."""
        return self.elapsed_s - self.sustained_from_s


class SoakedMeasurement(JudgedMeasurement):
    """A measurement with the findings that its soak and its host have, as JSON shows it."""

    soak_findings: SoakFindings


def with_soak_findings(judged: JudgedMeasurement) -> JudgedMeasurement:
    """The same with the findings of its soak, where it has one."""
    findings = soak_findings(judged)
    if findings is None:
        return judged
    return SoakedMeasurement.model_construct(**dict(judged), soak_findings=findings)


class _Drive(NamedTuple):
    """What is known of the drive beside its course."""

    is_physical: bool
    reads_per_s: float | None


class _Course(NamedTuple):
    """A soak as figures per stretch, and sums before each."""

    soak: Soak
    seconds: list[float]
    starts_s: list[float]
    """Of each stretch, and the end."""
    syncs_before: list[int]
    page_bytes_before: list[int]
    sync_levels: list[float]
    """Syncs in a second of waiting for them: the rate, where nobody paces."""
    page_levels: list[float]


def soak_findings(measurement: Measurement) -> SoakFindings | None:
    """What its soak shows; None where there was none."""
    if measurement.soak is None:
        return None
    reads_per_s = None
    if all(warning.code != RECOVERED for warning in measurement.warnings):
        reads = next((each for each in measurement.series if each.kind.reads), None)
        reads_per_s = reads.summary.ops_per_s if reads else None
    return findings_of(
        measurement.soak, measurement.target, measurement.environment, reads_per_s=reads_per_s
    )


def findings_of(
    soak: Soak, target: Target, environment: Environment, *, reads_per_s: float | None = None
) -> SoakFindings:
    """What a soak of a drive on a host shows. `reads_per_s`: how fast the drive read right after
    it, where that is known; it tells an allowance from a cache."""
    drive = _Drive(_is_physical(target, environment), reads_per_s)
    course = _course(soak)
    of_syncs = find_changes([math.log(level) for level in course.sync_levels])
    found = [(index, course.sync_levels) for index in of_syncs.at]
    if soak.page_writers and all(course.page_levels):
        of_pages = find_changes([math.log(level) for level in course.page_levels])
        known = [index for index, _ in found]
        found += [
            (index, course.page_levels)
            for index in of_pages.at
            if all(abs(index - other) >= FAR_APART for other in known)
        ]
    found.sort(key=lambda each: each[0])
    count = len(course.seconds)
    edges = [0, *(index for index, _ in found), count]
    places = enumerate(found)
    edges[1:-1] = [_whole(edges[place : place + 3], levels) for place, (_, levels) in places]
    changes = tuple(
        _change(course, edges[place : place + 3], levels, drive)
        for place, (_, levels) in enumerate(found)
    )
    readings = soak.health
    sustained, rate_per_s = _summary(soak, edges[-2], count), soak.rate_per_s
    spread = rate_spread(soak, edges[-2])
    return SoakFindings(
        elapsed_s=soak.elapsed_s,
        rate_per_s=rate_per_s,
        rate_reached=None
        if rate_per_s is None
        else sustained.ops_per_s >= REACHED_PART * rate_per_s,
        page_writers=soak.page_writers,
        first=_summary(soak, 0, edges[1]),
        sustained=sustained,
        sustained_from_s=changes[-1].at_s if changes else 0.0,
        changes=changes,
        stalls=find_stalls(course.starts_s, soak.stretches.max_us),
        spread=spread,
        slow_phases=slow_phases(soak, edges[-2], spread),
        drift_percent=None if of_syncs.drift is None else 100 * math.expm1(of_syncs.drift),
        hottest_c=max(_known(readings, "temperature_c"), default=None),
        wear_points=_rise(_known(readings, "percent_used")),
    )


def _course(soak: Soak) -> _Course:
    stretches = soak.stretches
    seconds = [elapsed_ns / 1e9 for elapsed_ns in stretches.elapsed_ns]
    return _Course(
        soak=soak,
        seconds=seconds,
        starts_s=[0.0, *accumulate(seconds)],
        syncs_before=[0, *accumulate(stretches.syncs)],
        page_bytes_before=[0, *accumulate(stretches.page_bytes)],
        sync_levels=[1e6 / mean_us for mean_us in stretches.mean_us],
        page_levels=[
            bytes_ / elapsed_s
            for bytes_, elapsed_s in zip(stretches.page_bytes, seconds, strict=True)
        ],
    )


def _change(
    course: _Course, edges: Sequence[int], levels: Sequence[float], drive: _Drive
) -> RateChange:
    """The change at the middle one of three edges."""
    soak = course.soak
    first, at, end = edges
    syncs, page_bytes = course.syncs_before[at], course.page_bytes_before[at]
    before, after = _rate(course, first, at), _rate(course, at, end)
    bytes_before = _bytes_rate(course, first, at)
    bytes_after = _bytes_rate(course, at, end)
    slower = fmean(levels[at:end]) < fmean(levels[first:at])
    written_bytes = soak.files_bytes + syncs * soak.block_bytes + page_bytes
    return RateChange(
        at_s=course.starts_s[at],
        syncs=syncs,
        operations=round(syncs + _page_operations(page_bytes)),
        written_bytes=written_bytes,
        before_per_s=before,
        after_per_s=after,
        bytes_before_per_s=bytes_before,
        bytes_after_per_s=bytes_after,
        cause=_cause(course, edges, written_bytes, drive) if slower else "faster",
    )


def _page_operations(page_bytes: float) -> float:
    """Each page is written twice, first in its batch."""
    return page_bytes / (2 * PAGE_FLUSH.block_bytes) * OPERATIONS_PER_PAGE


def _whole(edges: Sequence[int], levels: Sequence[float]) -> int:
    """Where the level after the middle edge has begun: a stretch that has a part of both levels
    belongs to the one before."""
    first, at, end = edges
    before, after = fmean(levels[first : at - 1]), fmean(levels[at + 1 : end])
    if before == after:
        return at
    return at + ((levels[at] - after) / (before - after) > MIXED_PART)


def _rate(course: _Course, first: int, end: int) -> float:
    done = course.syncs_before[end] - course.syncs_before[first]
    return done / (course.starts_s[end] - course.starts_s[first])


def _bytes_rate(course: _Course, first: int, end: int) -> float:
    written = course.page_bytes_before[end] - course.page_bytes_before[first]
    of_syncs = _rate(course, first, end) * course.soak.block_bytes
    return written / (course.starts_s[end] - course.starts_s[first]) + of_syncs


def _cause(course: _Course, edges: Sequence[int], written_bytes: int, drive: _Drive) -> Cause:
    """Of a rate that fell."""
    _, at, end = edges
    if _others_came(course, edges):
        return "other-writers"
    if _was_hot(course.soak.health, course.starts_s[at], course.starts_s[end]):
        return "heat"
    may_be_full = written_bytes >= CACHE_BYTES
    if drive.is_physical:
        would_tell = _counted_heat(course.soak.health)
        return "cache" if may_be_full and would_tell else "drive"
    if drive.reads_per_s is None:
        return "credits-or-cache"
    if drive.reads_per_s <= READ_TIMES * _operations_rate(course, at, end):
        return "burst-credits"
    return "cache" if may_be_full else "credits-or-cache"


def _operations_rate(course: _Course, first: int, end: int) -> float:
    pages = course.page_bytes_before[end] - course.page_bytes_before[first]
    seconds = course.starts_s[end] - course.starts_s[first]
    return _rate(course, first, end) + _page_operations(pages) / seconds


def _others_came(course: _Course, edges: Sequence[int]) -> bool:
    """Whether the devices write more beside ours than they did before, in bytes per second."""
    told = course.soak.stretches.device_written_bytes
    rates = []
    for start, end in pairwise(edges):
        kept = [each for each in told[start:end] if each is not None]
        if len(kept) < end - start:
            return False
        seconds = course.starts_s[end] - course.starts_s[start]
        rates.append((sum(kept) / seconds, _bytes_rate(course, start, end)))
    (device_before, ours_before), (device_after, ours_after) = rates
    usual = max(1.0, device_before / ours_before) * ours_after
    return device_after - usual > max(OTHERS_BYTES_PER_S, ours_after * OTHERS_PERCENT / 100)


def _was_hot(readings: Sequence[HealthReading], from_s: float, to_s: float) -> bool:
    """Whether the drive counted minutes above its own warning temperature around a stretch."""
    before = [each.hot_minutes for each in readings if each.at_s <= from_s]
    after = [each.hot_minutes for each in readings if each.at_s > from_s and each.at_s <= to_s]
    if not before or not after or before[-1] is None or after[-1] is None:
        return False
    return after[-1] > before[-1]


def _counted_heat(readings: Sequence[HealthReading]) -> bool:
    """Whether the drive counts how long it is hot at all."""
    return any(each.hot_minutes is not None for each in readings)


def _is_physical(target: Target, environment: Environment) -> bool:
    """Whether the drive is certainly no volume that somebody lends."""
    if isinstance(target.devices, Unknown) or not target.devices:
        return False
    named = all(device.transport in PHYSICAL for device in target.devices)
    return named and environment.virtualisation == "none"


def _summary(soak: Soak, first: int, end: int) -> Summary:
    """The syncs of some stretches in numbers."""
    stretches = soak.stretches
    counts = add_counts(map(read_counts, stretches.histograms[first:end]))
    syncs, means_us = stretches.syncs[first:end], stretches.mean_us[first:end]
    mean_us = sum(map(math.prod, zip(syncs, means_us, strict=True))) / sum(syncs)
    mean_us = max(mean_us, min(means_us))  # which rounding may miss
    ci95_percent = None
    if len(means_us) >= BATCHES_PER_ROUND:
        half = student_t(0.975, len(means_us) - 1) * stdev(means_us) / math.sqrt(len(means_us))
        ci95_percent = min(1e6, 100 * half / mean_us)
    return Summary(
        count=sum(syncs),
        ops_per_s=sum(syncs) * 1e9 / sum(stretches.elapsed_ns[first:end]),
        mean_us=mean_us,
        min_us=middle_us(min(counts)),
        p50_us=percentile_us(counts, 50.0),
        p90_us=percentile_us(counts, 90.0),
        p99_us=percentile_us(counts, 99.0),
        p999_us=percentile_us(counts, 99.9),
        max_us=max(stretches.max_us[first:end]),
        ci95_percent=ci95_percent,
    )


def _known(readings: Sequence[HealthReading], field: str) -> list[int]:
    return [value for each in readings if (value := getattr(each, field)) is not None]


def _rise(values: Sequence[int]) -> int | None:
    return values[-1] - values[0] if values else None
