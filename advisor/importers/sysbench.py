"""sysbench fileio, 1.0 and the unreleased 1.1: only with a sync after each write.

With its default a sync goes to every file, mostly clean ones, once in 100 writes: that rate means
nothing. Sources: sysbench's src/tests/fileio/sb_fileio.c; akopytov/sysbench#283.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable, spans
from advisor.importers.figures import NUMBER, UNIT_BYTES, number, size_bytes
from advisor.importers.reported import (
    Candidate,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.series_kind import Method, Pattern

SIGNATURE: Final = re.compile(r"^[ \t]{0,8}sysbench [0-9]|^[ \t]{0,8}fsyncs/s:", re.MULTILINE)

_HEAD: Final = re.compile(r"^[ \t]{0,8}sysbench ([0-9][^\s:]{0,30})", re.MULTILINE)
_EACH_WRITE: Final = "Calling fsync() after each write operation."
_PERIODIC: Final = "Periodic FSYNC enabled"
_FLAGS: Final = re.compile(r"Extra file open flags: ([a-z ()]{1,60})")
_THREADS: Final = re.compile(r"Number of threads: ([0-9]{1,6})")
_BLOCK: Final = re.compile(rf"Block size ({NUMBER})([KMG]iB|B)?")
_BLOCK_TEXT: Final = re.compile(r"Block size ([0-9]{1,15}(?:[KMG]iB|B)?)")
_FILES: Final = re.compile(r"^\s{0,8}([0-9]{1,9}) files, ", re.MULTILINE)
_COMMAND: Final = re.compile(r"\bsysbench[ \t]([^\n]{0,500})")
_OPTION: Final = re.compile(r"--([a-z-]{1,40})=(\S{1,100})")
_PERCENTILE: Final = re.compile(rf"([0-9]{{1,3}})(?:th|st|nd|rd) percentile:\s{{1,60}}({NUMBER})")

_RATES: Final = {
    name: re.compile(
        rf"^\s{{0,20}}{name}(?:s/s:|:\s{{1,9}}IOPS=)\s{{0,60}}({NUMBER})", re.MULTILINE
    )
    for name in ("read", "write", "fsync")
}
"""1.0 prints "writes/s: 1.00", 1.1 "write: IOPS=1.00"; a snapshot of 1.1 prints like 1.0."""

_MODES: Final[dict[str, tuple[Pattern, str]]] = {
    "Doing random write test": ("overwrite", "it wrote at random offsets"),
    "Doing sequential rewrite test": ("overwrite", ""),
    "Doing sequential write (creation) test": ("unwritten", "it wrote new files"),
}
_EXACT_MS: Final = 1.0
"""It prints milliseconds with two decimals: below this, that is too coarse."""

HINT: Final = "run it with --file-fsync-all=on --file-test-mode=rndwr"


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each run, or for figures that stand without their heading."""
    headless = True
    for start, end in spans(_HEAD, text):
        headless = False
        heading = _HEAD.match(text, start)
        assert heading is not None  # the span begins with it
        tool = f"sysbench {heading[1]}"
        # The command line stands above the heading, the last one of several.
        commands = _COMMAND.findall(text[max(0, start - 600) : start])
        command = commands[-1] if commands else ""
        yield Candidate(start, tool, partial(_measurement, tool, text[start:end], command))
    if headless:
        yield Candidate(0, "sysbench", partial(_measurement, "sysbench", text, ""))


def _measurement(tool: str, report: str, command: str) -> Measurement:
    tool = printable(tool)
    if fatal := re.search(r"FATAL: ([^\n]{1,200})", report):
        raise AdvisorError(f"the run of {tool} failed: {printable(fatal[1])!r}", "run it again")
    if tool.startswith(("sysbench 0.4", "sysbench 0.5")):
        raise AdvisorError(f"{tool} does not report syncs per second", "1.0 or later is needed")
    if "file open flags" not in report and not _RATES["fsync"].search(report):
        raise AdvisorError(f"this is not sysbench's fileio test, but another of {tool}", HINT)
    flags = _FLAGS.search(report)
    if flags is None:
        raise AdvisorError(
            f"the heading of {tool} is missing: whether it synced after each write is not known",
            "keep the whole output",
        )
    rates = {name: _rate(report, name) for name in _RATES}
    if rates["write"] is None or rates["fsync"] is None:
        raise AdvisorError(f"{tool} was interrupted: its results are missing", "run it to its end")
    if rates["read"]:
        raise AdvisorError(f"{tool} read, too, so its rate is not that of writes and syncs", HINT)
    method, how = _method(tool, report, flags[1].split(), command)
    if method == "fsync" and rates["fsync"] < 0.98 * rates["write"]:
        raise AdvisorError(f"{tool} synced less often than it wrote", HINT)
    if "Using synchronous I/O mode" not in report:
        raise AdvisorError(f"{tool} did not use synchronous I/O", "leave --file-io-mode out")
    mode = next((mode for mode in _MODES if mode in report), None)
    if mode is None:
        raise AdvisorError(f"{tool} ran no test of writes alone", HINT)
    pattern, where = _MODES[mode]
    threads, block = _THREADS.search(report), _BLOCK.search(report)
    if threads is None or block is None:
        raise AdvisorError(f"{tool}: threads and block size are missing", "keep the whole output")
    total_s = re.search(rf"total time:\s{{1,60}}({NUMBER})s", report)
    series = reported_series(
        pattern,
        method,
        rates["write"],
        block_bytes=number(block[1], "block size") * UNIT_BYTES[block[2] or "B"],
        direct="direct" in flags[1],
        writers=int(threads[1]),
        count=rates["write"] * number(total_s[1], "total time") if total_s else None,
        latencies=_latencies(report),
    )
    notes = {"used": f"{tool}: the write rate is used, {how}", "pattern": where}
    return reported_measurement(tool, [series], notes)


def _method(tool: str, report: str, flags: list[str], command: str) -> tuple[Method, str]:
    """The sync method, and how it is known."""
    open_flag = next((flag for flag in flags if flag in ("dsync", "sync")), None)
    if _EACH_WRITE in report:
        if open_flag:
            raise AdvisorError(
                f"{tool} opened with {open_flag} and synced after each write: twice",
                "leave --file-extra-flags out",
            )
        # It prints "fsync()" for fdatasync, too.
        said = dict(_OPTION.findall(command))
        if said.get("file-fsync-mode") == "fdatasync" and not _another_run(said, report):
            return "fdatasync", "with fdatasync as the command line says"
        return "fsync", "with fsync, unless --file-fsync-mode was given: the report does not say"
    if _PERIODIC not in report and open_flag:
        return (
            "open_datasync" if open_flag == "dsync" else "open_sync"
        ), f"opened with {open_flag}"
    raise AdvisorError(
        f"{tool} did not sync after each write, so its syncs are mostly of clean files", HINT
    )


def _another_run(said: dict[str, str], report: str) -> bool:
    """Whether a command line says otherwise than the report of a run does."""
    files, block, threads = (
        found[1] if (found := pattern.search(report)) else ""
        for pattern in (_FILES, _BLOCK_TEXT, _THREADS)
    )
    threads_said = said.get("threads", said.get("num-threads", "1"))
    if said.get("file-num", "128") != files or threads_said != threads:
        return True
    # "16KiB" here, 16384, 16k or 16K there.
    return size_bytes(said.get("file-block-size", "16384")) != size_bytes(block)


def _rate(report: str, name: str) -> float | None:
    found = _RATES[name].search(report)
    return number(found[1], f"{name}s per second") if found else None


def _latencies(report: str) -> Latencies:
    """Of a write and its sync. Its percentile is one of ours only if --percentile says so."""
    percentile = _PERCENTILE.search(report)
    value_us = _exact_us(percentile[2]) if percentile else None
    return Latencies(
        0.0,
        _limit_us(report, "min"),
        _limit_us(report, "max"),
        {float(percentile[1]): value_us} if percentile and value_us else {},
    )


def _limit_us(report: str, name: str) -> float | None:
    found = re.search(rf"\b{name}:\s{{1,60}}({NUMBER})", report)
    return _exact_us(found[1]) if found else None


def _exact_us(text: str) -> float | None:
    value_ms = number(text, "a latency")
    return value_ms * 1000 if value_ms >= _EXACT_MS else None
