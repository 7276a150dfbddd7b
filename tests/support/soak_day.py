"""A day of paced soak on a clock that runs by itself; run as a script, in a process of its own.

    python -m tests.support.soak_day RATE_PER_S

prints the soak's stretches, the bytes of a measurement's file that has it, and the largest resident
memory of the process (VmHWM) in bytes, as JSON.
"""

import json
import random
import sys
from pathlib import Path

from advisor.measurement_file import to_json
from advisor.probe.soak import SoakPlan
from tests.support.drives import measurement
from tests.support.timed_drive import TimedDrive, soak_of

DAY_S = 86_400


def largest_memory_bytes() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (kib,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(kib)


def main() -> None:
    rate_per_s = float(sys.argv[1])
    chance = random.Random(1)
    drive = TimedDrive(None)
    # From 20 us to 20 s: more buckets than a real drive fills.
    drive.sync_ns = lambda now_ns: int(1e6 * chance.lognormvariate(0, 1.2))
    soak = soak_of(drive, SoakPlan(duration_s=DAY_S, bytes_max=1 << 50, rate_per_s=rate_per_s))
    text = to_json(measurement().model_copy(update={"soak": soak}))
    found = {
        "stretches": len(soak.stretches.syncs),
        "syncs": sum(soak.stretches.syncs),
        "file_bytes": len(text.encode()),
        "memory_bytes": largest_memory_bytes(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
