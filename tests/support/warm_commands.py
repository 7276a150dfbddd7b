"""Many command lines, each in a process of its own that has everything imported already; and how
long each took, and how much memory it had at its most.

A process that is asked by lines of JSON forks one for each of them.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final, NoReturn

from tests.support.command_line import environment

POLL_S: Final = 0.05
WAIT_S: Final = 120


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    status: int
    elapsed_s: float
    own_bytes: int
    """Of memory, at its most."""
    children_bytes: int
    """The same of the largest process that it started."""
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class WarmCommands:
    """Takes commands, side by side if it is asked from several threads."""

    asked: IO[str]
    folder: Path

    def run(self, arguments: Sequence[str], variables: Mapping[str, str]) -> Done:
        """One command, to its end."""
        place = self.folder / f"{time.monotonic_ns()}"
        line = json.dumps([str(place), list(arguments), dict(variables)])
        self.asked.write(f"{line}\n")  # one write: it is shorter than the buffer
        self.asked.flush()
        deadline_s = time.monotonic() + WAIT_S
        figures = place.with_suffix(".json")
        while not figures.exists():
            assert time.monotonic() < deadline_s, f"{arguments} does not end"
            time.sleep(POLL_S)
        texts = {of: place.with_suffix(f".{of}").read_text() for of in ("out", "err")}
        return Done(**{**json.loads(figures.read_text()), **texts})


@contextmanager
def warm_commands(folder: Path) -> Iterator[WarmCommands]:
    """Until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm_commands"],
        stdin=subprocess.PIPE,
        text=True,
        cwd="/",
        env=environment(None),
    )
    assert process.stdin is not None
    try:
        yield WarmCommands(process.stdin, folder)
    finally:
        process.stdin.close()
        process.wait(WAIT_S)


# Within


def _import_all() -> None:
    import psycopg  # noqa: F401

    import advisor.commands.audit
    import advisor.commands.predict
    import advisor.output.audit
    import advisor.output.prediction
    import advisor.output.text
    import advisor.servers.connection.guarded_pymysql
    import advisor.servers.connection.libpq  # noqa: F401


def _serve() -> None:
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        place, arguments, variables = json.loads(line)
        if os.fork() == 0:
            _run(Path(place), arguments, variables)


def _run(place: Path, arguments: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    from advisor.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(variables)
    files = (Path("/dev/null"), place.with_suffix(".out"), place.with_suffix(".err"))
    for number, path in enumerate(files):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    status, started_s = 0, time.monotonic()
    try:
        main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    sys.stderr.flush()
    own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    done = Done(
        status,
        time.monotonic() - started_s,
        own * 1024,
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
    )
    unfinished = place.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(done)))
    unfinished.rename(place.with_suffix(".json"))
    os._exit(0)


if __name__ == "__main__":
    _serve()
