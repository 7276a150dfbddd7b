"""A real server with a configuration of its own, and apply run on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.engines import ENGINES, Place, Programs
from tests.servers.harness import Server
from tests.support.paths import CHECKOUT


@dataclass(frozen=True)
class Host:
    """A server's configuration, as a package would leave it."""

    server: Server
    place: Place
    programs: Programs

    @property
    def main(self) -> Path:
        inside = self.server.vendor == "postgresql"
        return self.place.data / "postgresql.conf" if inside else self.place.config

    @property
    def file(self) -> Path:
        return self.place.fragments / ENGINES[self.server.vendor].fragment_name

    def apply(
        self,
        fragment: str | None,
        *options: str,
        to: Path | None = None,
        main: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Runs the command; None: with --undo."""
        vendor = self.server.vendor
        program = self.programs[ENGINES[vendor].server]
        command = [sys.executable, "-m", "advisor", "apply", "--db", vendor, "--yes"]
        command += ["--to", str(to or self.place.fragments), "--config", str(main or self.main)]
        command += [] if "--server" in options else ["--server", str(program)]
        command += [*options, "--undo" if fragment is None else "-"]
        return subprocess.run(
            command,
            input=fragment or "",
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            cwd=self.place.folder,
        )

    def fragment(self, *lines: str) -> str:
        head = "" if self.server.vendor == "postgresql" else "[mysqld]\n"
        return head + "".join(f"{line}\n" for line in lines)

    def parsed(self, name: str) -> str:
        """What the server makes of its files without starting."""
        engine = ENGINES[self.server.vendor]
        return engine.parsed(self.programs, self.place, [name])[name]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.place.fragments.iterdir())


@contextmanager
def host(server: Server) -> Iterator[Host]:
    with server.configured("") as (place, programs):
        found = Host(server, place, programs)
        found.file.unlink()
        yield found
