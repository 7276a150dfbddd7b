"""Where an audit reads from, a running server or configuration files; and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.audit.findings import SEVERITIES, Audit, Severity
from advisor.commands.steps import say
from advisor.errors import FindingsError, UsageError
from advisor.output.audit import audit_text
from advisor.server_state import ServerState
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version, parse_version


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """What was read, and which version it is about."""

    reading: ServerState
    version: str | None
    """None: nobody says."""
    version_source: str
    """"" where `version` is as given or unknown."""


def read_target(
    dsn: str | None,
    files: Sequence[Path],
    vendor: VendorName | None,
    version: str | None,
    *,
    interval_s: float,
    quiet: bool,
) -> AuditTarget:
    """The server that the options name, or its files. Raises UsageError and AdvisorError."""
    if not files:
        if version is not None:
            raise UsageError("--db-version goes with --config", "a running server tells its own")
        return _live(dsn, vendor, interval_s=interval_s, quiet=quiet)
    if dsn is not None:
        raise UsageError("both --dsn and --config are given", "choose one")
    if vendor is None:
        raise UsageError("--config does not say of which server", "add --db mysql or the like")
    return _offline(vendor, files, version)


def _live(
    dsn: str | None, vendor: VendorName | None, *, interval_s: float, quiet: bool
) -> AuditTarget:
    from advisor.servers.connection import PASSWORD_SHOWN, find_address, shows_password
    from advisor.servers.state import read_server

    address = find_address(dsn, vendor)
    if dsn is not None and shows_password(dsn):
        say(f"note: {PASSWORD_SHOWN}", quiet=quiet)
    if interval_s:
        say(f"watching the server's counters for {interval_s:g} s", quiet=quiet)
    reading = read_server(address, interval_s=interval_s)
    if vendor not in (None, reading.vendor):
        raise UsageError(
            f"this is a {VENDORS[reading.vendor].title} server", f"--db {reading.vendor}"
        )
    return AuditTarget(reading, format_version(reading.version), "as the server says")


def _offline(vendor: VendorName, files: Sequence[Path], version: str | None) -> AuditTarget:
    from advisor.servers.config import read_settings

    given = None if version is None else parse_version(version)
    read = read_settings(vendor, files, given)
    told = given or read.version
    reading = ServerState(vendor, told or (), read.settings, notes=read.notes)
    source = "as the data directory says" if given is None and read.version else ""
    return AuditTarget(reading, None if told is None else format_version(told), source)


def as_text(found: Audit, form: str) -> str:
    """The audit as text, markdown or json."""
    if form == "json":
        return found.model_dump_json(indent=2) + "\n"
    return audit_text(found, as_markdown_text=form == "markdown")


def require_nothing(found: Audit, level: Severity) -> None:
    """Raises FindingsError where a finding is at least as grave as `level`."""
    grave = SEVERITIES[: SEVERITIES.index(level) + 1]
    if count := sum(one.severity in grave for one in found.findings):
        at_all = f"{count} of {len(found.findings)} findings"
        raise FindingsError(f"{at_all} at least as grave as {level}")
