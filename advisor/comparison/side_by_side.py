"""Drives side by side: like with like, each against the first. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from advisor import __version__
from advisor.advice import SerialPoint
from advisor.analysis.description import Measured, describe_measured, warnings_on
from advisor.analysis.storage import ReferenceStorage
from advisor.analysis.verdict import Verdict
from advisor.capacity.serial import SYNC_COUNTS, serial_points
from advisor.comparison.advice import AdviceChanges
from advisor.comparison.baseline import BaselineCheck
from advisor.comparison.difference import Difference, difference
from advisor.comparison.drives import PREFERRED, ComparedDrive
from advisor.measurement import Summary
from advisor.model import Model
from advisor.series_kind import Load, Method, Pattern, SeriesKind

SCHEMA_VERSION: Final = 1


class DriveEntry(Model):
    """A drive of the comparison: what it is, and what is thought of it."""

    name: str
    storage: Verdict | None
    """None for a reference storage, of which too little is known."""
    measured: Measured | None
    reference: ReferenceStorage | None
    warnings: tuple[str, ...]
    """What the reader of the measurement must know."""


class ComparisonRow(Model):
    """One drive's figures in one kind of series, and how it stands to the first drive's."""

    drive: str
    ops_per_s: float
    mean_us: float
    p50_us: float | None
    p99_us: float | None
    ci95_percent: float | None
    speed_ratio: float | None
    """How many times as fast as the first, by the means; None where a speed says nothing."""
    difference: Difference | None
    """None for the first drive."""
    serial: tuple[SerialPoint, ...]
    """Empty where the speed says nothing."""


class ComparisonGroup(Model):
    """Drives that were measured in the same way; the first row is the comparison's first drive."""

    series: str
    pattern: Pattern
    method: Method
    direct: bool
    block_bytes: int
    rows: tuple[ComparisonRow, ...]


class RowUnderLoad(Model):
    """One drive's figures beside a load, and how it stands to the first drive's."""

    drive: str
    mean_us: float
    p50_us: float | None
    p99_us: float | None
    ci95_percent: float | None
    load_ops_per_s: float
    """What was done of the load meanwhile: pages flushed or blocks read."""
    load_bytes_per_s: float
    speed_ratio: float | None
    """As in ComparisonRow."""
    difference: Difference | None


class GroupUnderLoad(Model):
    """Drives that were measured in the same way beside the same load."""

    series: str
    beside: Load
    rows: tuple[RowUnderLoad, ...]


class NotCompared(Model):
    """A drive that shares no series with the first, and what it has."""

    drive: str
    why: str


class Comparison(Model):
    """All of it. Same drives and same request, same comparison."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: str
    drives: tuple[DriveEntry, ...]
    groups: tuple[ComparisonGroup, ...]
    under_load: tuple[GroupUnderLoad, ...]
    """Each kind that the first drive and another have."""
    not_compared: tuple[NotCompared, ...]
    advice: AdviceChanges | None
    baseline: BaselineCheck | None


def compare(
    drives: Sequence[ComparedDrive],
    syncs: tuple[int, ...] | None = None,
    *,
    advice: AdviceChanges | None = None,
    baseline: BaselineCheck | None = None,
) -> Comparison:
    """Each drive against the first: by the primary series where both have it, else by the classic
    test at 4 and then at 16 KiB, else by whatever one writer synced in the same way on both.
    """
    groups = _groups(drives, syncs or SYNC_COUNTS)
    compared = {row.drive for group in groups for row in group.rows}
    return Comparison(
        tool_version=__version__,
        drives=tuple(_entry(drive) for drive in drives),
        groups=groups,
        under_load=tuple(_groups_under_load(drives)),
        not_compared=tuple(
            NotCompared(drive=drive.name, why=_nothing_common(drive, drives[0]))
            for drive in drives[1:]
            if drive.name not in compared
        ),
        advice=advice,
        baseline=baseline,
    )


def _entry(drive: ComparedDrive) -> DriveEntry:
    measurement = drive.measurement
    return DriveEntry(
        name=drive.name,
        storage=drive.verdict,
        measured=describe_measured(measurement) if measurement else None,
        reference=drive.reference,
        warnings=tuple(warning.text for warning in warnings_on(measurement)) if measurement else (),
    )


def _groups(drives: Sequence[ComparedDrive], syncs: tuple[int, ...]) -> tuple[ComparisonGroup, ...]:
    """A group for each kind that compares a drive which none before compared."""
    first, *others = drives
    waiting = {drive.name for drive in others}
    groups = []
    for kind in dict.fromkeys((*PREFERRED, *first.summaries)):
        members = [drive for drive in drives if kind in drive.summaries]
        names = {drive.name for drive in members}
        if first in members and names & waiting:
            waiting -= names
            groups.append(_group(kind, members, syncs))
    return tuple(groups)


def _group(
    kind: SeriesKind, members: Sequence[ComparedDrive], syncs: tuple[int, ...]
) -> ComparisonGroup:
    return ComparisonGroup(
        series=kind.label,
        pattern=kind.pattern,
        method=kind.method,
        direct=kind.direct,
        block_bytes=kind.block_bytes,
        rows=tuple(_row(kind, drive, members[0], syncs) for drive in members),
    )


def _row(
    kind: SeriesKind, drive: ComparedDrive, first: ComparedDrive, syncs: tuple[int, ...]
) -> ComparisonRow:
    summary, reference = drive.summaries[kind], first.summaries[kind]
    return ComparisonRow(
        drive=drive.name,
        ops_per_s=summary.ops_per_s,
        mean_us=summary.mean_us,
        p50_us=summary.p50_us,
        p99_us=summary.p99_us,
        ci95_percent=summary.ci95_percent,
        speed_ratio=_speed_ratio(drive, first, summary, reference),
        difference=_difference(drive, first, summary, reference),
        serial=serial_points(summary.mean_us, syncs) if drive.honours_flushes else (),
    )


def _groups_under_load(drives: Sequence[ComparedDrive]) -> Iterator[GroupUnderLoad]:
    first = drives[0]
    for kind, series in first.under_load.items():
        members = [drive for drive in drives if kind in drive.under_load]
        if len(members) > 1:
            rows = tuple(_row_under_load(kind, drive, first) for drive in members)
            yield GroupUnderLoad(series=kind.label, beside=series.beside, rows=rows)


def _row_under_load(kind: SeriesKind, drive: ComparedDrive, first: ComparedDrive) -> RowUnderLoad:
    series = drive.under_load[kind]
    summary, reference = series.summary, first.under_load[kind].summary
    return RowUnderLoad(
        drive=drive.name,
        mean_us=summary.mean_us,
        p50_us=summary.p50_us,
        p99_us=summary.p99_us,
        ci95_percent=summary.ci95_percent,
        load_ops_per_s=series.background.ops_per_s,
        load_bytes_per_s=series.background.bytes_per_s,
        speed_ratio=_speed_ratio(drive, first, summary, reference),
        difference=_difference(drive, first, summary, reference),
    )


def _speed_ratio(
    drive: ComparedDrive, first: ComparedDrive, summary: Summary, reference: Summary
) -> float | None:
    return None if _mute(first, drive) else reference.mean_us / summary.mean_us


def _difference(
    drive: ComparedDrive, first: ComparedDrive, summary: Summary, reference: Summary
) -> Difference | None:
    if drive is first:
        return None
    if mute := _mute(first, drive):
        why = f"{mute[0]} is not durable, so its speed does not count"
        return Difference(judgement="not judged", why=why)
    return difference(reference, summary)


def _mute(*sides: ComparedDrive) -> list[str]:
    """Those whose speed says nothing."""
    return [side.name for side in sides if not side.honours_flushes]


def _nothing_common(drive: ComparedDrive, first: ComparedDrive) -> str:
    has = ", ".join(kind.label for kind in drive.summaries) or "no sync of one writer"
    return f"no series in common with {first.name}; it has {has}"
