"""Stalls that come back after the same time; others do not."""

import random

import pytest

from advisor.analysis.stalls import find_stalls

STARTS_S = [float(second) for second in range(121)]


def ordinary(chance: random.Random) -> list[float]:
    """The longest latency of each of 120 seconds: about 5 ms."""
    return [5000 * chance.lognormvariate(0, 0.2) for _ in range(120)]


def test_stalls_every_ten_seconds_are_found() -> None:
    longest_us = ordinary(random.Random(1))
    for second in range(5, 120, 10):
        longest_us[second] = 400_000
    longest_us[115] = 500_000
    found = find_stalls(STARTS_S, longest_us)
    assert found is not None
    assert (found.count, found.every_s) == (12, 10.0)
    assert (found.typical_us, found.longest_us) == (400_000, 500_000)


def test_a_stall_of_two_seconds_is_one() -> None:
    longest_us = ordinary(random.Random(2))
    for second in range(0, 120, 20):
        longest_us[second : second + 2] = [300_000, 200_000]
    found = find_stalls(STARTS_S, longest_us)
    assert found is not None
    assert (found.count, found.every_s) == (6, 20.0)


def test_stalls_that_come_by_chance_are_not_told() -> None:
    """Each second with a probability of 1 in 12. Of 100 soaks at most 4 seem to have a rhythm."""
    seen = 0
    for seed in range(100):
        chance = random.Random(seed)
        longest_us = ordinary(chance)
        for second in range(120):
            if chance.random() < 1 / 12:
                longest_us[second] = 400_000
        seen += find_stalls(STARTS_S, longest_us) is not None
    assert seen <= 4


@pytest.mark.parametrize("count", [0, 4])
def test_few_are_not_told(count: int) -> None:
    longest_us = ordinary(random.Random(3))
    for number in range(count):
        longest_us[10 + 20 * number] = 400_000
    assert find_stalls(STARTS_S, longest_us) is None


def test_a_tail_that_every_second_has_is_no_stall() -> None:
    chance = random.Random(4)
    assert find_stalls(STARTS_S, [5000 * chance.paretovariate(1.5) for _ in range(120)]) is None


def test_a_latency_that_goes_up_and_down_all_the_time_is_no_stall() -> None:
    """From 1 ms to 30 ms in ten seconds, and down at once: seconds of 20 ms stand beside it."""
    longest_us = [1000 * 30 ** (second % 10 / 9) for second in range(120)]
    assert find_stalls(STARTS_S, longest_us) is None
