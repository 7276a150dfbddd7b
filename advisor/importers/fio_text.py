"""fio's text for people, 2.x and 3.x.

It shows no options but rw, bs, ioengine and iodepth; a pasted command line tells the rest.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers import fio, fio_command, fio_json
from advisor.importers.clean_text import printable
from advisor.importers.figures import NUMBER, UNIT_BYTES, number
from advisor.importers.fio_block import Block, read_block
from advisor.importers.reported import Candidate
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.series_kind import Method

SIGNATURE: Final = re.compile(
    r"^[ \t]{0,8}fio-[0-9]|: \(groupid=[0-9]|fsync/fdatasync/sync_file_range", re.MULTILINE
)

MAX_JOBS_PER_RUN: Final = 500

_MARK: Final = re.compile(
    r"\bfio(?:\.exe)?[ \t]{1,8}(?P<command>--?[a-z][^\n]{0,4000})"
    r"|^[ \t]{0,8}fio-(?P<version>[0-9]\S{0,30})"
    r"|^(?P<name>[^\n]{1,80}?): \((?P<kind>g|groupid)=(?P<group>[0-9]{1,6})(?P<line>[^\n]{0,400})"
    rf"|(?P<interrupted>{fio.INTERRUPTED})",
    re.MULTILINE,
)
_LINE_OPTION: Final = re.compile(r"\b(rw|ioengine|iodepth)=([\w.]{1,40})")
_WRITE_SIZES: Final = re.compile(
    rf"\(W\) ({NUMBER}[KMG]?i?B)-({NUMBER}[KMG]?i?B)"
    r"|\bbs=[0-9]{1,9}[KMG]?-[0-9]{1,9}[KMG]?/([0-9]{1,9}[KMG]?)-([0-9]{1,9}[KMG]?)"
)
"""The second form is that of 2.x."""
_SIZE: Final = re.compile(rf"({NUMBER})([KMG]?)i?B?")
_SYNC_SECTION: Final = "fsync/fdatasync/sync_file_range"


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
        yield Candidate(0, "fio", partial(_without_heading, text))


def _without_heading(text: str) -> Measurement:
    """Figures that stand without the lines above them: enough where rate and counts are there."""
    if _SYNC_SECTION not in text and "issued " not in text:
        raise AdvisorError(
            "the output of fio breaks off: no job's figures are complete", "keep the whole output"
        )
    return _of_block(
        _Run(),
        "unnamed",
        "",
        "",
        text,
        0,
        hint="its sync section alone does not tell what was synced",
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
    announced = run.lines.get((mark["name"].strip(), mark["group"]), "")
    return _of_block(
        run, name, announced, mark["line"], block, concurrent_jobs, hint="keep the whole output"
    )


def _of_block(
    run: _Run, name: str, announced: str, line: str, text: str, concurrent_jobs: int, *, hint: str
) -> Measurement:
    """One job. `announced` is the line before the run, `line` the one that begins its figures."""
    fio.require_whole(run.tool, interrupted=run.interrupted)
    error = re.search(r"err=\s{0,4}([0-9]{1,9})", line)
    jobs = re.search(r"jobs=([0-9]{1,6})", line)
    failed = int(error[1]) if error else 0
    block = read_block(run.tool, text)
    if block.missing and not failed:
        lines = " and ".join(f"{start!r}" for start in block.missing)
        what = "the line with" if len(block.missing) == 1 else "the lines with"
        are = "is" if len(block.missing) == 1 else "are"
        raise AdvisorError(f"{run.tool}, job {name!r}: {what} {lines} {are} missing", hint)
    method, counted = _synced_by(block)
    counts_syncs = fio.counts_syncs(run.tool)
    shown = dict(_LINE_OPTION.findall(announced))
    block_bytes = _block_bytes(announced, block, run.tool, name) if block.writes else 0.0
    seen = fio_command.Run(
        name=name,
        announced=shown,
        block_bytes=block_bytes,
        jobs=int(jobs[1]) if jobs else 1,
        writes=block.writes,
        time_ms=block.time_ms,
        counts_syncs=counts_syncs,
        synced_by=method,
        disks=block.disks,
    )
    said = fio_command.options_of(run.command)
    why_not = fio_command.contradiction(said, seen) if said else ""
    return fio.measurement(
        fio.Job(
            tool=run.tool,
            name=name,
            options=shown if why_not else shown | said,
            options_shown=bool(said) and not why_not,
            error=failed,
            reads=block.reads,
            writes=block.writes,
            ops_per_s=block.ops_per_s,
            block_bytes=block_bytes,
            jobs=seen.jobs,
            concurrent_jobs=concurrent_jobs,
            syncs=counted if counted or counts_syncs else None,
            counts_syncs=counts_syncs,
            sync=block.sync,
            write=block.write,
            method=method,
            no_command=f"the command line above is another run's: {why_not}" if why_not else "",
            taken_at=_taken_at(line),
        )
    )


def _synced_by(block: Block) -> tuple[Method | None, float]:
    """The method that the figures show, and how often."""
    if block.fsyncs:
        return "fsync", block.fsyncs
    if block.fdatasyncs:
        return "fdatasync", block.fdatasyncs
    return None, 0.0


def _block_bytes(announced: str, block: Block, tool: str, name: str) -> float:
    sizes = _WRITE_SIZES.search(announced)
    if sizes is None:
        if block.block_bytes is None:
            raise AdvisorError(
                f"{tool}, job {name!r}: the line that tells the block size is missing",
                "keep the whole output",
            )
        return block.block_bytes
    first, last = (sizes[1], sizes[2]) if sizes[1] else (sizes[3], sizes[4])
    if first != last:
        raise AdvisorError(f"{tool}, job {name!r}: its writes differ in size", "use one bs=")
    size = _SIZE.fullmatch(first)
    assert size is not None  # it is part of the pattern above
    return number(size[1], "the block size") * UNIT_BYTES[f"{size[2]}iB" if size[2] else "B"]


def _taken_at(line: str) -> Unknown:
    found = re.search(r"pid=[0-9]{1,10}: ([\w :]{20,30})", line)
    when = f"the report says {found[1].strip()}, in no time zone" if found else "not in the report"
    return Unknown(unknown=when)
