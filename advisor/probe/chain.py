"""From a directory down to its leaf block devices, by /proc and /sys; ZFS alone is asked for its
own. No root, no lsblk."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.model import Known, Unknown
from advisor.probe.mounts import Mount, mount_of
from advisor.probe.programs import AskProgram
from advisor.probe.sysfs import number_of, shown, text_of
from advisor.probe.zfs_pools import pool_devices

DEPTH_MAX: Final = 16
"""Layers that are followed: a loop device may lie on itself."""


@dataclass(frozen=True, slots=True)
class MountedPath:
    """A path on a file system that has no block device of its own (btrfs, overlay, ZFS, NFS, ...),
    or on any that holds a loop device's file or an overlay's upper directory."""

    path: str
    """Of a file system with a block device its mount point: all paths there are on the same."""
    mount: Mount
    is_below: bool = False
    """It is not the directory's own file system."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What holds a directory."""

    parts: tuple[MountedPath | Path, ...]
    """Each once, whatever lies on another before that one, and of two beside each other the first
    by name first. A block device, which leaves are, too, is its directory in sysfs."""
    leaves: Known[tuple[Path, ...]]
    """The leaf devices' directories in sysfs; where the way to them is lost, why, and `parts` are
    those above."""

    @property
    def block_devices(self) -> tuple[Path, ...]:
        """Those that have a queue: partitions are none."""
        nodes = [part for part in self.parts if isinstance(part, Path)]
        return tuple(node for node in nodes if not (node / "partition").exists())


def chain_under(path: str, root: Path, ask: AskProgram) -> Chain:
    """What holds the resolved `path`. `root` holds the proc, sys and dev to read."""
    walk = _Walk(root, ask)
    leaves = walk.path(path, DEPTH_MAX)
    known = leaves if isinstance(leaves, Unknown) else tuple(dict.fromkeys(leaves))
    return Chain(tuple(reversed(walk.finished)), known)


def node_of(number: str, root: Path) -> Path | None:
    """A device's directory in sysfs, also where a container's runtime masks /sys/dev/block."""
    by_number = root / "sys/dev/block" / number
    if by_number.exists():
        return by_number.resolve()
    named = (root / "sys/class/block").glob("*/dev")
    return next((path.parent.resolve() for path in named if text_of(path) == number), None)


def btrfs_folder(mount: Mount, root: Path) -> Path | None:
    """What sysfs has of a mounted btrfs; it may lie on several devices, and its mount names one."""
    name = source_name(mount, root)
    folders = sorted((root / "sys/fs/btrfs").glob("*/devices"))
    return next((folder.parent for folder in folders if (folder / name).exists()), None)


def source_name(mount: Mount, root: Path) -> str:
    """What sysfs calls the device of a mount: "/dev/mapper/vg-data" -> "dm-0"."""
    return (root / mount.source.lstrip("/")).resolve().name


class _Walk:
    """Each part is finished after all that it lies on: from the last to the first, nothing comes
    before what lies on it."""

    def __init__(self, root: Path, ask: AskProgram) -> None:
        self.root, self.ask = root, ask
        self.finished: dict[MountedPath | Path, None] = {}

    def path(self, path: str, depth: int) -> Known[list[Path]]:
        """The leaves that hold `path`."""
        try:
            device = os.stat(path).st_dev
        except OSError as error:
            return Unknown(unknown=f"{shown(path)} cannot be seen from here: {error.strerror}")
        number = number_of(device)
        if os.major(device):
            return self._on_device(path, device, depth)
        mount = mount_of(os.path.realpath(path), device, self.root)
        if mount is None:
            return Unknown(unknown=f"no mount found for device {number}")
        leaves = self._under_mount(mount, depth)
        self.finished.setdefault(MountedPath(path, mount, depth < DEPTH_MAX))
        return leaves

    def _on_device(self, path: str, device: int, depth: int) -> Known[list[Path]]:
        """Of a file system that has one block device."""
        node = node_of(number_of(device), self.root)
        if node is None:
            leaves: Known[list[Path]] = Unknown(
                unknown=f"/sys has no block device {number_of(device)}"
            )
        else:
            leaves = self.block(node, depth)
        mount = mount_of(os.path.realpath(path), device, self.root)
        if mount and depth < DEPTH_MAX:
            self.finished.setdefault(MountedPath(mount.point, mount, is_below=True))
        return leaves

    def _under_mount(self, mount: Mount, depth: int) -> Known[list[Path]]:
        if mount.filesystem == "btrfs":
            return self._under_btrfs(mount, depth)
        if mount.filesystem == "zfs":
            return self._under_zfs(mount, depth)
        if mount.filesystem == "overlay" and (upper := mount.option("upperdir")):
            if depth == 0:
                return Unknown(unknown="too many layers")
            if not os.path.isabs(upper):
                return Unknown(unknown=f"the overlay's upper directory is relative: {shown(upper)}")
            return self.path(upper, depth - 1)
        return Unknown(unknown=f"{mount.filesystem} does not say on which block device it is")

    def _under_btrfs(self, mount: Mount, depth: int) -> Known[list[Path]]:
        folder = btrfs_folder(mount, self.root)
        if folder is not None:
            members = sorted((folder / "devices").iterdir())
            return self._blocks([member.resolve() for member in members], depth)
        node = self.root / "sys/class/block" / source_name(mount, self.root)
        if node.exists():
            return self.block(node.resolve(), depth)
        source = shown(mount.source)
        return Unknown(unknown=f"btrfs is mounted from {source}, which /sys does not know")

    def _under_zfs(self, mount: Mount, depth: int) -> Known[list[Path]]:
        paths = pool_devices(self.ask, mount.source)
        if isinstance(paths, Unknown):
            return paths
        if depth == 0:
            return Unknown(unknown="too many layers")
        found = []
        for path in reversed(paths):
            leaves = self._pool_device(path, depth - 1)
            if isinstance(leaves, Unknown):
                return leaves
            found.append(leaves)
        return [leaf for leaves in reversed(found) for leaf in leaves]

    def _pool_device(self, path: str, depth: int) -> Known[list[Path]]:
        name = path.removeprefix("/dev/")
        if name == path:
            return self.path(path, depth)
        node = self.root / "sys/class/block" / name.replace("/", "!")
        if not node.exists():
            return Unknown(unknown=f"/sys does not know {shown(path)}, on which the pool is")
        return self.block(node.resolve(), depth)

    def _blocks(self, nodes: Sequence[Path], depth: int) -> list[Path]:
        # The last is finished first, so that read backwards the first comes first.
        found = [self.block(node, depth) for node in reversed(nodes)]
        return [leaf for leaves in reversed(found) for leaf in leaves]

    def block(self, node: Path, depth: int) -> list[Path]:
        """From one block device down: partition -> disk, dm and md -> members, loop -> its file."""
        leaves = self._under_block(node, depth)
        self.finished.setdefault(node)
        return leaves

    def _under_block(self, node: Path, depth: int) -> list[Path]:
        if (node / "partition").exists():
            return self.block(node.parent, depth)
        slaves = sorted((node / "slaves").glob("*"))
        if slaves and depth:
            return self._blocks([slave.resolve() for slave in slaves], depth - 1)
        backing_file = text_of(node / "loop/backing_file")
        if isinstance(backing_file, str) and depth:
            below = self.path(backing_file, depth - 1)
            if not isinstance(below, Unknown):
                return below
        return [node]
