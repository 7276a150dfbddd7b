"""How a setting is changed on a server that runs: SQL where that lasts, else which file."""

from typing import Final

from advisor.rules.catalogue import Spec
from advisor.server_state import EffectiveSetting
from advisor.servers.reading_tmp import Override
from advisor.units import Value
from advisor.versions import NumericVersion, Vendor

PERSIST_SINCE: Final = (8, 0)
"""MySQL's SET PERSIST."""

RELOAD: Final = "SELECT pg_reload_conf();"
RESTART: Final = "then restart the server"


def needs_restart(spec: Spec, current: Value, wanted: Value | None) -> bool:
    """Whether the change waits for a restart."""
    return spec.restart or current in spec.restart_from or wanted in spec.restart_from


def how_to_change(
    vendor: Vendor,
    version: NumericVersion,
    spec: Spec,
    found: EffectiveSetting,
    wanted: Value | None,
    rendered: str,
    *,
    restart: bool,
) -> str:
    """The change from the value found to `wanted`; None: to what the server derives itself."""
    if wanted is None:
        return _remove(vendor, found)
    persists = vendor == "mysql" and version >= PERSIST_SINCE and spec.persistable and not restart
    if found.origin == "command line" and not persists:
        # It outranks every file; only MySQL's SET PERSIST comes after it.
        return f"set {found.name} = {rendered} on the server's command line, {RESTART}"
    if vendor == "postgresql":
        set_ = f"ALTER SYSTEM SET {found.name} = '{rendered}';"
        return f"{set_} {RESTART}" if restart else f"{set_} {RELOAD}"
    if restart:
        file = found.place if found.origin == "file" and found.place else "an option file"
        # A persisted value outranks the file.
        reset = f"RESET PERSIST {found.name}; " if found.origin == "persisted" else ""
        return f"{reset}write {found.name} = {rendered} in {file}, {RESTART}"
    if persists:
        return f"SET PERSIST {found.name} = {_literal(wanted)};"
    last = f"and {found.name} = {rendered} in an option file, to last"
    return f"SET GLOBAL {found.name} = {_literal(wanted)}; {last}"


def how_to_reset(override: Override) -> str:
    """The end of what a role's or a database's sessions get."""
    if override.role is None and override.database is not None:
        return f"ALTER DATABASE {_quoted(override.database)} RESET {override.setting};"
    role = "ALL" if override.role is None else _quoted(override.role)
    within = "" if override.database is None else f" IN DATABASE {_quoted(override.database)}"
    return f"ALTER ROLE {role}{within} RESET {override.setting};"


def _remove(vendor: Vendor, found: EffectiveSetting) -> str:
    if found.origin == "persisted":
        sql = "ALTER SYSTEM RESET" if vendor == "postgresql" else "RESET PERSIST"
        return f"{sql} {found.name}; {RESTART}"
    where = found.place or ("the command line" if found.origin == "command line" else "its file")
    return f"remove {found.name} from {where}, {RESTART}"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
