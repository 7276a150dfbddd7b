"""mountinfo: which line holds a path."""

import os
import subprocess
from pathlib import Path

import pytest

from advisor.probe.mounts import Mount, mount_of, mounts, seen_from_here
from tests.support.faults import missing

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 27 8:2 / /srv rw,noatime shared:2 master:1 - xfs /dev/sda2 rw,attr2
31 27 8:3 /sub /srv/my\040data\134x rw - ext4 /dev/mapper/vg-a\040b rw,data=ordered
32 27 8:4 / /over rw - ext4 /dev/sdb rw
33 27 8:5 / /over rw - ext4 /dev/sdc rw
34 27 8:6 / /hidden/inner rw - ext4 /dev/sdd rw
35 27 8:7 / /hidden rw - ext4 /dev/sde rw
40 27 0:50 / /c rw - overlay overlay rw,lowerdir=/l,upperdir=/up\054dir\054,workdir=/w,volatile
41 27 0:51 / /d rw - overlay overlay rw,upperdir=/a\,b
not a mount at all
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with these mounts."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTINFO)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "device", "source"),
    [
        ("/", (8, 1), "/dev/sda1"),
        ("/var/lib/mysql", (8, 1), "/dev/sda1"),
        ("/srv", (8, 2), "/dev/sda2"),
        ("/srv/pg", (8, 2), "/dev/sda2"),
        ("/srvother", (8, 1), "/dev/sda1"),
        ("/srv/my data\\x/pg", (8, 3), "/dev/mapper/vg-a b"),
        ("/over/x", (8, 5), "/dev/sdc"),  # mounted over the other
        ("/over/x", (0, 77), "/dev/sdc"),  # an unknown device: the last mounted
        ("/hidden/inner/x", (8, 7), "/dev/sde"),  # the longer one lies hidden below
        ("/srv/subvolume", (0, 88), "/dev/sda2"),
    ],
)
def test_the_mount_of_a_path(root: Path, path: str, device: tuple[int, int], source: str) -> None:
    mount = mount_of(path, os.makedev(*device), root)
    assert mount is not None
    assert mount.source == source


def test_a_line_in_full(root: Path) -> None:
    assert mounts(root)[3] == Mount(
        device_id="8:3",
        root="/sub",
        point="/srv/my data\\x",
        filesystem="ext4",
        source="/dev/mapper/vg-a b",
        options=("rw", "data=ordered"),
    )


def test_options_with_commas_in_them(root: Path) -> None:
    overlay, escaped = mounts(root)[-2:]
    assert overlay.option("upperdir") == "/up,dir,"
    assert "volatile" in overlay.options
    assert overlay.option("missing") is None
    assert escaped.option("upperdir") == "/a,b"


def test_no_proc(tmp_path: Path) -> None:
    assert mounts(tmp_path) == []
    assert mount_of("/", 0, tmp_path) is None


def test_a_directory_of_a_process_with_mounts_of_its_own(tmp_path: Path) -> None:
    """As of a container: it is called otherwise there, or lies where this host shows nothing."""
    if os.geteuid() != 0:
        missing("mounts of one's own need root")
    data, hidden = tmp_path / "volume/data", tmp_path / "hidden"
    data.mkdir(parents=True)
    hidden.mkdir()
    script = (
        f"mount --make-rprivate / && mount --bind {tmp_path}/volume /mnt"
        f" && mount -t tmpfs x {hidden} && echo ready && read line"
    )
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            missing("this machine lets nobody have mounts of one's own")
        assert seen_from_here(process.pid, "/mnt/data") == (data, True)
        assert seen_from_here(process.pid, str(hidden)) == (None, True)
        assert seen_from_here(process.pid, "/mnt/absent") == (None, True)
        process.stdin.write(b"\n")
    assert seen_from_here(os.getpid(), str(data)) == (data, False)
