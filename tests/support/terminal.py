"""A command on a terminal of its own, and somebody who answers what it asks."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Final

PATIENCE_S: Final = 120

_STEERING: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


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
