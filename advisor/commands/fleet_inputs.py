"""What the commands of a fleet start from: results, and the file that says who belongs together."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from advisor.commands.console import notify
from advisor.commands.source import stored_measurement
from advisor.directory import KINDS
from advisor.errors import AdvisorError, UsageError
from advisor.files import STANDARD_STREAM, is_directory, read_text, shown_name
from advisor.fleet.inventory import Inventory, host_of, is_elsewhere
from advisor.fleet.results import Unread
from advisor.importers.groups_file import parse_inventory
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.output.waiting import working_on
from advisor.units import counted

SUFFIX: Final = ".json"
"""What measurements are called."""

NO_FILES: Final = {kind: name for kind, name in KINDS.items() if kind != stat.S_IFDIR}
"""What is refused among thousands of files: any of it may keep us waiting for ever."""

SEPARATOR: Final = "\0"
"""No name has it."""

ResultFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE", help="Measurements, one for each host; of a directory every .json."
    ),
]
GroupNames = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="NAME",
        help="Only that group, with its children's hosts. May be repeated."
        "  [default: every group with hosts]",
    ),
]


class HostResult(NamedTuple):
    """One measurement, and which host it is of."""

    path: Path
    measurement: Measurement
    host: str | None
    """As the inventory calls it; None where it has none, or there is no inventory."""


class Elsewhere(NamedTuple):
    """A measurement of a host whose group was not asked for."""

    path: Path


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Each file itself, and a directory without measurements; else of a directory these.

    Raises AdvisorError, UsageError for one that is named twice.
    """
    files = [file for path in paths for file in _files_of(path)]
    folders: dict[Path, str] = {}
    seen: dict[str, Path] = {}
    for file in files:
        if file.is_symlink():
            place = os.path.realpath(file)
        else:  # a fleet has 100,000, mostly in one folder
            if file.parent not in folders:
                folders[file.parent] = os.path.realpath(file.parent)
            place = f"{folders[file.parent]}/{file.name}"
        same = seen.setdefault(place, file)
        if same is not file:
            also = "" if str(same) == str(file) else f", as {same}, too"
            raise UsageError(f"{file} is given twice{also}", "name it once")
    return files


def _files_of(path: Path) -> list[Path]:
    if not is_directory(path):
        return [path]
    try:
        names = (entry for entry in path.iterdir() if not entry.name.startswith("."))
        found = [entry for entry in names if entry.suffix == SUFFIX]
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    return sorted(found) or [path]


def read_results(
    files: Sequence[Path], inventory: Inventory | None, *, all_count: bool, quiet: bool
) -> Iterator[HostResult | Elsewhere | Unread]:
    """Each result without its single latencies, one after another: a fleet has thousands.

    Raises UsageError for two results of one host of the inventory. With `all_count` it is said
    where two others are of one host, for each file counts as a host of its own.
    """
    file_of: dict[str, Path] = {}
    twice: list[str] = []
    with working_on("fleet", quiet=quiet) as progress:
        for number, path in enumerate(files):
            if number % 100 == 0:
                progress(f"{number} of {len(files)} files")
            found = _read(path, inventory)
            if isinstance(found, HostResult):
                host = found.host or (_drive_of(found.measurement) if all_count else "")
                other = file_of.setdefault(host, path) if host else path
                if other is not path and found.host:
                    raise UsageError(
                        f"{host} has two results: {other} and {path}", "name one of them"
                    )
                if other is not path:
                    twice.append(f"{other} and {path}, of {host.split(SEPARATOR)[0]}")
            yield found
    if twice:
        more = f", and {len(twice) - 1} more" if len(twice) > 1 else ""
        notify(f"note: each counts as a host: {twice[0]}{more}", quiet=quiet)


def _read(path: Path, inventory: Inventory | None) -> HostResult | Elsewhere | Unread:
    name = shown_name(path)
    if is_directory(path):
        return Unread(file=name, why=f"{name} has no file whose name ends with {SUFFIX}")
    try:
        if path != STANDARD_STREAM:
            require_no_named_pipe(path)
        measurement = stored_measurement(path, latencies=False, quiet=True)
        host = host_of(path.stem, measurement, inventory) if inventory else None
    except UsageError as error:
        return Unread(file=name, why=f"{name}: {error.message}")
    except AdvisorError as error:
        return Unread(file=name, why=error.message)
    if inventory and host is None and is_elsewhere(path.stem, measurement, inventory):
        return Elsewhere(path)
    return HostResult(path, measurement, host)


def _drive_of(measurement: Measurement) -> str:
    """What two results of one host have in common: its name, its label, and the directory. "" where
    its name is not known."""
    host, directory = measurement.environment.host_name, measurement.target.directory
    if isinstance(host, Unknown):
        return ""
    return SEPARATOR.join((host, measurement.label or "", str(directory)))


def require_no_named_pipe(path: Path) -> None:
    """Raises AdvisorError for a pipe that has a name, to which nobody may ever write, for a device
    and a socket. A shell's <(...) has none, and its other end is there."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    if kind in NO_FILES and os.path.lexists(os.path.realpath(path)):
        raise AdvisorError(f"{path} is {NO_FILES[kind]}, not a file")


def notify_elsewhere(results: int, *, quiet: bool) -> None:
    """How many results --group has left out."""
    if results:
        notify(f"note: {counted(results, 'result')} of hosts in other groups left out", quiet=quiet)


def read_inventory(path: Path, wanted: Sequence[str]) -> Inventory:
    """The groups of a file. Raises AdvisorError."""
    return parse_inventory(read_text(path), shown_name(path), wanted)


def unread_text(unread: Sequence[Unread], files: int) -> str:
    """How many files could not be read, and why the first."""
    if files == 1:
        return unread[0].why
    return f"{len(unread)} of {files} files could not be read: {unread[0].why}"
