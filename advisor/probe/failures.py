"""A system call's failure -> the one line a user reads, and what to do about it."""

import errno
import os
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError

HINTS: Final = {
    errno.ENOSPC: "make room on this file system, or name a directory on another one",
    errno.EDQUOT: "the user's quota is used up: make room, or measure as another user",
    errno.EIO: "the drive failed this request: look at dmesg, and do not trust it with data",
    errno.EROFS: "the file system is mounted read-only: name a directory on a writable one",
    errno.EACCES: "run this as a user who may write there, for instance the database's own",
    errno.EPERM: "run this as a user who may write there, for instance the database's own",
    errno.ENOENT: "name a directory that exists, and in which files can be made",
    errno.ENOTDIR: "name a directory, not a file or a device: the probe makes its own files in it",
    errno.ELOOP: "the path is a circle of symbolic links: name the directory itself",
    errno.ENAMETOOLONG: "name an existing directory on the drive to be measured",
    errno.EMFILE: "raise the limit of open files (ulimit -n) to at least 64",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f) to at least 256 MiB",
}


def errno_text(error: OSError) -> str:
    """ "EIO (Input/output error)"."""
    if error.errno is None:
        return str(error)
    name = errno.errorcode.get(error.errno, f"errno {error.errno}")
    return f"{name} ({os.strerror(error.errno)})"


def failed(call: str, error: OSError, directory: Path | str, where: str = "") -> AdvisorError:
    """The error to raise when `call` failed on `directory`; `where` says in which step."""
    message = f"{call} failed: {errno_text(error)} on {directory}"
    return AdvisorError(
        f"{message}, {where}" if where else message, HINTS.get(error.errno or 0, "look at dmesg")
    )


def wrote_short(
    written_bytes: int, wanted_bytes: int, directory: Path | str, where: str
) -> AdvisorError:
    """The error to raise when a write took only part of a block."""
    return AdvisorError(
        f"pwrite was cut short: {written_bytes} of {wanted_bytes} bytes on {directory}, {where}",
        "the file system may be full, or a limit of the file size (ulimit -f) reached",
    )
