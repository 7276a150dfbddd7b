"""PostgreSQL's pg_test_fsync, 9.1 to 18: the mean rate of each sync method, one block at a time.

It overwrites a file it has written before. Its open_* rows use O_DIRECT, which the server does not.
Only fsync_writethrough flushes the drive's cache on macOS, and open_datasync does not on Windows.
Sources: src/bin/pg_test_fsync/pg_test_fsync.c; postgresql.org/docs/current/pgtestfsync.html, and
wal-reliability.html there for the two systems.
"""

import re
from collections.abc import Iterator
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import spans
from advisor.importers.figures import NUMBER, number
from advisor.importers.reported import Candidate, reported_measurement, reported_series
from advisor.measurement import Measurement, Series
from advisor.series_kind import Method

TOOL: Final = "pg_test_fsync"
SIGNATURE: Final = re.compile(
    r"Compare file sync methods|[0-9]{1,10} seconds? per test|open_datasync[ \t]{1,60}[0-9n]"
    r"|^[ \t]{0,40}(?:fdatasync|fsync|open_sync)[ \t]{1,80}[0-9][0-9.,]{0,38}[ \t]{1,40}ops/sec",
    re.MULTILINE,
)

_ONE_WRITE: Final = re.compile(r"Compare file sync methods using one ([0-9]{1,5})kB write:")
_SECONDS: Final = re.compile(r"([0-9]{1,10}) seconds? per test")
_RATE: Final = r"[ \t]{1,40}ops/sec(?:[ \t]{1,40}([0-9]{1,12})[ \t]{1,40}usecs/op)?"
_ROW: Final = re.compile(
    r"^[ \t]{0,40}(open_datasync|fdatasync|fsync_writethrough|fsync|open_sync)[ \t]{1,80}"
    rf"(?:({NUMBER}){_RATE}|n/a)",
    re.MULTILINE,
)
_UNSYNCED: Final = re.compile(
    rf"^[ \t]{{0,40}}Non-[sS]ync'ed ([0-9]{{1,5}})kB writes:\s{{1,80}}write[ \t]{{1,80}}({NUMBER})"
    rf"{_RATE}",
    re.MULTILINE,
)
_METHODS: Final[dict[str, Method]] = {
    "fdatasync": "fdatasync",
    "fsync": "fsync",
    "open_datasync": "open_datasync",
    "open_sync": "open_sync",
}
_LAST_ROW: Final = "open_sync"
"""Windows has no O_SYNC, so that this row is n/a where open_datasync has a figure."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each report, or one for a text that has no such table."""
    any_report = False
    for start, end in spans(_ONE_WRITE, text):
        any_report = True
        # "5 seconds per test" stands above the table.
        seconds = _SECONDS.findall(text[max(0, start - 400) : start])
        yield _candidate(start, text[start:end], seconds[-1] if seconds else None)
    if not any_report:
        yield Candidate(0, TOOL, lambda: _without_table(text))


def _candidate(start: int, report: str, seconds: str | None) -> Candidate:
    return Candidate(start, TOOL, lambda: _measurement(report, seconds))


def _without_table(text: str) -> Measurement:
    if re.search(r"open_datasync[ \t]{1,60}[0-9]", text) and "ops/sec" not in text:
        raise AdvisorError(
            f"this is the output of {TOOL} in another language",
            "run it with LC_ALL=C and keep the whole output",
        )
    if _ROW.search(text):
        raise AdvisorError(
            f"these rows of {TOOL} have no heading: whether they are of one write or of two,"
            " and of how many kB, is not known",
            'keep the line "Compare file sync methods using one 8kB write:" above them',
        )
    raise AdvisorError(f"the output of {TOOL} breaks off before its first table")


def _rate(text: str, usecs: str, what: str) -> float:
    """Operations per second. A comma is a decimal one where only that fits the time beside it."""
    found = re.fullmatch(r"([0-9]{1,12}),([0-9]{1,6})", text)
    if found and usecs:
        decimal, grouped = float(f"{found[1]}.{found[2]}"), float(found[1] + found[2])
        fits = [
            rate for rate in (decimal, grouped) if rate and abs(1e6 / rate - float(usecs)) <= 0.6
        ]
        if fits == [decimal] or (decimal in fits and len(found[1]) > 3):
            return decimal
    return number(text, what)


def _measurement(report: str, seconds: str | None) -> Measurement:
    heading = _ONE_WRITE.match(report)
    assert heading is not None  # the report begins with it
    block_bytes = int(heading[1]) * 1024
    next_table = report.find("Compare ", heading.end())
    table = report if next_table < 0 else report[:next_table]
    rows = {row: (text, usecs) for row, text, usecs in _ROW.findall(table)}
    if _LAST_ROW not in rows:
        raise AdvisorError(
            f"the output of {TOOL} breaks off in its first table", "let it run to its end"
        )
    duration_s = number(seconds, "seconds per test") if seconds else None
    rates = {row: _rate(text, usecs, row) for row, (text, usecs) in rows.items() if text}

    def series(method: Method, ops_per_s: float, *, direct: bool = False) -> Series:
        return reported_series(
            "overwrite",
            method,
            ops_per_s,
            block_bytes=block_bytes,
            direct=direct,
            count=ops_per_s * duration_s if duration_s else None,
        )

    notes = {"used": f"its means of one {heading[1]} kB write are used; there are no percentiles"}
    windows = "open_datasync" in rates and _LAST_ROW not in rates
    if windows:
        rates.pop("open_datasync")
        notes["windows"] = "open_datasync is left out: on Windows it reaches only the drive's cache"
    if "fsync_writethrough" in rates and not windows:
        # F_FULLFSYNC. The other calls of that system leave the data in the drive's cache.
        found = [series("fsync", rates["fsync_writethrough"])]
        notes["macos"] = "fsync_writethrough is used as fsync: macOS's other methods do not flush"
    else:
        found = [
            series(method, rates[row], direct=row.startswith("open_"))
            for row, method in _METHODS.items()
            if row in rates
        ]
        if unsynced := _UNSYNCED.search(report):
            found.append(series("none", _rate(unsynced[2], unsynced[3], "Non-sync'ed writes")))
    if "Non-" not in report:
        notes["breaks-off"] = "the report breaks off after the table that is used"
    return reported_measurement(TOOL, found, notes)
