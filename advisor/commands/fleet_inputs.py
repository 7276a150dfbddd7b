"""What the commands of a fleet start from: results, and the file that says who belongs together."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from advisor.commands.comparison_inputs import require_distinct
from advisor.commands.source import stored_measurement
from advisor.errors import AdvisorError
from advisor.files import is_directory, read_text, shown_name
from advisor.fleet.inventory import Inventory, parse_inventory
from advisor.fleet.results import Unread
from advisor.measurement import Measurement
from advisor.output.waiting import working_on

SUFFIX: Final = ".json"
"""What measurements are called."""

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


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Each file itself, and a directory without measurements; else of a directory these.

    Raises AdvisorError, UsageError for one that is named twice.
    """
    files = [file for path in paths for file in _files_of(path)]
    require_distinct([str(path) for path in files])
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
    files: Sequence[Path], *, quiet: bool
) -> Iterator[tuple[Path, Measurement | Unread]]:
    """Each result without its single latencies, one after another: a fleet has thousands."""
    with working_on("fleet", quiet=quiet) as progress:
        for number, path in enumerate(files):
            if number % 100 == 0:
                progress(f"{number} of {len(files)} files")
            yield path, _read(path)


def _read(path: Path) -> Measurement | Unread:
    name = shown_name(path)
    if is_directory(path):
        return Unread(file=name, why=f"{name} has no file whose name ends with {SUFFIX}")
    try:
        return stored_measurement(path, latencies=False, quiet=True)
    except AdvisorError as error:
        return Unread(file=name, why=error.message)


def read_inventory(path: Path, wanted: Sequence[str]) -> Inventory:
    """The groups of a file. Raises AdvisorError."""
    return parse_inventory(read_text(path), shown_name(path), wanted)


def unread_text(unread: Sequence[Unread], files: int) -> str:
    """How many files could not be read, and why the first."""
    files_text = "1 file" if files == 1 else f"{files} files"
    return f"{len(unread)} of {files_text} could not be read: {unread[0].why}"
