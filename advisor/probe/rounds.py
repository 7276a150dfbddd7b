"""Interleaved rounds: every series gets its part of each, until it has enough."""

import os
import random
from array import array
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import Final, Literal

from advisor.measurement import Device, EndedBy, Round, Series, SeriesUnderLoad, Summary
from advisor.model import Known
from advisor.probe.background import LoadProcess
from advisor.probe.block_stat import read_counters
from advisor.probe.failures import failed, wrote_short
from advisor.probe.plan import MeasuringPlan
from advisor.probe.sampling import OperationError, ShortWriteError, WriterSlice, writer_slices
from advisor.probe.testfiles import OpenSeries
from advisor.series_kind import SeriesKind
from advisor.statistics import summarise

Limit = Literal["samples", "bytes"]

OF_LOAD: Final = 8
"""The part of a series' bytes that it writes itself where pages are flushed beside it: eight write
in that time, each page twice."""


@dataclass
class SeriesRun:
    """One series on its way: its limits, its rounds so far, and why it ended."""

    series: OpenSeries
    cap_ns: int
    """The time it may use, over all rounds."""
    capacity: int
    """Samples per round and writer."""
    capacity_limit: Limit
    """What sets the capacity."""
    load: LoadProcess | None = None
    """What goes on beside it."""
    load_bytes: int = 0
    """What that may write in a round."""
    used_ns: int = 0
    rounds: list[Round] = field(default_factory=list)
    summary: Summary | None = None
    filled: bool = False
    """Whether the last round ended at its capacity."""
    ended_by: EndedBy | None = None

    def slot_ns(self, rounds_max: int) -> int:
        """How long its part of the next round may take."""
        return max(1_000_000, min(self.cap_ns // rounds_max, self.cap_ns - self.used_ns))

    def finished(self) -> Series:
        """The series, once it has ended."""
        assert self.summary is not None
        assert self.ended_by is not None
        kind = self.series.spec.kind
        return Series.of(kind, self.summary, self.ended_by, tuple(self.rounds))

    def finished_under_load(self) -> SeriesUnderLoad:
        """The series, once it has ended, with what went on beside it."""
        beside = self.series.spec.kind.beside
        assert beside is not None
        assert self.load is not None
        fields = dict(self.finished())
        return SeriesUnderLoad(**fields, beside=beside, background=self.load.background)


def share_out(
    open_series: Sequence[OpenSeries], plan: MeasuringPlan, left_ns: int, left_bytes: int
) -> list[SeriesRun]:
    """The series with their parts of the time and of the bytes that are left."""
    shares = sum(series.spec.share for series in open_series)
    return [
        _with_limits(
            series,
            plan,
            cap_ns=left_ns * series.spec.share // shares,
            cap_bytes=left_bytes * series.spec.share // shares,
        )
        for series in open_series
    ]


def _with_limits(series: OpenSeries, plan: MeasuringPlan, cap_ns: int, cap_bytes: int) -> SeriesRun:
    kind = series.spec.kind
    begun_bytes = 2 * plan.rounds_max * kind.writers * kind.batch_bytes  # warm-up and rest
    page_bytes = 2 * kind.block_bytes if kind.batch_bytes else kind.block_bytes
    own_bytes = cap_bytes // OF_LOAD if kind.beside else cap_bytes
    by_bytes = (own_bytes - begun_bytes) // page_bytes
    samples_max = min(plan.samples_max, series.spec.samples_max or plan.samples_max)
    limit: Limit = "bytes" if by_bytes < samples_max else "samples"
    capacity = min(by_bytes, samples_max) // plan.rounds_max // kind.writers
    if capacity < 2:
        raise ValueError(f"plan {plan.name} leaves series {kind.name} no room for samples")
    load_bytes = (cap_bytes - own_bytes) // plan.rounds_max if kind.beside else 0
    return SeriesRun(series, cap_ns, capacity, limit, load_bytes=load_bytes)


def run_rounds(
    runs: Sequence[SeriesRun],
    plan: MeasuringPlan,
    *,
    seed: int,
    directory: Path,
    devices: Known[tuple[Device, ...]],
    before_series: Callable[[SeriesRun], None],
) -> int:
    """Runs all series to their end, each round in a new order; returns how many rounds it took.

    `before_series` is called between two series, with the one that is next. Raises AdvisorError
    at the first write or sync that fails.
    """
    chance = random.Random(seed)
    rounds = 0
    while active := [run for run in runs if run.ended_by is None]:
        rounds += 1
        chance.shuffle(active)
        for run in active:
            before_series(run)
            _run_series(run, plan, directory, devices)
            run.summary = summarise(run.rounds)
            run.ended_by = _ended_by(run, plan)
    return rounds


def _run_series(
    run: SeriesRun, plan: MeasuringPlan, directory: Path, devices: Known[tuple[Device, ...]]
) -> None:
    series = run.series
    where = f"series {series.spec.kind.name}, round {len(run.rounds) + 1}"
    begun_ns = perf_counter_ns()
    try:
        loops = series.sample_loops()
    except OSError as error:
        raise failed("emptying the test file", error, directory, where) from error
    before = read_counters(devices)
    try:
        with _beside(run, where):
            done = writer_slices(loops, series.stop, run.capacity, run.slot_ns(plan.rounds_max))
    except OperationError as error:
        at = f"{where}, operation {error.index + 1}"
        raise failed(error.call, error.cause, directory, at) from error
    except ShortWriteError as error:
        at = f"{where}, operation {error.index + 1}"
        raise wrote_short(
            error.written_bytes, series.spec.kind.block_bytes, directory, at
        ) from error
    ended_ns = max(part.ended_ns for part in done)
    if series.spec.kind.method == "none" and not series.spec.kind.reads:
        ended_ns = _settle(series, directory, where)
    added = read_counters(devices).since(before)
    run.rounds.append(
        Round(
            latencies_ns=_in_order(done),
            warmup_count=sum(part.warmup_count for part in done),
            elapsed_ns=ended_ns - min(part.warm_ns for part in done),
            written_bytes=sum(_written_bytes(series.spec.kind, part) for part in done),
            flush_requests=added.flush_requests,
            device_written_bytes=added.written_bytes,
        )
    )
    run.filled = any(len(part.latencies_ns) == run.capacity for part in done)
    if run.load is not None and run.load.was_cut_short:
        run.filled, run.capacity_limit = True, "bytes"
    run.used_ns += perf_counter_ns() - begun_ns


def _beside(run: SeriesRun, where: str) -> AbstractContextManager[None]:
    """What goes on meanwhile, if anything."""
    if run.load is None:
        return nullcontext()
    return run.load.running(run.load_bytes, run.series.stop, where)


def _settle(series: OpenSeries, directory: Path, where: str) -> int:
    """The flush after unsynced writes, so that a volatile cache cannot flatter; when it ended."""
    try:
        os.fdatasync(series.fds[0])
    except OSError as error:
        raise failed("fdatasync", error, directory, f"{where}, the last sync") from error
    return perf_counter_ns()


def _written_bytes(kind: SeriesKind, part: WriterSlice) -> int:
    """The warm-up and the rest are two stretches."""
    rest = len(part.latencies_ns) - part.warmup_count
    return kind.written_bytes(part.warmup_count) + kind.written_bytes(rest)


def _in_order(done: Sequence[WriterSlice]) -> "array[int]":
    """All warm-ups, one writer's after another's, then all other samples likewise."""
    latencies_ns = array("q")
    for part in done:
        latencies_ns += part.latencies_ns[: part.warmup_count]
    for part in done:
        latencies_ns += part.latencies_ns[part.warmup_count :]
    return latencies_ns


def _ended_by(run: SeriesRun, plan: MeasuringPlan) -> EndedBy | None:
    """Why the series has enough now, or None."""
    if len(run.rounds) < plan.rounds_min or run.summary is None:
        return None
    ci95_percent = run.summary.ci95_percent
    if (
        ci95_percent is not None
        and ci95_percent <= plan.ci95_percent_enough
        and (run.summary.count or 0) >= plan.samples_enough
        and run.used_ns >= plan.series_min_s * 1e9
    ):
        return "confidence"
    no_time = run.cap_ns - run.used_ns < run.cap_ns // plan.rounds_max // 2
    if len(run.rounds) < plan.rounds_max and not no_time:
        return None
    return run.capacity_limit if run.filled else "time"
