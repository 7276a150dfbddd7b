"""Device-mapper: which targets a device is made of, and what matters of each to a sync.

By `dmsetup table`, which needs root and hides the keys of dm-crypt unless asked for them; else by
the beginning of the device's UUID, which says who made it.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from advisor.measurement import Layer
from advisor.model import Known, Unknown
from advisor.probe.chain import node_of
from advisor.probe.programs import AskProgram
from advisor.probe.sysfs import LayerDetails, text_of, yes_no

SECTOR_BYTES: Final = 512

MAKERS: Final = (
    ("CRYPT-VERITY-", "dm-verity"),
    ("CRYPT-INTEGRITY-", "dm-integrity"),
    ("CRYPT-SUBDEV-", "dm-unknown"),
    ("CRYPT-", "dm-crypt"),
    ("LVM-", "dm-lvm"),
    ("mpath-", "dm-multipath"),
)
"""How a UUID begins -> the kind of a device whose table nobody shows; the first that fits."""

CRYPT_FLAGS: Final = ("no_read_workqueue", "no_write_workqueue", "same_cpu_crypt")

UNTOLD: Final[dict[str, tuple[str, ...]]] = {
    "dm-crypt": ("cipher", *CRYPT_FLAGS),
    "dm-lvm": ("target",),
    "dm-unknown": ("target",),
}
"""What is then unknown of it."""


def mapped_layers(node: Path, root: Path, ask: AskProgram) -> list[Layer]:
    """One layer for each distinct target of the device's table, in the table's order."""
    name = text_of(node / "dm/name")
    table = _table(name, root, ask)
    own: LayerDetails = {"dm_name": name}
    if isinstance(table, Unknown):
        kind = _kind_by_uuid(node)
        untold = UNTOLD.get(kind, ())
        return [Layer(kind=kind, name=node.name, details=own | dict.fromkeys(untold, table))]
    return [
        Layer(kind=f"dm-{target}", name=node.name, details=own | _details(target, fields, root))
        for target, fields in table.items()
    ]


def _table(name: Known[str], root: Path, ask: AskProgram) -> Known[dict[str, list[str]]]:
    """Target -> the arguments of its first line. "0 409600 linear 8:2 2048" is a line."""
    if isinstance(name, Unknown):
        return name
    # Without that file dmsetup would make it.
    if not (root / "dev/mapper/control").exists():
        return Unknown(unknown="there is no /dev/mapper/control here")
    answer = ask(("dmsetup", "table", "--", name))
    if isinstance(answer, Unknown):
        return answer
    table: dict[str, list[str]] = {}
    for line in answer.strip().split("\n"):
        found = re.fullmatch(r"\d+ \d+ ([a-z][a-z0-9_-]{0,40})(?: (.*))?", line.strip())
        if found is None:
            return Unknown(unknown="dmsetup shows no table of the device")
        table.setdefault(found[1], (found[2] or "").split())
    return table


def _kind_by_uuid(node: Path) -> str:
    uuid = str(text_of(node / "dm/uuid"))
    return next((kind for start, kind in MAKERS if uuid.startswith(start)), "dm-unknown")


def _details(target: str, fields: list[str], root: Path) -> LayerDetails:
    describe = _TARGETS.get(target)
    if describe is None:
        return {}
    try:
        return describe(fields, root)
    except (IndexError, ValueError):
        return {"table": Unknown(unknown=f"the table's line of {target} has another form")}


# The arguments are as in Linux's Documentation/admin-guide/device-mapper/. Each of these raises
# IndexError or ValueError where there are fewer, or others.


def _crypt(fields: list[str], _root: Path) -> LayerDetails:
    cipher, _key, _iv_offset, _device, _offset, *options = fields
    return {"cipher": cipher, **{flag: yes_no(flag in options[1:]) for flag in CRYPT_FLAGS}}


def _thin(fields: list[str], root: Path) -> LayerDetails:
    node = node_of(fields[0], root)
    return {"pool": fields[0] if node is None else node.name}


def _thin_pool(fields: list[str], _root: Path) -> LayerDetails:
    return {"chunk_bytes": _sectors(fields[2])}


def _snapshot(fields: list[str], _root: Path) -> LayerDetails:
    return {"role": "snapshot", "chunk_bytes": _sectors(fields[3])}


def _origin(_fields: list[str], _root: Path) -> LayerDetails:
    return {"role": "origin"}


def _merge(fields: list[str], _root: Path) -> LayerDetails:
    return {"role": "merge", "chunk_bytes": _sectors(fields[3])}


def _cache(fields: list[str], _root: Path) -> LayerDetails:
    features = fields[5 : 5 + int(fields[4])]
    modes = [mode for mode in ("writeback", "writethrough", "passthrough") if mode in features]
    return {"mode": modes[0] if modes else "writeback"}


def _writecache(fields: list[str], _root: Path) -> LayerDetails:
    return {"cache_device": {"p": "pmem", "s": "ssd"}.get(fields[0]) or _other(fields[0])}


def _raid(fields: list[str], _root: Path) -> LayerDetails:
    parameters = fields[2 : 2 + int(fields[1])]
    return {"level": fields[0], "journal": yes_no("journal_dev" in parameters)}


def _striped(fields: list[str], _root: Path) -> LayerDetails:
    return {"stripes": str(int(fields[0])), "chunk_bytes": _sectors(fields[1])}


def _integrity(fields: list[str], _root: Path) -> LayerDetails:
    modes = {"J": "journal", "B": "bitmap", "D": "direct", "R": "recovery", "I": "inline"}
    return {"mode": modes.get(fields[3]) or _other(fields[3])}


def _sectors(text: str) -> str:
    return str(int(text) * SECTOR_BYTES)


def _other(text: str) -> Unknown:
    return Unknown(unknown=f"the table says {text!r}")


_TARGETS: Final[dict[str, Callable[[list[str], Path], LayerDetails]]] = {
    "crypt": _crypt,
    "thin": _thin,
    "thin-pool": _thin_pool,
    "snapshot": _snapshot,
    "snapshot-origin": _origin,
    "snapshot-merge": _merge,
    "cache": _cache,
    "writecache": _writecache,
    "raid": _raid,
    "striped": _striped,
    "integrity": _integrity,
}
