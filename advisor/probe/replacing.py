"""A file in the place of another, durably: the calls, and the loop that takes their time."""

import mmap
import os
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Final

from advisor.measurement import Int64Array
from advisor.probe.sampling import PAGE_BYTES, OperationError, SampleLoop, ShortWriteError

FILE_NAME: Final = "file"
NEW_NAME: Final = "file.new"
DIRECTORY_SYNC: Final = "fsync of the directory"


def replace_file(directory_fd: int, block: mmap.mmap, index: int = 0) -> None:
    """Puts a file with `block` in it in the place of the one that is there, if one is.

    A crash leaves the old file or the new one, whole, and once this has returned the new one: the
    file is synced before its name changes, and the directory after it. Raises OperationError with
    `index`, ShortWriteError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    call = "open"
    try:
        fd = os.open(NEW_NAME, flags, 0o600, dir_fd=directory_fd)
        try:
            call = "pwrite"
            written_bytes = os.pwrite(fd, block, 0)
            if written_bytes != len(block):
                raise ShortWriteError(index, written_bytes)
            call = "fsync"
            os.fsync(fd)
        finally:
            os.close(fd)
        call = "rename"
        os.rename(NEW_NAME, FILE_NAME, src_dir_fd=directory_fd, dst_dir_fd=directory_fd)
        call = DIRECTORY_SYNC
        os.fsync(directory_fd)
    except OSError as error:
        raise OperationError(call, index, error) from error


def replacer(directory_fd: int, block: mmap.mmap, stop: Sequence[object]) -> SampleLoop:
    """The loop of one that replaces a file again and again; else as `sampling.writer`."""
    words = memoryview(block).cast("Q")
    pages = range(0, len(words), PAGE_BYTES // 8)

    def sample(
        latencies_ns: Int64Array,
        first: int,
        last: int,
        enough: int,
        deadline_ns: int,
        latest_ns: int,
    ) -> int:
        for index in range(first, last):
            stamp_ns = perf_counter_ns()
            for page in pages:
                words[page] = stamp_ns
            started_ns = perf_counter_ns()
            replace_file(directory_fd, block, index)
            ended_ns = perf_counter_ns()
            latencies_ns[index] = ended_ns - started_ns
            if stop:
                return index + 1
            if ended_ns >= deadline_ns and (index + 1 >= enough or ended_ns >= latest_ns):
                return index + 1
        return last

    return sample
