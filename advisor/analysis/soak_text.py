"""What a soak shows, in words: for notes, and for the head of a fragment."""

from collections.abc import Iterator
from typing import Final

from advisor.analysis.soaking import Cause, RateChange, SoakFindings, soak_findings
from advisor.measurement import Measurement
from advisor.soak import Soak
from advisor.units import counted, format_count, format_latency, format_size

CAUSES: Final[dict[Cause, str]] = {
    "burst-credits": "burst credits used up",
    "cache": "a cache is full",
    "credits-or-cache": "burst credits used up, or a cache full",
    "other-writers": "others began to write to the same drive",
    "heat": "thermal throttling (the drive was above its own warning temperature)",
    "drive": "the drive itself slowed down (a full cache, or heat)",
    "faster": "faster from here on",
}
BY_BYTES: Final = frozenset[Cause]({"cache"})
"""Causes that follow from what is written; the others are told by operations first."""


def duration_text(seconds: float) -> str:
    """Like "40 s", "12.5 min", "24 h"."""
    for suffix, unit_s in (("h", 3600), ("min", 60)):
        if seconds >= 2 * unit_s:
            return f"{format_count(seconds / unit_s)} {suffix}"
    return f"{format_count(seconds)} s"


def change_text(change: RateChange) -> str:
    """Like "after 12.5 min, 8,250 operations and 132 MB: burst credits used up"."""
    operations = f"{change.operations:,} operations"
    written = f"{format_size(change.written_bytes)} written"
    amounts = [written, operations] if change.cause in BY_BYTES else [operations, written]
    return f"after {duration_text(change.at_s)}, {' and '.join(amounts)}: {CAUSES[change.cause]}"


def rates_text(change: RateChange) -> str:
    """Like "3,010 syncs/s before, 812 after"."""
    before, after = format_count(change.before_per_s), format_count(change.after_per_s)
    return f"{before} syncs/s before, {after} after"


def sustained_text(findings: SoakFindings) -> str:
    """Like "812 syncs/s sustained after 12 min, not the 3,010 of the first seconds"."""
    sustained = format_count(findings.sustained.ops_per_s)
    if not findings.changes:
        drift = findings.drift_percent
        moving = "" if drift is None else f", moving by {drift:+.0f} % from begin to end"
        how = " as asked" if findings.rate_per_s is not None else ""
        return f"{sustained} syncs/s{how} for {duration_text(findings.elapsed_s)}{moving}"
    first = format_count(findings.first.ops_per_s)
    when = duration_text(findings.sustained_from_s)
    before = "but" if findings.sustained.ops_per_s > findings.first.ops_per_s else "not the"
    return f"{sustained} syncs/s sustained after {when}, {before} {first} in the first seconds"


def soak_figure(measurement: Measurement) -> dict[str, str]:
    """The line of a soak among a measurement's headline figures."""
    findings = soak_findings(measurement)
    if findings is None:
        return {}
    p99_us = findings.sustained.p99_us
    tail = "" if p99_us is None else f", p99 {format_latency(p99_us)}"
    beside = " beside page writes" if findings.page_writers else ""
    what = f"soak{beside}, {duration_text(findings.elapsed_s)}"
    return {what: f"{sustained_text(findings)}{tail}"}


def soak_notes(measurement: Measurement) -> tuple[str, ...]:
    """What the reader must know of it; the first says what all figures rest on."""
    soak, findings = measurement.soak, soak_findings(measurement)
    if soak is None or findings is None:
        return ()
    return tuple(_notes(soak, findings))


def _notes(soak: Soak, findings: SoakFindings) -> Iterator[str]:
    asked = (
        "" if findings.rate_per_s is None else f" at {format_count(findings.rate_per_s)} syncs/s"
    )
    beside = " beside page writes" if findings.page_writers else ""
    yield (
        f"measured after a soak of {duration_text(findings.elapsed_s)}{asked}{beside}, in the state"
        f" it left the drive in: {sustained_text(findings)}"
    )
    for change in findings.changes:
        yield f"soak: {change_text(change)}: {rates_text(change)}"
    if (stalls := findings.stalls) is not None:
        yield (
            f"soak: a stall every {duration_text(stalls.every_s)}, {counted(stalls.count, 'time')}:"
            f" a sync takes {format_latency(stalls.typical_us)} then, at most"
            f" {format_latency(stalls.longest_us)}"
        )
    if findings.rate_per_s is not None and not findings.changes:
        yield "soak: it was paced, so what the drive sustains at full speed is not known from it"
    ended = {
        "time": "",
        "bytes": f"at its limit of {format_size(soak.bytes_max)} (--max-bytes)",
        "wear": f"because the drive's percentage used rose by {findings.wear_points}",
        "interrupted": "because it was interrupted",
    }[soak.ended_by]
    if ended:
        asked_for, lasted = duration_text(soak.asked_s), duration_text(findings.elapsed_s)
        yield f"soak: it ended after {lasted} of {asked_for} {ended}"
