"""The highest rate that keeps p99 within its target: a bounded search over any model."""

import math

import pytest

from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies, sync_wait_us
from advisor.capacity.latency import Latency
from advisor.capacity.sustainable import (
    alone_us,
    most_per_s,
    rate_grid,
    sustainable,
)
from advisor.vendors.registry import COMMIT_SEQUENCES

POSTGRESQL = CommitModel(COMMIT_SEQUENCES["postgresql"])
DRIVE = SyncLatencies(Latency.constant(900), Latency.constant(2000))
CPU = Cpu(2, ((1, 100.0),))
"""Two cores, 100 us a transaction: at most 2 / 100 us = 20,000/s."""


class Breaking:
    """A model whose p99 is 10 ms up to a rate, and past every bound above it."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.asked: list[float] = []

    def __call__(
        self, commit: CommitModel, drive: SyncLatencies, cpu: Cpu, rate: float
    ) -> ModelResult:
        self.asked.append(rate)
        p99_ms = 10.0 if rate <= self.most else math.inf
        return ModelResult(0, rate, 5.0, p99_ms, 1.0, "flush")


@pytest.mark.parametrize("most", [1.5, 7.0, 100.0, 2499.0, 2501.0, 9000.0, 19_000.0])
def test_the_highest_rate_is_found_closely_and_soon(most: float) -> None:
    model = Breaking(most)
    found = sustainable(POSTGRESQL, DRIVE, CPU, 10, model)
    # by ratio up to 2500/s: (2500 / 1) ** (1 / 64) = 1.13; above in steps of 17 500 / 32 = 547
    lowest = most / 1.14 if most < 2500 else most - 547
    assert lowest <= found.arrivals_per_s <= most
    assert found.meets_target
    assert found.result.tps == found.arrivals_per_s
    assert len(model.asked) <= 8


def test_a_target_that_a_trickle_misses_is_not_met_and_asked_once() -> None:
    model = Breaking(0.5)  # the trickle is 1/s: a thousandth of 1 / (900 us + 100 us)
    found = sustainable(POSTGRESQL, DRIVE, CPU, 10, model)
    assert (found.arrivals_per_s, found.meets_target) == (0, False)
    assert len(model.asked) == 1
    assert model.asked[0] == pytest.approx(1)


def test_p99_equal_to_the_target_keeps_it_and_just_above_does_not() -> None:
    assert sustainable(POSTGRESQL, DRIVE, CPU, 10, Breaking(1e9)).meets_target
    assert not sustainable(POSTGRESQL, DRIVE, CPU, 9.99, Breaking(1e9)).meets_target


def test_the_bound_itself_is_never_promised() -> None:
    found = sustainable(POSTGRESQL, DRIVE, CPU, 10, Breaking(1e9))
    # the last step below 20 000/s: 20 000 - 17 500 / 32 = 19 453
    assert found.arrivals_per_s == pytest.approx(19_453, abs=1)


@pytest.mark.parametrize(
    ("kind", "commits", "wait_us"),
    [
        ("postgresql", 1, 900),
        ("mysql", 1, 900),
        ("mysql-binary-log", 1, 2900),
        ("mariadb-binary-log", 1, 2900),
        ("asynchronous", 1, 0),
        ("separate-files", 3, 2700),
        ("postgresql", 3, 2700),
    ],
)
def test_what_one_transaction_waits_for(kind: str, commits: int, wait_us: float) -> None:
    commit = CommitModel(COMMIT_SEQUENCES[kind], commits)
    assert sync_wait_us(commit, DRIVE) == wait_us
    assert alone_us(commit, DRIVE, CPU) == wait_us + 100


def test_a_binary_log_that_was_not_measured_takes_a_sync_of_the_log() -> None:
    assert (
        sync_wait_us(
            CommitModel(COMMIT_SEQUENCES["mysql-binary-log"]), SyncLatencies(Latency.constant(900))
        )
        == 1800
    )


@pytest.mark.parametrize(
    ("commit", "cpu", "most"),
    [
        (POSTGRESQL, CPU, 20_000),  # shared syncs set no bound; 2 / 100 us
        (CommitModel(COMMIT_SEQUENCES["separate-files"], 3), CPU, 370.37),  # 1 / (3 x 900 us)
        (
            CommitModel(COMMIT_SEQUENCES["separate-files"], 1),
            Cpu(1, ((1, 2000.0),)),
            500,
        ),  # 1 / 2000 us, below 1 / 900 us
        (POSTGRESQL, Cpu(2, ((1, 100.0), (64, 200.0))), 20_000),  # the least CPU time counts
    ],
)
def test_what_cannot_be_passed(commit: CommitModel, cpu: Cpu, most: float) -> None:
    assert most_per_s(commit, DRIVE, cpu) == pytest.approx(most, abs=0.01)


@pytest.mark.parametrize(
    "commit", [POSTGRESQL, CommitModel(COMMIT_SEQUENCES["separate-files"], 15)]
)
def test_the_grid_ascends_from_a_trickle_to_just_below_the_bound(commit: CommitModel) -> None:
    rates = rate_grid(commit, DRIVE, CPU)
    assert list(rates) == sorted(set(rates))
    assert rates[0] == pytest.approx(1000 / alone_us(commit, DRIVE, CPU))
    assert 0.97 < rates[-1] / most_per_s(commit, DRIVE, CPU) < 1
