"""The second part of a run: series beside page flushes and sequential reads."""

from dataclasses import dataclass, replace
from pathlib import Path

from advisor.measurement import AbsentSeries
from advisor.probe.background import LoadProcess
from advisor.probe.plan import MeasuringPlan, SeriesSpec
from advisor.probe.rounds import SeriesRun, share_out
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import OpenSeries, TestFiles, planned_bytes
from advisor.series_kind import LOADS, Load


@dataclass(frozen=True)
class UnderLoad:
    """What is measured under load, and where that load is."""

    plan: MeasuringPlan
    directory: Path
    """Of the server's data files: on the drive that is measured, or on another."""


class LoadFiles:
    """The test files of all that goes on beside the series of a plan."""

    def __init__(self, scratch: Scratch, load: UnderLoad, seed: int) -> None:
        """Writes nothing yet. Raises AdvisorError where there is no room for them."""
        self._load = load
        wanted = {spec.kind.beside for spec in load.plan.series if spec.kind.beside}
        self._kinds = {name: kind for name, kind in LOADS.items() if name in wanted}
        specs = tuple(map(SeriesSpec, self._kinds.values()))
        plan = replace(load.plan, series=specs)
        scratch.require_free(planned_bytes(plan), plan.reserve_bytes)
        self._files = TestFiles(scratch, plan, seed)
        self._opened: dict[Load, OpenSeries] = {}

    def fill(self) -> None:
        """Writes them. Raises AdvisorError."""
        opened = {series.spec.kind: series for series in self._files.open_series()}
        self._opened = {name: opened[kind] for name, kind in self._kinds.items() if kind in opened}

    def runs(self, files: TestFiles, left_ns: int) -> list[SeriesRun]:
        """The series for whose load there are files, opened among those of the run.

        Raises AdvisorError.
        """
        plan = self._load.plan
        specs = [spec for spec in plan.series if spec.kind.beside in self._opened]
        left_bytes = plan.bytes_max - self._files.written_bytes
        runs = share_out(files.open_series(specs), plan, left_ns, left_bytes)
        for run in runs:
            if run.series.spec.kind.beside:
                beside = self._opened[run.series.spec.kind.beside]
                run.load = LoadProcess(beside, self._load.directory)
        return runs

    def written_bytes(self, runs: list[SeriesRun]) -> int:
        """What filling them wrote, and what was written beside these series."""
        return self._files.written_bytes + sum(run.load.written_bytes() for run in runs if run.load)

    @property
    def absent(self) -> list[AbsentSeries]:
        """The series whose load was refused."""
        refused = {each.name: each.why for each in self._files.absent}
        return [
            AbsentSeries(name=spec.kind.name, why=f"{spec.kind.beside}: {why}")
            for spec in self._load.plan.series
            if spec.kind.beside and (why := refused.get(LOADS[spec.kind.beside].name))
        ]
