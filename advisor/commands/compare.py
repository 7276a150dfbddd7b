"""fsync-advisor compare: drives side by side, or one drive against its baseline."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.vendors.names import VendorName


def compare(
    drives: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|ref:ID",
            help="Measurements, reference storages; with --baseline one FILE, or a DIR to measure.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD",
            help="Hold a drive against this measurement of it. Without FILE or DIR, its own"
            " directory is measured now.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT", help="Slower by less does not count.  [default: 25]", min=0
        ),
    ] = None,
    syncs: options.Syncs = None,
    db: Annotated[
        VendorName | None,
        typer.Option(help="Show what the advice for that server would change, too."),
    ] = None,
    db_version: options.DatabaseVersion = None,
    durability: options.Durability = "strict",
    memory: options.Memory = None,
    recovery_time: options.RecoveryTime = None,
    expected_tps: options.ExpectedTps = None,
    log_bytes_per_commit: options.LogBytesPerCommit = None,
    binary_log: options.BinaryLog = None,
    build: options.Build = None,
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
    """Compare drives, each against the first; or a drive with its --baseline.

    With --baseline the exit status is 3 where the drive is slower beyond noise and --tolerance, or
    no longer to be trusted; 0 where it is as fast, or faster.
    """
    from advisor.commands import contestants, steps
    from advisor.commands.requests import build_request, parse_syncs
    from advisor.comparison.advice import advice_changes
    from advisor.comparison.baseline import TOLERANCE_PERCENT, check_baseline
    from advisor.comparison.side_by_side import compare as compare_drives
    from advisor.errors import RegressedError, UsageError
    from advisor.files import check_writable
    from advisor.knowledge import load_storage_knowledge
    from advisor.output.comparison import comparison_document
    from advisor.output.renderers import render

    for_advice = {
        "--db-version": db_version,
        "--memory": memory,
        "--recovery-time": recovery_time,
        "--expected-tps": expected_tps,
        "--log-bytes-per-commit": log_bytes_per_commit,
        "--binary-log": binary_log,
        "--build": build,
    }
    if db is None and (given := [name for name, value in for_advice.items() if value is not None]):
        raise UsageError(f"{given[0]} needs --db")
    if baseline is None and (tolerance is not None or quick or thorough or save or label):
        raise UsageError("--tolerance, --quick, --thorough, --save and --label need --baseline")
    counts = parse_syncs(syncs)
    request = db and build_request(
        db,
        db_version,
        durability=durability,
        binary_log=binary_log,
        memory=memory,
        recovery_time=recovery_time,
        expected_tps=expected_tps,
        log_bytes_per_commit=log_bytes_per_commit,
        build=build,
        syncs=syncs,
    )
    check_writable(output, force=force)
    knowledge = load_storage_knowledge()
    check = None
    if baseline is None:
        found = contestants.side_by_side(drives or [], knowledge)
    else:
        before, now = contestants.before_and_now(
            baseline,
            drives or [],
            knowledge,
            quick=quick,
            thorough=thorough,
            label=label,
            save=save,
            force=force,
            quiet=quiet,
        )
        found = [before, now]
        check = check_baseline(before, now, TOLERANCE_PERCENT if tolerance is None else tolerance)
    changes = None
    if request:
        changes = advice_changes(found, request, steps.knowledge_for(request.vendor))
    comparison = compare_drives(found, counts, advice=changes, baseline=check)
    if format_ == "json":
        text = comparison.model_dump_json(indent=2) + "\n"
    else:
        text = render(comparison_document(comparison), format_, colours=output is None)
    steps.hand_over(text, output, force=force)
    if check and check.findings:
        raise RegressedError("; ".join(check.findings))
    for drive in found[1:] if baseline else found:
        if drive.verdict:
            steps.require_trust(drive.verdict, require_trust)
