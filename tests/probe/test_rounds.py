"""When a series has enough, and how time and bytes are shared out."""

from array import array
from dataclasses import replace
from itertools import cycle

import pytest

from advisor.measurement import EndedBy, Round
from advisor.probe.plan import FULL_SERIES, SeriesSpec
from advisor.probe.rounds import SeriesRun, _ended_by, share_out
from advisor.probe.testfiles import OpenSeries
from advisor.series_kind import PRIMARY
from advisor.statistics import summarise
from tests.support.faults import SMALL_PLAN

PLAN = replace(
    SMALL_PLAN, rounds_min=3, rounds_max=6, samples_enough=300, series_min_s=0.25, samples_max=1200
)
SPEC = SeriesSpec(PRIMARY)
STEADY = [100, 101] * 50
WILD = [10] * 90 + [100_000] * 10
SECOND_NS = 1_000_000_000


def opened(spec: SeriesSpec) -> OpenSeries:
    return OpenSeries(spec, (0,) * spec.kind.writers, (cycle([0]),) * spec.kind.writers)


def run_with(
    rounds: int,
    latencies: list[int],
    *,
    used_s: float = 0.5,
    cap_s: float = 2,
    filled: bool = False,
) -> SeriesRun:
    parts = [
        Round(
            latencies_ns=array("q", latencies),
            warmup_count=0,
            elapsed_ns=SECOND_NS,
            written_bytes=0,
            flush_requests=0,
            device_written_bytes=0,
        )
    ] * rounds
    run = SeriesRun(opened(SPEC), int(cap_s * SECOND_NS), 200, "samples")
    run.used_ns, run.rounds, run.filled = int(used_s * SECOND_NS), parts, filled
    run.summary = summarise(parts)
    return run


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_with(3, STEADY), "confidence"),
        (run_with(2, STEADY), None),  # too few rounds
        (run_with(3, STEADY[:98]), None),  # too few samples
        (run_with(3, STEADY, used_s=0.24), None),  # too short a time
        (run_with(3, WILD), None),  # too uncertain
        (run_with(6, WILD), "time"),
        (run_with(6, WILD, filled=True), "samples"),
        (run_with(3, WILD, used_s=1.9), "time"),  # not half a round left
        (run_with(3, WILD, used_s=1.8), None),
        (run_with(2, WILD, used_s=5), None),  # the fewest rounds come first
    ],
)
def test_a_series_ends(run: SeriesRun, expected: EndedBy | None) -> None:
    assert _ended_by(run, PLAN) == expected


def test_the_byte_limit_is_named() -> None:
    run = run_with(6, WILD, filled=True)
    run.capacity_limit = "bytes"
    assert _ended_by(run, PLAN) == "bytes"


def test_shares_of_time_bytes_and_samples() -> None:
    double = replace(SPEC, share=4)
    runs = share_out([opened(double), opened(SPEC)], PLAN, 9 * SECOND_NS, 10**12)
    assert [run.cap_ns for run in runs] == [6 * SECOND_NS, 3 * SECOND_NS]
    assert [(run.capacity, run.capacity_limit) for run in runs] == [(200, "samples")] * 2
    assert runs[0].slot_ns(PLAN.rounds_max) == SECOND_NS


def test_few_bytes_mean_few_samples() -> None:
    (run,) = share_out([opened(SPEC)], PLAN, SECOND_NS, 60 * 8192)
    assert (run.capacity, run.capacity_limit) == (10, "bytes")


def test_several_writers_share_the_samples() -> None:
    (run,) = share_out([opened(replace(SPEC, samples_max=60))], PLAN, SECOND_NS, 10**12)
    assert (run.capacity, run.capacity_limit) == (10, "samples")
    (run,) = share_out([opened(SeriesSpec(replace(PRIMARY, writers=8)))], PLAN, SECOND_NS, 10**12)
    assert run.capacity == 25


def test_a_plan_without_room_for_samples_is_a_mistake_in_the_plan() -> None:
    with pytest.raises(ValueError, match="no room for samples"):
        share_out([opened(SPEC)], PLAN, SECOND_NS, 8192)


def test_a_full_plan_measures_seventeen_kinds() -> None:
    assert [spec.kind.name for spec in FULL_SERIES] == [
        "overwrite-fdatasync-8k",
        "overwrite-none-8k",
        "overwrite-fsync-8k",
        "overwrite-open_datasync-8k",
        "overwrite-open_sync-8k",
        "append-fdatasync-8k",
        "overwrite-fdatasync-64k",
        "overwrite-open_datasync-64k",
        "classic-fsync-4k",
        "classic-fsync-16k",
        "random-16k-x8",
        "random-read-16k-x8",
        "page-flush-16k-x8",
        "overwrite-fdatasync-8k-x2",
        "overwrite-fdatasync-8k-x4",
        "overwrite-fdatasync-8k-x8",
        "durable-replace-fsync-4k",
    ]
