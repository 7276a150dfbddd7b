"""Text that the fragment and the terminal share: aligned rows, and lines that stay lines."""

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from advisor.advice import Capacity, SerialPoint
from advisor.measurement import Summary
from advisor.units import format_count, format_latency

NOTHING_FOUND: Final = "no check found fault with it; more than that, only a power cut can show"
"""The evidence line of a plausible drive."""

SUMMARY_HEADINGS: Final = ("ops/s", "mean", "p50", "p99", "max", "+-95 %")


def summary_cells(summary: Summary) -> list[str]:
    """A series in figures, under SUMMARY_HEADINGS; - for what is not known."""
    latencies = (summary.mean_us, summary.p50_us, summary.p99_us, summary.max_us)
    ci95 = summary.ci95_percent
    return [
        format_count(summary.ops_per_s),
        *("-" if latency is None else format_latency(latency) for latency in latencies),
        "-" if ci95 is None else f"{ci95:.1f} %",
    ]


def one_line(value: Any) -> str:
    """Text that stays in its line, or in its comment: no newline, no control character."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") else character
        for character in str(value)
    )


def sentence(text: str) -> str:
    """A note that begins small and ends bare, as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def serial_rows(points: Sequence[SerialPoint]) -> list[str]:
    """A heading and a row for each number of syncs."""
    heading = f"{'syncs per transaction':>22}{'transactions/s':>18}{'per day':>18}"
    return [
        heading,
        *(
            f"{point.syncs:>22}{format_count(point.tps):>18}{format_count(point.per_day):>18}"
            for point in points
        ),
    ]


def commit_line(capacity: Capacity) -> str:
    """What one commit with the advised settings waits for; empty without a server in mind."""
    if capacity.commit_syncs is None:
        return ""
    what = f"One commit with these settings waits for {syncs_text(capacity.commit_syncs)}"
    if capacity.commit_syncs == 0:
        return f"{what}."
    if capacity.commit_us is None or capacity.commit_tps is None:
        return f"{what}; what a growing binary log costs was not measured."
    wait, rate = format_latency(capacity.commit_us), format_count(capacity.commit_tps)
    return f"{what}, {wait}: at most {rate} commits/s on one connection."


def syncs_text(count: int) -> str:
    """A number of syncs in words."""
    return "no sync" if count == 0 else "1 sync" if count == 1 else f"{count} syncs"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of text, each as wide as its widest cell, two blanks between them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
