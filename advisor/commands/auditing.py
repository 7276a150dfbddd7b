"""Where an audit reads from, a running server or configuration files; and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from advisor.audit.findings import SEVERITIES, Audit, Severity
from advisor.commands.console import notify
from advisor.commands.options import database_option
from advisor.commands.parameters import options_class
from advisor.commands.requests import duration_s
from advisor.errors import AdvisorError, FindingsError, UsageError
from advisor.output.audit import audit_document
from advisor.output.renderers import render
from advisor.probe.data_directories import running
from advisor.server_state import ServerState
from advisor.servers.config import (
    BYTE_ORDER_MARK,
    FilesRead,
    is_for_bulk_load,
    look_of,
    note_of,
    read_settings,
)
from advisor.servers.connection import PASSWORD_SHOWN, find_address, shows_password
from advisor.servers.state import read_server
from advisor.units import counted
from advisor.vendors.base import Vendor
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS, version_of
from advisor.versions import format_version


@options_class
class TargetOptions:
    """Which server, or which files of its configuration."""

    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="The server: postgresql://, mysql:// or mariadb://."
            "  [default: what the usual files and variables name]",
        ),
    ] = None
    config: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Read its configuration instead. May be repeated."),
    ] = None
    db: Annotated[VendorName | None, database_option("The server.  [default: as the DSN says]")] = (
        None
    )
    db_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="With --config.  [default: as the files say]"),
    ] = None
    interval: Annotated[
        str,
        typer.Option(metavar="TIME", help="How long to watch the counters: 5, 30s; 0: do not."),
    ] = "5"

    def __post_init__(self) -> None:
        if not self.config and self.db_version is not None:
            raise UsageError("--db-version goes with --config", "a running server reports its own")
        if self.config and self.dsn is not None:
            raise UsageError("both --dsn and --config are given", "choose one")
        if self.config and self.db is None:
            raise UsageError(
                "Which server is --config for?", "add --db mysql, mariadb or postgresql"
            )

        _ = self.interval_s

    @property
    def interval_s(self) -> float:
        """How long the counters are watched. Raises UsageError."""
        return duration_s("--interval", self.interval, ("0s", "1d"))

    @property
    def is_named(self) -> bool:
        """Whether something says which server is meant."""
        return not (self.dsn is None and self.db is None and not self.config)


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """What was read, and which version it is about."""

    reading: ServerState
    version: str | None
    """None: nobody says."""
    version_source: str
    """"" where `version` is as given or unknown."""


def read_target(options: TargetOptions, *, quiet: bool) -> AuditTarget:
    """The server that the options name, or its files. Raises UsageError and AdvisorError."""
    if options.config and options.db:
        return read_files(options.db, options.config, options.db_version)
    return _live(options.dsn, options.db, interval_s=options.interval_s, quiet=quiet)


def _live(
    dsn: str | None, vendor: VendorName | None, *, interval_s: float, quiet: bool
) -> AuditTarget:
    if dsn is None and vendor is None:
        raise UsageError("Which server? Use --db or --dsn.", _which_server())
    address = find_address(dsn, vendor)
    if dsn is not None and shows_password(dsn):
        notify(f"note: {PASSWORD_SHOWN}", quiet=quiet)
    reading = read_server(address, interval_s=interval_s, say=partial(notify, quiet=quiet))
    if vendor not in (None, reading.vendor):
        raise UsageError(
            f"this is a {VENDORS[reading.vendor].title} server", f"--db {reading.vendor}"
        )
    return AuditTarget(reading, format_version(reading.version), "as the server says")


def _which_server() -> str:
    """The hint that names the servers that run here."""
    programs = {each.server for each in running()}
    here = ", ".join(
        f"--db {vendor.name} ({vendor.programs[0]} runs here)"
        for vendor in VENDORS.values()
        if vendor.programs[0] in programs
    )
    return here or "--dsn postgresql://..., mysql://... or mariadb://..., or --config FILE"


def read_files(vendor: VendorName, files: Sequence[Path], version: str | None) -> AuditTarget:
    """What configuration files say. Raises AdvisorError."""
    given = None if version is None else version_of(vendor, version)
    read = read_settings(vendor, files, given)
    known = given or read.version
    _require_understood(VENDORS[vendor], read)
    said = {note_of(line) for line in read.refused}
    reading = ServerState(
        vendor,
        known or (),
        read.settings,
        notes=tuple(note for note in read.notes if note not in said),
        refused=read.refused,
        main_file=str(read.files[0] if read.files else files[0]),
        missing_files=tuple(map(str, read.missing)),
        bulk_load_files=tuple(
            str(file.path)
            for tree in read.trees
            for file in tree.walk()
            if is_for_bulk_load(file.text)
        ),
    )
    source = "as the data directory says" if given is None and read.version else ""
    return AuditTarget(reading, None if known is None else format_version(known), source)


def _require_understood(vendor: Vendor, read: FilesRead) -> None:
    """Raises AdvisorError for a file that is not the vendor's, and says what it looks like."""
    for tree in read.trees:
        begins = f"{tree.path}:"
        refused = [line for line in read.refused if line.place.startswith(begins)]
        marked = tree.text.startswith(BYTE_ORDER_MARK)  # PostgreSQL takes it for a letter
        if not (refused or marked) or (look := look_of(tree.text, vendor)) is None:
            continue
        raise AdvisorError(
            f"{tree.path} is no {vendor.config_kind} that {vendor.title} could read: {look.text}",
            look.hint,
        )
    groups = {line.group for tree in read.trees for _, line in tree.lines()}
    passed_over = any(vendor.is_series_group(group) for group in groups)
    taken = vendor.groups_read(read.version) if read.version else vendor.server_groups
    if groups and groups.isdisjoint(taken) and not (read.refused or passed_over):
        named = ", ".join(f"[{group}]" for group in sorted(filter(None, groups)))
        raise AdvisorError(
            f"{read.files[0]} has nothing that {vendor.title} reads: its groups are {named}",
            f"name the file with [{vendor.fragment_group}]",
        )


def as_text(found: Audit, form: str, *, colours: bool) -> str:
    """The audit as text, markdown or json."""
    if form == "json":
        return found.model_dump_json(indent=2) + "\n"
    return render(audit_document(found), form, colours=colours)


def require_nothing(found: Audit, level: Severity) -> None:
    """Raises FindingsError where a finding is at least as severe as `level`."""
    severe = SEVERITIES[: SEVERITIES.index(level) + 1]
    if count := sum(severity in severe for severity in found.counted):
        least = "" if level == SEVERITIES[-1] else f" of severity {level} or higher"
        raise FindingsError(f"{counted(count, 'finding')}{least}")
