"""Boots the machine once, runs all cases in it, and gives back what each of them found."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.machine.drives import DRIVES, options
from tests.machine.system import System
from tests.support.paths import CHECKOUT

MEMORY: Final = "3G"
LIMIT_S: Final = 480
"""Emulated in software, on two busy cores."""

Found = Mapping[str, Any]
"""What inside.py writes of one case."""


class MachineFailedError(Exception):
    """The guest did not come to its end; the text has the end of its console."""


def run_cases(system: System, room: Path, only: str = "") -> dict[str, Found]:
    """Case -> what was found. `only`: a pattern; the cases in whose names it is found."""
    results = room / "results"
    results.mkdir()
    arguments = f"{sys.executable} -m tests.machine.inside /run/results {shlex.quote(only)}"
    # The guest has this host's paths, so that an environment of this checkout works in it.
    script = f"""cd {CHECKOUT} && PYTHONDONTWRITEBYTECODE=1 {arguments}
sync
busybox poweroff -f
"""
    (results / "run.sh").write_text(script)
    images = {}
    for drive in DRIVES:
        image = room / f"{drive.name}.img"
        with image.open("wb") as file:
            file.truncate(drive.size_bytes)
        images[drive.name] = str(image)
    console = room / "console"
    with console.open("wb") as log:
        try:
            subprocess.run(
                _command(system, results, images),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_S,
                check=True,
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            raise MachineFailedError(f"{error}\n{_end(console)}") from error
    found = {path.stem: json.loads(path.read_text()) for path in results.glob("*.json")}
    if not (results / "finished").exists():
        raise MachineFailedError(f"after {len(found)} cases:\n{_end(console)}")
    return found


def _end(console: Path) -> str:
    return console.read_text(errors="replace")[-4000:]


def _command(system: System, results: Path, images: dict[str, str]) -> list[str]:
    shared = {"host": ("/", True), "tools": (str(system.tools), True), "results": (results, False)}
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]
    command += ["-m", MEMORY, "-nographic", "-no-reboot", "-nic", "none"]
    command += ["-kernel", str(system.kernel), "-initrd", str(system.initramfs)]
    command += ["-append", "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on"]
    for tag, (path, readonly) in shared.items():
        share = f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap"
        command += ["-virtfs", f"{share},readonly=on" if readonly else share]
    return command + options(DRIVES, images)
