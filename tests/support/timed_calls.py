"""What a server's own calls took, timed within it by a preloaded library: timed_calls.c."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.faults import compile_library


def compile_timed_calls(folder: Path) -> Path:
    """The library to preload, compiled into `folder`. Skips the test where there is no gcc."""
    return compile_library(Path(__file__).with_suffix(".c"), folder)


class TimedCall(NamedTuple):
    """A write or a sync that a program waited for."""

    kind: str
    """ "sync" or "write"."""
    ended_ns: int
    """As time.monotonic_ns has it."""
    took_ns: int
    path: str


class TimedCalls:
    """The calls of one program and its children, in a file that it may write to."""

    def __init__(self, library: Path, log: Path) -> None:
        self._library = library
        self._log = log
        log.touch()
        os.chmod(log, 0o666)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the program is started with."""
        return {"LD_PRELOAD": str(self._library), "TIMED_CALLS_LOG": str(self._log)}

    def of(self, file: str, since_ns: int, until_ns: int) -> Iterator[TimedCall]:
        """The calls on files whose path has `file` in it that ended between the two."""
        for line in self._log.read_text().splitlines():
            kind, ended, took, path = line.split(maxsplit=3)
            if file in path and since_ns <= int(ended) <= until_ns:
                yield TimedCall(kind, int(ended), int(took), path)
