"""fsync-advisor fleet report: many measurements in one report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer

from advisor import __version__
from advisor.analysis.verdict import StorageKnowledge
from advisor.commands import options as shared
from advisor.commands.comparison_inputs import require_distinct
from advisor.commands.console import chosen_format, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.source import stored_measurement
from advisor.errors import AdvisorError
from advisor.files import is_directory, shown_name
from advisor.fleet.build import build_fleet, modelled_host
from advisor.fleet.results import FleetHost, Unread
from advisor.knowledge import load_storage_knowledge
from advisor.output.fleet import fleet_document
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output.waiting import working_on
from advisor.output_files import check_writable

SUFFIX: Final = ".json"
"""What measurements are called."""

TERMINAL_ROWS: Final = 50
"""What is worth scrolling through; the other formats have all rows."""

FleetForm = Literal["terminal", "markdown", "html", "json"]


@options_class
class FleetReportOptions:
    """The options of `fleet report`."""

    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Measurements, one for each host; of a directory every .json."
        ),
    ]
    format_: Annotated[
        FleetForm | None,
        typer.Option(
            "--format", help="What to print.  [default: by the ending of --output, else terminal]"
        ),
    ] = None
    product: shared.OutputOptions


@takes_options
def fleet_report(options: FleetReportOptions) -> None:
    """Report on many measurements in one report.

    A file that cannot be read stands in the report with its reason; the exit status is then 1, with
    the others reported.
    """
    product = options.product
    files = [file for path in options.files for file in _files_of(path)]
    require_distinct([str(path) for path in files])
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(FleetForm))
    read = _read_all(files, quiet=product.quiet)
    hosts = [each for each in read if isinstance(each, FleetHost)]
    unread = [each for each in read if isinstance(each, Unread)]
    if hosts:
        fleet = build_fleet(hosts, unread, __version__)
        rows = TERMINAL_ROWS if form == "terminal" else None
        if form == "json":
            text = json_text(fleet)
        else:
            colours = product.output is None
            document = fleet_document(fleet, rows)
            text = render(document, form, colours=colours)
        write_output(text, product)
    if unread:
        files_text = "1 file" if len(files) == 1 else f"{len(files)} files"
        which = f"{len(unread)} of {files_text} could not be read"
        raise AdvisorError(f"{which}: {unread[0].why}")


def _files_of(path: Path) -> list[Path]:
    """A file itself, or a directory without measurements; else of a directory these.

    Raises AdvisorError.
    """
    if not is_directory(path):
        return [path]
    try:
        names = (entry for entry in path.iterdir() if not entry.name.startswith("."))
        found = [entry for entry in names if entry.suffix == SUFFIX]
    except OSError as error:
        raise AdvisorError(f"{path} cannot be read: {error.strerror}") from error
    return sorted(found) or [path]


def _read_all(files: Sequence[Path], *, quiet: bool) -> list[FleetHost | Unread]:
    knowledge = load_storage_knowledge()
    read = []
    with working_on("fleet", quiet=quiet) as progress:
        for number, path in enumerate(files):
            if number % 100 == 0:
                progress(f"{number} of {len(files)} files")
            read.append(_read(path, knowledge))
    return read


def _read(path: Path, knowledge: StorageKnowledge) -> FleetHost | Unread:
    name = shown_name(path)
    if is_directory(path):
        return Unread(file=name, why=f"{name} has no file whose name ends with {SUFFIX}")
    try:
        measurement = stored_measurement(path, latencies=False, quiet=True)
    except AdvisorError as error:
        return Unread(file=name, why=error.message)
    return modelled_host(name, path.stem, measurement, knowledge)
