"""What the lab has measured: a line of JSON for each run, all of them kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from advisor.model import Model
from tests.lab.rates import RunRates
from tests.support.device_work import DeviceWork

FOLDER: Final = Path(__file__).parent / "results"


class RunResult(Model):
    """One run of one configuration."""

    block: str
    """Server, drive and load: experiment.Block.key."""
    configuration: str
    repetition: int
    server_version: str
    started_at: str
    """UTC, ISO 8601."""
    load_average: float
    """Of the host, just before."""
    own_cores: float | None = None
    """Cores that server, load and drive kept busy during the run."""
    other_cores: float | None = None
    """Cores that everything else on the host kept busy, kernel threads included."""
    drive_work: DeviceWork | None = None
    """What the drive was asked for during the run and its warm-up."""
    fragment: str
    rates: RunRates
    hurried_per_s: float | None = None
    """Commits per second before the measured part, on the drive without delay: what the processors
    can do."""
    flushes_per_commit: float | None = None
    """As the emulated drive counts them."""
    recovery_s: float | None = None
    """From the start after a kill to the first answer, the page cache dropped."""
    replayed_bytes: int | None = None
    """Log that this recovery went through, as the server says it."""
    is_out_of_memory: bool = False
    """The kernel ended the server: it wanted more than the experiment's memory. It is held to that
    since 2026-11-30 08:30."""
    set_aside: str = ""
    """Why its rate does not count, found out later; "" where it does. How it recovered counts."""
    pages_per_s: dict[Literal["read", "written"], float] | None = None
    """At random, as `fsync-advisor measure` found on that drive."""


def path_of(experiment: str) -> Path:
    """Where an experiment's runs are kept."""
    return FOLDER / f"{experiment}.jsonl"


def stored_runs(experiment: str, path: Path | None = None) -> list[RunResult]:
    """All runs so far."""
    file = path or path_of(experiment)
    if not file.exists():
        return []
    return [RunResult.model_validate(json.loads(line)) for line in _lines(file)]


def counted_runs(experiment: str, path: Path | None = None) -> list[RunResult]:
    """Those whose rates count."""
    return [run for run in stored_runs(experiment, path) if not run.set_aside]


def add(result: RunResult, path: Path) -> None:
    """Appends a run."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result.model_dump(exclude_none=True)) + "\n")


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text(encoding="utf-8").splitlines() if line)
