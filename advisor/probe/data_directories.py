"""Where running database servers keep their data: servers work in their data directory."""

import os
from pathlib import Path
from typing import Final

from advisor.instance import TEMPORARY_FOLDERS, RunningServer
from advisor.probe.mounts import seen_from_here
from advisor.vendors.registry import VENDORS

DATA_DIRECTORY_FILES: Final = {
    program: vendor.data_directory_file
    for vendor in VENDORS.values()
    for program in vendor.programs
}
"""A server's program -> a file that only its data directory has."""


def on_other_devices(directory: Path) -> list[RunningServer]:
    """Servers whose data directories lie on another device than `directory`.

    Servers of other users show theirs only to root; they are left out.
    """
    found: list[RunningServer] = []
    try:
        device = directory.stat().st_dev
    except OSError:  # gone since it was measured
        return found
    for server in running():
        try:
            elsewhere = server.directory.stat().st_dev != device
        except OSError:
            continue
        if elsewhere:
            found.append(server)
    return found


def running() -> list[RunningServer]:
    """The running servers, as far as this user may see them: one for each data directory.

    Of a container's, the directory is where this host has it; one that no mount of the host shows
    is left out.
    """
    import psutil

    if not os.path.exists("/proc/self"):  # a chroot without /proc, for which psutil has no word
        return []
    found: dict[Path, RunningServer] = {}
    for process in psutil.process_iter(["pid", "name", "cmdline", "cwd", "uids"]):
        words = process.info["cmdline"] or []
        # A server started by another program (a loader, a debugger) has its name as an argument.
        names = {process.info["name"], *map(os.path.basename, words)}
        file = next(
            (DATA_DIRECTORY_FILES[name] for name in names & DATA_DIRECTORY_FILES.keys()), ""
        )
        if not file:
            continue
        directory, elsewhere = seen_from_here(process.info["pid"], process.info["cwd"] or "/")
        if directory is None or not os.path.exists(directory / file):
            continue
        if any(part.startswith(TEMPORARY_FOLDERS) for part in directory.parts):
            continue  # a temporary server of ours
        server = next(name for name in DATA_DIRECTORY_FILES if name in names)
        uids = process.info["uids"]
        known = RunningServer(
            server, directory, tuple(words[1:]), uids.real if uids else None, elsewhere
        )
        # PostgreSQL's other processes have a title in the place of a command line.
        if directory not in found or len(words) > 1:
            found[directory] = known
    return list(found.values())
