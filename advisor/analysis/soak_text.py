"""What a soak shows, in words: for notes, and for the head of a fragment."""

from collections.abc import Iterator
from typing import Final

from advisor.analysis.soak_spread import RateSpread
from advisor.analysis.soaking import (
    REACHED_PART,
    Cause,
    RateChange,
    SoakFindings,
    soak_findings,
)
from advisor.measurement import Measurement, Series, Summary
from advisor.soak import SHORTEST_S, Soak
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

SAME_PART: Final = 0.05
"""Two figures of one sync that are no farther apart need no word."""
MOVED_PART: Final = 0.1


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
    """Like "812 syncs/s sustained for the last 18 min, not the 3,010 of the first 12 min"."""
    sustained = format_count(findings.sustained.ops_per_s)
    asked = "" if findings.rate_per_s is None else format_count(findings.rate_per_s)
    if not findings.changes:
        drift, lasted = findings.drift_percent, duration_text(findings.elapsed_s)
        moving = "" if drift is None else f", moving by {drift:+.0f} % from begin to end"
        if findings.rate_reached is False:
            return f"asked {asked} syncs/s, the drive did {sustained} for {lasted}{moving}"
        return f"{sustained} syncs/s{_as_asked(findings)} for {lasted}{moving}"
    last, at_first = duration_text(findings.sustained_s), duration_text(findings.changes[0].at_s)
    if findings.rate_reached:
        now, was = (format_latency(each.mean_us) for each in (findings.sustained, findings.first))
        took = f"a sync took {now} in the last {last}, {was} in the first {at_first}"
        return f"{sustained} syncs/s{_as_asked(findings)}; {took}"
    first = format_count(findings.first.ops_per_s)
    rose = findings.sustained.ops_per_s > findings.first.ops_per_s
    before = "up from the" if rose else "not the"
    missed = f"asked {asked}, the drive did " if asked else ""
    return (
        f"{missed}{sustained} syncs/s sustained for the last {last}, {before} {first} of the first"
        f" {at_first}"
    )


def _as_asked(findings: SoakFindings) -> str:
    """Of few syncs a second, one more or less makes another rate."""
    asked_per_s = findings.rate_per_s
    if asked_per_s is None:
        return ""
    is_more = findings.sustained.ops_per_s > asked_per_s / REACHED_PART
    return f" (asked {format_count(asked_per_s)})" if is_more else " as asked"


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
    return tuple(_notes(soak, findings, measurement.primary))


def _notes(soak: Soak, findings: SoakFindings, primary: Series | None) -> Iterator[str]:
    asked = ""
    if findings.rate_per_s is not None and findings.rate_reached:
        asked = f" at {format_count(findings.rate_per_s)} syncs/s"
    beside = " beside page writes" if findings.page_writers else ""
    yield (
        f"measured after a soak of {duration_text(findings.elapsed_s)}{asked}{beside}, in the state"
        f" it left the drive in: {sustained_text(findings)}"
    )
    if primary is not None:
        yield from _computed_from(primary.summary, findings)
    for change in findings.changes:
        yield f"soak: {change_text(change)}: {rates_text(change)}"
    if (stalls := findings.stalls) is not None:
        yield (
            f"soak: a stall every {duration_text(stalls.every_s)}, {counted(stalls.count, 'time')}:"
            f" a sync takes {format_latency(stalls.typical_us)} then, at most"
            f" {format_latency(stalls.longest_us)}"
        )
    if (phases := findings.slow_phases) is not None:
        yield (
            f"soak: slow for {duration_text(phases.typical_s)} every"
            f" {duration_text(phases.every_s)}, {counted(phases.count, 'time')}:"
            f" {format_count(phases.syncs_per_s)} syncs/s then"
        )
    if (spread := findings.spread) is not None:
        yield f"soak: {_spread_text(spread, findings)}"
    if findings.rate_reached and not findings.changes:
        yield "soak: it was paced, so what the drive sustains at full speed is not known from it"
    ended = {
        "time": "",
        "bytes": f"at its limit of {format_size(soak.bytes_max)} (--max-bytes)",
        "wear": f"because the drive's percentage used rose by {findings.wear_points}",
        "interrupted": "because it was interrupted",
    }[soak.ended_by]
    if ended:
        asked_for, lasted = duration_text(soak.asked_s), duration_text(findings.elapsed_s)
        too_short = (
            f"; in less than {SHORTEST_S} s no change of the rate can be told"
            if findings.elapsed_s < SHORTEST_S
            else ""
        )
        yield f"soak: it ended after {lasted} of {asked_for} {ended}{too_short}"


def _computed_from(primary: Summary, findings: SoakFindings) -> Iterator[str]:
    """Which of two figures the advice uses, where there are two."""
    rate = format_count(1e6 / primary.mean_us)
    sustained = findings.sustained
    if primary == sustained:
        lasted, all_of_it = (duration_text(findings.sustained_s), duration_text(findings.elapsed_s))
        which = f"for the last {lasted} of {all_of_it}" if findings.changes else f"for {all_of_it}"
        yield f"commits are computed from {rate} syncs/s, sustained {which}"
    elif abs(primary.mean_us / sustained.mean_us - 1) > SAME_PART:
        yield f"commits are computed from {rate} syncs/s, measured right after the soak"


def _spread_text(spread: RateSpread, findings: SoakFindings) -> str:
    """Like "the rate was between 49 and 8,892/s (tenth and ninetieth percentile: 120 to 6,000)"."""
    low, p10, p90, high = map(
        format_count, (spread.min_per_s, spread.p10_per_s, spread.p90_per_s, spread.max_per_s)
    )
    text = (
        f"the rate was between {low} and {high}/s (tenth and ninetieth percentile: {p10} to {p90})"
    )
    if abs(spread.last_quarter_per_s / findings.sustained.ops_per_s - 1) <= MOVED_PART:
        return text
    return f"{text}, and {format_count(spread.last_quarter_per_s)}/s in the last quarter"
