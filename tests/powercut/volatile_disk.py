"""A drive with a cache of its own, of which a power cut keeps as much as chance has it.

The second way to cut: disk.py's drive keeps whatever it was given; this one only what was flushed,
and of the rest in turn nothing, its oldest writes, any of its writes, any of their sectors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import monotonic
from typing import Final, get_args

from tests.powercut.disk import DISK_BYTES, CannotRehearse, Cut, Disk, Filesystem
from tests.support.emulated_drive import (
    CannotEmulate,
    CutMode,
    DriveProfile,
    EmulatedDrive,
    compile_drive,
    emulated_drive,
    mounted_drive,
)

CACHE_BYTES: Final = 32 << 20
MAX_WAIT_MS: Final = 2000
"""For a write: a cut that finds the cache empty shows nothing."""

DRIVE: Final = DriveProfile.model_validate(
    {
        "name": "volatile",
        "summary": "A drive whose cache is lost with the power",
        "sources": [
            "our choice: a flush takes 0.5 ms, so that most of the time something is in the cache"
        ],
        "queue_depth": 32,
        "latency": {"read_us": [[0.5, 0]], "write_us": [[0.5, 0]], "flush_us": [[0.5, 500]]},
        "cache": {"cache_bytes": CACHE_BYTES},
        "expected": {"sync_us": 500},
    }
)


class VolatileDisk(Disk):
    """A new file system on an emulated drive, mounted at `place`."""

    def __init__(self, room: Path, name: str, filesystem: Filesystem, *, seed: int) -> None:
        super().__init__(room, name, filesystem)
        self._room = room
        self._drive: EmulatedDrive | None = None
        self._seed = seed
        self._modes: Iterator[CutMode] = cycle(get_args(CutMode))
        self.held: list[int] = []
        """How many writes were in the cache at each cut."""

    @contextmanager
    def plugged_in(self) -> Iterator[Path]:
        """Mounted for as long as the block takes."""
        try:
            program = compile_drive(self._room.parent)
            with (
                emulated_drive(
                    program, DRIVE, self._room, size_bytes=DISK_BYTES, volatile=True
                ) as drive,
                mounted_drive(drive, self._point, self.filesystem) as place,
            ):
                self._drive = drive
                yield place
        except CannotEmulate as error:
            raise CannotRehearse(str(error)) from error

    def cut(self, image: Path) -> Cut:
        """The drive, as soon as its cache has something, without what it loses."""
        if self._drive is None:
            raise ValueError("the drive is not plugged in")
        self._seed += 1
        cut = self._drive.cut(image, next(self._modes), seed=self._seed, wait_ms=MAX_WAIT_MS)
        self.held.append(cut.held)
        return Cut(image, cut.at_s, monotonic())
