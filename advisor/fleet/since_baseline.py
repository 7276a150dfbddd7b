"""A host against its own earlier result."""

from typing import Final

from advisor.comparison.difference import difference
from advisor.fleet.dates import in_utc
from advisor.fleet.results import HostChange
from advisor.measurement import Measurement

TOLERANCE_PERCENT: Final = 50.0
"""Smallest change that counts. With a quarter, which is what one drive's check asks for, runs of
drives that had not changed were called slower in 2.5 % of cases
(tests/benchmarks/compare_false_alarms.py): of 10,000 hosts 250, whenever somebody looks."""


def change_since(
    before: Measurement, now: Measurement, tolerance_percent: float
) -> HostChange | None:
    """How a sync's mean changed; None where the two have none of the same kind."""
    sync, old = now.effective_sync, before.effective_sync
    if sync is None or old is None or sync.kind != old.kind:
        return None
    found = difference(old.summary, sync.summary)
    times = sync.summary.mean_us / old.summary.mean_us
    beyond = 100 * (times - 1) > tolerance_percent
    slower = None if found.judgement == "not judged" else found.judgement == "slower" and beyond
    return HostChange(
        before_us=old.summary.mean_us,
        times=times,
        slower=slower,
        before_taken_at=in_utc(before.taken_at),
    )
