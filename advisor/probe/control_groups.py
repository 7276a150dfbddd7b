"""The limits that control groups set this process, version 1 and 2."""

import math
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from advisor.measurement import IoLimits, LimitFile
from advisor.model import Known, Unknown
from advisor.probe.mounts import Mount, mounts
from advisor.probe.sysfs import shown

IO_LIMITS: Final = (
    ("read_bytes_per_s", "rbps", "read_bps"),
    ("write_bytes_per_s", "wbps", "write_bps"),
    ("read_ops_per_s", "riops", "read_iops"),
    ("write_ops_per_s", "wiops", "write_iops"),
)
"""Limit -> its key in version 2's io.max, and in the names of version 1's blkio.throttle files."""


def memory_limits_bytes(root: Path = Path("/")) -> list[int]:
    """The memory limits of this process's groups and all groups above them; may be empty."""
    limits = [
        _number(group / name)
        for controller, name in (("memory", "memory.limit_in_bytes"), ("", "memory.max"))
        for group in _groups(controller, root)
    ]
    return [limit for limit in limits if limit is not None]


def cpu_quotas(root: Path = Path("/")) -> list[int]:
    """Processors that the groups' quotas amount to, rounded up, at least 1; may be empty."""
    quotas = []
    for group in _groups("cpu", root):
        quotas.append((_number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")))
    for group in _groups("", root):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        quotas.append((_integer(quota), _integer(period)))
    return [
        max(1, math.ceil(quota / period))
        for quota, period in quotas
        if quota and period and quota > 0
    ]


def io_limits(devices: Collection[str], root: Path = Path("/")) -> Known[IoLimits]:
    """What this process's groups and those above them allow of these devices ("8:0"): the least.

    What lies above a container's own groups is not seen in it.
    """
    groups, groups_v1 = list(_groups("", root)), list(_groups("blkio", root))
    if not groups and not groups_v1:
        return Unknown(unknown="no control groups that could limit a device are mounted here")
    hidden = [own for own in (groups[:1] + groups_v1[:1]) if not own.is_dir()]
    if hidden:
        return Unknown(unknown=f"the control group {hidden[0]} cannot be seen from here")
    least: dict[str, int] = {}
    files: dict[str, LimitFile] = {}
    for name, key, key_v1 in IO_LIMITS:
        told = [
            (group / "io.max", device, _io_max(group / "io.max", device, key), f"{key}=max")
            for group in groups
            for device in devices
        ]
        for path in (group / f"blkio.throttle.{key_v1}_device" for group in groups_v1):
            of_device = _by_device(path)
            told += [(path, device, of_device.get(device, ""), "0") for device in devices]
        # More than that no file of ours holds, and no device does.
        limits = [
            (limit, path, f"{device} {lifted}")
            for path, device, text, lifted in told
            if (limit := _integer(text)) and 0 < limit <= 2**63
        ]
        if limits:
            least[name], path, line = min(limits)
            files[name] = LimitFile(path=shown(f"/{path.relative_to(root)}"), lifted_by=line)
    return IoLimits(**least, files=files)


def _io_max(path: Path, device: str, key: str) -> str:
    """ "8:16 rbps=2097152 wbps=max riops=max wiops=120" -> one of these; "" where there is none."""
    fields = dict(
        field.partition("=")[::2] for field in _by_device(path).get(device, "").split(" ")
    )
    return fields.get(key, "")


def _by_device(path: Path) -> dict[str, str]:
    """Lines that begin with a device's number -> what follows it."""
    lines = [line.partition(" ") for line in _text(path).split("\n")]
    return {number: rest.strip() for number, _, rest in lines}


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The directories of this process's group and those above it, up to the mount.

    `controller` is "memory", "cpu" or "blkio" for version 1, "" for version 2.
    """
    path = _own_group(controller, root)
    mount = _mount(controller, root)
    if path is None or mount is None:
        return
    top = root / mount.point.lstrip("/")
    relative = os.path.relpath(path, mount.root)
    group = top if relative.startswith("..") else top / relative
    while True:
        yield group
        if group == top:
            return
        group = group.parent


def _own_group(controller: str, root: Path) -> str | None:
    """ "4:memory:/user" -> "/user"; version 2 is "0::/user"."""
    for line in _text(root / "proc/self/cgroup").split("\n"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return path
    return None


def _mount(controller: str, root: Path) -> Mount | None:
    for mount in mounts(root):
        if mount.filesystem == "cgroup2" and not controller:
            return mount
        if mount.filesystem == "cgroup" and controller in mount.options:
            return mount
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    return _integer(_text(path))


def _integer(text: str) -> int | None:
    """None for "max" and for nothing."""
    try:
        return int(text)
    except ValueError:
        return None
