"""fsync-advisor capacity: transactions per second, on one connection and on many."""

from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.vendors.names import VendorName


def capacity(
    directory: options.Directory = None,
    from_file: options.FromFile = None,
    db: Annotated[
        VendorName | None,
        typer.Option(help="The server.  [default: one shared sync a commit, as PostgreSQL's]"),
    ] = None,
    db_version: options.DatabaseVersion = None,
    durability: options.Durability = "strict",
    binary_log: options.BinaryLog = None,
    syncs: options.Syncs = None,
    clients: options.Clients = None,
    workload: options.Workloads = None,
    parameter: options.Parameters = None,
    references: options.References = False,
    target_tps: options.TargetRate = None,
    p99_ms: options.P99Limit = None,
    cores: options.Cores = None,
    cpu_us_per_txn: options.CpuPerTransaction = None,
    format_: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="What to print.")
    ] = "table",
    output: options.Output = None,
    save: options.Save = None,
    quick: options.Quick = False,
    thorough: options.Thorough = False,
    label: options.Label = None,
    require_trust: options.RequireTrust = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Say how many transactions per second the drive carries.

    On one connection, one sync after another; on many that share syncs (group commit); and at
    which rate a workload's p99 stays within its target.
    """
    from advisor.commands import steps
    from advisor.commands.requests import build_request, parse_syncs
    from advisor.commands.wishes import build_wishes
    from advisor.errors import UsageError
    from advisor.files import check_writable
    from advisor.output.capacity import capacity_text
    from advisor.output.waiting import working_on
    from advisor.plan_capacity import plan_capacity

    if db is None and (db_version is not None or binary_log is not None or durability != "strict"):
        raise UsageError("--db-version, --binary-log and --durability need --db")
    counts = parse_syncs(syncs)
    wishes = build_wishes(
        clients=clients,
        workloads=workload,
        parameters=parameter,
        references=references,
        cores=cores,
        cpu_us_per_txn=cpu_us_per_txn,
        target_tps=target_tps,
        p99_ms=p99_ms,
    )
    request = db and build_request(
        db,
        db_version,
        durability=durability,
        binary_log=binary_log,
        expected_tps=target_tps,
        syncs=syncs,
    )
    check_writable(output, force=force)
    measurement = steps.stored_or_measured(
        directory,
        from_file,
        quick=quick,
        thorough=thorough,
        label=label,
        save=save,
        force=force,
        quiet=quiet,
    )
    with working_on("group commit", quiet=quiet) as report:
        knowledge = steps.knowledge_for(db)
        verdict, plan, notes = plan_capacity(
            measurement, request, counts, knowledge, wishes, report
        )
    steps.require_trust(verdict, require_trust)
    steps.say_notes(verdict, notes, quiet=quiet)
    if format_ == "json":
        text = plan.model_dump_json(indent=2) + "\n"
    else:
        text = capacity_text(plan, as_markdown=format_ == "markdown")
    steps.hand_over(text, output, force=force)
