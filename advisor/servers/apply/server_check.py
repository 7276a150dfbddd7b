"""A configuration held against the server's own check of it, before any of it is in place.

The server gets a copy of what its files say of the settings that are tried, with the new file among
them; of another line it might load a library, or start a program. What it may read it is that says
so: files are read as the account that runs it. MySQL has --validate-config; MariaDB says on stderr
what it holds against its options when it prints its help, whatever its exit status; PostgreSQL
reads all its files to print one setting. None of them starts.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from advisor.effective_user import acting_as
from advisor.errors import AdvisorError
from advisor.files import is_directory
from advisor.servers.apply.change import FileChange
from advisor.servers.config import ConfigFile, FilesRead
from advisor.servers.installed import (
    Confinement,
    Installed,
    ServerAccount,
    account_of_our_own,
    complaints_of,
    end_all_of,
    named_account,
    owner_account,
)
from advisor.servers.sandbox import (
    PrivateFolder,
    TriedSettings,
    is_group,
    is_short,
    private_folder,
    tried_settings,
)
from advisor.vendors.base import Vendor
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Broken, Inclusion, Line, Statement
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
    who = _account(VENDORS[installed.vendor], change.after)
    confinement = Confinement(who)
    settings = tried_settings(installed, confinement)
    if why := _not_meant(change, settings) or _not_theirs(change, who):
        return ServerCheck((), (), why)
    after = _ask(installed, change.after, settings, confinement)
    if not after.refusals and not after.warnings:
        return after
    before = _ask(installed, change.target.before, settings, confinement)
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


def _not_meant(change: FileChange, settings: TriedSettings) -> str:
    """Which line of ours the server is not to be asked about; "" where there is none."""
    groups = {None, *settings.vendor.groups_read(settings.version)}
    for file in _ours(change):
        for statement in file.statements:
            if not isinstance(statement, Line) or statement.group not in groups:
                continue
            if why := settings.why_not(statement) or _too_long(file, statement):
                return f"line {statement.number} is not for a check: {why}"
    return ""


def _too_long(file: ConfigFile, statement: Statement) -> str:
    return "" if is_short(file.text.split("\n")[statement.number - 1]) else "it is too long"


def _ours(change: FileChange) -> Iterator[ConfigFile]:
    """The file that is to be written, as often as it is included."""
    names = {change.target.path, *change.target.names}
    for tree in change.after.trees:
        yield from (file for file in tree.walk() if file.path in names)


def _not_theirs(change: FileChange, who: ServerAccount | None) -> str:
    """Which file the account that runs the server does not read as we have; "" where all are so.

    What root alone can read must not come to where that account can, nor into a message.
    """
    if who is None:
        return ""
    ours = {file.path for file in _ours(change)}
    files = {change.restored: change.new or ""} if change.restored else {}
    files |= {
        file.path: file.text
        for found in (change.target.before, change.after)
        for tree in found.trees
        for file in tree.walk()
        if found is change.target.before or file.path not in ours
    }
    for path, text in files.items():
        raw = text.encode("utf-8", "surrogateescape")
        try:
            if _read_as(who, path, len(raw) + 1) != raw:
                return f"{path} is changing"
        except OSError as error:
            return f"{path} cannot be read by the server's account, {who.name}: {error.strerror}"
    return ""


def _read_as(who: ServerAccount, path: Path, most_bytes: int) -> bytes:
    """How a file begins for that account; nothing of a FIFO or a device. Raises OSError."""
    with acting_as(who.ids):
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as file:
        return file.read(most_bytes) if stat.S_ISREG(os.fstat(opened).st_mode) else b""


def _ask(
    installed: Installed, found: FilesRead, settings: TriedSettings, confinement: Confinement
) -> ServerCheck:
    vendor = VENDORS[installed.vendor]
    with copied_configuration(settings, found, confinement.who) as copies:
        command = vendor.check_command(installed.program, copies.main, copies.data)
        status, said = complaints_of(command, confinement)
    lines = [copies.original(_STAMP.sub("", line)).strip() for line in said.splitlines()]
    lines = [line for line in lines if line]
    warnings = [line for line in lines if _WARNING.search(line)]
    refusals = [line for line in lines if _ERROR.search(line)]
    if status == 0 and vendor.accepts_with_errors:
        refusals = []  # what it logs when it accepts is no refusal
    if status != 0 and not refusals:
        refusals = lines[-1:] or [f"{installed.program} ends with status {status}"]
    return ServerCheck(tuple(refusals), tuple(warnings))


def _account(vendor: Vendor, found: FilesRead) -> ServerAccount | None:
    """The server's account: who owns its data, else whom packages make, else nobody that
    exists. None: our own, where that is not root."""
    if os.geteuid() != 0:
        return None
    with suppress(OSError):
        if found.data_directory and (owner := found.data_directory.stat().st_uid) != 0:
            return owner_account(owner)
    return named_account(vendor.account) or account_of_our_own()


@dataclass(slots=True)
class ConfigCopy:
    """Copies of configuration files that include each other as the originals do, with the lines
    that are tried; all lines keep their numbers."""

    settings: TriedSettings
    folder: PrivateFolder
    originals: dict[str, str] = field(default_factory=dict)
    main: Path = Path()
    data: Path = Path()
    """Empty, and the account's own."""
    folders: int = 0

    def original(self, text: str) -> str:
        """A message with the files called as the user knows them."""
        for copy in sorted(self.originals, key=len, reverse=True):
            text = text.replace(copy, self.originals[copy])
        return text

    def copy(self, file: ConfigFile, into: PrivateFolder) -> Path:
        """One file and all it includes."""
        texts = file.text.split("\n")
        said = {statement.number: statement for statement in file.statements}
        lines = [
            self._line(file, text, said.get(number)) for number, text in enumerate(texts, start=1)
        ]
        copy = into.path / file.path.name
        _write(into, file.path.name, "\n".join(lines))
        self.originals[str(copy)] = str(file.path)
        return copy

    def _line(self, file: ConfigFile, text: str, statement: Statement | None) -> str:
        match statement:
            case None:  # a comment, or the head of a group
                return text if is_group(text, self.settings.vendor) else ""
            case Inclusion():
                return self._inclusion(file, statement)
            case Broken(number, raw):
                line = Line(number, raw, None, None)
            case Line():
                line = statement
        return text if is_short(text) and not self.settings.why_not(line) else ""

    def _inclusion(self, file: ConfigFile, inclusion: Inclusion) -> str:
        """The line that includes the copies; what is not there is none of ours, and is not there
        either."""
        vendor = self.settings.vendor
        named = Path(os.path.normpath(file.path.parent / inclusion.target))
        files = file.included.get(inclusion.number, ())
        if files or (inclusion.of == "folder" and is_directory(named)):
            with self.new_folder() as place:
                copy = place.path
                self.originals[str(copy)] = str(named.parent if inclusion.of == "file" else named)
                copies = [self.copy(included, place) for included in files]
            copy = copies[0] if inclusion.of == "file" else copy
        elif vendor.included_path(file.path, inclusion.target) is None:
            return ""  # only the running server can tell what is meant
        else:
            copy = self.folder.path / f"missing-{len(self.originals)}"
            self.originals[str(copy)] = str(named)
        return vendor.include_line(
            copy, folder=inclusion.of == "folder", may_miss=inclusion.may_miss
        )

    @contextmanager
    def new_folder(self) -> Iterator[PrivateFolder]:
        self.folders += 1
        with closing(self.folder.make_folder(str(self.folders), theirs=False)) as made:
            yield made


def _write(folder: PrivateFolder, name: str, text: str) -> None:
    """A file that the server's account alone can read."""
    with folder.open_file(name, theirs=True) as copy:
        copy.write(text.encode("utf-8", "surrogateescape"))


@contextmanager
def copied_configuration(
    settings: TriedSettings, found: FilesRead, who: ServerAccount | None
) -> Iterator[ConfigCopy]:
    """A private folder with the copies, which only the server's own account can read; gone
    afterwards."""
    with private_folder("apply-fsync-", who) as folder:
        try:
            made = ConfigCopy(settings, folder)
            with closing(folder.make_folder("data", theirs=True)) as data:
                made.data = data.path
                if settings.vendor.persisted_is_configuration:
                    _write(data, settings.vendor.persisted_file, "")  # it misses it
            copies = []
            for tree in found.trees:
                with made.new_folder() as place:
                    copies.append(made.copy(tree, place))
            made.main = copies[0]
            if len(copies) > 1:
                made.main = folder.path / "main"
                lines = (settings.vendor.include_line(copy, folder=False) for copy in copies)
                _write(folder, "main", "".join(f"{line}\n" for line in lines))
        except OSError as error:
            why = f"the configuration cannot be copied to {folder.path}: {error.strerror}"
            raise AdvisorError(why) from error
        try:
            yield made
        finally:
            if who is not None:
                end_all_of(who)
