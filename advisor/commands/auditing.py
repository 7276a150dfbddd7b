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
from advisor.errors import FindingsError, UsageError
from advisor.output.audit import audit_document
from advisor.output.renderers import render
from advisor.probe.data_directories import running
from advisor.server_state import ServerState
from advisor.servers.config import read_settings
from advisor.servers.connection import PASSWORD_SHOWN, find_address, shows_password
from advisor.servers.state import read_server
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS, version_of
from advisor.versions import format_version


@dataclass(frozen=True, slots=True, kw_only=True)
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
        float,
        typer.Option(min=0, max=86_400, metavar="S", help="Watch the counters so long; 0: do not."),
    ] = 5

    def __post_init__(self) -> None:
        if not self.config and self.db_version is not None:
            raise UsageError("--db-version goes with --config", "a running server tells its own")
        if self.config and self.dsn is not None:
            raise UsageError("both --dsn and --config are given", "choose one")
        if self.config and self.db is None:
            raise UsageError("--config does not say of which server", "add --db mysql or the like")


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
        return _offline(options.db, options.config, options.db_version)
    return _live(options.dsn, options.db, interval_s=options.interval, quiet=quiet)


def _live(
    dsn: str | None, vendor: VendorName | None, *, interval_s: float, quiet: bool
) -> AuditTarget:
    if dsn is None and vendor is None:
        raise UsageError("nothing says which server is meant", _which_server())
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


def _offline(vendor: VendorName, files: Sequence[Path], version: str | None) -> AuditTarget:

    given = None if version is None else version_of(vendor, version)
    read = read_settings(vendor, files, given)
    known = given or read.version
    reading = ServerState(vendor, known or (), read.settings, notes=read.notes)
    source = "as the data directory says" if given is None and read.version else ""
    return AuditTarget(reading, None if known is None else format_version(known), source)


def as_text(found: Audit, form: str, *, colours: bool) -> str:
    """The audit as text, markdown or json."""
    if form == "json":
        return found.model_dump_json(indent=2) + "\n"
    return render(audit_document(found), form, colours=colours)


def require_nothing(found: Audit, level: Severity) -> None:
    """Raises FindingsError where a finding is at least as severe as `level`."""
    severe = SEVERITIES[: SEVERITIES.index(level) + 1]
    if count := sum(finding.severity in severe for finding in found.findings):
        at_all = f"{count} of {len(found.findings)} findings"
        raise FindingsError(f"{at_all} at least as severe as {level}")
