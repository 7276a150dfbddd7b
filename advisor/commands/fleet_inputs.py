"""What the commands of a fleet start from: results, and the file that says who belongs together."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from advisor.commands.console import notify
from advisor.commands.source import stored_measurement
from advisor.errors import AdvisorError, UsageError
from advisor.files import is_directory, read_text, shown_name
from advisor.fleet.inventory import Inventory, host_of, is_elsewhere
from advisor.fleet.results import Unread
from advisor.importers.groups_file import parse_inventory
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.output.waiting import working_on
from advisor.units import counted

SUFFIX: Final = ".json"
"""What measurements are called."""

SEPARATOR: Final = "\0"
"""No name has it."""
OF_ONE_NAME: Final = "hosts of one name are told apart by `measure --label`, or by --groups"

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

    Raises UsageError for two results of one host of the inventory, or with `all_count` of any.
    """
    file_of: dict[str, Path] = {}
    with working_on("fleet", quiet=quiet) as progress:
        for number, path in enumerate(files):
            if number % 100 == 0:
                progress(f"{number} of {len(files)} files")
            found = _read(path, inventory)
            if isinstance(found, HostResult):
                host = found.host or (_drive_of(found.measurement) if all_count else "")
                other = file_of.setdefault(host, path) if host else path
                if other is not path:
                    raise UsageError(
                        f"{host.split(SEPARATOR)[0]} has two results: {other} and {path}",
                        "name one of them" + ("" if found.host else f"; {OF_ONE_NAME}"),
                    )
            yield found


def _read(path: Path, inventory: Inventory | None) -> HostResult | Elsewhere | Unread:
    name = shown_name(path)
    if is_directory(path):
        return Unread(file=name, why=f"{name} has no file whose name ends with {SUFFIX}")
    try:
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


def notify_elsewhere(results: int, *, quiet: bool) -> None:
    """How many results --group has left out."""
    if results:
        notify(f"note: {counted(results, 'result')} of hosts in other groups left out", quiet=quiet)


def read_inventory(path: Path, wanted: Sequence[str]) -> Inventory:
    """The groups of a file. Raises AdvisorError."""
    return parse_inventory(read_text(path), shown_name(path), wanted)


def unread_text(unread: Sequence[Unread], files: int) -> str:
    """How many files could not be read, and why the first."""
    files_text = "1 file" if files == 1 else f"{files} files"
    return f"{len(unread)} of {files_text} could not be read: {unread[0].why}"
