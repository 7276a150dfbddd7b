"""Which file is ours to write, and which configuration includes it."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.directory import OpenDirectory, open_directory
from advisor.effective_user import user_name
from advisor.errors import AdvisorError, UsageError
from advisor.servers.apply.exchange import DirectoryEntry
from advisor.servers.config import FilesRead, is_file, read_settings
from advisor.trusted_path import UntrustedError
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion

STEM: Final = "zz-fsync-advisor"
"""Sorts behind what others put there."""


@dataclass(frozen=True, slots=True)
class ConfigTarget:
    """The file to write, and the configuration that it is part of."""

    vendor: VendorName
    version: NumericVersion | None
    directory: OpenDirectory
    """Where the file is, or will be."""
    name: str
    names: tuple[Path, ...]
    """What the configuration may call it."""
    main: tuple[Path, ...]
    """The files that the server reads by itself."""
    before: FilesRead
    """The configuration as it is."""

    @property
    def path(self) -> Path:
        """Without symbolic links."""
        return self.directory.path / self.name

    @property
    def place(self) -> DirectoryEntry:
        return DirectoryEntry(self.directory, self.name)

    def read_with(self, text: str | None) -> FilesRead:
        """The configuration with `text` in the file; None: without the file."""
        instead = dict.fromkeys(self.names, text)
        return read_settings(self.vendor, self.main, self.version, instead)

    def is_read(self, found: FilesRead) -> bool:
        """Whether the file is among those the server reads."""
        return not set(self.names).isdisjoint(found.files)

    def including(self) -> Path:
        """The file that includes ours, or the main one: what a new file takes its owner from."""
        for folder in self.before.included_folders:
            if folder.path in {name.parent for name in self.names}:
                return Path(folder.place.rpartition(":")[0])
        return self.main[0]

    def require_read(self, found: FilesRead) -> None:
        """Raises AdvisorError, with the line that would include the file."""
        if self.is_read(found):
            return
        main, folder, suffix = self.main[-1], self.path.parent, VENDORS[self.vendor].config_suffix
        if any(included.path.resolve() == folder for included in found.included_folders):
            raise UsageError(
                f"{self.path.name}: of {folder} the server reads only files whose name ends with"
                f" {suffix} and starts with no dot",
                f"call it {STEM}{suffix}",
            )
        raise AdvisorError(
            f"{folder} is not included by {main}, so the server would not read what is put there",
            _choice(_folders(found)) or _line_to_add(VENDORS[self.vendor], main, self.path),
        )


def find_target(
    vendor: VendorName,
    to: Path | None,
    config: Sequence[Path],
    version: NumericVersion | None,
    root: Path = Path("/"),
    *,
    last_folder: bool = False,
) -> ConfigTarget:
    """What `to`, a folder or a file, means. Without it: the only folder that is included, or of
    several the one that is read last, if so wanted.

    Raises UsageError where something must be named, AdvisorError for what cannot be read.
    """
    main = tuple(config) or _usual(VENDORS[vendor], to, root)
    _require_files(main)
    before = read_settings(vendor, main, version)
    is_named = to is not None
    if to is None:
        folders = _folders(before)
        if len(folders) > 1 and not last_folder:
            several = f"{main[-1]} includes {', '.join(map(str, folders))}"
            raise UsageError(f"{several}: where to put the file is not certain", _choice(folders))
        if not folders:
            beside = main[-1].absolute().with_name(STEM + VENDORS[vendor].config_suffix)
            raise UsageError(
                f"{main[-1]} includes no folder, so there is no place for the file",
                f"{_line_to_add(VENDORS[vendor], main[-1], beside)}, with --to {beside.parent}",
            )
        to = folders[-1]
    folder, name = (
        (to, STEM + VENDORS[vendor].config_suffix) if _is_folder(to) else (to.parent, to.name)
    )
    if not _is_folder(folder):
        raise UsageError(f"{folder} is not a directory", "name one that the server includes")
    directory = _open(folder)
    if not is_named:
        _require_ones_own(directory, folder, before)
    name = _real_name(directory, name)
    path = directory.path / name
    folders_read = [included.path for included in before.included_folders]
    folders_read += [file.parent for file in before.files]
    parents = {folder: None for folder in folders_read if folder.resolve() == path.parent}
    names = tuple(parent / path.name for parent in {path.parent: None} | parents)
    main = tuple(Path(os.path.normpath(file.absolute())) for file in main)
    return ConfigTarget(vendor, before.version, directory, name, names, main, before)


def _folders(found: FilesRead) -> list[Path]:
    """The folders that the server reads, in its order."""
    return [*{each.path: None for each in found.included_folders if _is_folder(each.path)}]


def _choice(folders: Sequence[Path]) -> str:
    """Where to put the file instead; "" where there is no such place."""
    if len(folders) < 2:
        return "".join(f"use --to {folder}, which it includes" for folder in folders)
    return f"name it with --to; what is read last wins: {', '.join(map(str, folders))}"


def _line_to_add(vendor: Vendor, main: Path, path: Path) -> str:
    """What has the server read that file and no other: beside it may lie what is no fragment
    (pg_hba.conf), or what nobody wants read (another main configuration, somebody's old copy)."""
    line = vendor.include_line(path, folder=False, may_miss=True)
    return f"add this line to the end of {main}, then run this again: {line}"


def _usual(vendor: Vendor, to: Path | None, root: Path) -> tuple[Path, ...]:
    """The main files of a server that is set up as its package does. Raises UsageError."""
    folder = None
    if to is not None:
        folder = to.resolve() if _is_folder(to) else to.resolve().parent
    found = [path for path in vendor.main_files(folder) if is_file(path)]
    if found and vendor.reads_all_main_files:
        return tuple(found)
    usual = [path for pattern in vendor.main_patterns for path in sorted(root.glob(pattern))]
    if to is None and len(usual) == 1:
        found = usual
    if not found:
        several = to is None and len(usual) > 1
        raise UsageError(
            f"there are several {vendor.title} configurations here"
            if several
            else "the server's main configuration file is not known",
            f"name it with --config{': ' if usual else ''}{', '.join(map(str, usual))}",
        )
    return tuple(found[:1])


def _real_name(directory: OpenDirectory, name: str) -> str:
    """What a name stands for in the folder. Raises AdvisorError for a link that leads elsewhere."""
    path = directory.path / name
    try:
        found = directory.status(name)
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    if found is None or not stat.S_ISLNK(found.st_mode):
        return name
    real = Path(os.path.realpath(path))
    if real.parent != directory.path:
        raise AdvisorError(
            f"{path} is a symbolic link to {real}, outside of {directory.path}",
            "remove the link, or name the file itself with --to",
        )
    return real.name


def _is_folder(path: Path) -> bool:
    """Raises AdvisorError where that cannot be told."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error


def _open(folder: Path) -> OpenDirectory:
    try:
        return open_directory(folder)
    except OSError as error:
        raise AdvisorError(f"{folder} cannot be opened: {error.strerror}") from error


def _require_files(main: Sequence[Path]) -> None:
    """Raises AdvisorError for a main configuration that would be waited for; not one that is
    missing, which is said where it is read."""
    for path in main:
        if is_file(path) and not stat.S_ISREG(_status(path).st_mode):
            raise AdvisorError(
                f"{path} is not a regular file", "name the configuration with --config"
            )


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error


def _require_ones_own(directory: OpenDirectory, folder: Path, found: FilesRead) -> None:
    """Raises UntrustedError where a configuration names a folder that its owner may not change."""
    for included in found.included_folders:
        if included.path == folder:
            file = Path(included.place.rpartition(":")[0])
            owner_id = _status(file).st_uid
            if not directory.trusts(owner_id):
                who = user_name(owner_id)
                raise UntrustedError(
                    f"{file} belongs to {who}, and includes {folder}, which does not",
                    f"name it with --to {folder}, if that is meant",
                )
