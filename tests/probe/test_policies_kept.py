"""A policy held against a real writer, on a drive whose syncs take 10 ms longer (slow_drive.c)."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from advisor.capacity.policies import Policy, plan_policies
from advisor.capacity.workloads import Transaction
from tests.support import event_writer
from tests.support.slow_drive import preloaded, slower_by

SLOWER_US: Final = 10_000
LONG_US: Final = 50_000
WORKLOAD: Final = Transaction("made by hand", "files", 2, 2, None, 100, immediate_share=0.1)


def writer(
    slow_library: Path, slower_us: int, directory: Path, *arguments: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, event_writer.__file__, str(directory), *arguments],
        env=preloaded(slow_library, slower_by(slower_us)),
        stdout=subprocess.PIPE,
        text=True,
    )


def measured_policy(
    slow_library: Path, slower_us: int, rate_per_s: float, directory: Path
) -> Policy:
    """For what a sync takes here and now."""
    elsewhere = directory / "measured"
    elsewhere.mkdir()
    sync_us, _ = writer(slow_library, slower_us, elsewhere, "--sync-us").communicate(timeout=60)
    figure = sync_us.split()[-1]
    (policy,) = plan_policies([WORKLOAD], float(figure), rate_per_s)
    (directory / "policy.json").write_text(policy.model_dump_json())
    return policy


# With 10 ms, 100/s, 2 syncs: u = 2, of which 0.2 go at once; 1.8 / 0.3 = 6 events, and more with
# what this drive itself takes. 200 events: 20 at once, and 180 in batches.
def test_the_drive_sustains_with_the_policy_what_it_cannot_at_once(
    slow_library: Path, tmp_path: Path
) -> None:
    policy = measured_policy(slow_library, SLOWER_US, 100, tmp_path)
    assert policy.policy == "mixed"
    assert policy.batch_events is not None
    assert policy.batch_events >= 6
    path = str(tmp_path / "policy.json")
    output, _ = writer(slow_library, SLOWER_US, tmp_path, path, "200").communicate(timeout=60)
    took_s, syncs, syncing_s = map(float, output.splitlines()[-1].split()[1:])
    batches = -(-180 // policy.batch_events)
    assert 2 * (20 + batches) <= syncs <= 1.5 * 2 * (20 + batches)
    # Each event at once: so many syncs, each as long as these took.
    assert 200 * 2 * syncing_s / syncs > 1.5 * took_s
    assert syncing_s < 0.8 * took_s
    for number in range(2):
        kept = (tmp_path / f"log-{number}").read_text().split()
        assert sorted(map(int, kept)) == list(range(200))


def told(lines: list[str], what: str) -> set[int]:
    """The numbers of the events of which the writer said that."""
    return {event for line in lines if line.split()[0] == what for event in named(line)}


def named(line: str) -> list[int]:
    return [int(number) for number in line.split()[1].split(",")]


def killed(slow_library: Path, directory: Path, now: Callable[[list[str]], bool]) -> list[str]:
    """What a writer said until SIGKILL met it, which is sent once `now` has heard enough of it."""
    process = writer(slow_library, LONG_US, directory, str(directory / "policy.json"), "1000")
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if now(lines):
            process.kill()
    process.wait()
    process.stdout.close()
    return lines


def lost(lines: list[str]) -> set[int]:
    return told(lines, "accepted") - told(lines, "durable")


# With 50 ms, 20/s, 2 syncs: u = 2 again, and 6 events in a batch or more.
@pytest.fixture(scope="module")
def policy(slow_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return measured_policy(slow_library, LONG_US, 20, tmp_path_factory.mktemp("measured"))


def test_a_crash_loses_no_more_than_the_policy_says(
    policy: Policy, slow_library: Path, tmp_path: Path
) -> None:
    (tmp_path / "policy.json").write_text(policy.model_dump_json())
    assert policy.batch_events is not None
    assert policy.lost_events_max is not None

    def a_batch_is_synced_and_another_begun(lines: list[str]) -> bool:
        syncing = [len(named(line)) for line in lines if line.startswith("syncing")]
        return policy.batch_events in syncing and lines[-1].startswith("accepted")

    counts = []
    for _ in range(3):
        counts.append(
            len(lost(killed(slow_library, tmp_path, a_batch_is_synced_and_another_begun)))
        )
        assert counts[-1] <= policy.lost_events_max
    # One batch is not all that can be lost.
    assert max(counts) > policy.batch_events


def test_a_crash_loses_nothing_that_went_through_at_once(
    policy: Policy, slow_library: Path, tmp_path: Path
) -> None:
    (tmp_path / "policy.json").write_text(policy.model_dump_json())
    lines = killed(slow_library, tmp_path, lambda lines: lines[-1] == "accepted 10\n")
    assert 10 in told(lines, "accepted")
    assert lost(lines) & {0, 10} == set()
