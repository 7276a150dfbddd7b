"""fsync-advisor measure: measure a drive, save it, show it."""

from typing import Annotated, Literal

import typer

from advisor.commands import options


def measure(
    directory: options.Directory = None,
    quick: options.Quick = False,
    thorough: options.Thorough = False,
    output: options.Output = None,
    format_: Annotated[
        Literal["table", "json", "prometheus"], typer.Option("--format", help="What to print.")
    ] = "table",
    label: options.Label = None,
    seed: options.Seed = None,
    require_trust: options.RequireTrust = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure how fast the drive under DIR makes data durable.

    Writes only nameless files of its own, which vanish at the end. --output saves the measurement.
    """
    from advisor.analysis.verdict import judge
    from advisor.commands import steps
    from advisor.errors import NotTrustedError
    from advisor.files import STANDARD_STREAM
    from advisor.knowledge import load_storage_knowledge
    from advisor.measurement import to_json
    from advisor.output.measurement import measurement_document
    from advisor.output.prometheus import prometheus_text
    from advisor.output.renderers import render

    plan = steps.plan_name(quick=quick, thorough=thorough)
    measurement = steps.measured(
        directory, plan, seed=seed, label=label, save=output, force=force, quiet=quiet
    )
    verdict = judge(measurement, load_storage_knowledge())
    if output != STANDARD_STREAM:
        if format_ == "json":
            steps.hand_over(to_json(measurement))
        elif format_ == "prometheus":
            steps.hand_over(prometheus_text(measurement, verdict))
        else:
            steps.hand_over(render(measurement_document(measurement, verdict), format_))
    steps.require_trust(verdict, require_trust)
    if verdict.trust == "not-durable":
        where = measurement.target.directory
        raise NotTrustedError(f"{where} is not durable: {verdict.evidence[0].text}")
