"""Where running database servers keep their data: servers work in their data directory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.vendors.registry import VENDORS

DATA_DIRECTORY_FILES: Final = {
    program: vendor.data_directory_file
    for vendor in VENDORS.values()
    for program in vendor.programs
}
"""A server's program -> a file that only its data directory has."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """One running server and the directory it works in."""

    server: str
    """Its program's name."""
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

    if not os.path.exists("/proc/self"):  # a chroot without /proc, for which psutil has no word
        return []
    found = []
    for process in psutil.process_iter(["name", "cmdline", "cwd"]):
        cwd = Path(process.info["cwd"] or "/")
        # A server started by another program (a loader, a debugger) has its name as an argument.
        names = {process.info["name"], *map(os.path.basename, process.info["cmdline"] or ())}
        for server, file in DATA_DIRECTORY_FILES.items():
            if server in names and os.path.exists(cwd / file):
                found.append(DataDirectory(server, cwd))
    return found
