"""The inverse: the fewest clients that sustain a rate, and the changes that would."""

from dataclasses import replace

import pytest

from advisor.capacity.group_commit import CommitModel, Cpu, ModelResult, SyncLatencies
from advisor.capacity.latency import Latency
from advisor.capacity.target_search import (
    CLIENT_COUNTS,
    Modification,
    Scenario,
    TargetRate,
    another_drive,
    fewest_clients,
    more_clients,
    more_cores,
    other_commits,
    remedies,
)
from advisor.vendors.commits import ASYNCHRONOUS
from advisor.vendors.registry import COMMIT_SEQUENCES

SLOW, FAST = SyncLatencies(Latency.constant(9900)), SyncLatencies(Latency.constant(400))
SCENARIO = Scenario(CommitModel(COMMIT_SEQUENCES["postgresql"]), SLOW, Cpu(2, ((1, 100.0),)))
"""10 ms a transaction alone; its two cores can do 20,000/s."""


class Halving:
    """A model in a line: each client makes half of what one alone could, and waits as long."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(
        self, commit: CommitModel, drive: SyncLatencies, cpu: Cpu, clients: int
    ) -> ModelResult:
        self.asked.append(clients)
        sync_us = 0 if commit.sequence.kind == "asynchronous" else drive.log.mean_us
        tps = min(clients * 1e6 / 2 / (sync_us + 100), cpu.cores * 1e4)
        return ModelResult(clients, tps, sync_us / 1000, clients * sync_us / 10_000, 1.0, "flush")


def clients_for(scenario: Scenario, target: TargetRate) -> tuple[int | None, list[int]]:
    model = Halving()
    result = fewest_clients(scenario, target, model)
    return result.clients if result else None, model.asked


@pytest.mark.parametrize(
    ("tps", "clients", "asked"),
    [
        # C clients make at most C / 10 ms = 100 C, by the model 50 C
        (50, 1, [1]),
        (51, 2, [1, 2]),
        (100, 2, [1, 2]),
        (101, 4, [2, 4]),  # one client cannot make 101/s: not asked
        (12_800, 256, [128, 256]),
        (12_801, None, [256]),
        (20_001, None, []),  # past the cores: nothing is asked
    ],
)
def test_the_fewest_clients_are_found_without_asking_in_vain(
    tps: float, clients: int | None, asked: list[int]
) -> None:
    assert clients_for(SCENARIO, TargetRate(tps)) == (clients, asked)


# Halving's p99 is 0.99 ms for each client: 1.98, 3.96, 7.92 ms.
@pytest.mark.parametrize(
    ("limit_ms", "clients", "asked"),
    [
        (3.97, 4, [2, 4]),
        (3.95, None, [2, 4, 8]),  # 3.96 may be noise; 7.92 is not
        (1.33, None, [2, 4]),
        (1.31, None, [2]),
    ],
)
def test_the_first_that_misses_the_limit_by_far_ends_the_search(
    limit_ms: float, clients: int | None, asked: list[int]
) -> None:
    assert clients_for(SCENARIO, TargetRate(200, limit_ms)) == (clients, asked)


def test_a_noisy_tail_does_not_end_the_search() -> None:
    class Noisy(Halving):
        def __call__(
            self, commit: CommitModel, drive: SyncLatencies, cpu: Cpu, clients: int
        ) -> ModelResult:
            result = super().__call__(commit, drive, cpu, clients)
            return replace(result, p99_ms=1.2 if clients == 4 else 1.0)

    result = fewest_clients(SCENARIO, TargetRate(200, 1.1), Noisy())
    assert result is not None
    assert result.clients == 8


def test_only_the_given_numbers_of_clients_are_tried() -> None:
    few = replace(SCENARIO, client_counts=(3, 5))
    assert clients_for(few, TargetRate(200)) == (5, [3, 5])
    assert clients_for(few, TargetRate(300)) == (None, [3, 5])


def test_one_to_256_clients_are_tried() -> None:
    assert CLIENT_COUNTS == (1, 2, 4, 8, 16, 32, 64, 128, 256)


# Remedies


def found(
    target: TargetRate, *changes: Modification, scenario: Scenario = SCENARIO
) -> list[tuple[str, ...]]:
    return [solution.changes for solution in remedies(scenario, target, changes, Halving())]


DRIVE_CHANGE = another_drive("a fast drive", FAST)
UNSYNCED = other_commits("no waiting", CommitModel(ASYNCHRONOUS))


def test_each_change_that_is_enough_alone_is_named() -> None:
    # 256 clients make 12 800/s; 512 make 25 600/s; at 500 us each 256 make 256 000/s
    changes = (DRIVE_CHANGE, UNSYNCED, more_clients(CLIENT_COUNTS))
    assert found(TargetRate(13_000), *changes) == [
        ("a fast drive",),
        ("no waiting",),
        ("up to 1,024 clients",),
    ]


def test_pairs_are_tried_only_where_no_change_is_enough_alone() -> None:
    target = TargetRate(30_000)  # the cores can do 20 000/s
    cores = more_cores(SCENARIO.cpu, target)
    pairs = found(target, DRIVE_CHANGE, *cores, more_clients(CLIENT_COUNTS))
    # 30 000/s x 100 us = 3 cores; 1.2 times that is 3.6: 4
    assert pairs == [("a fast drive", "4 cores"), ("4 cores", "up to 1,024 clients")]


def test_nothing_is_found_where_no_two_changes_help() -> None:
    assert found(TargetRate(1e6), DRIVE_CHANGE, UNSYNCED) == []


def test_the_smallest_size_that_helps_is_taken() -> None:
    tight = Modification(
        (
            ("3 clients", lambda scenario: replace(scenario, client_counts=(3,))),
            ("5 clients", lambda scenario: replace(scenario, client_counts=(5,))),
            ("9 clients", lambda scenario: replace(scenario, client_counts=(9,))),
        )
    )
    alone = replace(SCENARIO, client_counts=(1,))
    assert found(TargetRate(200), tight, scenario=alone) == [("5 clients",)]


@pytest.mark.parametrize(
    ("tps", "cores", "sizes"),
    [
        # tps x 150 us, times 1.2, 1.6 and 2.5, rounded up
        (30_000, 2, ["6 cores", "8 cores", "12 cores"]),
        (30_000, 6, ["8 cores", "12 cores"]),
        (30_000, 12, []),
        (100, 4, []),
    ],
)
def test_more_cores_leave_room(tps: float, cores: int, sizes: list[str]) -> None:
    changes = more_cores(Cpu(cores, ((1, 150.0),)), TargetRate(tps))
    assert [name for change in changes for name, _ in change.sizes] == sizes
