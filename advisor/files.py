"""Reading a file a user names, and writing one safely."""

import errno
import glob
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError, UsageError

STANDARD_STREAM: Final = Path("-")
MAX_INPUT_BYTES: Final = 256 * 1024**2
HEAD_BYTES: Final = 64 * 1024
"""What shows what a file is."""
NO_HARD_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP)
"""How file systems such as vfat say that they have none."""
DRAFT_SUFFIX: Final = ".draft"
"""No server includes a file that is called so."""
LABELS: Final = ("security.selinux", "system.posix_acl_access")
NO_LABEL: Final = (errno.ENODATA, errno.EOPNOTSUPP)


def shown_name(path: Path) -> str:
    """What to call an input in a message."""
    return "standard input" if path == STANDARD_STREAM else str(path)


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for "-". Raises AdvisorError."""
    return decode(read_bytes(path), shown_name(path))


def decode(raw: bytes, name: str) -> str:
    """UTF-8 text. Raises AdvisorError."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AdvisorError(f"{name} is not text: byte {error.start} is not UTF-8") from error


def read_bytes(path: Path, allowed: Callable[[bytes], int] = lambda _: MAX_INPUT_BYTES) -> bytes:
    """A file, or standard input for "-". `allowed` says of the first bytes how many there may be.

    Raises AdvisorError, for too large a file before the rest of it is read.
    """
    name = shown_name(path)
    try:
        standard = nullcontext(sys.stdin.buffer)  # not ours to close
        with standard if path == STANDARD_STREAM else path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            limit_bytes = allowed(head)
            raw = head + file.read(max(0, limit_bytes + 1 - len(head)))
    except OSError as error:
        raise AdvisorError(f"{name} cannot be read: {error.strerror}") from error
    if len(raw) > limit_bytes:
        raise AdvisorError(
            f"{name} is larger than {limit_bytes} bytes", "give only what is needed of it"
        )
    return raw


def read_head(path: Path) -> bytes | None:
    """How a regular file begins; None for what is none, or cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return None


def is_directory(path: Path) -> bool:
    """Whether it surely is one: False for what cannot be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_writable(path: Path | None, *, force: bool) -> None:
    """Fails early, before a measurement is made for nothing. Raises UsageError or AdvisorError."""
    if path is None or path == STANDARD_STREAM:
        return
    mode = _mode_of_node(path)
    if mode is not None and not stat.S_ISREG(mode):
        raise _no_regular_file(path, mode)
    if mode is not None and not force:
        raise UsageError(f"{path} exists already", "choose another name, or --force to replace it")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        why = "does not exist"
        if path.parent.exists():
            why = "is not writable" if path.parent.is_dir() else "is not a directory"
        raise AdvisorError(f"{path} cannot be written: {path.parent} {why}")


def _mode_of_node(path: Path) -> int | None:
    """Kind and permissions of what has that name, a link itself included; None for nothing."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None
    except NotADirectoryError:  # told of its parent
        return None
    except OSError as error:
        raise AdvisorError(f"{path} cannot be written: {error.strerror}") from error


def _no_regular_file(path: Path, mode: int) -> UsageError:
    """What stands there stays there: a link may lead anywhere, and a device is for others, too."""
    kinds = {
        stat.S_IFDIR: ("a directory", "name a file"),
        stat.S_IFLNK: ("a symbolic link", "name the file that it leads to"),
        stat.S_IFIFO: ("a named pipe", "name a file, or leave --output out and redirect"),
    }
    device = ("no regular file", "name one, or leave --output out and redirect")
    kind, hint = kinds.get(stat.S_IFMT(mode), device)
    return UsageError(f"{path} is {kind}", hint)


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Writes a new file beside `path`, syncs it, and puts it in its place in one step.

    Without `force` an existing file is left alone. Standard output for "-". A reader sees the old
    file or the new one, never half of one. Raises UsageError or AdvisorError.
    """
    if path == STANDARD_STREAM:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    check_writable(path, force=force)
    try:
        _replace(path, text.encode("utf-8"), force=force)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already", "--force replaces it.") from error
    except OSError as error:
        raise AdvisorError(f"{path} cannot be written: {error.strerror}") from error


def write_private(folders: Iterable[Path], prefix: str, text: str) -> Path | None:
    """Writes a new file of a new name into the first folder that takes it; None where none does.

    Only its owner can read it (mode 0600), and neither a file nor a link that is there is touched.
    """
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".txt", dir=folder)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    return None


def replace_seen(path: Path, content: bytes, *, seen: bytes | None, keep: Path, like: Path) -> None:
    """Replaces a file that is still as it was `seen`; None: that was not there.

    The old file lives on as `keep`, whole at every instant. The new one has its owner, group, mode
    and label, or where there was none, owner, group and mode of `like`. Raises AdvisorError.
    """
    try:
        dress = _dressed_as(like, label=False) if seen is None else _dressed_as(path)
        with _draft(path, content, dress) as draft:
            if seen is None:
                _put_in_place(draft, path, force=False)
            else:
                _replace_and_keep(draft, path, keep, seen)
        _sync_directory(path.parent)
    except (FileExistsError, FileNotFoundError) as error:
        raise _changed(path) from error
    except OSError as error:
        raise _not_written(path, error) from error


def put_back(path: Path, old: Path | None, *, seen: bytes | None, keep: Path) -> None:
    """Puts `old` in the place of a file that is still as it was `seen`, and lives on as `keep`.

    Without `old` the place is empty afterwards. Raises AdvisorError.
    """
    try:
        if seen is None or old is None:
            _require_as_seen(path, seen)
        if old is None:
            path.rename(keep)
        elif seen is None:
            old.rename(path)
        else:
            _replace_and_keep(old, path, keep, seen)
        _sync_directory(path.parent)
    except OSError as error:
        raise _not_written(path, error) from error


def drop_drafts(path: Path) -> None:
    """Removes what a writer of that file left that was killed. Nobody may be writing it."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*{DRAFT_SUFFIX}"):
        draft.unlink(missing_ok=True)


def _replace_and_keep(new: Path, path: Path, keep: Path, seen: bytes) -> None:
    _keep(path, keep, seen)
    try:
        _require_as_seen(path, seen)
        new.replace(path)
    except (OSError, AdvisorError):
        keep.unlink()
        raise


def _keep(path: Path, keep: Path, seen: bytes) -> None:
    """A second name for the file; a copy, where the file system has no second names."""
    try:
        keep.hardlink_to(path)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        with _draft(keep, seen, _dressed_as(path)) as copy:
            _put_in_place(copy, keep, force=False)


def _require_as_seen(path: Path, seen: bytes | None) -> None:
    try:
        now = path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != seen:
        raise _changed(path)


def _not_written(path: Path, error: OSError) -> AdvisorError:
    may_not = isinstance(error, PermissionError)
    hint = f"run as root, or as who owns {path.parent} and what is in it" if may_not else ""
    return AdvisorError(f"{path} cannot be written: {error.strerror}", hint)


def _changed(path: Path) -> AdvisorError:
    return AdvisorError(f"{path} was changed meanwhile; nothing was written", "look, and try again")


def _dressed_as(reference: Path, *, label: bool = True) -> Callable[[int], None]:
    """Gives a file the owner, group and mode of another, and its labels; without the right of
    everybody to write, for which servers ignore a file."""

    def dress(number: int) -> None:
        status = reference.stat()
        os.fchown(number, status.st_uid, status.st_gid)
        os.fchmod(number, stat.S_IMODE(status.st_mode) & ~stat.S_IWOTH)
        for name in LABELS if label else ():
            value = _label(reference, name)
            if value is not None and value != _label(number, name):
                os.setxattr(number, name, value)

    return dress


def _label(file: Path | int, name: str) -> bytes | None:
    try:
        return os.getxattr(file, name)
    except OSError as error:
        if error.errno in NO_LABEL:
            return None
        raise


def _replace(path: Path, content: bytes, *, force: bool) -> None:
    with _draft(path, content, lambda number: os.fchmod(number, _mode(path))) as draft:
        _put_in_place(draft, path, force=force)
    _sync_directory(path.parent)


@contextmanager
def _draft(path: Path, content: bytes, dress: Callable[[int], None]) -> Iterator[Path]:
    """A new file beside `path`, on the drive; gone afterwards, if it still has that name."""
    descriptor, name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=DRAFT_SUFFIX, dir=path.parent
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            dress(file.fileno())
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _put_in_place(draft: Path, path: Path, *, force: bool) -> None:
    """Gives the draft its name. Raises FileExistsError without `force` if the name is taken."""
    if not force:
        try:
            path.hardlink_to(draft)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            path.touch(exist_ok=False)  # ours now, so that replacing it replaces nobody's file
        else:
            return
    draft.replace(path)


def _mode(path: Path) -> int:
    """Who may read and write: as the file that is replaced had it, but for writing by everybody;
    else what the user's umask leaves of rw-rw-rw-. Nothing of ours is run, or runs as its owner."""
    old = _mode_of_node(path)
    if old is not None:
        return stat.S_IMODE(old) & 0o664
    umask = os.umask(0o022)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
