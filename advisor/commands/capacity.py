"""fsync-advisor capacity: transactions per second at N syncs."""

from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.versions import Vendor


def capacity(
    directory: options.Directory = None,
    from_file: options.FromFile = None,
    syncs: options.Syncs = None,
    db: Annotated[
        Vendor | None,
        typer.Option(help="Show what one commit of that server waits for, too."),
    ] = None,
    db_version: options.DatabaseVersion = None,
    durability: options.Durability = "strict",
    binary_log: options.BinaryLog = None,
    format_: Annotated[
        Literal["table", "json"], typer.Option("--format", help="What to print.")
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
    """Say how many transactions per second the drive carries on one connection."""
    from advisor.advise import advise, drive_capacity
    from advisor.commands import steps
    from advisor.commands.requests import build_request, parse_syncs
    from advisor.errors import UsageError
    from advisor.files import check_writable
    from advisor.knowledge import load_storage_knowledge
    from advisor.output.terminal import capacity_text

    if db is None and (db_version is not None or binary_log is not None):
        raise UsageError("--db-version and --binary-log need --db")
    counts = parse_syncs(syncs)
    request = db and build_request(
        db,
        db_version,
        durability=durability,
        binary_log=binary_log,
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
    if request:
        advice = advise(measurement, request, steps.knowledge_for(request.vendor))
        assert advice.capacity is not None  # a drive without one is refused above
        verdict, result, notes = advice.storage, advice.capacity, advice.warnings
    else:
        verdict, result, notes = drive_capacity(measurement, load_storage_knowledge(), counts)
    steps.require_trust(verdict, require_trust)
    steps.say_notes(verdict, notes, quiet=quiet)
    text = result.model_dump_json(indent=2) + "\n" if format_ == "json" else capacity_text(result)
    steps.hand_over(text, output, force=force)
