"""A host made up of files: its /proc, /sys and /dev under a folder of a test's own."""

import os
from pathlib import Path

import pytest

from advisor.measurement import Device, Target
from advisor.model import Unknown
from advisor.probe.devices import describe_target
from advisor.probe.layers import AskProgram, ask_nobody

QUEUE = {
    "rotational": "0",
    "write_cache": "write back",
    "fua": "1",
    "scheduler": "[none] mq-deadline kyber",
    "logical_block_size": "512",
    "physical_block_size": "4096",
}


class Host:
    """A made-up host, in which the directory `data` is on the device of its own choosing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.data.mkdir()
        device = self.data.stat().st_dev
        self.number = f"{os.major(device)}:{os.minor(device)}"
        self.mountinfo = f"1 1 {self.number} / {root} rw,noatime - ext4 /dev/sda1 rw,barrier\n"

    def disk(self, path: str, *, queue: dict[str, str] | None = None, **device: str) -> Path:
        """A disk at a path under /sys/devices, with its queue and the files of its device."""
        node = self.root / "sys/devices" / path
        (node / "queue").mkdir(parents=True)
        (node / "slaves").mkdir()
        for name, text in (QUEUE | (queue or {})).items():
            (node / "queue" / name).write_text(text + "\n")
        (node / "size").write_text("1000\n")
        if device:
            (node / "device").mkdir()
        for name, text in device.items():
            (node / "device" / name).write_text(text + "\n")
        block = self.root / "sys/class/block"
        block.mkdir(parents=True, exist_ok=True)
        (block / node.name).symlink_to(node)
        return node

    def holds_data(self, node: Path) -> None:
        """Puts the directory onto this device."""
        numbers = self.root / "sys/dev/block"
        numbers.mkdir(parents=True, exist_ok=True)
        (numbers / self.number).symlink_to(node)

    def write(self, files: dict[str, str]) -> None:
        """Files by their paths from the root, each with a newline at its end."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    def target(self, ask: AskProgram = ask_nobody) -> Target:
        """The directory, described."""
        (self.root / "proc/self").mkdir(parents=True, exist_ok=True)
        path = self.root / "proc/self/mountinfo"
        path.write_text(self.mountinfo, "utf-8", "surrogateescape")
        return describe_target(self.data, 123, self.root, ask)

    def devices(self) -> tuple[Device, ...]:
        """The leaf devices, which must be known."""
        devices = self.target().devices
        assert not isinstance(devices, Unknown), devices
        return devices


class Anonymous(Host):
    """A host whose directory is on a device with major number 0, like btrfs and overlay."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root)
        real_major = os.major
        own_device = self.data.stat().st_dev
        monkeypatch.setattr(
            os, "major", lambda device: 0 if device == own_device else real_major(device)
        )
        self.number = f"0:{os.minor(own_device)}"


def lay(upper: Path, *lower: Path) -> None:
    """Puts one device onto others."""
    for node in lower:
        (upper / "slaves" / node.name).symlink_to(node)
