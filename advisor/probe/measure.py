"""Measures one directory's drive: the one function of the probe."""

import secrets
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter

import advisor
from advisor.errors import AdvisorError
from advisor.measurement import Measurement, PlanRun, Target, Unknown
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
from advisor.probe.warnings import warnings_of


def measure(
    directory: Path,
    plan: MeasuringPlan,
    *,
    seed: int | None = None,
    label: str | None = None,
    report: ProgressReport = ignore,
    ask: AskProgram = ask_nobody,
) -> Measurement:
    """Measures the drive under `directory`, writing nameless files there that vanish at the end.

    `seed` decides the order of the series in each round, and the places of random writes; without
    it, chance does. `report` is called between two series, never during one: it should
    be back within a few milliseconds and leave no thread working, or it will be measured too.
    `ask` starts the programs that know more of some layers than /sys does, before the first series.

    Raises AdvisorError for all that a user can cause or must know of: no such directory, no
    permission, no space, not Linux, and the first write or sync that fails.
    """
    require_linux()
    seed = secrets.randbits(32) if seed is None else seed
    started_s = perf_counter()
    taken_at = datetime.now(timezone.utc)
    with Scratch(directory) as scratch:
        target = target_of(directory, scratch, ask)
        environment = describe_host()
        scratch.require_free(planned_bytes(plan), plan.reserve_bytes)
        clock = _Clock(plan, target, started_s, report)

        clock.tell("watching the drive")
        waited_before_s = waited_s()
        idle_bytes_per_s = _idle_bytes_per_s(target, plan.idle_s)
        clock.tell("filling the test files")
        files = TestFiles(scratch, plan, seed)
        open_series = files.open_series()
        runs = share_out(open_series, plan, clock.left_ns(), plan.bytes_max - files.written_bytes)
        clock.runs = runs
        rounds = run_rounds(
            runs,
            plan,
            seed=seed,
            directory=directory,
            devices=target.devices,
            before_series=clock.tell_series,
        )
        waited_after_s = waited_s()
        clock.tell("done")
    series = tuple(run.finished() for run in runs)
    written_bytes = files.written_bytes + sum(
        round_.written_bytes for measured in series for round_ in measured.rounds
    )
    measurement = Measurement(
        tool_version=advisor.__version__,
        taken_at=taken_at,
        label=label,
        plan=PlanRun(name=plan.name, seed=seed, rounds=rounds),
        target=target,
        environment=environment,
        fill=files.fill,
        written_bytes=written_bytes,
        series=series,
        absent=tuple(files.absent),
    )
    warnings = warnings_of(
        target,
        environment,
        measurement.primary,
        idle_bytes_per_s=idle_bytes_per_s,
        waited_s=_difference(waited_after_s, waited_before_s),
        written_bytes=written_bytes,
        run_s=perf_counter() - started_s,
    )
    return measurement.model_copy(update={"warnings": warnings})


class _Clock:
    """The time budget, and who is told about it."""

    def __init__(
        self, plan: MeasuringPlan, target: Target, started_s: float, report: ProgressReport
    ) -> None:
        rotates = not isinstance(target.devices, Unknown) and any(
            device.rotational is True for device in target.devices
        )
        self._budget_s = plan.hdd_budget_s if rotates else plan.ssd_budget_s
        self._started_s = started_s
        self._report = report
        self._series_planned = len(plan.series)
        self.runs: list[SeriesRun] = []

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
        used_s = perf_counter() - self._started_s
        self._report(
            Progress(
                activity=activity,
                series_number=self.runs.index(run) + 1 if run else None,
                series_done=sum(run.ended_by is not None for run in self.runs),
                series_total=len(self.runs) or self._series_planned,
                budget_fraction=min(1.0, used_s / self._budget_s),
                left_s=max(0.0, self._budget_s - used_s),
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
