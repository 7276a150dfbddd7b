"""What a soak measured: one kind of sync, again and again for minutes or hours."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from advisor.model import Model

MAX_STRETCHES: Final = 4000
"""Of a file. The recorder keeps at most half of it."""
MAX_HEALTH_READINGS: Final = 1000
SHORTEST_S: Final = 10
"""In less no change of the rate could be told."""

SoakEndedBy = Literal["time", "bytes", "wear", "interrupted"]
"""Why a soak ended: as asked; at --max-bytes; the drive's wear counter rose; by a signal."""

_Count = Annotated[int, Field(ge=1, le=10**11)]
_Bytes = Annotated[int, Field(ge=0, le=2**80)]
_Ns = Annotated[int, Field(gt=0, le=10**18)]
_Us = Annotated[float, Field(ge=0, le=1e12)]
_RUN: Final = r"\d{1,3}:[1-9]\d{0,14}(,[1-9]\d{0,14})*"
_Counts = Annotated[str, Field(max_length=6000, pattern=f"^{_RUN}(;{_RUN})*$")]


class TimeSeries(Model):
    """Stretches of a soak, one after another: each list has one figure for each stretch."""

    elapsed_ns: tuple[_Ns, ...] = Field(min_length=1, max_length=MAX_STRETCHES)
    """A second each, or more where a long soak was merged; what lay between two is left out."""
    syncs: tuple[_Count, ...] = Field(max_length=MAX_STRETCHES)
    mean_us: tuple[Annotated[float, Field(ge=1e-3, le=1e12)], ...] = Field(max_length=MAX_STRETCHES)
    p50_us: tuple[_Us | None, ...] = Field(max_length=MAX_STRETCHES)
    """Percentiles are within 2.2 %; None where the count does not support one."""
    p99_us: tuple[_Us | None, ...] = Field(max_length=MAX_STRETCHES)
    max_us: tuple[_Us, ...] = Field(max_length=MAX_STRETCHES)
    page_bytes: tuple[_Bytes, ...] = Field(max_length=MAX_STRETCHES)
    """What page flushes wrote beside the syncs, doublewrite included."""
    device_written_bytes: tuple[_Bytes | None, ...] = Field(max_length=MAX_STRETCHES)
    """What the devices wrote meanwhile, for whomever; None where the kernel does not tell."""
    histograms: tuple[_Counts, ...] = Field(max_length=MAX_STRETCHES)
    """Latencies in buckets, as advisor.latency_buckets writes them."""

    @model_validator(mode="after")
    def _is_even(self) -> "TimeSeries":
        if len({len(values) for _, values in self}) > 1:
            raise ValueError("the lists of a soak are not equally long")
        pairs = zip(self.syncs, self.elapsed_ns, strict=True)
        if any(syncs > elapsed_ns for syncs, elapsed_ns in pairs):
            raise ValueError("a soak has more than one sync in a nanosecond")
        return self


class HealthReading(Model):
    """What the drives said of themselves (smartctl): the worst of several."""

    at_s: float = Field(ge=0, le=1e9)
    """Since the soak began."""
    percent_used: int | None = Field(default=None, ge=0, le=1000)
    """Of the endurance that the maker promises."""
    temperature_c: int | None = Field(default=None, ge=-300, le=1000)
    hot_minutes: int | None = Field(default=None, ge=0, le=2**63)
    """How long an NVMe drive was above its own warning temperature, in its life."""


class Soak(Model):
    """One soak: what was asked, what came of it, and why it ended."""

    series: str = Field(max_length=200)
    """Which kind of sync."""
    block_bytes: int = Field(gt=0, le=2**40)
    asked_s: float = Field(gt=0, le=1e9)
    rate_per_s: float | None = Field(default=None, gt=0, le=1e9)
    """So many syncs were begun each second; None: as many as the drive took."""
    page_writers: int = Field(ge=0, le=10**6)
    """Threads that flushed pages beside the syncs, as a checkpoint does."""
    bytes_max: _Bytes
    files_bytes: _Bytes
    """Of the test files, which were written once before it began."""
    ended_by: SoakEndedBy
    stretches: TimeSeries
    health: tuple[HealthReading, ...] = Field(default=(), max_length=MAX_HEALTH_READINGS)
    health_unknown: str | None = Field(default=None, max_length=20_000)
    """Why the drives' own readings are not known."""

    @property
    def written_bytes(self) -> int:
        """All that it wrote, the test files included."""
        stretches = self.stretches
        synced_bytes = sum(stretches.syncs) * self.block_bytes
        return self.files_bytes + synced_bytes + sum(stretches.page_bytes)

    @property
    def elapsed_s(self) -> float:
        """How long it lasted."""
        return sum(self.stretches.elapsed_ns) / 1e9
