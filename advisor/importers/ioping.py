"""ioping 0.7 to 1.3: text, and of 1.0 and later raw statistics and JSON."""

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.figures import power_of_two
from advisor.importers.ioping_report import (
    HINT,
    PAUSED,
    TOOL,
    RequestFigures,
    command_above,
    measurement,
    not_written,
    require_written,
)
from advisor.importers.ioping_text import find_statistics
from advisor.importers.json_values import JsonValue, damaged, figure, json_values, member
from advisor.importers.reported import NOT_SAID, Candidate
from advisor.measurement import Measurement
from advisor.model import Known

SIGNATURE: Final = re.compile(
    r"ioping statistics ---|(?:>>>|<<<|from|to) [^\n]{1,200} request=[0-9]"
    r"|^[ \t]{0,8}(?:[0-9]{1,18} ){9}[0-9]{1,18}[ \t]*$"
    r'|"operation":|"(?:stat|load)":[ \t]?\{',
    re.MULTILINE,
)

_RAW: Final = re.compile(r"^[ \t]{0,8}((?:[0-9]{1,18} ){9}[0-9]{1,18})[ \t]*$", re.MULTILINE)


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each summary, in whichever form."""
    any_found = False
    for found in find_statistics(text):
        any_found = True
        yield found
    if not any_found:
        yield from _json_or_raw(text)


def _json_or_raw(text: str) -> Iterator[Candidate]:
    position, any_found = 0, False
    for found in json_values(text):
        entries = found.value if isinstance(found.value, list) else [found.value]
        if not found.problem and not any(
            member(entry, part) for entry in entries for part in ("io", "stat")
        ):
            continue
        any_found = True
        above, position = text[position : found.start], found.start
        yield Candidate(found.start, TOOL, partial(_of_json, found, above))
    for line in _RAW.finditer(text):
        any_found = True
        above, position = text[position : line.start()], line.end()
        yield Candidate(line.start(), TOOL, partial(_of_raw, line[1], above))
    if not any_found:
        yield Candidate(0, TOOL, _breaks_off)


def _breaks_off() -> Measurement:
    raise AdvisorError("ioping was interrupted: its statistics are missing", "run it to its end")


def _of_json(found: JsonValue, above: str) -> Measurement:
    if found.problem:
        raise damaged(found)
    entries = found.value if isinstance(found.value, list) else [found.value]
    operations = {
        str(operation) for entry in entries if (operation := member(entry, "io", "operation"))
    }
    last = next((entry for entry in reversed(entries) if member(entry, "stat")), None)
    if last is None:
        raise AdvisorError("ioping was interrupted: its statistics are missing", HINT)
    if operations - {"write"}:
        raise not_written()
    count = figure(last, "stat", "count")
    if not count:
        raise AdvisorError("ioping completed no request", HINT)
    block_bytes = figure(last, "stat", "size") / count
    path = str(member(last, "target", "path") or "")
    wrote = True if operations else None
    command = command_above(above, count=count, block_bytes=block_bytes, path=path, wrote=wrote)
    require_written(command, wrote=wrote)
    seconds = figure(last, "timestamp")
    figures = RequestFigures(
        count=count,
        mean_us=figure(last, "stat", "avg") / 1000,
        limits_us=(figure(last, "stat", "min") / 1000, figure(last, "stat", "max") / 1000),
        block_bytes=block_bytes,
        paused=figure(last, "load", "time") > PAUSED * figure(last, "stat", "time"),
        path=path,
        filesystem=_text(member(last, "target", "fstype")),
        device=_text(member(last, "target", "device")),
        taken_at=datetime.fromtimestamp(seconds, timezone.utc)
        if 1e9 < seconds < 1e11
        else NOT_SAID,
    )
    return measurement(figures, command)


def _of_raw(line: str, above: str) -> Measurement:
    """Ten numbers: requests, their time, rate, bytes per second, min, mean, max, deviation, ..."""
    count, used, iops, bytes_per_s, low, mean, high, _, _, elapsed = map(float, line.split())
    if not count or not iops or not mean:
        raise AdvisorError("ioping completed no request", HINT)
    quotient = bytes_per_s / iops
    block_bytes = power_of_two(quotient) or quotient
    command = command_above(above, count=count, block_bytes=block_bytes)
    require_written(command, wrote=None)
    figures = RequestFigures(
        count=count,
        mean_us=mean / 1000,
        limits_us=(low / 1000, high / 1000),
        block_bytes=block_bytes,
        paused=elapsed > PAUSED * used,
    )
    return measurement(figures, command)


def _text(value: Any) -> Known[str]:
    return printable(value) if isinstance(value, str) and value else NOT_SAID
