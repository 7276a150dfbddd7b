"""Writing a file that a user names with --output, and what we keep for ourselves."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from advisor.directory import KINDS, OpenDirectory, open_directory
from advisor.draft import draft, drafts_in, put_in_place, sweep_drafts
from advisor.errors import AdvisorError, UsageError
from advisor.files import STANDARD_STREAM

MAY_BE_KEPT: Final = 0o664
"""Who may read and write as before. Nothing of ours is run, or runs as its owner, and not everybody
may write it."""
HINTS: Final = {
    stat.S_IFDIR: "name a file",
    stat.S_IFLNK: "name the file that it leads to",
    stat.S_IFIFO: "name a file, or leave --output out and redirect",
}


def check_writable(path: Path | None, *, force: bool) -> None:
    """Fails early, before a measurement is made for nothing. Raises UsageError or AdvisorError."""
    if path is None or path == STANDARD_STREAM:
        return
    with _open_parent(path) as directory:
        _require_writable(directory, path, force=force)


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Writes a new file beside `path`, syncs it, and puts it in its place in one step.

    Without `force` an existing file is left alone. Standard output for "-". A reader sees the old
    file or the new one, never half of one. Raises UsageError or AdvisorError.
    """
    if path == STANDARD_STREAM:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    _write(path, text, force=force)


def _write(path: Path, text: str, *, force: bool, drafts: Iterable[str] | None = None) -> None:
    """`drafts`: those that are left in the folder, where somebody has looked already."""
    with _open_parent(path) as directory:
        old = _require_writable(directory, path, force=force)
        try:
            sweep_drafts(directory, path.name, drafts)
            content, dress = text.encode("utf-8"), _dress(directory, old)
            with draft(directory, path.name, content, dress) as made:
                put_in_place(directory, made, path.name, force=force)
        except FileExistsError as error:
            raise UsageError(f"{path} exists already", "--force replaces it.") from error
        except OSError as error:
            raise _not_written(path, error.strerror) from error
        sync_or_say(directory, f"{path} was written")


def check_all_writable(paths: Iterable[Path], *, force: bool = False) -> None:
    """Raises as `check_writable` does, of those whose folders are there."""
    for path in paths:
        if path.parent.is_dir():
            check_writable(path, force=force)


def write_files(files: Mapping[Path, str], *, force: bool = False) -> None:
    """Writes each as `write_text` does, and makes the folders that they need.

    Nothing is written where one of them is in the way. Raises UsageError or AdvisorError.
    """
    check_all_writable(files, force=force)
    drafts: dict[Path, tuple[str, ...]] = {}
    for folder in dict.fromkeys(path.parent for path in files):
        try:
            with _open_or_make(folder, mode=0o777) as directory:  # less what the umask takes
                drafts[folder] = drafts_in(directory)  # once: a fleet has 10,000 files in a folder
        except OSError as error:
            raise AdvisorError(f"{folder} cannot be made: {error.strerror}") from error
    for path, text in files.items():
        _write(path, text, force=force, drafts=drafts[path.parent])


def remove_files(paths: Iterable[Path]) -> None:
    """Takes files away. Raises AdvisorError."""
    for path in paths:
        with _open_parent(path) as directory:
            try:
                directory.remove(path.name)
            except OSError as error:
                raise AdvisorError(f"{path} cannot be removed: {error.strerror}") from error
            sync_or_say(directory, f"{path} was removed")


def sync_or_say(directory: OpenDirectory, done: str) -> None:
    """Waits until names are on the drive. Raises AdvisorError, which says what is `done`."""
    try:
        directory.sync()
    except OSError as error:
        raise AdvisorError(
            f"{done}, but may not survive a power loss: syncing {directory.path} failed:"
            f" {error.strerror}",
            "look at the drive, and run this again",
        ) from error


def write_private(folders: Iterable[Path], prefix: str, text: str) -> Path | None:
    """Writes a new file of a new name into the first folder that takes it; None where none does.

    Only its owner can read it (mode 0600), and neither a file nor a link that is there is touched.
    """
    for folder in folders:
        try:
            with _open_or_make(folder) as directory:
                name = f"{prefix}{os.urandom(4).hex()}.txt"
                descriptor = directory.create(name)
                with os.fdopen(
                    descriptor, "w", encoding="utf-8", errors="backslashreplace"
                ) as file:
                    file.write(text)
        except (OSError, AdvisorError):
            continue
        return folder / name
    return None


def _open_or_make(folder: Path, mode: int = 0o700) -> OpenDirectory:
    """A folder; it and those above it made, of that mode, where they are missing."""
    try:
        return open_directory(folder, shared=True)
    except FileNotFoundError:
        with _open_or_make(folder.parent, mode) as parent:
            return parent.make_directory(folder.name, mode)


def _open_parent(path: Path) -> OpenDirectory:
    try:
        return open_directory(path.parent, shared=True)
    except FileNotFoundError as error:
        raise _not_written(path, f"{path.parent} does not exist") from error
    except NotADirectoryError as error:
        raise _not_written(path, f"{path.parent} is not a directory") from error
    except OSError as error:
        raise _not_written(path, error.strerror) from error


def _require_writable(
    directory: OpenDirectory, path: Path, *, force: bool
) -> os.stat_result | None:
    """What has that name; None for nothing. Raises UsageError or AdvisorError."""
    try:
        old = directory.status(path.name or ".")
        may_write = directory.may_write()
    except OSError as error:
        raise _not_written(path, error.strerror) from error
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise _no_regular_file(path, old.st_mode)
    if old is not None and not force:
        raise UsageError(f"{path} exists already", "choose another name, or --force to replace it")
    if not may_write:
        raise _not_written(path, f"{path.parent} is not writable")
    return old


def _no_regular_file(path: Path, mode: int) -> UsageError:
    """What stands there stays there: a link may lead anywhere, and a device is for others, too."""
    kind = stat.S_IFMT(mode)
    named = KINDS[kind] if kind in HINTS else "not a regular file"
    hint = HINTS.get(kind, "name one, or leave --output out and redirect")
    return UsageError(f"{path} is {named}", hint)


def _not_written(path: Path, why: str | None) -> AdvisorError:
    return AdvisorError(f"{path} cannot be written: {why}")


def _dress(directory: OpenDirectory, old: os.stat_result | None) -> Callable[[int], None]:
    """Who may read and write: who could the file that is replaced, if that was ours; else no more
    than the user's umask leaves of rw-rw-rw-, either."""
    umask = os.umask(0o077)
    os.umask(umask)
    mode = 0o666 & ~umask

    def dress(descriptor: int) -> None:
        permitted = mode
        if old is not None:
            made = os.fstat(descriptor)
            ours = (made.st_uid, made.st_gid) == (old.st_uid, old.st_gid)
            permitted = old.st_mode & (MAY_BE_KEPT if ours else mode & MAY_BE_KEPT)
        directory.permit(descriptor, permitted)

    return dress
