"""The histogram of a soak: how near it is, and that nothing is lost on its way."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.latency_buckets import (
    LAST_BUCKET,
    add_counts,
    count_latencies,
    middle_us,
    percentile_us,
    read_counts,
    write_counts,
)

LATENCIES = st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=200)


@given(st.integers(1, 2**48 - 1))
def test_a_latency_is_told_within_2_2_percent(latency_ns: int) -> None:
    (bucket,) = count_latencies([latency_ns])
    assert middle_us(bucket) * 1000 == pytest.approx(latency_ns, rel=0.0222)


@given(LATENCIES)
def test_each_latency_is_counted_once(latencies_ns: list[int]) -> None:
    assert sum(count_latencies(latencies_ns).values()) == len(latencies_ns)


@given(LATENCIES, LATENCIES)
def test_parts_add_up_to_the_whole(first: list[int], second: list[int]) -> None:
    parts = (count_latencies(first), count_latencies(second))
    assert add_counts(parts) == count_latencies(first + second)


@given(LATENCIES)
def test_it_survives_being_written(latencies_ns: list[int]) -> None:
    counts = count_latencies(latencies_ns)
    assert read_counts(write_counts(counts)) == counts


def test_how_it_is_written() -> None:
    """Bucket 16 begins at 2 ns, bucket 17 at 2^(17/16) = 2.09 ns, 160 at 1024 ns."""
    assert write_counts(count_latencies([2, 2, 1024])) == "16:2;160:1"
    assert write_counts({16: 2, 17: 5, 160: 1}) == "16:2,5;160:1"


def test_what_takes_too_long_is_in_the_last_bucket() -> None:
    assert count_latencies([2**60, 2**47]) == {LAST_BUCKET: 1, 752: 1}
    assert read_counts("999:3") == {LAST_BUCKET: 3}


def test_percentiles_are_those_of_the_latencies() -> None:
    """Of 1000 latencies, the 500th and the 990th in order; for p99.9 that is too few."""
    chance = random.Random(1)
    latencies_ns = [int(1e6 * chance.lognormvariate(0, 1)) for _ in range(1000)]
    counts, ordered = count_latencies(latencies_ns), sorted(latencies_ns)
    assert percentile_us(counts, 50.0) == pytest.approx(ordered[499] / 1000, rel=0.0222)
    assert percentile_us(counts, 99.0) == pytest.approx(ordered[989] / 1000, rel=0.0222)
    assert percentile_us(counts, 99.9) is None
