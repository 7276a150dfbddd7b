"""fsync-advisor drift: a drive against its own past."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from advisor.commands import options as shared
from advisor.commands.comparison_inputs import (
    AdviceOptions,
    advised_changes,
    before_and_now,
    request_of,
)
from advisor.commands.console import chosen_format, write_output
from advisor.commands.observing import PassiveOptions
from advisor.commands.parameters import Only, options_class, takes_options
from advisor.commands.requests import parse_syncs
from advisor.commands.source import require_trust
from advisor.comparison.baseline import TOLERANCE_PERCENT, check_baseline
from advisor.comparison.side_by_side import compare
from advisor.errors import AdvisorError, NotTrustedError, SlowerError, UsageError
from advisor.knowledge import load_storage_knowledge
from advisor.output.comparison import comparison_document, inconclusive_text
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output_files import check_writable


@options_class
class DriftOptions:
    """The options of `drift`."""

    baseline: Annotated[
        Path, typer.Argument(metavar="BASELINE", help="An earlier measurement of the drive.")
    ]
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="Measure the drive there.  [default: where BASELINE was measured]"
        ),
    ] = None
    drive: Annotated[shared.DriveOptions, Only("from_file", "save", "plan")]
    observing: PassiveOptions
    tolerance: Annotated[
        float,
        typer.Option(metavar="PERCENT", help="Slower by less does not count.", min=0),
    ] = TOLERANCE_PERCENT
    advice: AdviceOptions
    format_: shared.TableFormat = None
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None

    def __post_init__(self) -> None:
        self.observing.require_nothing_measured(is_planned=self.drive.plan.is_named)
        if self.observing.passive and self.drive.from_file is not None:
            raise UsageError("both --passive and --from are given", "choose one")


@takes_options
def drift(options: DriftOptions) -> None:
    """Compare a drive with an earlier measurement of it.

    The exit status is 3 where the drive is slower beyond noise and --tolerance, or no longer to be
    trusted; 1 where noise hides what counts; 0 where it is as fast, or faster.

    What was observed (measure --passive) is compared with what is observed now: --passive.
    """
    product, advice = options.product, options.advice
    syncs = parse_syncs(advice.request.syncs)
    request = request_of(advice)
    check_writable(product.output, force=product.force)
    form = chosen_format(options.format_, product, get_args(shared.TableForm))
    drive = replace(options.drive, directory=options.directory)
    before, now = before_and_now(
        options.baseline, drive, load_storage_knowledge(), product, options.observing
    )
    check = check_baseline(before, now, options.tolerance)
    changes = advised_changes([before, now], request)
    comparison = compare([before, now], syncs, advice=changes, baseline=check)
    if form == "json":
        text = json_text(comparison)
    else:
        colours = product.output is None
        text = render(comparison_document(comparison), form, colours=colours)
    write_output(text, product)
    if check.findings:
        error = SlowerError if check.slower else NotTrustedError
        raise error("; ".join(check.findings), check.remedy)
    if check.inconclusive:
        raise AdvisorError(inconclusive_text(check), check.remedy)
    if now.verdict:
        require_trust(now.verdict, options.require_trust)
