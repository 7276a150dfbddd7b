"""What the clients of MySQL and MariaDB are told by the user's option files and the environment."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.files import read_bytes
from advisor.vendors import option_files
from advisor.vendors.base import Vendor
from advisor.vendors.syntax import Inclusion, Line

VARIABLES: Final = {
    "MYSQL_HOST": "host",
    "MYSQL_TCP_PORT": "port",
    "MYSQL_UNIX_PORT": "socket",
    "MYSQL_PWD": "password",
}
"""MySQL manual, "Environment Variables". Weaker than any file."""

SYSTEM_FILES: Final = (Path("/etc/my.cnf"), Path("/etc/mysql/my.cnf"))

PREFIXES: Final = {"skip-": "0", "disable-": "0", "enable-": "1"}
"""How a switch may be written, and which value that is."""

INCLUSIONS_MAX: Final = 10
"""So deep may files include each other, as in mysys/my_default.c."""


def client_options(vendor: Vendor) -> dict[str, str]:
    """Option -> value, named as in option files with "-". Values may hold any byte, escaped by
    surrogates. ~/.mylogin.cnf, which is encrypted, is not read.
    """
    found = {option: os.environ[name] for name, option in VARIABLES.items() if name in os.environ}
    for path in _files(vendor):
        for option in read_options(path):
            if option.group in vendor.client_groups:
                name, value = _switched(option)
                found[name] = value
    return found


def login_name() -> str:
    """Who one is for a server where nothing else says."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in a container that was given just a number
        return os.environ.get("USER", "")


def _files(vendor: Vendor) -> Iterator[Path]:
    """The vendor's files, the strongest last."""
    yield from SYSTEM_FILES
    yield from [
        Path(os.environ[name], "my.cnf") for name in vendor.client_homes if os.environ.get(name)
    ][:1]
    if home := os.environ.get("HOME"):
        yield Path(home, ".my.cnf")


def read_options(path: Path, depth: int = 0) -> Iterator[Line]:
    """The options of a file and of those that it includes; none of a file that is not to be read:
    not there, closed to us, or writable for everybody, which the clients ignore, too."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) or mode & stat.S_IWOTH:
            return
        text = read_bytes(path).decode("utf-8", "surrogateescape")
    except (OSError, AdvisorError):
        return
    for line in option_files.statements(text, cut=True):
        if isinstance(line, Line):
            yield line
        elif isinstance(line, Inclusion) and depth < INCLUSIONS_MAX:
            for included in _included(line):
                yield from read_options(included, depth + 1)


def _included(line: Inclusion) -> list[Path]:
    if line.of == "file":
        return [Path(line.target)]
    try:
        return sorted(path for path in Path(line.target).iterdir() if path.suffix == ".cnf")
    except OSError:
        return []


def _switched(option: Line) -> tuple[str, str]:
    """Name and value; a switch that stands alone is on, and its opposites are values of it."""
    name = option.name.lower().removeprefix("loose_").replace("_", "-")
    for prefix, value in PREFIXES.items():
        if name.startswith(prefix) and option.value is None:
            return name.removeprefix(prefix), value
    return name, "1" if option.value is None else option.value
