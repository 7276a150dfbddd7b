"""A directory that is opened once, and what is done in it: by descriptors, never by its path again.

Others may plant links and exchange folders while we work, and we may be root. So names are looked
up in the open directory, links are not followed, and in a folder of another account all is done
with that account's rights.
"""

import errno
import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from advisor.effective_user import Account, account_of, acting_as, user_name
from advisor.trusted_path import (
    LIST,
    UntrustedError,
    close_quietly,
    open_trusted,
    trusted_ids,
)

MAX_DEPTH: Final = 100
_NO_SURPRISE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
NO_SUCH_RENAME: Final = (errno.EINVAL, errno.ENOSYS)
"""How file systems and old kernels say that they cannot rename without replacing."""
RENAME_NOREPLACE: Final = 1
_READ_BYTES: Final = 1 << 20

KINDS: Final = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What is no regular file."""


class OpenDirectory(NamedTuple):
    """An open directory. Names are of what lies in it, never a path, and links are not followed.

    All methods raise OSError.
    """

    path: Path
    """Without symbolic links, as it was when it was opened: for messages alone."""
    descriptor: int
    owner_id: int
    account: Account | None
    """Whose rights everything here is done with; None: our own."""

    def __enter__(self) -> "OpenDirectory":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is lost where that fails."""
        close_quietly(self.descriptor)

    def trusts(self, user_id: int) -> bool:
        """Whether that user may say what lies here: root, we, and whose directory it is."""
        return user_id in trusted_ids() or user_id == self.owner_id

    def names(self) -> list[str]:
        """All that lies in it, in no order."""
        with acting_as(self.account):
            return os.listdir(self.descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """Of what has that name, a link itself included; None for nothing."""
        try:
            with acting_as(self.account):
                return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def link_target(self, name: str) -> str:
        """Where a symbolic link leads to."""
        with acting_as(self.account):
            return os.readlink(name, dir_fd=self.descriptor)

    def may_write(self) -> bool:
        """Whether names may be added."""
        with acting_as(self.account):
            wanted = os.W_OK | os.X_OK
            return os.access(".", wanted, dir_fd=self.descriptor, effective_ids=True)

    def read(self, name: str, limit_bytes: int, owners: Collection[int] = ()) -> bytes | None:
        """A regular file of somebody we trust, or of one of `owners`; of a larger one than the
        limit one byte more than that.

        None for nothing. Raises UntrustedError for anything else, without waiting for a pipe.
        """
        try:
            descriptor = self.open_regular(name, owners=owners)
        except FileNotFoundError:
            return None
        try:
            return _read(descriptor, limit_bytes)
        finally:
            close_quietly(descriptor)

    def open_regular(
        self, name: str, flags: int = os.O_RDONLY, owners: Collection[int] = ()
    ) -> int:
        """A regular file of somebody we trust, or of one of `owners`; where `flags` create one, of
        mode 0600.

        Raises UntrustedError for anything else, without waiting for a pipe.
        """
        found = self.status(name)
        if found is not None:
            require_regular(self.path / name, found.st_mode)  # said better than by ELOOP or ENXIO
        descriptor = self._open(name, flags | _NO_SURPRISE)
        try:
            found = os.fstat(descriptor)
            require_regular(self.path / name, found.st_mode)
            if found.st_uid not in owners:
                self._require_trusted(name, found)
        except BaseException:
            close_quietly(descriptor)
            raise
        return descriptor

    def create(self, name: str, mode: int = 0o600) -> int:
        """A new file, for reading and writing; its descriptor. Raises FileExistsError."""
        return self._open(name, _NEW, mode)

    def own(self, descriptor: int, user_id: int, group_id: int) -> None:
        """Gives away a file that we have created here."""
        with acting_as(self.account):
            os.fchown(descriptor, user_id, group_id)

    def permit(self, descriptor: int, mode: int) -> None:
        """Who may read and write a file that we have created here; never set-id nor sticky."""
        with acting_as(self.account):
            os.fchmod(descriptor, mode & 0o777)

    def label(self, descriptor: int, name: str, value: bytes) -> None:
        """Sets an extended attribute of a file that we have created here."""
        with acting_as(self.account):
            os.setxattr(descriptor, name, value)

    def move(self, old: str, new: str) -> None:
        """Gives a file another name, whoever has that."""
        with acting_as(self.account):
            os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def move_to_free_name(self, old: str, new: str) -> None:
        """Gives a file another name, which nobody has. Raises FileExistsError."""
        try:
            with acting_as(self.account):
                _rename_without_replacing(self.descriptor, old, new)
        except OSError as error:
            if error.errno not in NO_SUCH_RENAME:
                raise
            close_quietly(self.create(new))  # ours now, so that replacing it replaces nobody's file
            try:
                self.move(old, new)
            except BaseException:
                self.discard(new)
                raise

    def add_name(self, old: str, new: str) -> None:
        """Gives a file a second name (a hard link). Raises FileExistsError."""
        here = self.descriptor
        with acting_as(self.account):
            os.link(old, new, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Takes a name away; of a link, the link's."""
        with acting_as(self.account):
            os.unlink(name, dir_fd=self.descriptor)

    def discard(self, name: str) -> None:
        """Takes a name away that nobody needs; where that fails, a later run does it."""
        with suppress(OSError):
            self.remove(name)

    def sync(self) -> None:
        """Waits until the names are on the drive."""
        os.fsync(self.descriptor)

    def make_directory(self, name: str, mode: int = 0o700) -> "OpenDirectory":
        """A new directory in this one. Raises FileExistsError."""
        with acting_as(self.account):
            os.mkdir(name, mode, dir_fd=self.descriptor)
        return self.directory(name)

    def directory(self, name: str) -> "OpenDirectory":
        """A directory in this one, which has its owner; a link is none. Raises UntrustedError."""
        descriptor = self._open(name, LIST)
        try:
            found = os.fstat(descriptor)
            self._require_trusted(name, found)
            return self._inner(name, descriptor, found)
        except BaseException:
            close_quietly(descriptor)
            raise

    def give(self, account: Account) -> "OpenDirectory":
        """The directory itself to that account; it, with whose rights one works there then."""
        os.fchown(self.descriptor, account.user_id, account.group_id)
        rights = account if account.user_id not in trusted_ids() else None
        return OpenDirectory(self.path, self.descriptor, account.user_id, rights)

    def remove_tree(self, name: str, depth: int = 0) -> None:
        """A file, or a directory with all in it; no link is followed on the way down."""
        if depth > MAX_DEPTH:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        found = self.status(name)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            self.remove(name)
            return
        descriptor = self._open(name, LIST)
        with self._inner(name, descriptor, os.fstat(descriptor)) as inner:
            for entry in inner.names():
                inner.remove_tree(entry, depth + 1)
        with acting_as(self.account):
            os.rmdir(name, dir_fd=self.descriptor)

    def is_still_at(self, path: Path) -> bool:
        """Whether that path leads here now."""
        try:
            here, there = os.fstat(self.descriptor), os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return os.path.samestat(here, there)

    def _open(self, name: str, flags: int, mode: int = 0o600) -> int:
        with acting_as(self.account):
            return os.open(name, flags, mode, dir_fd=self.descriptor)

    def _inner(self, name: str, descriptor: int, found: os.stat_result) -> "OpenDirectory":
        """What lies in another account's folder is never handled with more rights than that has."""
        inner = _directory(self.path / name, descriptor, found)
        return inner if self.account is None else inner._replace(account=self.account)

    def _require_trusted(self, name: str, found: os.stat_result) -> None:
        if not self.trusts(found.st_uid):
            raise UntrustedError(
                f"{self.path / name} belongs to {user_name(found.st_uid)}",
                f"remove it, or give it to {user_name(self.owner_id)}, whose folder it is in",
            )


def require_regular(path: Path, mode: int) -> None:
    """Raises UntrustedError for what is no regular file."""
    kind = KINDS.get(stat.S_IFMT(mode))
    if kind is not None:
        raise UntrustedError(f"{path} is {kind}, not a regular file", "remove it, or name another")


def open_directory(path: Path, *, shared: bool = False) -> OpenDirectory:
    """Opens a directory that nobody can exchange but root, we, or the account that owns it.

    `shared`: it may be everybody's, where nobody can take away what is another's (/tmp). Raises
    UntrustedError, which says which component it is, and OSError.
    """
    descriptor, real = open_trusted(path, shared=shared)
    return _directory(real, descriptor, os.fstat(descriptor))


def _directory(path: Path, descriptor: int, found: os.stat_result) -> OpenDirectory:
    theirs = os.geteuid() == 0 and found.st_uid not in trusted_ids()
    return OpenDirectory(
        path, descriptor, found.st_uid, account_of(found.st_uid) if theirs else None
    )


def _read(descriptor: int, limit_bytes: int) -> bytes:
    """What a file holds; one byte more than the limit of one that is larger."""
    parts, left_bytes = [], limit_bytes + 1
    while left_bytes > 0 and (part := os.read(descriptor, min(left_bytes, _READ_BYTES))):
        parts.append(part)
        left_bytes -= len(part)
    return b"".join(parts)


def _rename_without_replacing(directory: int, old: str, new: str) -> None:
    """renameat2(2), which Python has not."""
    import ctypes  # takes time, and nearly every file system does without

    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(old), os.fsencode(new)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if libc.renameat2(directory, names[0], directory, names[1], RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
