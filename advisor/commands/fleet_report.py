"""fsync-advisor fleet report: many measurements in one report."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer

from advisor import __version__
from advisor.analysis.verdict import StorageKnowledge
from advisor.commands import options as shared
from advisor.commands.clock import now_utc
from advisor.commands.console import chosen_format, notify, write_output
from advisor.commands.fleet_inputs import (
    Elsewhere,
    GroupNames,
    HostResult,
    ResultFiles,
    files_of,
    notify_elsewhere,
    read_inventory,
    read_results,
    require_no_named_pipe,
    unread_text,
)
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.source import stored_measurement
from advisor.errors import AdvisorError, NotTrustedError, SlowerError, UsageError
from advisor.files import is_directory, shown_name
from advisor.fleet.build import build_fleet, modelled_host
from advisor.fleet.dates import first_and_last
from advisor.fleet.inventory import Inventory
from advisor.fleet.results import Baseline, Fleet, FleetHost, Unread
from advisor.fleet.since_baseline import TOLERANCE_PERCENT
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement
from advisor.output.fleet import fleet_document, fleet_json
from advisor.output.fleet_groups import complaints
from advisor.output.renderers import render
from advisor.output_files import check_writable
from advisor.units import counted

ROWS: Final = {"terminal": 50, "markdown": 10_000, "html": 10_000}
"""What is worth scrolling through, and what a browser still shows; JSON has all rows."""

FleetForm = Literal["terminal", "markdown", "html", "json"]


@options_class
class FleetReportOptions:
    """The options of `fleet report`."""

    files: ResultFiles
    groups: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Report by group, too: TOML, or what ansible-inventory --list prints.",
        ),
    ] = None
    group: GroupNames = None
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Compare each host with its earlier result: files of the same names.",
        ),
    ] = None
    tolerance: Annotated[
        float, typer.Option(metavar="PERCENT", help="Slower by less does not count.", min=0)
    ] = TOLERANCE_PERCENT
    format_: Annotated[
        FleetForm | None,
        typer.Option(
            "--format", help="What to print.  [default: by the ending of --output, else terminal]"
        ),
    ] = None
    product: shared.OutputOptions

    def __post_init__(self) -> None:
        if self.group and self.groups is None:
            raise UsageError("--group needs --groups FILE")
        if self.baseline is not None and not is_directory(self.baseline):
            raise UsageError(f"--baseline {self.baseline} is no directory")


@takes_options
def fleet_report(options: FleetReportOptions) -> None:
    """Report on many measurements in one report.

    With --groups hosts are held against the others of their group, else against those with the same
    model of drive. A file that cannot be read stands in the report with its reason, and the others
    are reported. The exit status is 3 where a host is not durable, and with --baseline where
    one has become slower or suspicious.
    """
    product = options.product
    inventory = read_inventory(options.groups, options.group or ()) if options.groups else None
    files = files_of(options.files)
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(FleetForm))
    hosts, unread, unread_before = _read_all(options, files, inventory)
    baseline = _counted(hosts, unread_before, options) if hosts else None
    if hosts:
        asked, now = _asked(options), now_utc()
        fleet = build_fleet(hosts, unread, __version__, inventory, baseline, asked, now)
        del hosts
        if form == "json":
            text = fleet_json(fleet)
        else:
            colours = product.output is None
            text = render(fleet_document(fleet, ROWS[form]), form, colours=colours)
        write_output(text, product)
        _raise_for_complaints(fleet, files)
    if unread:
        raise AdvisorError(unread_text(unread, len(files)))
    if baseline is not None:
        _raise_for_baseline(baseline, files)


def _raise_for_complaints(fleet: Fleet, files: Sequence[Path]) -> None:
    """Raises NotTrustedError for hosts that are not durable, or have become suspicious, else
    SlowerError for those slower than before."""
    if told := "; ".join(complaints(fleet)):
        if fleet.unread:
            notify(unread_text(fleet.unread, len(files)))
        untrusted = fleet.not_durable or fleet.newly_suspicious
        raise (NotTrustedError if untrusted else SlowerError)(told)


def _raise_for_baseline(baseline: Baseline, files: Sequence[Path]) -> None:
    """Raises AdvisorError for earlier results that could not be read, and where there are none."""
    if baseline.unread:
        earlier = counted(len(baseline.unread), "earlier result")
        raise AdvisorError(f"{earlier} could not be read: {baseline.unread[0].why}")
    if not baseline.compared:
        like = Path(baseline.directory) / files[0].name
        raise AdvisorError(
            f"nothing was compared: --baseline {baseline.directory} has no result of these hosts"
            " that can be compared",
            f"earlier results have the same file names, like {like}",
        )


def _asked(options: FleetReportOptions) -> tuple[str, ...]:
    """The options that decide what the report says, as they are typed."""
    given = [
        ("--groups", options.groups),
        *(("--group", name) for name in options.group or ()),
        ("--baseline", options.baseline),
        ("--tolerance", None if options.tolerance == TOLERANCE_PERCENT else options.tolerance),
    ]
    return tuple(
        text
        for name, value in given
        if value is not None
        for text in (name, f"{value:g}" if isinstance(value, float) else str(value))
    )


def _read_all(
    options: FleetReportOptions, files: Sequence[Path], inventory: Inventory | None
) -> tuple[list[FleetHost], list[Unread], list[Unread]]:
    """The hosts; which files could not be read, and which of the baseline's."""
    knowledge = load_storage_knowledge()
    hosts: list[FleetHost] = []
    unread: list[Unread] = []
    unread_before: list[Unread] = []
    elsewhere = 0
    quiet = options.product.quiet
    for found in read_results(files, inventory, all_count=True, quiet=quiet):
        if isinstance(found, Unread):
            unread.append(found)
        elif isinstance(found, Elsewhere):
            elsewhere += 1
        else:
            before = _earlier(options.baseline, found.path)
            if isinstance(before, Unread):
                unread_before.append(before)
                before = None
            hosts.append(_host(found, knowledge, inventory, before, options.tolerance))
    notify_elsewhere(elsewhere, quiet=quiet)
    return hosts, unread, unread_before


def _host(
    found: HostResult,
    knowledge: StorageKnowledge,
    inventory: Inventory | None,
    before: Measurement | None,
    tolerance_percent: float,
) -> FleetHost:
    path, measurement, host = found
    return modelled_host(
        name := shown_name(path),
        Path(name).stem,
        measurement,
        knowledge,
        host=host,
        group=inventory.group_of[host] if inventory and host else None,
        before=before,
        tolerance_percent=tolerance_percent,
    )


def _earlier(baseline: Path | None, path: Path) -> Measurement | Unread | None:
    """The earlier result of the same file name; None where there is none."""
    if baseline is None or not os.path.lexists(earlier := baseline / path.name):
        return None
    try:
        require_no_named_pipe(earlier)
        return stored_measurement(earlier, latencies=False, quiet=True)
    except AdvisorError as error:
        return Unread(file=str(earlier), why=error.message)


def _counted(
    hosts: Sequence[FleetHost], unread: Sequence[Unread], options: FleetReportOptions
) -> Baseline | None:
    if options.baseline is None:
        return None
    changes = [host.change for host in hosts if host.change is not None]
    judged = [change.slower for change in changes if change.slower is not None]
    oldest, newest = first_and_last(change.before_taken_at for change in changes)
    return Baseline(
        directory=str(options.baseline),
        tolerance_percent=options.tolerance,
        oldest_taken_at=oldest,
        newest_taken_at=newest,
        compared=len(judged),
        slower=sum(judged),
        less_trusted=sum(host.is_less_trusted for host in hosts),
        without=len(hosts) - len(judged),
        unread=tuple(unread),
    )
