"""Change points in series that are typed, or made of noise from given seeds."""

import math
import random
from collections.abc import Callable

import pytest

from advisor.analysis.change_points import Changes, find_changes, noise_of, pelt

Noise = Callable[[int, float, random.Random], list[float]]


def white(count: int, deviation: float, chance: random.Random) -> list[float]:
    return [chance.gauss(0, deviation) for _ in range(count)]


def dependent(count: int, deviation: float, chance: random.Random) -> list[float]:
    """Each value is 0.6 of the one before, and something new (AR(1))."""
    values, last = [], 0.0
    for _ in range(count):
        last = 0.6 * last + chance.gauss(0, 0.8 * deviation)  # 0.8^2 = 1 - 0.6^2
        values.append(last)
    return values


def with_stalls(count: int, deviation: float, chance: random.Random) -> list[float]:
    """One second of 33 has a fifth to three quarters of the rate."""
    return [
        chance.gauss(0, deviation)
        + (chance.choice([-1.5, -0.8, -0.3]) if chance.random() < 0.03 else 0)
        for _ in range(count)
    ]


NOISES: dict[str, Noise] = {"white": white, "dependent": dependent, "with stalls": with_stalls}


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("count", [30, 120, 600])
@pytest.mark.parametrize("name", NOISES)
def test_noise_has_no_change_point(name: str, count: int, deviation: float) -> None:
    """40 series of each kind, 1080 in all: at most one false alarm among each 40; of noise that
    depends on what went before, in half a minute, three."""
    false = [
        seed
        for seed in range(40)
        if find_changes(NOISES[name](count, deviation, random.Random(seed))) != Changes((), None)
    ]
    assert len(false) <= (3 if (name, count) == ("dependent", 30) else 1)


def test_a_long_soak_of_noise_has_none_either() -> None:
    for seed in range(10):
        assert find_changes(dependent(1800, 0.1, random.Random(seed))) == Changes((), None)


def test_one_step_is_found_where_it_is() -> None:
    """3000/s for 9 s, 300/s for 15 s."""
    for seed in range(20):
        chance = random.Random(seed)
        logs = [math.log(3000) + chance.gauss(0, 0.05) for _ in range(9)]
        logs += [math.log(300) + chance.gauss(0, 0.05) for _ in range(15)]
        assert find_changes(logs) == Changes((9,), None)


def test_two_steps_are_found_in_a_long_series() -> None:
    """1800 values are put together by threes; the steps are found to the value all the same."""
    for seed in range(5):
        chance = random.Random(seed)
        means = [7.0] * 100 + [5.0] * 700 + [6.0] * 1000
        logs = [mean + chance.gauss(0, 0.05) for mean in means]
        assert find_changes(logs) == Changes((100, 800), None)


def test_a_second_in_between_belongs_to_either_side() -> None:
    logs = [8.0] * 20 + [7.0] + [5.0] * 20
    (at,) = find_changes(logs).at
    assert at in (20, 21)


def test_a_step_of_less_than_ten_percent_is_not_told() -> None:
    """Of 1 % noise; 8 % is not told, 13 % is."""
    chance = random.Random(1)
    noise = white(120, 0.01, chance)
    small = [value + (math.log(0.92) if index >= 60 else 0) for index, value in enumerate(noise)]
    large = [value + (math.log(0.87) if index >= 60 else 0) for index, value in enumerate(noise)]
    assert find_changes(small).at == ()
    assert find_changes(large).at == (60,)


def test_a_drift_is_no_step() -> None:
    """Down by 26 % (e^-0.3) along a line."""
    for seed in range(10):
        chance = random.Random(seed)
        logs = [7 - 0.3 * index / 299 + chance.gauss(0, 0.03) for index in range(300)]
        found = find_changes(logs)
        assert found.at == ()
        assert found.drift == pytest.approx(-0.3, abs=0.03)


def test_a_drift_of_less_than_ten_percent_is_not_told() -> None:
    logs = [7 - 0.05 * index / 299 for index in range(300)]
    assert find_changes(logs) == Changes((), None)


def test_a_step_within_the_noise_of_a_second_is_not_told() -> None:
    """Down by 15 % (e^-0.16), where seconds differ by 15 % anyway: sure, and of no matter."""
    chance = random.Random(7)
    logs = [chance.gauss(7 - 0.16 * (index >= 300), 0.15) for index in range(600)]
    assert find_changes(logs).at == ()


def test_stalls_at_even_distances_are_no_change_of_level() -> None:
    """Each tenth second has half the rate."""
    chance = random.Random(3)
    logs = [chance.gauss(7, 0.03) - (0.7 if index % 10 == 5 else 0) for index in range(120)]
    assert find_changes(logs) == Changes((), None)


def test_a_series_that_is_too_short_has_none() -> None:
    assert find_changes([7.0] * 4 + [5.0] * 5) == Changes((), None)


def test_the_noise_is_that_of_neighbours_whatever_steps_there_are() -> None:
    chance = random.Random(4)
    flat = white(400, 0.1, chance)
    stepped = [value + 3 * (index >= 200) for index, value in enumerate(flat)]
    assert noise_of(stepped) == pytest.approx(0.1, rel=0.35)


def test_noise_that_depends_on_what_went_before_counts_for_more() -> None:
    """Means of many vary by (1 + 0.6) / (1 - 0.6) = 4 times the variance that independent values
    of the same deviation would have: twice the deviation. Means of 8 show most of that."""
    assert noise_of(dependent(4000, 0.1, random.Random(5))) > 0.15


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.0] * 8 + [10.0] * 8, [8]),
        ([0.0] * 5 + [10.0] * 5 + [0.0] * 5, [5, 10]),
        ([0.0] * 16, []),
    ],
)
def test_the_segmentation_has_the_least_cost(values: list[float], found: list[int]) -> None:
    """A step of 10 between 8 values each costs 8 * 25 * 2 = 400 if it is left in."""
    assert pelt(values, 20.0) == found


def test_pelt_finds_what_trying_all_finds() -> None:
    """Against dynamic programming without pruning, written out here."""
    for seed in range(20):
        chance = random.Random(seed)
        values = [chance.gauss(0, 1) + chance.choice([0, 0, 3]) for _ in range(40)]
        assert pelt(values, 6.0) == optimal(values, 6.0)


def optimal(values: list[float], penalty: float) -> list[int]:
    def cost(part: list[float]) -> float:
        mean = sum(part) / len(part)
        return sum((value - mean) ** 2 for value in part)

    best: list[tuple[float, list[int]]] = [(-penalty, [])]
    for end in range(1, len(values) + 1):
        ways = [
            (best[start][0] + cost(values[start:end]) + penalty, [*best[start][1], start])
            for start in range(end - 4)
            if best[start][0] < math.inf
        ]
        best.append(min(ways, default=(math.inf, [])))
    return [start for start in best[-1][1] if start]
