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
from advisor.versions import NumericVersion, format_version

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
MAX_SAID: Final = 300
"""So many of a program's last words are shown."""


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


def find_relative(vendor: VendorName, root: Path = Path("/")) -> Installed | None:
    """The newest server here that reads the same files as that vendor's, and is another's."""
    engine = VENDORS[vendor].engine
    others = (each.name for each in VENDORS.values() if each.engine == engine)
    found = (find_installed(other, root) for other in others if other != vendor)
    return max(filter(None, found), key=lambda installed: installed.version, default=None)


def none_installed(vendor: VendorName, series: NumericVersion = ()) -> AdvisorError:
    """What to tell who needs a server of that vendor, or of one release series, and has none."""
    if not find_installed(vendor) and (other := find_relative(vendor)):
        return UsageError(which_it_is(other), f"did you mean --db {other.vendor}?")
    server = VENDORS[vendor]
    name = f"{server.title} {format_version(series)}".rstrip()
    return AdvisorError(
        f"no {name} server is installed here",
        f"install {server.package}, or name a server with --server",
    )


def which_it_is(installed: Installed) -> str:
    """Says whose server a program is, for its name may be another's."""
    name = f"{VENDORS[installed.vendor].title} {format_version(installed.version)}"
    return f"the {installed.program.name} here is {name}"


def require_server(vendor: VendorName, program: Path | None) -> Installed:
    """The program named, or the newest installed. Raises UsageError or AdvisorError."""
    name = VENDORS[vendor].title
    if program is None:
        if installed := find_installed(vendor):
            return Installed(vendor, installed.version, installed.program.resolve())
        raise none_installed(vendor)
    named = vendor_of_banner(_banner(program.absolute()))
    if named is None or named[0] != vendor:
        other = f": it is {VENDORS[named[0]].title}" if named else ""
        hint = f"did you mean --db {named[0]}?" if named else ""
        raise UsageError(f"{program} is no {name} server{other}", hint)
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
        done = _answer(program, *arguments)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stderr if complaint else done.stdout


def _answer(program: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Raises OSError or subprocess.TimeoutExpired."""
    return subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BANNER_TIMEOUT_S,
        check=False,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
    )


def _banner(program: Path) -> str:
    """What the program that somebody named says of itself. Raises AdvisorError."""
    try:
        done = _answer(program, "--version")
    except OSError as error:
        raise AdvisorError(f"{program} cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise AdvisorError(
            f"{program} did not answer --version within {BANNER_TIMEOUT_S} s"
        ) from error
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[-MAX_SAID:] or f"exit status {done.returncode}"
        raise AdvisorError(f"{program} --version failed: {words}")
    return done.stdout
