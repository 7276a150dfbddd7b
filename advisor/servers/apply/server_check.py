"""A configuration held against the server's own check of it, before any of it is in place.

The server gets a copy of all its files with the new one among them. MySQL has --validate-config;
MariaDB says on stderr what it holds against its options when it prints its help, whatever its exit
status; PostgreSQL reads all its files to print one setting. None of them starts.
"""

import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError
from advisor.files import is_directory
from advisor.servers.apply.change import FileChange
from advisor.servers.config import ConfigFile, FilesRead
from advisor.servers.installed import Installed, account, complaints_of, signals_held_back
from advisor.servers.sandbox import parent_folder
from advisor.vendors.base import Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Inclusion
from advisor.versions import format_version

_ERROR: Final = re.compile(r"\[ERROR\]|\b(?:FATAL|ERROR|LOG):\s")
_WARNING: Final = re.compile(r"\[Warning\]|\bWARNING:\s")
_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d[T ]+[\d:.]+\S*\s+(?:[A-Z]{2,}\s+)?(?:\[\d+\]|\d+)\s+")
"""Time and process: what differs from one run to the next."""


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """What the server says of a configuration."""

    refusals: tuple[str, ...]
    """Why it would not start; none where it accepts it."""
    warnings: tuple[str, ...]
    not_checked: str = ""
    """Why the server's word says nothing about the change."""


def check(change: FileChange, installed: Installed) -> ServerCheck:
    """What the server has against the configuration as it would be, and has not against it now.

    Raises AdvisorError where it cannot be asked.
    """
    if why := _why_not(change, installed):
        return ServerCheck((), (), why)
    after = _ask(installed, change.after)
    if not after.refusals and not after.warnings:
        return after
    before = _ask(installed, change.target.before)
    refusals = tuple(said for said in after.refusals if said not in before.refusals)
    warnings = tuple(said for said in after.warnings if said not in before.warnings)
    if after.refusals and not refusals:
        why = f"it refuses the configuration without this file, too: {after.refusals[0]}"
        return ServerCheck((), warnings, why)
    return ServerCheck(refusals, warnings)


def _why_not(change: FileChange, installed: Installed) -> str:
    """Why the server's word would say nothing; "" where it counts."""
    vendor, version = VENDORS[installed.vendor], change.target.version
    if vendor.data_directory_marker and version and version[:1] != installed.version[:1]:
        here, data = (
            f"{vendor.title} {format_version(of[:1])}" for of in (installed.version, version)
        )
        return f"it is {here}, and the data directory is {data}'s"
    return vendor.why_unchecked(installed.version)


def _ask(installed: Installed, found: FilesRead) -> ServerCheck:
    vendor = VENDORS[installed.vendor]
    who = _account(vendor, found)
    with copied_configuration(vendor, found, who) as copies:
        command = vendor.check_command(installed.program, copies.main, found.data_directory)
        status, said = complaints_of(command, who)
    lines = [copies.original(_STAMP.sub("", line)).strip() for line in said.splitlines()]
    lines = [line for line in lines if line]
    warnings = [line for line in lines if _WARNING.search(line)]
    refusals = [line for line in lines if _ERROR.search(line)]
    if status == 0 and vendor.accepts_with_errors:
        refusals = []  # what it logs when it accepts is no refusal
    if status != 0 and not refusals:
        refusals = lines[-1:] or [f"{installed.program} ends with status {status}"]
    return ServerCheck(tuple(refusals), tuple(warnings))


def _account(vendor: Vendor, found: FilesRead) -> pwd.struct_passwd | None:
    """As whom the server runs: who owns its data, else whom packages make; None: nobody knows."""
    with suppress(OSError, KeyError):
        if found.data_directory and (owner := found.data_directory.stat().st_uid) != 0:
            return pwd.getpwuid(owner)
    with suppress(KeyError):
        return pwd.getpwnam(vendor.account)
    return None


@dataclass(slots=True)
class ConfigCopy:
    """Copies of configuration files that include each other as the originals do."""

    vendor: Vendor
    folder: Path
    originals: dict[str, str] = field(default_factory=dict)
    main: Path = Path()

    def original(self, text: str) -> str:
        """A message with the files called as the user knows them."""
        for copy in sorted(self.originals, key=len, reverse=True):
            text = text.replace(copy, self.originals[copy])
        return text

    def copy(self, file: ConfigFile, into: Path) -> Path:
        """One file and all it includes; lines keep their numbers."""
        lines = file.text.split("\n")
        for statement in file.statements:
            if isinstance(statement, Inclusion):
                lines[statement.number - 1] = self._inclusion(file, statement)
        copy = into / file.path.name
        copy.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
        self.originals[str(copy)] = str(file.path)
        return copy

    def _inclusion(self, file: ConfigFile, inclusion: Inclusion) -> str:
        """The line that includes the copies; what is not there is called by its own name."""
        named = Path(os.path.normpath(file.path.parent / inclusion.target))
        files = file.included.get(inclusion.number, ())
        if files or (inclusion.of == "folder" and is_directory(named)):
            folder = self.new_folder()
            self.originals[str(folder)] = str(named.parent if inclusion.of == "file" else named)
            copies = [self.copy(included, folder) for included in files]
            named = copies[0] if inclusion.of == "file" else folder
        elif self.vendor.included_path(file.path, inclusion.target) in (
            None,  # only the running server can tell
            Path(inclusion.target),
        ):
            return inclusion.text
        return self.vendor.include_line(
            named, folder=inclusion.of == "folder", may_miss=inclusion.may_miss
        )

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))


@contextmanager
def copied_configuration(
    vendor: Vendor, found: FilesRead, who: pwd.struct_passwd | None
) -> Iterator[ConfigCopy]:
    """A private folder with the copies, the server's own account's, gone afterwards."""
    parent = parent_folder()
    with signals_held_back():
        folder = Path(tempfile.mkdtemp(prefix="apply-fsync-", dir=parent))
    try:
        made = ConfigCopy(vendor, folder)
        copies = [made.copy(tree, made.new_folder()) for tree in found.trees]
        made.main = copies[0]
        if len(copies) > 1:
            made.main = folder / "main"
            lines = (vendor.include_line(copy, folder=False) for copy in copies)
            made.main.write_text("".join(f"{line}\n" for line in lines))
        if who := (who or account()) if os.geteuid() == 0 else None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, who.pw_uid, who.pw_gid)
        yield made
    except OSError as error:
        raise AdvisorError(f"{parent} takes no temporary folder: {error.strerror}") from error
    finally:
        with signals_held_back():
            shutil.rmtree(folder, ignore_errors=True)
