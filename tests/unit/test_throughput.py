"""Which of two configurations is faster: the ratio of paired runs, and when it is told."""

import random
from math import exp

import pytest

from advisor.comparison.throughput import PAIRS_MIN, RateRatio, rate_ratio


def test_the_ratio_and_its_interval_by_hand() -> None:
    """Logarithms 0.1, 0.2, 0.3, 0.4: mean 0.25, standard deviation 0.129099, divided by 2, times
    3.182446 (3 degrees): 0.205425."""
    found = rate_ratio([exp(x) for x in (0.1, 0.2, 0.3, 0.4)], [1.0] * 4)
    assert found.pairs == 4
    assert found.ratio == pytest.approx(exp(0.25))
    assert found.low == pytest.approx(exp(0.25 - 0.205425), rel=1e-5)
    assert found.high == pytest.approx(exp(0.25 + 0.205425), rel=1e-5)


def test_more_looks_ask_for_more() -> None:
    """0.9975 of Student's t with 3 degrees is 7.453319; 0.129099 / 2 of it: 0.481104."""
    found = rate_ratio([exp(x) for x in (0.1, 0.2, 0.3, 0.4)], [1.0] * 4, looks=10)
    assert found.low == pytest.approx(exp(0.25 - 0.481104), rel=1e-4)


def test_too_few_pairs_have_no_interval() -> None:
    found = rate_ratio([2.0] * (PAIRS_MIN - 1), [1.0] * (PAIRS_MIN - 1))
    assert (found.low, found.high, found.decision) == (None, None, "undecided")


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [
        (1.01, 1.3, "faster"),
        (0.7, 0.99, "slower"),
        (0.9, 1.2, "undecided"),
        (0.98, 1.02, "no difference"),
        (1.005, 1.02, "no difference"),
        (0.98, 1.04, "undecided"),
    ],
)
def test_what_an_interval_allows_to_say(low: float, high: float, decision: str) -> None:
    assert RateRatio(pairs=9, ratio=1.0, low=low, high=high).decision == decision


@pytest.mark.parametrize(
    ("rates", "others"), [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [0.0])]
)
def test_what_is_no_pair_is_refused(rates: list[float], others: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs|ratio"):
        rate_ratio(rates, others)


def test_who_looks_after_each_pair_is_not_fooled_more_often_than_said() -> None:
    """1000 comparisons of a configuration with itself, whose runs scatter by 20 %, looked at after
    4 to 12 pairs: at most 5 % ever find it faster or slower. With an interval of 95 % at each look
    it would be some 15 %."""
    draw = random.Random(5)
    looks = range(PAIRS_MIN, 13)

    def fooled(looks_said: int) -> bool:
        pairs = [(exp(draw.gauss(0, 0.2)), exp(draw.gauss(0, 0.2))) for _ in range(12)]
        decisions = {
            rate_ratio(*map(list, zip(*pairs[:n], strict=True)), looks=looks_said).decision
            for n in looks
        }
        return bool({"faster", "slower"} & decisions)

    assert sum(fooled(len(looks)) for _ in range(1000)) <= 50
    assert sum(fooled(1) for _ in range(1000)) > 100
