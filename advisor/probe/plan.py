"""What is measured, for how long, and when it is enough: the plans, as data."""

from dataclasses import dataclass, replace
from typing import Final

from advisor.series_kind import (
    APPEND_BESIDE_PAGES,
    CLASSIC_4K,
    CLASSIC_16K,
    DURABLE_REPLACE,
    KIB,
    PAGE_FLUSH,
    PRIMARY,
    PRIMARY_64K,
    PRIMARY_BESIDE_PAGES,
    SeriesKind,
)

MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB


@dataclass(frozen=True)
class SeriesSpec:
    """What to measure. `share` is its part of the time, relative to the others'."""

    kind: SeriesKind
    share: int = 2
    samples_max: int | None = None
    """Its own limit, below the plan's."""


@dataclass(frozen=True)
class MeasuringPlan:
    """Series and budgets. A budget counts from the first look at the drive to the last sample."""

    name: str
    series: tuple[SeriesSpec, ...]
    ssd_budget_s: float
    hdd_budget_s: float
    """Used when a device under the directory really rotates."""
    samples_max: int
    """Per series, over all its rounds and writers, the warm-up included."""
    samples_enough: int
    """Samples a series needs, after the warm-up, before its confidence may end it."""
    bytes_max: int
    """Everything one run may write."""
    ci95_percent_enough: float = 5.0
    rounds_min: int = 3
    rounds_max: int = 6
    series_min_s: float = 0.25
    """A fast drive commits its journal once per jiffy: a shorter run may miss that."""
    idle_s: float = 0.3
    """How long the drive is watched before we write, for others' writes."""
    file_bytes: int = 64 * MIB
    """Four WAL segments."""
    writer_file_bytes: int = 8 * MIB
    """Each writer's own file when several overwrite."""
    read_file_bytes: int = 256 * MIB
    """What a sequential reader goes through: our choice, more than most drives keep in memory."""
    reserve_bytes: int = 128 * MIB
    """Free space a run leaves alone."""


PRIMARY_SERIES: Final = SeriesSpec(PRIMARY, share=4)
"""Twice the time: on a hard disk, p99 needs it."""
UNSYNCED_SERIES: Final = SeriesSpec(
    SeriesKind("overwrite", "none", 8 * KIB), share=1, samples_max=1_800
)
"""A sync must take longer than this; more samples would only burden the drive."""
CLASSIC_SERIES: Final = SeriesSpec(CLASSIC_4K)

COMMIT_SERIES: Final = (
    SeriesSpec(SeriesKind("overwrite", "fsync", 8 * KIB)),
    SeriesSpec(SeriesKind("overwrite", "open_datasync", 8 * KIB)),
    SeriesSpec(SeriesKind("overwrite", "open_sync", 8 * KIB)),
    SeriesSpec(SeriesKind("append", "fdatasync", 8 * KIB)),
)
"""With PRIMARY_SERIES all that a commit may wait for: a log by any method, and a binary log."""

LARGE_SERIES: Final = tuple(
    SeriesSpec(replace(PRIMARY_64K, method=method), share=1)
    for method in ("fdatasync", "open_datasync")
)
"""Whether a method that is faster for one block is so for several, too."""

REPLACE_SERIES: Final = SeriesSpec(DURABLE_REPLACE, share=1)
"""A thirty-first of the time: 0.3 s, and 0.9 s of a disk's, by which the default is longer for it,
so that the others have what they need."""

FULL_SERIES: Final = (
    PRIMARY_SERIES,
    UNSYNCED_SERIES,
    *COMMIT_SERIES,
    *LARGE_SERIES,
    CLASSIC_SERIES,
    SeriesSpec(CLASSIC_16K),
    SeriesSpec(SeriesKind("random", "none", 16 * KIB, direct=True, writers=8)),
    SeriesSpec(SeriesKind("random-read", "none", 16 * KIB, direct=True, writers=8), share=1),
    SeriesSpec(PAGE_FLUSH),
    *(SeriesSpec(replace(PRIMARY, writers=writers)) for writers in (2, 4, 8)),
    REPLACE_SERIES,
)

PLANS: Final = {
    plan.name: plan
    for plan in (
        MeasuringPlan(
            name="default",
            series=FULL_SERIES,
            ssd_budget_s=9.8,
            hdd_budget_s=29.4,
            samples_max=20_000,
            samples_enough=400,
            bytes_max=4 * GIB,
        ),
        MeasuringPlan(
            name="quick",
            series=(PRIMARY_SERIES, UNSYNCED_SERIES, CLASSIC_SERIES),
            ssd_budget_s=2.8,
            hdd_budget_s=2.8,
            samples_max=20_000,
            samples_enough=400,
            bytes_max=1 * GIB,
            idle_s=0.2,
        ),
        MeasuringPlan(
            name="commit",
            series=(PRIMARY_SERIES, *COMMIT_SERIES),
            ssd_budget_s=4.8,
            hdd_budget_s=9.6,
            samples_max=20_000,
            samples_enough=400,
            bytes_max=1 * GIB,
            idle_s=0.2,
        ),
        MeasuringPlan(
            name="thorough",
            series=FULL_SERIES,
            ssd_budget_s=58.0,
            hdd_budget_s=58.0,
            samples_max=40_000,
            samples_enough=3_688,
            bytes_max=12 * GIB,
            rounds_max=12,
            idle_s=1.0,
        ),
    )
}

UNDER_LOAD_SERIES: Final = (
    SeriesSpec(PRIMARY_BESIDE_PAGES, share=4),
    SeriesSpec(APPEND_BESIDE_PAGES),
    SeriesSpec(replace(PRIMARY_BESIDE_PAGES, beside="sequential-read"), share=4),
    SeriesSpec(replace(APPEND_BESIDE_PAGES, beside="sequential-read")),
)
"""What a commit waits for, beside all that may be under way."""

UNDER_LOAD: Final = MeasuringPlan(
    name="under-load",
    series=UNDER_LOAD_SERIES,
    ssd_budget_s=6.0,
    hdd_budget_s=24.0,
    samples_max=20_000,
    samples_enough=400,
    bytes_max=4 * GIB,
)
"""Comes after another plan, which nothing then disturbs. A disk is given more of its time: a sync
that waits in its queue takes a tenth of a second. p99 needs 368 of them: of syncs of up to 5 ms
they are taken here, of a disk's by UNDER_LOAD_THOROUGH."""

UNDER_LOAD_THOROUGH: Final = replace(
    UNDER_LOAD,
    ssd_budget_s=36.0,
    hdd_budget_s=180.0,
    samples_max=40_000,
    samples_enough=3_688,
    bytes_max=12 * GIB,
    rounds_max=12,
)


def load_plan(plan: str) -> MeasuringPlan:
    """What follows the plan of that name under load."""
    return UNDER_LOAD_THOROUGH if plan == "thorough" else UNDER_LOAD
