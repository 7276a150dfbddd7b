"""Measures one directory's drive: the one function of the probe."""

import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from time import perf_counter

import advisor
from advisor.errors import AdvisorError
from advisor.measurement import Measurement, PlanRun, Target
from advisor.model import Unknown
from advisor.probe.block_stat import read_counters
from advisor.probe.devices import describe_target
from advisor.probe.failures import failed
from advisor.probe.host import describe_host, waited_s
from advisor.probe.plan import MeasuringPlan
from advisor.probe.programs import AskProgram, ask_nobody
from advisor.probe.progress import Progress, ProgressReport, ignore
from advisor.probe.rounds import SeriesRun, run_rounds, share_out
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import TestFiles, planned_bytes
from advisor.probe.under_load import LoadFiles, UnderLoad
from advisor.probe.warnings import left_behind, warnings_of


def measure(
    directory: Path,
    plan: MeasuringPlan,
    *,
    seed: int | None = None,
    label: str | None = None,
    report: ProgressReport = ignore,
    ask: AskProgram = ask_nobody,
    under_load: UnderLoad | None = None,
) -> Measurement:
    """Measures the drive under `directory`, writing files there that vanish at the end.

    `seed` decides the order of the series in each round, and the places of random writes; without
    it, chance does. `report` is called between two series, never during one: it should
    be back within a few milliseconds and leave no thread working, or it will be measured too.
    `ask` starts the programs that know more of some layers than /sys does, before the first series.
    `under_load` follows when all else is done; the warnings are about what came before it.

    Raises AdvisorError for all that a user can cause or must know of: no such directory, no
    permission, no space, not Linux, and the first write or sync that fails.
    """
    require_linux()
    seed = secrets.randbits(32) if seed is None else seed
    started_s = perf_counter()
    taken_at = datetime.now(timezone.utc)
    with ExitStack() as stack:
        scratch = stack.enter_context(Scratch(directory))
        left = left_behind(directory, *scratch.left_behind())
        target = target_of(directory, scratch, ask)
        environment = describe_host()
        scratch.require_free(planned_bytes(_all_series(plan, under_load)), plan.reserve_bytes)
        load_files: LoadFiles | None = None
        if under_load:
            there = stack.enter_context(Scratch(under_load.directory))
            load_files = LoadFiles(there, under_load, seed)
        clock = _Clock(plan, under_load.plan if under_load else None, target, started_s, report)

        clock.tell("watching the drive")
        waited_before_s = waited_s()
        idle_bytes_per_s = _idle_bytes_per_s(target, plan.idle_s)
        clock.tell("filling the test files")
        files = TestFiles(scratch, plan, seed)
        open_series = files.open_series()
        runs = share_out(open_series, plan, clock.left_ns(), plan.bytes_max - files.written_bytes)
        clock.runs = runs
        run_all = partial(
            run_rounds,
            seed=seed,
            directory=directory,
            devices=target.devices,
            before_series=clock.tell_series,
        )
        rounds = run_all(runs, plan)
        waited_after_s = waited_s()
        idle_written_bytes = files.written_bytes + _written_bytes(runs)
        idle_run_s = perf_counter() - started_s
        loaded: list[SeriesRun] = []
        if under_load and load_files:
            clock.tell("filling the test files of the load")
            load_files.fill()
            clock.begin_load()
            loaded = load_files.runs(files, clock.left_ns())
            clock.runs = [*runs, *loaded]
            run_all(loaded, under_load.plan)
        clock.tell("done")
    written_bytes = files.written_bytes + _written_bytes([*runs, *loaded])
    if load_files:
        written_bytes += load_files.written_bytes(loaded)
    measurement = Measurement(
        tool_version=advisor.__version__,
        taken_at=taken_at,
        label=label,
        plan=PlanRun(name=plan.name, seed=seed, rounds=rounds),
        target=target,
        environment=environment,
        fill=files.fill,
        written_bytes=written_bytes,
        series=tuple(run.finished() for run in runs),
        absent=(*files.absent, *(load_files.absent if load_files else ())),
        under_load=tuple(run.finished_under_load() for run in loaded),
    )
    warnings = warnings_of(
        target,
        environment,
        measurement.primary,
        idle_bytes_per_s=idle_bytes_per_s,
        waited_s=_difference(waited_after_s, waited_before_s),
        written_bytes=idle_written_bytes,
        run_s=idle_run_s,
    )
    return measurement.model_copy(update={"warnings": (*left, *warnings)})


def _all_series(plan: MeasuringPlan, under_load: UnderLoad | None) -> MeasuringPlan:
    return replace(plan, series=plan.series + under_load.plan.series) if under_load else plan


def _written_bytes(runs: Sequence[SeriesRun]) -> int:
    return sum(round_.written_bytes for run in runs for round_ in run.rounds)


class _Clock:
    """The time budget, and who is told about it."""

    def __init__(
        self,
        plan: MeasuringPlan,
        load: MeasuringPlan | None,
        target: Target,
        started_s: float,
        report: ProgressReport,
    ) -> None:
        rotates = not isinstance(target.devices, Unknown) and any(
            device.rotational is True for device in target.devices
        )
        self._budget_s = plan.hdd_budget_s if rotates else plan.ssd_budget_s
        self._load_budget_s = 0.0
        if load:
            self._load_budget_s = load.hdd_budget_s if rotates else load.ssd_budget_s
        self._run_started_s = self._started_s = started_s
        self._report = report
        self._series_planned = len(plan.series)
        self._series_to_come = len(load.series) if load else 0
        self.runs: list[SeriesRun] = []

    def begin_load(self) -> None:
        """From now on it is the budget of what follows under load."""
        self._started_s, self._budget_s = perf_counter(), self._load_budget_s
        self._load_budget_s, self._series_to_come = 0.0, 0

    def left_ns(self) -> int:
        """What is left for sampling: at least a tenth of the budget, however long filling took."""
        left_s = self._budget_s - (perf_counter() - self._started_s)
        return int(max(left_s, self._budget_s / 10) * 1e9)

    def tell_series(self, following: SeriesRun) -> None:
        """Reports the series that is next, with what it did before."""
        self.tell(following.series.spec.kind.label, following)

    def tell(self, activity: str, run: SeriesRun | None = None) -> None:
        """Reports what is next."""
        summary = run.summary if run else None
        now_s = perf_counter()
        used_s = now_s - self._run_started_s
        left_s = max(0.0, self._budget_s - (now_s - self._started_s)) + self._load_budget_s
        self._report(
            Progress(
                activity=activity,
                series_number=self.runs.index(run) + 1 if run else None,
                series_done=sum(run.ended_by is not None for run in self.runs),
                series_total=(len(self.runs) or self._series_planned) + self._series_to_come,
                budget_fraction=used_s / (used_s + left_s),
                left_s=left_s,
                ops_per_s=summary.ops_per_s if summary else None,
                mean_us=summary.mean_us if summary else None,
                p99_us=summary.p99_us if summary else None,
            )
        )


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def require_linux() -> None:
    """Raises AdvisorError elsewhere."""
    if sys.platform != "linux":
        raise AdvisorError(
            f"measuring needs Linux: on {sys.platform} a sync does not surely reach the drive",
            "measure on the database host, and use the file it saves here with --from",
        )


def target_of(directory: Path, scratch: Scratch, ask: AskProgram) -> Target:
    """What is under a directory. Raises AdvisorError."""
    try:
        return describe_target(directory, scratch.free_bytes(), ask=ask)
    except OSError as error:
        raise failed("stat", error, directory) from error


def _idle_bytes_per_s(target: Target, idle_s: float) -> float | None:
    """What others write to the devices while we do nothing; None when it isn't known."""
    before, began_s = read_counters(target.devices).written_bytes, perf_counter()
    time.sleep(idle_s)
    after, ended_s = read_counters(target.devices).written_bytes, perf_counter()
    if isinstance(before, Unknown) or isinstance(after, Unknown):
        return None
    return (after - before) / (ended_s - began_s)
