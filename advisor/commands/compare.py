"""fsync-advisor compare: drives side by side."""

from typing import Annotated, get_args

import typer

from advisor.commands import options as shared
from advisor.commands.comparison_inputs import (
    AdviceOptions,
    advised_changes,
    request_of,
    side_by_side,
)
from advisor.commands.console import chosen_format, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.requests import parse_syncs
from advisor.commands.source import require_trust
from advisor.comparison.drives import LIKE_WITH_LIKE
from advisor.comparison.side_by_side import compare as compare_drives
from advisor.errors import AdvisorError
from advisor.knowledge import load_storage_knowledge
from advisor.output.comparison import comparison_document
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output_files import check_writable


@options_class
class CompareOptions:
    """The options of `compare`."""

    drives: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|ref:ID", help="Measurements, and reference drives."),
    ] = None
    advice: AdviceOptions
    format_: shared.TableFormat = None
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None


@takes_options
def compare(options: CompareOptions) -> None:
    """Compare drives, each against the first.

    The exit status is 1 where no other drive has a series in common with the first.
    """
    product, advice = options.product, options.advice
    syncs = parse_syncs(advice.request.syncs)
    request = request_of(advice)
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(shared.TableForm))
    drives = side_by_side(options.drives or [], load_storage_knowledge())
    comparison = compare_drives(drives, syncs, advice=advised_changes(drives, request))
    if form == "json":
        text = json_text(comparison)
    else:
        colours = product.output is None
        text = render(comparison_document(comparison), form, colours=colours)
    write_output(text, product)
    for drive in drives:
        if drive.verdict:
            require_trust(drive.verdict, options.require_trust)
    if not comparison.groups and not comparison.under_load:
        raise AdvisorError(
            f"nothing was compared: no other drive has a series in common with {drives[0].name}",
            LIKE_WITH_LIKE,
        )
