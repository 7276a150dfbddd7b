"""A whole measurement of a real drive, in small."""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest

from advisor.errors import AdvisorError
from advisor.measurement import Measurement, Target
from advisor.model import Known, Unknown
from advisor.output.progress import activity_text, figures_text
from advisor.probe import PLANS, Progress, measure
from advisor.probe.plan import CLASSIC_SERIES, MIB, PRIMARY_SERIES
from advisor.probe.programs import AskProgram
from advisor.probe.scratch import Scratch
from advisor.probe.testfiles import planned_bytes
from advisor.series_kind import KIB
from advisor.statistics import summarise
from tests.support.faults import SMALL_PLAN

pytestmark = pytest.mark.quiet

EXPECTED = {
    # name: (pattern, method, direct, block_bytes, writers)
    "overwrite-fdatasync-8k": ("overwrite", "fdatasync", False, 8192, 1),
    "overwrite-none-8k": ("overwrite", "none", False, 8192, 1),
    "overwrite-fsync-8k": ("overwrite", "fsync", False, 8192, 1),
    "overwrite-open_datasync-8k": ("overwrite", "open_datasync", False, 8192, 1),
    "overwrite-open_sync-8k": ("overwrite", "open_sync", False, 8192, 1),
    "append-fdatasync-8k": ("append", "fdatasync", False, 8192, 1),
    "overwrite-fdatasync-64k": ("overwrite", "fdatasync", False, 65536, 1),
    "overwrite-open_datasync-64k": ("overwrite", "open_datasync", False, 65536, 1),
    "classic-fsync-4k": ("classic", "fsync", True, 4096, 1),
    "classic-fsync-16k": ("classic", "fsync", True, 16384, 1),
    "random-16k-x8": ("random", "none", True, 16384, 8),
    "random-read-16k-x8": ("random-read", "none", True, 16384, 8),
    "page-flush-16k-x8": ("page-flush", "none", True, 16384, 8),
    "overwrite-fdatasync-8k-x2": ("overwrite", "fdatasync", False, 8192, 2),
    "overwrite-fdatasync-8k-x4": ("overwrite", "fdatasync", False, 8192, 4),
    "overwrite-fdatasync-8k-x8": ("overwrite", "fdatasync", False, 8192, 8),
    "durable-replace-fsync-4k": ("durable-replace", "fsync", False, 4096, 1),
}
TWO = replace(
    SMALL_PLAN, series=(PRIMARY_SERIES, CLASSIC_SERIES), ssd_budget_s=0.5, hdd_budget_s=0.5
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    """The small plan on the drive of the tests."""
    directory = tmp_path_factory.mktemp("measured")
    descriptors = set(os.listdir("/proc/self/fd"))
    measurement = measure(directory, SMALL_PLAN, seed=7, label="a label")
    assert os.listdir(directory) == []
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == 1
    return measurement


def test_every_series_is_there_in_the_plans_order(measured: Measurement) -> None:
    found = {
        taken.name: (taken.pattern, taken.method, taken.direct, taken.block_bytes, taken.writers)
        for taken in measured.series
    }
    absent = {missing.name for missing in measured.absent}
    assert {name for name in EXPECTED if name not in found} == absent
    assert found == {name: what for name, what in EXPECTED.items() if name not in absent}
    assert list(found) == [name for name in EXPECTED if name not in absent]
    assert measured.primary is not None
    assert measured.primary.name == "overwrite-fdatasync-8k"


def test_every_series_has_its_rounds(measured: Measurement) -> None:
    for taken in measured.series:
        assert len(taken.rounds) >= 3
        for part in taken.rounds:
            assert 1 <= part.warmup_count < len(part.latencies_ns)
            assert taken.writers > 1 or part.warmup_count <= len(part.latencies_ns) / 2
            written_count = 0 if taken.pattern == "random-read" else len(part.latencies_ns)
            if taken.pattern != "page-flush":  # its batches: test_series_kind.py
                assert part.written_bytes == written_count * taken.block_bytes
            assert min(part.latencies_ns) > 0
            # No writer can have been at work for longer than the round.
            kept_ns = sum(part.latencies_ns[part.warmup_count :])
            assert kept_ns <= part.elapsed_ns * taken.writers
        counted = sum(len(part.latencies_ns) - part.warmup_count for part in taken.rounds)
        assert taken.summary.count == counted
        assert sum(len(part.latencies_ns) for part in taken.rounds) <= SMALL_PLAN.samples_max


def test_the_rate_of_one_writer_is_that_of_its_latencies(measured: Measurement) -> None:
    assert measured.primary is not None
    summary = measured.primary.summary
    assert summary.ops_per_s <= 1e6 / summary.mean_us
    assert summary.ops_per_s > 0.5e6 / summary.mean_us


def test_written_bytes_are_the_sum_of_fill_first_writes_and_rounds(measured: Measurement) -> None:
    in_rounds = sum(part.written_bytes for taken in measured.series for part in taken.rounds)
    files = 2 * MIB + 2 * MIB + 8 * 128 * KIB  # overwrite, random; doublewrite; one per writer
    first_writes = (
        6 * 8 * KIB + 2 * 64 * KIB + 2 * 4 * KIB + 16 * KIB + 16 * 16 * KIB + (2 + 4 + 8) * 8 * KIB
    )
    if not measured.absent:
        assert measured.written_bytes == in_rounds + files + first_writes


def test_what_surrounds_the_series(measured: Measurement) -> None:
    assert measured.source == "measured"
    assert measured.label == "a label"
    assert isinstance(measured.taken_at, datetime)
    assert measured.taken_at.tzinfo is not None
    assert measured.plan is not None
    assert (measured.plan.name, measured.plan.seed, measured.plan.rounds) == ("small", 7, 3)
    assert measured.fill is not None
    assert measured.fill.written_bytes == MIB
    assert not isinstance(measured.environment.memory_bytes, Unknown)
    assert not isinstance(measured.environment.cpu_count, Unknown)
    assert 1 <= measured.environment.cpu_count <= len(os.sched_getaffinity(0))


def test_it_survives_being_stored(measured: Measurement) -> None:
    again = Measurement.model_validate_json(measured.model_dump_json())
    assert again == measured


def test_flushes_are_counted_where_the_kernel_counts_them(measured: Measurement) -> None:
    assert measured.primary is not None
    flushes = [part.flush_requests for part in measured.primary.rounds]
    devices = measured.target.devices
    if isinstance(devices, Unknown) or isinstance(flushes[0], Unknown):
        pytest.skip("this host's /sys does not tell")
    if any(device.write_cache != "write back" for device in devices):
        pytest.skip("this drive has no write cache to flush")
    for part in measured.primary.rounds:
        assert isinstance(part.flush_requests, int)
        assert part.flush_requests >= len(part.latencies_ns) / 2


LABELS = {
    "8 KiB overwrite + fdatasync",
    "8 KiB overwrite",
    "8 KiB overwrite + fsync",
    "8 KiB overwrite + open_datasync",
    "8 KiB overwrite + open_sync",
    "8 KiB append + fdatasync",
    "64 KiB overwrite + fdatasync",
    "64 KiB overwrite + open_datasync",
    "classic 4 KiB O_DIRECT + fsync",
    "classic 16 KiB O_DIRECT + fsync",
    "16 KiB random O_DIRECT, 8 writers",
    "16 KiB page flush O_DIRECT, 8 writers",
    "16 KiB random read O_DIRECT, 8 readers",
    "8 KiB overwrite + fdatasync, 2 writers",
    "8 KiB overwrite + fdatasync, 4 writers",
    "8 KiB overwrite + fdatasync, 8 writers",
    "4 KiB durable replace + fsync",
}


def order(directory: Path, seed: int) -> list[str]:
    told: list[str] = []
    plan = replace(SMALL_PLAN, ssd_budget_s=0.6, hdd_budget_s=0.6, samples_enough=10**6)
    measure(directory, plan, seed=seed, report=lambda progress: told.append(progress.activity))
    return told


def test_the_seed_decides_the_order(tmp_path: Path) -> None:
    first = order(tmp_path, 1)
    rounds = [first[start : start + 17] for start in (2, 19, 36)]
    assert first[:2] == ["watching the drive", "filling the test files"]
    assert first[53:] == ["done"]
    assert all(set(order) == LABELS for order in rounds)
    assert rounds[0] != rounds[1] != rounds[2]
    assert order(tmp_path, 1) == first
    assert order(tmp_path, 2) != first


def test_progress_is_told_between_two_series(tmp_path: Path) -> None:
    told: list[Progress] = []
    measure(tmp_path, TWO, report=told.append)
    fractions = [progress.budget_fraction for progress in told]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert (told[0].series_done, told[0].series_total, told[0].series_number) == (0, 2, None)
    assert (told[-1].series_done, told[-1].activity) == (2, "done")
    seconds = [progress.left_s for progress in told]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[-1] >= 0


def test_progress_shows_the_series_that_runs(tmp_path: Path) -> None:
    """Before its first round there is no figure; later what itself did, not its predecessor."""
    told: list[Progress] = []
    measurement = measure(tmp_path, TWO, report=told.append)
    for number, series in enumerate(measurement.series, 1):
        shown = [progress for progress in told if progress.series_number == number]
        assert {progress.activity for progress in shown} == {series.kind.label}
        assert shown[0].ops_per_s is None
        so_far = [summarise(series.rounds[:done]) for done in range(1, len(shown))]
        assert [progress.ops_per_s for progress in shown[1:]] == [s.ops_per_s for s in so_far]
        assert [progress.mean_us for progress in shown[1:]] == [s.mean_us for s in so_far]


@pytest.mark.parametrize(
    ("progress", "texts"),
    [
        (Progress("watching the drive", None, 0, 12, 0.1, 13.4), ("", "at most 13 s left")),
        (
            Progress("8 KiB overwrite", 4, 1, 12, 0.5, 7.6, ops_per_s=609.2, mean_us=1642.0),
            (", 4 of 12", "at most 8 s left; 609/s, mean 1.64 ms"),
        ),
    ],
)
def test_progress_in_words(progress: Progress, texts: tuple[str, str]) -> None:
    number, figures = texts
    assert activity_text(progress) == progress.activity + number
    assert figures_text(progress) == figures


def test_few_samples_support_no_high_percentile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Room alone ends the warm-up, however long a sync takes.
    monkeypatch.setattr("advisor.probe.sampling.WARMUP_NS", 60 * 10**9)
    plan = replace(TWO, samples_max=3 * 30, ssd_budget_s=60.0, hdd_budget_s=60.0)
    for taken in measure(tmp_path, plan).series:
        assert taken.ended_by == "samples"
        assert taken.summary.count == 69  # 7 of each round's 30 are warm-up
        assert taken.summary.p90_us is not None
        assert taken.summary.p99_us is None
        assert taken.summary.p999_us is None


def test_what_a_killed_run_left_is_told(tmp_path: Path) -> None:
    (tmp_path / ".fsync-advisor-0123456789abcdef").write_bytes(bytes(2048))
    (first, *_) = measure(tmp_path, TWO).warnings
    assert first.code == "left-behind"
    assert first.text.startswith("1 file of an earlier run that was killed is left here, 2 kB: rm ")


def test_the_bytes_are_capped(tmp_path: Path) -> None:
    plan = replace(TWO, bytes_max=2 * MIB, ssd_budget_s=60.0, hdd_budget_s=60.0)
    measurement = measure(tmp_path, plan)
    assert isinstance(measurement.written_bytes, int)
    assert measurement.written_bytes <= 2 * MIB
    assert {taken.ended_by for taken in measurement.series} == {"bytes"}


def test_a_hard_disk_gets_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("advisor.probe.measure")
    plan = replace(TWO, hdd_budget_s=2.5, samples_max=10**6, samples_enough=10**6)
    plan = replace(plan, bytes_max=10**10)
    found = module.target_of

    def with_disk(rotational: Known[bool]) -> Callable[[Path, Scratch, AskProgram], Target]:
        def target(directory: Path, scratch: Scratch, ask: AskProgram) -> Target:
            real: Target = found(directory, scratch, ask)
            if isinstance(real.devices, Unknown):
                pytest.skip("the tests' drive is not known")
            disks = [disk.model_copy(update={"rotational": rotational}) for disk in real.devices]
            return real.model_copy(update={"devices": tuple(disks)})

        return target

    elapsed_ns = {}
    kinds: tuple[Known[bool], ...] = (True, False, Unknown(unknown="virtio"))
    for rotational in kinds:
        monkeypatch.setattr(module, "target_of", with_disk(rotational))
        series = measure(tmp_path, plan).series
        elapsed_ns[str(rotational)] = sum(
            part.elapsed_ns for taken in series for part in taken.rounds
        )
    assert elapsed_ns["True"] > 2 * elapsed_ns["False"]
    assert elapsed_ns["True"] > 2 * elapsed_ns["unknown (virtio)"]


def test_elsewhere_than_linux_it_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(AdvisorError, match="measuring needs Linux: on darwin") as failure:
        measure(tmp_path, TWO)
    assert "--from" in failure.value.hint


def test_a_link_to_a_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    target = measure(tmp_path / "link", TWO).target
    assert target.directory == str(tmp_path / "real")


@pytest.mark.parametrize(
    ("name", "series", "ssd_s", "hdd_s"),
    [("default", 17, 10, 30), ("quick", 3, 3, 3), ("thorough", 17, 60, 60)],
)
def test_the_plans_keep_their_promises(name: str, series: int, ssd_s: float, hdd_s: float) -> None:
    plan = PLANS[name]
    assert plan.name == name
    assert len(plan.series) == series
    assert plan.ssd_budget_s < ssd_s
    assert plan.hdd_budget_s < hdd_s
    assert plan.rounds_min >= 3
    assert plan.samples_enough >= (3688 if name == "thorough" else 400)
    assert plan.bytes_max > 4 * planned_bytes(plan)


def test_the_space_a_plan_needs() -> None:
    # an append's round, the classic blocks, and the old file and the new one
    loose = 8 * KIB * 400 + 4 * KIB + 16 * KIB + 2 * 4 * KIB
    doublewrite = 8 * 16 * 16 * KIB
    assert planned_bytes(SMALL_PLAN) == 2 * MIB + 8 * 128 * KIB + doublewrite + loose
    assert planned_bytes(TWO) == MIB + 4 * KIB
