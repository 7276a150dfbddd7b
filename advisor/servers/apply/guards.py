"""The red lines of advisor/rules/guards.py, for settings as files have them.

What counts is the value that the server then has: one that it clamps is judged as clamped. What
cannot be parsed, or not by every name that it may stand for, is never safe.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from advisor.durability import CLASSES, MEANING, Durability, risks_more
from advisor.errors import GuardError
from advisor.rules.guards import MINIMAL_NEEDS, NOT_ABOVE, check_values
from advisor.rules.known_settings import KnownSettings
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting
from advisor.units import Value
from advisor.vendors.syntax import Line
from advisor.vendors.values import Parsed, ParseResult

TOGETHER: Final = (
    ("innodb_flush_log_at_trx_commit", "sync_binlog"),
    ("wal_level", *MINIMAL_NEEDS),
    *NOT_ABOVE,
)
"""Settings that one red line is about."""


def check_risk(known: KnownSettings, line: Line, place: str, accepted: Durability) -> None:
    """One line of a fragment. Raises GuardError where it risks more than is accepted."""
    for written, risk, why in risks_of(known, line, accepted):
        raise GuardError(
            f"{place}: {written} is not written: {why}",
            "" if risk == "can-corrupt" else f"--durability {risk} accepts that",
        )


def risks_of(
    known: KnownSettings, line: Line, accepted: Durability
) -> Iterator[tuple[str, Durability, str]]:
    """Where a line risks more than is accepted: what it sets, the class, and what that means."""
    results: dict[str, list[ParseResult]] = {}
    for name, result in known.meanings(line):
        results.setdefault(name, []).append(result)
    for name in RISKS.keys() & results.keys():
        written = line.name if line.value is None else f"{line.name} = {line.value}"
        risk, why = _risk(name, results[name])
        if risks_more(risk, accepted):
            yield written, risk, why


def _risk(name: str, results: Collection[ParseResult]) -> tuple[Durability, str]:
    """The worst that the setting may do, of all that the server may make of the text, and why.

    Versions that refuse the text do not count where another takes it.
    """
    values = [result.value for result in results if isinstance(result, Parsed)]
    if not values:
        reasons = {result.reason: None for result in results if not isinstance(result, Parsed)}
        return "can-corrupt", "; ".join(reasons)
    worst = max((RISKS[name].of(value) for value in values), key=CLASSES.index)
    return worst, MEANING[worst]


def check_all(
    known: KnownSettings,
    ours: Collection[str],
    before: Mapping[str, EffectiveSetting],
    after: Mapping[str, EffectiveSetting],
) -> None:
    """The whole configuration, where our lines have a part in it. Raises GuardError.

    What was as wrong before is left to those who wrote it.
    """
    about = {name for names in TOGETHER if not set(names).isdisjoint(ours) for name in names}
    try:
        check_values(_values(known, about, after))
    except GuardError as error:
        try:
            check_values(_values(known, about, before))
        except GuardError as old:
            if old.message == error.message:
                return
        raise


def _values(
    known: KnownSettings, names: Collection[str], settings: Mapping[str, EffectiveSetting]
) -> dict[str, Value | None]:
    return {name: _value(known, settings[name]) for name in names if name in settings}


def _value(known: KnownSettings, found: EffectiveSetting) -> Value:
    """What the server has; the text itself where it is no such value."""
    written = found.written
    text, loose = (written.text, written.loose) if written else (found.value, False)
    results = known.parse(found.name, text, loose=loose)
    values = (result.value for result in results if isinstance(result, Parsed))
    return next(values, found.value)
