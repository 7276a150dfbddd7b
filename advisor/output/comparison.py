"""A comparison as a document: the drives, the figures side by side, how the advice differs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Final

from advisor.comparison.advice import AdviceChanges
from advisor.comparison.baseline import BaselineCheck
from advisor.comparison.side_by_side import (
    Comparison,
    ComparisonGroup,
    ComparisonRow,
    DriveEntry,
    GroupUnderLoad,
    RowUnderLoad,
)
from advisor.model import Unknown
from advisor.output.document import Document, DocumentBlock, Lines, Section, Table
from advisor.output.measurement import load_text
from advisor.output.text import sentence
from advisor.output.verdict_line import drift_verdict
from advisor.series_kind import OBSERVED_PATTERNS
from advisor.units import format_count, format_latency
from advisor.vendors.registry import VENDORS

NAME_WIDTH: Final = 14
"""Longer names are cut in the tables, unless two would then look the same."""

HOW_TO_READ: Final = (
    "ratio: times as fast as the first, by the means.",
    "difference: of the means, beyond the 95 % confidence intervals of both together. They know"
    " the scatter within each run; two runs of one drive differ by more.",
)

HOW_TO_READ_UNDER_LOAD: Final = (
    "beside it: what was done of the load meanwhile, as much as the drive let through."
)

MEMORY_IS_THE_HOSTS: Final = (
    "Memory settings follow each measurement's host, its memory and processors, not the drive."
)


def comparison_document(comparison: Comparison) -> Document:
    """The whole comparison; with a baseline, what has changed since."""
    sections = [Section(blocks=[block]) for block in _blocks(comparison)]
    check = comparison.baseline
    return Document(sections=sections, verdict=drift_verdict(check) if check else None)


def _blocks(comparison: Comparison) -> Iterator[DocumentBlock]:
    """In the order in which it is read."""
    short = short_names([drive.name for drive in comparison.drives])
    yield Table(
        "",
        ("drive", "class", "trust", "what"),
        [(short[drive.name], *_judged(drive), _described(drive)) for drive in comparison.drives],
    )
    for group in comparison.groups:
        yield _figures(group, short)
        yield _serial(group, short)
    for loaded in comparison.under_load:
        yield _under_load(loaded, short)
    if notes := list(_notes(comparison, short)):
        yield Lines(notes)
    if comparison.advice:
        yield from _advice(comparison.advice, short)
    if comparison.baseline:
        yield from _baseline(comparison.baseline)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each name -> how it is shown: a file's stem where no two are alike, cut to fit a table."""
    stems = {name: PurePath(name).stem for name in names}
    for shown in ({name: _cut(stem) for name, stem in stems.items()}, stems):
        if len(set(shown.values())) == len(shown):
            return shown
    return {name: name for name in names}


def _cut(name: str) -> str:
    """Its two ends, where names of one series of files are alike and where they differ."""
    return name if len(name) <= NAME_WIDTH else f"{name[:6]}..{name[-6:]}"


def _judged(drive: DriveEntry) -> tuple[str, str]:
    return (drive.storage.storage_class, drive.storage.trust) if drive.storage else ("-", "-")


def _described(drive: DriveEntry) -> str:
    if drive.reference:
        return f"{drive.reference.storage}, {drive.reference.cpu}"
    assert drive.measured is not None
    measured = drive.measured
    when = ""
    if not isinstance(measured.taken_at, Unknown):
        when = measured.taken_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    how = "" if measured.source == "measured" else f"{measured.source} {measured.observed}".rstrip()
    return ", ".join(part for part in (measured.place, when, how) if part)


def _figures(group: ComparisonGroup, short: Mapping[str, str]) -> Table:
    headings: Sequence[str] = ("ops/s", "mean", "p50", "p99", "+-95 %", "ratio", "difference")
    rows = [(short[row.drive], _cells(row)) for row in group.rows]
    if group.pattern in OBSERVED_PATTERNS:  # nobody asked these drives for a rate
        headings = headings[1:]
        rows = [(drive, cells[1:]) for drive, cells in rows]
    table = [(drive, *cells) for drive, cells in rows]
    return Table(group.series, ("drive", *headings), table, frozenset(range(1, len(headings))))


def _cells(row: ComparisonRow) -> list[str]:
    return [
        format_count(row.ops_per_s),
        *map(_latency, (row.mean_us, row.p50_us, row.p99_us)),
        "-" if row.ci95_percent is None else f"{row.ci95_percent:.1f} %",
        *_standing(row),
    ]


def _under_load(group: GroupUnderLoad, short: Mapping[str, str]) -> Table:
    headings = ("drive", "mean", "p50", "p99", "+-95 %", "beside it", "ratio", "difference")
    rows = [(short[row.drive], *_cells_under_load(group, row)) for row in group.rows]
    return Table(group.series, headings, rows, frozenset(range(1, 7)))


def _cells_under_load(group: GroupUnderLoad, row: RowUnderLoad) -> list[str]:
    return [
        *map(_latency, (row.mean_us, row.p50_us, row.p99_us)),
        "-" if row.ci95_percent is None else f"{row.ci95_percent:.1f} %",
        load_text(group.beside, row.load_ops_per_s, row.load_bytes_per_s),
        *_standing(row),
    ]


def _standing(row: ComparisonRow | RowUnderLoad) -> tuple[str, str]:
    """The ratio, and how it is judged."""
    return (
        "-" if row.speed_ratio is None else f"{row.speed_ratio:.3g}",
        row.difference.judgement if row.difference else "",
    )


def _latency(latency_us: float | None) -> str:
    return "-" if latency_us is None else format_latency(latency_us)


def _serial(group: ComparisonGroup, short: Mapping[str, str]) -> Table:
    counts = next((row.serial for row in group.rows if row.serial), ())
    rows = [
        (
            short[row.drive],
            *([format_count(point.tps) for point in row.serial] or ["-"] * len(counts)),
        )
        for row in group.rows
    ]
    return Table(
        "Transactions/s of one connection with N such syncs each (sync time only)",
        ("N", *(f"{point.syncs:,}" for point in counts)),
        rows,
        frozenset(range(1, len(counts) + 1)),
    )


def _notes(comparison: Comparison, short: Mapping[str, str]) -> Iterator[str]:
    if comparison.groups:
        yield from HOW_TO_READ
    if comparison.under_load:
        yield HOW_TO_READ_UNDER_LOAD
    for drive in comparison.drives:
        if drive.storage and drive.storage.trust != "plausible":
            evidence = drive.storage.evidence[0].text
            yield f"{short[drive.name]} is {drive.storage.trust}: {evidence}"
        yield from (f"{short[drive.name]}: {warning}" for warning in drive.warnings)
    rows = [row for group in comparison.groups for row in group.rows]
    # A drive that two groups cannot judge is named once.
    whys = {row.drive: row.difference.why for row in rows if row.difference and row.difference.why}
    for name, why in whys.items():
        yield f"{short[name]} is not judged: {why}."
    for left in comparison.not_compared:
        yield f"{short[left.drive]} is not compared: {left.why}."


def _advice(advice: AdviceChanges, short: Mapping[str, str]) -> Iterator[DocumentBlock]:
    server = f"{VENDORS[advice.engine].title} {advice.engine_version} ({advice.version_source})"
    rows = [
        ("" if number else entry.setting, short[drive], entry.values.get(drive, "-"))
        for entry in advice.settings
        for number, drive in enumerate(advice.advised)
    ]
    notes = []
    if rows:
        title = f"{server}: what the advice would change"
        yield Table(title, ("setting", "drive", "value"), rows)
    elif len(advice.advised) > 1:
        notes.append(f"{server}: the advice would be the same.")
    if any(entry.group == "memory" for entry in advice.settings):
        notes.append(MEMORY_IS_THE_HOSTS)
    notes += [f"No advice for {short[entry.drive]}: {entry.why}." for entry in advice.unadvised]
    if notes:
        yield Lines(notes)


def inconclusive_text(check: BaselineCheck) -> str:
    """What such a comparison would have noticed."""
    return f"inconclusive, for a change below {check.noticeable_percent:.0f} % is within noise here"


def _baseline(check: BaselineCheck) -> Iterator[DocumentBlock]:
    notes = [f"{change.what}: {change.before} before, {change.now} now" for change in check.changed]
    if notes:
        yield Lines(
            ["Conditions changed, so this compares two things and not one over time:", *notes]
        )
    if check.notes:
        yield Lines([sentence(note) for note in check.notes])
    if check.inconclusive:
        yield Lines([sentence(f"{inconclusive_text(check)}: {check.says}")])
    elif check.says and not check.slower:  # else the verdict says it
        limit = f"beyond noise and by more than {check.tolerance_percent:g} %"
        yield Lines([f"Not slower {limit}: {check.says}."])
