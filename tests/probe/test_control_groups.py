"""Limits of control groups, as containers and services have them."""

from pathlib import Path

import pytest

from advisor.measurement import IoLimits, LimitFile
from advisor.model import Unknown
from advisor.probe.control_groups import cpu_quotas, io_limits, memory_limits_bytes

V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
BLKIO = "38 31 0:35 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
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
    assert io_limits(["8:0"], tmp_path) == Unknown(
        unknown="no control groups that could limit a device are mounted here"
    )


def test_io_max_is_the_least_of_all_levels_and_devices(tmp_path: Path) -> None:
    files = {
        "system.slice/io.max": "8:16 rbps=max wbps=50000000 riops=max wiops=900",
        "system.slice/db.service/io.max": (
            "8:0 rbps=7000000 wbps=max riops=max wiops=max\n"
            "8:16 rbps=8000000 wbps=60000000 riops=max wiops=800\n"
            "8:160 rbps=1 wbps=1 riops=1 wiops=1"
        ),
    }
    root = host(tmp_path, V2, "0::/system.slice/db.service", files)
    own = "/sys/fs/cgroup/system.slice/db.service/io.max"
    assert io_limits(["8:0", "8:16"], root) == IoLimits(
        read_bytes_per_s=7_000_000,
        write_bytes_per_s=50_000_000,
        write_ops_per_s=800,
        files={
            "read_bytes_per_s": LimitFile(path=own, lifted_by="8:0 rbps=max"),
            "write_bytes_per_s": LimitFile(
                path="/sys/fs/cgroup/system.slice/io.max", lifted_by="8:16 wbps=max"
            ),
            "write_ops_per_s": LimitFile(path=own, lifted_by="8:16 wiops=max"),
        },
    )
    assert io_limits(["8:32"], root) == IoLimits()


def test_limits_of_version_1(tmp_path: Path) -> None:
    files = {
        "blkio/blkio.throttle.write_iops_device": "8:0 500",
        "blkio/docker/abc/blkio.throttle.read_bps_device": "8:0 1048576\n8:16 1",
        "blkio/docker/abc/blkio.throttle.write_bps_device": "",
        "blkio/docker/abc/blkio.throttle.read_iops_device": "8:0 18446744073709551615",
        "blkio/docker/abc/blkio.throttle.write_iops_device": "8:0 600",
    }
    root = host(tmp_path, BLKIO, "7:blkio:/docker/abc", files)
    top = "/sys/fs/cgroup/blkio"
    assert io_limits(["8:0"], root) == IoLimits(
        read_bytes_per_s=1_048_576,
        write_ops_per_s=500,
        files={
            "read_bytes_per_s": LimitFile(
                path=f"{top}/docker/abc/blkio.throttle.read_bps_device", lifted_by="8:0 0"
            ),
            "write_ops_per_s": LimitFile(
                path=f"{top}/blkio.throttle.write_iops_device", lifted_by="8:0 0"
            ),
        },
    )


def test_nonsense_in_io_max_limits_nothing(tmp_path: Path) -> None:
    files = {"io.max": "8:0 rbps=many wbps wiops=-5 =\n\nio"}
    assert io_limits(["8:0"], host(tmp_path, V2, "0::/", files)) == IoLimits()


def test_a_group_out_of_sight_is_unknown(tmp_path: Path) -> None:
    """As where a container shows the host's path, and not the host's groups."""
    root = host(tmp_path, V2, "0::/docker/abc", {"io.max": "8:0 wiops=5"})
    assert io_limits(["8:0"], root) == Unknown(
        unknown=f"the control group {tmp_path}/sys/fs/cgroup/docker/abc cannot be seen from here"
    )
