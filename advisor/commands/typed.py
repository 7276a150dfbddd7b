"""The command lines that do what a guided run does, as one would type them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.durability import AdvisedDurability
from advisor.instance import Drives, ServerInstance
from advisor.output.text import command_lines
from advisor.roles import Role
from advisor.rules.catalogue import SettingGroup
from advisor.vendors.names import ClusterName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

DRIVE_FILE: Final = "drive.json"


@dataclass(slots=True)
class TypedCommands:
    """Of one server; they hand each other the measurement and the fragment in files."""

    instance: ServerInstance
    drives: Drives
    binary_log: bool | None = None
    durability: AdvisedDurability = "durable"
    folder: Path | None = None
    """Where `apply` puts the file."""
    role: Role = "standalone"
    cluster: ClusterName | None = None

    @property
    def fragment(self) -> str:
        """What the file of the settings is called."""
        return f"fragment{VENDORS[self.instance.vendor].config_suffix}"

    def measure(self) -> str:
        words: list[str | Path] = ["measure", self.drives.data]
        for option, directory in (
            ("--log-dir", self.drives.log),
            ("--binary-log-dir", self.drives.binary_log),
        ):
            words += [] if directory is None else [option, directory]
        return command_line(*words, "--output", DRIVE_FILE)

    def audit(self) -> str:
        words = ["audit", *self._server(), *self._config(), "--from", DRIVE_FILE, *self._role()]
        return command_line(*words)

    def recommend(self, groups: Sequence[SettingGroup] = (), *, output: bool = False) -> str:
        version = self.instance.version
        words: list[str | Path] = ["recommend", *self._server()]
        words += ["--db-version", format_version(version)] if version else []
        words += ["--from", DRIVE_FILE, *self._durability(), *self._role()]
        words += [] if self.cluster is None else ["--cluster", self.cluster]
        if self.binary_log is not None:
            words.append("--binary-log" if self.binary_log else "--no-binary-log")
        words += [word for group in groups for word in ("--group", group)]
        return command_line(*words, *(["--output", self.fragment] if output else []))

    def verify(self) -> str:
        return command_line("verify", *self._server(), self.fragment)

    def apply(self) -> str:
        return command_line(*self._apply(), *self._durability(), self.fragment)

    def undo(self) -> str:
        return command_line(*self._apply(), "--undo")

    def _apply(self) -> list[str | Path]:
        to: list[str | Path] = [] if self.folder is None else ["--to", self.folder]
        return ["apply", *self._server(), *self._config(), *to]

    def _server(self) -> list[str | Path]:
        return ["--db", self.instance.vendor]

    def _config(self) -> list[str | Path]:
        return [word for file in self.instance.main for word in ("--config", file)]

    def _role(self) -> list[str | Path]:
        return [] if self.role == "standalone" else ["--role", self.role]

    def _durability(self) -> list[str | Path]:
        return [] if self.durability == "durable" else ["--durability", self.durability]


def command_line(*words: str | Path) -> str:
    """A command as a shell takes it, in as many lines as it needs."""
    return command_lines(shlex.join(["fsync-advisor", *map(str, words)]))
