"""ioping's text, 0.7 to 1.3. Source: ioping.c; 0.9, 1.0 and 1.3 were run.

Up to 0.9 it counts the first request and does not say how much was written; later it leaves the
first out as a warm-up.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from advisor.errors import AdvisorError
from advisor.importers.clean_text import printable
from advisor.importers.figures import (
    NUMBER,
    SUFFIXES,
    UNIT_BYTES,
    UNIT_US,
    number,
    power_of_two,
)
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
from advisor.importers.reported import NOT_SAID, Candidate
from advisor.measurement import Measurement
from advisor.model import Known

_STATISTICS: Final = re.compile(
    r"^[ \t]{0,8}--- (?P<path>[^\n]{1,300}?) \((?P<device>[^()\n]{0,200})\)"
    rf" ioping statistics ---[ \t]*\n\s{{0,9}}(?P<count>{NUMBER})(?: (?P<count_k>[kMG]))?"
    rf" requests completed in (?P<time>{NUMBER}) (?P<time_unit>[a-z]{{1,4}}), "
    rf"(?:(?P<size>{NUMBER}) (?P<size_unit>[KMGT]?i?B)(?: (?P<done>written|read))?, )?"
    rf"(?P<rate>{NUMBER})(?: (?P<rate_k>[kMG]))? iops"
    rf"(?:, (?P<speed>{NUMBER}) (?P<speed_unit>[KMGT]?i?B)/s)?",
    re.MULTILINE,
)
_LIMITS: Final = re.compile(
    rf"min/avg/max/mdev = ({NUMBER}) ([a-z]{{1,4}}) / ({NUMBER}) ([a-z]{{1,4}})"
    rf" / ({NUMBER}) ([a-z]{{1,4}}) /"
)
_READ_ONLY_LIMITS: Final = re.compile(r"min/avg/max/mdev = [0-9.]{1,20}/[0-9.]{1,20}/")
"""Of versions that could not write yet."""
_GENERATED: Final = re.compile(rf"generated [^\n]{{1,60}}? requests in ({NUMBER}) ([a-z]{{1,4}}),")
_REQUEST: Final = re.compile(
    rf"({NUMBER}) ([KMGT]?i?B) (>>>|<<<|from|to) [^\n]{{1,200}} request=[0-9]"
)
_WRITES: Final = {">>>": True, "to": True, "<<<": False, "from": False}
_LEFT_OUT: Final = re.compile(r"too (?:fast|slow), ")


def find_statistics(text: str) -> Iterator[Candidate]:
    """A candidate for each summary, with all that stands between it and the one before."""
    position = 0
    for statistics in _STATISTICS.finditer(text):
        requests = text[position : statistics.start()]
        after = text[statistics.end() : statistics.end() + 400]
        yield Candidate(
            statistics.start(), TOOL, partial(_measurement, statistics, requests, after)
        )
        position = statistics.end()


def _measurement(statistics: re.Match[str], requests: str, after: str) -> Measurement:
    limits = _LIMITS.search(after)
    if limits is None:
        if _READ_ONLY_LIMITS.search(after):
            raise not_written()
        raise AdvisorError("the statistics of ioping break off", "keep the whole output")
    if _LEFT_OUT.search(after[: limits.start()]):
        raise AdvisorError("ioping left out what was too fast or too slow", "leave out -t and -T")
    directions = {_WRITES[mark] for _, _, mark in _REQUEST.findall(requests)}
    if statistics["done"]:
        directions.add(statistics["done"] == "written")
    wrote = False not in directions if directions else None
    count = number(statistics["count"], "requests") * SUFFIXES[statistics["count_k"] or ""]
    low, mean_us, high = (_us(limits[place], limits[place + 1]) for place in (1, 3, 5))
    if not count or not mean_us:
        raise AdvisorError("ioping completed no request", HINT)
    block_bytes = _block_bytes(statistics, requests, count)
    command = command_above(
        requests,
        count=None if statistics["count_k"] else count,  # "1.02 k" is rounded
        block_bytes=block_bytes,
        path=statistics["path"],
        wrote=wrote,
    )
    require_written(command, wrote=wrote)
    # Before 1.0 the time of completion is that of the whole run.
    generated = _GENERATED.search(after)
    elapsed = generated[1] if generated else statistics["time"]
    elapsed_unit = generated[2] if generated else statistics["time_unit"]
    filesystem, device = _device(statistics["device"].split())
    figures = RequestFigures(
        count=count,
        mean_us=mean_us,
        limits_us=(low, high),
        block_bytes=block_bytes,
        paused=_us(elapsed, elapsed_unit) > PAUSED * count * mean_us,
        path=statistics["path"],
        filesystem=filesystem,
        device=device,
    )
    return measurement(figures, command)


def _block_bytes(statistics: re.Match[str], requests: str, count: float) -> float:
    """A request's size: as it says of each, or a quotient of rounded figures."""
    if size := _REQUEST.search(requests):
        return number(size[1], "size") * UNIT_BYTES.get(size[2], 0)
    if statistics["size"]:
        amount, unit, times = statistics["size"], statistics["size_unit"], count
    elif statistics["speed"]:
        amount, unit = statistics["speed"], statistics["speed_unit"]
        times = number(statistics["rate"], "iops") * SUFFIXES[statistics["rate_k"] or ""]
    else:
        raise AdvisorError("the statistics of ioping break off", "keep the whole output")
    quotient = number(amount, "size") * UNIT_BYTES.get(unit, 0) / times if times else 0.0
    return power_of_two(quotient) or quotient


def _us(text: str, unit: str) -> float:
    return number(text, "a latency") * UNIT_US.get(unit, 0.0)


def _device(words: list[str]) -> tuple[Known[str], Known[str]]:
    """Of "ext4 /dev/sda3 97.9 GiB" the file system and the device; up to 1.0 there is no size."""
    if len(words) not in (2, 4) or "device" in words[:2]:
        return NOT_SAID, NOT_SAID
    return printable(words[0]), printable(words[1])
