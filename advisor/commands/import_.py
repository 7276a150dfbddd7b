"""fsync-advisor import: another tool's report, as a measurement file."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge
from advisor.commands import options as shared
from advisor.commands.console import notify_all, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.source import stored_measurement
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Measurement
from advisor.measurement_file import to_json
from advisor.output.measurement import measurement_document
from advisor.output.renderers import render
from advisor.output_files import check_writable


@options_class
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
    format_: Annotated[
        Literal["table", "json"] | None,
        typer.Option(
            "--format",
            help="What to print; --output saves json.  [default: table on a terminal, else json]",
        ),
    ] = None
    product: shared.OutputOptions


@takes_options
def import_(options: ImportOptions) -> None:
    """Convert another tool's report into a measurement file.

    A report is known by its content. --from of every command reads the same reports.

    \b
    Tool                   What is used
    classic fsync script   the rate: 4 KiB or more, O_DIRECT, fsync or fdatasync
    pg_test_fsync 9.1-18   the mean of each method that flushes the drive, for
                           one 8 kB write; of macOS and Windows, too
    fio 2.x, 3.x           the write rate of a job with fdatasync=1, fsync=1 or
                           sync=, percentiles from 3.4 on; JSON, JSON+, text
    sysbench fileio 1.0+   the write rate with --file-fsync-all=on
    ioping                 the mean of -W requests; text, raw and JSON
    dd, its command line   the write rate with oflag=dsync or oflag=sync
    ext4dist, xfsdist ...  upper bounds of the syncs that they saw
    etcd /metrics          the mean of the WAL's syncs, bounds of percentiles
    iotune, rpk iotune     write IOPS, for innodb_io_capacity; it has no syncs

    Trust in a report is at best unverifiable. What it does not say stays unknown: a mean gives no
    percentile, so no rule that looks at the tail applies. Without a series of 8 KiB overwrites with
    fdatasync the nearest series is used, and the output says so.

    Pasted text is read, too: with quotes, prompts, colours, collapsed blanks, several results in
    one file (--pick). A command line above a report counts if the report's figures agree with it. A
    run that failed, was interrupted, contradicts itself or did not sync each write is refused.
    """
    product = options.product
    shared.check_label(options.label)
    check_writable(product.output, force=product.force)
    measurement = stored_measurement(options.file, pick=options.pick, quiet=product.quiet)
    if options.label is not None:
        measurement = measurement.model_copy(update={"label": options.label})
    shows_table = _wants_table(options)
    if not shows_table:  # which has them
        notify_all((warning.text for warning in measurement.warnings), quiet=product.quiet)
    if product.output is not None or not shows_table:
        write_output(to_json(measurement), product)
    if shows_table:
        write_output(_table(measurement))


def _wants_table(options: ImportOptions) -> bool:
    """Whether somebody reads it on a terminal, and has not asked for the file."""
    if options.format_ is not None:
        return options.format_ == "table"
    return options.product.output is None and sys.stdout.isatty()


def _table(measurement: Measurement) -> str:
    verdict = judge(measurement, load_storage_knowledge())
    host = evaluate(measurement, load_host_checks())
    return render(measurement_document(measurement, verdict, host), "table")
