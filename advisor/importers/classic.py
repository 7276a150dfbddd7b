"""The classic fsync script: one thread, one block at offset 0, O_DIRECT write, then fsync.

Its siblings that run fio print a similar text; of those only the write rate means anything.
Source of the layout: github.com/centminmod/centminmod-sysbench, scripts/fsync.py.
"""

import re
from collections.abc import Iterator
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.figures import NUMBER, number
from advisor.importers.reported import (
    NOT_SAID,
    Candidate,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Measurement
from advisor.model import Known
from advisor.series_kind import Method

TOOL: Final = "the classic fsync script"
SIGNATURE: Final = re.compile(r"Storage Sync Performance Test|FIO Storage Performance Test")

_RESULTS: Final = re.compile(r"Test Results(?: \([^)\n]{1,80}\))?:")
_LINE: Final = r"^[ \t]{{0,20}}{}:?[ \t]{{1,40}}(.{{1,200}}?)[ \t]*$"
_FAILURES: Final = {
    "Error during test": "its writes or syncs failed, and it counted them all the same",
    "interrupted by user": "it was interrupted, and it counted what it had not done",
    "suspiciously quickly": "it ended before it can have written anything",
    "Error opening file": "its file could not be opened",
    "Error running test": "it failed",
}
_FIRST_LINE: Final = "WARNING: This script is running as root!"
ROUNDED_PER_S: Final = 0.01
MADE_UP_S: Final = 0.001
"""The script never divides by less: a run in which every write fails reports count / 0.001."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each results block, and for a run that breaks off before its results."""
    start = 0
    for results in _RESULTS.finditer(text):
        end = text.find("Test Results", results.end())
        block = text[start : len(text) if end < 0 else end]
        if SIGNATURE.search(block):
            yield _candidate(start, block, results.start() - start)
        start = results.end()
    if start == 0:
        yield _candidate(0, text, len(text))


def _candidate(start: int, block: str, results: int) -> Candidate:
    # A run that failed to start may stand before this one; its lines are not this run's.
    began = max(block.rfind("System Information", 0, results), 0)
    began = max(block.rfind(_FIRST_LINE, 0, began), 0) or began
    test = max(block.rfind("Performance Test", 0, results), 0)
    name = f"{TOOL}, {_field(block[test:], 'Memory size') or '?'}"
    return Candidate(
        start,
        printable(name),
        lambda: _measurement(block[min(began, test) :], block[test:results], block[results:]),
    )


def _measurement(whole: str, head: str, results: str) -> Measurement:
    for sign, why in _FAILURES.items():
        if sign in head or sign in results:
            raise AdvisorError(f"the run of {TOOL} failed: {why}", "run it again")
    if "Operations" not in results:
        raise AdvisorError(f"the output of {TOOL} breaks off before its results")
    method: Method = "fdatasync" if _field(head, "Sync method") == "fdatasync" else "fsync"
    block_bytes = _figure(head, "Memory size")
    count = _figure(results, "Operations")
    notes: dict[str, str] = {}
    if _field(results, "Write IOPS"):
        # sync=1 has flushed already, so the sync it times has nothing left to do.
        method, ops_per_s = "open_sync", _figure(results, "Write IOPS")
        notes["used"] = "only the write rate is used: its fsync follows an O_SYNC write"
    else:
        ops_per_s = _figure(results, "Operations/sec")
        notes["used"] = "the rate is used; there are no percentiles"
        if abs(ops_per_s - count / MADE_UP_S) < 0.01:
            raise AdvisorError(
                f"the run of {TOOL} failed: {ops_per_s:.2f} operations/s is what it prints"
                " when every write fails",
                "run it again",
            )
        total_s = _figure(results, "Total time")
        if total_s > ops_per_s:
            # Both have two decimals, so the larger figure is the more exact one.
            exact = count / total_s
            if abs(exact - ops_per_s) > ROUNDED_PER_S + 0.01 * ops_per_s:
                raise AdvisorError(
                    f"{TOOL} says {ops_per_s:g} operations/s, but {count:.0f} in {total_s:g} s"
                    f" are {exact:.4g}",
                    "is the report complete and unchanged?",
                )
            ops_per_s = exact
    series = reported_series(
        "classic", method, ops_per_s, block_bytes=block_bytes, direct=True, count=count
    )
    return reported_measurement(
        TOOL,
        [series],
        notes,
        directory=_directory(whole),
        mount_source=_said(head, "Device").split(" ")[0] or NOT_SAID,
        os=_said(whole, "OS") or NOT_SAID,
        kernel=_said(whole, "Kernel") or NOT_SAID,
        cpu_model=_said(whole, "CPU") or NOT_SAID,
        memory_bytes=_memory_bytes(whole),
    )


def _field(text: str, label: str) -> str:
    found = re.search(_LINE.format(re.escape(label)), text, re.MULTILINE)
    return found[1] if found else ""


def _said(text: str, label: str) -> str:
    """A field, or nothing where the script says that it does not know."""
    value = printable(_field(text, label))
    return "" if value.startswith(("Unknown", "unknown")) else value


def _figure(text: str, label: str) -> float:
    found = re.match(NUMBER, _field(text, label))
    if not found:
        raise AdvisorError(f"the output of {TOOL} breaks off: no {label!r}")
    return number(found[0], label)


def _directory(text: str) -> Known[str]:
    path, slash, _ = _said(text, "Output file").rpartition("/")
    return path or "/" if slash and path.startswith("/") else NOT_SAID


def _memory_bytes(text: str) -> Known[int]:
    found = re.fullmatch(rf"({NUMBER}) GB", _field(text, "Memory"))
    return round(number(found[1], "Memory") * 1024**3) if found else NOT_SAID
