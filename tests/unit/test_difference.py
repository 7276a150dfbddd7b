"""Whether two means differ beyond their scatter; expectations worked out by hand."""

import pytest
from drives import summary

from advisor.comparison.difference import difference


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
    assert found.why == "a mean without a confidence interval cannot be told from noise"
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
