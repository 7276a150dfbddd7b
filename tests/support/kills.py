"""The command line in processes killed at a chosen step (faults.c); run as a script, those.

    python -m tests.support.kills

forks for each line on standard input, a step and arguments as JSON, and says how the child ended.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.faults import fault_environment

KILLED = -9

WARM_UP = (
    "apply /dev/null --db mysql --yes --config /none",
    "recommend --db mysql --db-version 9.7 --from /none",
    "import /dev/null",
)
"""Commands that fail, after the imports that are then made once and not in each child."""


@dataclass(frozen=True)
class Program:
    """The command line, run again and again."""

    process: "subprocess.Popen[str]"

    def run(self, *arguments: str | Path, kill_at: int = 0) -> int:
        """The exit status; KILLED where there are as many steps as `kill_at`, counted from 1."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = json.dumps([kill_at, [str(one) for one in arguments]])
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def killable(library: Path, folder: Path) -> Iterator[Program]:
    """The command line; steps are calls that change something in `folder`."""
    command = [sys.executable, "-m", "tests.support.kills"]
    environment = fault_environment(library, kill_in=str(folder))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Program(process)
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    from advisor import cli

    for command in WARM_UP:
        with suppress(SystemExit), redirect_stderr(io.StringIO()):
            cli.main(command.split())
    for line in sys.stdin:
        kill_at, arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ["FAULT_KILL_STEP"] = str(kill_at)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            cli.main(arguments)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
