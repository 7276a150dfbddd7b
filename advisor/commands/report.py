"""fsync-advisor report: what a drive sustains, for those who decide and those who provide it."""

from typing import Annotated, Literal, get_args

import typer

from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import Verdict, judge, require_durable
from advisor.commands import options as shared
from advisor.commands.console import chosen_format, notify_about, write_output
from advisor.commands.invocation import command_line
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.report_request import QuestionOptions, build_report_request, parse_vendors
from advisor.commands.source import (
    knowledge_for,
    require_trust,
    stored_measurement,
    stored_or_measured,
)
from advisor.instance import Here
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Measurement
from advisor.output.json_text import json_text
from advisor.output.prometheus import prometheus_text
from advisor.output.renderers import render
from advisor.output.report.document import report_document
from advisor.output.waiting import working_on
from advisor.output_files import check_writable
from advisor.report.build import ReportRequest, build_report
from advisor.report.results import Report
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import VendorName

ReportForm = Literal["terminal", "markdown", "html", "json", "prometheus"]


@options_class
class ReportOptions:
    """The options of `report`."""

    context: typer.Context
    drive: shared.DriveOptions
    asked: QuestionOptions
    format_: Annotated[
        ReportForm | None,
        typer.Option(
            "--format", help="What to print.  [default: by the ending of --output, else terminal]"
        ),
    ] = None
    charts: Annotated[
        bool, typer.Option("--charts/--no-charts", help="Whether HTML has charts.")
    ] = True
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None


@takes_options
def report(options: ReportOptions) -> None:
    """Report what the drive sustains, and what would change it.

    With --db, or of a server that was observed, also what to set. For a terminal, as Markdown, as
    one HTML file, as JSON; or the measurement for Prometheus.
    """
    product = options.product
    here = _here(options)
    found = here.instance if here else None
    stored = None
    if options.drive.from_file is not None:
        stored = stored_measurement(options.drive.from_file, quiet=product.quiet)
    asked = build_report_request(
        options.asked, command_line(options.context), found, stored, quiet=product.quiet
    )
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(ReportForm))
    measurement = stored or stored_or_measured(options.drive, product, here)
    if form == "prometheus":
        verdict, text = _for_prometheus(measurement)
    else:
        built = _build(measurement, asked, quiet=product.quiet)
        verdict = built.storage
        text = _shown(built, form, options)
    write_output(text, product)
    require_durable(measurement, verdict, evaluate(measurement, load_host_checks()))
    require_trust(verdict, options.require_trust)
    notify_about(verdict, (), quiet=product.quiet)


def _here(options: ReportOptions) -> Here | None:
    """The server here, where neither a drive nor a stored measurement is named."""
    if options.drive.from_file is not None or options.drive.directory is not None:
        return None
    from advisor.commands.here import find_here, server_arguments  # looks at the host's servers

    named = parse_vendors(options.asked.db or [])
    return find_here(
        "report",
        server_arguments,
        named[0] if len(named) == 1 else None,
        quiet=options.product.quiet,
    )


def _shown(built: Report, form: str, options: ReportOptions) -> str:
    if form == "json":
        return json_text(built)
    colours = options.product.output is None
    document = report_document(built)
    return render(document, form, charts=options.charts, colours=colours)


def _for_prometheus(measurement: Measurement) -> tuple[Verdict, str]:
    verdict = judge(measurement, load_storage_knowledge())
    return verdict, prometheus_text(measurement, verdict)


def _build(measurement: Measurement, asked: ReportRequest, *, quiet: bool) -> Report:
    knowledge: dict[VendorName | None, Knowledge] = {None: knowledge_for(None)}
    for request in asked.requests:
        knowledge[request.vendor] = knowledge_for(request.vendor, request.role, request.cluster)
    with working_on("report", quiet=quiet) as progress:
        return build_report(measurement, asked, knowledge, progress)
