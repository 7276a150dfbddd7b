"""A folder for one run, which nobody else can enter, rename or replace; gone afterwards.

What a killed run has left the next one removes: a folder in use is locked by who uses it.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp
from typing import BinaryIO, Final, cast

from advisor.errors import AdvisorError
from advisor.servers.installed import Account, signals_held_back

PARENT: Final = "/var/tmp"
"""On a drive, unless TMPDIR says otherwise: /tmp is often memory, which takes no O_DIRECT."""

PREFIXES: Final = ("verify-fsync-", "apply-fsync-")

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def parent_folder() -> Path:
    """Where private folders are made: on the drive that throw-away servers use."""
    return Path(os.environ.get("TMPDIR") or PARENT)


@dataclass(frozen=True, slots=True)
class PrivateFolder:
    """Ours, and its account's to enter. What is in it is made through `descriptor`."""

    path: Path
    descriptor: int
    who: Account | None
    """Whose programs work in it; None: ours, as who we are."""

    def make_folder(self, name: str, *, theirs: bool) -> Path:
        """A folder in it: the account's own, closed to all others; or ours, which it may list."""
        os.mkdir(name, 0o700, dir_fd=self.descriptor)
        if self.who is not None:
            made = os.open(name, _DIRECTORY, dir_fd=self.descriptor)
            try:
                os.fchown(made, self.who.uid if theirs else -1, self.who.gid)
                os.fchmod(made, 0o700 if theirs else 0o750)
            finally:
                os.close(made)
        return self.path / name

    def open_file(self, name: str, *, theirs: bool = False) -> BinaryIO:
        """A new file in it, unbuffered: ours, which the account may read; or its own."""
        made = os.open(name, _NEW_FILE, 0o600, dir_fd=self.descriptor)
        if self.who is not None:
            os.fchown(made, self.who.uid if theirs else -1, self.who.gid)
            os.fchmod(made, 0o400 if theirs else 0o640)
        return os.fdopen(made, "r+b", buffering=0)

    def open_unnamed(self) -> BinaryIO:
        """A file that nobody can open by a name, unbuffered."""
        return cast("BinaryIO", TemporaryFile("w+b", buffering=0, dir=self.path))


@contextmanager
def private_folder(prefix: str, who: Account | None) -> Iterator[PrivateFolder]:
    """A new one in TMPDIR. Raises AdvisorError."""
    parent = parent_folder()
    with signals_held_back():
        try:
            real = _safe(parent)
            _remove_left_behind(real)
            path, descriptor = _make(real, prefix)
        except OSError as error:
            raise AdvisorError(f"{parent} takes no temporary folder: {error.strerror}") from error
    try:
        if who is not None:
            os.fchown(descriptor, -1, who.gid)
            os.fchmod(descriptor, 0o710)
        yield PrivateFolder(path, descriptor, who)
    finally:
        with signals_held_back():
            _remove(path)
            os.close(descriptor)


def _safe(parent: Path) -> Path:
    """The folder without links. Where we are root, raises AdvisorError for one that somebody else
    could swap: one of theirs on the way, or one that all may write without the sticky bit."""
    real = Path(os.path.realpath(parent))
    if os.geteuid() != 0:
        return real
    for folder in (*reversed(real.parents), real):
        status = folder.lstat()
        others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not (
            status.st_mode & stat.S_ISVTX
        )
        if status.st_uid != 0 or others:
            raise AdvisorError(
                f"{parent} is no place for root's temporary folder:"
                f" {folder} can be changed by others than root",
                "name a folder in TMPDIR that is root's alone, or leave it out for /var/tmp",
            )
    return real


def _make(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(mkdtemp(prefix=prefix, dir=parent))
        descriptor = os.open(path, _DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if path.lstat().st_ino == os.fstat(descriptor).st_ino:
                return path, descriptor
        os.close(descriptor)  # another run took it for left behind before it was locked


def _remove_left_behind(parent: Path) -> None:
    """Removes folders of ours that nobody has locked. What is not ours stays, whatever its name."""
    for prefix in PREFIXES:
        for path in parent.glob(f"{prefix}*"):
            with suppress(OSError):
                descriptor = os.open(path, _DIRECTORY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if os.fstat(descriptor).st_uid == os.geteuid():
                        _remove(path)
                finally:
                    os.close(descriptor)


def _remove(path: Path) -> None:
    """Removes it; a program that was just ended may still have been writing there."""
    for _ in range(3):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
    shutil.rmtree(path)
