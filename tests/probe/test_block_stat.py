"""Counters of the devices."""

from pathlib import Path

import pytest

from advisor.analysis.looks import BlockStat, CpuTime
from advisor.model import Unknown
from advisor.probe.block_stat import DeviceCounters, read_counters, read_stat
from advisor.probe.observe import read_cpu

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


# Documentation/block/stat.rst: ticks are milliseconds, sectors 512 bytes.
def test_all_counters_of_a_device(root: Path) -> None:
    assert read_stat("sda", root) == BlockStat(
        reads=8788,
        read_bytes=1_518_586 * 512,
        read_us=3_290_000,
        writes=1618,
        written_bytes=449_496 * 512,
        write_us=1_135_000,
        busy_us=2_048_000,
        queued_us=4_811_000,
        flushes=109,
        flush_us=11_000,
    )


def test_an_old_kernel_times_no_flush(root: Path) -> None:
    found = read_stat("old", root)
    assert isinstance(found, BlockStat)
    assert found.flushes == Unknown(unknown="this kernel does not count flushes (5.5 and later do)")
    assert found.flush_us == 0
    assert found.write_us == 1_135_000


@pytest.mark.parametrize("line", ["", "1 2 3\n", "a b c d e f g h i j k\n", "-1 " * 11])
def test_counters_that_are_none(line: str, root: Path) -> None:
    (root / "sys/block/sda/stat").write_text(line)
    assert isinstance(read_stat("sda", root), Unknown)
    assert isinstance(read_stat("gone", root), Unknown)


# proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice.
def test_what_processors_do(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  100 20 30 1000 50 6 7 8 90 9\ncpu0 1 1 1 1\n")
    assert read_cpu(tmp_path) == CpuTime(busy=171, idle=1050)
    (tmp_path / "proc/stat").write_text("intr 1\n")
    assert isinstance(read_cpu(tmp_path), Unknown)
    assert isinstance(read_cpu(tmp_path / "nowhere"), Unknown)


def test_an_nvme_drive_with_several_paths_is_counted_by_its_paths(tmp_path: Path) -> None:
    """As the flushes of one are: what they did together, and how busy the busier one was."""
    lines = {"nvme1n1": OLD_LINE, "nvme1c0n1": NEW_LINE, "nvme1c1n1": NEWER_LINE}
    for name, line in lines.items():
        (tmp_path / "sys/block" / name).mkdir(parents=True)
        (tmp_path / "sys/block" / name / "stat").write_text(line)
    found = read_stat("nvme1n1", tmp_path)
    assert isinstance(found, BlockStat)
    assert (found.writes, found.flushes, found.flush_us) == (1619, 116, 12_000)
    assert found.written_bytes == 450_496 * 512
    assert (found.busy_us, found.queued_us) == (2_048_000, 4_812_000)
