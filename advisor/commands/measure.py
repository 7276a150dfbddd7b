"""fsync-advisor measure: measure a drive, save it, show it."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from advisor.analysis.host_findings import evaluate
from advisor.analysis.judged_measurement import JudgedMeasurement, with_findings
from advisor.analysis.verdict import judge, not_durable, remedy
from advisor.commands import options as shared
from advisor.commands.console import notify, write_output
from advisor.commands.observing import PassiveOptions, observe_drives
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.print_unit import PrintUnit, UnitName, unit_of
from advisor.commands.soak_options import SoakOptions
from advisor.commands.source import measured, require_trust
from advisor.errors import NotTrustedError, UsageError
from advisor.files import STANDARD_STREAM
from advisor.instance import Drives
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Measurement
from advisor.measurement_file import to_json
from advisor.output.measurement import measurement_document
from advisor.output.prometheus import prometheus_text
from advisor.output.renderers import render

QUICK_HAS_NO_PAGES: Final = (
    "--quick measures no page writes and reads, which capacity --data-size needs"
)


@options_class
class SavingOptions(shared.OutputOptions):
    """`output` is for the measurement, not for the text."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Save the measurement there, as JSON; what --format names is printed as well."
            "  -: print the JSON alone.",
        ),
    ] = None


@options_class
class MeasureOptions:
    """The options of `measure`."""

    directory: shared.Directory = None
    log_dir: shared.LogDirectory = None
    binary_log_dir: shared.BinaryLogDirectory = None
    plan: shared.PlanOptions
    under_load: shared.UnderLoadFlag = False
    soaking: SoakOptions
    seed: shared.Seed = None
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="Keep no single latencies: about 10 kB instead of up to 8 MB. Every command takes"
            " it; a report then has no histogram.",
        ),
    ] = False
    observing: PassiveOptions
    print_unit: PrintUnit = None
    unit_name: UnitName = None
    format_: Annotated[
        Literal["table", "json", "prometheus"], typer.Option("--format", help="What to print.")
    ] = "table"
    product: SavingOptions
    require_trust: shared.RequireTrust = None

    def __post_init__(self) -> None:
        shared.check_log_directories(self.directory, self.log_dir, self.binary_log_dir)
        planned = self.plan.is_named or self.seed is not None or self.under_load
        is_soak = self.soaking.plan is not None
        self.observing.require_nothing_measured(is_planned=planned or is_soak)
        if self.unit_name is not None and self.print_unit is None:
            raise UsageError("--unit-name goes with --print-unit", "add --print-unit service")


@takes_options
def measure(options: MeasureOptions) -> None:
    """Measure how fast the drive under DIR makes data durable.

    Writes only files of its own, which vanish at the end. --output saves the measurement
    as JSON; --format is for what is printed.

    --soak first writes for as long as it says, which shows burst credits and caches that end, and
    then measures the drive in that state.

    --passive writes nothing at all: it reads what the kernel, and with --dsn the server itself,
    count and time while the database works. Every command takes what it saves.
    """
    product = options.product
    if options.print_unit is not None:
        write_output(_unit(options, options.print_unit), product)
        return
    measurement = _observed(options) if options.observing.passive else _measured(options)
    verdict = judge(measurement, load_storage_knowledge())
    host = evaluate(measurement, load_host_checks())
    if product.output != STANDARD_STREAM:
        if options.format_ == "json":
            text = to_json(_judged(with_findings(measurement, host)))
        elif options.format_ == "prometheus":
            text = prometheus_text(measurement, verdict)
        else:
            text = render(measurement_document(measurement, verdict, host), options.format_)
        write_output(text)
    require_trust(verdict, options.require_trust)
    if verdict.trust == "not-durable":
        raise NotTrustedError(not_durable(measurement, verdict), remedy(verdict, host))


def _unit(options: MeasureOptions, kind: Literal["service", "timer"]) -> str:
    named = {
        "": options.directory,
        "--log-dir": options.log_dir,
        "--binary-log-dir": options.binary_log_dir,
    }
    directories = [
        word
        for option, path in named.items()
        if path is not None
        for word in filter(None, (option, str(path.absolute())))
    ]
    label, quiet = options.plan.label, options.product.quiet
    return unit_of(kind, options.observing, directories, label, name=options.unit_name, quiet=quiet)


def _measured(options: MeasureOptions) -> Measurement:
    drives, why = _drives(options)
    if options.plan.quick and options.under_load:
        notify(f"note: {QUICK_HAS_NO_PAGES}", quiet=options.product.quiet)
    return measured(
        drives,
        options.plan.name,
        options.product,
        why=why,
        seed=options.seed,
        label=options.plan.label,
        save=options.product.output,
        under_load=options.under_load,
        soaking=options.soaking,
        summary=options.summary,
    )


def _observed(options: MeasureOptions) -> Measurement:
    drives, why = None, ""
    if options.directory is not None or options.observing.dsn is None:
        drives, why = _drives(options)
    return observe_drives(
        options.observing,
        drives,
        why=f", {why}" if why else "",
        label=options.plan.label,
        save=options.product.output,
        force=options.product.force,
        quiet=options.product.quiet,
    )


def _judged(measurement: JudgedMeasurement) -> JudgedMeasurement:
    """With what its soak shows."""
    if measurement.soak is None:
        return measurement
    from advisor.analysis.soaking import with_soak_findings  # else nobody needs it

    return with_soak_findings(measurement)


def _drives(options: MeasureOptions) -> tuple[Drives, str]:
    """What is measured, and what to say of it where nobody named it."""
    if options.directory is not None:
        return Drives(options.directory, options.log_dir, options.binary_log_dir), ""
    from advisor.commands.here import drive_arguments, find_here  # looks at the host's servers

    here = find_here(
        "measure",
        drive_arguments,
        running_first=options.observing.passive,
        quiet=options.product.quiet,
    )
    return here.drives, here.why
