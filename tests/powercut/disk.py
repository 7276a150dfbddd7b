"""A drive whose power can be cut: a file system on a loop device, on a file that can be cloned.

    with shelf() as room:
        disk = Disk(room, "drive", "ext4")
        with disk.plugged_in() as place:
            ...                             # a server runs in the folder `place`
            cut = disk.cut(room / "cut-1")  # the drive as it is at this instant
        with mounted(cut.image, room.parent / "after", "ext4") as place:
            ...                             # what it finds when it starts again

The file lies on an XFS, where a clone shares all blocks, takes milliseconds and is atomic: nobody
writes meanwhile. What the server's file system had sent to the drive is in the clone, flushed or
not; what was only in the file system's memory is not. So this drive keeps whatever it was given,
as if it had power-loss protection; a cut that also empties a drive's own cache is not rehearsed.

Needs root. The mounts are this process's own, and vanish with it, however it ends.
"""

import ctypes
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from tests.servers.account import private_folder

Filesystem = Literal["ext4", "xfs"]

MAKE: Final[dict[Filesystem, tuple[str, ...]]] = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
}
OPTIONS: Final[dict[Filesystem, str]] = {
    "ext4": "loop",
    "xfs": "loop,nouuid",  # a clone has the original's identity
}
SHELF_BYTES: Final = 16 << 30
DISK_BYTES: Final = 2 << 30
"""Both are sparse: they take what is written."""

FICLONE: Final = 0x40049409
"""linux/fs.h"""

CLONE_NEWNS: Final = 0x00020000
"""linux/sched.h"""
MS_REC, MS_PRIVATE = 0x4000, 0x40000
"""linux/mount.h"""


class CannotRehearse(Exception):  # noqa: N818 -- says what happened
    """This machine cannot do it; the text says why."""


@cache
def own_mounts() -> None:
    """From now on this process has its mounts to itself; they go when it and its children do."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        raise CannotRehearse(f"no mounts of our own: {os.strerror(ctypes.get_errno())}")


@contextmanager
def shelf() -> Iterator[Path]:
    """A folder on an XFS of our own, on which files can be cloned."""
    if os.geteuid() != 0:
        raise CannotRehearse("mounting needs root")
    for tool in (MAKE["ext4"][0], MAKE["xfs"][0], "mount", "umount", "sync"):
        if shutil.which(tool) is None:
            raise CannotRehearse(f"{tool} is not installed")
    own_mounts()
    with private_folder(of_account=False) as folder:
        image = folder / "shelf.xfs"
        make_filesystem(image, "xfs", SHELF_BYTES)
        with mounted(image, folder / "shelf", "xfs") as room:
            yield room


def make_filesystem(image: Path, filesystem: Filesystem, size_bytes: int) -> None:
    """A new file with a new file system in it."""
    with image.open("wb") as file:
        file.truncate(size_bytes)
    run_tool(*MAKE[filesystem], str(image))


@contextmanager
def mounted(image: Path, point: Path, filesystem: Filesystem, options: str = "") -> Iterator[Path]:
    """A file's file system, mounted for a while; its journal is replayed, as after a power cut."""
    point.mkdir()
    try:
        all_options = ",".join(filter(None, (OPTIONS[filesystem], options)))
        run_tool("mount", "-t", filesystem, "-o", all_options, str(image), str(point))
        try:
            yield point
        finally:
            _unmount(point)
    finally:
        point.rmdir()


def _unmount(point: Path) -> None:
    """A server just killed may still be going."""
    for _ in range(50):
        done = subprocess.run(["umount", str(point)], capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    run_tool("umount", str(point))


@dataclass(frozen=True)
class Cut:
    """A drive as it was at one instant, between two readings of the clock."""

    image: Path
    began_s: float
    ended_s: float
    """time.monotonic()"""


class Disk:
    """A new file system in a file on the shelf, mounted at `place`."""

    def __init__(self, room: Path, name: str, filesystem: Filesystem) -> None:
        self.filesystem: Filesystem = filesystem
        self.image = room / f"{name}.{filesystem}"
        self._point = room.parent / name

    @contextmanager
    def plugged_in(self) -> Iterator[Path]:
        """Mounted for as long as the block takes; the file is gone afterwards."""
        make_filesystem(self.image, self.filesystem, DISK_BYTES)
        try:
            with mounted(self.image, self._point, self.filesystem) as place:
                yield place
        finally:
            self.image.unlink()

    def settle(self) -> None:
        """Everything written so far is on the drive."""
        run_tool("sync", "--file-system", str(self._point))

    def cut(self, image: Path) -> Cut:
        """Clones the drive. The shelf writes out its own memory first, so that this is quick."""
        with self.image.open("rb") as source, image.open("wb") as target:
            os.fdatasync(source.fileno())
            began_s = time.monotonic()
            fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
            return Cut(image, began_s, time.monotonic())


def run_tool(*command: str) -> None:
    """Runs a program of the system. Raises CannotRehearse with what it says."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())
        raise CannotRehearse(f"{' '.join(command)} does not work here: {said}") from error
