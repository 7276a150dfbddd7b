"""Soaks made by hand: seconds as a test describes them, and measurements that have one."""

from collections.abc import Sequence
from typing import Any

from advisor.latency_buckets import count_latencies, percentile_us, write_counts
from advisor.measurement import Measurement
from advisor.soak import Soak, SoakEndedBy, TimeSeries
from tests.support.drives import classic, measurement, series, summary


def soak_of_rates(
    rates_per_s: Sequence[int],
    *,
    ended_by: SoakEndedBy = "time",
    rate_per_s: float | None = None,
    page_writers: int = 0,
) -> Soak:
    """A second for each rate, in which all syncs take equally long, but for one that takes twice as
    long."""
    seconds = [[10**9 // rate] * (rate - 1) + [2 * 10**9 // rate] for rate in rates_per_s]
    counts = [count_latencies(latencies_ns) for latencies_ns in seconds]
    return Soak(
        series="overwrite-fdatasync-8k",
        block_bytes=8192,
        asked_s=len(rates_per_s),
        rate_per_s=rate_per_s,
        page_writers=page_writers,
        bytes_max=10**12,
        files_bytes=64 << 20,
        ended_by=ended_by,
        stretches=TimeSeries(
            elapsed_ns=(10**9,) * len(rates_per_s),
            syncs=tuple(rates_per_s),
            mean_us=tuple(1e6 / rate for rate in rates_per_s),
            p50_us=tuple(percentile_us(each, 50.0) for each in counts),
            p99_us=tuple(percentile_us(each, 99.0) for each in counts),
            max_us=tuple(2e6 / rate for rate in rates_per_s),
            page_bytes=(0,) * len(rates_per_s),
            device_written_bytes=(None,) * len(rates_per_s),
            histograms=tuple(map(write_counts, counts)),
        ),
        health_unknown="smartctl is not installed",
    )


def noisy(rate: int, seconds: int) -> list[int]:
    """A rate that goes up and down by 2 %."""
    return [rate + rate * (second * 7 % 5 - 2) // 100 for second in range(seconds)]


BURST = soak_of_rates([*noisy(3000, 60), *noisy(800, 120)])
"""3000 syncs/s for a minute, and then 800."""
STEADY = soak_of_rates(noisy(800, 60))


def soaked_measurement(
    soak: Soak | None = BURST, sync_us: float = 1250.0, **parts: Any
) -> Measurement:
    """A measurement that was taken after a soak: 800 syncs/s of 1.25 ms, reads at 4000/s."""
    reads = series(
        "random-read",
        "none",
        summary(2000, ops_per_s=4000.0),
        direct=True,
        block_bytes=16384,
        writers=8,
    )
    primary = summary(sync_us, p50_us=sync_us, p99_us=1.5 * sync_us)
    append = series("append", "fdatasync", 1.3 * sync_us)
    taken = measurement(primary, append, classic(1e6 / sync_us), reads, **parts)
    return taken.model_copy(update={"soak": soak})
