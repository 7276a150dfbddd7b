"""Reading a file that a user names."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError

STANDARD_STREAM: Final = Path("-")
MAX_INPUT_BYTES: Final = 256 * 1024**2
HEAD_BYTES: Final = 64 * 1024
"""What shows what a file is."""


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
        raise _too_large(name, limit_bytes)
    return raw


def _without_waiting(path: str, _: int) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)


def _too_large(name: str, limit_bytes: int) -> AdvisorError:
    return AdvisorError(
        f"{name} is larger than {limit_bytes} bytes", "give only the part that is needed"
    )


def read_head(path: Path) -> bytes | None:
    """How a regular file begins; None for what is none, or cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return None


def read_regular(path: Path, limit_bytes: int) -> bytes | None:
    """What a regular file holds; None for anything else: nobody waits for a pipe.

    Raises AdvisorError, for too large a file, too.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            raw = file.read(limit_bytes + 1)
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > limit_bytes:
        raise _too_large(str(path), limit_bytes)
    return raw


def is_directory(path: Path) -> bool:
    """Whether it surely is one: False for what cannot be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False
