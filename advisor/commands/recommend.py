"""fsync-advisor recommend: the main job, a configuration fragment."""

import sys
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

import typer

from advisor.advice import Advice
from advisor.advise import advise
from advisor.commands import options as shared
from advisor.commands.console import chosen_format, notify_about, write_output
from advisor.commands.parameters import takes_options
from advisor.commands.requests import build_request
from advisor.commands.source import knowledge_for, require_trust, stored_or_measured
from advisor.measurement import without_controls
from advisor.output.forms import form_of
from advisor.output.fragment import render_fragment
from advisor.output_files import check_writable
from advisor.vendors.forms import FormName

RecommendForm = Literal[FormName, "json", "fragment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendOptions:
    """The options of `recommend`."""

    context: typer.Context
    db: shared.Database
    db_version: shared.DatabaseVersion = None
    drive: shared.DriveOptions
    request: shared.RequestOptions
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was left alone or skipped, too.")
    ] = False
    show_config: Annotated[
        bool,
        typer.Option(
            "--show-config",
            help="Print the file on a terminal, too, which else shows a summary; so do --explain"
            " and --format.",
        ),
    ] = False
    format_: Annotated[
        RecommendForm | None,
        typer.Option(
            "--format",
            help="What to print; fragment is the same as conf."
            "  [default: by the ending of --output, else conf]",
        ),
    ] = None
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None
    accept_not_durable: shared.AcceptNotDurable = False


@takes_options
def recommend(options: RecommendOptions) -> None:
    """Write a my.cnf or postgresql.conf fragment for DIR's drive.

    A terminal shows a summary; a pipe, --output and --show-config get the file. With --format it is
    SQL or YAML. Every line has its reason, its rule and its source. Nothing is changed on the
    server.
    """
    product = options.product
    request = build_request(
        options.db,
        options.db_version,
        options.request,
        accept_not_durable=options.accept_not_durable,
    )
    asked = chosen_format(options.format_, product, get_args(RecommendForm))
    form = cast("FormName", "conf" if asked in ("fragment", "json") else asked)
    form_of(form, options.db, request.version)  # before anything is measured for nothing
    check_writable(product.output, force=product.force)
    measurement = stored_or_measured(options.drive, product)
    advice = advise(measurement, request, knowledge_for(options.db))
    require_trust(advice.storage, options.require_trust)
    if _wants_summary(options):
        write_output(_summary(advice, options), product)
        return
    notify_about(advice.storage, advice.warnings, quiet=product.quiet)
    if asked == "json":
        text = without_controls(advice.model_dump_json(by_alias=True, indent=2)) + "\n"
    else:
        text = render_fragment(advice, explain=options.explain, form=form)
    write_output(text, product)


def _wants_summary(options: RecommendOptions) -> bool:
    """Whether somebody reads it on a terminal, and has not asked for the file."""
    asks_for_file = options.show_config or options.explain or options.format_ is not None
    return options.product.output is None and not asks_for_file and sys.stdout.isatty()


def _summary(advice: Advice, options: RecommendOptions) -> str:
    # Only here, for a pipe has no use for rich.
    from advisor.commands.invocation import command_line
    from advisor.output.renderers import render
    from advisor.output.summary import summary_document

    return render(summary_document(advice, command_line(options.context)), "terminal")
