"""Which file is ours to write, and which configuration includes it."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.errors import AdvisorError, UsageError
from advisor.files import is_directory
from advisor.servers.config import FilesRead, is_file, read_settings
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
    path: Path
    """Without symbolic links."""
    names: tuple[Path, ...]
    """What the configuration may call it."""
    main: tuple[Path, ...]
    """The files that the server reads by itself."""
    before: FilesRead
    """The configuration as it is."""

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
        main, folder, suffix = self.main[0], self.path.parent, VENDORS[self.vendor].config_suffix
        if any(included.path.resolve() == folder for included in found.included_folders):
            raise UsageError(
                f"{self.path.name}: of {folder} the server reads only files whose name ends with"
                f" {suffix} and starts with no dot",
                f"call it {STEM}{suffix}",
            )
        line = VENDORS[self.vendor].include_line(folder, folder=True)
        raise AdvisorError(
            f"{folder} is not included by {main}, so the server would not read what is put there",
            f"add this line to the end of {main}: {line}",
        )


def find_target(
    vendor: VendorName, to: Path | None, config: Sequence[Path], version: NumericVersion | None
) -> ConfigTarget:
    """What `to`, a folder or a file, means. Without it: the only folder that is included.

    Raises UsageError where something must be named, AdvisorError for what cannot be read.
    """
    main = tuple(config) or _usual(VENDORS[vendor], to)
    if not main:
        raise UsageError(
            "the server's main configuration file is not known", "name it with --config"
        )
    before = read_settings(vendor, main, version)
    if to is None:
        folders = {folder.path: None for folder in before.included_folders}
        if len(folders) != 1:
            several = f"{main[0]} includes {', '.join(map(str, folders)) or 'no folder'}"
            raise UsageError(
                f"{several}: where to put the file is not certain", "name it with --to"
            )
        (to,) = folders
    folder, name = (
        (to, STEM + VENDORS[vendor].config_suffix) if is_directory(to) else (to.parent, to.name)
    )
    if not is_directory(folder):
        raise UsageError(f"{folder} is no directory", "name one that the server includes")
    path = _within(folder.resolve() / name)
    folders_read = [included.path for included in before.included_folders]
    folders_read += [file.parent for file in before.files]
    parents = {folder: None for folder in folders_read if folder.resolve() == path.parent}
    names = tuple(parent / path.name for parent in {path.parent: None} | parents)
    main = tuple(Path(os.path.normpath(file.absolute())) for file in main)
    return ConfigTarget(vendor, before.version, path, names, main, before)


def _usual(vendor: Vendor, to: Path | None) -> tuple[Path, ...]:
    """The main files of a server that is set up as its package does."""
    folder = None
    if to is not None:
        folder = to.resolve() if is_directory(to) else to.resolve().parent
    found = tuple(path for path in vendor.main_files(folder) if is_file(path))
    return found if vendor.reads_all_main_files else found[:1]


def _within(path: Path) -> Path:
    """The file a path names. Raises AdvisorError for a symbolic link that leads elsewhere."""
    if not path.is_symlink():
        return path
    real = Path(os.path.realpath(path))
    if real.parent != path.parent:
        raise AdvisorError(
            f"{path} is a symbolic link to {real}, outside of {path.parent}",
            "remove the link, or name the file itself with --to",
        )
    return real


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """No other apply writes in that folder meanwhile. Raises AdvisorError where one does."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise AdvisorError(f"{folder} cannot be opened: {error.strerror}") from error
    try:
        _lock(number, folder)
        yield
    finally:
        os.close(number)


def _lock(number: int, folder: Path) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise AdvisorError(
            f"another fsync-advisor apply is at work in {folder}", "wait until it is done"
        ) from error
