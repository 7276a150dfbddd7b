"""From the files a user names to the settings in force, were the server started with them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.server_state import EffectiveSetting
from advisor.servers.config.persisted import (
    data_directory,
    persisted_in,
    server_version,
)
from advisor.servers.config.tree import ConfigFile, IncludedFolder, Reader, is_file
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
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
    reader = Reader(vendor, instead or {})
    main, persisted = _apart(vendor, [Path(os.path.normpath(file.absolute())) for file in files])
    trees = tuple(tree for file in main if (tree := reader.file(file)))
    settings = _Settings(reader.notes)
    _take_lines(settings, trees, vendor, version)
    data = data_directory(vendor, [tree.path for tree in trees], settings.found)
    if not persisted and vendor.persisted_file and not _is_off(settings, vendor.persisted_switch):
        persisted = _found_persisted(vendor, data, reader.notes)
    for path in persisted:
        for entry in persisted_in(vendor, path, reader):
            settings.take(entry)
    return FilesRead(
        settings=settings.found,
        files=(*(file.path for tree in trees for file in tree.walk()), *persisted),
        included_folders=tuple(reader.folders),
        notes=tuple(reader.notes),
        version=server_version(vendor, data) or version,
        data_directory=data,
        trees=trees,
    )


def _apart(vendor: Vendor, files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files a person writes, and those that the server writes itself."""
    persisted = [file for file in files if file.name == vendor.persisted_file]
    return [file for file in files if file not in persisted], persisted


@dataclass(slots=True)
class _Settings:
    """What wins so far, and what is said of what does not."""

    notes: list[str]
    found: dict[str, EffectiveSetting] = field(default_factory=dict)

    def take(self, entry: EffectiveSetting) -> None:
        before = self.found.get(entry.name)
        if before is not None and before.value != entry.value:
            self.notes.append(f"{before.place}: {entry.name} is overridden by {entry.place}")
        self.found[entry.name] = entry


def _take_lines(
    settings: _Settings,
    trees: Sequence[ConfigFile],
    vendor: Vendor,
    version: NumericVersion | None,
) -> None:
    groups = vendor.groups_read(version) if version else vendor.server_groups
    passed = dict.fromkeys(
        f"{file.path}: [{line.group}] is read by that series alone, and was not taken"
        for tree in trees
        for file, line in tree.lines()
        if version is None and vendor.is_series_group(line.group)
    )
    settings.notes += passed
    for file, line in (pair for tree in trees for pair in tree.lines()):
        if line.group in groups:
            name, value = vendor.option(line)
            place = f"{file.path}:{line.number}"
            settings.take(EffectiveSetting(name, value, origin="file", place=place))


def _is_off(settings: _Settings, name: str) -> bool:
    return name in settings.found and settings.found[name].value.lower() in ("0", "off", "false")


def _found_persisted(vendor: Vendor, data: Path | None, notes: list[str]) -> list[Path]:
    """The file in which the server keeps what it was told by SQL, where it has one."""
    if data is None:
        notes.append(
            f"the data directory is not known, so {vendor.persisted_file} was not read: what was"
            f" set with {vendor.persisted_by} wins over these files"
        )
        return []
    path = data / vendor.persisted_file
    return [path] if is_file(path) else []
