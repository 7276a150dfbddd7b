"""ioping 1.0 to 1.3: text, raw statistics and JSON. A write request is pwrite and fdatasync.

It overwrites a nameless file of 1 MiB at random offsets. Source: ioping.c, ioping(1).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.figures import NUMBER, SUFFIXES, UNIT_BYTES, UNIT_US, number
from advisor.importers.json_values import JsonValue, damaged, figure, json_values, member
from advisor.importers.reported import (
    NOT_SAID,
    Candidate,
    Latencies,
    reported_measurement,
    reported_series,
)
from advisor.measurement import Known, Measurement
from advisor.series_kind import Method

TOOL: Final = "ioping"
SIGNATURE: Final = re.compile(
    r"ioping statistics ---|(?:>>>|<<<) [^\n]{1,200} request=[0-9]"
    r"|^[ \t]{0,8}(?:[0-9]{1,18} ){9}[0-9]{1,18}[ \t]*$"
    r'|"operation":|"(?:stat|load)":[ \t]?\{',
    re.MULTILINE,
)

_STATISTICS: Final = re.compile(
    r"^[ \t]{0,8}--- (?P<path>[^\n]{1,300}?) \((?P<device>[^()\n]{0,200})\)"
    rf" ioping statistics ---[ \t]*\n\s{{0,9}}(?P<count>{NUMBER})(?: (?P<count_k>[kMG]))?"
    rf" requests completed in "
    rf"(?P<time>{NUMBER}) (?P<time_unit>[a-z]{{1,4}}), "
    rf"(?P<size>{NUMBER}) (?P<size_unit>[KMGT]?i?B)(?: (?P<done>written|read))?, "
    rf"(?P<rate>{NUMBER})(?: (?P<rate_k>[kMG]))? iops",
    re.MULTILINE,
)
_LIMITS: Final = re.compile(
    rf"min/avg/max/mdev = ({NUMBER}) ([a-z]{{1,4}}) / ({NUMBER}) ([a-z]{{1,4}})"
    rf" / ({NUMBER}) ([a-z]{{1,4}}) /"
)
_GENERATED: Final = re.compile(rf"generated [^\n]{{1,60}}? requests in ({NUMBER}) ([a-z]{{1,4}}),")
_REQUEST: Final = re.compile(rf"({NUMBER}) ([KMGT]?i?B) (>>>|<<<) ")
_RAW: Final = re.compile(r"^[ \t]{0,8}((?:[0-9]{1,18} ){9}[0-9]{1,18})[ \t]*$", re.MULTILINE)
_COMMAND: Final = re.compile(r"\bioping[ \t]{1,8}(-[^\n]{0,300})")
_BY_FLAG: Final[dict[str, Method]] = {"y": "open_datasync", "Y": "open_sync"}
_HINT: Final = "run it like: ioping -W -c 1000 -i 0 DIR"

_ASSUMED: Final = "its flags are not in the report: fdatasync without O_DIRECT is its default"
_IDLE: Final = "it paused between requests, so a drive that saves power woke up for each"
PAUSED: Final = 2.0
"""How much longer than its requests a run must take to have paused between them."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each summary, in whichever form."""
    options = _COMMAND.search(text)
    flags = _short_flags(options[1]) if options else ""
    position, any_found = 0, False
    for statistics in _STATISTICS.finditer(text):
        any_found = True
        requests = text[position : statistics.start()]
        after = text[statistics.end() : statistics.end() + 400]
        yield Candidate(
            statistics.start(), TOOL, partial(_of_text, statistics, requests, after, flags)
        )
        position = statistics.end()
    if not any_found:
        yield from _of_json_or_raw(text, flags)


def _of_json_or_raw(text: str, flags: str) -> Iterator[Candidate]:
    any_found = False
    for found in json_values(text):
        entries = found.value if isinstance(found.value, list) else [found.value]
        if not found.problem and not any(
            member(entry, part) for entry in entries for part in ("io", "stat")
        ):
            continue
        any_found = True
        yield Candidate(found.start, TOOL, partial(_of_json, found, flags))
    for line in _RAW.finditer(text):
        any_found = True
        yield Candidate(line.start(), TOOL, partial(_of_raw, line[1], flags))
    if not any_found:
        yield Candidate(0, TOOL, _breaks_off)


def _breaks_off() -> Measurement:
    raise AdvisorError("ioping was interrupted: its statistics are missing", "run it to its end")


def _short_flags(options: str) -> str:
    """The letters of "-W -c 10 -Dq ."; arguments of options are digits, so they do no harm."""
    return "".join(word[1:] for word in options.split() if re.fullmatch(r"-[A-Za-z]{1,20}", word))


def _of_text(statistics: re.Match[str], requests: str, after: str, flags: str) -> Measurement:
    directions = {mark for _, _, mark in _REQUEST.findall(requests)}
    if statistics["done"] != "written" or "<<<" in directions:
        raise _not_written()
    count = number(statistics["count"], "requests") * SUFFIXES[statistics["count_k"] or ""]
    limits = _LIMITS.search(after)
    if limits is None:
        raise AdvisorError("the statistics of ioping break off", "keep the whole output")
    low, mean, high = (_us(limits[place], limits[place + 1]) for place in (1, 3, 5))
    if not mean or not count:
        raise AdvisorError("ioping completed no request", _HINT)
    size = _REQUEST.search(requests)
    written = number(statistics["size"], "size") * UNIT_BYTES.get(statistics["size_unit"], 0)
    block_bytes = (
        number(size[1], "size") * UNIT_BYTES.get(size[2], 0)
        if size
        else _power_of_two(written / count)
    )
    generated = _GENERATED.search(after)
    elapsed_us = _us(generated[1], generated[2]) if generated else 0.0
    filesystem, device = _device(statistics["device"].split())
    return _measurement(
        flags,
        block_bytes=block_bytes,
        count=count,
        mean_us=mean,
        limits=(low, high),
        paused=elapsed_us > PAUSED * count * mean,
        path=statistics["path"],
        filesystem=filesystem,
        device=device,
    )


def _of_json(found: JsonValue, flags: str) -> Measurement:
    if found.problem:
        raise damaged(found)
    entries = found.value if isinstance(found.value, list) else [found.value]
    operations = {
        str(operation) for entry in entries if (operation := member(entry, "io", "operation"))
    }
    last = next((entry for entry in reversed(entries) if member(entry, "stat")), None)
    if last is None:
        raise AdvisorError("ioping was interrupted: its statistics are missing", _HINT)
    if operations - {"write"}:
        raise _not_written()
    if not operations and "W" not in flags:
        raise _direction_unknown()
    count = figure(last, "stat", "count")
    if not count:
        raise AdvisorError("ioping completed no request", _HINT)
    seconds = figure(last, "timestamp")
    return _measurement(
        flags,
        block_bytes=figure(last, "stat", "size") / count,
        count=count,
        mean_us=figure(last, "stat", "avg") / 1000,
        limits=(figure(last, "stat", "min") / 1000, figure(last, "stat", "max") / 1000),
        paused=figure(last, "load", "time") > PAUSED * figure(last, "stat", "time"),
        path=str(member(last, "target", "path") or ""),
        filesystem=_text(member(last, "target", "fstype")),
        device=_text(member(last, "target", "device")),
        taken_at=datetime.fromtimestamp(seconds, UTC) if 1e9 < seconds < 1e11 else NOT_SAID,
    )


def _of_raw(line: str, flags: str) -> Measurement:
    """Ten numbers: requests, their time, rate, bytes per second, min, mean, max, deviation, ..."""
    if "W" not in flags:
        raise _direction_unknown()
    count, used, iops, bytes_per_s, low, mean, high, _, _, elapsed = map(float, line.split())
    if not count or not iops or not mean:
        raise AdvisorError("ioping completed no request", _HINT)
    return _measurement(
        flags,
        block_bytes=_power_of_two(bytes_per_s / iops),
        count=count,
        mean_us=mean / 1000,
        limits=(low / 1000, high / 1000),
        paused=elapsed > PAUSED * used,
    )


def _not_written() -> AdvisorError:
    return AdvisorError("ioping has read, not only written: nothing was synced", _HINT)


def _direction_unknown() -> AdvisorError:
    return AdvisorError(
        "these statistics of ioping do not say whether it wrote",
        "keep the command line above them, like: $ ioping -W -B -c 1000 -i 0 DIR",
    )


def _measurement(
    flags: str,
    *,
    block_bytes: float,
    count: float,
    mean_us: float,
    limits: tuple[float, float],
    paused: bool,
    path: str = "",
    filesystem: Known[str] = NOT_SAID,
    device: Known[str] = NOT_SAID,
    taken_at: Known[datetime] = NOT_SAID,
) -> Measurement:
    if "C" in flags:
        raise AdvisorError("ioping ran with -C: nothing was synced", _HINT)
    if mean_us <= 0:
        raise AdvisorError("ioping completed no request", _HINT)
    method: Method = next((name for flag, name in _BY_FLAG.items() if flag in flags), "fdatasync")
    series = reported_series(
        "overwrite",
        method,
        # Its own pauses are not the drive's: the rate is that of requests without them.
        1e6 / mean_us,
        block_bytes=block_bytes,
        direct="D" in flags,
        count=count,
        latencies=Latencies(mean_us, *limits),
    )
    notes = {
        "used": "ioping: the mean of its requests is used; there are no percentiles",
        "flags": "" if flags else _ASSUMED,
        "idle": _IDLE if paused else "",
    }
    directory = printable(path) if path.startswith("/") else NOT_SAID
    return reported_measurement(
        TOOL,
        [series],
        notes,
        taken_at=taken_at,
        directory=directory,
        filesystem=filesystem,
        mount_source=device,
    )


def _us(text: str, unit: str) -> float:
    return number(text, "a latency") * UNIT_US.get(unit, 0.0)


def _device(words: list[str]) -> tuple[Known[str], Known[str]]:
    """Of "ext4 /dev/sda3 97.9 GiB" the file system and the device."""
    if len(words) != 4:
        return NOT_SAID, NOT_SAID
    return printable(words[0]), printable(words[1])


def _text(value: Any) -> Known[str]:
    return printable(value) if isinstance(value, str) and value else NOT_SAID


def _power_of_two(size_bytes: float) -> float:
    """The size that a quotient of rounded figures means; the quotient where that is no guess."""
    nearest = next(
        (float(2**power) for power in range(9, 27) if abs(size_bytes / 2**power - 1) < 0.02), None
    )
    return size_bytes if nearest is None else nearest
