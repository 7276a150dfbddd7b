"""Builds fsync-advisor.pyz: the program and all it needs in one file, for hosts without a network.

    python3 .ci/pyz [FILE] [--python X.Y]... [--machine NAME]...    FILE: dist/fsync-advisor.pyz

pip fetches each wheel from the package index that it is configured for, the compiled ones for each
Python and machine. A compiled module cannot be imported from a zip file, so the file unpacks the
wheels of its Python on its first start (unpack.py). The drivers are in it, psycopg without libpq,
which a PostgreSQL host has: its wheel with libpq takes 5 MB for each Python and machine.

It lies here, since nothing in advisor/ may start programs or write files, and what it makes is
no part of the package.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from pathlib import Path

from fetching import CHECKOUT, our_wheel, pip
from progress import tell

HERE = Path(__file__).resolve().parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
GLIBC = (28, 17)
"""2.28 is Debian 10's and Red Hat 8's; older ones can start wheels that say 2.17."""
BEFORE_UNPACKING = ("__init__", "errors", "effective_user", "trusted_path")
"""What of advisor unpack.py needs, to see whether a folder is to be trusted."""


def main() -> int:
    parser = argparse.ArgumentParser(prog=".ci/pyz", description="Builds fsync-advisor.pyz.")
    parser.add_argument("file", nargs="?", type=Path, default=CHECKOUT / "dist/fsync-advisor.pyz")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="default: all of them")
    parser.add_argument("--machine", action="append", choices=MACHINES, help="default: both")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        try:
            targets = fetch(Path(name), asked.python or PYTHONS, asked.machine or MACHINES)
            build(asked.file, targets)
        except (RuntimeError, OSError) as error:
            print(f".ci/pyz: {error}", file=sys.stderr)
            return 1
    print(f"{asked.file}: {asked.file.stat().st_size / 1e6:.1f} MB, for {', '.join(targets)}")
    return 0


def fetch(work: Path, pythons: Iterable[str], machines: Iterable[str]) -> dict[str, list[Path]]:
    """Python and machine ("3.11 x86_64") -> the wheels for it. Raises RuntimeError."""
    tell("building a wheel of the program")
    ours = our_wheel(work)
    targets = {}
    for python in pythons:
        for machine in machines:
            tell(f"fetching the wheels for Python {python} on {machine}")
            folder = work / f"{python}-{machine}"
            platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC]
            pip(
                *("download", "--only-binary", ":all:", "--dest", str(folder)),
                *("--implementation", "cp", "--python-version", python),
                *(f"--platform={platform}" for platform in platforms),
                *(str(ours), *drivers(ours)),
            )
            targets[f"{python} {machine}"] = sorted(folder.glob("*.whl"))
    return targets


def drivers(wheel: Path) -> list[str]:
    """What the extra `live` of our wheel asks for, without what is compiled."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        described = Parser().parsestr(opened.read(name).decode())
    wanted = (line.partition(";") for line in described.get_all("Requires-Dist", []))
    return [
        re.sub(r"\[.*\]", "", requirement).strip()
        for requirement, _, marker in wanted
        if re.sub(r"[\s'\"]", "", marker) == "extra==live"
    ]


def build(file: Path, targets: dict[str, list[Path]]) -> None:
    """Writes the file: the guard, the unpacking, and each wheel once."""
    wheels = {wheel.name: wheel for found in targets.values() for wheel in found}
    digest = hashlib.sha256()
    for name in sorted(wheels):
        digest.update(name.encode() + hashlib.sha256(wheels[name].read_bytes()).digest())
    content = {
        "key": digest.hexdigest()[:16],
        "wheels": {target: [wheel.name for wheel in found] for target, found in targets.items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.draft")
    draft.write_bytes(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(draft, "a", zipfile.ZIP_DEFLATED) as archive:
        add(archive, "__main__.py", (HERE / "start.py").read_bytes())
        add(archive, "unpack.py", (HERE / "unpack.py").read_bytes())
        for name in BEFORE_UNPACKING:
            add(archive, f"advisor/{name}.py", (CHECKOUT / f"advisor/{name}.py").read_bytes())
        add(archive, "content.json", json.dumps(content, indent=1).encode())
        for name in sorted(wheels):
            add(archive, f"wheels/{name}", wheels[name].read_bytes(), zipfile.ZIP_STORED)
    draft.chmod(0o755)
    os.replace(draft, file)


def add(archive: zipfile.ZipFile, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    """Always with the same time, so that the same wheels make the same file."""
    archive.writestr(zipfile.ZipInfo(name), data, how)


if __name__ == "__main__":
    sys.exit(main())
