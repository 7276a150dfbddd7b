"""Counters of the devices."""

from pathlib import Path

import pytest

from advisor.measurement import Unknown
from advisor.probe.block_stat import DeviceCounters, read_counters

# four of reads, four of writes, three of the queue, four of discards, two of flushes
NEW_LINE = "8788 6119 1518586 3290 1618 10843 449496 1135 0 2048 4811 3315 60 41208 373 109 11\n"
NEWER_LINE = "1 1 1 1 1 1 1000 1 1 1 1 1 1 1 1 7 1\n"
OLD_LINE = "8788 6119 1518586 3290 1618 10843 449496 1135 0 2048 4811\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three disks: two of new kernels, one of an old one."""
    for name, line in (("sda", NEW_LINE), ("sdb", NEWER_LINE), ("old", OLD_LINE)):
        (tmp_path / "sys/block" / name).mkdir(parents=True)
        (tmp_path / "sys/block" / name / "stat").write_text(line)
    return tmp_path


def test_the_right_fields(root: Path) -> None:
    assert read_counters(["sda"], root) == DeviceCounters(109, 449496 * 512)


def test_devices_are_summed(root: Path) -> None:
    assert read_counters(["sda", "sdb"], root) == DeviceCounters(116, 450496 * 512)


def test_an_nvme_drive_with_several_paths_is_counted_on_these(root: Path) -> None:
    """As Linux 6.1 has them: the drive itself stays at 0."""
    idle = " ".join(["0"] * 17)
    for name, line in (
        ("nvme1n1", idle),
        ("nvme1c1n1", NEW_LINE),
        ("nvme1c2n1", NEWER_LINE),
        ("nvme1c1n2", NEWER_LINE),  # another drive's
        ("nvme11c1n1", NEWER_LINE),
    ):
        (root / "sys/block" / name).mkdir()
        (root / "sys/block" / name / "stat").write_text(line)
    assert read_counters(["nvme1n1"], root) == DeviceCounters(116, 450496 * 512)


def test_an_nvme_drive_with_one_path_counts_itself(root: Path) -> None:
    (root / "sys/block/nvme0n1").mkdir()
    (root / "sys/block/nvme0n1/stat").write_text(NEW_LINE)
    assert read_counters(["nvme0n1"], root) == DeviceCounters(109, 449496 * 512)


def test_old_kernels_count_no_flushes(root: Path) -> None:
    counters = read_counters(["sda", "old"], root)
    assert isinstance(counters.flush_requests, Unknown)
    assert "5.5" in counters.flush_requests.unknown
    assert counters.written_bytes == 2 * 449496 * 512


def test_what_is_not_known_stays_unknown(root: Path) -> None:
    why = Unknown(unknown="nfs")
    assert read_counters(why, root) == DeviceCounters(why, why)
    assert isinstance(read_counters([], root).flush_requests, Unknown)
    assert isinstance(read_counters(["sda", "gone"], root).written_bytes, Unknown)


def test_differences() -> None:
    why = Unknown(unknown="why")
    assert DeviceCounters(30, 500).since(DeviceCounters(10, 100)) == DeviceCounters(20, 400)
    assert DeviceCounters(why, 500).since(DeviceCounters(10, why)) == DeviceCounters(why, why)


def test_a_counter_that_went_back_is_unknown() -> None:
    before, after = DeviceCounters(100, 4096), DeviceCounters(7, 8192)
    gone_back = Unknown(unknown="a counter of the device went back; was it replaced?")
    assert after.since(before) == DeviceCounters(gone_back, 4096)
