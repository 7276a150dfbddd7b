"""Test files that cannot be left behind: they have no name, or lose it at once.

But on file systems whose sync leaves out what has no name (NEEDS_NAME), and in a directory for what
needs names: there they keep it until the end, and only a process that is killed leaves them behind.
"""

import errno
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from advisor.errors import AdvisorError
from advisor.interruption import signals_held_back
from advisor.probe.failures import failed

NO_TMPFILE: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL)
"""How file systems and old kernels say that they have no O_TMPFILE."""

NEEDS_NAME: Final = ("btrfs", "zfs")
"""A file without a name is gone after a crash, so that these log nothing of it, and flush nothing:
btrfs_log_inode_parent of Linux's fs/btrfs/tree-log.c (all but the newest), zfs_log_write of
OpenZFS's module/zfs/zfs_log.c."""

REMOVED_WITHIN_S: Final = 2


class Scratch:
    """Makes test files in one directory; closes them, and with that frees them, at the end.

    It opens nothing that exists but the directory itself.
    """

    def __init__(self, directory: Path) -> None:
        """Raises AdvisorError when `directory` cannot be opened."""
        self.directory = directory
        self._stack = ExitStack()
        try:
            self._directory_fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise failed("open", error, directory) from error
        self._stack.callback(os.close, self._directory_fd)
        self._device = os.fstat(self._directory_fd).st_dev

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def free_bytes(self) -> int | None:
        """What an unprivileged user may still write there; None if the file system won't say."""
        space = os.fstatvfs(self._directory_fd)
        return space.f_bavail * space.f_frsize if space.f_blocks else None

    def require_free(self, planned_bytes: int, reserve_bytes: int) -> None:
        """Raises AdvisorError unless twice `planned_bytes` and the reserve are free."""
        free_bytes = self.free_bytes()
        needed_bytes = 2 * planned_bytes + reserve_bytes
        if free_bytes is not None and free_bytes < needed_bytes:
            raise AdvisorError(
                f"not enough space on {self.directory}: {free_bytes >> 20} MiB free,"
                f" {(needed_bytes >> 20) + 1} MiB needed (twice the test files, and a reserve)",
                "make room there; nothing has been written",
            )

    def create(self) -> int:
        """A new, empty file, nameless where that does no harm, open for reading and writing; its
        descriptor.

        Raises AdvisorError when none can be made in the directory.
        """
        try:
            fd = self._create_named() if self._filesystem() in NEEDS_NAME else self._create()
        except OSError as error:
            raise failed("creating a test file", error, self.directory) from error
        self._stack.callback(os.close, fd)
        self._check(fd)
        return fd

    def create_directory(self, names: Sequence[str]) -> int:
        """A new, empty directory that nobody else may enter; its descriptor.

        It goes at the end, with files of these names; only a process that is killed leaves it
        behind. Raises AdvisorError when none can be made.
        """
        name = f".fsync-advisor-{secrets.token_hex(8)}"
        try:
            with signals_held_back():
                os.mkdir(name, 0o700, dir_fd=self._directory_fd)
                self._stack.callback(self._tidy, name)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                fd = os.open(name, flags, dir_fd=self._directory_fd)
                self._stack.callback(os.close, fd)
        except OSError as error:
            raise failed("creating a test directory", error, self.directory) from error
        if os.listdir(fd):
            raise AdvisorError(f"the test directory made in {self.directory} is not empty")
        for each in names:
            self._stack.callback(_unlink, each, fd)
        with suppress(OSError):  # for left_behind
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd

    def left_behind(self) -> tuple[int, int]:
        """Files and directories of runs that were killed, and the bytes of all files; a run that
        goes on has locked its own.

        What cannot be opened is left out: it may be in use.
        """
        count, size_bytes = 0, 0
        for name in self._names():
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with suppress(OSError):
                fd = os.open(name, flags, dir_fd=self._directory_fd)
                try:
                    fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    found_bytes = _size_bytes(fd)
                finally:
                    os.close(fd)
                if found_bytes is not None:
                    count, size_bytes = count + 1, size_bytes + found_bytes
        return count, size_bytes

    def _names(self) -> list[str]:
        try:
            names = os.listdir(self.directory)
        except OSError:
            return []
        return [name for name in names if re.fullmatch(r"\.fsync-advisor-[0-9a-f]{16}", name)]

    def reopen(self, fd: int, flags: int) -> int:
        """A second descriptor of the test file `fd`, opened for writing with `flags`.

        Raises OSError: a refusal, of O_DIRECT for instance, is for the caller to judge.
        """
        second_fd = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC | flags)
        self._stack.callback(os.close, second_fd)
        return second_fd

    def _create(self) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_TMPFILE
        try:
            return os.open(".", flags, 0o600, dir_fd=self._directory_fd)
        except OSError as error:
            if error.errno not in NO_TMPFILE:
                raise
        with signals_held_back():
            with self._private_directory() as private_fd:
                fd = _nameless("sync", private_fd)
                if not os.listdir(private_fd):
                    return fd
                # NFS and FUSE keep an open file under a name of their own until it is closed, and
                # the directory as long.
                os.close(fd)
            return _nameless(f".fsync-advisor-{secrets.token_hex(8)}", self._directory_fd)

    def _create_named(self) -> int:
        name = f".fsync-advisor-{secrets.token_hex(8)}"
        with signals_held_back():
            fd = _new(name, self._directory_fd)
            self._stack.callback(_unlink, name, self._directory_fd)
        with suppress(OSError):  # for left_behind
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd

    @contextmanager
    def _private_directory(self) -> Iterator[int]:
        """A fresh directory nobody else may enter; gone when the block ends."""
        name = f".fsync-advisor-{secrets.token_hex(8)}"
        os.mkdir(name, 0o700, dir_fd=self._directory_fd)
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            private_fd = os.open(name, flags, dir_fd=self._directory_fd)
            try:
                yield private_fd
            finally:
                os.close(private_fd)
        finally:
            self._remove(name)

    def _tidy(self, name: str) -> None:
        with suppress(OSError):  # the next run tells of what stays
            self._remove(name)

    def _remove(self, name: str) -> None:
        """An empty directory; NFS and FUSE may take a moment to see that it is."""
        until_s = time.monotonic() + REMOVED_WITHIN_S
        while True:
            try:
                return os.rmdir(name, dir_fd=self._directory_fd)
            except OSError as error:
                if error.errno != errno.ENOTEMPTY or time.monotonic() > until_s:
                    raise
            time.sleep(0.01)

    def _check(self, fd: int) -> None:
        made = os.fstat(fd)
        if not stat.S_ISREG(made.st_mode):
            raise AdvisorError(f"the test file made in {self.directory} is not a regular file")
        if made.st_dev != self._device and not self._on_overlay():
            raise AdvisorError(
                f"the test file made in {self.directory} is on another device"
                f" ({_number(made.st_dev)}, the directory on {_number(self._device)})",
                "name the directory where the database's files are",
            )

    def _on_overlay(self) -> bool:
        """An overlay shows its own device for directories, and the upper layer's for files."""
        return self._filesystem() == "overlay"

    def _filesystem(self) -> str | None:
        from advisor.probe.mounts import mount_of

        mount = mount_of(os.path.realpath(self.directory), self._device)
        return mount.filesystem if mount else None


def _unlink(name: str, directory_fd: int) -> None:
    with suppress(OSError):  # somebody else tidied up; or the next run tells of what stays
        os.unlink(name, dir_fd=directory_fd)


def _size_bytes(fd: int) -> int | None:
    """Of a file, or of the files in a directory; None of anything else. Raises OSError."""
    found = os.fstat(fd)
    if stat.S_ISDIR(found.st_mode):
        files = (os.stat(name, dir_fd=fd, follow_symlinks=False) for name in os.listdir(fd))
        return sum(file.st_size for file in files)
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _nameless(name: str, directory_fd: int) -> int:
    """A new file, which loses its name at once."""
    fd = _new(name, directory_fd)
    os.unlink(name, dir_fd=directory_fd)
    return fd


def _new(name: str, directory_fd: int) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.open(name, flags, 0o600, dir_fd=directory_fd)


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"
