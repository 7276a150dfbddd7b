"""File systems that are layers themselves: overlay, btrfs, ZFS, NFS, and any below another."""

import fcntl
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from advisor.measurement import MOUNT_OPTIONS, MOUNT_POINT, Layer
from advisor.model import Known, Unknown
from advisor.probe.chain import MountedPath, btrfs_folder
from advisor.probe.mounts import Mount
from advisor.probe.programs import AskProgram
from advisor.probe.sysfs import LayerDetails, shown, yes_no
from advisor.probe.zfs_pools import properties

FS_IOC_GETFLAGS: Final = 0x80006601 | struct.calcsize("l") << 16
FS_NOCOW_FL: Final = 0x00800000
"""Linux's include/uapi/linux/fs.h. On POWER and MIPS the call has another number, and fails."""


def file_system_layer(part: MountedPath, root: Path, ask: AskProgram) -> Layer | None:
    """The layer that a file system is; None where it is none."""
    describe = _DESCRIBE.get(part.mount.filesystem)
    layer = describe(part, root, ask) if describe else None
    if not part.is_below:
        return layer
    if layer is None:
        layer = Layer(kind=part.mount.filesystem, name=shown(part.mount.point))
    # As /proc/mounts has them; one with a comma of its own names a path.
    options = ",".join(option for option in part.mount.options if "," not in option)
    below = {MOUNT_POINT: shown(part.mount.point), MOUNT_OPTIONS: shown(options)}
    return layer.model_copy(update={"details": {**layer.details, **below}})


def _overlay(part: MountedPath, _root: Path, _ask: AskProgram) -> Layer:
    upper = part.mount.option("upperdir")
    unknown = Unknown(unknown="the overlay's mount names no upper directory")
    details: LayerDetails = {"upperdir": unknown if upper is None else shown(upper)}
    return Layer(kind="overlay", name=shown(part.mount.point), details=details)


def _btrfs(part: MountedPath, root: Path, _ask: AskProgram) -> Layer:
    folder = btrfs_folder(part.mount, root)
    details = {
        "nodatacow": _nodatacow(part),
        "data_profile": _profile(folder, "data"),
        "metadata_profile": _profile(folder, "metadata"),
    }
    if part.is_below:  # else it is the measured one
        details["directory"] = shown(_directory(part.path))
    return Layer(kind="btrfs", name=shown(part.mount.point), details=details)


def _directory(path: str) -> str:
    """A loop device's file takes after the directory that it was made in."""
    return path if os.path.isdir(path) else os.path.dirname(path)


def _nodatacow(part: MountedPath) -> Known[str]:
    """Of the mount, else of the directory itself, whose new files take after it."""
    if "nodatacow" in part.mount.options:
        return "yes"
    try:
        return yes_no(bool(inode_flags(part.path) & FS_NOCOW_FL))
    except OSError as error:
        return Unknown(unknown=f"the flags of {shown(part.path)}: {error.strerror}")


def inode_flags(path: str) -> int:
    """A directory's or file's flags, as lsattr shows them. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        answer = fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, bytes(struct.calcsize("l")))
    finally:
        os.close(descriptor)
    return int(struct.unpack_from("I", answer)[0])  # the kernel fills an int alone


def _profile(folder: Path | None, what: str) -> Known[str]:
    """ "raid1"; "raid1, single" while one is turned into the other."""
    if folder is None:
        return Unknown(unknown="/sys/fs/btrfs does not know this file system")
    allocation = folder / "allocation"
    # Small file systems may keep both together.
    for kind in (what, "mixed"):
        names = [path.parent.name for path in (allocation / kind).glob("*/total_bytes")]
        profiles = [name for name in names if re.fullmatch(r"single|dup|raid\d+(c\d)?", name)]
        if profiles:
            return ", ".join(sorted(profiles))
    return Unknown(unknown=f"/sys/fs/btrfs has no allocation/{what} of this file system")


def _zfs(part: MountedPath, _root: Path, ask: AskProgram) -> Layer:
    dataset = part.mount.source
    return Layer(kind="zfs", name=shown(dataset), details=properties(ask, dataset))


def _nfs(part: MountedPath, _root: Path, _ask: AskProgram) -> Layer:
    mount = part.mount
    details = {
        "hard": _first_option(mount, "hard", "soft", "softerr"),
        "sync": yes_no("sync" in mount.options),
        "server": _server(mount),
        "version": mount.option("vers") or Unknown(unknown="the mount has no option vers"),
    }
    return Layer(kind=mount.filesystem, name=shown(mount.point), details=details)


def _first_option(mount: Mount, *names: str) -> Known[str]:
    unknown = Unknown(unknown=f"the mount has none of the options {', '.join(names)}")
    return next((name for name in names if name in mount.options), unknown)


def _server(mount: Mount) -> Known[str]:
    """ "db-nfs:/export" -> "db-nfs"; an IPv6 address stands in brackets."""
    server, found, _ = mount.source.partition(":/")
    return shown(server) if found else Unknown(unknown="the mount's source names no server")


_DESCRIBE: Final[dict[str, Callable[[MountedPath, Path, AskProgram], Layer]]] = {
    "overlay": _overlay,
    "btrfs": _btrfs,
    "zfs": _zfs,
    "nfs": _nfs,
    "nfs4": _nfs,
}
