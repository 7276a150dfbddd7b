"""What a product says about the measurement it rests on."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from advisor.analysis.observed_load import (
    load_notes,
    may_wait_for_processor,
    observed_under,
    processor_notes,
)
from advisor.analysis.storage import devices_of, shared_devices
from advisor.measurement import (
    MEASURED,
    OBSERVED,
    Measurement,
    MeasurementWarning,
    Series,
    Target,
)
from advisor.model import Known, Model, Unknown
from advisor.series_kind import CLASSIC_4K, OBSERVED_PATTERNS, PRIMARY, Pattern
from advisor.units import format_latency, format_named

WIDE_PERCENT: Final = 50.0
"""Half-width of a mean's interval. Our choice: beyond it the ends of the interval are more than
three times apart, while an audit takes half as much again for another value."""
LONGER: Final = {
    MEASURED: "measure with --thorough while the host is idle",
    OBSERVED: "observe for longer: --interval TIME",
}
PROCESSOR_WAIT: Final = "processor-wait"
MEAN_HARDLY_KNOWN: Final = "mean-hardly-known"
STANDS_IN: Final[dict[Pattern, str]] = {
    "observed-log": "what the server's own log syncs took stands",
    "observed-binary-log": "what the server's own binary log syncs took stands",
    "observed-device": "a write and a flush of the device stand",
}


class Measured(Model):
    """Which measurement the advice rests on."""

    source: str
    taken_at: Known[datetime]
    directory: Known[str]
    filesystem: Known[str]
    layers: tuple[str, ...] = ()
    """Between file system and devices, like ("dm-crypt", "md raid1")."""
    devices: Known[str]
    label: str | None
    plan: str | None
    tool_version: str
    observed: str = ""
    """For how long and under which load: "for 60 s under 231 commits/s"; "" where measured."""
    may_wait_for_processor: bool = False
    """Whether a sync that was observed was perhaps in part a wait for a processor."""
    figures: dict[str, str]
    """The headline figures, for people: what -> figure."""

    @property
    def place(self) -> str:
        """File system, layers and devices, like "xfs on md raid1 on sda (Samsung 990), sdb"; ""
        where unknown."""
        known = (self.filesystem, *self.layers, self.devices)
        return " on ".join(part for part in known if not isinstance(part, Unknown))


def layers_below(target: Target) -> tuple[str, ...]:
    """What lies between the file system and the leaf devices; of alike ones on each other one."""
    layers = () if isinstance(target.layers, Unknown) else target.layers
    devices = () if isinstance(target.devices, Unknown) else target.devices
    leaves = {device.name for device in devices}  # a loop is one where its file has no device
    named, is_under_leaf = [], False
    for layer in layers:
        if layer.name in leaves or not layer.mount_point:
            is_under_leaf = layer.name in leaves
        is_own = layer.kind == target.filesystem and not layer.mount_point
        if layer.kind != "partition" and not is_own and not is_under_leaf:
            level = layer.details.get("level")
            named.append(f"md {level}" if isinstance(level, str) else layer.kind)
    return tuple(name for name, _ in groupby(named))


def target_text(target: Target) -> str:
    """Where one measures: "/srv (ext4 on nvme0n1, Samsung 990)"; what is unknown is left out."""
    devices = () if isinstance(target.devices, Unknown) else target.devices
    named = "; ".join(
        f"{device.name}, {device.model}" if isinstance(device.model, str) else device.name
        for device in devices
    )
    filesystem = "" if isinstance(target.filesystem, Unknown) else target.filesystem
    place = " on ".join(filter(None, (filesystem, *layers_below(target), named)))
    return f"{target.directory} ({place})" if place else str(target.directory)


def describe_measured(measurement: Measurement) -> Measured:
    """What a product says about the measurement it rests on."""
    return Measured(
        source=measurement.source,
        taken_at=measurement.taken_at,
        directory=measurement.target.directory,
        filesystem=measurement.target.filesystem,
        layers=layers_below(measurement.target),
        devices=devices_text(measurement),
        label=measurement.label,
        plan=measurement.plan.name if measurement.plan else None,
        tool_version=measurement.tool_version,
        observed=observed_under(measurement),
        may_wait_for_processor=may_wait_for_processor(measurement),
        figures=_figures(measurement),
    )


def not_measured(measurement: Measurement) -> Iterator[tuple[str, str]]:
    """The series that are missing for one reason, like "a, b", and the reason."""
    reasons: dict[str, list[str]] = {}
    for absent in measurement.absent:
        reasons.setdefault(absent.why, []).append(absent.name)
    for why, names in reasons.items():
        yield ", ".join(names), why


def devices_text(measurement: Measurement) -> Known[str]:
    """Like "sda (Samsung 990), sdb"."""
    text = ", ".join(
        f"{device.name} ({device.model})" if isinstance(device.model, str) else device.name
        for device in devices_of(measurement)
    )
    devices = measurement.target.devices
    return text or (devices if isinstance(devices, Unknown) else "no device")


def _figures(measurement: Measurement) -> dict[str, str]:
    nearest = measurement.effective_sync
    found = {kind.label: measurement.find(kind) for kind in (PRIMARY, CLASSIC_4K)}
    if nearest and nearest not in found.values():
        found[nearest.kind.label] = nearest
    figures = {what: _figure(series) for what, series in found.items() if series}
    return {**figures, **_soak_figure(measurement)}


def _soak_figure(measurement: Measurement) -> dict[str, str]:
    """Where the drive was soaked first: what it sustains."""
    if measurement.soak is None:
        return {}
    from advisor.analysis.soak_text import soak_figure  # else nobody needs it

    return soak_figure(measurement)


def _figure(series: Series) -> str:
    summary = series.summary
    tail = "" if summary.p99_us is None else f", p99 {format_latency(summary.p99_us)}"
    mean = f"mean {format_latency(summary.mean_us)}{tail}"
    if series.pattern in OBSERVED_PATTERNS:  # nobody asked the drive for a rate
        return mean
    return f"{format_named('ops_per_s', summary.ops_per_s)}, {mean}"


def notes_on(measurement: Measurement) -> tuple[str, ...]:
    """What its reader must know beside it."""
    return (
        *_soaked(measurement),
        *_drives(measurement),
        *(warning.text for warning in _own_doubts(measurement)),
        *load_notes(measurement),
        *(warning.text for warning in _others_doubts(measurement)),
        *_stand_in(measurement),
    )


def warnings_on(measurement: Measurement) -> tuple[MeasurementWarning, ...]:
    """Those of its file, and those that its figures show by themselves."""
    return (*_others_doubts(measurement), *_own_doubts(measurement))


def _own_doubts(measurement: Measurement) -> Iterator[MeasurementWarning]:
    for text in processor_notes(measurement):
        yield MeasurementWarning(code=PROCESSOR_WAIT, text=text)
    for text in _means_hardly_known(measurement):
        yield MeasurementWarning(code=MEAN_HARDLY_KNOWN, text=text)


def _others_doubts(measurement: Measurement) -> Iterator[MeasurementWarning]:
    """Without those that a file has of its own figures, which are made anew."""
    for warning in measurement.warnings:
        if warning.code not in (PROCESSOR_WAIT, MEAN_HARDLY_KNOWN):
            yield warning


def _means_hardly_known(measurement: Measurement) -> Iterator[str]:
    """Of the means that commits are computed from."""
    longer = LONGER.get(measurement.source, "let the tool run for longer")
    for series in (measurement.effective_sync, measurement.append):
        if series is None:
            continue
        percent = series.summary.ci95_percent
        mean = f"{series.kind.label}: the mean of {format_latency(series.summary.mean_us)}"
        if percent is None and measurement.source == OBSERVED:
            yield f"{mean} rests on too few looks to tell how well it is known; {longer}"
        elif percent is not None and percent > WIDE_PERCENT:
            yield (
                f"{mean} is known to +-{percent:.0f} % only, and so is what is computed from it;"
                f" {longer}"
            )


def _stand_in(measurement: Measurement) -> Iterator[str]:
    nearest = measurement.effective_sync
    if nearest is None or nearest == measurement.primary:
        return
    what = STANDS_IN.get(nearest.pattern, f"{nearest.kind.label} stands")
    how = "not measured" if measurement.observation else "not reported"
    yield f"{what} in for an 8 KiB overwrite with fdatasync, which is {how}"


def _soaked(measurement: Measurement) -> tuple[str, ...]:
    if measurement.soak is None:
        return ()
    from advisor.analysis.soak_text import soak_notes  # else nobody needs it

    return soak_notes(measurement)


def _drives(measurement: Measurement) -> Iterator[str]:
    """Which settings rest on which drive, where a server has several."""
    here = target_text(measurement.target)
    if measurement.data_files is not None:
        data = target_text(measurement.data_files.target)
        shared = shared_devices(measurement)
        where = (
            f"the log has no drive of its own, both are on {', '.join(shared)}"
            if shared
            else "the log has its own drive"
        )
        yield (
            f"{where}: settings of commits and of the log rest on {here}, those"
            f" of checkpoints, input and output on {data}"
        )
    if measurement.binary_log is not None:
        yield f"the binary log's syncs are those of {target_text(measurement.binary_log.target)}"
