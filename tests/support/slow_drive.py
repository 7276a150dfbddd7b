"""Drives slower than this machine's, for servers and for our probe alike: slow_drive.c."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.faults import Outcome, missing, probe_command


def compile_slow_drive(folder: Path) -> Path:
    """The library to preload, compiled into `folder`. Skips the test where there is no gcc."""
    library = folder / "slow_drive.so"
    source = Path(__file__).with_suffix(".c")
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    try:
        subprocess.run([*command, str(source), "-ldl"], check=True)
    except FileNotFoundError:
        missing("gcc is not installed")
    return library


def slower_by(
    delays_us: float | Sequence[float] | Path, *, seed: int = 0, log: Path | None = None
) -> dict[str, str]:
    """The environment that steers the library: a delay, several to draw from, or a file of them.

    `log` is where the library tells of each delay; `logged_delays_ns` reads it.
    A file must be readable for whom the server runs as; a sequence goes along in the environment,
    which has room for 128 KB of it. For a server: harness.Preload(library, slower_by(...)).
    """
    if isinstance(delays_us, Path):
        text = str(delays_us.absolute())
    elif isinstance(delays_us, Sequence):
        text = ",".join(f"{delay_us:.9g}" for delay_us in delays_us)
    else:
        text = f"{delays_us:.9g}"
    steering = {"SLOW_DRIVE_US": text, "SLOW_DRIVE_SEED": str(seed)}
    return steering if log is None else {**steering, "SLOW_DRIVE_LOG": str(log.absolute())}


def logged_delays_ns(log: Path) -> dict[int, list[int]]:
    """What each process drew, in the order of its calls."""
    drawn_ns: dict[int, list[int]] = {}
    for line in log.read_text().splitlines():
        process, delay_ns = map(int, line.split())
        drawn_ns.setdefault(process, []).append(delay_ns)
    return drawn_ns


def preloaded(library: Path, steering: dict[str, str]) -> dict[str, str]:
    """This process's environment, with the library for a program that is started with it."""
    return {**os.environ, **steering, "LD_PRELOAD": str(library)}


def probe_slowed(library: Path, steering: dict[str, str], directory: Path, *series: str) -> Outcome:
    """Measures `directory` with faults.SMALL_PLAN in a process of its own, on the slower drive."""
    run = subprocess.run(
        probe_command(directory, *series),
        env=preloaded(library, steering),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(run.returncode, run.stdout, run.stderr)
