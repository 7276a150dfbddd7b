"""How each vendor's server is initialised, configured, started, reached and stopped: data only."""

import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tests.servers.account import run_as_account

Vendor = Literal["mysql", "mariadb", "postgresql"]
Programs = Mapping[str, Path]


@dataclass(frozen=True)
class Place:
    """The private folder of one running server, and what lies where in it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def fragments(self) -> Path:
        return self.folder / "conf.d"

    @property
    def config(self) -> Path:
        return self.folder / "my.cnf"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def socket(self) -> Path:
        return self.folder / "mysqld.sock"


class Engine(ABC):
    """One vendor's server.

    The base configuration sets what keeps the server private and its log complete, and nothing
    that a fragment may set.
    """

    programs: ClassVar[tuple[str, ...]]
    server: ClassVar[str]
    fragment_name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    @abstractmethod
    def initialise(self, programs: Programs, data: Path) -> None:
        """Make a data directory."""

    @abstractmethod
    def configure(self, place: Place, options: Mapping[str, str]) -> None:
        """Write the base configuration, ending with the inclusion of the folder of fragments."""

    @abstractmethod
    def command(self, programs: Programs, place: Place) -> list[str]:
        """The command line that starts the server."""

    @abstractmethod
    def login(self, place: Place) -> Mapping[str, Any]:
        """How the driver reaches it: psycopg's and PyMySQL's own words."""

    @abstractmethod
    def parsed(self, programs: Programs, place: Place, names: Sequence[str]) -> dict[str, str]:
        """What the server reads from its configuration, asked without starting it."""


class PostgreSQL(Engine):
    """PostgreSQL; the socket has its usual name in the private folder."""

    programs = ("postgres", "initdb")
    server = "postgres"
    fragment_name = "zz-fsync-advisor.conf"
    stop_signal = signal.SIGINT  # "fast": disconnects clients, writes a checkpoint

    def initialise(self, programs: Programs, data: Path) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        run_as_account([programs["initdb"], "-D", data, "--no-sync", *options])

    def configure(self, place: Place, options: Mapping[str, str]) -> None:
        base = {
            "listen_addresses": "",
            "unix_socket_directories": str(place.folder),
            "log_min_messages": "warning",
            **options,
        }
        lines = [f"{name} = '{value}'\n" for name, value in base.items()]
        lines.append(f"include_dir = '{place.fragments}'\n")
        with (place.data / "postgresql.conf").open("a") as config:
            config.writelines(lines)

    def command(self, programs: Programs, place: Place) -> list[str]:
        return [str(programs["postgres"]), "-D", str(place.data)]

    def login(self, place: Place) -> Mapping[str, Any]:
        return {"host": str(place.folder), "user": "postgres", "dbname": "postgres"}

    def parsed(self, programs: Programs, place: Place, names: Sequence[str]) -> dict[str, str]:
        command = self.command(programs, place)
        return {name: run_as_account([*command, "-C", name]).strip() for name in names}


class MySQL(Engine):
    """MySQL."""

    programs = ("mysqld",)
    server = "mysqld"
    fragment_name = "zz-fsync-advisor.cnf"
    stop_signal = signal.SIGTERM
    base: ClassVar[Mapping[str, str]] = {
        "log_error_verbosity": "3",  # 2 would do for warnings; notes tell what happened before
        "secure_file_priv": "NULL",  # the folder the package was built with does not exist here
        "mysqlx": "OFF",  # it would listen on a port
    }

    def initialise(self, programs: Programs, data: Path) -> None:
        options = ["--initialize-insecure", f"--datadir={data}"]
        run_as_account([programs[self.server], "--no-defaults", *options, *self.where(programs)])

    def configure(self, place: Place, options: Mapping[str, str]) -> None:
        base = {
            "datadir": str(place.data),
            "socket": str(place.socket),
            "pid_file": str(place.folder / "mysqld.pid"),
            "tmpdir": str(place.folder),
            "skip_networking": "ON",
            **self.base,
            **options,
        }
        lines = ["[mysqld]\n", *(f"{name} = {value}\n" for name, value in base.items())]
        lines.append(f"!includedir {place.fragments}\n")
        place.config.write_text("".join(lines))

    def command(self, programs: Programs, place: Place) -> list[str]:
        server = str(programs[self.server])
        return [server, f"--defaults-file={place.config}", *self.where(programs)]

    def login(self, place: Place) -> Mapping[str, Any]:
        return {"unix_socket": str(place.socket), "user": "root", "ssl_disabled": True}

    def parsed(self, programs: Programs, place: Place, names: Sequence[str]) -> dict[str, str]:
        # The help ends with a table of all variables and what the option files make of them.
        text = run_as_account([*self.command(programs, place), "--verbose", "--help"])
        table = dict(re.findall(r"^(\S+) +(\S.*)$", text, re.MULTILINE))
        return {name: table[name.replace("_", "-")] for name in names}

    def where(self, programs: Programs) -> list[str]:
        """What tells the server where its own files are."""
        return [f"--basedir={programs[self.server].parent.parent}"]


class MariaDB(MySQL):
    """MariaDB, which has no --initialize and bootstraps from its own SQL files."""

    programs = ("mariadbd",)
    server = "mariadbd"
    base: ClassVar[Mapping[str, str]] = {"log_warnings": "2"}

    def initialise(self, programs: Programs, data: Path) -> None:
        shared = programs[self.server].parent.parent / "share"
        script = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
        for name in ("system_tables", "performance_tables", "system_tables_data", "sys_schema"):
            (file,) = shared.glob(f"m*/m*_{name}.sql")  # "mysql" until 10.11, then "mariadb"
            script += file.read_text()
        run_as_account(["mkdir", data])
        options = ["--bootstrap", f"--datadir={data}", *self.where(programs)]
        run_as_account([programs[self.server], "--no-defaults", *options], script)


ENGINES: Mapping[Vendor, Engine] = {
    "postgresql": PostgreSQL(),
    "mysql": MySQL(),
    "mariadb": MariaDB(),
}
