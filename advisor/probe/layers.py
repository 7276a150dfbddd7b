"""What lies between a directory and its leaf devices, each layer with what matters to a sync."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from advisor.measurement import Layer
from advisor.model import Known, Unknown
from advisor.probe.chain import Chain, MountedPath
from advisor.probe.device_mapper import mapped_layers
from advisor.probe.file_systems import file_system_layer
from advisor.probe.programs import AskProgram, ask_nobody
from advisor.probe.sysfs import LayerDetails, chosen, convert, flag, text_of, yes_no

__all__ = ["AskProgram", "ask_nobody", "layers_of"]

SECTOR_BYTES: Final = 512


def layers_of(chain: Chain, root: Path, ask: AskProgram) -> Known[tuple[Layer, ...]]:
    """The layers from the directory down, those of one device-mapper device together.

    Where the way to the leaf devices is lost, the layers above that; unknown where there are none.
    """
    found = tuple(layer for part in chain.parts for layer in _layers(part, root, ask))
    if not found and isinstance(chain.leaves, Unknown):
        return chain.leaves
    return found


def _layers(part: MountedPath | Path, root: Path, ask: AskProgram) -> list[Layer]:
    """None for a file system or a device that is no layer but what layers lie between."""
    if isinstance(part, MountedPath):
        layer = file_system_layer(part, root, ask)
        return [layer] if layer else []
    if (part / "dm").exists():
        return mapped_layers(part, root, ask)
    for kind, (is_one, details) in _KINDS.items():
        if is_one(part):
            return [Layer(kind=kind, name=part.name, details=details(part, root, ask))]
    return []


def _partition(node: Path, _root: Path, _ask: AskProgram) -> LayerDetails:
    return {"start_aligned_bytes": convert(text_of(node / "start"), _alignment)}


def _alignment(sectors: str) -> str:
    """The largest power of two that the start is a multiple of. Raises ValueError."""
    start = int(sectors) * SECTOR_BYTES
    if start <= 0:
        raise ValueError
    return str(start & -start)


def _loop(node: Path, _root: Path, _ask: AskProgram) -> LayerDetails:
    return {
        "backing_file": text_of(node / "loop/backing_file"),
        "direct_io": convert(text_of(node / "loop/dio"), flag),
    }


def _md(node: Path, _root: Path, _ask: AskProgram) -> LayerDetails:
    """Linux's Documentation/admin-guide/md.rst."""
    md = node / "md"
    policy = text_of(md / "consistency_policy")
    return {
        "level": text_of(md / "level"),
        "consistency_policy": policy,
        "bitmap": convert(text_of(md / "bitmap/location"), _bitmap),
        "journal": convert(policy, lambda text: yes_no(text == "journal")),
        "array_state": text_of(md / "array_state"),
        "degraded": text_of(md / "degraded"),
    }


def _bitmap(location: str) -> str:
    """ "+8" is its place in the members' own metadata, in sectors. Raises ValueError."""
    if location in ("none", "file"):
        return location
    if re.fullmatch(r"[+-]\d+", location):
        return "internal"
    raise ValueError


def _bcache(node: Path, _root: Path, _ask: AskProgram) -> LayerDetails:
    """Linux's Documentation/admin-guide/bcache.rst; the link leads to the backing device."""
    return {
        "cache_mode": convert(text_of(node / "bcache/cache_mode"), chosen),
        "state": text_of(node / "bcache/state"),
    }


def _drbd(node: Path, root: Path, ask: AskProgram) -> LayerDetails:
    number = convert(text_of(node / "dev"), lambda text: int(text.partition(":")[2]))
    if isinstance(number, Unknown):
        return {"protocol": number}
    # DRBD 8.4 has it in /proc, DRBD 9 only its version.
    try:
        text = (root / "proc/drbd").read_text("utf-8", "replace")
    except OSError:
        text = ""
    if found := re.search(rf"^ *{number}: cs:.* ([ABC]) \S*$", text, re.MULTILINE):
        return {"protocol": found[1]}
    answer = ask(("drbdsetup", "show", "--json", "--show-defaults"))
    if isinstance(answer, Unknown):
        return {"protocol": answer}
    try:
        protocols = _drbd_protocols(json.loads(answer), number)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {"protocol": Unknown(unknown="drbdsetup show answers in another form")}
    return {
        "protocol": ", ".join(protocols)
        or Unknown(unknown=f"drbdsetup show names no protocol of minor {number}")
    }


def _drbd_protocols(resources: Any, number: int) -> list[str]:
    """Of all peers of the resource with that minor. Raises what an unexpected shape does."""
    own = [
        resource
        for resource in resources
        for volume in resource["_this_host"].get("volumes", ())
        if volume.get("device_minor") == number
    ]
    peers = [peer for resource in own for peer in resource.get("connections", ())]
    return sorted({str(peer["net"]["protocol"]) for peer in peers})


def _has(name: str) -> Callable[[Path], bool]:
    return lambda node: (node / name).exists()


_KINDS: Final[
    dict[str, tuple[Callable[[Path], bool], Callable[[Path, Path, AskProgram], LayerDetails]]]
] = {
    "partition": (_has("partition"), _partition),
    "loop": (_has("loop"), _loop),
    "md": (_has("md"), _md),
    # The devices below have a folder of that name, too.
    "bcache": (lambda node: re.fullmatch(r"bcache\d+", node.name) is not None, _bcache),
    "drbd": (lambda node: re.fullmatch(r"drbd\d+", node.name) is not None, _drbd),
}
"""Kind -> how a device of it is told, and what there is to say of it; the first that fits."""
