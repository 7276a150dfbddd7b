"""A server's program in a private place, asked what it makes of lines, without a start."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.account import (
    ENVIRONMENT,
    copy_tree,
    hand_over,
    identity,
    private_folder,
    reachable,
)
from tests.servers.engines import ENGINES
from tests.servers.harness import Server


@dataclass(frozen=True)
class Answer:
    """What a server said to some lines."""

    accepted: bool
    values: Mapping[str, str]
    """What it then has, by setting."""
    log: str
    """Everything on its standard error."""


@dataclass(frozen=True)
class Questioned:
    """A server in its place."""

    server: Server
    folder: Path
    data: Path
    program: Path

    def ask(self, number: int, lines: str, shown: str = "", *, validate: bool = False) -> Answer:
        """What becomes of lines. `number` names their file; PostgreSQL is asked for the setting
        `shown`. `validate`: whether MySQL takes every name, too, of which its help says nothing.
        """
        file = self.folder / f"{number}.conf"
        if self.server.vendor == "postgresql":
            file.write_text(lines)
            done = self._run("-D", str(self.data), "-c", f"config_file={file}", "-C", shown)
            return Answer(
                done.returncode == 0, {shown: done.stdout.removesuffix("\n")}, done.stderr
            )
        base = f"[mysqld]\ndatadir={self.data}\ntmpdir={self.folder}\n"
        if self.server.name != "mysql-5.6" and self.server.vendor == "mysql":
            base += "mysqlx=OFF\nsecure_file_priv=NULL\nlog_error_verbosity=2\n"
        file.write_text(base + lines)
        options = [f"--defaults-file={file}", f"--basedir={self.program.parent.parent}"]
        done = self._run(*options, "--verbose", "--help")
        accepted = done.returncode == 0 and "Parsing options for plugin" not in done.stderr
        if accepted and validate:
            accepted = self._run(*options, "--validate-config").returncode == 0
        _, _, values = done.stdout.partition("Variables (--variable-name=value)")
        found = re.findall(r"^(\S+) +(\S.*)$", values, re.MULTILINE)
        return Answer(
            accepted, {name.replace("-", "_").lower(): text for name, text in found}, done.stderr
        )

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        user, group, groups = identity()
        return subprocess.run(
            [self.program, *arguments],
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            user=user,
            group=group,
            extra_groups=groups,
        )


@contextmanager
def questioned(server: Server) -> Iterator[Questioned]:
    """That server's program; the oldest ones have no data to go with it, and want none."""
    with private_folder() as folder:
        data, questions = folder / "data", folder / "questions"
        questions.mkdir()
        template = server.installed.template
        if template.exists():
            copy_tree(template, data)
        else:
            data.mkdir()
        hand_over(folder)
        program = server.installed.programs[ENGINES[server.vendor].server]
        tree = reachable(server.installed.tree, folder)
        yield Questioned(server, questions, data, tree / program)
