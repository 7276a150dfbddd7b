"""From the files a user names to the settings in force, were the server started with them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.knowledge import known_options
from advisor.rules.known_settings import KnownSettings
from advisor.server_state import EffectiveSetting, RefusedLine, WrittenValue
from advisor.servers.config.persisted import (
    data_directory,
    persisted_in,
    server_version,
)
from advisor.servers.config.tree import ConfigFile, IncludedFolder, Reader, is_file
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.syntax import Line, Unresolved
from advisor.vendors.values import Parsed, Rejected
from advisor.versions import NumericVersion


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What configuration files say, and which they are."""

    settings: dict[str, EffectiveSetting]
    """By name; only what some file sets."""
    files: tuple[Path, ...]
    """All that were read, in the server's order; one that is included twice stands there twice."""
    included_folders: tuple[IncludedFolder, ...]
    notes: tuple[str, ...]
    """What a reader of the settings must know beside them, a line each."""
    refused: tuple[RefusedLine, ...]
    """The lines with which the server does not start; the notes have them, too."""
    missing: tuple[Path, ...]
    """What they include and is not here, though the server does not start without it."""
    version: NumericVersion | None
    """As PostgreSQL's data directory tells, else as given; None where nothing does."""
    data_directory: Path | None
    """As the files tell; None where they do not."""
    trees: tuple[ConfigFile, ...]
    """The files themselves; one for each that the user named."""


def read_settings(
    vendor_name: VendorName,
    files: Sequence[Path],
    version: NumericVersion | None = None,
    instead: Mapping[Path, str | None] | None = None,
) -> FilesRead:
    """The settings that the server takes from `files`, all they include, and what it persisted.

    Without `version` no option group of one release series is read. `instead` holds, by absolute
    path, texts that are taken for what is on the disk; None: no such file. Raises AdvisorError for
    what cannot be read.
    """
    vendor = VENDORS[vendor_name]
    reader = Reader(vendor, version, instead or {})
    main, persisted = _apart(vendor, [_absolute(file) for file in files])
    trees = tuple(tree for file in main if (tree := reader.file(file)))
    settings = _Settings(reader)
    known = known_options(vendor_name, version)
    _take_lines(settings, trees, known)
    data = data_directory(vendor, [tree.path for tree in trees], settings.found)
    keeps = vendor.persisted_file and (version is None or vendor.persists(version))
    if not persisted and keeps and _reads_persisted(settings, known):
        persisted = _found_persisted(vendor, data, reader.notes)
    for path in persisted:
        for entry in persisted_in(known, path, reader):
            settings.take(entry)
    settings.refuse_what_counts()
    return FilesRead(
        settings=settings.found,
        files=(*(file.path for tree in trees for file in tree.walk()), *persisted),
        included_folders=tuple(reader.folders),
        notes=tuple(reader.notes),
        refused=tuple(reader.refused),
        missing=tuple(reader.missing),
        version=server_version(vendor, data) or version,
        data_directory=data,
        trees=trees,
    )


def _absolute(file: Path) -> Path:
    """Raises AdvisorError where there is no current directory any more."""
    try:
        return Path(os.path.normpath(file.absolute()))
    except OSError as error:
        why = f"the current directory: {error.strerror}"
        raise AdvisorError(f"{file} cannot be read: {why}") from error


def _apart(vendor: Vendor, files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files a person writes, and those that the server writes itself."""
    persisted = [file for file in files if file.name == vendor.persisted_file]
    return [file for file in files if file not in persisted], persisted


@dataclass(slots=True)
class _Settings:
    """What wins so far, and what is said of what does not."""

    reader: Reader
    found: dict[str, EffectiveSetting] = field(default_factory=dict)
    rejected: list[RefusedLine] = field(default_factory=list)
    """Lines with a value that the server does not take."""

    @property
    def notes(self) -> list[str]:
        return self.reader.notes

    def take(self, entry: EffectiveSetting) -> None:
        before = self.found.get(entry.name)
        adds_up = entry.name in self.reader.vendor.adding_up
        if before is not None and before.value != entry.value and not adds_up:
            self.notes.append(f"{before.place}: {entry.name} is overridden by {entry.place}")
        self.found[entry.name] = entry

    def take_line(self, line: Line, place: str, known: KnownSettings) -> None:
        """What a line sets, unless the server does without it; a note says so where we know."""
        option = known.option(line)
        if isinstance(option, Unresolved):
            why = f"{line.name} {option.reason}"
            if option.loose:
                self.notes.append(f"{place}: {why}; the server ignores the line")
            else:
                self.reader.refuse(RefusedLine(place, line.name, line.value or "", why))
            return
        results = known.parse(option.name, option.text, loose=option.loose)
        if results and all(isinstance(result, Rejected) and result.starts for result in results):
            self.notes.append(
                f"{place}: the server ignores this line: {option.shown!r} is no value of"
                f" {option.name}"
            )
            return
        if results and all(isinstance(result, Rejected) for result in results):
            reasons = dict.fromkeys(each.reason for each in results if isinstance(each, Rejected))
            why = f"{option.name}: {' or '.join(reasons)}"
            self.rejected.append(RefusedLine(place, option.name, option.shown, why))
        written = WrittenValue(option.text, option.loose, option.switched)
        self.take(
            EffectiveSetting(option.name, option.shown, origin="file", place=place, written=written)
        )

    def refuse_what_counts(self) -> None:
        """Of the lines whose value is wrong those that keep the server from starting."""
        for line in self.rejected:
            every_line = self.reader.vendor.checks_overridden_lines
            if every_line or self.found[line.name].place == line.place:
                self.reader.refuse(line)


def _take_lines(
    settings: _Settings,
    trees: Sequence[ConfigFile],
    known: KnownSettings,
) -> None:
    vendor, version = known.vendor, known.version
    groups = vendor.groups_read(version) if version else vendor.server_groups
    passed = dict.fromkeys(
        f"{file.path}: [{line.group}] is read by that series alone, and was not taken"
        for tree in trees
        for file, line in tree.lines()
        if version is None and vendor.is_series_group(line.group)
    )
    settings.notes.extend(passed)
    for file, line in (pair for tree in trees for pair in tree.lines()):
        if line.group in groups:
            settings.take_line(line, f"{file.path}:{line.number}", known)


def _reads_persisted(settings: _Settings, known: KnownSettings) -> bool:
    """Whether nothing keeps the server from reading what it was told by SQL."""
    switch = settings.found.get(known.vendor.persisted_switch)
    if switch is None or switch.written is None:
        return True
    results = known.parse(switch.name, switch.written.text, loose=switch.written.loose)
    return not any(isinstance(result, Parsed) and result.value is False for result in results)


def _found_persisted(vendor: Vendor, data: Path | None, notes: list[str]) -> list[Path]:
    """The file in which the server keeps what it was told by SQL, where it has one."""
    if data is None:
        notes.append(
            f"the data directory is not known, so {vendor.persisted_file} was not read: what was"
            f" set with {vendor.persisted_by} wins over these files"
        )
        return []
    if not data.is_dir():
        notes.append(
            f"the data directory {data} is not on this host, so {vendor.persisted_file} was not"
            f" read: what was set with {vendor.persisted_by} wins over these files"
        )
        return []
    path = data / vendor.persisted_file
    return [path] if is_file(path) else []
