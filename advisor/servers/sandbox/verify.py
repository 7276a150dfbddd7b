"""Proves a fragment on a real server: every line is started, read back and held against the log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from advisor.errors import AdvisorError
from advisor.knowledge import known_settings
from advisor.rules.known_settings import KnownSettings
from advisor.server_state import EffectiveSetting
from advisor.servers.config import Fragment
from advisor.servers.connection import require_driver
from advisor.servers.installed import Installed
from advisor.servers.sandbox.log import Said, complaints, last_words, refusals
from advisor.servers.sandbox.sandbox import Sandbox, Start, Tell, sandbox
from advisor.servers.sandbox.tried import lines_read
from advisor.vendors.base import FRAGMENT, Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Option, Unresolved
from advisor.verification import GOOD, CheckedLine, LineVerdict, Verification
from advisor.versions import format_version

REPEATABLE: Final = ("replicate_", "binlog_do_", "binlog_ignore_", "performance_schema_instrument")
"""Options that may be given many times."""


def verify_fragment(
    fragment: Fragment, installed: Installed, say: Tell = lambda _: None
) -> Verification:
    """Starts the server with the fragment until every bad line has been named.

    `say` is told what is started, and under which account. Raises AdvisorError where nothing can be
    told: no driver, no line for this server, or a server that does not start even without the
    fragment.
    """
    require_driver(installed.vendor)
    known = known_settings(installed.vendor, installed.version)
    vendor = VENDORS[installed.vendor]
    lines = lines_read(fragment.lines, vendor, installed.version)
    if not lines or (vendor.has_groups and all(line.group is None for line in fragment.lines)):
        # A start for each of its lines would tell no more.
        hint = f"its lines belong under [{vendor.fragment_group}]" if vendor.has_groups else ""
        raise AdvisorError(f"{fragment.name} has no line that {installed.program} reads", hint)
    with sandbox(installed, fragment, say) as box:
        tried = box.tried
        refused, last = _start_until_it_works(box)
    started = [line for line in tried if line.number not in refused]
    warned = complaints(last.log, started, vendor.says_of_untried)
    doubled = _doubled(tried, known)
    checked = []
    for line in fragment.lines:
        option, actual = _find(line, last.actual or {}, known)
        if line not in lines:
            verdict, message = "not read", ""
        elif line not in tried:
            verdict, message = "not tried", ""
        elif line.number in refused:
            verdict, message = "refused", refused[line.number]
        else:
            verdict, message = _judge(line, option, actual, doubled, warned, known)
        checked.append(
            CheckedLine(
                line=line.number,
                setting=line.name.removeprefix("loose_"),
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


def _start_until_it_works(box: Sandbox) -> tuple[Said, Start]:
    """Line number -> why the server does not start with it; and the start without those lines.

    A server often stops at the first bad line, so what it names is left out and it is started
    again. Where it names none, the lines are added until it stops starting.
    """
    refused: dict[int, str] = {}
    while True:
        left = [line for line in box.tried if line.number not in refused]
        start = box.start_with(left)
        if start.actual is not None:
            return refused, start
        if not left:
            raise AdvisorError(
                f"the server does not start even without the fragment: {last_words(start.log)}"
            )
        refused |= refusals(start.log, left) or _first_to_stop_it(left, box.start_with)


def _first_to_stop_it(
    lines: Sequence[Line], start: Callable[[Sequence[Line]], Start]
) -> dict[int, str]:
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


def _doubled(lines: Iterable[Line], known: KnownSettings) -> Mapping[int, int]:
    """Line number -> the last line that sets the same."""
    options = [(line.number, known.option(line)) for line in lines]
    set_by = [(number, option.name) for number, option in options if isinstance(option, Option)]
    last = {name: number for number, name in set_by}
    return {
        number: last[name]
        for number, name in set_by
        if last[name] != number and not name.startswith(REPEATABLE)
    }


def _find(
    line: Line, actual: Mapping[str, EffectiveSetting], known: KnownSettings
) -> tuple[Option | Unresolved, EffectiveSetting | None]:
    """What a line sets, and the variable that shows it, where one does."""
    option = known.vendor.option(line, known.names | actual.keys(), known.version)
    return option, actual.get(option.name) if isinstance(option, Option) else None


def _judge(
    line: Line,
    option: Option | Unresolved,
    actual: EffectiveSetting | None,
    doubled: Mapping[int, int],
    warned: Said,
    known: KnownSettings,
) -> tuple[LineVerdict, str]:
    said = f"; the server says: {warned[line.number]}" if line.number in warned else ""
    if line.number in doubled:
        return "doubled", f"line {doubled[line.number]} sets it again, and wins{said}"
    if actual is not None and _is_from_elsewhere(line, actual, known.vendor):
        return "differs", f"the server has {actual.shown} from elsewhere{said}"
    if isinstance(option, Option) and actual is not None and not _as_meant(option, actual, known):
        return "differs", f"reads back as {actual.shown}, not {option.shown}{said}"
    if said:
        return "warned", said.removeprefix("; ")
    return ("ok" if actual else "taken"), ""


def _is_from_elsewhere(line: Line, actual: EffectiveSetting, vendor: Vendor) -> bool:
    return vendor.verify_numbers_lines and not actual.place.endswith(f"/{FRAGMENT}:{line.number}")


def _as_meant(option: Option, actual: EffectiveSetting, known: KnownSettings) -> bool:
    vendor, version = known.vendor, known.version or ()
    if option.name == vendor.binary_log_setting:  # a file's name, where the server shows whether
        return vendor.reads_back("OFF" if option.switched is False else "ON", actual, None, version)
    spec = next(iter(known.specs(option.name)), None)
    return vendor.reads_back(option.text, actual, spec, version)
