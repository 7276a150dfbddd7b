"""Where running database servers keep their data: servers work in their data directory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MARKERS: Final = {"mysqld": "ibdata1", "mariadbd": "ibdata1", "postgres": "PG_VERSION"}
"""A server's name -> a file that only its data directory has."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """One running server and the directory it works in."""

    server: str
    directory: Path


def on_other_devices(directory: Path) -> list[DataDirectory]:
    """Data directories of running servers that lie on another device than `directory`.

    Servers of other users show theirs only to root; they are left out.
    """
    device = directory.stat().st_dev
    found: dict[Path, DataDirectory] = {}
    for server in running():
        try:
            elsewhere = server.directory.stat().st_dev != device
        except OSError:
            continue
        if elsewhere:
            found.setdefault(server.directory, server)
    return list(found.values())


def running() -> list[DataDirectory]:
    """The data directories of running servers, as far as this user may see them."""
    import psutil

    found = []
    for process in psutil.process_iter(["name", "cmdline", "cwd"]):
        cwd = Path(process.info["cwd"] or "/")
        # A server started by another program (a loader, a debugger) has its name as an argument.
        names = {process.info["name"], *map(os.path.basename, process.info["cmdline"] or ())}
        for server, marker in MARKERS.items():
            if server in names and os.path.exists(cwd / marker):
                found.append(DataDirectory(server, cwd))
    return found
