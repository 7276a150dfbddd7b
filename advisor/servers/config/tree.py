"""Configuration files and what they include, as the server follows it.

What each server does was tried on it: tests/servers/test_config_files.py.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from advisor.effective_user import Account, account_of, acting_as
from advisor.errors import AdvisorError
from advisor.files import read_bytes, read_regular
from advisor.server_state import RefusedLine
from advisor.trusted_path import trusted_ids
from advisor.vendors.base import Vendor
from advisor.vendors.option_files import CUT_BYTES
from advisor.vendors.syntax import Broken, Inclusion, Line, Statement
from advisor.versions import NumericVersion

MAX_BYTES: Final = 1024**2
MAX_LINES: Final = 20_000
"""Of all files together, each as often as it is read: a hundred times what is customary. Lines are
those that say something."""
MAX_FILES: Final = 1000
"""Files that include each other are read again and again, ten deep."""

MAX_DEPTH: Final = 10
"""The limit of both servers."""


@dataclass(frozen=True, slots=True)
class IncludedFolder:
    """A folder whose files the server reads."""

    path: Path
    suffix: str
    """What the name of such a file ends with; PostgreSQL skips those that start with a dot, too."""
    place: str
    """The line that includes it, "FILE:LINE"."""
    position: int
    """How many files have been read before it."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file that was read, and what it brought in."""

    path: Path
    text: str
    statements: tuple[Statement, ...]
    included: Mapping[int, tuple["ConfigFile", ...]]
    """Number of a line -> the files that it included."""

    def walk(self) -> Iterator["ConfigFile"]:
        """This file and those in it, in the order they are read."""
        yield self
        for files in self.included.values():
            for file in files:
                yield from file.walk()

    def lines(self) -> Iterator[tuple["ConfigFile", Line]]:
        """Each line that sets something, in the order the server takes them."""
        for statement in self.statements:
            if isinstance(statement, Line):
                yield self, statement
            for file in self.included.get(statement.number, ()):
                yield from file.lines()


@dataclass(slots=True)
class Reader:
    """Reads trees of files. `instead` holds what is taken for the disk's; None: no such file."""

    vendor: Vendor
    version: NumericVersion | None
    instead: Mapping[Path, str | None] = field(default_factory=dict)
    folders: list[IncludedFolder] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)
    """What a file includes and is not here, though the server does not start without it."""
    refused: list[RefusedLine] = field(default_factory=list)
    read: int = 0
    """Files so far."""
    read_bytes: int = 0
    lines: int = 0

    def file(self, path: Path, depth: int = 0) -> ConfigFile | None:
        """A file and all in it; None where the server skips it. Raises AdvisorError."""
        text = self.text(path, named_by_user=depth == 0)
        if text is None:
            return None
        self.read += 1
        if self.read > MAX_FILES:
            raise AdvisorError(
                f"{path}: more than {MAX_FILES} files are included", "look for a circle"
            )
        taken: list[Statement] = []
        self._look_at_long_lines(path, text)
        included: dict[int, tuple[ConfigFile, ...]] = {}
        for statement in self.vendor.statements(text, self.version):
            self.lines += 1
            if self.lines > MAX_LINES:
                raise AdvisorError(
                    f"{path}:{statement.number}: there are more than {MAX_LINES} lines of"
                    " configuration",
                    "is all of that configuration?",
                )
            if isinstance(statement, Inclusion):
                before = included.get(statement.number, ())
                found = self._included(path, statement, depth)
                included[statement.number] = (*before, *found)
            elif isinstance(statement, Broken) or self._is_stray(statement):
                place = f"{path}:{statement.number}"
                if depth and not self.vendor.included_error_stops:
                    self.notes.append(
                        f"{place}: the server cannot read this line, and takes nothing of this"
                        " file from here on"
                    )
                    taken.append(statement)
                    break
                self._refuse_unreadable(place, statement)
            taken.append(statement)
        return ConfigFile(path, text, tuple(taken), included)

    def _look_at_long_lines(self, path: Path, text: str) -> None:
        """Raises AdvisorError for one of which nobody can say what the server makes of it."""
        cuts = self.vendor.cuts_long_lines(self.version)
        for number, size_bytes in self.vendor.long_lines(text) if cuts is not False else ():
            long = f"{path}:{number}: the line has {size_bytes} bytes"
            if cuts is None:
                raise AdvisorError(
                    f"{long}, and some releases of {self.vendor.title} read what follows"
                    f" {CUT_BYTES} of them as a line of its own",
                    "make it shorter",
                )
            self.notes.append(
                f"{long}: the server reads what follows {CUT_BYTES} of them as a line of its own"
            )

    def refuse(self, refused: RefusedLine) -> None:
        """Takes down that the server does not start with a line; a note says the same."""
        self.refused.append(refused)
        self.notes.append(note_of(refused))

    def _refuse_unreadable(self, place: str, statement: Broken | Line) -> None:
        if isinstance(statement, Broken):
            begins = next(iter(statement.text.replace("=", " ").split()), statement.text)
            why = "the server cannot read this line"
            self.refuse(RefusedLine(place, begins, statement.text, why))
        else:
            why = "the server cannot read this line, which stands in no group"
            self.refuse(RefusedLine(place, statement.name, statement.value or "", why))

    def _is_stray(self, line: Line) -> bool:
        return line.group is None and self.vendor.has_groups

    def _included(self, path: Path, inclusion: Inclusion, depth: int) -> Iterator[ConfigFile]:
        place = f"{path}:{inclusion.number}"
        target = self._target(path, inclusion)
        if target is None or self._is_too_deep(path, target, inclusion, depth):
            return
        names = [target]
        if inclusion.of == "folder":
            suffix = self.vendor.config_suffix
            self.folders.append(IncludedFolder(target, suffix, place, self.read))
            names = self._names(target, suffix, place)
        elif not self._is_there(target):
            if not inclusion.may_miss:
                if self.vendor.missing_include_stops:
                    self._miss(place, target)
                else:
                    note = f"{place}: {target} is missing; the server goes on without it"
                    self.notes.append(note)
            return
        for name in names:
            if found := self.file(name, depth + 1):
                yield found

    def _target(self, path: Path, inclusion: Inclusion) -> Path | None:
        """What an inclusion names; None, and a note, where that cannot be told."""
        place = f"{path}:{inclusion.number}"
        if not inclusion.target or "\0" in inclusion.target:
            self.refuse(RefusedLine(place, "include", inclusion.text, "it includes nothing"))
            return None
        target = self.vendor.included_path(path, inclusion.target)
        if target is None:
            self.notes.append(
                f"{place}: {inclusion.target} was not read: it is relative to the directory the"
                " server is started in"
            )
            return None
        return Path(os.path.normpath(target))

    def _is_too_deep(self, path: Path, target: Path, inclusion: Inclusion, depth: int) -> bool:
        refused = self.vendor.circular_include_stops
        if depth < MAX_DEPTH and not (refused and target == path):
            return False
        place = f"{path}:{inclusion.number}"
        why = f"is more than {MAX_DEPTH} deep" if depth >= MAX_DEPTH else "includes itself"
        if refused:
            self.refuse(RefusedLine(place, "include", inclusion.text, f"{target} {why}"))
        else:
            self.notes.append(f"{place}: {target} {why}; the server skips it")
        return True

    def _miss(self, place: str, path: Path) -> None:
        self.missing.append(path)
        self.notes.append(
            f"{place}: {path} is not on this host; where it is missing, the server does not start"
        )

    def _names(self, folder: Path, suffix: str, place: str) -> list[Path]:
        """The files of a folder that the server reads, in its order: that of their bytes."""
        try:
            names = {entry.name for entry in folder.iterdir()}
        except FileNotFoundError:
            self._miss(place, folder)
            return []
        except OSError as error:
            raise _unreadable(folder, error) from error
        names |= {path.name for path in self.instead if path.parent == folder}
        if self.vendor.skips_hidden_files:
            names = {name for name in names if not name.startswith(".")}
        taken = sorted((name for name in names if name.endswith(suffix)), key=os.fsencode)
        return [folder / name for name in taken if self._is_there(folder / name)]

    def _is_there(self, path: Path) -> bool:
        return self.instead[path] is not None if path in self.instead else is_file(path)

    def text(self, path: Path, *, named_by_user: bool) -> str | None:
        """What a file holds; None where the server ignores it. Raises AdvisorError."""
        if path in self.instead:
            return self.instead[path]
        other = _who_decides(path)
        # A pipe that the user made is waited for, another's is not.
        may_wait = named_by_user and other is None
        try:
            with acting_as(other):
                return self._read(path, may_wait=may_wait)
        except OSError as error:
            raise _unreadable(path, error) from error

    def _read(self, path: Path, *, may_wait: bool) -> str | None:
        mode = path.stat().st_mode
        writable = stat.S_ISREG(mode) and mode & stat.S_IWOTH
        if self.vendor.ignores_world_writable_files and writable:
            self.notes.append(f"{path} is writable by everybody, so the server ignores it")
            return None
        if may_wait:
            raw: bytes | None = read_bytes(path, lambda _: MAX_BYTES)
        else:
            raw = read_regular(path, MAX_BYTES) if stat.S_ISREG(mode) else None
        if raw is None:
            self.notes.append(f"{path} is not a regular file and was not read")
            return None
        self.read_bytes += len(raw)
        if self.read_bytes > MAX_BYTES:
            raise AdvisorError(
                f"{path}: with it the configuration files have more than {MAX_BYTES} bytes",
                "is what they include all configuration?",
            )
        return raw.decode("utf-8", "surrogateescape")


def _who_decides(path: Path) -> Account | None:
    """Who else than root or we has a say in what is under a path, for a folder or a link on the way
    is theirs: with no other rights it is read, or root would show, and copy, what they may not
    read. None: nobody."""
    if os.geteuid() != 0:
        return None
    real = Path(os.path.realpath(path))
    for way in (path, real):
        for component in (*reversed(way.parents), way):
            with suppress(OSError):
                found = component.lstat()
                leads_on = stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)
                if leads_on and found.st_uid not in trusted_ids():
                    return account_of(found.st_uid)
    return None


def note_of(refused: RefusedLine) -> str:
    """That the server does not start with a line, for whoever does not list such lines."""
    return f"{refused.place}: {refused.why}; the server does not start with it"


def is_file(path: Path) -> bool:
    """Whether there is something that is no directory. Raises AdvisorError."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> AdvisorError:
    may = isinstance(error, PermissionError)
    hint = "run as root or as the server's account" if may else ""
    return AdvisorError(f"{path} cannot be read: {error.strerror}", hint)
