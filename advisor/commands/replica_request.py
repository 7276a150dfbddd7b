"""What is asked of a replica: its options -> the ReplicaQuestion."""

from typing import Annotated, Final

import typer

from advisor.capacity.replica_model import ReplicaQuestion
from advisor.capacity.workloads import Transaction
from advisor.commands.parameters import options_class
from advisor.errors import UsageError
from advisor.request import Request
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

MAX_APPLIERS: Final = 1024
"""As many as MySQL takes."""

SourceTps = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        max=1e9,
        metavar="TPS",
        help="Show whether a replica keeps up here with a source that commits so many"
        " transactions/s.",
    ),
]
AppliersOption = Annotated[
    int | None,
    typer.Option(
        "--appliers",
        min=0,
        max=MAX_APPLIERS,
        metavar="N",
        help="Its applier threads.  [default: the server's default]",
    ),
]
SourceClients = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100_000,
        metavar="C",
        help="Connections that commit on the source at once: they bound what appliers of MySQL"
        " before 8.4 and MariaDB before 10.5.1 do together, and newer ones refuse it.",
    ),
]


@options_class
class ReplicaOptions:
    """What is asked of a replica."""

    source_tps: SourceTps = None
    appliers: AppliersOption = None
    source_clients: SourceClients = None


def build_replica_question(
    options: ReplicaOptions, request: Request | None, transactions: tuple[Transaction, ...]
) -> ReplicaQuestion | None:
    """What the options ask for. Raises UsageError for what makes no sense."""
    if options.source_tps is None:
        if options.appliers is not None or options.source_clients is not None:
            raise UsageError("--appliers and --source-clients need --source-tps")
        return None
    if request is None:
        raise UsageError("--source-tps needs --db", "name the server that the replica is")
    vendor = VENDORS[request.vendor]
    if vendor.replaying(request.version).appliers is None and (
        options.appliers is not None or options.source_clients is not None
    ):
        raise UsageError(
            f"--appliers and --source-clients: a replica of {vendor.title} is one process that"
            " replays the log",
            "leave them out",
        )
    kind = vendor.replaying(request.version).appliers
    if options.source_clients is not None and kind is not None and not kind.lifted_by:
        raise UsageError(
            f"--source-clients: appliers of {vendor.title} {format_version(request.version)} apply"
            " together what was not committed together, too",
            "leave it out",
        )
    if len(transactions) > 1:
        raise UsageError("--source-tps goes with one workload at most", "name one --workload")
    if any(transaction.kind == "files" for transaction in transactions):
        raise UsageError(
            f"--workload {transactions[0].name} writes files, which no replica applies",
            "name a workload of a database, or none",
        )
    return ReplicaQuestion(options.source_tps, options.appliers, options.source_clients)
