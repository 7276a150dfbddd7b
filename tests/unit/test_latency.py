"""Latencies to draw from: of samples, of percentiles, of a bare mean."""

from array import array
from random import Random

import pytest

from advisor.capacity.latency import QUANTILES, Latency
from advisor.measurement import Round, Series
from advisor.model import Unknown
from tests.support.drives import series, summary


def sampled(*latencies_ns: int, warmup: int = 0) -> Series:
    unknown = Unknown(unknown="not looked at")
    taken = Round(
        latencies_ns=array("q", latencies_ns),
        warmup_count=warmup,
        elapsed_ns=1,
        written_bytes=0,
        flush_requests=unknown,
        device_written_bytes=unknown,
    )
    return series("overwrite", "fdatasync", 1000.0, rounds=(taken,))


def test_samples_are_kept_ordered_and_the_warm_up_left_out() -> None:
    latency = Latency.of_series(sampled(9_000_000, 3_000, 1_000, 2_000, warmup=1))
    assert latency.ordered_us == (1.0, 2.0, 3.0)
    assert latency.mean_us == 2.0


def test_many_samples_keep_their_mean_and_their_tail() -> None:
    """0 to 9999 us: a thousand values, each the mean of ten neighbours."""
    latency = Latency.of_series(sampled(*(number * 1000 for number in range(10_000))))
    assert len(latency.ordered_us) == QUANTILES
    assert latency.ordered_us[0] == pytest.approx(4.5)
    assert latency.ordered_us[-1] == pytest.approx(9994.5)
    assert latency.mean_us == pytest.approx(4999.5)


@pytest.mark.parametrize("count", [1001, 1110, 1999, 2500])
def test_the_mean_stays_where_samples_do_not_divide_evenly(count: int) -> None:
    """All take 100 us but for ten that take 50 ms."""
    latency = Latency.of_series(sampled(*[100_000] * (count - 10), *[50_000_000] * 10))
    assert len(latency.ordered_us) == QUANTILES
    assert latency.mean_us == pytest.approx(((count - 10) * 100 + 10 * 50_000) / count)
    assert latency.ordered_us[0] == pytest.approx(100)
    assert latency.ordered_us[-1] == pytest.approx(50_000)


def test_of_percentiles_the_mean_is_kept_and_the_order() -> None:
    known = summary(1000.0).model_copy(
        update={
            "min_us": 500.0,
            "p50_us": 900.0,
            "p90_us": None,
            "p99_us": 3000.0,
            "p999_us": None,
            "max_us": 9000.0,
        }
    )
    latency = Latency.of_summary(known)
    assert latency.mean_us == pytest.approx(1000.0)
    assert list(latency.ordered_us) == sorted(latency.ordered_us)
    p50, p99 = (latency.ordered_us[index] for index in (499, 989))
    assert p99 / p50 == pytest.approx(3000 / 900, rel=0.001)


def test_a_bare_mean_never_varies() -> None:
    only = dict.fromkeys(("min_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us"))
    latency = Latency.of_summary(summary(1234.0).model_copy(update=only))
    assert {latency.draw(Random(1)) for _ in range(10)} == {1234.0}


def test_each_latency_is_as_likely() -> None:
    random, latency = Random(1), Latency((1.0, 2.0, 3.0, 4.0))
    drawn = [latency.draw(random) for _ in range(40_000)]
    assert {value: drawn.count(value) / 10_000 for value in latency.ordered_us} == pytest.approx(
        dict.fromkeys(latency.ordered_us, 1.0), rel=0.05
    )


def test_no_latency_is_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Latency(())


def test_a_clock_that_stood_still_leaves_the_summary() -> None:
    still = sampled(0, 0, 0)
    known = summary(1234.0).model_copy(
        update={"p50_us": 1234.0, "min_us": 1234.0, "max_us": 1234.0}
    )
    latency = Latency.of_series(still.model_copy(update={"summary": known}))
    assert latency.mean_us == pytest.approx(1234.0)
    none = known.model_copy(update={"p50_us": 0.0, "min_us": 0.0, "max_us": 0.0})
    assert Latency.of_summary(none).mean_us == 1234.0
