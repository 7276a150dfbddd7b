"""Options -> the ReportRequest."""

from dataclasses import replace
from itertools import zip_longest
from typing import Annotated, Final

import typer

from advisor.capacity.host import CapacityRequest
from advisor.capacity.workloads import Transaction, fill_in
from advisor.commands.capacity_request import CapacityOptions, build_capacity_request
from advisor.commands.options import ClusterOption, RequestOptions, RoleOption
from advisor.commands.parameters import Only, options_class
from advisor.commands.requests import build_request, parse_syncs
from advisor.commands.source import for_observed_server
from advisor.errors import UsageError
from advisor.instance import ServerInstance
from advisor.knowledge import load_workloads
from advisor.measurement import Measurement
from advisor.report.build import ReportRequest
from advisor.request import Request
from advisor.vendors.names import VENDOR_NAMES, VendorName, vendor_named
from advisor.vendors.registry import VENDORS

CLIENTS: Final = "1,4,16,64,128"
"""Fewer than `capacity` shows: each is a run of the model."""

WORKLOAD: Final = "order"
"""Shown where none is named: several statements and one commit, as many shops have."""

REQUEST: Final = (
    *("durability", "binary_log", "memory", "recovery_time", "log_bytes_per_commit", "syncs"),
)
"""What of a request a report shows."""

CAPACITY: Final = (
    *("parameter", "references", "target_tps", "p99_ms", "cores", "cpu_us_per_txn"),
    *("data_size", "hot_share", "max_iops", "max_mbps", "rtt_us"),
)
"""What of capacity planning a report can be asked for."""

ASSUMED: Final = f"no workload was named; {WORKLOAD} is one of those that --workload knows"


@options_class
class QuestionOptions:
    """What a report is asked for."""

    db: Annotated[
        list[str] | None,
        typer.Option(
            "--db",
            metavar=f"[{'|'.join(VENDOR_NAMES)}]",
            help="The server the settings are for. May be repeated."
            "  [default: the one observed, else found on this host]",
        ),
    ] = None
    db_version: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="The version of each --db, in their order."
            "  [default: as observed, else the installed server's, else the newest known]",
        ),
    ] = None
    request: Annotated[RequestOptions, Only(*REQUEST)]
    role: RoleOption = "standalone"
    cluster: ClusterOption = None
    clients: Annotated[
        str,
        typer.Option(metavar="C,C,...", help="Numbers of clients to show."),
    ] = CLIENTS
    workload: Annotated[
        list[str] | None,
        typer.Option(
            "--workload",
            metavar="NAME|FILE",
            help="Show what rate of that workload the drive sustains; all: of every one we know."
            f" May be repeated.  [default: {WORKLOAD}]",
        ),
    ] = None
    capacity: Annotated[
        CapacityOptions,
        Only(*CAPACITY),
    ]
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=1e9,
            metavar="N",
            help="Say how an application keeps so many events/s in files: at once, or in batches.",
        ),
    ] = None

    def __post_init__(self) -> None:
        request, versions = self.request, self.db_version or []
        if not self.db and (
            versions
            or request.memory
            or request.recovery_time
            or request.log_bytes_per_commit
            or self.capacity.data_size
            or request.binary_log is not None
            or request.durability != "durable"
            or self.role != "standalone"
            or self.cluster
        ):
            raise UsageError(
                "--db-version, --binary-log, --durability, --memory, --recovery-time,"
                " --log-bytes-per-commit, --data-size, --role and --cluster need --db"
            )
        if versions and len(versions) != len(self.db or []):
            raise UsageError(
                f"{len(versions)} --db-version for {len(self.db or [])} --db",
                "give one for each, in the same order",
            )


def parse_vendors(named: list[str]) -> list[VendorName]:
    """The servers, each named once. Raises UsageError."""
    found: list[VendorName] = []
    for name in named:
        vendor = vendor_named(name)
        if vendor is None:
            raise UsageError(f"--db {name!r}: name some of {', '.join(VENDOR_NAMES)}")
        if vendor in found:
            raise UsageError(f"--db {vendor} is given twice", "name each server once")
        found.append(vendor)
    return found


def build_report_request(
    options: QuestionOptions,
    command: str,
    found: ServerInstance | None = None,
    stored: Measurement | None = None,
    *,
    quiet: bool = False,
) -> ReportRequest:
    """What the options ask for; where they name no server, of the one that was `found`, or that
    was observed in a `stored` measurement, with a note unless `quiet`.

    Raises UsageError for what makes no sense.
    """
    by_default = not options.workload and options.capacity.target_tps is None
    capacity = build_capacity_request(
        replace(
            options.capacity,
            clients=options.clients,
            workload=[WORKLOAD] if by_default else options.workload,
        )
    )
    return ReportRequest(
        requests=_requests(options, found, stored, quiet=quiet),
        syncs=parse_syncs(options.request.syncs),
        capacity=capacity,
        events=_events(capacity) if options.rate else (),
        events_per_s=options.rate,
        assumed=(ASSUMED,) if by_default else (),
        command=command,
    )


def _requests(
    options: QuestionOptions,
    found: ServerInstance | None,
    stored: Measurement | None,
    *,
    quiet: bool,
) -> tuple[Request, ...]:
    """One for each server; --binary-log is for those that have one."""
    vendors = parse_vendors(options.db or ([found.vendor] if found else []))
    named = zip_longest(vendors, options.db_version or []) if vendors else [(None, None)]
    servers = [
        for_observed_server(stored, vendor, version, quiet=quiet) for vendor, version in named
    ]
    wished = options.capacity
    asked = replace(options.request, expected_tps=wished.target_tps, max_iops=wished.max_iops)
    without = replace(asked, binary_log=None)
    return tuple(
        build_request(
            vendor,
            version,
            asked if VENDORS[vendor].has_binary_log or len(servers) == 1 else without,
            here=found if found and found.vendor == vendor else None,
            version_source=source,
            role=options.role,
            cluster=options.cluster,
        )
        for vendor, version, source in servers
        if vendor is not None
    )


def _events(wanted: CapacityRequest) -> tuple[Transaction, ...]:
    """The workloads of files that are named; where there are none, all that we know."""
    named = tuple(each for each in wanted.transactions if each.kind == "files")
    known = [each for each in load_workloads().values() if each.kind == "files"]
    return named or fill_in(known, {})
