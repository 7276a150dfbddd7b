"""fsync-advisor import: another tool's report, as a measurement file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import notify_all, write_output
from advisor.commands.parameters import takes_options
from advisor.commands.source import stored_measurement
from advisor.measurement import to_json
from advisor.output_files import check_writable


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of `import`."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="A tool's report; - reads stdin.")]
    pick: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Of several results the Nth.  [default: the first that can be used]",
        ),
    ] = None
    label: shared.Label = None
    product: shared.OutputOptions


@takes_options
def import_(options: ImportOptions) -> None:
    """Make a measurement file of what another tool reported.

    Known are the classic fsync script, pg_test_fsync, fio (text and JSON), sysbench fileio, ioping,
    iotune, dd with oflag=dsync or sync, etcd's WAL histogram, and ext4dist and its kind. What the
    tool did not say stays unknown.
    """
    product = options.product
    shared.check_label(options.label)
    check_writable(product.output, force=product.force)
    measurement = stored_measurement(options.file, pick=options.pick, quiet=product.quiet)
    if options.label is not None:
        measurement = measurement.model_copy(update={"label": options.label})
    notify_all((warning.text for warning in measurement.warnings), quiet=product.quiet)
    write_output(to_json(measurement), product)
