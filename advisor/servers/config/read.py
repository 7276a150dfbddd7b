"""From the files a user names to the settings in force, were the server started with them."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from advisor.servers.config.persisted import (
    PERSISTED,
    data_directory,
    persisted_in,
    server_version,
)
from advisor.servers.config.tree import ConfigFile, IncludedFolder, Reader, is_file
from advisor.servers.config.fragment import SERVER_GROUPS, groups_read
from advisor.server_state import EffectiveSetting
from advisor.vendors.syntax import Line
from advisor.versions import NumericVersion, Vendor

OWN_NAMES: Final = (
    "skip_external_locking",
    "skip_grant_tables",
    "skip_host_cache",
    "skip_name_resolve",
    "skip_networking",
    "skip_new",
    "skip_replica_start",
    "skip_show_database",
    "skip_slave_start",
    "skip_stack_trace",
)
"""Options of MySQL and MariaDB that are called so, and do not switch off another."""

SWITCHES: Final = (("skip_", False), ("disable_", False), ("enable_", True))
"""What before an option's name switches it off or on."""

NO: Final = ("0", "off", "false")

OF_A_SERIES: Final = re.compile(r"(mysqld|mariadb|mariadbd)-\d+(\.\d+)?")
"""Option groups that servers of one release series read."""


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
    vendor: Vendor,
    files: Sequence[Path],
    version: NumericVersion | None = None,
    instead: Mapping[Path, str | None] | None = None,
) -> FilesRead:
    """The settings that the server takes from `files`, all they include, and what it persisted.

    Without `version` no option group of one release series is read. `instead` holds, by absolute
    path, texts that are taken for what is on the disk; None: no such file. Raises AdvisorError for
    what cannot be read.
    """
    reader = Reader(vendor, instead or {})
    main, persisted = _apart(vendor, [Path(os.path.normpath(file.absolute())) for file in files])
    trees = tuple(tree for file in main if (tree := reader.file(file)))
    settings = _Settings(reader.notes)
    _take_lines(settings, trees, vendor, version)
    data = data_directory(vendor, [tree.path for tree in trees], settings.found)
    if not persisted and vendor in PERSISTED and not _is_off(settings, "persisted_globals_load"):
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
    persisted = [file for file in files if file.name == PERSISTED.get(vendor)]
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
    groups = groups_read(vendor, version) if version else SERVER_GROUPS[vendor]
    passed = dict.fromkeys(
        f"{file.path}: [{line.group}] is read by that series alone, and was not taken"
        for tree in trees
        for file, line in tree.lines()
        if version is None and OF_A_SERIES.fullmatch(line.group or "")
    )
    settings.notes += passed
    for file, line in (pair for tree in trees for pair in tree.lines()):
        if line.group in groups:
            name, value = meant(line, vendor)
            settings.take(EffectiveSetting(name, value, "", "file", f"{file.path}:{line.number}"))


def meant(line: Line, vendor: Vendor) -> tuple[str, str]:
    """The variable a line sets, and to what: skip_x sets x to OFF, and skip_x = 0 to ON."""
    if vendor == "postgresql":
        return line.name, line.value or ""
    for prefix, on in SWITCHES:
        name = line.name.removeprefix(prefix)
        if name not in ("", line.name) and line.name not in OWN_NAMES:
            negated = line.value is not None and line.value.lower() in NO
            return name, "ON" if on is not negated else "OFF"
    return line.name, "ON" if line.value is None else line.value


def _is_off(settings: _Settings, name: str) -> bool:
    return name in settings.found and settings.found[name].value.lower() in NO


def _found_persisted(vendor: Vendor, data: Path | None, notes: list[str]) -> list[Path]:
    """The file in which the server keeps what it was told by SQL, where it has one."""
    if data is None:
        what = "ALTER SYSTEM" if vendor == "postgresql" else "SET PERSIST"
        notes.append(
            f"the data directory is not known, so {PERSISTED[vendor]} was not read: what was set"
            f" with {what} wins over these files"
        )
        return []
    path = data / PERSISTED[vendor]
    return [path] if is_file(path) else []
