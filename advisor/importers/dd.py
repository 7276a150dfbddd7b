"""dd with oflag=dsync or oflag=sync: each write reaches the drive before the next.

Its result says nothing of that, so its command line must stand above it. The records are counted,
so the rate comes from them and the time. Source: dd(1) of GNU coreutils; BusyBox prints alike.
"""

import re
from collections.abc import Iterator
from functools import partial
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
from advisor.series_kind import Method, Pattern

TOOL: Final = "dd"
SIGNATURE: Final = re.compile(r"^[ \t]{0,8}[0-9]{1,15}\+[0-9]{1,15} records out", re.MULTILINE)

_RESULT: Final = re.compile(
    r"^[ \t]{0,8}(?P<whole>[0-9]{1,15})\+(?P<part>[0-9]{1,15}) records out[ \t]*\n"
    rf"[ \t]{{0,8}}(?P<bytes>[0-9]{{1,18}}) bytes[^\n]{{0,60}}? copied, (?P<time>{NUMBER}) s",
    re.MULTILINE,
)
_COMMAND: Final = re.compile(r"\bdd[ \t]([^\n]{0,500})")
_OPTION: Final = re.compile(r"(?:^|[ \t])(if|of|bs|obs|ibs|count|oflag|conv)=(\S{1,200})")
_SIZE: Final = re.compile(r"([0-9]{1,15})(c|w|b|kB|[kKMG](?:iB)?|[MG]B)?")
_UNIT_BYTES: Final = {
    "": 1, "c": 1, "w": 2, "b": 512, "kB": 1000, "MB": 1000**2, "GB": 1000**3,
    "k": 1024, "K": 1024, "KiB": 1024, "M": 1024**2, "MiB": 1024**2, "G": 1024**3, "GiB": 1024**3,
}  # fmt: skip
_METHODS: Final[dict[str, Method]] = {"sync": "open_sync", "dsync": "open_datasync"}
_HINT: Final = "run it like: dd if=/dev/zero of=FILE bs=8k count=1000 oflag=dsync"
QUICK_INPUTS: Final = ("/dev/zero", "/dev/urandom")
"""Whatever else it reads may be slower than what it writes."""


def find_results(text: str) -> Iterator[Candidate]:
    """A candidate for each result, with the last command above it."""
    position = 0
    for result in _RESULT.finditer(text):
        commands = _COMMAND.findall(text[position : result.start()])
        command = commands[-1] if commands else ""
        yield Candidate(result.start(), TOOL, partial(_measurement, result, command))
        position = result.end()
    if not position:
        yield Candidate(0, TOOL, _unknown_form)


def _unknown_form() -> Measurement:
    raise AdvisorError(
        "the output of dd breaks off, or is not that of GNU's or BusyBox's dd",
        "keep the line with: bytes copied",
    )


def _measurement(result: re.Match[str], command: str) -> Measurement:
    said = dict(_OPTION.findall(command))
    if not said:
        raise AdvisorError("the output of dd does not say whether it synced each write", _HINT)
    flags, conversions = (set(said.get(key, "").split(",")) for key in ("oflag", "conv"))
    method = next((name for flag, name in _METHODS.items() if flag in flags), None)
    if method is None:
        when = "once, at its end" if conversions & {"fsync", "fdatasync"} else "nothing"
        raise AdvisorError(f"dd synced {when}, not each write", _HINT)
    writes, written_bytes = int(result["whole"]), int(result["bytes"])
    if result["part"] != "0" or not writes:
        raise AdvisorError("the writes of dd differ in size, or are none", "use if=/dev/zero")
    size = said.get("bs") or said.get("obs") or "512"
    block_bytes, count = _bytes(size), said.get("count", "")
    other_count = count.isdecimal() and int(count) != writes
    if block_bytes * writes != written_bytes or other_count:
        raise AdvisorError(
            f"the dd command above is another run's: bs={printable(size)} count={count or '?'}"
            f" there, {writes} writes of {written_bytes / writes:g} bytes here",
            "keep each result below its own command line",
        )
    source, target = said.get("if", "standard input"), said.get("of", "")
    if source not in QUICK_INPUTS:
        raise AdvisorError(f"dd read from {printable(source)} meanwhile", "use if=/dev/zero")
    if not target or target == "/dev/null":
        raise AdvisorError("dd wrote to no file", _HINT)
    pattern, note = _pattern(target, flags, conversions)
    seconds = number(result["time"], "the time")
    series = reported_series(
        pattern,
        method,
        writes / seconds if seconds else 0.0,
        block_bytes=block_bytes,
        direct="direct" in flags,
        count=writes,
    )
    notes = {
        "used": "dd: its writes and its time are used; there are no percentiles",
        "pattern": note,
        "source": "reading /dev/urandom is part of its time" if source != "/dev/zero" else "",
    }
    directory = target.rpartition("/")[0] or "/"
    known = target.startswith("/") and directory != "/dev"
    return reported_measurement(
        TOOL, [series], notes, directory=printable(directory) if known else NOT_SAID
    )


def _pattern(target: str, flags: set[str], conversions: set[str]) -> tuple[Pattern, str]:
    if target.startswith("/dev/") and not target.startswith("/dev/shm/"):
        return "overwrite", f"it wrote to the device {printable(target)}, without a file system"
    if "notrunc" in conversions and "append" not in flags:
        return "unwritten", "conv=notrunc overwrites what was there, and appends the rest"
    return "append", "without conv=notrunc its file grows with each write: slower than overwriting"


def _bytes(text: str) -> int:
    """Of "8k" or "4096"; 0 for what is no size."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNIT_BYTES[found[2] or ""] if found else 0
