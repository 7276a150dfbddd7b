"""Command lines of MySQL's and MariaDB's programs, each kept in its place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from advisor.vendors.base import Command, Initialisation, Place

OLD_LOG: Final = ["--log-warnings=2"]


def base_folder(program: Path) -> Path:
    """The folder a server's own files are relative to."""
    return program.parent.parent


def private_server(program: Path, place: Place) -> Command:
    """The command line that keeps a server in its place: it wins over every file."""
    return [
        program,
        f"--defaults-file={place.fragment}",
        f"--basedir={base_folder(program)}",
        f"--datadir={place.data}",
        f"--socket={place.socket}",
        f"--pid-file={place.run / 'pid'}",
        f"--tmpdir={place.run}",
        "--skip-networking",
    ]


def checked_server(program: Path, main: Path, data: Path) -> Command:
    """The command line of a server that only looks at its configuration."""
    where = [f"--basedir={base_folder(program)}", f"--datadir={data}", f"--tmpdir={data}"]
    return [program, f"--defaults-file={main}", *where]


def bootstrap(
    program: Path, where: Sequence[str], files: Sequence[str], accounts: Sequence[str]
) -> Initialisation:
    """A data directory made from the SQL that comes with the server."""
    return Initialisation(
        [program, "--no-defaults", "--bootstrap", "--log-warnings=0", *where],
        sql_files=files,
        sql_before="create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n",
        # The accounts for this host's own name would draw warnings from skip_name_resolve.
        sql_after="".join(
            f"delete from mysql.{table} where host <> 'localhost';\n" for table in accounts
        ),
    )
