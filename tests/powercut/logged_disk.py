"""A drive that keeps no more than was flushed: device-mapper writes down every write in its order.

The third way to cut, for a machine that has dm-log-writes (tests/machine): a write enters the log
when a flush after it, or its own FUA, is done. What stands in the log before a mark is therefore
what a drive with a cache must have kept at that instant, and no more; it is played back onto a copy
of the drive.

The log's format: https://docs.kernel.org/admin-guide/device-mapper/log-writes.html
"""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.powercut.disk import MAKE, CannotRehearse, Cut, Disk, Filesystem, run_tool

SECTOR_BYTES: Final = 512
"""The log says its own; ours is made of disks with this one."""
SUPER_BLOCK: Final = struct.Struct("<QQQI")
MAGIC: Final = 0x6A736677736872
ENTRY: Final = struct.Struct("<QQQQ")
"""Sector, sectors, flags, bytes of text."""
DISCARD: Final = 1 << 2
MARK: Final = 1 << 3

MAPPED: Final = "fsync-advisor-logged"
MARK_LIMIT_S: Final = 30


class Entry(NamedTuple):
    """One line of the log."""

    sector: int
    """Where it was written."""
    data: bytes
    mark: str
    """"" where it is no mark."""


class WriteLog:
    """The log as it grows. An entry that is not there yet is all zeros, as the disk was."""

    def __init__(self, device: Path) -> None:
        self._device = device
        self._next = 1  # after the super block

    def entries(self) -> Iterator[Entry]:
        """What has come since the last time."""
        # Not through the page cache of an earlier look.
        log = os.open(self._device, os.O_RDONLY)
        try:
            os.posix_fadvise(log, 0, 0, os.POSIX_FADV_DONTNEED)
            magic, *_ = SUPER_BLOCK.unpack(os.pread(log, SUPER_BLOCK.size, 0))
            if magic != MAGIC:
                return
            while True:
                head = os.pread(log, SECTOR_BYTES, self._next * SECTOR_BYTES)
                sector, sectors, flags, text_bytes = ENTRY.unpack(head[: ENTRY.size])
                if not (sectors or flags):
                    return
                text = head[ENTRY.size : ENTRY.size + text_bytes].decode(errors="replace")
                held = 0 if flags & DISCARD else sectors
                data = os.pread(log, held * SECTOR_BYTES, (self._next + 1) * SECTOR_BYTES)
                self._next += 1 + held
                yield Entry(sector, data, text.rstrip("\0") if flags & MARK else "")
        finally:
            os.close(log)


class LoggedDisk(Disk):
    """A new file system on a disk whose writes are logged, mounted at `place`."""

    def __init__(
        self, room: Path, name: str, filesystem: Filesystem, *, base: Path, log: Path
    ) -> None:
        super().__init__(room, name, filesystem)
        self._base = base
        self._log = log
        self._copy = room / f"{name}.copy"
        self._cuts = 0
        self.played = 0
        """Writes that were played back so far."""

    @contextmanager
    def plugged_in(self) -> Iterator[Path]:
        """Mounted for as long as the block takes."""
        for device in (self._base, self._log):
            run_tool("blkdiscard", "--force", "--zeroout", str(device))
        size_bytes = _size_bytes(self._base)
        with self._copy.open("wb") as file:
            file.truncate(size_bytes)
        self._written = WriteLog(self._log)
        table = f"0 {size_bytes // SECTOR_BYTES} log-writes {self._base} {self._log}"
        run_tool("dmsetup", "create", MAPPED, "--table", table)
        mapped = f"/dev/mapper/{MAPPED}"
        try:
            run_tool(*MAKE[self.filesystem], mapped)
            self._point.mkdir()
            run_tool("mount", mapped, str(self._point))
            try:
                yield self._point
            finally:
                run_tool("umount", str(self._point))
        finally:
            run_tool("dmsetup", "remove", "--retry", MAPPED)
            self._copy.unlink()

    def cut(self, image: Path) -> Cut:
        """What the drive must have at this instant."""
        self._cuts += 1
        mark = f"cut-{self._cuts}"
        began_s = time.monotonic()
        run_tool("dmsetup", "message", MAPPED, "0", "mark", mark)
        ended_s = time.monotonic()
        self._play(mark)
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", self._copy, image], check=True)
        return Cut(image, began_s, ended_s)

    def _play(self, mark: str) -> None:
        """Plays back what comes before the mark."""
        until_s = time.monotonic() + MARK_LIMIT_S
        with self._copy.open("r+b") as copy:
            while time.monotonic() < until_s:
                for entry in self._written.entries():
                    if entry.mark == mark:
                        return
                    copy.seek(entry.sector * SECTOR_BYTES)
                    copy.write(entry.data)
                    self.played += bool(entry.data)
                time.sleep(0.05)
        raise CannotRehearse(f"the log of writes has no {mark} after {MARK_LIMIT_S} s")


def _size_bytes(device: Path) -> int:
    file = os.open(device, os.O_RDONLY)
    try:
        return os.lseek(file, 0, os.SEEK_END)
    finally:
        os.close(file)


def can_log() -> bool:
    """Whether this machine has what it takes."""
    if shutil.which("dmsetup") is None:
        return False
    targets = subprocess.run(["dmsetup", "targets"], capture_output=True, text=True)
    return targets.returncode == 0 and "log-writes" in targets.stdout
