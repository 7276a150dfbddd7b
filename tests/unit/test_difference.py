"""Whether two means differ beyond their scatter; expectations worked out by hand."""

import random

import pytest

from advisor.comparison.difference import difference
from advisor.measurement import Summary
from advisor.statistics import ci95_percent
from tests.support.drives import summary


@pytest.mark.parametrize(
    ("before", "after", "judgement", "change_percent", "noise_percent"),
    [
        # half-widths 20 and 22 us: sqrt(400 + 484) = 29.73 us of 1000
        ((1000.0, 2.0), (1100.0, 2.0), "slower", 10.0, 2.973),
        # 980 to 1020 and 1014.3 to 1055.7 overlap, yet 35 > sqrt(400 + 428.5) = 28.78
        ((1000.0, 2.0), (1035.0, 2.0), "slower", 3.5, 2.878),
        # 25 < sqrt(400 + 420.25) = 28.64
        ((1000.0, 2.0), (1025.0, 2.0), "within noise", 2.5, 2.864),
        ((1000.0, 2.0), (975.0, 2.0), "within noise", -2.5, 2.793),
        ((1000.0, 2.0), (1000.0, 2.0), "within noise", 0.0, 2.828),
        # 100 > sqrt(400 + 324) = 26.91
        ((1000.0, 2.0), (900.0, 2.0), "faster", -10.0, 2.691),
        # one of the two scatters so much that twice the mean is nothing: sqrt(20^2 + 1200^2)
        ((1000.0, 2.0), (2000.0, 60.0), "within noise", 100.0, 120.017),
        # no scatter at all: any change counts, no change does not
        ((1000.0, 0.0), (1001.0, 0.0), "slower", 0.1, 0.0),
        ((1000.0, 0.0), (1000.0, 0.0), "within noise", 0.0, 0.0),
    ],
)
def test_a_difference_counts_beyond_both_intervals_together(
    before: tuple[float, float],
    after: tuple[float, float],
    judgement: str,
    change_percent: float,
    noise_percent: float,
) -> None:
    first, second = (summary(mean, ci95_percent=ci95) for mean, ci95 in (before, after))
    found = difference(first, second)
    assert found.judgement == judgement
    assert found.change_percent == pytest.approx(change_percent)
    assert found.change_ci95_percent == pytest.approx(noise_percent, abs=0.001)
    assert found.why == ""


@pytest.mark.parametrize(("one", "other"), [(None, 2.0), (2.0, None), (None, None)])
def test_a_mean_without_an_interval_is_not_judged_and_never_called_equal(
    one: float | None, other: float | None
) -> None:
    found = difference(summary(1000.0, ci95_percent=one), summary(1000.0, ci95_percent=other))
    assert found.judgement == "not judged"
    assert found.why == "a mean without a confidence interval cannot be distinguished from noise"
    assert (found.change_percent, found.change_ci95_percent) == (0.0, None)


def test_latencies_are_judged_not_operations_per_second() -> None:
    # The host idled between the first run's operations: more operations a second, each slower.
    before = summary(1000.0, ops_per_s=900.0)
    after = summary(1100.0, ops_per_s=908.0)
    assert difference(before, after).judgement == "slower"


def test_the_two_directions_agree() -> None:
    one, other = summary(1000.0), summary(1100.0)
    assert difference(one, other).judgement == "slower"
    assert difference(other, one).judgement == "faster"


def one_run(chance: random.Random) -> Summary:
    """Three rounds of 50 skewed latencies around 1 ms, of a drive that never changes."""
    rounds = [[round(chance.lognormvariate(13.8, 0.4)) for _ in range(50)] for _ in range(3)]
    mean_us = sum(map(sum, rounds)) / 150 / 1000
    return summary(mean_us, ci95_percent=ci95_percent(rounds))


def test_a_drive_that_did_not_change_is_called_changed_as_often_as_95_percent_say() -> None:
    chance = random.Random(1)
    pairs = [(one_run(chance), one_run(chance)) for _ in range(1000)]
    called = sum(difference(*pair).judgement != "within noise" for pair in pairs)
    assert 30 <= called <= 70  # 50, and 3 standard deviations of sqrt(1000 * 0.05 * 0.95) = 6.9
    apart = 0
    for pair in pairs:
        (low, high), (other_low, other_high) = (side.mean_interval_us or (0, 0) for side in pair)
        apart += other_high < low or high < other_low
    assert apart <= 15  # 0.6 % of 1000 is 6: intervals that must be disjoint miss what is there
