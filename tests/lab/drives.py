"""What `fsync-advisor measure` says of each emulated drive, for predictions.

    python -m tests.lab.drives [DRIVE...]

Without DRIVE all of them. Needs what tests.lab.run needs, and a machine with nothing else to do.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from advisor.measurement import Measurement, summarised
from advisor.measurement_file import from_json, to_json
from tests.lab.configurations import measure
from tests.lab.results import FOLDER
from tests.support.emulated_drive import (
    compile_drive,
    emulated_drive,
    load_profile,
    mounted_drive,
    profile_names,
)

DRIVES: Final = FOLDER / "drives"
SIZE_BYTES: Final = 8 << 30
"""Sparse: it takes what is written."""
SOAK: Final = ("--soak", "60s", "--with-page-writes")
SOAKED: Final[Mapping[str, Sequence[str]]] = {"cache-fills-up": SOAK}
"""Drives that are slower after a while, where a load soon brings them."""


def measured_drive(name: str) -> Measurement | None:
    """The stored measurement of a drive, without single latencies; None where there is none."""
    path = DRIVES / f"{name}.json"
    return from_json(path.read_text(), str(path)) if path.exists() else None


def measure_drive(name: str) -> Measurement:
    """Measures a drive as a user would."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir="/dev/shm") as folder:
        room = Path(folder)
        program = compile_drive(room)
        with (
            emulated_drive(program, load_profile(name), room, size_bytes=SIZE_BYTES) as drive,
            mounted_drive(drive, room / "drive") as place,
        ):
            path = room / "measurement.json"
            measure(place, path, *SOAKED.get(name, ()))
            return summarised(from_json(path.read_text(), str(path)))


def main(names: Sequence[str]) -> None:
    """Measures the drives, and keeps what is found."""
    DRIVES.mkdir(exist_ok=True)
    for name in names or profile_names():
        found = measure_drive(name)
        (DRIVES / f"{name}.json").write_text(to_json(found))
        series = {each.name: round(each.summary.ops_per_s) for each in found.series}
        print(name, series, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
