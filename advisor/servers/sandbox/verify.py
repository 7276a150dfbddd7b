"""Proves a fragment on a real server: every line is started, read back and held against the log."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from advisor.errors import AdvisorError
from advisor.server_state import EffectiveSetting
from advisor.servers.config.fragment import Fragment
from advisor.servers.connection.driver import require_driver
from advisor.servers.installed.detect import Installed
from advisor.servers.sandbox.compare import same
from advisor.servers.sandbox.log import Said, complaints, last_words, refusals
from advisor.servers.sandbox.sandbox import Sandbox, Start, sandbox
from advisor.vendors.base import FRAGMENT, Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line
from advisor.verification import GOOD, CheckedLine, LineVerdict, Verification
from advisor.versions import format_version

REPEATABLE: Final = ("replicate_", "binlog_do_", "binlog_ignore_", "performance_schema_instrument")
"""Options that may be given many times."""


def verify(fragment: Fragment, installed: Installed) -> Verification:
    """Starts the server with the fragment until every bad line has been named.

    Raises AdvisorError where nothing can be told: no driver, no line for this server, or a server
    that does not start even without the fragment.
    """
    require_driver(installed.vendor)
    vendor = VENDORS[installed.vendor]
    read = vendor.groups_read(installed.version)
    lines = [line for line in fragment.lines if line.group in read or line.group is None]
    if not lines:
        raise AdvisorError(f"{fragment.name} has no line that {installed.program} reads")
    tried = [line for line in lines if vendor.is_tried(line)]
    others = {line.number for line in fragment.lines} - {line.number for line in tried}
    with sandbox(installed, tried) as box:
        refused, last = _start_until_it_works(box, fragment, tried, others)
    started = [line for line in tried if line.number not in refused]
    warned = complaints(last.log, started)
    doubled = _doubled(tried)
    checked = []
    for line in fragment.lines:
        actual, wanted = _find(line, last.actual or {})
        if line not in lines:
            verdict, message = "not read", ""
        elif line not in tried:
            verdict, message = "not tried", ""
        elif line.number in refused:
            verdict, message = "refused", refused[line.number]
        else:
            verdict, message = _judge(line, actual, wanted, doubled, warned, vendor)
        checked.append(
            CheckedLine(
                line=line.number,
                setting=line.name,
                fragment=line.value,
                server=actual.shown if actual and line in tried else None,
                verdict=verdict,
                message=message,
            )
        )
    return Verification(
        engine=installed.vendor,
        engine_version=format_version(installed.version),
        program=str(installed.program),
        fragment=fragment.name,
        ok=all(entry.verdict in GOOD for entry in checked),
        lines=tuple(checked),
    )


def _start_until_it_works(
    box: Sandbox, fragment: Fragment, tried: Iterable[Line], others: Collection[int]
) -> tuple[Said, Start]:
    """Line number -> why the server does not start with it; and the start without those lines.

    A server often stops at the first bad line, so what it names is left out and it is started
    again. Where it names none, the lines are added until it stops starting.
    """
    refused: dict[int, str] = {}
    while True:
        left = [line for line in tried if line.number not in refused]
        start = box.start_with(fragment.without({*others, *refused}))
        if start.actual is not None:
            return refused, start
        if not left:
            raise AdvisorError(
                f"the server does not start even without the fragment: {last_words(start.log)}"
            )
        refused |= refusals(start.log, left) or _first_to_stop_it(
            left, lambda kept: box.start_with(fragment.without(_others(fragment, kept)))
        )


def _others(fragment: Fragment, kept: Collection[Line]) -> set[int]:
    return {line.number for line in fragment.lines} - {line.number for line in kept}


def _first_to_stop_it(lines: list[Line], start: Callable[[list[Line]], Start]) -> dict[int, str]:
    """The line with which, added to those before it, the server no longer starts: by halving."""
    good, bad = -1, len(lines)
    log = ""
    while bad - good > 1:
        middle = (good + bad) // 2
        tried = start(lines[:middle])
        if tried.actual is None:
            bad, log = middle, tried.log
        else:
            good = middle
    if bad == 0:
        raise AdvisorError(
            f"the server does not start even without the fragment: {last_words(log)}"
        )
    culprit = lines[bad - 1]
    log = log or start(lines[:bad]).log
    return {culprit.number: f"the server starts without this line, not with it: {last_words(log)}"}


def _doubled(lines: Iterable[Line]) -> Mapping[int, int]:
    """Line number -> the last line that sets the same."""
    last = {line.name: line.number for line in lines}
    return {
        line.number: last[line.name]
        for line in lines
        if last[line.name] != line.number and not line.name.startswith(REPEATABLE)
    }


def _find(
    line: Line, actual: Mapping[str, EffectiveSetting]
) -> tuple[EffectiveSetting | None, str | None]:
    """The variable a line sets, and the value it asks for: skip_x sets x to OFF."""
    if line.name in actual:
        return actual[line.name], line.value
    for prefix, value in (("skip_", "OFF"), ("disable_", "OFF"), ("enable_", "ON")):
        name = line.name.removeprefix(prefix)
        if name != line.name and name in actual:
            return actual[name], value
    return None, line.value


def _judge(
    line: Line,
    actual: EffectiveSetting | None,
    wanted: str | None,
    doubled: Mapping[int, int],
    warned: Said,
    vendor: Vendor,
) -> tuple[LineVerdict, str]:
    said = f"; the server says: {warned[line.number]}" if line.number in warned else ""
    if line.number in doubled:
        return "doubled", f"line {doubled[line.number]} sets it again, and wins{said}"
    if actual is not None and _is_from_elsewhere(line, actual, vendor):
        return "differs", f"the server has {actual.shown} from elsewhere{said}"
    if actual is not None and not _as_meant(line, actual, wanted, vendor):
        return "differs", f"reads back as {actual.shown}, not {wanted}{said}"
    if said:
        return "warned", said.removeprefix("; ")
    return ("ok" if actual else "taken"), ""


def _is_from_elsewhere(line: Line, actual: EffectiveSetting, vendor: Vendor) -> bool:
    return vendor.verify_numbers_lines and not actual.place.endswith(f"/{FRAGMENT}:{line.number}")


def _as_meant(line: Line, actual: EffectiveSetting, wanted: str | None, vendor: Vendor) -> bool:
    if actual.is_enum and re.fullmatch(r"on|true|yes|1", wanted or "", re.IGNORECASE):
        return actual.value != "off"  # a synonym of one of its values: wal_compression = on is pglz
    if line.name == "log_bin" and vendor.has_binary_log:
        return actual.value == "ON" or same(wanted, actual.value)  # the file's name, or whether
    return same(wanted, actual.value, actual.unit)
