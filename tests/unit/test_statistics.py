"""Percentiles that the sample supports, and honest confidence intervals."""

from array import array
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from advisor.statistics import (
    ci95_percent,
    percentile,
    student_t,
    summarise,
)
from tests.support.drives import round_of, summary


# The least n with q^n <= 2.5 %: 0.5^6 = 1.6 %, 0.9^36 = 2.3 %, 0.99^368 = 2.48 % (367: 2.501 %),
# 0.999^3688 = 2.498 % (3687: 2.5001 %). Conover, Practical Nonparametric Statistics, "Confidence
# interval for a quantile".
@pytest.mark.parametrize(("percent", "enough"), [(50.0, 6), (90.0, 36), (99.0, 368), (99.9, 3688)])
def test_a_percentile_without_the_samples_for_it_is_absent(percent: float, enough: int) -> None:
    assert percentile(range(enough - 1), percent) is None
    assert percentile(range(enough), percent) is not None


# Nearest rank by hand: the ceil(n * p)th of n.
@pytest.mark.parametrize(
    ("count", "percent", "value"),
    [
        (6, 50.0, 3),
        (7, 50.0, 4),
        (100, 90.0, 90),
        (101, 90.0, 91),
        (1000, 99.0, 990),
        (1001, 99.0, 991),
        (10_000, 99.9, 9990),
        (41_000, 99.9, 40_959),  # 41 000 * 99.9 / 100 is above 40 959 in floating point
    ],
)
def test_the_nearest_rank(count: int, percent: float, value: int) -> None:
    assert percentile(range(1, count + 1), percent) == value


@given(
    latencies=st.lists(st.integers(min_value=0, max_value=10**9), min_size=36, max_size=200),
    percent=st.sampled_from([50.0, 90.0]),
)
@example(latencies=[5] * 36, percent=90.0)
def test_a_percentile_is_the_least_value_that_bounds_that_share(
    latencies: list[int], percent: float
) -> None:
    value = percentile(sorted(latencies), percent)
    share = Fraction(percent) / 100
    bounding = [
        one
        for one in latencies
        if Fraction(sum(other <= one for other in latencies), len(latencies)) >= share
    ]
    assert value == min(bounding)


# From a printed table of Student's t: NIST/SEMATECH e-Handbook, 1.3.6.7.2.
@pytest.mark.parametrize(
    ("quantile", "degrees", "value"),
    [
        (0.95, 7, 1.895),
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 3, 3.182),
        (0.975, 9, 2.262),
        (0.975, 100, 1.984),
        (0.995, 3, 5.841),
        (0.995, 10, 3.169),
    ],
)
def test_students_t_is_the_printed_one(quantile: float, degrees: int, value: float) -> None:
    assert student_t(quantile, degrees) == pytest.approx(value, abs=0.0006)


def test_below_ten_batches_there_is_no_interval() -> None:
    assert ci95_percent([]) is None
    assert ci95_percent([[100] * 9]) is None
    assert ci95_percent([[100] * 4, [100] * 5]) is None
    assert ci95_percent([[100] * 10]) == 0.0


# By hand: means 90 and 110, five of each: mean 100, standard deviation sqrt(10 * 100 / 9) = 10.541,
# half-width 2.262 * 10.541 / sqrt(10) = 7.54.
def test_the_interval_of_ten_single_samples() -> None:
    assert ci95_percent([[90, 110] * 5]) == pytest.approx(7.54, abs=0.01)


# The same ten means as batches of four equal samples: forty samples, no more certain than ten.
def test_neighbours_that_resemble_each_other_count_once() -> None:
    correlated = [latency for batch in (90, 110) * 5 for latency in (batch,) * 4]
    assert ci95_percent([correlated]) == pytest.approx(7.54, abs=0.01)


# Two rounds of ten: twenty means, sd sqrt(20 * 100 / 19) = 10.260,
# half-width 2.093 * 10.260 / sqrt(20) = 4.80.
def test_rounds_are_cut_separately() -> None:
    assert ci95_percent([[90, 110] * 5, [110, 90] * 5]) == pytest.approx(4.80, abs=0.01)


def test_a_series_of_nothing_but_warm_up_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples after the warm-up"):
        summarise([round_of([5, 5], warmup_count=2)])


# 1000, 2000 ... 10000 ns after a warm-up of 999 ms, in 110 us: mean 5.5 us, 10 per 110 us are
# 90 909/s.
def test_the_warm_up_is_left_out() -> None:
    kept = list(range(1000, 11_000, 1000))
    made = summarise([round_of([999_000_000, *kept], warmup_count=1, elapsed_ns=110_000)])
    assert made.count == 10
    assert made.ops_per_s == pytest.approx(90_909.09, abs=0.01)
    assert made.mean_us == 5.5
    assert made.min_us == 1.0
    assert made.max_us == 10.0
    assert made.p50_us == 5.0
    assert (made.p90_us, made.p99_us, made.p999_us) == (None, None, None)
    # sd of 1 to 10 = 3.0277; 2.262 * 3.0277 / sqrt(10) = 2.166 of 5.5 = 39.4 %
    assert made.ci95_percent == pytest.approx(39.4, abs=0.05)


# Two rounds, 40 samples in 40 us + 60 us: 400 000/s.
def test_rounds_are_put_together() -> None:
    made = summarise(
        [
            round_of([2000] * 10 + [1000] * 10, elapsed_ns=40_000),
            round_of([4000] * 10 + [3000] * 10, elapsed_ns=60_000),
        ]
    )
    assert made.count == 40
    assert made.ops_per_s == pytest.approx(400_000)
    assert (made.min_us, made.p50_us, made.p90_us, made.max_us) == (1.0, 2.0, 4.0, 4.0)


def test_every_percentile_has_its_place() -> None:
    made = summarise([round_of(array("q", range(1000, 10_001_000, 1000)))])
    assert (made.p50_us, made.p90_us, made.p99_us, made.p999_us) == (5000, 9000, 9900, 9990)


def test_the_typical_latency_is_the_median_where_there_is_one() -> None:
    assert summary(100, p50_us=80).typical_us == 80
    assert summary(100, p50_us=None).typical_us == 100


def test_the_means_interval() -> None:
    assert summary(200, ci95_percent=None).mean_interval_us is None
    assert summary(200, ci95_percent=5.0).mean_interval_us == (190, 210)
