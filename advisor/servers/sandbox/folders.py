"""A folder for one run, which nobody else can enter, rename or replace; gone afterwards.

What a killed run has left the next one removes: a folder in use is locked by who uses it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from advisor.directory import OpenDirectory, open_directory
from advisor.effective_user import user_name
from advisor.errors import AdvisorError
from advisor.instance import TEMPORARY_FOLDERS
from advisor.servers.installed import ServerAccount, signals_held_back
from advisor.trusted_path import UntrustedError

PARENT: Final = "/var/tmp"
"""On a drive, unless TMPDIR says otherwise: /tmp is often memory, which takes no O_DIRECT."""

UNNAMED: Final = "unnamed"
REMOVE_TRIES: Final = 3


def parent_folder() -> Path:
    """Where private folders are made: on the drive that throw-away servers use."""
    return Path(os.environ.get("TMPDIR") or PARENT)


@dataclass(frozen=True, slots=True)
class PrivateFolder:
    """Ours, and its account's to enter; what is in it is made through its descriptor."""

    opened: OpenDirectory
    who: ServerAccount | None
    """Whose programs work in it; None: ours."""

    @property
    def path(self) -> Path:
        return self.opened.path

    def close(self) -> None:
        """Forgets the descriptor."""
        self.opened.close()

    def make_folder(self, name: str, *, theirs: bool) -> "PrivateFolder":
        """A folder in it: the account's own, closed to all others; or ours, which it may list."""
        made = self.opened.make_directory(name)
        if self.who is not None:
            if theirs:
                made = made.give(self.who.ids)
            else:
                made.own(made.descriptor, -1, self.who.ids.group_id)
                made.permit(made.descriptor, 0o750)
        return PrivateFolder(made, self.who)

    def open_file(self, name: str, *, theirs: bool = False) -> BinaryIO:
        """A new file in it, unbuffered: ours, which the account may read; or its own to read."""
        made = self.opened.create(name)
        if self.who is not None:
            owner_id = self.who.ids.user_id if theirs else -1
            self.opened.own(made, owner_id, self.who.ids.group_id)
            self.opened.permit(made, 0o400 if theirs else 0o640)
        return os.fdopen(made, "r+b", buffering=0)

    def open_unnamed(self) -> BinaryIO:
        """A file that nobody can open by a name, unbuffered."""
        made = self.opened.create(UNNAMED)
        self.opened.remove(UNNAMED)
        return os.fdopen(made, "r+b", buffering=0)


@contextmanager
def private_folder(
    prefix: str, who: ServerAccount | None, within: Path | None = None
) -> Iterator[PrivateFolder]:
    """A new one within that folder, or in TMPDIR. Raises AdvisorError."""
    with _opened(within or parent_folder()) as parent:
        with signals_held_back():
            try:
                _remove_left_behind(parent)
                name, made = _make(parent, prefix)
            except OSError as error:
                why = f"{parent.path} cannot hold a temporary folder: {error.strerror}"
                raise AdvisorError(why) from error
        try:
            if who is not None:
                made.own(made.descriptor, -1, who.ids.group_id)
                made.permit(made.descriptor, 0o710)
            yield PrivateFolder(made, who)
        finally:
            with signals_held_back():
                _remove(parent, name)
                made.close()


@contextmanager
def reporting_write_errors(folder: PrivateFolder) -> Iterator[None]:
    """What cannot be written there is said in a line. Raises AdvisorError."""
    try:
        yield
    except OSError as error:
        parent = folder.path.parent
        raise AdvisorError(
            f"{parent} cannot hold a throw-away server: {error.strerror}",
            f"make room in {parent}, or name another folder in TMPDIR",
        ) from error


def _opened(path: Path) -> OpenDirectory:
    """The parent. Where we are root nobody else may have a say in what its names mean."""
    try:
        parent = open_directory(path, shared=True)
    except OSError as error:
        raise AdvisorError(f"{path} cannot hold a temporary folder: {error.strerror}") from error
    if parent.account is not None:
        parent.close()
        raise UntrustedError(
            f"{path} belongs to {user_name(parent.owner_id)}, who could exchange what root puts"
            " there",
            "name a folder of root's in TMPDIR, or leave it out for /var/tmp",
        )
    return parent


def _make(parent: OpenDirectory, prefix: str) -> tuple[str, OpenDirectory]:
    while True:
        name = prefix + os.urandom(6).hex()
        made = parent.make_directory(name)
        fcntl.flock(made.descriptor, fcntl.LOCK_EX)
        if made.is_still_at(made.path):
            return name, made
        made.close()  # another run took it for left behind before it was locked


def _remove_left_behind(parent: OpenDirectory) -> None:
    """Removes folders of ours that nobody has locked. What is not ours stays, whatever its name."""
    for name in parent.names():
        if not name.startswith(TEMPORARY_FOLDERS):
            continue
        with suppress(OSError, UntrustedError), parent.directory(name) as left:
            fcntl.flock(left.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(parent, name)


def _remove(parent: OpenDirectory, name: str) -> None:
    """Removes it; a program that was just ended may still have been writing there."""
    for _ in range(REMOVE_TRIES - 1):
        with suppress(OSError):
            parent.remove_tree(name)
            return
    parent.remove_tree(name)
