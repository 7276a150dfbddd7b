"""A drive that lies, and what our probe and our trust checks make of it."""

import os
import subprocess
from pathlib import Path
from typing import Any, Final

from advisor.analysis.verdict import judge
from advisor.knowledge import load_storage_knowledge
from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from tests.powercut.disk import CannotRehearse, Disk
from tests.support.faults import probe_command
from tests.support.paths import CHECKOUT

SOURCE: Final = CHECKOUT / "tests" / "support" / "lying_drive.c"
SERIES: Final = ("overwrite-fdatasync-8k", "overwrite-none-8k")


def compile_lying_drive(folder: Path) -> Path:
    """The library to preload; its name says nothing, as a drive's does not."""
    library = folder / "drive.so"
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    try:
        subprocess.run([*command, str(SOURCE)], check=True)
    except FileNotFoundError as error:
        raise CannotRehearse("gcc is not installed") from error
    return library


def measured(library: Path, disk: Disk) -> Measurement:
    """What our probe measures on the drive that lies.

    What the host tells of preloaded libraries is taken out, for a real drive is none.
    """
    with disk.plugged_in() as place:
        done = subprocess.run(
            probe_command(place, *SERIES),
            env={**os.environ, "LD_PRELOAD": str(library)},
            capture_output=True,
            text=True,
            check=True,
        )
    told = from_json(done.stdout, "the probe")
    environment = told.environment.model_copy(update={"preloaded": ()})
    return told.model_copy(update={"environment": environment})


def judged(measurement: Measurement) -> dict[str, Any]:
    """Its trust, and which checks found fault with it: by latencies and what the kernel counted."""
    verdict = judge(measurement, load_storage_knowledge())
    found = [one.check for one in verdict.evidence if one.trust == verdict.trust]
    return {"trust": verdict.trust, "checks": found}
