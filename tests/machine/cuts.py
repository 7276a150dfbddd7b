"""Inside the machine: power cuts of PostgreSQL on a drive whose writes device-mapper logs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from tests.powercut.configurations import Configuration
from tests.powercut.disk import shelf
from tests.powercut.logged_disk import LoggedDisk
from tests.powercut.rehearsal import Plan, rehearse
from tests.powercut.results import run_json
from tests.powercut.server import machine_for

SERVER: Final = "postgresql-15"
SECONDS_PER_CUT: Final = 1


def cut_power(results: Path, cuts: int, *, base: str, log: str) -> None:
    """One run, all cuts. The disks `base` and `log` are overwritten."""
    plan = Plan(clients=4, cuts=cuts, seconds=SECONDS_PER_CUT * cuts, seed=1, checkpoints=True)
    os.environ["DM_DISABLE_UDEV"] = "1"  # there is none
    subprocess.run(["modprobe", "--all", "dm_log_writes", "loop", "xfs"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with shelf() as room:
        disk = LoggedDisk(room, "drive", plan.filesystem, base=Path(base), log=Path(log))
        machine = machine_for(room, Configuration(SERVER), None)
        run = rehearse(room, machine, plan, disk)
        found = {**run_json(run, machine.server.version), "played": disk.played}
    results.write_text(json.dumps(found))
    print(f"cuts: {found}", flush=True)
