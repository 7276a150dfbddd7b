"""A file put in the place of another, which lives on under a name of its own."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from advisor.directory import OpenDirectory
from advisor.draft import NO_HARD_LINKS, draft, put_in_place
from advisor.errors import AdvisorError
from advisor.output_files import MAY_BE_KEPT, sync_or_say
from advisor.trusted_path import UntrustedError, close_quietly

MAX_BYTES: Final = 4 << 20
"""As much as the reading of configurations takes of one file."""
LABELS: Final = ("security.selinux", "system.posix_acl_access")
NO_LABEL: Final = (errno.ENODATA, errno.EOPNOTSUPP)

Dress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """The name of a file in an open directory."""

    directory: OpenDirectory
    name: str

    def owners(self) -> frozenset[int]:
        """Who else may own what is kept of it: whose it is, in a folder of root's or our own, where
        nobody else could have put it. Raises OSError."""
        found = self.directory.status(self.name) if self.directory.account is None else None
        return frozenset(() if found is None else (found.st_uid,))

    def __str__(self) -> str:
        return str(self.directory.path / self.name)


def read(place: DirectoryEntry, name: str = "") -> bytes | None:
    """What a file holds, or another that is kept of it; None for nothing.

    Raises AdvisorError, for anything but a regular file, too.
    """
    path = place.directory.path / (name or place.name)
    try:
        content = place.directory.read(name or place.name, MAX_BYTES, place.owners())
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    if content is not None and len(content) > MAX_BYTES:
        raise AdvisorError(f"{path} is larger than {MAX_BYTES} bytes", "it is none of ours")
    return content


def replace_seen(
    place: DirectoryEntry, content: bytes, *, seen: bytes | None, keep: str, like: os.stat_result
) -> None:
    """Replaces a file that is still as it was `seen`; None: that was not there.

    The old file lives on as `keep`, whole at every instant. The new one has its owner, group, mode
    and label, or where there was none, owner, group and mode of `like`; in the folder of another
    account that account's. Raises AdvisorError.
    """
    directory = place.directory
    with _told(place):
        dress = _dressed_like(directory, like) if seen is None else _dressed_as(place)
        with draft(directory, place.name, content, dress) as made:
            if seen is None:
                put_in_place(directory, made, place.name, force=False)
            else:
                _replace_and_keep(place, made, keep, seen)
    sync_or_say(directory, f"{place} was written")


def put_back(
    place: DirectoryEntry, old: str | None, *, shown: bytes | None, seen: bytes | None, keep: str
) -> None:
    """Puts `old`, which holds what was `shown`, in the place of a file that is still as it was
    `seen`, and lives on as `keep`.

    Without `old` the place is empty afterwards. Raises AdvisorError.
    """
    directory = place.directory
    with _told(place):
        if old is not None:
            _require_as_seen(place, shown, old)
        if seen is None or old is None:
            _require_as_seen(place, seen)
        if old is None:
            directory.move(place.name, keep)
        elif seen is None:
            put_in_place(directory, old, place.name, force=False)
            directory.discard(old)
        else:
            _replace_and_keep(place, old, keep, seen)
    sync_or_say(directory, f"{place} was {'removed' if old is None else 'written'}")


@contextmanager
def _told(place: DirectoryEntry) -> Iterator[None]:
    """What goes wrong, as people are told."""
    try:
        yield
    except (FileExistsError, FileNotFoundError) as error:
        raise _changed(place) from error
    except OSError as error:
        raise not_written(place, error) from error


def not_written(place: DirectoryEntry, error: OSError) -> AdvisorError:
    """What to say of a failure to write it."""
    folder = place.directory.path
    may_not = isinstance(error, PermissionError)
    hint = f"run as root, or as who owns {folder} and what is in it" if may_not else ""
    return AdvisorError(f"{place} cannot be written: {error.strerror}", hint)


def _changed(place: DirectoryEntry, name: str = "") -> AdvisorError:
    path = place.directory.path / (name or place.name)
    return AdvisorError(f"{path} was changed meanwhile; nothing was written", "look, and try again")


def _replace_and_keep(place: DirectoryEntry, new: str, keep: str, seen: bytes) -> None:
    directory = place.directory
    _keep(place, keep, seen)
    try:
        _require_as_seen(place, seen)
        directory.move(new, place.name)
    except BaseException:
        directory.discard(keep)
        raise


def _keep(place: DirectoryEntry, keep: str, seen: bytes) -> None:
    """A second name for the file; a copy, where there can be none: the file system has none, or
    the kernel gives none for what belongs to another."""
    directory = place.directory
    try:
        directory.add_name(place.name, keep)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        with draft(directory, keep, seen, _dressed_as(place)) as copy:
            put_in_place(directory, copy, keep, force=False)


def _require_as_seen(place: DirectoryEntry, seen: bytes | None, name: str = "") -> None:
    name = name or place.name
    try:
        now = read(place, name)
    except UntrustedError as error:
        raise _changed(place, name) from error
    if now != seen:
        raise _changed(place, name)


def _dressed_as(place: DirectoryEntry) -> Dress:
    """Owner, group, mode and labels of that file."""
    directory = place.directory

    def dress(descriptor: int) -> None:
        reference = directory.open_regular(place.name, owners=place.owners())
        try:
            _dressed_like(directory, os.fstat(reference))(descriptor)
            for name in LABELS:
                value = _label(reference, name)
                if value is not None and value != _label(descriptor, name):
                    directory.label(descriptor, name, value)
        finally:
            close_quietly(reference)

    return dress


def _dressed_like(directory: OpenDirectory, like: os.stat_result) -> Dress:
    """Owner, group and mode; without the right of everybody to write, for which servers ignore a
    file, and without what would let somebody run it as its owner."""

    def dress(descriptor: int) -> None:
        mode = like.st_mode & MAY_BE_KEPT
        made = os.fstat(descriptor)
        if directory.account is None:
            directory.own(descriptor, like.st_uid, like.st_gid)
        elif made.st_gid != like.st_gid:
            try:
                directory.own(descriptor, made.st_uid, like.st_gid)
            except PermissionError:  # another group gets what everybody gets
                mode = mode & ~0o070 | (mode & 0o007) << 3
        directory.permit(descriptor, mode)

    return dress


def _label(descriptor: int, name: str) -> bytes | None:
    try:
        return os.getxattr(descriptor, name)
    except OSError as error:
        if error.errno in NO_LABEL:
            return None
        raise
