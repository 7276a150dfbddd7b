"""How each vendor's server is initialised, started and stopped in a private place: command lines.

What keeps the server private stands on the command line, where it wins over every file.
"""

import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.servers.installed.detect import Installed
from advisor.servers.installed.processes import run
from advisor.vendors.syntax import Line
from advisor.versions import Vendor

SOCKET: Final = "s"
"""Short, for the whole path of a socket may have 107 bytes."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PLACES_AND_PROGRAMS: Final[Mapping[Vendor, frozenset[str]]] = {
    "postgresql": _words(
        "archive_cleanup_command archive_command archive_library config_file data_directory "
        "dynamic_library_path external_pid_file hba_file ident_file listen_addresses "
        "local_preload_libraries log_destination log_directory log_filename log_min_messages "
        "logging_collector port primary_conninfo recovery_end_command restore_command "
        "session_preload_libraries shared_preload_libraries ssl ssl_passphrase_command "
        "synchronous_standby_names unix_socket_directories unix_socket_group "
        "unix_socket_permissions"
    ),
    "mysql": _words(
        "admin_address basedir bind_address chroot daemonize datadir early_plugin_load init_file "
        "initialize initialize_insecure log_error log_error_services log_error_verbosity mysqlx "
        "mysqlx_bind_address mysqlx_port mysqlx_socket pid_file plugin_dir plugin_load "
        "plugin_load_add port secure_file_priv skip_networking socket tmpdir user"
    ),
    "mariadb": _words(
        "basedir bind_address bootstrap chroot datadir init_file log_error log_warnings pid_file "
        "plugin_dir plugin_load plugin_load_add plugin_maturity port secure_file_priv "
        "skip_networking socket tmpdir user wsrep_on wsrep_provider"
    ),
}
"""Settings that name places, programs or the network, or what we need to read the server's log:
they are not tried, so that nothing outside the private place is touched."""

STOP_SIGNALS: Final[Mapping[Vendor, signal.Signals]] = {
    "postgresql": signal.SIGINT,  # "fast": does not wait for clients
    "mysql": signal.SIGTERM,
    "mariadb": signal.SIGTERM,
}

MYSQL_INITIALIZES: Final = (5, 7)
"""Since when MySQL makes its system tables itself, and knows our options for its log."""

MARIADB_HAS_SYS: Final = (10, 6)

ONCE: Final = frozenset({"lower_case_table_names", "innodb_page_size", "innodb_data_file_path"})
"""Decided when a data directory is made, and refused when changed later."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one server lies."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def fragment(self) -> Path:
        return self.folder / "fragment.conf"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def socket(self) -> Path:
        return self.folder / SOCKET


def is_tried(line: Line, vendor: Vendor) -> bool:
    """Whether a line stays within the private place."""
    return line.name not in PLACES_AND_PROGRAMS[vendor] and "/" not in (line.value or "")


def initialise(installed: Installed, place: Place, lines: Iterable[Line]) -> None:
    """Makes a data directory. Raises AdvisorError."""
    program = installed.program
    if installed.vendor == "postgresql":
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        run([program.parent / "initdb", "-D", place.data, "--no-sync", *options])
        return
    once = [f"--{line.name}={line.value}" for line in lines if line.name in ONCE and line.value]
    where = [f"--datadir={place.data}", f"--basedir={base_folder(program)}", *once]
    if installed.vendor == "mysql" and installed.version >= MYSQL_INITIALIZES:
        run([program, "--no-defaults", "--initialize-insecure", *where])
    else:
        script = _system_tables(installed)
        run([program, "--no-defaults", "--bootstrap", "--log-warnings=0", *where], script)


def start_command(installed: Installed, place: Place) -> Sequence[str | Path]:
    """The command line that starts the server with the fragment."""
    vendor, program = installed.vendor, installed.program
    if vendor == "postgresql":
        private = {
            "listen_addresses": "",
            "unix_socket_directories": str(place.folder),
            "log_min_messages": "warning",
            # The fragment's own is not tried, and archive_mode = on wants one.
            "archive_command": "true",
        }
        settings = [f"--{name}={value}" for name, value in private.items()]
        return [program, "-D", place.data, *settings]
    current = vendor == "mysql" and installed.version >= MYSQL_INITIALIZES
    own = ["--loose-mysqlx=OFF", "--log-error-verbosity=2"]
    return [
        program,
        f"--defaults-file={place.fragment}",
        f"--basedir={base_folder(program)}",
        f"--datadir={place.data}",
        f"--socket={place.socket}",
        f"--pid-file={place.folder / 'pid'}",
        f"--tmpdir={place.folder}",
        "--skip-networking",
        "--secure-file-priv=NULL" if current else f"--secure-file-priv={place.folder}",
        *(own if current else ["--log-warnings=2"]),
    ]


def base_folder(program: Path) -> Path:
    """The folder a server's own files are relative to."""
    return program.parent.parent


def _system_tables(installed: Installed) -> str:
    """The SQL that makes the system tables, as MariaDB and MySQL before 5.7 bring it.

    Raises AdvisorError where it is missing.
    """
    base = base_folder(installed.program)
    names, accounts = _system_files(installed)
    script = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
    for name in names:
        # The folder is called mysql until 10.11, then mariadb; other packages add one more.
        found = sorted(base.glob(f"share/**/m*_{name}.sql"))
        if not found:
            raise AdvisorError(
                f"{base}/share has no m*_{name}.sql, from which a data directory is made",
                "install all of the server's package",
            )
        script += found[0].read_text(encoding="utf-8")
    # The accounts for this host's own name would draw warnings from skip_name_resolve.
    return script + "".join(
        f"delete from mysql.{table} where host <> 'localhost';\n" for table in accounts
    )


def _system_files(installed: Installed) -> tuple[Sequence[str], Sequence[str]]:
    """Which files make the system tables, and which of these tables hold accounts."""
    if installed.vendor == "mysql":
        return ("system_tables", "system_tables_data"), ("user", "proxies_priv")
    names = ["system_tables", "performance_tables", "system_tables_data"]
    if installed.version >= MARIADB_HAS_SYS:
        names.append("sys_schema")
    return names, ("global_priv", "proxies_priv")
