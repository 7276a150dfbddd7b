"""Real errors: the measurement ends at the first one, says what it was, and leaves nothing."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.probe import Progress, measure
from tests.support.faults import (
    SMALL_PLAN,
    Outcome,
    missing,
    probe_command,
    run_probe,
)
from tests.support.loop_mount import loop_mount, overlay_mount, tmpfs_mount

PRIMARY = "overwrite-fdatasync-8k"
NOBODY = 65534 if os.geteuid() == 0 else None
"""An unprivileged user to become; None where the tests' own is one."""


def assert_failed(outcome: Outcome, *expected: str) -> None:
    """It failed, said all of `expected`, and printed no figure whatsoever."""
    assert outcome.status == 1, outcome
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    for text in expected:
        assert text in outcome.stderr
    hint = outcome.stderr.partition("hint: ")[2]
    assert hint.strip()


@pytest.mark.parametrize(
    ("nth", "where"),
    [
        (1, "fsync failed: EIO (Input/output error)"),
        (1, "filling the test files"),
        (2, f"series {PRIMARY}, its first write"),
        (3, f"fdatasync failed: EIO (Input/output error) on {{dir}}, series {PRIMARY}, round 1,"),
        (3, "operation 1\n"),
        (42, f"series {PRIMARY}, round 1, operation 40\n"),
    ],
)
def test_a_failed_sync_ends_the_measurement(
    faults_library: Path, tmp_path: Path, nth: int, where: str
) -> None:
    outcome = run_probe(faults_library, tmp_path, PRIMARY, sync_fail_at=nth)
    assert_failed(outcome, where.format(dir=tmp_path), "do not trust it with data")
    assert os.listdir(tmp_path) == []


def test_a_failed_sync_in_one_of_several_writers_ends_the_measurement(
    faults_library: Path, tmp_path: Path
) -> None:
    series = "overwrite-fdatasync-8k-x4"
    outcome = run_probe(faults_library, tmp_path, series, sync_fail_at=100)
    assert_failed(
        outcome, "fdatasync failed: EIO (Input/output error)", f"series {series}, round 1"
    )


def test_a_failed_last_sync_of_unsynced_writes_ends_the_measurement(
    faults_library: Path, tmp_path: Path
) -> None:
    # 1 fills the file, 2 to 9 are the eight writers' first writes, 10 ends the first round.
    outcome = run_probe(faults_library, tmp_path, "random-16k-x8", sync_fail_at=10)
    assert_failed(outcome, "fdatasync failed: EIO", "round 1, the last sync")


@pytest.mark.parametrize(
    ("nth", "where"),
    [
        (1, "filling the test files"),
        (2, "its first write"),
        (30, "round 1, operation 28\n"),
    ],
)
def test_a_full_file_system_ends_the_measurement(
    faults_library: Path, tmp_path: Path, nth: int, where: str
) -> None:
    outcome = run_probe(faults_library, tmp_path, PRIMARY, write_fail_at=nth)
    assert_failed(outcome, "ENOSPC (No space left on device)", where, "make room")


@pytest.mark.parametrize(
    ("nth", "sizes", "where"),
    [
        (1, "524288 of 1048576 bytes", "filling the test files"),
        (2, "4096 of 8192 bytes", "its first write"),
        (30, "4096 of 8192 bytes", "round 1, operation 28\n"),
    ],
)
def test_a_short_write_ends_the_measurement(
    faults_library: Path, tmp_path: Path, nth: int, sizes: str, where: str
) -> None:
    outcome = run_probe(faults_library, tmp_path, PRIMARY, write_short_at=nth)
    assert_failed(outcome, "pwrite was cut short", sizes, where)


@pytest.mark.parametrize("when", ["open", "write"])
def test_refused_direct_writes_leave_their_series_absent(
    faults_library: Path, tmp_path: Path, when: str
) -> None:
    outcome = run_probe(faults_library, tmp_path, PRIMARY, "classic-fsync-4k", no_direct=when)
    at = {"open": "at open", "write": "at the first write"}[when]
    assert [series["name"] for series in outcome.measurement["series"]] == [PRIMARY]
    assert outcome.measurement["absent"] == [
        {"name": "classic-fsync-4k", "why": f"O_DIRECT refused {at}: EINVAL (Invalid argument)"}
    ]


def test_written_bytes_are_what_the_system_calls_wrote(
    faults_library: Path, tmp_path: Path
) -> None:
    outcome = run_probe(faults_library, tmp_path, count=1)
    counted = re.search(r"pwrite took (\d+) bytes", outcome.stderr)
    assert counted is not None
    assert outcome.measurement["written_bytes"] == int(counted[1])


def test_a_slower_sync_is_seen_in_every_synced_series_and_in_no_other(
    faults_library: Path, tmp_path: Path
) -> None:
    slow = run_probe(faults_library, tmp_path, delay_us=2000)
    primary = slow.series(PRIMARY)["summary"]
    assert primary["min_us"] >= 2000
    # It comes on top of the write and its sync, which in the same run are seen without it, too.
    without = slow.series("overwrite-open_datasync-8k")["summary"]
    assert 2000 + without["min_us"] / 2 <= primary["min_us"] < 2 * 2000 + without["min_us"] / 2
    assert primary["ops_per_s"] <= 500
    assert primary["ops_per_s"] == pytest.approx(1e6 / primary["mean_us"], rel=0.1)
    for name in ("overwrite-fsync-8k", "append-fdatasync-8k", "classic-fsync-4k"):
        assert slow.series(name)["summary"]["min_us"] >= 2000
    assert slow.series("durable-replace-fsync-4k")["summary"]["min_us"] >= 2 * 2000
    for name in ("overwrite-open_datasync-8k", "overwrite-open_sync-8k", "random-16k-x8"):
        assert slow.series(name)["summary"]["min_us"] < 2000


def test_slower_syncs_of_eight_writers_take_their_time_side_by_side(
    faults_library: Path, tmp_path: Path
) -> None:
    # So slow that what the threads wait for a processor is little beside it.
    eight_name = "overwrite-fdatasync-8k-x8"
    slow = run_probe(faults_library, tmp_path, PRIMARY, eight_name, delay_us=20_000)
    primary, eight = (slow.series(name)["summary"] for name in (PRIMARY, eight_name))
    assert eight["min_us"] >= 20_000
    # Writers start and end at their own times, and the round lasts from the first to the last.
    assert 0.6 * 8e6 <= eight["ops_per_s"] * eight["mean_us"] <= 8e6
    assert eight["ops_per_s"] > 3 * primary["ops_per_s"]  # they sleep at the same time


def test_the_preloaded_library_is_recorded(faults_library: Path, tmp_path: Path) -> None:
    outcome = run_probe(faults_library, tmp_path, PRIMARY)
    assert outcome.measurement["environment"]["preloaded"] == [str(faults_library)]


def test_without_tmpfile_a_private_directory_serves_and_is_gone(
    faults_library: Path, tmp_path: Path
) -> None:
    target = tmp_path / "data"
    target.mkdir()
    outcome = run_probe(faults_library, target, no_tmpfile=1)
    assert outcome.measurement["series"][0]["name"] == PRIMARY
    assert len(outcome.measurement["series"]) == 17
    assert os.listdir(target) == []


def test_a_missing_directory(tmp_path: Path) -> None:
    outcome = run_probe(None, tmp_path / "nowhere")
    assert_failed(outcome, f"ENOENT (No such file or directory) on {tmp_path}/nowhere")


def test_a_file_instead_of_a_directory(tmp_path: Path) -> None:
    precious = tmp_path / "ibdata1"
    precious.write_bytes(b"precious")
    outcome = run_probe(None, precious)
    assert_failed(outcome, f"ENOTDIR (Not a directory) on {precious}", "makes its own files")
    assert precious.read_bytes() == b"precious"


def test_a_device_instead_of_a_directory() -> None:
    assert_failed(run_probe(None, Path("/dev/null")), "ENOTDIR (Not a directory) on /dev/null")


@pytest.fixture
def common_directory() -> Iterator[Path]:
    """A directory that every user can reach, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_directory_without_permission(common_directory: Path) -> None:
    closed = common_directory / "closed"
    closed.mkdir(mode=0o555)
    outcome = run_probe(None, closed, user=NOBODY)
    assert_failed(outcome, f"EACCES (Permission denied) on {closed}", "a user who may write there")


def test_an_unprivileged_user_can_measure(common_directory: Path) -> None:
    own = common_directory / "own"
    own.mkdir()
    if NOBODY is not None:
        os.chown(own, NOBODY, NOBODY)
    outcome = run_probe(None, own, user=NOBODY)
    assert len(outcome.measurement["series"]) == 17


def test_a_read_only_mount(tmp_path: Path) -> None:
    with tmpfs_mount(tmp_path, 32, "ro") as point:
        outcome = run_probe(None, point)
    assert_failed(outcome, f"EROFS (Read-only file system) on {point}", "mounted read-only")


def test_too_little_space_is_told_before_anything_is_written(
    faults_library: Path, tmp_path: Path
) -> None:
    with tmpfs_mount(tmp_path, 4) as point:
        outcome = run_probe(faults_library, point, count=1)
    assert_failed(outcome, f"not enough space on {point}: 4 MiB free", "nothing has been written")
    assert "pwrite took 0 bytes" in outcome.stderr


def test_a_nearly_full_ext4_is_left_alone(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 24) as point:
        (point / "neighbour").write_bytes(bytes(14 << 20))
        outcome = run_probe(None, point)
        assert sorted(os.listdir(point)) == ["lost+found", "neighbour"]
    assert_failed(outcome, "not enough space on", "MiB needed")


def test_a_real_ext4_that_fills_up_after_the_check(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 24) as point:

        def fill_it(progress: Progress) -> None:
            if progress.activity == "filling the test files":
                with (point / "neighbour").open("wb", buffering=0) as file, suppress(OSError):
                    while True:
                        file.write(bytes(1 << 16))

        with pytest.raises(AdvisorError) as failure:
            measure(point, SMALL_PLAN, report=fill_it)
        assert sorted(os.listdir(point)) == ["lost+found", "neighbour"]
    assert "pwrite failed: ENOSPC (No space left on device)" in failure.value.message
    assert "make room" in failure.value.hint


def test_a_file_size_limit(tmp_path: Path) -> None:
    command = ["prlimit", "--fsize=500000", *probe_command(tmp_path, PRIMARY)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        missing("prlimit is not installed")
    outcome = Outcome(run.returncode, run.stdout, run.stderr)
    assert_failed(outcome, "pwrite was cut short: 500000 of 1048576 bytes", "ulimit -f")


def test_a_loop_device_is_followed_to_the_disk_below(tmp_path: Path) -> None:
    with loop_mount(tmp_path, 64) as point:
        above = run_probe(None, point, PRIMARY).measurement["target"]
        assert sorted(os.listdir(point)) == ["lost+found"]
    below = run_probe(None, tmp_path, PRIMARY).measurement["target"]
    assert above["filesystem"] == "ext4"
    assert above["mount_point"] == str(point)
    assert above["device_id"].startswith("7:")
    assert above["devices"] == below["devices"]


def test_an_overlay_is_followed_to_its_upper_layer(tmp_path: Path) -> None:
    with overlay_mount(tmp_path) as point:
        outcome = run_probe(None, point)
        assert os.listdir(point) == []
    above = outcome.measurement["target"]
    below = run_probe(None, tmp_path, PRIMARY).measurement["target"]
    assert len(outcome.measurement["series"]) + len(outcome.measurement["absent"]) == 17
    assert above["filesystem"] == "overlay"
    assert above["devices"] == below["devices"]


def test_a_memory_file_system_is_measured_and_named(tmp_path: Path) -> None:
    with tmpfs_mount(tmp_path, 32) as point:
        outcome = run_probe(None, point)
    assert outcome.measurement["target"]["filesystem"] == "tmpfs"
    assert "tmpfs" in outcome.measurement["target"]["devices"]["unknown"]
    names = {series["name"] for series in outcome.measurement["series"]}
    absent = {series["name"] for series in outcome.measurement["absent"]}
    direct = {"classic-fsync-4k", "classic-fsync-16k", "random-16k-x8", "page-flush-16k-x8"}
    assert absent in (set(), direct)  # tmpfs takes O_DIRECT since Linux 6.6
    assert len(names | absent) == 17
    flushes = outcome.series(PRIMARY)["rounds"][0]["flush_requests"]
    assert "tmpfs" in flushes["unknown"]
