"""What a running server has, setting by setting. Needs the drivers of the `live` extra."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.sandbox.programs import Place
from advisor.versions import Vendor

DRIVERS: Final[Mapping[Vendor, str]] = {
    "postgresql": "psycopg",
    "mysql": "pymysql",
    "mariadb": "pymysql",
}
CONNECT_TIMEOUT_S: Final = 10


class NotReadyError(Exception):
    """The server does not take connections yet; the text says why."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One setting as the server has it."""

    value: str
    unit: str | None = None
    """What `value` counts in, where the server tells (PostgreSQL)."""
    shown: str = ""
    """As the server prints it for people."""
    line: int | None = None
    """The line of our file it comes from, where the server tells."""
    enum: bool = False


def require_driver(vendor: Vendor) -> None:
    """Raises AdvisorError where the driver is not installed."""
    if find_spec(DRIVERS[vendor]) is None:
        raise AdvisorError(
            f"{DRIVERS[vendor]} is needed to read a server's settings back, and is not installed",
            "pip install 'fsync-advisor[live]'",
        )


def read_all(vendor: Vendor, place: Place) -> dict[str, EffectiveSetting]:
    """Every setting by its name, in lower case. Raises NotReadyError while the server starts."""
    return _postgresql(place) if vendor == "postgresql" else _mysql(place)


def _postgresql(place: Place) -> dict[str, EffectiveSetting]:
    import psycopg

    try:
        with psycopg.connect(
            host=str(place.folder),
            user="postgres",
            dbname="postgres",
            connect_timeout=CONNECT_TIMEOUT_S,
        ) as connection:
            rows = connection.execute(
                "SELECT name, setting, unit, current_setting(name), sourcefile, sourceline, vartype"
                " FROM pg_settings"
            ).fetchall()
    except psycopg.OperationalError as error:
        raise NotReadyError(str(error)) from error
    return {
        name.lower(): EffectiveSetting(
            value, unit, shown, line if file == str(place.fragment) else None, kind == "enum"
        )
        for name, value, unit, shown, file, line, kind in rows
    }


def _mysql(place: Place) -> dict[str, EffectiveSetting]:
    import pymysql

    # PyMySQL leaves a socket open when nobody listens yet, so we open it.
    with socket.socket(socket.AF_UNIX) as connected:
        try:
            connected.settimeout(CONNECT_TIMEOUT_S)
            connected.connect(str(place.socket))
            connection = pymysql.connect(
                user="root", read_timeout=CONNECT_TIMEOUT_S, defer_connect=True
            )
            connection.connect(connected)
            with connection, connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL VARIABLES")
                rows = cursor.fetchall()
        except (OSError, pymysql.err.OperationalError) as error:
            raise NotReadyError(str(error)) from error
    return {name.lower(): EffectiveSetting(value, shown=value) for name, value in rows}
