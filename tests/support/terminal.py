"""A command on a terminal of its own, and somebody who answers what it asks."""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tests.support.paths import CHECKOUT

PATIENCE_S: Final = 120

_STEERING: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


@contextmanager
def at_a_terminal(arguments: Sequence[str]) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Our command with a terminal to read from, where no server is found, and the end at which
    somebody answers. What it says on stderr is read from the process."""
    ours, its = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "advisor", *arguments],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PATH": "/nonexistent"},
            stdin=its,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process, ours
            finally:
                process.kill()  # where the test has failed it still waits for an answer
    finally:
        os.close(ours)
        os.close(its)


def until_it_asks(process: "subprocess.Popen[str]") -> str:
    """What that command says on stderr up to its question."""
    assert process.stderr is not None
    said = ""
    while not said.endswith("[y/N]"):
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    return said


class Conversation:
    """One run of a command: what the terminal showed, and how it ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, its = pty.openpty()
        self._process = subprocess.Popen(
            command,
            stdin=its,
            stdout=its,
            stderr=its,
            env={**environment, "TERM": "dumb", "COLUMNS": "80"},
            start_new_session=True,
            preexec_fn=_take_terminal,  # so that Ctrl-C is a signal
        )
        os.close(its)
        self._raw = ""
        self._seen = 0

    def expect(self, pattern: str) -> None:
        """Waits until that was shown, behind what was expected before."""
        ends_s = time.monotonic() + PATIENCE_S
        while True:
            found = re.compile(pattern).search(self.text(), self._seen)
            if found:
                self._seen = found.end()
                return
            if not self._read(ends_s - time.monotonic()):
                raise AssertionError(f"{pattern!r} was not shown:\n{self.text()[self._seen :]}")

    def answer_all(self, answers: Sequence[tuple[str, str]]) -> None:
        """Answers each question as the first pattern says that what was shown since the last one
        fits; until none comes any more."""
        whole = "|".join(f"(?:{pattern})" for pattern, _ in answers)
        while True:
            before = self._seen
            try:
                self.expect(whole)
            except AssertionError:
                return
            shown = self.text()[before : self._seen]
            answer = next(answer for pattern, answer in answers if re.search(pattern, shown))
            os.write(self._ours, f"{answer}\n".encode())

    def answer(self, question: str, answer: str) -> None:
        """Waits for a question, and types a line."""
        self.expect(question)
        os.write(self._ours, f"{answer}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.write(self._ours, b"\x03")

    def ended(self) -> int:
        """Waits for the end; the exit status."""
        ends_s = time.monotonic() + PATIENCE_S
        while self._read(ends_s - time.monotonic()):
            pass
        status = self._process.wait(PATIENCE_S)
        os.close(self._ours)
        return status

    def text(self) -> str:
        """What was shown so far, without what steers the terminal."""
        return _STEERING.sub("", self._raw).replace("\r\n", "\n")

    def _read(self, left_s: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, left_s))
        if not ready:
            return False
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # how a terminal says that nobody has it open any more
            return False
        self._raw += more.decode(errors="replace")
        return bool(more)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
