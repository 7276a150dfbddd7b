"""A stranger's first hour on a fresh Debian 12 whose server came with apt; and the tests there.

    python -m tests.package.fresh_host [--tests] [--work DIR]

Needs root, debootstrap and 4 GB (12 GB with --tests). Installs as the README's first block says,
takes the time to the first advice, and goes through the guided run with Debian's own PostgreSQL 15
and MariaDB 10.11, each in a root of its own. What the terminal showed goes to
tests/servers/guided/fresh-*.txt, times to fresh_host.txt. --tests runs what continuous integration
runs, in a third root, instead; how it ended goes to fresh_host_tests.txt.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.package.install_roots import (
    IN_ROOT,
    ROOTS,
    VENV,
    Tried,
    call,
    environment,
    make_root,
)
from tests.servers.guided_runs import ANSWERS, TRANSCRIPTS
from tests.support.paths import CHECKOUT
from tests.support.terminal import Conversation

HERE: Final = Path(__file__).parent
TIMES: Final = HERE / "fresh_host.txt"
TESTS: Final = HERE / "fresh_host_tests.txt"
NO_SERVICES: Final = "#!/bin/sh\nexit 101\n"
"""policy-rc.d: there is no init here that packages could ask for a start."""


class Server(NamedTuple):
    """A package of Debian's, and what starts it before the guided run."""

    name: str
    package: str
    start: str


SERVERS: Final = (
    Server("postgresql-15", "postgresql", "pg_ctlcluster 15 main start"),
    Server("mariadb-10.11", "mariadb-server", "true"),
)


def main(arguments: Sequence[str]) -> int:
    """What is asked for; 1 where something did not go as it should."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp"), help="where the roots go")
    asked = parser.parse_args(arguments)
    with _fresh_roots(asked.work) as fresh:
        return _run_tests(fresh()) if asked.tests else _first_hours(fresh)


@contextmanager
def _fresh_roots(work: Path) -> Iterator[Callable[[], Tried]]:
    """Makes a root, and hands out copies of it with a clone of this checkout."""
    folder = Path(tempfile.mkdtemp(dir=work, prefix="fresh-host-"))
    made: list[Tried] = []

    def fresh() -> Tried:
        made.append(Tried(folder / f"{len(made)}"))
        call("cp", "-a", "--reflink=auto", folder / "fresh", made[-1].folder)
        call("git", "clone", "-q", CHECKOUT, f"{made[-1].folder}{IN_ROOT}")
        return made[-1]

    try:
        make_root(ROOTS[0], folder / "fresh", Path())
        policy = folder / "fresh/usr/sbin/policy-rc.d"
        policy.write_text(NO_SERVICES)
        policy.chmod(0o755)
        yield fresh
    finally:
        shutil.rmtree(folder)


def _first_hours(fresh: Callable[[], Tried]) -> int:
    told = []
    for server in SERVERS:
        tried = fresh()
        for line in ("apt-get update", f"apt-get install -y {server.package}"):
            _require(tried, line)
        line = VENV.lines[0].replace("--db mysql", f"--db {server.name.split('-')[0]}")
        first_s = _require(tried, line)
        told.append(f"{server.name}: first advice {first_s:.0f} s after the clone, with one line")
        print(told[-1], flush=True)
        _require(tried, "/opt/fsync-advisor/bin/pip install '.[live]'")  # the run verifies
        text = _guided(tried, server)
        (TRANSCRIPTS / f"fresh-{server.name}.txt").write_text(text)
    TIMES.write_text("".join(f"{line}\n" for line in told))
    return 0


def _require(tried: Tried, line: str) -> float:
    """Types a line that must succeed; seconds that it took."""
    typed = tried.type(line)
    if not typed.right:
        sys.exit(f"{line}: exit {typed.status}\n{typed.said}")
    return typed.seconds


def _guided(tried: Tried, server: Server) -> str:
    """What the terminal shows of a guided run, in which everything is answered."""
    line = f"cd /root && {server.start} && exec fsync-advisor"
    talk = Conversation(tried.command(line, "--pid", "--fork", "--kill-child"), environment())
    talk.answer_all(ANSWERS[server.name])
    status, text = talk.ended(), talk.text()
    if status != 0:
        sys.exit(f"{server.name}: exit {status}\n{text}")
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(["$ fsync-advisor", *lines]) + "\n"


def _run_tests(tried: Tried) -> int:
    """As on a host where nobody has prepared anything."""
    _require(tried, "apt-get update && apt-get install -y python3 ca-certificates git")
    typed = tried.type("CI=true .ci/run")
    kept = [line for line in typed.said.splitlines() if re.match("== |=====|FAILED|ERROR", line)]
    head = f"$ CI=true .ci/run\n[exit {typed.status}, {typed.seconds:.0f} s]\n"
    TESTS.write_text(head + "".join(f"{line}\n" for line in kept))
    print(TESTS.read_text())
    if typed.status != 0:
        print(typed.said, file=sys.stderr)
    return int(typed.status != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
