"""PostgreSQL's pg_test_fsync, 9.1 to 18: the mean rate of each sync method, one block at a time.

It overwrites a file it has written before. Its open_* rows use O_DIRECT, which the server does not.
Sources: src/bin/pg_test_fsync/pg_test_fsync.c; postgresql.org/docs/current/pgtestfsync.html.
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
)

_ONE_WRITE: Final = re.compile(r"Compare file sync methods using one ([0-9]{1,5})kB write:")
_SECONDS: Final = re.compile(r"([0-9]{1,10}) seconds? per test")
_ROW: Final = re.compile(
    r"^[ \t]{0,40}(open_datasync|fdatasync|fsync_writethrough|fsync|open_sync)[ \t]{1,80}"
    rf"(?:({NUMBER})[ \t]{{1,40}}ops/sec|n/a)",
    re.MULTILINE,
)
_UNSYNCED: Final = re.compile(
    rf"^[ \t]{{0,40}}Non-[sS]ync'ed ([0-9]{{1,5}})kB writes:\s{{1,80}}write[ \t]{{1,80}}({NUMBER})"
    r"[ \t]{1,40}ops/sec",
    re.MULTILINE,
)
_METHODS: Final[dict[str, Method]] = {
    "fdatasync": "fdatasync",
    "fsync": "fsync",
    "open_datasync": "open_datasync",
    "open_sync": "open_sync",
}
_LAST_ROW: Final = "open_sync"


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
    if re.search(r"open_datasync[ \t]{1,60}[0-9]", text):
        raise AdvisorError(
            f"this is the output of {TOOL} in another language or in parts",
            "run it with LC_ALL=C and keep the whole output",
        )
    raise AdvisorError(f"the output of {TOOL} breaks off before its first table")


def _measurement(report: str, seconds: str | None) -> Measurement:
    heading = _ONE_WRITE.match(report)
    assert heading is not None  # the report begins with it
    block_bytes = int(heading[1]) * 1024
    next_table = report.find("Compare ", heading.end())
    rows = dict(_ROW.findall(report if next_table < 0 else report[:next_table]))
    if _LAST_ROW not in rows:
        raise AdvisorError(
            f"the output of {TOOL} breaks off in its first table", "let it run to its end"
        )
    duration_s = number(seconds, "seconds per test") if seconds else None
    rates = {row: number(text, row) for row, text in rows.items() if text}

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
    if "fsync_writethrough" in rates:
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
            found.append(series("none", number(unsynced[2], "Non-sync'ed writes")))
    if "Non-" not in report:
        notes["breaks-off"] = "the report breaks off after the table that is used"
    return reported_measurement(TOOL, found, notes)
