"""The command line in processes whose calls fail, or which are killed at one (file_calls.c).

    python -m tests.support.kills

run as a script, forks for each line on standard input, an environment and arguments as JSON, and
says in JSON how the child ended.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.faults import compile_library
from tests.support.paths import FIXTURES, MEASUREMENTS

KILLED = -9


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    calls: list[str]
    """"NAME PATH", those that are meant by the environment."""
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Program:
    """The command line, run again and again."""

    process: "subprocess.Popen[str]"
    folder: Path
    """What its counted calls concern."""

    def run(self, *arguments: str | Path, kill_at: int = 0) -> int:
        """The exit status; KILLED where as many calls change something as `kill_at`."""
        step = {"FILE_CALLS_STEP": str(kill_at), "FILE_CALLS_DO": "before"}
        return self.run_with({"FILE_CALLS_CHANGE": "1", **step}, *arguments).status

    def run_with(self, environment: dict[str, str], *arguments: str | Path) -> Ended:
        """The command with these variables of file_calls.c."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        here = {"FILE_CALLS_IN": str(self.folder.resolve()), **environment}
        order = json.dumps([here, [str(one) for one in arguments]])
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return Ended(*json.loads(self.process.stdout.readline()))


@contextmanager
def killable(library: Path, folder: Path) -> Iterator[Program]:
    """The command line; calls are counted that concern what lies in `folder`."""
    command = [sys.executable, "-m", "tests.support.kills"]
    environment = {**os.environ, "LD_PRELOAD": str(library), "FILE_CALLS_IN": ""}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Program(process, folder)
        assert process.stdin is not None
        process.stdin.close()


def compile_file_calls(folder: Path) -> Path:
    """The library to preload, compiled into `folder`. Skips the test where there is no gcc."""
    return compile_library(Path(__file__).with_name("file_calls.c"), folder)


def _be_quick() -> None:
    """What has nothing to do with files is done once, or not at all: what `measure` saves is a
    stored measurement, and no server is looked for."""
    import advisor.commands.apply
    import advisor.knowledge
    import advisor.probe
    import advisor.servers.installed.detect
    from advisor.measurement_file import from_json

    stored = (MEASUREMENTS / "nvme-consumer.json").read_text()
    advisor.probe.measure = lambda *_, **__: from_json(stored, "stored")
    for module in (advisor.commands.apply, advisor.servers.installed.detect):
        vars(module)["find_installed"] = lambda *_, **__: None
    advisor.knowledge._load_setting = cache(advisor.knowledge._load_setting)
    advisor.knowledge.load_settings("innodb")


def _warm_up(folder: Path) -> Iterator[tuple[str | Path, ...]]:
    """Commands whose imports are then made once, and not in each child."""
    (folder / "my.cnf").write_text(f"[mysqld]\n!includedir {folder}\n")
    (folder / "fragment").write_text("# fsync-advisor\n[mysqld]\nsync_binlog = 1\n")
    where = ("--to", folder, "--config", folder / "my.cnf")
    for what in (folder / "fragment", "--undo"):
        yield ("apply", what, "--db", "mysql", "--yes", "--unchecked", "--diff", *where)
    stored = MEASUREMENTS / "nvme-consumer.json"
    yield ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", stored)
    for command in (("import", FIXTURES / "pg-18.3.txt"), ("measure", "/", "--quiet")):
        for _ in range(2):
            yield (*command, "--output", folder / "product")  # the second is refused


def main() -> None:
    from advisor import cli

    _be_quick()
    with tempfile.TemporaryDirectory() as folder:
        for command in _warm_up(Path(folder)):
            nowhere = io.StringIO()
            with suppress(SystemExit), redirect_stderr(nowhere), redirect_stdout(nowhere):
                cli.main([str(each) for each in command])
    for line in sys.stdin:
        environment, arguments = json.loads(line)
        logs = [os.memfd_create(name) for name in ("calls", "stdout", "stderr")]
        child = os.fork()
        if child == 0:
            os.environ.update(environment, FILE_CALLS_LOG=str(logs[0]))
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(logs[1], 1)
            os.dup2(logs[2], 2)
            try:
                cli.main(arguments)
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(int(end.code or 0))  # taking the interpreter apart takes the most time
        _, status = os.waitpid(child, 0)
        texts = []
        for log in logs:
            with os.fdopen(log, "rb") as file:
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        ended = [os.waitstatus_to_exitcode(status), texts[0].splitlines(), *texts[1:]]
        print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    main()
