"""The way to a directory, gone component by component, and who could make it lead elsewhere.

As OpenSSH's StrictModes: where we are root, each component is root's, ours, or the account's whose
the directory is, and nobody else may write it. Where we are not, we can do no more than the user
could, and only links are looked at.
"""

import errno
import grp
import os
import pwd
import stat
from functools import cache
from pathlib import Path
from typing import Final

from advisor.effective_user import user_name
from advisor.errors import AdvisorError

MAX_LINKS: Final = 40
"""As many as Linux follows."""
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a directory is opened, and no link to one."""
_ACL: Final = "system.posix_acl_access"


class UntrustedError(AdvisorError):
    """Somebody who should have no say in it could decide what we read or write there."""


def open_trusted(path: Path, *, shared: bool = False) -> tuple[int, Path]:
    """A directory's descriptor, and its path without links.

    `shared`: it may be everybody's, where nobody can take away what is another's (/tmp). Raises
    UntrustedError, which says which component it is, and OSError.
    """
    walk = _Walk()
    try:
        # Whoever is not root may stand where no way leads to from "/".
        if os.geteuid() == 0:
            path = path.absolute()
        elif not path.is_absolute():
            walk.begin(Path())
        walk.enter(str(path))
        walk.require_trusted(shared=shared)
        return os.open(".", LIST, dir_fd=walk.descriptor), walk.path
    finally:
        walk.close()


def trusted_ids() -> tuple[int, int, int]:
    """Root, we, and who owns "/": where that is somebody else, as in a user namespace, every path
    is at that one's mercy. Raises OSError."""
    return 0, os.geteuid(), _owner_of_all()


@cache
def _owner_of_all() -> int:
    return os.stat("/").st_uid


def close_quietly(descriptor: int) -> None:
    """Nothing that was not synced before is at stake."""
    try:
        os.close(descriptor)
    except OSError:
        return


_Step = tuple[str, int, os.stat_result]
"""A component's name, its descriptor, and what it was when it was opened."""


class _Walk:
    """The way to a directory, each component open."""

    def __init__(self) -> None:
        self.start = Path("/")
        self.steps: list[_Step] = []
        self.links = 0

    @property
    def descriptor(self) -> int:
        return self.steps[-1][1]

    @property
    def path(self) -> Path:
        return self.start.joinpath(*(name for name, _, _ in self.steps[1:]))

    def close(self) -> None:
        for _, descriptor, _ in self.steps:
            close_quietly(descriptor)

    def begin(self, start: Path) -> None:
        """Starts anew, from "/" or the current directory."""
        self.close()
        self.steps = []
        self.start = start.absolute()
        self._step("", os.open(start, _LOOK))

    def enter(self, path: str) -> None:
        """Goes on from here, or from "/". Raises UntrustedError and OSError."""
        if path.startswith("/"):
            self.begin(Path("/"))
        for name in path.split("/"):
            if name == "..":
                self._go_up()
            elif name not in ("", "."):
                self._enter_one(name)

    def _go_up(self) -> None:
        if len(self.steps) > 1:
            close_quietly(self.steps.pop()[1])
        elif self.start != Path("/"):
            above = os.open("..", _LOOK, dir_fd=self.descriptor)
            close_quietly(self.steps.pop()[1])
            self.start = self.start.parent
            self._step("", above)

    def _enter_one(self, name: str) -> None:
        descriptor = os.open(name, _LOOK, dir_fd=self.descriptor)
        found = os.fstat(descriptor)
        if not stat.S_ISLNK(found.st_mode):
            self.steps.append((name, descriptor, found))
            if not stat.S_ISDIR(found.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            return
        try:
            self._require_trusted_link(name, found)
            target = os.readlink("", dir_fd=descriptor)
        finally:
            close_quietly(descriptor)
        self.links += 1
        if self.links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self.enter(target)

    def _step(self, name: str, descriptor: int) -> None:
        self.steps.append((name, descriptor, os.fstat(descriptor)))

    def _require_trusted_link(self, name: str, link: os.stat_result) -> None:
        """A link leads where its owner wants, or who may exchange it."""
        trusted = trusted_ids()
        if os.geteuid() != 0:
            folder = self.steps[-1][2]
            who = "" if link.st_uid in (*trusted, folder.st_uid) else user_name(link.st_uid)
        elif link.st_uid not in trusted:
            who = user_name(link.st_uid)
        else:
            who = next(filter(None, map(self._who_could_exchange, self.steps)), "")
        if who:
            raise UntrustedError(
                f"{self.path / name} is a symbolic link, and {who} can make it lead anywhere",
                "name the folder itself",
            )

    def _who_could_exchange(self, step: _Step) -> str:
        _, descriptor, found = step
        if found.st_uid not in trusted_ids():
            return user_name(found.st_uid)
        return _other_writers(descriptor, found, sticky_counts=True)

    def require_trusted(self, *, shared: bool) -> None:
        """Raises UntrustedError where somebody could exchange a component."""
        _, _, last = self.steps[-1]
        if os.geteuid() != 0:
            return
        path = self.start
        for number, (name, descriptor, found) in enumerate(self.steps):
            path = path / name
            owner = user_name(found.st_uid)
            if found.st_uid not in (*trusted_ids(), last.st_uid):
                of_whom = user_name(last.st_uid)
                raise UntrustedError(
                    f"{path} belongs to {owner}, who could exchange {self.path}, which is"
                    f" {of_whom}'s",
                    f"give {self.path} to {owner}, or name another folder",
                )
            is_last = number == len(self.steps) - 1
            sticky_counts = found.st_uid in trusted_ids() and (shared or not is_last)
            who = _other_writers(descriptor, found, sticky_counts=sticky_counts)
            if who:
                raise UntrustedError(
                    f"{path} can be written by {who}, not by {owner} alone", f"chmod go-w {path}"
                )


def _other_writers(descriptor: int, found: os.stat_result, *, sticky_counts: bool) -> str:
    """Who else than its owner may exchange what lies in a directory; "" for nobody.

    `sticky_counts`: where nobody can take away what is another's, nobody can exchange that.
    """
    mode = found.st_mode
    if sticky_counts and mode & stat.S_ISVTX:
        return ""
    if mode & stat.S_IWOTH:
        return "everybody"
    if mode & stat.S_IWGRP and not _is_private_group(descriptor, found):
        try:
            return f"the group {grp.getgrgid(found.st_gid).gr_name}"
        except KeyError:
            return f"group {found.st_gid}"
    return ""


def _is_private_group(descriptor: int, found: os.stat_result) -> bool:
    """Whether nobody but its owner, root and we is in a directory's group: so are users' own made,
    and with umask 002 what they make. With an access list the bits are not the group's alone."""
    trusted = {*trusted_ids(), found.st_uid}
    try:
        listed = os.open(".", LIST, dir_fd=descriptor)
        try:
            if _ACL in os.listxattr(listed):
                return False
        finally:
            close_quietly(listed)
        members = {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(found.st_gid).gr_mem}
    except (OSError, KeyError):
        return False
    members |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == found.st_gid}
    return members <= trusted
