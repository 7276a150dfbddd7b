"""When a change of a server's files takes effect."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from advisor.rules.catalogue import Setting, Spec
from advisor.versions import NumericVersion, Vendor

Needs = Literal["restart", "reload", "unknown"]

NOT_IN_PROFILES: Final[Mapping[str, Needs]] = {
    "wal_level": "restart",
    "max_wal_senders": "restart",
    "archive_mode": "restart",
    "max_connections": "restart",
    "huge_pages": "restart",
    "synchronous_standby_names": "reload",
}
"""Of PostgreSQL, by its pg_settings.context: postmaster, or sighup and below."""


def needs(
    names: Iterable[str],
    vendor: Vendor,
    version: NumericVersion | None,
    settings: Iterable[Setting],
) -> dict[Needs, list[str]]:
    """What it takes for each setting to be read from the files -> those settings."""
    known = {setting.name: setting for setting in settings}
    found: dict[Needs, list[str]] = {}
    for name in names:
        found.setdefault(_need(name, vendor, version, known.get(name)), []).append(name)
    return found


def _need(
    name: str, vendor: Vendor, version: NumericVersion | None, setting: Setting | None
) -> Needs:
    if vendor != "postgresql":
        return "restart"  # these servers read option files only when they start
    specs: Iterable[Spec] = setting.spec if setting else ()
    restarts = {spec.restart for spec in specs if version is None or spec.covers(vendor, version)}
    if len(restarts) != 1:
        return NOT_IN_PROFILES.get(name, "unknown")
    return "restart" if restarts.pop() else "reload"
