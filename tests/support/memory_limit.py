"""Processes that may have only so much memory, page cache included, by a control group."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
VERSION_1: Final = ("memory.limit_in_bytes", "memory.oom_control")
VERSION_2: Final = ("memory.max", "memory.events")
"""The limit's file, and the one that counts processes that were killed."""


class CannotLimit(Exception):  # noqa: N818 -- says what happened
    """This machine lets nobody limit memory; the text says why."""


class MemoryLimit:
    """A control group with a limit, of version 1 or 2."""

    def __init__(self, folder: Path, kills: Path) -> None:
        self.processes = folder / "cgroup.procs"
        """Where a process writes 0 to belong to it."""
        self._kills = kills

    def has_killed(self) -> bool:
        """Whether the kernel has ended one of its processes for want of memory."""
        lines = self._kills.read_text().splitlines()
        return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)


@contextmanager
def memory_limit(size_bytes: int) -> Iterator[MemoryLimit]:
    """A group for as long as the block takes; its processes must have ended by then. Raises
    CannotLimit."""
    version_1 = (ROOT / "memory").is_dir()
    limit, kills = VERSION_1 if version_1 else VERSION_2
    folder = ROOT / ("memory" if version_1 else "") / f"fsync-advisor-tests-{os.getpid()}"
    try:
        if not version_1:
            (ROOT / "cgroup.subtree_control").write_text("+memory")
        folder.mkdir()
        (folder / limit).write_text(str(size_bytes))
    except OSError as error:
        raise CannotLimit(f"no control group of memory: {error}") from error
    try:
        yield MemoryLimit(folder, folder / kills)
    finally:
        _remove(folder)


def _remove(group: Path) -> None:
    """Processes that have ended may stay in it for a moment."""
    until_s = monotonic() + 10
    while True:
        try:
            group.rmdir()
        except OSError:
            if monotonic() > until_s:
                raise
            sleep(0.05)
        else:
            return
