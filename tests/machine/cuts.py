"""Inside the machine: power cuts of PostgreSQL on a drive whose writes device-mapper logs.

    python -m tests.machine.cuts FOLDER BASE LOG

FOLDER gets cuts.json; BASE and LOG are disks, which are overwritten.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.powercut.configurations import Configuration
from tests.powercut.disk import shelf
from tests.powercut.logged_disk import LoggedDisk
from tests.powercut.rehearsal import Plan, rehearse
from tests.powercut.results import run_json
from tests.powercut.server import machine_for

SERVER: Final = "postgresql-15"
PLAN: Final = Plan(clients=4, cuts=20, seconds=20, seed=1, checkpoints=True)


def main(arguments: Sequence[str]) -> int:
    """One run: all cuts."""
    folder, base, log = map(Path, arguments)
    subprocess.run(["modprobe", "--all", "dm_log_writes", "loop", "xfs"], check=True)
    with shelf() as room:
        disk = LoggedDisk(room, "drive", PLAN.filesystem, base=base, log=log)
        machine = machine_for(room, Configuration(SERVER), None)
        run = rehearse(room, machine, PLAN, disk)
        found = {**run_json(run, machine.server.version), "played": disk.played}
    (folder / "cuts.json").write_text(json.dumps(found))
    print(f"cuts: {found}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
