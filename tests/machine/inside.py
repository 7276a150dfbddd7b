"""Inside the machine: makes each case's file system, measures a directory of it, undoes it again.

    python -m tests.machine.inside FOLDER [PATTERN | --cuts N]

FOLDER gets a JSON file for each case. PATTERN: only the cases whose names it is found in. --cuts:
so many power cuts of PostgreSQL in their place.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge
from advisor.cli import main as fsync_advisor
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from advisor.probe.plan import MIB, PLANS
from tests.machine import zfs
from tests.machine.case import Case
from tests.machine.cases import CASES
from tests.machine.cuts import cut_power
from tests.machine.drives import DRIVES

DRIVERS: Final = (
    *("virtio_blk", "virtio_scsi", "megaraid_sas", "ahci", "sd_mod", "nvme"),
    *("xhci_pci", "usb_storage", "loop", "bfq"),
)
"""There is no udev to load them; what the cases mount loads what it needs."""
DIRTY_BYTES: Final = {"dirty_background_bytes": 16 << 20, "dirty_bytes": 64 << 20}
"""So little that no drive of the machine is too slow for it."""
DRIVES_LIMIT_S: Final = 90
FAST_US: Final = 500.0
SHELL_LIMIT_S: Final = 240
QUICK: Final = replace(
    PLANS["quick"], ssd_budget_s=0.8, hdd_budget_s=0.8, samples_enough=60, file_bytes=8 * MIB
)
"""What `measure --quick` takes here: an emulated drive's speed says nothing."""
PLACE: Final = Path("/mnt/case")


def main(arguments: Sequence[str]) -> int:
    """Runs the cases; what fails is kept as that case's result."""
    folder, drives = Path(arguments[0]), _drives()
    PLANS["quick"] = QUICK
    if "--cuts" in arguments:
        cuts = int(arguments[2])
        cut_power(folder / "cuts.json", cuts, base=drives["MEMBER_1"], log=drives["MEMBER_2"])
        return 0
    pattern = "".join(arguments[1:])
    kernel = os.uname().release
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "PLACE": str(PLACE),
        "ZFS": str(zfs.folder(kernel)),
        "DM_DISABLE_UDEV": "1",
        **drives,
    }
    for case in CASES:
        if case.needs_zfs and not zfs.is_built(kernel):
            continue
        if re.search(pattern, case.name):
            began_s = time.monotonic()
            found = _run(case, environment)
            found["seconds"] = round(time.monotonic() - began_s, 1)
            (folder / f"{case.name}.json").write_text(json.dumps(found))
            print(f"{case.name}: {found['seconds']} s {found.get('failed', '')}", flush=True)
    (folder / "finished").touch()
    return 0


def _drives() -> dict[str, str]:
    """Loads the drivers, and waits for all drives. Variable -> device."""
    subprocess.run(["modprobe", "--all", *DRIVERS], check=True)
    for name, size_bytes in DIRTY_BYTES.items():
        Path("/proc/sys/vm", name).write_text(str(size_bytes))
    until_s = time.monotonic() + DRIVES_LIMIT_S
    while len(found := _device_names()) < len(DRIVES) and time.monotonic() < until_s:
        time.sleep(0.2)
    if len(found) < len(DRIVES):
        missing = {drive.name for drive in DRIVES} - {_serial(disk) for disk in _disks()}
        print(f"no drive {', '.join(sorted(missing))}", flush=True)
    return found


def _device_names() -> dict[str, str]:
    """Variable -> device: of the drive with the serial number "member-1" MEMBER_1."""
    names = {}
    for disk in _disks():
        for drive in DRIVES:
            if _serial(disk) == drive.name:
                names[drive.name.replace("-", "_").upper()] = f"/dev/{disk.name}"
    return names


def _disks() -> list[Path]:
    return list(Path("/sys/block").iterdir())


def _serial(disk: Path) -> str:
    """Where a bus keeps it: virtio, NVMe and USB in a file; SCSI in page 0x80 of its vital data."""
    above = [place / "serial" for place in disk.resolve().parents if "usb" in str(place)]
    for file in (disk / "serial", disk / "device/serial", *above):
        if file.exists():
            return file.read_text().strip()
    page = disk / "device/vpd_pg80"
    return page.read_bytes()[4:].decode(errors="replace").strip("\0 ") if page.exists() else ""


def _run(case: Case, environment: dict[str, str]) -> dict[str, Any]:
    PLACE.mkdir(parents=True, exist_ok=True)
    try:
        _shell(case.make, environment)
        return _measured(case)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or ""
        return {"failed": f"{error}: {said}".strip()}
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            _shell("cd /; umount $PLACE", environment)
        with contextlib.suppress(subprocess.SubprocessError):
            _shell(case.undo, environment)


def _shell(commands: str, environment: dict[str, str]) -> None:
    subprocess.run(
        ["/bin/sh", "-euc", commands],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SHELL_LIMIT_S,
        check=True,
    )


def _measured(case: Case) -> dict[str, Any]:
    """What `measure` saves and prints, in this process: a start takes ten seconds here."""
    directory, group = PLACE / case.directory, case.in_group
    directory.mkdir(parents=True, exist_ok=True)
    file = Path("/tmp/measurement.json")
    if group:
        (Path(group) / "cgroup.procs").write_text("0")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = _status(["measure", "--quick", "--force", "--output", str(file), str(directory)])
    if group:
        Path("/sys/fs/cgroup/cgroup.procs").write_text("0")
    if status not in (0, 3):
        return {"failed": f"exit {status}: {err.getvalue()}"}
    text = file.read_text()
    measurement = from_json(text, str(file))
    findings = evaluate(with_fast_syncs(measurement), load_host_checks(), case.vendor)
    verdict = judge(measurement, load_storage_knowledge())
    return {
        "target": json.loads(text)["target"],
        "trust": verdict.trust,
        "evidence": [entry.check for entry in verdict.evidence],
        "findings": [finding.id for finding in findings],
        "sync_us": measurement.primary and measurement.primary.summary.mean_us,
    }


def with_fast_syncs(measurement: Measurement) -> Measurement:
    """The same with syncs of FAST_US, for what is found only where they are fast: how fast an
    emulated drive is depends on what else its host does."""
    summary = {"mean_us": FAST_US, "p50_us": FAST_US}
    series = tuple(
        each.model_copy(update={"summary": each.summary.model_copy(update=summary)})
        if each == measurement.primary
        else each
        for each in measurement.series
    )
    return measurement.model_copy(update={"series": series})


def _status(arguments: list[str]) -> int:
    try:
        fsync_advisor(arguments)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
