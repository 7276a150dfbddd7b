"""One apply at a time in a folder."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from advisor.directory import OpenDirectory
from advisor.draft import sweep_drafts
from advisor.effective_user import user_name
from advisor.errors import AdvisorError
from advisor.trusted_path import UntrustedError, close_quietly

LOCK: Final = ".fsync-advisor.lock"
"""Only who may write in the folder can open it, and so hold it; no server includes it. One that is
left behind is held by nobody."""
NOTHING_CAN_BE_WRITTEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_TRIES: Final = 100


@contextmanager
def alone_in(directory: OpenDirectory, name: str) -> Iterator[None]:
    """No other apply writes in that folder meanwhile; what one left that was killed while it wrote
    that file is gone. Raises AdvisorError where one is at work.

    Where we may not write there, nothing is locked: writing says so.
    """
    descriptor = _take(directory)
    try:
        if descriptor is not None:
            _sweep(directory, name)
        yield
    finally:
        if descriptor is not None:
            directory.discard(LOCK)
            close_quietly(descriptor)


def _sweep(directory: OpenDirectory, name: str) -> None:
    try:
        sweep_drafts(directory, name)
    except OSError as error:
        raise AdvisorError(f"{directory.path} cannot be read: {error.strerror}") from error


def _take(directory: OpenDirectory) -> int | None:
    path = directory.path / LOCK
    try:
        for _ in range(_TRIES):
            descriptor = _open(directory)
            if descriptor is None:
                return None
            try:
                if _is_held(descriptor, directory):
                    return descriptor
            except BaseException:
                close_quietly(descriptor)
                raise
            close_quietly(descriptor)  # who had it has removed it since we opened it
    except BlockingIOError as error:
        raise AdvisorError(
            f"another fsync-advisor apply is at work in {directory.path}", "wait until it is done"
        ) from error
    except OSError as error:
        raise AdvisorError(f"{path} cannot be locked: {error.strerror}") from error
    raise AdvisorError(f"{path} cannot be locked: somebody removes it all the time")


def _open(directory: OpenDirectory) -> int | None:
    """Its descriptor; None where we may not write. Raises OSError and AdvisorError."""
    try:
        return directory.open_regular(LOCK, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        if error.errno not in NOTHING_CAN_BE_WRITTEN:
            raise
    found = directory.status(LOCK)
    if found is not None:
        raise AdvisorError(
            f"{directory.path / LOCK} belongs to {user_name(found.st_uid)}, whose apply is at work"
            " or was killed",
            "wait until it is done, or remove the file",
        )
    return None


def _is_held(descriptor: int, directory: OpenDirectory) -> bool:
    """Whether it is locked by us now, and still has its name. Raises OSError and AdvisorError."""
    found = os.fstat(descriptor)
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or found.st_nlink > 1:
        raise UntrustedError(f"{directory.path / LOCK} can be held by others", "remove it")
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    named = directory.status(LOCK)
    return named is not None and os.path.samestat(named, found)
