"""What a product says about the measurement it rests on."""

from datetime import datetime

from advisor.analysis.storage import devices_of
from advisor.measurement import Known, Measurement, Model, Series, Unknown
from advisor.series_kind import CLASSIC_4K, PRIMARY
from advisor.units import format_latency, format_named


class Measured(Model):
    """Which measurement the advice rests on."""

    source: str
    taken_at: Known[datetime]
    directory: Known[str]
    filesystem: Known[str]
    devices: Known[str]
    label: str | None
    plan: str | None
    tool_version: str
    figures: dict[str, str]
    """The headline figures, for people: what -> figure."""

    @property
    def place(self) -> str:
        """File system and devices, like "xfs on nvme0n1 (Samsung SSD 990)"; "" where unknown."""
        known = (self.filesystem, self.devices)
        return " on ".join(part for part in known if not isinstance(part, Unknown))


def describe_measured(measurement: Measurement) -> Measured:
    """What a product says about the measurement it rests on."""
    devices = ", ".join(
        f"{device.name} ({device.model})" if isinstance(device.model, str) else device.name
        for device in devices_of(measurement)
    )
    return Measured(
        source=measurement.source,
        taken_at=measurement.taken_at,
        directory=measurement.target.directory,
        filesystem=measurement.target.filesystem,
        devices=devices or _no_devices(measurement),
        label=measurement.label,
        plan=measurement.plan.name if measurement.plan else None,
        tool_version=measurement.tool_version,
        figures=_figures(measurement),
    )


def _no_devices(measurement: Measurement) -> Known[str]:
    devices = measurement.target.devices
    return devices if isinstance(devices, Unknown) else "no device"


def _figures(measurement: Measurement) -> dict[str, str]:
    nearest = measurement.effective_sync
    found = {kind.label: measurement.find(kind) for kind in (PRIMARY, CLASSIC_4K)}
    if nearest and nearest not in found.values():
        found[nearest.name] = nearest
    return {what: _figure(series) for what, series in found.items() if series}


def _figure(series: Series) -> str:
    summary = series.summary
    tail = "" if summary.p99_us is None else f", p99 {format_latency(summary.p99_us)}"
    rate = format_named("ops_per_s", summary.ops_per_s)
    return f"{rate}, mean {format_latency(summary.mean_us)}{tail}"


def notes_on(measurement: Measurement) -> tuple[str, ...]:
    """What its reader must know beside it."""
    nearest = measurement.effective_sync
    stand_in = (
        (f"{nearest.name} stands in for an 8 KiB overwrite with fdatasync, which is not reported",)
        if nearest and nearest != measurement.primary
        else ()
    )
    return (*(warning.text for warning in measurement.warnings), *stand_in)
