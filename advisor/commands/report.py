"""fsync-advisor report: what a drive carries, for those who decide and for those who provide it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from advisor.commands import options

if TYPE_CHECKING:
    from advisor.analysis.verdict import Verdict
    from advisor.measurement import Measurement
    from advisor.report.build import ReportRequest
    from advisor.report.results import Report
    from advisor.vendors.names import VendorName

OF_A_FLEET: Final = {"--fleet", "--format", "--output", "--force", "--quiet"}
"""The options that a report on many measurements knows."""


def report(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]",
            help="Where the database lives; with --fleet, measurements."
            "  [default: the current directory]",
        ),
    ] = None,
    from_file: options.FromFile = None,
    db: Annotated[
        list[str] | None,
        typer.Option(
            "--db",
            metavar="[mysql|mariadb|postgresql]",
            help="The server the settings are for. May be repeated.",
        ),
    ] = None,
    db_version: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="The version of each --db, in their order."
            "  [default: the installed server's, else the newest known]",
        ),
    ] = None,
    durability: options.Durability = "strict",
    binary_log: options.BinaryLog = None,
    memory: options.Memory = None,
    recovery_time: options.RecoveryTime = None,
    syncs: options.Syncs = None,
    clients: Annotated[
        str | None,
        typer.Option(metavar="C,C,...", help="Numbers of clients to show.  [default: 1 to 128]"),
    ] = None,
    workload: Annotated[
        list[str] | None,
        typer.Option(
            "--workload",
            metavar="NAME|FILE",
            help="Show what rate of that workload the drive sustains; all: of every one we know."
            " May be repeated.  [default: order]",
        ),
    ] = None,
    parameter: options.Parameters = None,
    references: options.References = False,
    target_tps: options.TargetRate = None,
    p99_ms: options.P99Limit = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=1e9,
            metavar="N",
            help="Say how an application keeps so many events/s in files: at once, or in batches.",
        ),
    ] = None,
    cores: options.Cores = None,
    cpu_us_per_txn: options.CpuPerTransaction = None,
    format_: Annotated[
        Literal["terminal", "markdown", "html", "json", "prometheus"],
        typer.Option("--format", help="What to print."),
    ] = "terminal",
    charts: Annotated[
        bool, typer.Option("--charts/--no-charts", help="Whether HTML has charts.")
    ] = True,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="One report on many measurements: FILE FILE...")
    ] = False,
    output: options.Output = None,
    save: options.Save = None,
    quick: options.Quick = False,
    thorough: options.Thorough = False,
    label: options.Label = None,
    require_trust: options.RequireTrust = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Report what the drive carries, what to set, and what would change it.

    For a terminal, as Markdown, as one HTML file, as JSON; or the measurement for Prometheus.
    """
    from advisor.analysis.verdict import require_durable
    from advisor.commands import steps
    from advisor.commands.questions import build_questions, one_directory
    from advisor.commands.retrace import command_line, given_options
    from advisor.errors import UsageError
    from advisor.files import check_writable

    if fleet:
        from advisor.commands.fleet import report_fleet

        if unfit := given_options(context) - OF_A_FLEET:
            raise UsageError(f"--fleet does not go with {', '.join(sorted(unfit))}")
        report_fleet(paths or [], format_, output, force=force, quiet=quiet)
        return
    questions = build_questions(
        db or [],
        db_version or [],
        durability=durability,
        binary_log=binary_log,
        memory=memory,
        recovery_time=recovery_time,
        syncs=syncs,
        clients=clients,
        workloads=workload,
        parameters=parameter,
        references=references,
        target_tps=target_tps,
        p99_ms=p99_ms,
        cores=cores,
        cpu_us_per_txn=cpu_us_per_txn,
        rate_per_s=rate,
        command=command_line(context),
    )
    directory = one_directory(paths or [])
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
    if format_ == "prometheus":
        verdict, text = _for_prometheus(measurement)
    else:
        from advisor.output.json_text import json_text
        from advisor.output.renderers import render
        from advisor.output.report.document import report_document

        built = _build(measurement, questions, quiet=quiet)
        verdict = built.storage
        if format_ == "json":
            text = json_text(built)
        else:
            document = report_document(built)
            text = render(document, format_, charts=charts, colours=output is None)
    steps.hand_over(text, output, force=force)
    require_durable(measurement, verdict)
    steps.require_trust(verdict, require_trust)
    steps.say_notes(verdict, (), quiet=quiet)


def _for_prometheus(measurement: "Measurement") -> "tuple[Verdict, str]":
    from advisor.analysis.verdict import judge
    from advisor.knowledge import load_storage_knowledge
    from advisor.output.prometheus import prometheus_text

    verdict = judge(measurement, load_storage_knowledge())
    return verdict, prometheus_text(measurement, verdict)


def _build(measurement: "Measurement", questions: "ReportRequest", *, quiet: bool) -> "Report":
    from advisor.commands import steps
    from advisor.output.waiting import working_on
    from advisor.report.build import build_report

    vendors: list[VendorName | None] = [None, *(request.vendor for request in questions.requests)]
    with working_on("report", quiet=quiet) as told:
        knowledge = {vendor: steps.knowledge_for(vendor) for vendor in vendors}
        return build_report(measurement, questions, knowledge, told)
