"""A fio command line above a report: what it says, and whether it is that run's.

A command in prose may belong to another run. Only where everything that both show agrees does it
tell what the report leaves out: direct=, overwrite=, filename=, and before 3.4 the syncs.
Source of the options' meaning and defaults: fio.readthedocs.io.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from advisor.importers.figures import size_bytes
from advisor.series_kind import Method

_OPTION: Final = re.compile(
    r"(?:^|[\s\"'])--?([a-z][a-z_0-9]{0,40})(?:=(\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\S{0,200}))?"
)
_ALIASES: Final = {"readwrite": "rw", "blocksize": "bs"}
_DISK: Final = re.compile(r"/dev/((?:sd|hd|vd|xvd|nvme|mmcblk)[a-z0-9]{1,20})")
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd]?)", re.IGNORECASE)
_UNIT_S: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

_SIZED_OTHERWISE: Final = ("io_size", "io_limit", "loops", "number_ios", "fill_device", "nrfiles")
"""Options after which a run does not write exactly size=."""
LONGER: Final = 1.2
"""How much a run may exceed runtime=, or fall short of it, for the sync that ends it."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a report itself shows of a run. None where it does not."""

    name: str
    announced: Mapping[str, str]
    """rw, ioengine and iodepth of the line that announces it."""
    block_bytes: float | None
    jobs: int
    writes: float
    time_ms: float
    counts_syncs: bool
    synced_by: Method | None
    """What it synced with, as far as its figures show."""
    disks: frozenset[str]
    """Whose statistics stand below it; empty where there are none."""


def options_of(command: str) -> dict[str, str]:
    """The options of a command line with one job; empty for one with several, or none."""
    found = [
        (_ALIASES.get(name, name), value.strip("\"'") or "1")
        for name, value in _OPTION.findall(command)
    ]
    if sum(name == "name" for name, _ in found) != 1:
        return {}
    return dict(found)


def contradiction(options: Mapping[str, str], run: Run) -> str:
    """Why the command with these options was not that of this run; "" where nothing says so."""
    return next(_contradictions(options, run), "")


def _contradictions(options: Mapping[str, str], run: Run) -> Iterator[str]:
    name = options.get("name", "1")
    if name not in ("1", run.name):  # "--name wal" shows no value here
        yield f"its name= is {name}, not {run.name}"
    for key in ("rw", "ioengine", "iodepth"):
        said, shown = options.get(key, "").split(":")[0], run.announced.get(key, "")
        if said and shown and said != shown:
            yield f"{key}={said} there, {shown} here"
    said_bytes = _bytes(options.get("bs", "4k"))
    one_size = options.keys().isdisjoint(("bsrange", "bssplit"))
    if one_size and said_bytes and run.block_bytes and said_bytes != run.block_bytes:
        yield f"bs={options.get('bs', '4k')} there, {run.block_bytes:.0f} bytes here"
    said_jobs = options.get("numjobs", "1") if "group_reporting" in options else "1"
    if said_jobs.isdecimal() and int(said_jobs) != run.jobs:
        yield f"{said_jobs} jobs there, {run.jobs} here"
    disk = _DISK.fullmatch(options.get("filename", ""))
    if disk and run.disks and not any(disk[1].startswith(name) for name in run.disks):
        yield f"filename={disk[0]} there, {', '.join(sorted(run.disks))} here"
    yield from _other_length(options, run)
    yield from _other_syncs(options, run)


def _other_length(options: Mapping[str, str], run: Run) -> Iterator[str]:
    run_s, limit_s = run.time_ms / 1000, _seconds(options.get("runtime", ""))
    if limit_s and run_s > LONGER * limit_s + 1:
        yield f"runtime={options['runtime']} there, {run_s:g} s here"
    if "time_based" in options:
        if limit_s and run_s < limit_s / LONGER - 1:
            yield f"runtime={options['runtime']} there, {run_s:g} s here"
        return
    most_bytes = _bytes(options.get("size", ""))
    if not most_bytes or not run.block_bytes or not options.keys().isdisjoint(_SIZED_OTHERWISE):
        return
    most = run.jobs * (most_bytes // run.block_bytes)
    if run.writes > most or (not limit_s and run.writes < most):
        yield f"size={options['size']} there, {run.writes:.0f} writes here"


def _other_syncs(options: Mapping[str, str], run: Run) -> Iterator[str]:
    if not run.counts_syncs:
        return
    said = [key for key in ("fsync", "fdatasync") if options.get(key, "0") != "0"]
    if said and run.synced_by is None:
        yield f"{said[0]}={options[said[0]]} there, no sync here"
    if run.synced_by and run.synced_by not in said and "sync_file_range" not in options:
        yield f"{' and '.join(said) or 'no sync'} there, {run.synced_by} here"


def _bytes(text: str) -> int | None:
    """Of "8k" or "8k,16k,4k" (for reads, writes and trims) the writes' bytes."""
    parts = text.split(",")
    return size_bytes(parts[1] if len(parts) > 1 else parts[0])


def _seconds(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNIT_S[found[2].lower()] if found else None
