"""fsync-advisor audit: what a server has against what it should have."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from advisor.analysis.host_findings import evaluate
from advisor.analysis.observed_load import observed_server
from advisor.analysis.verdict import require_durable
from advisor.audit.clusters import PartOf
from advisor.audit.findings import Severity
from advisor.audit.roles import role_of
from advisor.audit.run import run_audit
from advisor.audit.services import RunBy
from advisor.commands import options as shared
from advisor.commands.audit_statements import statements_text
from advisor.commands.auditing import TargetOptions, as_text, read_target, require_nothing
from advisor.commands.console import NOTES_SHOWN, chosen_format, notify_all, write_output
from advisor.commands.parameters import Only, options_class, takes_options
from advisor.commands.requests import build_request, size_of
from advisor.commands.source import (
    knowledge_for,
    require_trust,
    stored_measurement,
    stored_or_measured,
)
from advisor.errors import UsageError
from advisor.files import shown_name
from advisor.instance import Here
from advisor.knowledge import (
    load_bulk_load,
    load_clusters,
    load_counter_checks,
    load_option_names,
    load_other_engines,
    load_service,
    load_services,
)
from advisor.measurement import Measurement
from advisor.output_files import check_writable
from advisor.roles import Role
from advisor.rules.clusters import ASKED, recognise_cluster
from advisor.rules.services import recognise
from advisor.server_state import ServerState
from advisor.vendors.names import ClusterName, ServiceName
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

AuditForm = Literal["text", "markdown", "json"]


@options_class
class AuditOptions:
    """The options of `audit`."""

    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Measure the drive there.  [default: the drive of the server found here, if no"
            " other is named; else compare without a drive]",
        ),
    ] = None
    target: TargetOptions
    drive: Annotated[shared.DriveOptions, Only("from_file", "save")]
    quick: shared.Quick = False
    fail_on: Annotated[
        Severity,
        typer.Option(help="Exit with 3 if a finding has this severity or a higher one."),
    ] = "note"
    request: Annotated[
        shared.RequestOptions,
        Only(
            *("durability", "memory", "recovery_time", "expected_tps", "log_bytes_per_commit"),
            "max_iops",
        ),
    ]
    service: Annotated[
        ServiceName | None,
        typer.Option(
            help="The managed service that runs it: how a setting is changed there, and which"
            " cannot be.  [default: as the server's own settings show]",
        ),
    ] = None
    role: Annotated[
        Role | None,
        typer.Option(
            help="What the server is to others with the same data.  [default: as it shows]"
        ),
    ] = None
    cluster: Annotated[
        ClusterName | None,
        typer.Option(
            help="The cluster that it is a part of.  [default: as the server's own settings show]",
        ),
    ] = None
    format_: Annotated[
        AuditForm | None,
        typer.Option(
            "--format", help="What to print.  [default: by the ending of --output, else text]"
        ),
    ] = None
    atomic_writes: Annotated[
        str | None,
        typer.Option(
            metavar="BYTES",
            help="Writes up to this size are atomic: no page can be torn."
            "  [default: as /sys or ZFS shows]",
        ),
    ] = None
    show_statements: Annotated[
        bool,
        typer.Option(
            "--show-statements",
            help="Print the SQL that an audit sends and the privileges it needs; connect to"
            " nothing.",
        ),
    ] = False
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None

    def __post_init__(self) -> None:
        if self.show_statements and (self.target.config or self.has_drive):
            raise UsageError(
                "--show-statements audits nothing",
                "leave out --config, --from and DIR; --db chooses the server",
            )
        if (
            not self.has_drive
            and (self.target.is_named or self.show_statements)
            and (self.drive.save or self.quick or self.require_trust)
        ):
            raise UsageError("--save, --quick and --require-trust need a drive: DIR or --from FILE")

    @property
    def has_drive(self) -> bool:
        """Whether the server's drive is known, or to be measured."""
        return self.directory is not None or self.drive.from_file is not None


@takes_options
def audit(options: AuditOptions) -> None:
    """Compare a server's settings with the advice for its drive.

    Changes nothing. What can corrupt or lose data comes first, and needs no drive. The exit status
    is 0 where there is nothing to change, 3 where there are findings.

    A running server needs the drivers (pip install '.[live]'). Each look is a read-only transaction
    with a timeout; any account that can connect will do. --show-statements prints every statement.

    Of a replica, and of a primary with replicas attached, it is told what relaxed settings cost;
    --role says which it is where that does not show.

    With --config and --db, configuration files are read instead, with all they include, and each
    finding names its file and line. The audit finds lines that the server would refuse, but of
    combinations that stop it only that of wal_level = minimal: verify starts a server.

    Not reported: a value that promises the same, one within two thirds to one and a half times of
    what is computed, and one that differs only by what is assumed of the load or the memory. A note
    lists these, and the options that say it.
    """
    product = options.product
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(AuditForm))
    if options.show_statements:
        write_output(statements_text(options.target.db, options.target.dsn, form), product)
        return
    atomic_write_bytes = size_of("--atomic-writes", options.atomic_writes)
    stored = None
    if options.drive.from_file is not None:  # before a server is watched for nothing
        stored = stored_measurement(options.drive.from_file, quiet=product.quiet)
        if not options.target.is_named:
            _require_named(stored, options.drive.from_file)
    asked, here, found_by = _target_and_drive(options)
    target = read_target(asked, quiet=product.quiet)
    part_of = _part_of(options.cluster, target.reading)
    replication = role_of(target.reading, options.role, part_of.cluster if part_of else None)
    role = replication.role or "standalone"
    request = build_request(
        target.reading.vendor,
        target.version,
        options.request,
        version_source=found_by or target.version_source,
        role=role,
        cluster=part_of.cluster.name if part_of else None,
    )
    measurement = stored
    if stored is None and (options.directory is not None or here):
        plan = shared.PlanOptions(quick=options.quick)
        drive = replace(options.drive, directory=options.directory, plan=plan)
        measurement = stored_or_measured(drive, product, here)
    knowledge = knowledge_for(request.vendor, role)
    found, verdict = run_audit(
        target.reading,
        request,
        knowledge,
        measurement,
        atomic_write_bytes,
        load_option_names(request.vendor) if asked.config else None,
        load_counter_checks() if target.reading.counts else (),
        load_bulk_load(request.vendor),
        _run_by(options.service, target.reading),
        load_other_engines(),
        replication,
        part_of,
    )
    if verdict is not None:
        require_trust(verdict, options.require_trust)
    on_screen = form != "json" and product.output is None and sys.stdout.isatty()
    if not on_screen:  # where the product has them
        notify_all(found.notes[:NOTES_SHOWN], quiet=product.quiet)
    text = as_text(found, form, colours=product.output is None)
    write_output(text, product)
    require_nothing(found, options.fail_on)
    if measurement and verdict:
        require_durable(measurement, verdict, evaluate(measurement, knowledge.host, request.vendor))


def _require_named(stored: Measurement, file: Path) -> None:
    """Raises UsageError where the server to audit is not named, and one was observed: its file says
    which it was, but not how it is reached."""
    if (seen := observed_server(stored)) is not None:
        vendor = VENDORS[seen.vendor]
        raise UsageError(
            f"Which server? In {shown_name(file)} a {vendor.title} was observed.",
            f"--dsn {vendor.dsn_schemes[0]}://... as it was observed, or --db {vendor.name} with"
            " --config FILE",
        )


def _run_by(service: ServiceName | None, state: ServerState) -> RunBy | None:
    """The managed service that is named, else the one that the server shows."""
    if service is not None:
        return RunBy(load_service(service), "")
    found = recognise(load_services(), state)
    return None if found is None else RunBy(*found)


def _part_of(name: ClusterName | None, state: ServerState) -> PartOf | None:
    """The cluster that is named, else the one that the server shows. Raises UsageError where it has
    none of that kind."""
    clusters = load_clusters()
    if name is not None:
        cluster = next(each for each in clusters if each.name == name)
        cluster.require_runs_on(state.vendor, clusters)
        return PartOf(cluster, ASKED)
    found = recognise_cluster(clusters, state)
    return None if found is None else PartOf(*found)


def _target_and_drive(options: AuditOptions) -> tuple[TargetOptions, Here | None, str]:
    """What is audited, and where its version comes from; of the server found here its configuration
    files and its drive, where nothing says which is meant."""
    target, drive = options.target, options.drive
    if target.is_named or drive.from_file is not None:
        return target, None, ""
    from advisor.commands.here import audit_arguments, find_at, find_here

    here = None
    if options.directory is not None:
        found = find_at(options.directory)
    else:
        here = find_here("audit", audit_arguments, quiet=options.product.quiet)
        found = here.instance
    if found is None or not found.main:
        return target, None, ""
    version = None if not found.version else format_version(found.version)
    told = replace(target, db=found.vendor, config=list(found.main), db_version=version)
    return told, here, f"its data is in {found.directory}" if version else ""
