"""timing.c as a library: when an emulated drive is done with a request, on a clock of one's own."""

import ctypes
import heapq
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.support.emulated_drive.drive import run_tool
from tests.support.emulated_drive.profiles import DriveProfile

READ, WRITE, FLUSH = range(3)
US: Final = 1_000
S: Final = 1_000_000_000


def compile_timing(folder: Path) -> Path:
    """The library, compiled into `folder`. Raises CannotEmulate."""
    library = folder / "timing.so"
    source = Path(__file__).with_name("timing.c")
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    run_tool("gcc", *options, str(source), "-lm")
    return library


class DriveTiming:
    """One drive, whose clock stands at 0 until a request is made."""

    def __init__(self, library: Path, profile: DriveProfile, size_bytes: int) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.timing_bytes.restype = ctypes.c_uint64
        self._library.timing_done_ns.restype = ctypes.c_int64
        self._timing = ctypes.create_string_buffer(self._library.timing_bytes())
        self._library.timing_init(self._timing, ctypes.c_uint64(size_bytes))
        for figure in profile.figures():
            self.configure(figure)
        self._library.timing_start(self._timing, ctypes.c_int64(0))

    def configure(self, figure: str) -> None:
        """One more figure. Raises ValueError for what is none."""
        if self._library.timing_configure(self._timing, figure.encode()):
            raise ValueError(f"timing.c does not know {figure!r}")

    def exhaust(self, now_ns: int) -> None:
        """From now on as after a long load."""
        self._library.timing_exhaust(self._timing, ctypes.c_int64(now_ns))

    def done_ns(self, kind: int, offset: int, size_bytes: int, now_ns: int) -> int:
        """When a request that arrives at `now_ns` is done."""
        done: int = self._library.timing_done_ns(
            self._timing,
            kind,
            ctypes.c_uint64(offset),
            ctypes.c_uint64(size_bytes),
            ctypes.c_int64(now_ns),
        )
        return done

    def synced_us(self, count: int, *, offset: int = 1 << 20) -> list[float]:
        """The times of that many overwrites of 4 KiB with a flush each, one after another."""
        times_us, now_ns = [], 0
        for _ in range(count):
            written_ns = self.done_ns(WRITE, offset, 4096, now_ns)
            done_ns = self.done_ns(FLUSH, 0, 0, written_ns)
            times_us.append((done_ns - now_ns) / US)
            now_ns = done_ns
        return times_us

    def finished_ns(
        self, kind: int, offsets: Iterable[int], size_bytes: int, *, at_once: int
    ) -> list[int]:
        """When each of the requests is done, of which so many are under way at all times."""
        under_way = [0] * at_once
        finished = []
        for offset in offsets:
            now_ns = heapq.heappop(under_way)
            finished.append(self.done_ns(kind, offset, size_bytes, now_ns))
            heapq.heappush(under_way, finished[-1])
        return finished
