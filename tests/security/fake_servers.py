"""Programs in the place of a server's, in shell: for what no real one can be made to do."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.command_line import advisor

BANNERS: Final = {
    "mysql": "mysqld  Ver 9.7.4 for Linux on x86_64",
    "mariadb": "mariadbd  Ver 11.8.9-MariaDB for Linux on x86_64",
    "postgresql": "postgres (PostgreSQL) 15.4",
}
NAMES: Final = {"mysql": "mysqld", "mariadb": "mariadbd", "postgresql": "postgres"}


@dataclass(frozen=True)
class FakeServer:
    """A vendor's program, and what lies around it."""

    vendor: str
    folder: Path
    """Root's; everybody may look."""

    @property
    def program(self) -> Path:
        return self.folder / "bin" / NAMES[self.vendor]

    @property
    def places(self) -> Path:
        """Where temporary folders are made."""
        return self.folder / "t"

    @property
    def marks(self) -> Path:
        """Where every account may leave something."""
        return self.folder / "marks"

    @property
    def victim(self) -> Path:
        """Root's, and nobody else's to change."""
        return self.folder / "victim"

    def marked(self) -> dict[str, str]:
        """What was left there, by name."""
        return {path.name: path.read_text() for path in sorted(self.marks.iterdir())}

    def write(self, script: str, initdb: str = "mkdir -p $2; exit 0") -> None:
        """`script` is all that the program does but to name itself; MARKS is where to leave
        something, VICTIM root's file. PostgreSQL's data directory is $2 to initdb."""
        head = f"#!/bin/sh\nMARKS={self.marks}\nVICTIM={self.victim}\n"
        banner = f'[ "$1" = --version ] && exec echo "{BANNERS[self.vendor]}"\n'
        for name, text in (
            (self.program.name, f"{head}{banner}{script}\n"),
            ("initdb", f"{head}{initdb}\n"),
        ):
            path = self.program.parent / name
            path.write_text(text)
            path.chmod(0o755)

    def run(
        self, command: str, *arguments: str, text: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """One command, with this server."""
        asked = (command, "--db", self.vendor, "--server", str(self.program), *arguments)
        return advisor(*asked, text=text, places=self.places)

    def untouched(self) -> bool:
        """Whether root's file is as it was."""
        status = self.victim.lstat()
        found = (status.st_uid, status.st_gid, status.st_mode & 0o7777, self.victim.read_text())
        return found == (0, 0, 0o644, "root's\n")


@contextmanager
def fake_server(vendor: str) -> Iterator[FakeServer]:
    """A new one, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fsync-advisor-fake-", dir="/var/tmp") as folder:
        found = FakeServer(vendor, Path(folder))
        found.folder.chmod(0o755)
        for path, mode in (
            (found.program.parent, 0o755),
            (found.places, 0o755),
            (found.marks, 0o777),
        ):
            path.mkdir()
            path.chmod(mode)
        found.victim.write_text("root's\n")
        found.victim.chmod(0o644)
        yield found
