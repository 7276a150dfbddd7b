"""Boots the machine once, runs all cases in it, and gives back what each of them found."""

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.machine.drives import DRIVES, options
from tests.machine.system import System
from tests.servers.provision import cache_folder
from tests.support.paths import CHECKOUT

MEMORY: Final = "3G"
GUEST_RESULTS: Final = "/run/results"
CUTS: Final = "cuts"
LIMIT_S: Final = 1800
"""Emulated in software, beside other tests; alone it takes five minutes."""

Found = Mapping[str, Any]
"""What inside.py writes of one case."""


class MachineFailedError(Exception):
    """The guest did not come to its end; the text has the end of its console."""


class Results(NamedTuple):
    """What a boot brought."""

    cases: Mapping[str, Found]
    """Case -> what was found."""
    cuts: Mapping[str, Any]
    """As tests/powercut stores a run; {} where none were asked for."""


def run_machine(system: System, room: Path, pattern: str = "", *, cuts: int) -> Results:
    """Boots, runs the cases whose names the pattern is found in, cuts the power so many times, and
    shuts down.

    Raises MachineFailedError.
    """
    results = room / "results"
    results.mkdir()
    (results / "run.sh").write_text(_script(pattern, cuts=cuts))
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
    cut = found.pop(CUTS, {})
    if not (results / "finished").exists() or (cuts and not cut):
        raise MachineFailedError(f"after {len(found)} cases:\n{_end(console)}")
    return Results(found, cut)


def _script(pattern: str, *, cuts: int) -> str:
    """What the guest runs. It has this host's paths, so that this checkout's environment works."""
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "FSYNC_ADVISOR_TEST_CACHE": str(cache_folder())}
    settings = " ".join(f"{name}={shlex.quote(text)}" for name, text in environment.items())
    inside = f"{settings} {sys.executable} -m tests.machine.inside {GUEST_RESULTS}"
    lines = [f"cd {shlex.quote(str(CHECKOUT))}", f"{inside} {shlex.quote(pattern)}"]
    if cuts:
        lines.append(f"{inside} --cuts {cuts}")
    return "\n".join((*lines, "sync", "busybox poweroff -f", ""))


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
