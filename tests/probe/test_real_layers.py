"""Layers that this machine really has: a loop device, an overlay on one, flags of a directory."""

import os
import struct
import subprocess
from fcntl import ioctl
from pathlib import Path

from advisor.measurement import Layer
from advisor.model import Unknown
from advisor.probe.devices import describe_target
from advisor.probe.file_systems import inode_flags
from tests.support.faults import missing
from tests.support.loop_mount import loop_mount, overlay_mount

FS_IOC_SETFLAGS = 0x40086602
FS_NODUMP_FL = 0x40
FS_DIRSYNC_FL = 0x10000


def test_an_overlay_on_a_loop_device_on_this_disk(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 16) as loop:
        below = describe_target(tmp_path, None)
        folder = loop / "over"
        folder.mkdir()
        with overlay_mount(folder) as point:
            target = describe_target(point, None)
    assert not isinstance(target.layers, Unknown)
    assert not isinstance(below.layers, Unknown)
    overlay, upper, device, outer, *rest = target.layers
    assert (upper.kind, upper.mount_point) == ("ext4", str(loop))
    assert "rw" in upper.mount_options
    assert outer.kind == below.filesystem
    assert outer.mount_point == below.mount_point
    assert outer.mount_options == below.mount_options
    assert overlay == Layer(
        kind="overlay", name=str(point), details={"upperdir": str(folder / "upper")}
    )
    assert device.kind == "loop"
    assert device.name.startswith("loop")
    assert device.details == {"backing_file": str(tmp_path / "image"), "direct_io": "no"}
    assert tuple(rest) == below.layers
    assert target.devices == below.devices


def test_the_flags_of_a_directory(tmp_path: Path) -> None:
    """Of ext4 here, which has the same call as btrfs; 0x10000 is what chattr +D sets."""
    before = inode_flags(str(tmp_path))
    assert before & (FS_NODUMP_FL | FS_DIRSYNC_FL) == 0
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        ioctl(descriptor, FS_IOC_SETFLAGS, struct.pack("l", before | FS_NODUMP_FL | FS_DIRSYNC_FL))
    except OSError as error:
        missing(f"this file system has no flags: {error.strerror}")
    finally:
        os.close(descriptor)
    assert inode_flags(str(tmp_path)) == before | FS_NODUMP_FL | FS_DIRSYNC_FL


def test_a_btrfs_in_a_file(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("mounting needs root")
    image, point = tmp_path / "image", tmp_path / "point"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(128 << 20)
    try:
        subprocess.run(
            ["mkfs.btrfs", "-q", "-d", "single", "-m", "dup", image],
            check=True,
            capture_output=True,
        )
        subprocess.run(["mount", "-o", "loop", image, point], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        missing(f"there is no btrfs here: {error}")
    try:
        plain, without = point / "plain", point / "without"
        plain.mkdir()
        without.mkdir()
        descriptor = os.open(without, os.O_RDONLY)
        ioctl(descriptor, FS_IOC_SETFLAGS, struct.pack("l", 0x00800000))
        os.close(descriptor)
        found = [describe_target(folder, None).layers for folder in (plain, without)]
    finally:
        subprocess.run(["umount", point], check=True)
    for layers, nodatacow in zip(found, ("no", "yes"), strict=True):
        assert not isinstance(layers, Unknown)
        assert layers[0] == Layer(
            kind="btrfs",
            name=str(point),
            details={
                "nodatacow": nodatacow,
                "data_profile": "single",
                "metadata_profile": "dup",
            },
        )
        assert layers[1].kind == "loop"
