"""The probe in a process of its own, with real errors from faults.c; run as a script, that process.

    python -m tests.support.faults DIR [SERIES...]

measures DIR with SMALL_PLAN (or those of its series), then those SERIES that are under load, and
prints the measurement as JSON. Errors go to stderr with exit status 1; SIGINT and SIGTERM end it
with 130, as they end the command line.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from advisor.errors import AdvisorError
from advisor.probe import MeasuringPlan, Progress, UnderLoad, measure
from advisor.probe.plan import FULL_SERIES, MIB, UNDER_LOAD_SERIES
from advisor.series_kind import KIB

SMALL_PLAN: Final = MeasuringPlan(
    name="small",
    series=FULL_SERIES,
    ssd_budget_s=1.5,
    hdd_budget_s=1.5,
    samples_max=1_200,
    samples_enough=100,
    bytes_max=400 * MIB,
    rounds_max=3,
    series_min_s=0.0,
    idle_s=0.01,
    file_bytes=1 * MIB,
    writer_file_bytes=128 * KIB,
    read_file_bytes=4 * MIB,
    reserve_bytes=1 * MIB,
)
"""Every series, quickly: for tests, not for conclusions."""


def missing(reason: str) -> NoReturn:
    """What a test needs isn't there: a skip on a user's machine, a failure where all must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, but {reason}")
    pytest.skip(reason)


def compile_faults(folder: Path) -> Path:
    """The library to preload, compiled into `folder`. Skips the test where there is no gcc."""
    return compile_library(Path(__file__).with_suffix(".c"), folder)


def compile_library(source: Path, folder: Path) -> Path:
    """A library of one C file, compiled into `folder`. Skips the test where there is no gcc."""
    library = folder / f"{source.stem}.so"
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    command += [str(source), "-ldl"]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        missing("gcc is not installed")
    return library


def probe_command(directory: Path, *series: str) -> list[str]:
    """The command that measures `directory` in a process of its own."""
    return [sys.executable, "-m", "tests.support.faults", str(directory), *series]


def fault_environment(library: Path, **faults: str | int) -> dict[str, str]:
    """This process's environment with the library preloaded and these faults chosen."""
    chosen = {f"FAULT_{name.upper()}": str(value) for name, value in faults.items()}
    return {**os.environ, "LD_PRELOAD": str(library), **chosen}


@dataclass(frozen=True)
class Outcome:
    """What a probe's process left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def measurement(self) -> dict[str, Any]:
        """The measurement it printed."""
        assert self.status == 0, self.stderr
        loaded: dict[str, Any] = json.loads(self.stdout)
        return loaded

    def series(self, name: str) -> dict[str, Any]:
        """One series of the measurement."""
        found: list[dict[str, Any]] = [
            series for series in self.measurement["series"] if series["name"] == name
        ]
        return found[0]


def run_probe(
    library: Path | None,
    directory: Path,
    *series: str,
    user: int | None = None,
    **faults: str | int,
) -> Outcome:
    """Measures `directory` in a process of its own, under faults, to its end."""
    environment = fault_environment(library, **faults) if library else dict(os.environ)
    if user is not None:
        environment["PROBE_USER"] = str(user)
    run = subprocess.run(
        probe_command(directory, *series),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(run.returncode, run.stdout, run.stderr)


def _tell(progress: Progress) -> None:
    print(progress.activity, file=sys.stderr, flush=True)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _become(user: int) -> None:
    """Gives up root, once everything is imported that only root may be able to read."""
    import psutil  # noqa: F401

    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def main(directory: Path, names: list[str]) -> int:
    """Measures and prints; the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    if "PROBE_USER" in os.environ:
        _become(int(os.environ["PROBE_USER"]))
    series = tuple(spec for spec in FULL_SERIES if spec.kind.name in names or not names)
    loaded = tuple(spec for spec in UNDER_LOAD_SERIES if spec.kind.name in names)
    load = UnderLoad(replace(SMALL_PLAN, series=loaded), directory) if loaded else None
    plan = replace(SMALL_PLAN, series=series)
    try:
        print(measure(directory, plan, report=_tell, under_load=load).model_dump_json())
    except AdvisorError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
