"""The red lines of advisor/rules/guards.py, for settings as files have them."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from advisor.durability import MEANING, Durability, risks_more
from advisor.errors import GuardError, UsageError
from advisor.rules.guards import MINIMAL_NEEDS, NOT_ABOVE, check_values
from advisor.rules.risks import RISKS
from advisor.server_state import EffectiveSetting
from advisor.units import Value, parse_size

TOGETHER: Final = (
    ("innodb_flush_log_at_trx_commit", "sync_binlog"),
    ("wal_level", *MINIMAL_NEEDS),
    *NOT_ABOVE,
)
"""Settings that one red line is about."""


def check_risk(name: str, text: str, place: str, accepted: Durability) -> None:
    """One line of a fragment. Raises GuardError where it risks more than is accepted."""
    if name not in RISKS:
        return
    risk = RISKS[name].of(_typed(name, text))
    if risk == "can-corrupt":
        raise GuardError(f"{place}: {name} = {text} is not written: {MEANING[risk]}")
    if risks_more(risk, accepted):
        raise GuardError(
            f"{place}: {name} = {text} is not written: {MEANING[risk]}",
            f"--durability {risk} accepts that",
        )


def check_all(
    ours: Collection[str],
    before: Mapping[str, EffectiveSetting],
    after: Mapping[str, EffectiveSetting],
) -> None:
    """The whole configuration, where our lines have a part in it. Raises GuardError.

    What was as wrong before is left to those who wrote it.
    """
    about = {name for names in TOGETHER if not set(names).isdisjoint(ours) for name in names}
    try:
        check_values(_values(about, after))
    except GuardError as error:
        try:
            check_values(_values(about, before))
        except GuardError as old:
            if old.message == error.message:
                return
        raise


def _values(
    names: Collection[str], settings: Mapping[str, EffectiveSetting]
) -> dict[str, Value | None]:
    return {name: _typed(name, settings[name].value) for name in names if name in settings}


def _typed(name: str, text: str) -> Value:
    """A value as the guards know it; the text itself where it is no such value."""
    kind = KINDS.get(name)
    return text if kind is None else kind(text.strip())


def _boolean(text: str) -> Value:
    """PostgreSQL takes every beginning that is unambiguous."""
    word = text.lower()
    for whole, value in (("true", True), ("yes", True), ("false", False), ("no", False)):
        if word and whole.startswith(word):
            return value
    return {"on": True, "1": True, "off": False, "of": False, "0": False}.get(word, text)


def _whole(text: str) -> Value:
    return int(text) if text.isdecimal() else text


def _megabytes(text: str) -> Value:
    if text.isdecimal():
        return int(text)
    try:
        return parse_size(text) // 1024**2
    except UsageError:
        return text


def _word(text: str) -> Value:
    """An enum of PostgreSQL that takes on and off as well."""
    value = _boolean(text)
    return ("on" if value else "off") if isinstance(value, bool) else text.lower()


def _doublewrite(text: str) -> Value:
    return {"1": "ON", "TRUE": "ON"}.get(text.upper(), text.upper())


def _flush_method(text: str) -> Value:
    return "fsync" if text.lower() == "fsync" else text.upper()


KINDS: Final[Mapping[str, Callable[[str], Value]]] = {
    "fsync": _boolean,
    "full_page_writes": _boolean,
    "data_sync_retry": _boolean,
    "zero_damaged_pages": _boolean,
    "ignore_checksum_failure": _boolean,
    "summarize_wal": _boolean,
    "synchronous_commit": _word,
    "archive_mode": _word,
    "wal_level": str.lower,
    "max_wal_senders": _whole,
    "min_wal_size": _megabytes,
    "max_wal_size": _megabytes,
    "innodb_flush_log_at_trx_commit": _whole,
    "sync_binlog": _whole,
    "innodb_force_recovery": _whole,
    "innodb_io_capacity": _whole,
    "innodb_io_capacity_max": _whole,
    "innodb_doublewrite": _doublewrite,
    "innodb_flush_method": _flush_method,
}
"""How the text of a setting becomes a value of the guards."""
