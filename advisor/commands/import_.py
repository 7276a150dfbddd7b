"""fsync-advisor import: another tool's report, as a measurement file."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.commands import options


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A tool's report; - reads stdin.")],
    output: options.Output = None,
    pick: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Of several results the Nth.  [default: the first that can be used]",
        ),
    ] = None,
    label: options.Label = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a measurement file of what another tool reported.

    Known are the classic fsync script, pg_test_fsync, fio (text and JSON), sysbench fileio, ioping
    and iotune. What the tool did not say stays unknown.
    """
    from advisor.commands import steps
    from advisor.files import check_writable
    from advisor.measurement import to_json

    check_writable(output, force=force)
    measurement = steps.stored(file, pick=pick, quiet=quiet)
    if label is not None:
        measurement = measurement.model_copy(update={"label": label})
    for warning in measurement.warnings:
        steps.say(f"note: {warning.text}", quiet=quiet)
    steps.hand_over(to_json(measurement), output, force=force)
