"""fio's text for people, 3.0 and later.

It shows no options but rw, bs, ioengine and iodepth; a pasted command line tells the rest.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers import fio, fio_json
from advisor.importers.clean_text import printable
from advisor.importers.figures import NUMBER, SUFFIXES, UNIT_BYTES, UNIT_US, number
from advisor.importers.reported import Candidate, Latencies
from advisor.measurement import Measurement, Unknown
from advisor.series_kind import Method

SIGNATURE: Final = re.compile(
    r"^[ \t]{0,8}fio-[0-9]|: \(groupid=[0-9]|fsync/fdatasync/sync_file_range", re.MULTILINE
)

MAX_JOBS_PER_RUN: Final = 500

_MARK: Final = re.compile(
    r"\bfio[ \t]{1,8}(?P<command>--[^\n]{0,4000})"
    r"|^[ \t]{0,8}fio-(?P<version>[0-9]\S{0,30})"
    r"|^(?P<name>[^\n]{1,80}?): \((?P<kind>g|groupid)=(?P<group>[0-9]{1,6})(?P<line>[^\n]{0,400})"
    rf"|(?P<interrupted>{fio.INTERRUPTED})",
    re.MULTILINE,
)
_LINE_OPTION: Final = re.compile(r"\b(rw|ioengine|iodepth)=([\w.]{1,40})")
_COMMAND_OPTION: Final = re.compile(r"--([a-z_]{1,40})(?:=(\S{0,200}))?")
_WRITE_SIZES: Final = re.compile(rf"\(W\) ({NUMBER}[KMG]?i?B)-({NUMBER}[KMG]?i?B)")
_SIZE: Final = re.compile(rf"({NUMBER})([KMG]?i?B)")

_AMOUNT: Final = rf"=\s{{0,9}}({NUMBER})([kKMG]?)"
_WRITE: Final = re.compile(rf"\bwrite: IOPS{_AMOUNT}[^\n]{{0,120}}?/([0-9]{{1,12}})msec\)")
_ISSUED: Final = re.compile(
    r"issued rwts?:\s{1,9}total=([0-9]{1,15}),([0-9]{1,15}),[0-9]{1,15}(?:,([0-9]{1,15}))?"
    r"\s{1,9}short=([0-9]{1,15})"
)
_LATENCY: Final = r"\b{} \(([a-z]{{2,4}})\): min{amount}, max{amount}, avg{amount}"
_SYNC: Final = re.compile(_LATENCY.format("sync", amount=_AMOUNT))
_CLAT: Final = re.compile(_LATENCY.format("clat", amount=_AMOUNT))
_PERCENTILE: Final = re.compile(rf"([0-9]{{1,3}}\.[0-9]{{1,4}})th=\[\s{{0,9}}({NUMBER})([kKMG]?)\]")


@dataclass(slots=True)
class _Run:
    """One run of fio, as far as it has been read."""

    tool: str = "fio"
    command: str = ""
    interrupted: bool = False
    lines: dict[tuple[str, str], str] = field(default_factory=dict)
    """What was announced, by job and group."""
    blocks: list[tuple[re.Match[str], int]] = field(default_factory=list)
    """The mark that begins a job's figures, and where they end."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each job's figures. Nothing beside JSON: that tells the same, and more."""
    if fio_json.SIGNATURE.search(text):
        return
    found = False
    for run in _runs(text):
        together = Counter(mark["group"] for mark, _ in run.blocks)
        for mark, end in run.blocks:
            found = True
            name = printable(mark["name"].strip())
            concurrent_jobs = together[mark["group"]] - 1
            build = partial(
                _measurement, run, mark, text[mark.start() : end], name, concurrent_jobs
            )
            yield Candidate(mark.start(), f"{run.tool}, job {name}", build)
    if not found:
        yield Candidate(0, "fio", _breaks_off)


def _breaks_off() -> Measurement:
    raise AdvisorError(
        "the output of fio breaks off: no job's figures are complete", "keep the whole output"
    )


def _runs(text: str) -> Iterator[_Run]:
    """The runs in the text, one after another. Commands and announcements stand above figures."""
    run, command = _Run(), ""
    for mark in _MARK.finditer(text):
        if mark["kind"] == "groupid":
            if len(run.blocks) < MAX_JOBS_PER_RUN:
                following = _MARK.search(text, mark.end())
                run.blocks.append((mark, following.start() if following else len(text)))
            continue
        if run.blocks and not mark["interrupted"]:
            yield run
            run, command = _Run(), ""
        if mark["interrupted"]:
            run.interrupted = True
        elif mark["version"]:
            run.tool = f"fio {printable(mark['version'], 30)}"
        elif mark["command"]:
            command = mark["command"]
        elif len(run.lines) < MAX_JOBS_PER_RUN:
            run.lines[mark["name"].strip(), mark["group"]] = mark["line"]
        run.command = command
    yield run


def _measurement(
    run: _Run, mark: re.Match[str], block: str, name: str, concurrent_jobs: int
) -> Measurement:
    fio.require_usable(run.tool, interrupted=run.interrupted)
    announced = run.lines.get((mark["name"].strip(), mark["group"]), "")
    error = re.search(r"err=\s{0,4}([0-9]{1,9})", mark["line"])
    jobs = re.search(r"jobs=([0-9]{1,6})", mark["line"])
    write, issued = _WRITE.search(block), _ISSUED.search(block)
    failed = int(error[1]) if error else 0
    if not failed and (issued is None or ("read: IOPS" not in block and write is None)):
        raise AdvisorError(f"{run.tool}, job {name!r}: its figures break off")
    reads, writes, fsyncs, fdatasyncs = (
        (float(count or 0) for count in issued.groups()) if issued else (0.0,) * 4
    )
    # Up to 3.42 a count of fdatasync stands where short reads are counted.
    method: Method | None = "fsync" if fsyncs else "fdatasync" if fdatasyncs else None
    options = dict(_LINE_OPTION.findall(announced))
    shown = run.command.count("--name") == 1
    if shown:
        options |= {key: value or "1" for key, value in _COMMAND_OPTION.findall(run.command)}
    return fio.measurement(
        fio.Job(
            tool=run.tool,
            name=name,
            options=options,
            options_shown=shown,
            error=failed,
            reads=reads,
            writes=writes if write else 0.0,
            ops_per_s=_rate(write, writes) if write else 0.0,
            block_bytes=_block_bytes(announced, run.tool, name) if write else 0.0,
            jobs=int(jobs[1]) if jobs else 1,
            concurrent_jobs=concurrent_jobs,
            syncs=fsyncs or fdatasyncs or None,
            sync=_latencies(block, _SYNC, "sync percentiles"),
            write=_latencies(block, _CLAT, "clat percentiles"),
            method=method,
            taken_at=_taken_at(mark["line"]),
        )
    )


def _rate(write: re.Match[str], writes: float) -> float:
    """Writes per second: from the counts, for IOPS is rounded, if both agree."""
    rounded = _amount(write[1], write[2], "IOPS")
    duration_ms = float(write[3])
    exact = writes * 1000 / duration_ms if duration_ms else 0.0
    return exact if abs(exact - rounded) <= 0.05 * rounded else rounded


def _block_bytes(announced: str, tool: str, name: str) -> float:
    sizes = _WRITE_SIZES.search(announced)
    if sizes is None:
        raise AdvisorError(
            f"{tool}, job {name!r}: the line that tells the block size is missing",
            "keep the whole output",
        )
    if sizes[1] != sizes[2]:
        raise AdvisorError(f"{tool}, job {name!r}: its writes differ in size", "use one bs=")
    size = _SIZE.fullmatch(sizes[1])
    assert size is not None  # it is part of the pattern above
    return number(size[1], "the block size") * UNIT_BYTES.get(size[2], 0)


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


def _taken_at(line: str) -> Unknown:
    found = re.search(r"pid=[0-9]{1,10}: ([\w :]{20,30})", line)
    when = f"the report says {found[1].strip()}, in no time zone" if found else "not in the report"
    return Unknown(unknown=when)
