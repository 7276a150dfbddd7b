"""A new file written beside the one whose place it takes, and put there in one step."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from advisor.directory import OpenDirectory
from advisor.trusted_path import UntrustedError, close_quietly

DRAFT_SUFFIX: Final = ".draft"
"""No server includes a file that is called so."""
NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP)
"""How file systems such as vfat say that they have none."""
_TRIES: Final = 100


@contextmanager
def draft(
    directory: OpenDirectory, name: str, content: bytes, dress: Callable[[int], None]
) -> Iterator[str]:
    """The name of a new file, on the drive; gone afterwards, if it still has that name.

    `dress` gives its descriptor owner and mode; until then only we may read it. Raises OSError.
    """
    descriptor, made = _new(directory, name)
    try:
        try:
            _write(descriptor, content)
            dress(descriptor)
            os.fsync(descriptor)
            yield made
        finally:
            directory.discard(made)
    finally:
        close_quietly(descriptor)


def put_in_place(directory: OpenDirectory, draft: str, name: str, *, force: bool) -> None:
    """Gives the draft its name. Raises FileExistsError without `force` if the name is taken."""
    if force:
        directory.move(draft, name)
        return
    try:
        directory.add_name(draft, name)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        directory.move_to_free_name(draft, name)


def drafts_in(directory: OpenDirectory) -> tuple[str, ...]:
    """The drafts of all files there."""
    return tuple(name for name in directory.names() if name.endswith(DRAFT_SUFFIX))


def sweep_drafts(directory: OpenDirectory, name: str, drafts: Iterable[str] | None = None) -> None:
    """Removes what writers of that file left that were killed; who still writes holds a lock.

    `drafts`: those that were there, where somebody has looked already.
    """
    for found in drafts_in(directory) if drafts is None else drafts:
        if found.startswith(f".{name}."):
            _sweep(directory, found)


def _new(directory: OpenDirectory, name: str) -> tuple[int, str]:
    """A new file that is locked, so that no other writer takes it for one left behind."""
    for _ in range(_TRIES):
        made = f".{name}.{os.urandom(6).hex()}{DRAFT_SUFFIX}"
        try:
            descriptor = directory.create(made)
        except FileExistsError:
            continue
        try:
            _lock(descriptor)
            if os.fstat(descriptor).st_nlink:
                return descriptor, made
        except BlockingIOError:
            pass
        except BaseException:
            close_quietly(descriptor)
            directory.discard(made)
            raise
        close_quietly(descriptor)  # a sweeper has taken it
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _sweep(directory: OpenDirectory, name: str) -> None:
    try:
        descriptor = directory.open_regular(name)
    except (OSError, UntrustedError):
        return  # not ours to clean up
    try:
        if _lock(descriptor):
            directory.discard(name)
    except BlockingIOError:
        return
    finally:
        close_quietly(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether we hold the lock now; False where the file system has none.

    Raises BlockingIOError where another process holds it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
