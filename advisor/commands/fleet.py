"""report --fleet: many measurements in one report."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from advisor.analysis.verdict import StorageKnowledge
    from advisor.fleet.results import FleetHost, Unread

TERMINAL_ROWS: Final = 50
"""What is worth scrolling through; the other formats have all rows."""


def report_fleet(
    files: list[Path], format_: str, output: Path | None, *, force: bool, quiet: bool
) -> None:
    """Reads the measurements, and hands over one report on them.

    A file that cannot be read stands in the report with its reason; with the others reported,
    AdvisorError is raised.
    """
    from advisor import __version__
    from advisor.commands import steps
    from advisor.commands.contestants import require_distinct
    from advisor.errors import AdvisorError, UsageError
    from advisor.files import check_writable
    from advisor.fleet.build import build_fleet
    from advisor.fleet.results import FleetHost, Unread
    from advisor.knowledge import load_storage_knowledge
    from advisor.output.fleet import fleet_document
    from advisor.output.json_text import json_text
    from advisor.output.renderers import render
    from advisor.output.waiting import working_on

    if not files:
        raise UsageError("--fleet needs measurements", "name FILE FILE...")
    if format_ == "prometheus":
        raise UsageError("--fleet has no Prometheus text", "each measurement has one of its own")
    require_distinct([str(path) for path in files])
    check_writable(output, force=force)
    knowledge = load_storage_knowledge()
    with working_on("fleet", quiet=quiet) as told:
        read = []
        for number, path in enumerate(files):
            if number % 100 == 0:
                told(f"{number} of {len(files)} files")
            read.append(_read(path, knowledge))
    hosts = [one for one in read if isinstance(one, FleetHost)]
    unread = [one for one in read if isinstance(one, Unread)]
    if hosts:
        fleet = build_fleet(hosts, unread, __version__)
        rows = TERMINAL_ROWS if format_ == "terminal" else None
        if format_ == "json":
            text = json_text(fleet)
        else:
            document = fleet_document(fleet, rows)
            text = render(document, format_, charts=False, colours=output is None)
        steps.hand_over(text, output, force=force)
    if unread:
        which = f"{len(unread)} of {len(files)} files could not be read"
        raise AdvisorError(f"{which}: {unread[0].why}")


def _read(path: Path, knowledge: "StorageKnowledge") -> "FleetHost | Unread":
    from advisor.commands import steps
    from advisor.errors import AdvisorError
    from advisor.files import shown_name
    from advisor.fleet.build import modelled_host
    from advisor.fleet.results import Unread

    name = shown_name(path)
    try:
        measurement = steps.stored(path, latencies=False, quiet=True)
    except AdvisorError as error:
        return Unread(file=name, why=error.message)
    return modelled_host(name, path.stem, measurement, knowledge)
