"""Storage class: what the drive behaves like. Facts from sysfs first, latency second."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from pydantic import Field, PositiveFloat, model_validator

from advisor.conditions import Conditions, Fact, Strict, all_hold
from advisor.measurement import Device, Measurement
from advisor.model import Known, Model, Unknown
from advisor.series_kind import CLASSIC_4K, CLASSIC_16K, SeriesKind

Medium = Literal["hdd", "ssd", "memory", "network", "virtual"]


class DriveFacts(NamedTuple):
    """What a class may ask about. Of several devices, the one that makes a sync slow counts."""

    filesystem: Known[str]
    transport: Known[str]
    """How the disk is attached."""
    rotational: Known[bool]
    write_cache: Known[str]
    virtual_disk: Known[bool]
    """Whether a host pretends to be it."""
    sync_us: Known[float]
    """The median of the primary series, or of what comes nearest in a report."""

    def lookup(self, name: str) -> Fact:
        """The fact of that name, which there is."""
        fact: Fact = getattr(self, name)
        return fact


DRIVE_FACTS: Final = frozenset(DriveFacts._fields)


class StorageClass(Strict):
    """One entry of profiles/storage/classes.toml; the first whose `when` holds is the class."""

    id: str
    name: str
    description: str
    medium: Medium | None = None
    when: Conditions = Field(default_factory=dict)
    typical_sync_us: tuple[PositiveFloat, PositiveFloat] | None = None
    """What a sync takes at best and at worst; None where the class does not say."""
    sources: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known_facts(self) -> "StorageClass":
        if unknown := set(self.when) - DRIVE_FACTS:
            raise ValueError(f"no such fact of a drive: {', '.join(sorted(unknown))}")
        if self.typical_sync_us and self.typical_sync_us[0] > self.typical_sync_us[1]:
            raise ValueError("typical_sync_us: at best, then at worst")
        return self


class ReferenceStorage(Strict):
    """One measured storage of the classic test: one thread, one block, O_DIRECT, fsync."""

    id: str
    storage: str
    cpu: str
    os: str
    classic_4k_per_s: float
    classic_16k_per_s: float

    @property
    def rates(self) -> dict[SeriesKind, float]:
        """Kind of series -> operations per second."""
        return {CLASSIC_4K: self.classic_4k_per_s, CLASSIC_16K: self.classic_16k_per_s}


class Ranking(Model):
    """Where a drive stands among the reference storages in the classic test at one block size."""

    block_bytes: int
    ops_per_s: float
    rank: int
    """1 is faster than all of them."""
    of: int
    """How many reference storages there are."""
    next_faster: str | None
    next_slower: str | None


def devices_of(measurement: Measurement) -> tuple[Device, ...]:
    """The leaf devices, or none where they could not be found."""
    devices = measurement.target.devices
    return () if isinstance(devices, Unknown) else devices


class MountedFileSystem(NamedTuple):
    """A file system that a sync passes: the directory's own, or one below it."""

    filesystem: Known[str]
    point: Known[str]
    options: tuple[str, ...]
    is_below: bool

    @property
    def mounted(self) -> str:
        """How a sentence begins that ends with an option."""
        return f"{self.point}, which lies below, is mounted" if self.is_below else "mounted"


def file_systems(measurement: Measurement) -> Iterator[MountedFileSystem]:
    """From the directory down; those below it where a loop device's file or an overlay's upper
    directory lies on one."""
    target = measurement.target
    yield MountedFileSystem(
        target.filesystem, target.mount_point, target.mount_options, is_below=False
    )
    for layer in () if isinstance(target.layers, Unknown) else target.layers:
        if point := layer.mount_point:
            yield MountedFileSystem(layer.kind, point, layer.mount_options, is_below=True)


def shared_devices(measurement: Measurement) -> tuple[str, ...]:
    """The leaf devices on which both a server's log and its data files lie, though each was
    measured; () where one of them has others, or those of one are not known."""
    if measurement.data_files is None:
        return ()
    log, data = (
        {device.name for device in devices_of(each)}
        for each in (measurement, measurement.data_files)
    )
    return tuple(sorted(log)) if log == data else ()


def virtual_disks(devices: tuple[Device, ...], models: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the devices that a host or a provider presents, by transport or model."""
    return tuple(
        device.name
        for device in devices
        if device.transport in ("virtio", "xen")
        or any(pattern.lower() in str(device.model).lower() for pattern in models)
    )


def drive_facts(measurement: Measurement, virtual_models: tuple[str, ...]) -> DriveFacts:
    """What a class may ask of this drive."""
    devices = devices_of(measurement)
    sync = measurement.effective_sync
    return DriveFacts(
        filesystem=measurement.target.filesystem,
        transport=_common([device.transport for device in devices], "mixed"),
        rotational=any_known([device.rotational for device in devices]),
        write_cache=write_cache(devices),
        virtual_disk=bool(virtual_disks(devices, virtual_models))
        if devices
        else Unknown(unknown="no device was found"),
        sync_us=sync.summary.typical_us
        if sync
        else Unknown(unknown="overwrite with fdatasync was not measured"),
    )


def classify(facts: DriveFacts, classes: tuple[StorageClass, ...]) -> StorageClass:
    """The first class that fits; the last one in the file fits everything."""
    return next(entry for entry in classes if all_hold(entry.when, facts))


def standings(
    measurement: Measurement, references: tuple[ReferenceStorage, ...]
) -> tuple[Ranking, ...]:
    """The drive among the reference storages, for each block size of the classic test it has."""
    found = []
    for kind in (CLASSIC_4K, CLASSIC_16K):
        series = measurement.find(kind)
        if series is None:
            continue
        ops_per_s = series.summary.ops_per_s
        rates = {entry.id: entry.rates[kind] for entry in references}
        ranked = sorted(rates, key=lambda name: rates[name], reverse=True)
        faster = [name for name in ranked if rates[name] > ops_per_s]
        slower = [name for name in ranked if rates[name] <= ops_per_s]
        found.append(
            Ranking(
                block_bytes=kind.block_bytes,
                ops_per_s=ops_per_s,
                rank=len(faster) + 1,
                of=len(ranked),
                next_faster=faster[-1] if faster else None,
                next_slower=slower[0] if slower else None,
            )
        )
    return tuple(found)


def write_cache(devices: tuple[Device, ...]) -> Known[str]:
    """ "write back" if one device says so; unknown if one is unknown; else what they all say."""
    caches = [device.write_cache for device in devices]
    return "write back" if "write back" in caches else _common(caches, "write back")


def any_known(values: list[Known[bool]]) -> Known[bool]:
    """True if one is true; unknown if one is unknown; else false."""
    if True in values:
        return True
    return next((value for value in values if isinstance(value, Unknown)), None) or (
        False if values else Unknown(unknown="no device was found")
    )


def _common(values: list[Known[str]], otherwise: str) -> Known[str]:
    """What all have in common, else `otherwise`; unknown if one is unknown."""
    if not values:
        return Unknown(unknown="no device was found")
    for value in values:
        if isinstance(value, Unknown):
            return value
    return values[0] if len(set(map(str, values))) == 1 else otherwise
