"""Which server is installed here: by its banner, never by its name (mysqld may be MariaDB)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError, UsageError
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS, vendor_of_banner
from advisor.versions import NumericVersion

FOLDERS: Final = (
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/mysql/bin",
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
)
"""Where packages put servers, beyond PATH."""

BANNER_TIMEOUT_S: Final = 5


@dataclass(frozen=True, slots=True)
class Installed:
    """A server found on this host."""

    vendor: VendorName
    version: NumericVersion
    program: Path


def find_installed(
    vendor: VendorName, root: Path = Path("/"), series: NumericVersion = ()
) -> Installed | None:
    """The newest server of that vendor, or of one release series, installed on this host."""
    found = [
        Installed(vendor, named[1], program)
        for program in _programs(vendor, root)
        if (named := vendor_of_banner(ask(program, "--version"))) and named[0] == vendor
        if named[1][: len(series)] == series
    ]
    return max(found, key=lambda installed: installed.version, default=None)


def require_server(vendor: VendorName, program: Path | None) -> Installed:
    """The program named, or the newest installed. Raises UsageError or AdvisorError."""
    name = VENDORS[vendor].title
    if program is None:
        if installed := find_installed(vendor):
            return Installed(vendor, installed.version, installed.program.resolve())
        raise AdvisorError(
            f"no {name} server is installed here",
            f"install {VENDORS[vendor].package}, or name a server with --server",
        )
    named = vendor_of_banner(ask(program.absolute(), "--version"))
    if named is None or named[0] != vendor:
        other = f": it is {VENDORS[named[0]].title}" if named else ""
        raise UsageError(f"{program} is no {name} server{other}")
    return Installed(vendor, named[1], program.resolve())


def _programs(vendor: VendorName, root: Path) -> Iterator[Path]:
    seen = set()
    for name in VENDORS[vendor].programs:
        on_path = shutil.which(name)
        candidates = [Path(on_path)] if on_path else []
        for folder in FOLDERS:
            candidates += sorted(root.glob(f"{folder.lstrip('/')}/{name}"))
        for program in candidates:
            if (real := program.resolve()) not in seen:
                seen.add(real)
                yield program


def ask(program: Path, *arguments: str, complaint: bool = False) -> str:
    """What the program says to a simple question, or what it complains of; empty if nothing."""
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if complaint else subprocess.PIPE,
            stderr=subprocess.PIPE if complaint else subprocess.DEVNULL,
            timeout=BANNER_TIMEOUT_S,
            check=False,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stderr if complaint else done.stdout
