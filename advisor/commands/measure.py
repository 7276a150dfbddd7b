"""fsync-advisor measure: measure a drive, save it, show it."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from advisor.analysis.host_findings import JudgedMeasurement, evaluate, with_findings
from advisor.analysis.verdict import judge
from advisor.commands import options as shared
from advisor.commands.console import write_output
from advisor.commands.parameters import takes_options
from advisor.commands.soak_options import SoakOptions
from advisor.commands.source import measured, require_trust
from advisor.errors import NotTrustedError
from advisor.files import STANDARD_STREAM
from advisor.instance import Drives
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import to_json
from advisor.output.measurement import measurement_document
from advisor.output.prometheus import prometheus_text
from advisor.output.renderers import render


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOptions:
    """The options of `measure`; `product.output` is for the measurement, not for the text."""

    directory: shared.Directory = None
    log_dir: shared.LogDirectory = None
    binary_log_dir: shared.BinaryLogDirectory = None
    plan: shared.PlanOptions
    under_load: shared.UnderLoadFlag = False
    soaking: SoakOptions
    seed: shared.Seed = None
    format_: Annotated[
        Literal["table", "json", "prometheus"], typer.Option("--format", help="What to print.")
    ] = "table"
    product: shared.OutputOptions
    require_trust: shared.RequireTrust = None

    def __post_init__(self) -> None:
        shared.check_log_directories(self.directory, self.log_dir, self.binary_log_dir)


@takes_options
def measure(options: MeasureOptions) -> None:
    """Measure how fast the drive under DIR makes data durable.

    Writes only files of its own, which vanish at the end. --output saves the measurement
    as JSON; --format is for what is printed.

    --soak first writes for as long as it says, which shows burst credits and caches that end, and
    then measures the drive in that state.
    """
    product, plan = options.product, options.plan
    drives, why = _drives(options)
    measurement = measured(
        drives,
        plan.name,
        product,
        why=why,
        seed=options.seed,
        label=plan.label,
        save=product.output,
        under_load=options.under_load,
        soaking=options.soaking,
    )
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
        where = measurement.target.directory
        raise NotTrustedError(f"{where} is not durable: {verdict.evidence[0].text}")


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

    here = find_here("measure", drive_arguments, quiet=options.product.quiet)
    return here.drives, here.why
