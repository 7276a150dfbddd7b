"""A measurement that a soak went before: its figures are those that the drive sustains."""

import math
from collections.abc import Iterator
from typing import Final

from advisor.analysis.soak_text import duration_text
from advisor.analysis.soaking import RECOVERED, SoakFindings, findings_of
from advisor.measurement import (
    AbsentSeries,
    Environment,
    Measurement,
    MeasurementWarning,
    Series,
    Summary,
    Target,
)
from advisor.model import Unknown
from advisor.series_kind import PRIMARY
from advisor.soak import Soak
from advisor.units import format_latency

BURST_S: Final = 1800.0
"""So long the credits of a volume can last: AWS's gp2 has them for 30 minutes at 3000/s."""
DIFFERS: Final = "soak-differs"
"""The warning of a measurement whose series are not as fast as the soak in its end."""


def with_soak(measurement: Measurement, soak: Soak) -> Measurement:
    """The measurement that was taken right after a soak, with it.

    Where the sync of the series and that of the soak's end differ by more than both are uncertain,
    that of the soak's end counts. A drive that slowed down in the soak and recovered shows its
    burst again: then the other writes, with which the sync is compared, are left out.
    """
    findings = findings_of(soak, measurement.target, measurement.environment)
    written = measurement.written_bytes
    updated = measurement.model_copy(
        update={
            "soak": soak,
            "written_bytes": written
            if isinstance(written, Unknown)
            else written + soak.written_bytes,
            "warnings": tuple(_warnings(measurement, findings)),
        }
    )
    primary, sustained = measurement.primary, findings.sustained
    if primary is None or not _is_other(primary.summary, findings):
        return updated
    if _has_recovered(primary.summary, findings):
        return _sustained_alone(updated, primary, sustained)
    return _sustained_instead(updated, primary, sustained)


def _warnings(measurement: Measurement, findings: SoakFindings) -> Iterator[MeasurementWarning]:
    """Those of the measurement; that it was short is said of the soak, unless that showed an end of
    the burst, or went on for longer than bursts do."""
    fell, at_full_speed = _fell(findings), findings.at_full_speed
    for warning in measurement.warnings:
        if warning.code != "short-run":
            yield warning
        elif not fell and not (at_full_speed and findings.elapsed_s >= BURST_S):
            yield warning.model_copy(update={"text": _short_text(findings)})


def short_soak_warning(
    soak: Soak, target: Target, environment: Environment
) -> MeasurementWarning | None:
    """That of a soak of a virtual disk which no series follow; None where it shows enough."""
    findings = findings_of(soak, target, environment)
    is_long = findings.at_full_speed and findings.elapsed_s >= BURST_S
    if _fell(findings) or is_long:
        return None
    return MeasurementWarning(code="short-run", text=_short_text(findings))


def _short_text(findings: SoakFindings) -> str:
    return (
        f"soaked for {duration_text(findings.elapsed_s)} on a virtual machine: a cloud volume's"
        " burst credits can last 30 minutes at full speed, and the sustained rate may be lower"
    )


def _fell(findings: SoakFindings) -> bool:
    return any(change.cause != "faster" for change in findings.changes)


def sustained_series(soak: Soak, target: Target, environment: Environment) -> Series:
    """The sync of a soak's end, as a series."""
    return _series(findings_of(soak, target, environment).sustained)


def _is_other(primary: Summary, findings: SoakFindings) -> bool:
    """Whether the sync of the series surely takes another time than in the end of the soak. Told
    where the soak did what the series does: syncs alone, at full speed."""
    sustained = findings.sustained
    percents = (primary.ci95_percent, sustained.ci95_percent)
    if findings.page_writers or not findings.at_full_speed or None in percents:
        return False
    halves_us = [each.mean_us * (each.ci95_percent or 0.0) / 100 for each in (primary, sustained)]
    return abs(primary.mean_us - sustained.mean_us) > sum(halves_us)


def _has_recovered(primary: Summary, findings: SoakFindings) -> bool:
    """Whether a drive that slowed down in the soak is nearer to its first rate again."""
    first_us, sustained_us = findings.first.mean_us, findings.sustained.mean_us
    slowed = _fell(findings) and first_us < sustained_us
    return slowed and primary.mean_us < math.sqrt(first_us * sustained_us)


def _sustained_instead(
    measurement: Measurement, primary: Series, sustained: Summary
) -> Measurement:
    was, now = format_latency(primary.summary.mean_us), format_latency(sustained.mean_us)
    warning = MeasurementWarning(
        code=DIFFERS,
        text=f"a sync took {now} in the end of the soak and {was} right after it: the soak's figure"
        " counts, and the other series are as measured",
    )
    series = tuple(_series(sustained) if each == primary else each for each in measurement.series)
    warnings = (*measurement.warnings, warning)
    return measurement.model_copy(update={"series": series, "warnings": warnings})


def _sustained_alone(measurement: Measurement, primary: Series, sustained: Summary) -> Measurement:
    why = "taken after the drive had recovered from the soak"
    left_out = [each for each in measurement.series if not each.kind.reads and each != primary]
    kept = tuple(each for each in measurement.series if each.kind.reads)
    was, now = format_latency(primary.summary.mean_us), format_latency(sustained.mean_us)
    warning = MeasurementWarning(
        code=RECOVERED,
        text=f"the drive recovered between the soak and the series: a sync took {was} again. The"
        f" {now} of the soak's end count, and the other series of writes are left out",
    )
    return measurement.model_copy(
        update={
            "series": (_series(sustained), *kept),
            "absent": (
                *measurement.absent,
                *(AbsentSeries(name=each.name, why=why) for each in left_out),
            ),
            "warnings": (*measurement.warnings, warning),
        }
    )


def _series(sustained: Summary) -> Series:
    return Series.of(PRIMARY, sustained, "time")
