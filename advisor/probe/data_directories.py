"""Where running database servers keep their data: servers work in their data directory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVER_NAMES: Final = ("mysqld", "mariadbd", "postgres")


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
    for one in running():
        try:
            elsewhere = one.directory.stat().st_dev != device
        except OSError:
            continue
        if elsewhere and one.directory != Path("/"):
            found.setdefault(one.directory, one)
    return list(found.values())


def running() -> list[DataDirectory]:
    """The data directories of running servers, as far as this user may see them."""
    import psutil

    found = []
    for process in psutil.process_iter(["name", "cwd"]):
        name, cwd = process.info["name"], process.info["cwd"]
        if name in SERVER_NAMES and cwd and os.path.isdir(cwd):
            found.append(DataDirectory(name, Path(cwd)))
    return found
