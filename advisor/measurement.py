"""The Measurement: what was measured, how, when, where and on what. Saved before it is judged.

One JSON object, self-contained and versioned. Every command can start from a stored one.
"""

from array import array
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    model_validator,
)

from advisor.model import (
    CpuCount,
    ElapsedNs,
    FlushCount,
    Known,
    LatencyUs,
    Model,
    Name,
    NonNegative,
    SizeBytes,
    Text,
    Unknown,
    computed,
)
from advisor.series_kind import (
    APPEND_BESIDE_PAGES,
    PRIMARY,
    PRIMARY_BESIDE_PAGES,
    SYNC_METHODS,
    Load,
    Method,
    Pattern,
    SeriesKind,
)

SCHEMA_VERSION: Final = 1
MEASURED: Final = "measured"
OBSERVED: Final = "observed"

MAX_LABEL_CHARACTERS: Final = 200
"""It stands in every line of Prometheus text, and in the heads of fragments."""

if TYPE_CHECKING:
    Int64Array = array[int]
else:  # array.array takes no subscript at run time before Python 3.12
    Int64Array = array

if TYPE_CHECKING:
    from advisor.observation import Observation
    from advisor.soak import Soak

    OptionalObservation: TypeAlias = "Observation | None"
    OptionalSoak: TypeAlias = "Soak | None"
else:  # few measurements have one, and building a model takes milliseconds
    OptionalObservation = Annotated[
        Any, PlainValidator(lambda value: _read_later("observation", "Observation", value))
    ]
    OptionalSoak = Annotated[Any, PlainValidator(lambda value: _read_later("soak", "Soak", value))]


def _read_later(module: str, model: str, value: object) -> object:
    """An optional model whose module is imported when there is something to read."""
    if value is None:
        return None
    return getattr(import_module(f"advisor.{module}"), model).model_validate(value)


EndedBy = Literal["confidence", "time", "samples", "bytes", "reported"]
"""Why a series stopped."""


def _nanoseconds(values: object) -> Int64Array:
    if isinstance(values, array):
        return values
    if not isinstance(values, list | tuple):
        raise ValueError("latencies must be a list of whole nanoseconds")
    try:
        latencies = array("q", values)
    except (TypeError, OverflowError) as error:
        raise ValueError("latencies must be a list of whole nanoseconds") from error
    if latencies and min(latencies) < 0:
        raise ValueError("a latency cannot be negative")
    return latencies


Nanoseconds = Annotated[
    Int64Array,
    PlainValidator(_nanoseconds),
    PlainSerializer(lambda values: values.tolist(), return_type=list[int]),
]
"""Latencies in the order they were taken, 8 bytes each."""


class Device(Model):
    """One leaf block device under the measured directory, as sysfs describes it."""

    name: Name
    model: Known[Text]
    vendor: Known[Text]
    transport: Known[Text]
    """nvme, sata, sas, usb, virtio, xen, mmc, ..."""
    rotational: Known[bool]
    write_cache: Known[Text]
    """"write back" or "write through": whether the kernel sends flushes at all."""
    fua: Known[bool]
    scheduler: Known[Text]
    logical_block_bytes: Known[SizeBytes]
    physical_block_bytes: Known[SizeBytes]
    size_bytes: Known[SizeBytes]
    atomic_write_bytes: Known[SizeBytes] = Unknown(unknown="not asked")
    """How much it writes at once or not at all; 0: it promises nothing. Linux 6.11 and later."""
    own_write_cache: Known[Text] = Unknown(unknown="not asked")
    """As `write_cache`, but what a SCSI or SATA disk says itself: the kernel's word may be changed
    by hand."""
    queue_requests: Known[NonNegative] = Unknown(unknown="not asked")
    writeback_throttle_us: Known[NonNegative] = Unknown(unknown="not asked")
    """The latency at which the kernel holds background writes back (wbt); 0: never."""
    discard_bytes: Known[SizeBytes] = Unknown(unknown="not asked")
    """How much one discard may cover; 0: the device takes none."""
    power_latency_tolerance_us: Known[NonNegative] = Unknown(unknown="not asked")
    """An idle NVMe drive may fall asleep in states that it enters and leaves within this time,
    which its next write waits for; 0: in none."""


MOUNT_POINT: Final = "mount_point"
MOUNT_OPTIONS: Final = "mount_options"
"""Details of a layer that is a file system below the directory's own."""


class Layer(Model):
    """What lies between the directory and the leaf devices: a partition, a target of device-mapper,
    an array, a file system that spans devices or lies on another host, or that holds a loop
    device's file or an overlay's upper directory."""

    kind: Name
    """"partition", "md", "loop", "bcache", "drbd", "overlay", "btrfs", "zfs", "nfs", and of
    device-mapper "dm-" and its target: "dm-linear", "dm-crypt", "dm-thin", ..."""
    name: Text
    """As /sys names a device; of a file system its mount point or data set."""
    details: dict[Name, Known[Text]] = Field(default={}, max_length=100)
    """What matters to a sync, in the kernel's words: of md {"level": "raid1", "bitmap": "none"}."""

    @property
    def mount_point(self) -> str | None:
        """Of a file system below the directory's own, else None."""
        point = self.details.get(MOUNT_POINT)
        return point if isinstance(point, str) else None

    @property
    def mount_options(self) -> tuple[str, ...]:
        """Of a file system below the directory's own, else none."""
        options = self.details.get(MOUNT_OPTIONS)
        return tuple(options.split(",")) if isinstance(options, str) else ()


class LimitFile(Model):
    """The file of a control group that sets a limit."""

    path: Text
    lifted_by: Name
    """The line that, written there, sets none: "8:0 wiops=max"; in version 1 "8:0 0"."""


class IoLimits(Model):
    """What the control group lets a process do to a device per second; None: any amount."""

    read_bytes_per_s: int | None = Field(default=None, ge=1, le=2**63)
    write_bytes_per_s: int | None = Field(default=None, ge=1, le=2**63)
    read_ops_per_s: int | None = Field(default=None, ge=1, le=2**63)
    write_ops_per_s: int | None = Field(default=None, ge=1, le=2**63)
    files: dict[Name, LimitFile] = Field(default={}, max_length=4)
    """Limit -> where it is set: "write_ops_per_s" -> ..."""


class Target(Model):
    """The measured directory and everything under it."""

    directory: Known[Text]
    device_id: Known[Text]
    """major:minor of the directory's file system."""
    filesystem: Known[Text]
    mount_point: Known[Text]
    mount_source: Known[Text]
    mount_options: tuple[Text, ...] = Field(max_length=1000)
    """Mount and super-block options together, in the kernel's order."""
    free_bytes: Known[SizeBytes]
    devices: Known[Annotated[tuple[Device, ...], Field(max_length=1000)]]
    record_bytes: Known[SizeBytes] = Unknown(unknown="not asked")
    """Of ZFS, which writes a record whole: the directory's record size."""
    layers: Known[Annotated[tuple[Layer, ...], Field(max_length=1000)]] = Unknown(
        unknown="not asked"
    )
    """From the directory down."""
    io_limits: Known[IoLimits] = Unknown(unknown="not asked")
    """The tightest of the control groups that this process is in."""


class Environment(Model):
    """The host: what the measurement ran on, and what a database would find there."""

    os: Known[Text]
    kernel: Known[Text]
    cpu_model: Known[Text]
    cpu_count: Known[CpuCount]
    """Processors this process may use, control-group quota respected, at least 1."""
    memory_bytes: Known[SizeBytes]
    """Memory this process may use, control-group limit respected."""
    virtualisation: Known[Text]
    """"none" on bare metal, else kvm, xen, vmware, microsoft, container, ..."""
    preloaded: tuple[Text, ...] = Field(max_length=1000)
    """Shared libraries preloaded into the probe."""
    host_name: Known[Text] = Unknown(unknown="not asked")
    dirty_limit_bytes: Known[SizeBytes] = Unknown(unknown="not asked")
    """Written and not yet on a drive: from here on whoever writes must wait (vm.dirty_bytes, or
    vm.dirty_ratio of memory)."""
    dirty_background_bytes: Known[SizeBytes] = Unknown(unknown="not asked")
    """From here on the kernel writes in the background."""


class Summary(Model):
    """A series in numbers. Warm-up samples are left out.

    Latencies are those of one write and its sync, or of one durable replace, in microseconds. A
    percentile that the count cannot support is None. `ci95_percent` is the half-width of the 95 %
    confidence interval of the mean, in percent of the mean, from batch means.
    """

    count: int | None = Field(ge=1, le=10**15)
    """None where a report does not say."""
    ops_per_s: float = Field(gt=0, le=1e12)
    """Of an observed sync: how many would fit into a second, one after another."""
    mean_us: float = Field(ge=1e-3, le=1e12)  # no clock of ours sees less than a nanosecond
    min_us: LatencyUs | None
    p50_us: LatencyUs | None
    p90_us: LatencyUs | None
    p99_us: LatencyUs | None
    p999_us: LatencyUs | None
    max_us: LatencyUs | None
    ci95_percent: float | None = Field(ge=0, le=1e6)

    @classmethod
    def of_rate(cls, count: int, ops_per_s: float, ci95_percent: float | None = None) -> "Summary":
        """One writer's, where only its rate is known, which gives the mean."""
        return cls(
            count=count,
            ops_per_s=ops_per_s,
            mean_us=1e6 / ops_per_s,
            min_us=None,
            p50_us=None,
            p90_us=None,
            p99_us=None,
            p999_us=None,
            max_us=None,
            ci95_percent=ci95_percent,
        )

    @property
    def typical_us(self) -> float:
        """The median where the sample supports it, else the mean."""
        return self.mean_us if self.p50_us is None else self.p50_us

    @property
    def mean_interval_us(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the mean; None where it is not known."""
        if self.ci95_percent is None:
            return None
        half_width_us = self.mean_us * self.ci95_percent / 100
        return self.mean_us - half_width_us, self.mean_us + half_width_us


class Round(Model):
    """One stretch of a series, between stretches of the others."""

    latencies_ns: Nanoseconds
    """All samples of the round: first the warm-up, then the rest; of several writers, in both parts
    one writer's after another's."""
    warmup_count: int = Field(ge=0)
    """How many of the samples at the head of `latencies_ns` are warm-up."""
    elapsed_ns: ElapsedNs
    """Wall-clock time of the samples after the warm-up."""
    written_bytes: SizeBytes
    """What the probe wrote in this round, warm-up included."""
    flush_requests: Known[FlushCount]
    """Flushes the devices completed meanwhile (/sys/block/*/stat, field 16)."""
    device_written_bytes: Known[SizeBytes]
    """What the devices wrote meanwhile, for whomever."""


class Series(Model):
    """One configuration's latencies."""

    name: Name
    method: Method
    pattern: Pattern
    direct: bool
    block_bytes: int = Field(gt=0, le=2**40)
    writers: int = Field(gt=0, le=10**6)
    summary: Summary
    ended_by: EndedBy
    rounds: tuple[Round, ...] = Field(default=(), max_length=1000)
    """Empty when only the summary was reported."""

    @classmethod
    def of(
        cls, kind: SeriesKind, summary: Summary, ended_by: EndedBy, rounds: tuple[Round, ...] = ()
    ) -> "Series":
        """What was found of one kind, under that kind's name."""
        return cls(
            name=kind.name,
            method=kind.method,
            pattern=kind.pattern,
            direct=kind.direct,
            block_bytes=kind.block_bytes,
            writers=kind.writers,
            summary=summary,
            ended_by=ended_by,
            rounds=rounds,
        )

    @property
    def kind(self) -> SeriesKind:
        return SeriesKind(self.pattern, self.method, self.block_bytes, self.direct, self.writers)


class Background(Model):
    """What was done beside a series, and how fast: without that its latencies mean nothing."""

    writers: int = Field(gt=0, le=10**6)
    """Or readers."""
    block_bytes: int = Field(gt=0, le=2**40)
    ops_per_s: float = Field(ge=0, le=1e12)
    """Pages flushed or blocks read, of all writers together."""
    bytes_per_s: float = Field(ge=0, le=1e18)
    """With the second write of each page."""


class SeriesUnderLoad(Series):
    """A series beside page flushes or a backup. Never one of `Measurement.series`, so that nobody
    takes it for what an idle drive does."""

    beside: Load
    background: Background

    @property
    def kind(self) -> SeriesKind:
        return replace(super().kind, beside=self.beside)


class AbsentSeries(Model):
    """A series that was planned and could not be taken."""

    name: Name
    why: Text


class Fill(Model):
    """The sequential write, with a final fsync, that made the test file."""

    written_bytes: int = Field(gt=0, le=2**80)
    elapsed_ns: ElapsedNs

    @property
    def bytes_per_s(self) -> float:
        return self.written_bytes * 1e9 / self.elapsed_ns


class MeasurementWarning(Model):
    """Something about this measurement that its reader must know."""

    code: Name
    text: Text


class PlanRun(Model):
    """Which plan was run, and the seed of its order."""

    name: Name
    seed: int = Field(ge=-(2**64), le=2**64)
    rounds: int = Field(ge=0, le=10**6)


class Measurement(Model):
    """One run of the probe, what another tool reported of its own, or what was observed."""

    schema_version: Literal[1] = SCHEMA_VERSION
    tool_version: Name
    source: Text = MEASURED
    """"measured", "reported by TOOL", or "observed"."""
    taken_at: Known[datetime]
    label: Annotated[str, Field(max_length=MAX_LABEL_CHARACTERS)] | None = None
    plan: PlanRun | None = None
    target: Target
    environment: Environment
    fill: Fill | None = None
    written_bytes: Known[SizeBytes]
    """Everything the run wrote, the fill included."""
    series: tuple[Series, ...] = Field(min_length=1, max_length=200)
    absent: tuple[AbsentSeries, ...] = Field(default=(), max_length=200)
    under_load: tuple[SeriesUnderLoad, ...] = Field(default=(), max_length=200)
    """Taken after all others, while the drive of this server's data files had something else to do:
    this drive, unless the log or the binary log has its own."""
    warnings: tuple[MeasurementWarning, ...] = Field(default=(), max_length=200)
    data_files: "Measurement | None" = None
    """Of the drive of a server's data files, where its log has another: then all the rest is about
    the log's."""
    binary_log: "Measurement | None" = None
    """Of the drive of its binary log, where that is not the log's."""
    observation: OptionalObservation = None
    """Where nothing was written: what the server and its devices did meanwhile."""
    soak: OptionalSoak = None
    """The drive's rate over time, where it was soaked before the series were taken."""

    @model_validator(mode="after")
    def _is_flat(self) -> "Measurement":
        for other in self.others:
            if other.others:
                raise ValueError("the drives of one server are not nested deeper than that")
        return self

    @property
    def others(self) -> tuple["Measurement", ...]:
        """The further drives of the same server."""
        return tuple(filter(None, (self.data_files, self.binary_log)))

    @property
    def data_drive(self) -> "Measurement":
        """Of the drive of the data files: this one, unless the log has its own."""
        return self.data_files or self

    def find(self, kind: SeriesKind) -> Series | None:
        """The series of that kind, or None."""
        return next((series for series in self.series if series.kind == kind), None)

    def find_any_size(
        self, pattern: Pattern, method: Method, *, direct: bool = False
    ) -> Series | None:
        """The first series of one writer that fits, whatever the size of its blocks, or None."""
        for series in self.series:
            if series.kind == SeriesKind(pattern, method, series.block_bytes, direct):
                return series
        return None

    @property
    def primary(self) -> Series | None:
        """The buffered 8 KiB overwrite with fdatasync: what a recycled WAL segment costs."""
        return self.find(PRIMARY)

    @property
    def append(self) -> Series | None:
        """The buffered append with fdatasync: what a binary log costs, where it lies; else what its
        syncs were observed to take."""
        drive = self.binary_log or self
        return drive.find_any_size("append", "fdatasync") or drive.find_any_size(
            "observed-binary-log", "fdatasync"
        )

    @property
    def page_writes(self) -> Series | None:
        """Writes of pages at random with O_DIRECT, which nothing syncs one by one."""
        return self._direct("random")

    @property
    def page_reads(self) -> Series | None:
        """Reads of pages at random with O_DIRECT."""
        return self._direct("random-read")

    @property
    def page_flushes(self) -> Series | None:
        """The same as InnoDB writes them: in batches, with a doublewrite file, and synced."""
        return self._direct("page-flush")

    @property
    def durable_replaces(self) -> Series | None:
        """A file in the place of another, again and again: two syncs each, one of a directory."""
        return self.find_any_size("durable-replace", "fsync")

    def find_under_load(self, kind: SeriesKind) -> SeriesUnderLoad | None:
        """The series of that kind, or None."""
        return next((series for series in self.under_load if series.kind == kind), None)

    @property
    def primary_beside_pages(self) -> SeriesUnderLoad | None:
        """The primary series while pages of this server's data were flushed."""
        return self.find_under_load(PRIMARY_BESIDE_PAGES)

    @property
    def append_beside_pages(self) -> SeriesUnderLoad | None:
        """The append likewise, where the binary log lies."""
        return (self.binary_log or self).find_under_load(APPEND_BESIDE_PAGES)

    def _direct(self, pattern: Pattern) -> Series | None:
        for series in self.series:
            if series.pattern == pattern and series.method == "none" and series.direct:
                return series
        return None

    @property
    def effective_sync(self) -> Series | None:
        """The primary series; where a report has none, the most similar one of a single writer.

        A drive can be measured again, so a measurement of ours has no such excuse.
        """
        if self.primary or self.source == MEASURED:
            return self.primary
        serial = [
            series for series in self.series if series.writers == 1 and series.kind.is_one_sync
        ]
        return min(serial, key=_distance, default=None)


_LIKENESS: Final[tuple[Pattern, ...]] = (
    *("overwrite", "observed-log", "observed-device", "classic", "unwritten", "append"),
    *("observed-binary-log", "random", "random-read", "page-flush", "sequential-read"),
)


def _distance(series: Series) -> tuple[int, int, bool, int]:
    """How little a synced series is like the primary one: where it writes counts most."""
    assert series.method != "none"
    return (
        _LIKENESS.index(series.pattern),
        SYNC_METHODS.index(series.method),
        series.direct,
        abs(series.block_bytes - PRIMARY.block_bytes),
    )


def summarised(measurement: Measurement) -> Measurement:
    """The same without the single latencies of any drive: what is left is what settings rest on."""
    others = {
        name: summarised(drive)
        for name in ("data_files", "binary_log")
        if (drive := getattr(measurement, name)) is not None
    }
    return measurement.model_copy(
        update={
            "series": tuple(map(_summarised, measurement.series)),
            "under_load": tuple(map(_summarised, measurement.under_load)),
            **others,
        }
    )


def _summarised(series: Series) -> Series:
    """Its rounds added up: nothing but latencies is looked at round by round."""
    if not series.rounds:
        return series
    rounds = series.rounds
    together = Round(
        latencies_ns=array("q"),
        warmup_count=sum(each.warmup_count for each in rounds),
        elapsed_ns=sum(each.elapsed_ns for each in rounds),
        written_bytes=sum(each.written_bytes for each in rounds),
        flush_requests=computed(_sum, *(each.flush_requests for each in rounds)),
        device_written_bytes=computed(_sum, *(each.device_written_bytes for each in rounds)),
    )
    return series.model_copy(update={"rounds": (together,)})


def _sum(*values: int) -> int:
    return sum(values)
