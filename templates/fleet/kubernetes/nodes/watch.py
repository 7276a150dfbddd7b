"""Watches one volume after another, and tells node_exporter's textfile collector.

VOLUMES: which folders, as a pattern. Each is watched for INTERVAL_S, and nothing is written there.
A round begins every EVERY_S, or when the one before is over. Metrics have the pattern as their
directory, and the volume as their label: the folder changes whenever the pod is another.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = "/fsync-advisor"
VOLUMES = os.environ["VOLUMES"]
METRICS = Path("/metrics")
OURS = "fsync-advisor-{}.prom"


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        started = time.monotonic()
        folders = sorted(Path("/").glob(VOLUMES.lstrip("/")))
        seen = {folder.parent.name: folder for folder in folders}  # pvc-..., of pvc-.../mount
        for old in METRICS.glob(OURS.format("*")):
            if old.name not in {OURS.format(name) for name in seen}:
                old.unlink()  # its volume has left this node
        for name, folder in seen.items():
            watch(name, folder)
        time.sleep(max(0.0, started + float(os.environ["EVERY_S"]) - time.monotonic()))


def watch(name: str, folder: Path) -> None:
    """Says on stderr what cannot be watched, and leaves no old figures of it."""
    file = METRICS / OURS.format(name)
    observing = ["--passive", "--interval", os.environ["INTERVAL_S"], "--label", name]
    start = [f"{PROGRAM}/lib/ld.so", "--library-path", f"{PROGRAM}/lib", f"{PROGRAM}/bin/python3"]
    measure = ["-I", "-S", f"{PROGRAM}/start.py", "measure", "--quiet", "--format", "prometheus"]
    done = subprocess.run(
        [*start, *measure, *observing, folder], stdout=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        file.unlink(missing_ok=True)
        return
    draft = file.with_suffix(".draft")
    draft.write_bytes(done.stdout.replace(os.fsencode(folder), VOLUMES.encode()))
    draft.replace(file)


if __name__ == "__main__":
    main()
