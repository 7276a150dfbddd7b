"""The figures of one job in fio's text, as 2.x and 3.x print them.

Counts and the run's milliseconds are exact; IOPS has lost its fraction. Source: fio's stat.c.
"""

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from advisor.importers import fio
from advisor.importers.figures import (
    NUMBER,
    SUFFIXES,
    UNIT_BYTES,
    UNIT_US,
    number,
    power_of_two,
    step,
)
from advisor.importers.reported import Latencies

_AMOUNT: Final = rf"=\s{{0,9}}({NUMBER})([kKMG]?)"
_WRITE: Final = re.compile(
    rf"\bwrite: IOPS{_AMOUNT}[^\n]{{0,120}}?\(({NUMBER})([KMGT]?i?B)/([0-9]{{1,12}})msec\)"
)
_OLD_WRITE: Final = re.compile(
    rf"\bwrite: io={NUMBER}[KMGT]?B, bw=[^\n,]{{1,40}}, iops{_AMOUNT}"
    r" ?, runt=\s{0,9}([0-9]{1,12})msec"
)
_ISSUED: Final = re.compile(
    r"issued rwts?:\s{1,9}total=([0-9]{1,15}),([0-9]{1,15}),[0-9]{1,15}(?:,([0-9]{1,15}))?,?"
    r"\s{1,9}short=([0-9]{1,15})"
)
_OLD_ISSUED: Final = re.compile(r"issued\s{0,9}: total=r=([0-9]{1,15})/w=([0-9]{1,15})/d=")
_READ: Final = re.compile(r"\bread ?: (?:IOPS|io)=")
_LATENCY: Final = r"\b{} \(([a-z]{{2,4}})\): min{amount}, max{amount}, avg{amount}"
_SYNC: Final = re.compile(_LATENCY.format("sync", amount=_AMOUNT))
_CLAT: Final = re.compile(_LATENCY.format("clat", amount=_AMOUNT))
_PERCENTILE: Final = re.compile(rf"([0-9]{{1,3}}\.[0-9]{{1,4}})th=\[\s{{0,9}}({NUMBER})([kKMG]?)\]")
_DISKS: Final = re.compile(r"^[> \t]{0,20}([a-z][\w!-]{0,40}): ios=[0-9]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in one job's figures. `missing` names lines without which they tell nothing."""

    missing: tuple[str, ...]
    reads: float = 0.0
    writes: float = 0.0
    fsyncs: float = 0.0
    fdatasyncs: float = 0.0
    ops_per_s: float = 0.0
    time_ms: float = 0.0
    block_bytes: float | None = None
    """From the amount written, which is rounded: only where that leaves one size."""
    sync: Latencies | None = None
    write: Latencies | None = None
    disks: frozenset[str] = frozenset()


def read_block(tool: str, text: str) -> Block:
    """One job's figures. Raises AdvisorError for such as contradict each other."""
    write, issued = _WRITE.search(text), _ISSUED.search(text)
    old_write = None if write else _OLD_WRITE.search(text)
    old_issued = None if issued else _OLD_ISSUED.search(text)
    missing = []
    if not write and not old_write and not _READ.search(text):
        missing.append("write: IOPS=")
    if not issued and not old_issued:
        missing.append("issued rwts:")
    if missing:
        return Block(tuple(missing))
    reads, writes, fsyncs, fdatasyncs = _counts(issued, old_issued)
    ops_per_s, time_ms, block_bytes = 0.0, 0.0, None
    if found := write or old_write:
        time_ms = float(found[found.lastindex or 0])
        printed = _amount(found[1], found[2], "IOPS")
        # From 10 000 on it has four digits: 12.3k.
        lost = max(1.0, step(found[1]) * SUFFIXES[found[2]])
        ops_per_s = fio.exact_rate(tool, printed, lost, writes, time_ms)
    if write and writes:
        amount_bytes = number(write[3], "the amount written") * UNIT_BYTES.get(write[4], 0)
        block_bytes = power_of_two(amount_bytes / writes)
    return Block(
        (),
        reads,
        writes if found else 0.0,
        fsyncs,
        fdatasyncs,
        ops_per_s,
        time_ms,
        block_bytes,
        _latencies(text, _SYNC, "sync percentiles"),
        _latencies(text, _CLAT, "clat percentiles"),
        frozenset(islice(_DISKS.findall(text), 40)),
    )


def _counts(
    issued: re.Match[str] | None, old_issued: re.Match[str] | None
) -> tuple[float, float, float, float]:
    """Reads, writes, fsyncs and fdatasyncs.

    Up to 3.42 a count of fdatasync stands where short reads are counted. Before 3.4 there are three
    totals, and syncs, if they are counted at all, stand there whatever their method.
    """
    if issued is None:
        assert old_issued is not None  # one of them is there
        return float(old_issued[1]), float(old_issued[2]), 0.0, 0.0
    reads, writes, fsyncs, short = (float(count or 0) for count in issued.groups())
    return reads, writes, fsyncs, 0.0 if reads else short


def _latencies(block: str, line: re.Pattern[str], heading: str) -> Latencies | None:
    """A line of min, max and avg, and the percentiles, each in its own unit."""
    told = line.search(block)
    if told is None or told[1] not in UNIT_US:
        return None
    unit, *amounts = told.groups()
    low, high, mean = (
        _amount(amount, suffix, "a latency") * UNIT_US[unit]
        for amount, suffix in zip(amounts[::2], amounts[1::2], strict=True)
    )
    return Latencies(mean, low or None, high or None, _percentiles(block, heading))


def _percentiles(block: str, heading: str) -> dict[float, float]:
    start = block.find(heading)
    unit = re.match(r"[a-z ]{1,40}\(([a-z]{2,4})\)", block[start : start + 60])
    if start < 0 or unit is None or unit[1] not in UNIT_US:
        return {}
    # Twenty at most; what follows belongs to the next heading.
    end = re.search(r"^[ \t]{0,20}[a-z]", block[start + len(heading) + 8 : start + 3000], re.M)
    part = block[start : start + len(heading) + 8 + end.start() if end else start + 3000]
    return {
        float(percent): _amount(amount, suffix, "a percentile") * UNIT_US[unit[1]]
        for percent, amount, suffix in islice(_PERCENTILE.findall(part), 40)
    }


def _amount(text: str, suffix: str, what: str) -> float:
    return number(text, what) * SUFFIXES[suffix]
