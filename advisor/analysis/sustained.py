"""A measurement that a soak went before: its figures are those that the drive sustains."""

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
    Unknown,
)
from advisor.series_kind import PRIMARY
from advisor.soak import Soak
from advisor.units import format_latency

BURST_S: Final = 1800.0
"""So long the credits of a volume can last: AWS's gp2 has them for 30 minutes at 3000/s."""
RECOVERED_PART: Final = 0.8
"""A sync that takes less than this part of what it took in the end of the soak: the drive has come
back to its burst in between."""


def with_soak(measurement: Measurement, soak: Soak) -> Measurement:
    """The measurement that was taken right after a soak, with it.

    A drive that recovered between the two shows its burst again. Then the sync of the soak's end
    counts, and the other writes, with which it is compared, are left out.
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
    if not _has_recovered(updated, findings):
        return updated
    return _sustained_alone(updated, findings.sustained)


def _warnings(measurement: Measurement, findings: SoakFindings) -> Iterator[MeasurementWarning]:
    """Those of the measurement; that it was short is said of the soak, unless that showed an end of
    the burst, or went on for longer than bursts do."""
    at_full_speed = findings.rate_per_s is None
    fell = any(change.cause != "faster" for change in findings.changes)
    for warning in measurement.warnings:
        if warning.code != "short-run":
            yield warning
        elif not fell and not (at_full_speed and findings.elapsed_s >= BURST_S):
            yield warning.model_copy(
                update={
                    "text": f"soaked for {duration_text(findings.elapsed_s)} on a virtual machine:"
                    " a cloud volume's burst credits can last 30 minutes at full speed, and the"
                    " sustained rate may be lower"
                }
            )


def sustained_series(soak: Soak, target: Target, environment: Environment) -> Series:
    """The sync of a soak's end, as a series."""
    return _series(findings_of(soak, target, environment).sustained)


def _has_recovered(measurement: Measurement, findings: SoakFindings) -> bool:
    """Told where the soak did what the series does: syncs alone, at full speed."""
    primary = measurement.primary
    if primary is None or findings.page_writers or findings.rate_per_s is not None:
        return False
    return primary.summary.mean_us < RECOVERED_PART * findings.sustained.mean_us


def _sustained_alone(measurement: Measurement, sustained: Summary) -> Measurement:
    primary = measurement.primary
    assert primary is not None  # it has recovered
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
