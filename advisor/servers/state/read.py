"""Reads a running server's settings, in read-only transactions. Changes nothing."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.state import statements as sql
from advisor.servers.state.activity import watch
from advisor.server_state import EffectiveSetting, Origin
from advisor.servers.connection.read_only import read_only
from advisor.servers.reading_tmp import Override, ServerState
from advisor.servers.connection.wire import Address, Connection, Rows
from advisor.versions import KNOWN_VERSIONS, VENDOR_NAMES, format_version, parse_version

ORIGINS: Final[Mapping[str, Origin]] = {
    # PostgreSQL (guc_tables.c, GucSource_Names)
    "default": "default",
    "environment variable": "other",
    "configuration file": "file",
    "command line": "command line",
    "override": "default",
    # MySQL (variables_info) and MariaDB (system_variables)
    "COMPILED": "default",
    "COMPILE-TIME": "default",
    "GLOBAL": "file",
    "SERVER": "file",
    "EXPLICIT": "file",
    "EXTRA": "file",
    "USER": "file",
    "CONFIG": "file",
    "COMMAND_LINE": "command line",
    "COMMAND-LINE": "command line",
    "PERSISTED": "persisted",
    "ENV": "other",
    "AUTO": "default",
    "DYNAMIC": "other",
    "SQL": "other",
}
"""The server's own word -> ours."""

OF_OUR_SESSION: Final = ("database", "user", "database user", "client", "session", "global")
"""Sources in pg_settings that are about this connection, not the server."""

PERSISTED_FILE: Final = "postgresql.auto.conf"


def read_server(address: Address, *, interval_s: float = 0) -> ServerState:
    """The settings in force; with an interval, what the server did in it.

    What the account may not see is missing, and a note says so. Raises AdvisorError for a server
    that cannot be reached, refuses to show its settings, or is older than what we know.
    """
    with closing(address.connect()) as connection:
        reading = _postgresql(connection) if address.vendor == "postgresql" else _mysql(connection)
        _require_known(reading)
        if interval_s:
            return replace(reading, activity=watch(connection, reading, interval_s))
        return reading


def _require_known(reading: ServerState) -> None:
    oldest = parse_version(KNOWN_VERSIONS[reading.vendor][0])
    if reading.version[: len(oldest)] < oldest:
        name = VENDOR_NAMES[reading.vendor]
        raise AdvisorError(
            f"{name} {format_version(reading.version)} is older than what we know",
            f"the tables begin with {name} {format_version(oldest)}",
        )


def _postgresql(connection: Connection) -> ServerState:
    with read_only(connection):
        rows = connection.query(sql.SETTINGS["postgresql"])
        ((sees_places,),) = connection.query(sql.SEES_PLACES)
        overrides = tuple(_overrides(connection.query(sql.OVERRIDES)))
    values = {row[0]: row[1] for row in rows}
    return ServerState(
        vendor="postgresql",
        version=parse_version(values["server_version"]),
        settings={
            name: EffectiveSetting(name, value, unit, _origin(source, file), _place(file, line))
            for name, value, unit, source, file, line, _ in rows
        },
        overrides=overrides,
        pending=frozenset(row[0] for row in rows if row[6]),
        hidden=frozenset(row[0] for row in rows if row[3] in OF_OUR_SESSION),
        notes=()
        if sees_places
        else (
            "this role may not see in which file a setting stands;"
            " GRANT pg_read_all_settings (or pg_monitor) shows it",
        ),
    )


def _overrides(rows: Rows) -> Iterator[Override]:
    for config, role, database in rows:
        for entry in config or ():
            name, _, value = entry.partition("=")
            yield Override(name, value, role, database)


def _mysql(connection: Connection) -> ServerState:
    ((banner,),) = connection.query(sql.WHICH)
    # mysql:// may lead to a MariaDB, which is as good.
    connection.vendor = "mariadb" if "mariadb" in banner.lower() else "mysql"
    with read_only(connection):
        values = {
            name.lower(): value for name, value in connection.query(sql.SETTINGS[connection.vendor])
        }
    notes: tuple[str, ...] = ()
    origins: dict[str, tuple[Origin, str]] = {}
    with read_only(connection):
        try:
            rows = connection.query(sql.ORIGINS[connection.vendor])
            origins = {
                name.lower(): (ORIGINS.get(source, "unknown"), path) for name, source, path in rows
            }
        except AdvisorError as error:
            notes = (f"where the settings come from is not shown: {error.message}",)
    if not any(path for _, path in origins.values()) and "file" in dict(origins.values()):
        notes = ("this account may not see in which file a setting stands; GRANT FILE shows it",)
    return ServerState(
        vendor=connection.vendor,
        version=parse_version(values["version"].removeprefix("5.5.5-")),
        settings={
            name: EffectiveSetting(name, value, "", *origins.get(name, ("unknown", "")))
            for name, value in values.items()
        },
        notes=notes,
    )


def _origin(source: str, file: str) -> Origin:
    if source == "configuration file" and file.endswith(f"/{PERSISTED_FILE}"):
        return "persisted"
    return ORIGINS.get(source, "unknown")


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if file else ""
