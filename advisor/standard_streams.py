"""Standard input, output and error as a program on a database host needs them.

One that was closed before we started is opened again, so that no file of ours gets its number: what
is meant for it must not end in that file. What cannot be written is one AdvisorError on standard
output, and goes nowhere on standard error.
"""

import io
import os
import sys
from typing import Any, Final

from advisor.errors import AdvisorError

CLOSED: Final = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How /dev/null stands in for each: reading the one and writing the other fails, as it should."""


def prepare_standard_streams() -> None:
    """Opens what is closed, and has sys.stdout and sys.stderr fail as this program does."""
    for number, flags in CLOSED.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free: this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout, errors="strict")
    sys.stderr = _text(_Messages(2, "w", closefd=False), sys.stderr, errors="backslashreplace")


class _Output(io.FileIO):
    """Standard output: the product is whole, or the command has failed."""

    _failed = False

    def write(self, data: Any, /) -> int:
        """Raises BrokenPipeError where the reader is gone, AdvisorError for any other failure."""
        if self._failed:  # what is left in the buffer when the interpreter ends
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:
            self._failed = True
            raise
        except OSError as error:
            self._failed = True
            raise AdvisorError(f"standard output cannot be written: {error.strerror}") from error


class _Messages(io.FileIO):
    """Standard error: a command does its work whether somebody can read its messages or not."""

    def write(self, data: Any, /) -> int:
        """Raises nothing."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _text(raw: io.FileIO, former: Any, *, errors: str) -> io.TextIOWrapper:
    """A terminal has its own encoding; files and pipes get UTF-8, as our files do."""
    is_terminal = raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=former.encoding if is_terminal and former else "utf-8",
        errors="backslashreplace" if is_terminal else errors,
        line_buffering=is_terminal or raw.fileno() == 2,
    )
