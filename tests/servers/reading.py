"""Reading back what a running server has, in one form for all vendors."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from tests.servers.engines import Place, Vendor

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Setting:
    """What a server says of one of its settings."""

    name: str
    value: str
    unit: str | None
    """The unit `value` is in, where the server has one to tell (PostgreSQL: "8kB")."""
    shown: str
    """The value as the server prints it for people (PostgreSQL: "4GB" for 524288 of 8kB)."""
    from_file: bool
    """Whether the value comes from the fragment."""
    source: str
    """Where the value comes from, in the server's own words."""


class Client(ABC):
    """A connection to a running server, closed by `close`."""

    @abstractmethod
    def query(self, statement: str, values: Sequence[object] = ()) -> Rows:
        """The rows of one statement."""

    @abstractmethod
    def read(self, names: Sequence[str], fragment: Path) -> list[Setting]:
        """Those of the settings that the server knows."""

    @abstractmethod
    def file_errors(self, fragment: Path) -> list[str]:
        """What the server holds against lines of the fragment."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""


class PostgreSQLClient(Client):
    """A superuser's connection in autocommit mode."""

    def __init__(self, place: Place) -> None:
        self.connection = psycopg.connect(
            host=str(place.folder), user="postgres", dbname="postgres", autocommit=True
        )

    def query(self, statement: str, values: Sequence[object] = ()) -> Rows:
        cursor = self.connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def read(self, names: Sequence[str], fragment: Path) -> list[Setting]:
        rows = self.query(
            "SELECT name, setting, unit, current_setting(name), sourcefile, source"
            " FROM pg_settings WHERE name = ANY(%s)",
            [list(names)],
        )
        return [
            Setting(name, value, unit, shown, file == str(fragment), source)
            for name, value, unit, shown, file, source in rows
        ]

    def file_errors(self, fragment: Path) -> list[str]:
        rows = self.query(
            "SELECT sourceline, name, error FROM pg_file_settings"
            " WHERE sourcefile = %s AND error IS NOT NULL",
            [str(fragment)],
        )
        return [f"line {line}: {name}: {error}" for line, name, error in rows]

    def close(self) -> None:
        self.connection.close()


class MySQLClient(Client):
    """root's connection in autocommit mode."""

    settings = (
        "SELECT variable_name, variable_value, variable_source, variable_path"
        " FROM performance_schema.variables_info"
        " JOIN performance_schema.global_variables USING (variable_name)"
        " WHERE variable_name IN %s"
    )

    def __init__(self, place: Place) -> None:
        # PyMySQL leaves the socket open when the server does not listen yet, so we open it.
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.connect(str(place.socket))
            self.connection = pymysql.connect(user="root", autocommit=True, defer_connect=True)
            self.connection.connect(connected)
        except BaseException:
            connected.close()
            raise

    def query(self, statement: str, values: Sequence[object] = ()) -> Rows:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def read(self, names: Sequence[str], fragment: Path) -> list[Setting]:
        return [
            Setting(name.lower(), value, None, value, path == str(fragment), source)
            for name, value, source, path in self.query(self.settings, [list(names)])
        ]

    def file_errors(self, fragment: Path) -> list[str]:
        return []  # there is no such view; a bad line stops the server or is in its log

    def close(self) -> None:
        self.connection.close()


class MariaDBClient(MySQLClient):
    """The same protocol, other tables."""

    settings = (
        "SELECT variable_name, global_value, global_value_origin, global_value_path"
        " FROM information_schema.system_variables WHERE variable_name IN %s"
    )


CLIENTS: Mapping[Vendor, type[PostgreSQLClient] | type[MySQLClient]] = {
    "postgresql": PostgreSQLClient,
    "mysql": MySQLClient,
    "mariadb": MariaDBClient,
}

# What a connection attempt raises while a server is still starting.
NotYet = (OSError, psycopg.OperationalError, pymysql.err.OperationalError)


def by_name(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Settings under their names."""
    return {setting.name: setting for setting in settings}
