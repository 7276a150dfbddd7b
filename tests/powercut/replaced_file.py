"""A file on a drive whose power can be cut, and a durable replace of it with steps left out.

    python -m tests.powercut.replaced_file [CUTS]

prints the table of README.md: what so many cuts leave on each file system where the file's sync, or
the directory's, is left out. Needs root, /dev/fuse and loop devices.
"""

import mmap
import os
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from advisor.probe.replacing import FILE_NAME, replace_file
from tests.powercut.disk import Filesystem, mounted
from tests.powercut.volatile_disk import DRIVE
from tests.support.emulated_drive import (
    CutMode,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    mounted_drive,
)

BLOCK_BYTES: Final = 4096
OLD, NEW, ZEROS = b"o" * BLOCK_BYTES, b"n" * BLOCK_BYTES, bytes(BLOCK_BYTES)
SIZE_BYTES: Final[dict[Filesystem, int]] = {"ext4": 64 << 20, "xfs": 320 << 20}

NAMES: Final = {OLD: "the old file", NEW: "the new file", ZEROS: "zeros", b"": "an empty file"}
MOUNTED: Final[Sequence[tuple[Filesystem, Sequence[str]]]] = (
    ("ext4", ()),
    ("ext4", ("dioread_lock",)),
    ("ext4", ("noauto_da_alloc",)),
    ("xfs", ()),
)


class CuttableDirectory:
    """A directory on a drive of its own, in which a file is OLD, durably."""

    def __init__(self, drive: EmulatedDrive, place: Path, filesystem: Filesystem) -> None:
        self._drive, self._filesystem, self._room = drive, filesystem, place.parent
        self.place = place
        self.fd = os.open(place, os.O_RDONLY)
        self._cuts = 0
        replace_file(self.fd, block(OLD))

    def cut(self, mode: CutMode = "lose") -> bytes:
        """What the file has in it after the power was cut at this instant."""
        self._cuts += 1
        image = self._room / f"cut-{self._cuts}"
        self._drive.cut(image, mode, seed=self._cuts)
        return self._found(image)

    def _found(self, image: Path) -> bytes:
        with mounted(image, self._room / "after", self._filesystem) as place:
            content = (place / FILE_NAME).read_bytes()
        image.unlink()
        return content


@contextmanager
def cuttable_directory(
    program: Path, room: Path, filesystem: Filesystem, options: Sequence[str] = ()
) -> Iterator[CuttableDirectory]:
    """On a new drive, mounted under `room`. Raises CannotEmulate."""
    size_bytes = SIZE_BYTES[filesystem]
    with (
        emulated_drive(program, DRIVE, room, size_bytes=size_bytes, volatile=True) as drive,
        mounted_drive(drive, room / "data", filesystem, options) as place,
    ):
        directory = CuttableDirectory(drive, place, filesystem)
        try:
            yield directory
        finally:
            os.close(directory.fd)


def block(content: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(content))
    memory.write(content)
    return memory


@contextmanager
def syncs_left_out(is_kind: Callable[[int], bool]) -> Iterator[None]:
    """Within the block no file of that kind is synced."""
    fsync = os.fsync

    def chosen(fd: int) -> None:
        if not is_kind(os.fstat(fd).st_mode):
            fsync(fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", chosen)
        yield


def main(cuts: int = 8) -> None:
    """Prints the table."""
    kinds = {"of the file": stat.S_ISREG, "of the directory": stat.S_ISDIR}
    print("| file system | sync left out | left |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        program = compile_drive(room)
        for filesystem, options in MOUNTED:
            for kind, is_kind in kinds.items():
                left: Counter[str] = Counter()
                for _ in range(cuts):
                    with cuttable_directory(program, room, filesystem, options) as directory:
                        with syncs_left_out(is_kind):
                            replace_file(directory.fd, block(NEW))
                        left[NAMES.get(directory.cut(), "something else")] += 1
                name = ", ".join([filesystem, *(f"`{option}`" for option in options)])
                found = ", ".join(f"{what} ({count})" for what, count in left.most_common())
                print(f"| {name} | {kind} | {found} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
