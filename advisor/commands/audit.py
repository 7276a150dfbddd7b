"""fsync-advisor audit: what a server has against what it should have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.vendors.names import VendorName


def audit(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="Measure the drive there.  [default: compare without a drive]"
        ),
    ] = None,
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="The server: postgresql://, mysql:// or mariadb://."
            "  [default: what the usual files and variables name]",
        ),
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Read its configuration instead. May be repeated."),
    ] = None,
    db: Annotated[
        VendorName | None, typer.Option(help="The server.  [default: as the DSN says]")
    ] = None,
    db_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="With --config.  [default: as the files say]"),
    ] = None,
    from_file: options.FromFile = None,
    interval: Annotated[
        float,
        typer.Option(min=0, max=86_400, metavar="S", help="Watch the counters so long; 0: do not."),
    ] = 5,
    fail_on: Annotated[
        Literal["corruption-risk", "data-loss", "performance", "note"],
        typer.Option(help="Exit with 3 where a finding is at least as grave."),
    ] = "note",
    durability: options.Durability = "strict",
    memory: options.Memory = None,
    recovery_time: options.RecoveryTime = None,
    expected_tps: options.ExpectedTps = None,
    log_bytes_per_commit: options.LogBytesPerCommit = None,
    format_: Annotated[
        Literal["text", "markdown", "json"], typer.Option("--format", help="What to print.")
    ] = "text",
    output: options.Output = None,
    save: options.Save = None,
    quick: options.Quick = False,
    require_trust: options.RequireTrust = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Hold a server's settings against the advice for its drive. Changes nothing.

    What can corrupt or lose data comes first, and needs no drive. The exit status is 0 where there
    is nothing to change, 3 where there are findings.
    """
    from advisor.analysis.verdict import require_durable
    from advisor.audit.run import run_audit
    from advisor.commands import auditing, steps
    from advisor.commands.requests import build_request
    from advisor.errors import UsageError
    from advisor.files import check_writable

    check_writable(output, force=force)
    measures = directory is not None or from_file is not None
    if not measures and (save or quick or require_trust):
        raise UsageError("--save, --quick and --require-trust need a drive: DIR or --from FILE")
    target = auditing.read_target(
        dsn, config or [], db, db_version, interval_s=interval, quiet=quiet
    )
    request = build_request(
        target.reading.vendor,
        target.version,
        version_source=target.version_source,
        durability=durability,
        memory=memory,
        recovery_time=recovery_time,
        expected_tps=expected_tps,
        log_bytes_per_commit=log_bytes_per_commit,
    )
    measurement = None
    if measures:
        measurement = steps.stored_or_measured(
            directory,
            from_file,
            quick=quick,
            thorough=False,
            label=None,
            save=save,
            force=force,
            quiet=quiet,
        )
    knowledge = steps.knowledge_for(request.vendor)
    found, verdict = run_audit(target.reading, request, knowledge, measurement)
    if verdict is not None:
        steps.require_trust(verdict, require_trust)
        steps.say_trust(verdict, quiet=quiet)
    steps.say_all(found.notes, quiet=quiet)
    steps.hand_over(auditing.as_text(found, format_, colours=output is None), output, force=force)
    auditing.require_nothing(found, fail_on)
    if measurement and verdict:
        require_durable(measurement, verdict)
