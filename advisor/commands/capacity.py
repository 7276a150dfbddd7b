"""fsync-advisor capacity: transactions per second, on one connection and on many."""

from dataclasses import replace
from typing import Annotated, Final, get_args

from advisor.commands import options as shared
from advisor.commands.capacity_request import CapacityOptions, build_capacity_request
from advisor.commands.console import chosen_format, notify_about, write_output
from advisor.commands.parameters import Only, options_class, takes_options
from advisor.commands.replica_request import ReplicaOptions, build_replica_question
from advisor.commands.requests import build_request, parse_syncs
from advisor.commands.source import (
    for_observed_server,
    knowledge_for,
    require_trust,
    stored_measurement,
    stored_or_measured,
)
from advisor.errors import UsageError
from advisor.output.capacity import capacity_document
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output.waiting import working_on
from advisor.output_files import check_writable
from advisor.planning import plan_capacity
from advisor.vendors.names import VendorName

REQUEST: Final = ("durability", "memory", "log_bytes_per_commit", "binary_log", "syncs")
"""What of a request bears on capacity."""


@options_class
class PlanCapacityOptions:
    """The options of `capacity`."""

    drive: shared.DriveOptions
    db: Annotated[
        VendorName | None,
        shared.database_option(
            "The server.  [default: the one observed, else one shared sync a commit, as"
            " PostgreSQL's]"
        ),
    ] = None
    db_version: shared.DatabaseVersion = None
    request: Annotated[shared.RequestOptions, Only(*REQUEST)]
    wanted: CapacityOptions
    replica: ReplicaOptions
    format_: shared.TableFormat = None
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None

    def __post_init__(self) -> None:
        request = self.request
        if self.db is None and (
            self.db_version is not None
            or request.memory is not None
            or request.log_bytes_per_commit is not None
            or request.binary_log is not None
            or self.wanted.data_size is not None
            or request.durability != "durable"
        ):
            raise UsageError(
                "--db-version, --memory, --log-bytes-per-commit, --binary-log, --durability and"
                " --data-size need --db"
            )


@takes_options
def capacity(options: PlanCapacityOptions) -> None:
    """Say how many transactions per second the drive sustains.

    On one connection, one sync after another; on many that share syncs (group commit); and at
    which rate a workload's p99 stays within its target.
    """
    product = options.product
    syncs = parse_syncs(options.request.syncs)
    wanted = build_capacity_request(options.wanted)
    planned = options.wanted
    asked = replace(options.request, expected_tps=planned.target_tps, max_iops=planned.max_iops)
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(shared.TableForm))
    stored = None
    if options.drive.from_file is not None:
        stored = stored_measurement(options.drive.from_file, quiet=product.quiet)
    db, version, version_source = for_observed_server(
        stored, options.db, options.db_version, quiet=product.quiet
    )
    request = db and build_request(db, version, asked, version_source=version_source)
    question = build_replica_question(options.replica, request, wanted.transactions)
    measurement = stored or stored_or_measured(options.drive, product)
    with working_on("group commit", quiet=product.quiet) as progress:
        knowledge = knowledge_for(db, "replica" if question else "standalone")
        verdict, plan, notes = plan_capacity(
            measurement, request, syncs, knowledge, wanted, progress, question
        )
    require_trust(verdict, options.require_trust)
    notify_about(verdict, notes, quiet=product.quiet)
    if form == "json":
        text = json_text(plan)
    else:
        colours = product.output is None
        text = render(capacity_document(plan), form, colours=colours)
    write_output(text, product)
