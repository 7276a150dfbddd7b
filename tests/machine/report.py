"""README.md's table, and the power cuts that are stored.

    python -m tests.machine.report

Builds ZFS, where the cache does not hold it, boots the machine, runs all cases and 20 power cuts
(about 7 minutes), and stores what comes of it.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.machine import zfs
from tests.machine.boot import Found, run_machine
from tests.machine.case import Case
from tests.machine.cases import CASES
from tests.machine.compared import devices_of, layers_of
from tests.machine.system import system
from tests.servers.fetching import UnavailableError

CUTS_FILE: Final = Path(__file__).with_name("cuts.json")
CUTS: Final = 20
PASSING: Final = (
    *("array_state", "backing_file", "directory", "dm_name", "mount_options", "mount_point"),
    *("pool", "state", "upperdir"),
)
README: Final = Path(__file__).with_name("README.md")
TABLE: Final = re.compile(r"(?<=<!-- made by report.py -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEAD: Final = (
    "| case | file system | layers | leaf devices | write cache | FUA | not durable | findings |\n"
    "|---|---|---|---|---|---|---|---|"
)


def with_table(text: str, found: Mapping[str, Found]) -> str:
    """The README with the table made anew; cases that did not run, for ZFS is not built, keep their
    rows."""
    kept = {name: row for row, name in re.findall(r"^(\| (zfs-\S+) .*)$", text, re.MULTILINE)}
    rows = "\n".join((HEAD, *(_row_of(case, found, kept) for case in CASES)))
    return TABLE.sub(lambda _: f"{rows}\n", text)


def _row_of(case: Case, found: Mapping[str, Found], kept: Mapping[str, str]) -> str:
    if case.needs_zfs and case.name not in found:
        return kept.get(case.name, f"| {case.name} | not built |" + " |" * 6)
    return _row(case, found[case.name])


def _row(case: Case, found: Found) -> str:
    if "failed" in found:
        return f"| {case.name} | failed |" + " |" * 6
    devices = devices_of(found)
    cells = (
        case.name,
        str(found["target"]["filesystem"]),
        ", ".join(map(_layer, layers_of(found))),
        _each(map(_device, devices)),
        _each(_shown(device["write_cache"]) for device in devices),
        _each(_shown(device["fua"]) for device in devices),
        "not-durable" if found["trust"] == "not-durable" else "",
        ", ".join(found["findings"]),
    )
    return f"| {' | '.join(cells)} |"


def _layer(layer: dict[str, Any]) -> str:
    details = "; ".join(_details(layer["details"]))
    return f"{layer['kind']} ({details})" if details else layer["kind"]


def _details(details: dict[str, Any]) -> Iterator[str]:
    """Those that are known, but for what changes from one moment to the next, and names."""
    for name, value in sorted(details.items()):
        if isinstance(value, str) and name not in PASSING:
            yield f"{name} {value}"


def _each(texts: Iterable[str]) -> str:
    """Each once, in one order: the kernel finds disks in any."""
    return ", ".join(sorted(set(texts)))


def _device(device: dict[str, Any]) -> str:
    media = {True: "rotates", False: "does not rotate"}
    rotational = device["rotational"]
    medium = media[rotational] if isinstance(rotational, bool) else "rotation unknown"
    return f"{_shown(device['transport'])}, {medium}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else "unknown"


def main() -> None:
    """Makes both anew."""
    try:
        zfs.build()
    except UnavailableError as reason:
        print(f"without ZFS: {reason}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="machine-") as room:
        found = run_machine(system(), Path(room), cuts=CUTS)
    README.write_text(with_table(README.read_text(encoding="utf-8"), found.cases), encoding="utf-8")
    CUTS_FILE.write_text(json.dumps(found.cuts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
