"""Whether one mean latency differs from another beyond what their own scatter explains.

The interval of the difference d = after - before is d +- sqrt(h1^2 + h2^2), where h1 and h2 are the
half-widths of the two means' 95 % confidence intervals (batch means, `ci95_percent`): Welch's
interval, but with each run's own quantile of Student's t in place of a common one. That is all that
a stored summary allows, and known as the recovery of variance estimates from confidence limits
(Zou and Donner 2008, doi:10.1002/sim.3095). It asks less than that the two intervals be disjoint,
which for equal half-widths would be a test at 0.6 % rather than 5 %.

Latencies are compared, not ops/s: ops/s also counts what the host did between two operations, and
no interval is known for it. The interval knows the scatter within each run. What changes between
runs (neighbours, the state of the flash, temperature) is not in it.
"""

from math import hypot
from typing import Literal

from advisor.measurement import Summary
from advisor.model import Model

Judgement = Literal["faster", "slower", "within noise", "not judged"]
"""Never "equal": a difference that is not seen may still be there."""


class Difference(Model):
    """How one mean latency stands to another."""

    judgement: Judgement
    change_percent: float | None = None
    """Of the mean latency, in percent of the first: above 0 is slower."""
    change_ci95_percent: float | None = None
    """Half-width of its 95 % confidence interval, in percent points; None where it is unknown."""
    why: str = ""
    """Why it is not judged."""


def difference(before: Summary, after: Summary) -> Difference:
    """How the mean latency of `after` stands to that of `before`.

    "not judged" where either has no confidence interval: a mean alone cannot say.
    """
    change_percent = 100 * (after.mean_us / before.mean_us - 1)
    intervals = before.mean_interval_us, after.mean_interval_us
    half_widths_us = [(high - low) / 2 for low, high in filter(None, intervals)]
    if len(half_widths_us) < 2:
        why = "a mean without a confidence interval cannot be distinguished from noise"
        return Difference(judgement="not judged", change_percent=change_percent, why=why)
    noise_percent = 100 * hypot(*half_widths_us) / before.mean_us
    return Difference(
        judgement=_judgement(change_percent, noise_percent),
        change_percent=change_percent,
        change_ci95_percent=noise_percent,
    )


def _judgement(change_percent: float, noise_percent: float) -> Judgement:
    if abs(change_percent) <= noise_percent:
        return "within noise"
    return "slower" if change_percent > 0 else "faster"
