"""The limits that control groups set this process, version 1 and 2."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from advisor.probe.mounts import Mount, mounts


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


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The directories of this process's group and those above it, up to the mount.

    `controller` is "memory" or "cpu" for version 1, "" for version 2.
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
