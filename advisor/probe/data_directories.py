"""Where running database servers keep their data: servers work in their data directory."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from advisor.errors import AdvisorError
from advisor.instance import TEMPORARY_FOLDERS, Reached, RunningServer
from advisor.model import Known, Unknown
from advisor.probe.mounts import seen_from_here
from advisor.vendors.registry import VENDORS

DATA_DIRECTORY_FILES: Final = {
    program: vendor.data_directory_file
    for vendor in VENDORS.values()
    for program in vendor.programs
}
"""A server's program -> a file that only its data directory has."""
ATTRIBUTES: Final = ("pid", "name", "cmdline", "cwd", "uids")
"""What is asked of a process."""


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
    for process in psutil.process_iter(ATTRIBUTES):
        known = _server_of(process.info)
        if known is None or any(
            part.startswith(TEMPORARY_FOLDERS) for part in known.directory.parts
        ):
            continue  # no server, or a temporary one of ours
        # PostgreSQL's other processes have a title in the place of a command line.
        if known.directory not in found or known.arguments:
            found[known.directory] = known
    return list(found.values())


def server_behind(reached: Reached) -> Known[RunningServer]:
    """The server that is reached on this host, or why it is not known which that is.

    Raises AdvisorError where another program listens: a tunnel to another host.
    """
    import psutil

    process_id = reached.process_id
    if reached.loopback_port is not None:
        process_id = _listening_at(reached.loopback_port)
    if process_id is None:
        return Unknown(unknown="the kernel does not tell this account which process answers")
    try:
        seen = psutil.Process(process_id).as_dict(ATTRIBUTES)
    except psutil.Error:
        return Unknown(unknown="the process that answered has ended")
    if not _names(seen) & DATA_DIRECTORY_FILES.keys():
        if process_id == 1:  # systemd listens for the server that it starts
            return Unknown(
                unknown="the server was started for its socket, so which it is is not told"
            )
        raise AdvisorError(f"{seen['name']} listens there, which is no server")
    known = _server_of(seen)
    if known is None:
        return Unknown(unknown="this account may not see in which directory the server works")
    return known


def _listening_at(port: int) -> int | None:
    import psutil

    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return None
    for each in sockets:
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port:
            return each.pid
    return None


def _server_of(seen: Mapping[str, Any]) -> RunningServer | None:
    """None where a process is none, or does not show its directory. `seen`: its ATTRIBUTES."""
    words, names = seen["cmdline"] or [], _names(seen)
    server = next((name for name in DATA_DIRECTORY_FILES if name in names), "")
    if not server:
        return None
    directory, elsewhere = seen_from_here(seen["pid"], seen["cwd"] or "/")
    if directory is None or not os.path.exists(directory / DATA_DIRECTORY_FILES[server]):
        return None
    user_id = seen["uids"].real if seen["uids"] else None
    return RunningServer(server, directory, tuple(words[1:]), user_id, elsewhere)


def _names(seen: Mapping[str, Any]) -> set[str]:
    """A server started by another program (a loader, a debugger) has its name as an argument."""
    return {seen["name"], *map(os.path.basename, seen["cmdline"] or [])}
