"""Limits of control groups, as containers and services have them."""

from pathlib import Path

import pytest

from advisor.probe.control_groups import cpu_quotas, memory_limits_bytes

V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
UNLIMITED_V1 = "9223372036854771712"


def host(root: Path, mountinfo: str, own: str, files: dict[str, str]) -> Path:
    for path, text in {
        "proc/self/mountinfo": mountinfo,
        "proc/self/cgroup": own,
        **{f"sys/fs/cgroup/{path}": text for path, text in files.items()},
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    return root


def test_version_2_with_limits_on_two_levels(tmp_path: Path) -> None:
    files = {
        "system.slice/memory.max": "max",
        "system.slice/cpu.max": "400000 100000",
        "system.slice/db.service/memory.max": "8589934592",
        "system.slice/db.service/cpu.max": "max 100000",
    }
    root = host(tmp_path, V2, "0::/system.slice/db.service", files)
    assert memory_limits_bytes(root) == [8589934592]
    assert cpu_quotas(root) == [4]


def test_version_2_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    files = {"memory.max": "1073741824", "cpu.max": "150000 100000"}
    root = host(tmp_path, V2, "0::/", files)
    assert memory_limits_bytes(root) == [1073741824]
    assert cpu_quotas(root) == [2]


def test_version_1(tmp_path: Path) -> None:
    files = {
        "memory/memory.limit_in_bytes": UNLIMITED_V1,
        "memory/docker/memory.limit_in_bytes": UNLIMITED_V1,
        "memory/docker/abc/memory.limit_in_bytes": "2147483648",
        "cpu/docker/abc/cpu.cfs_quota_us": "50000",
        "cpu/docker/abc/cpu.cfs_period_us": "100000",
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
    }
    root = host(tmp_path, V1, "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc", files)
    assert min(memory_limits_bytes(root)) == 2147483648
    assert cpu_quotas(root) == [1]  # half a processor is one


@pytest.mark.parametrize("own", ["4:memory:/docker/abc", "4:memory:/../sibling"])
def test_version_1_where_only_the_own_group_is_mounted(tmp_path: Path, own: str) -> None:
    mountinfo = V1.replace("0:32 / ", "0:32 /docker/abc ")
    files = {"memory/memory.limit_in_bytes": "2147483648"}
    assert memory_limits_bytes(host(tmp_path, mountinfo, own, files)) == [2147483648]


def test_both_versions_at_once(tmp_path: Path) -> None:
    files = {
        "memory/box/memory.limit_in_bytes": "3000000000",
        "memory.max": "2000000000",
    }
    root = host(tmp_path, V1 + V2, "4:memory:/box\n0::/", files)
    assert sorted(memory_limits_bytes(root)) == [2000000000, 3000000000]


def test_no_groups_at_all(tmp_path: Path) -> None:
    assert memory_limits_bytes(tmp_path) == []
    assert cpu_quotas(tmp_path) == []
