"""From a directory to the leaf block devices under it, by /proc and /sys. No root, no lsblk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from advisor.measurement import Device, Known, Target, Unknown
from advisor.probe.mounts import Mount, mount_of

T = TypeVar("T")

SECTOR_BYTES: Final = 512
DEPTH_MAX: Final = 8
"""Layers of file systems on loop devices and overlays that are followed."""

TRANSPORTS: Final = (
    ("virtio", "virtio"),
    ("nvme", "nvme"),
    ("usb", "usb"),
    ("ata", "sata"),
    ("end_device-", "sas"),
    ("mmc", "mmc"),
    ("vbd-", "xen"),
    ("host", "scsi"),
    ("loop", "loop"),
    ("zram", "memory"),
    ("ram", "memory"),
    ("nullb", "memory"),
)
"""What a part of a device's path in /sys begins with -> its transport; the first that fits."""

VIRTUAL_VENDORS: Final = (
    *("QEMU", "VMware", "Msft", "VBOX", "Google", "Xen", "NUTANIX"),
    "ORACLE BlockVolume",
)
"""How vendor and model of a virtual disk begin, where the transport does not give it away."""


def describe_target(directory: Path, free_bytes: int | None, root: Path = Path("/")) -> Target:
    """The directory, its mount and its devices. `root` holds the proc, sys and dev to read.

    Raises OSError when the directory cannot be looked at.
    """
    path = os.path.realpath(directory)
    device = os.stat(path).st_dev
    mount = mount_of(path, device, root)
    no_mount = Unknown(unknown="no line of /proc/self/mountinfo fits the directory")
    return Target(
        directory=_shown(path),
        device_id=_number(device),
        filesystem=mount.filesystem if mount else no_mount,
        mount_point=_shown(mount.point) if mount else no_mount,
        mount_source=_shown(mount.source) if mount else no_mount,
        mount_options=tuple(map(_shown, mount.options)) if mount else (),
        free_bytes=Unknown(unknown="the file system does not say")
        if free_bytes is None
        else free_bytes,
        devices=_devices(path, root),
        record_bytes=_record_bytes(path, mount),
    )


def _shown(name: str) -> str:
    """A name that is not UTF-8 could not be saved."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _record_bytes(path: str, mount: Mount | None) -> Known[int]:
    """ZFS gives its record size for the size of its blocks (zfs_statvfs in OpenZFS's
    module/os/linux/zfs/zfs_vfsops.c)."""
    if mount is None or mount.filesystem != "zfs":
        return Unknown(unknown="only ZFS has records")
    return os.statvfs(path).f_bsize


def _devices(path: str, root: Path) -> Known[tuple[Device, ...]]:
    leaves = _leaves_under(path, root, DEPTH_MAX)
    if isinstance(leaves, Unknown):
        return leaves
    return tuple(_describe(leaf) for leaf in dict.fromkeys(leaves))


def _leaves_under(path: str, root: Path, depth: int) -> Known[list[Path]]:
    """The sysfs directories of the leaf devices that hold `path`."""
    try:
        device = os.stat(path).st_dev
    except OSError as error:
        return Unknown(unknown=f"{path} cannot be seen from here: {error.strerror}")
    if os.major(device):
        node = _node(device, root)
        if node is None:
            return Unknown(unknown=f"/sys has no block device {_number(device)}")
        return _leaves_of(node, root, depth)
    mount = mount_of(os.path.realpath(path), device, root)
    if mount is None:
        return Unknown(unknown=f"no mount found for device {_number(device)}")
    if mount.filesystem == "btrfs":
        return _btrfs_leaves(mount, root, depth)
    if mount.filesystem == "overlay" and (upper := mount.option("upperdir")):
        if depth == 0:
            return Unknown(unknown="too many layers")
        return _leaves_under(upper, root, depth - 1)
    return Unknown(unknown=f"{mount.filesystem} does not say on which block device it is")


def _node(device: int, root: Path) -> Path | None:
    """A device's directory in sysfs, also where a container's runtime masks /sys/dev/block."""
    number = _number(device)
    by_number = root / "sys/dev/block" / number
    if by_number.exists():
        return by_number.resolve()
    named = (root / "sys/class/block").glob("*/dev")
    return next((path.parent.resolve() for path in named if _text(path) == number), None)


def _leaves_of(node: Path, root: Path, depth: int) -> list[Path]:
    """From one block device down: partition -> disk, dm and md -> members, loop -> its file."""
    if (node / "partition").exists():
        node = node.parent
    slaves = sorted((node / "slaves").glob("*"))
    if slaves and depth:
        return [leaf for slave in slaves for leaf in _leaves_of(slave.resolve(), root, depth - 1)]
    backing_file = _text(node / "loop/backing_file")
    if isinstance(backing_file, str) and depth:
        below = _leaves_under(backing_file, root, depth - 1)
        if not isinstance(below, Unknown):
            return below
    return [node]


def _btrfs_leaves(mount: Mount, root: Path, depth: int) -> Known[list[Path]]:
    """A btrfs may lie on several devices; its mount names one of them."""
    source = root / mount.source.lstrip("/")
    name = source.resolve().name
    for members in sorted((root / "sys/fs/btrfs").glob("*/devices")):
        nodes = sorted(members.iterdir())
        if name in [node.name for node in nodes]:
            return [leaf for node in nodes for leaf in _leaves_of(node.resolve(), root, depth)]
    node = root / "sys/class/block" / name
    if node.exists():
        return _leaves_of(node.resolve(), root, depth)
    return Unknown(unknown=f"btrfs is mounted from {mount.source}, which /sys does not know")


def _describe(node: Path) -> Device:
    transport = _transport(node)
    model = _first_text(node / "device/model", node / "device/name")
    vendor = _text(node / "device/vendor")
    return Device(
        name=node.name,
        model=model,
        vendor=vendor,
        transport=transport,
        rotational=_rotational(node, transport, f"{vendor} {model}"),
        write_cache=_text(node / "queue/write_cache"),
        fua=_convert(_text(node / "queue/fua"), lambda text: text != "0"),
        scheduler=_convert(_text(node / "queue/scheduler"), _chosen),
        logical_block_bytes=_convert(_text(node / "queue/logical_block_size"), int),
        physical_block_bytes=_convert(_text(node / "queue/physical_block_size"), int),
        size_bytes=_convert(_text(node / "size"), lambda text: int(text) * SECTOR_BYTES),
        atomic_write_bytes=_convert(_text(node / "queue/atomic_write_unit_max_bytes"), int),
    )


def _transport(node: Path) -> Known[str]:
    for beginning, transport in TRANSPORTS:
        if any(_begins(part, beginning) for part in node.parts):
            return transport
    return Unknown(unknown="the device's path in /sys names no bus")


def _begins(part: str, beginning: str) -> bool:
    """ "ata1" begins with "ata"; "atari" does not: a number follows, in one way or another."""
    rest = part.removeprefix(beginning)
    return part.startswith(beginning) and (rest[:1].isdigit() or rest.startswith(("-", "_")))


def _rotational(node: Path, transport: Known[str], name: str) -> Known[bool]:
    if transport == "virtio":
        return Unknown(unknown="virtio reports 1 for every disk")
    if transport == "xen" or any(vendor in name for vendor in VIRTUAL_VENDORS):
        return Unknown(unknown="a virtual disk: what it reports is not the drive's")
    return _convert(_text(node / "queue/rotational"), lambda text: text == "1")


def _chosen(schedulers: str) -> str:
    """ "none [mq-deadline] kyber" -> "mq-deadline"."""
    chosen = schedulers.partition("[")[2].partition("]")[0]
    return chosen or schedulers


def _text(path: Path) -> Known[str]:
    """The stripped text of a file in /sys, or which file it was that says nothing."""
    try:
        text = path.read_text("utf-8", "replace").strip()
    except OSError:
        text = ""
    return text or Unknown(unknown=f"/sys has no {path.parent.name}/{path.name} of this device")


def _first_text(*paths: Path) -> Known[str]:
    texts = [_text(path) for path in paths]
    return next((text for text in texts if isinstance(text, str)), texts[0])


def _convert(text: Known[str], convert: Callable[[str], T]) -> Known[T]:
    if isinstance(text, Unknown):
        return text
    try:
        return convert(text)
    except ValueError:
        return Unknown(unknown=f"/sys says {text!r}")


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"
