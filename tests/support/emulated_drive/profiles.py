"""What an emulated drive is like: the TOML files of profiles/, and the reference storages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import tomli
from pydantic import BaseModel, ConfigDict, Field, model_validator

from advisor.knowledge import load_storage_knowledge

FOLDER: Final = Path(__file__).parent / "profiles"
US_PER_S: Final = 1_000_000
BLOCK_BYTES: Final = 4096
LARGE_BLOCK_BYTES: Final = 16384

Quantiles = tuple[tuple[float, float], ...]
"""(share of the requests, microseconds) in rising order, with straight lines between them."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Latency(_Part):
    """How long one request takes."""

    read_us: Quantiles
    write_us: Quantiles
    flush_us: Quantiles

    @model_validator(mode="after")
    def _rising(self) -> "Latency":
        for points in (self.read_us, self.write_us, self.flush_us):
            if list(points) != sorted(points) or len({share for share, _ in points}) < len(points):
                raise ValueError("the quantiles of a latency must rise")
        return self


class Limits(_Part):
    """What passes in a second; with a burst more, until its credits are used up. They come back
    as fast as the limit itself allows."""

    ops_per_s: float | None = None
    burst_ops_per_s: float | None = None
    burst_ops: float | None = None
    bytes_per_s: float | None = None
    burst_bytes_per_s: float | None = None
    burst_bytes: float | None = None
    flush_is_operation: bool = False


class Disk(_Part):
    """Heads and platters."""

    rotation_us: float
    seek_min_us: float
    seek_max_us: float
    track_bytes: int


class Cache(_Part):
    """A cache of the drive's own: a write is done when it is there, a flush writes it out."""

    cache_bytes: int
    drain_bytes_per_s: float | None = None


class SlowsDown(_Part):
    """After so many bytes written everything but reading takes `slow_factor` times as long."""

    fast_bytes: float
    fast_refill_bytes_per_s: float
    slow_factor: float


class Expected(_Part):
    """What a measurement of the emulated drive must show, computed by hand from the profile."""

    sync_us: float
    """The median time of an overwrite of 4 KiB and its fdatasync, one at a time."""
    read_ops_per_s: float | None = None
    """4 KiB, at random, 64 at a time."""
    write_bytes_per_s: float | None = None
    """1 MiB each, one after another, 8 at a time."""


class DriveProfile(_Part):
    """One drive."""

    name: str
    summary: str
    sources: tuple[str, ...] = Field(min_length=1)
    queue_depth: int = Field(ge=1, le=1024)
    latency: Latency
    limits: Limits = Limits()
    disk: Disk | None = None
    cache: Cache | None = None
    slows_down: SlowsDown | None = None
    lies: bool = False
    """Whether a flush says that it is done, and keeps nothing."""
    expected: Expected

    def figures(self) -> Iterator[str]:
        """The lines that timing.c reads."""
        yield f"queue_depth {self.queue_depth}"
        for key, points in self.latency:
            yield f"{key} {' '.join(f'{share:.9g}:{us:.9g}' for share, us in points)}"
        for part in (self.limits, self.disk, self.cache, self.slows_down):
            for key, value in part or ():
                if value is not None:
                    yield f"{key} {float(value):.17g}"


def profile_names() -> list[str]:
    """The drives of profiles/, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_profile(name: str) -> DriveProfile:
    """A drive of profiles/, or "reference-ID" for a reference storage."""
    if name.startswith("reference-"):
        return reference_profile(name.removeprefix("reference-"))
    raw = tomli.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return DriveProfile.model_validate({**raw, "name": name})


def reference_profile(reference_id: str) -> DriveProfile:
    """A reference storage of profiles/storage: of which only the means of two block sizes are
    known, so that each sync takes the mean, and each further byte what the larger block shows."""
    (storage,) = (each for each in load_storage_knowledge().references if each.id == reference_id)
    sync_us = US_PER_S / storage.classic_4k_per_s
    more_us = US_PER_S / storage.classic_16k_per_s - sync_us
    drain_bytes_per_s = (LARGE_BLOCK_BYTES - BLOCK_BYTES) / more_us * US_PER_S
    flush_us = sync_us - BLOCK_BYTES / drain_bytes_per_s * US_PER_S
    return DriveProfile(
        name=f"reference-{reference_id}",
        summary=storage.storage,
        sources=("profiles/storage/references.toml",),
        queue_depth=32,
        latency=Latency(read_us=((0.5, 100),), write_us=((0.5, 0),), flush_us=((0.5, flush_us),)),
        cache=Cache(cache_bytes=64 << 20, drain_bytes_per_s=drain_bytes_per_s),
        expected=Expected(sync_us=sync_us),
    )
