"""Which of two configurations is faster, by runs in turn: the ratio of their rates, and how sure.

Runs are paired: the n-th of one stands beside the n-th of the other, made shortly before or after
it, so that what the host does in the course of an hour meets both. The interval is that of the mean
of the logarithms of the pairs' ratios (Student's t), so that a ratio and its reciprocal are treated
alike.

Who looks after every pair and stops when he likes what he sees finds a difference where there is
none more often than he says. So each look takes an equal share of the 5 % (Bonferroni), and the
intervals of all looks hold together at 95 %.
"""

from collections.abc import Sequence
from math import exp, log, sqrt
from statistics import fmean, stdev
from typing import Final, Literal

from pydantic import computed_field

from advisor.model import Model
from advisor.statistics import student_t

Decision = Literal["faster", "slower", "no difference", "undecided"]

NO_DIFFERENCE: Final = 0.03
"""A ratio within 3 % of 1 is none that a DBA would care for."""
PAIRS_MIN: Final = 4
"""Below, Student's t has no interval worth the name."""


class RateRatio(Model):
    """The rate of one configuration against another's."""

    pairs: int
    ratio: float
    """Above 1: the first is faster. The geometric mean of the pairs' ratios."""
    low: float | None
    high: float | None
    """The confidence interval; None where there are too few pairs."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def decision(self) -> Decision:
        """What the interval allows to say."""
        if self.low is None or self.high is None:
            return "undecided"
        if self.low > 1 - NO_DIFFERENCE and self.high < 1 + NO_DIFFERENCE:
            return "no difference"
        if self.low > 1:
            return "faster"
        return "slower" if self.high < 1 else "undecided"


def rate_ratio(
    rates_per_s: Sequence[float], others_per_s: Sequence[float], *, looks: int = 1
) -> RateRatio:
    """The ratio after these pairs, of at most `looks` times that anybody looks.

    Raises ValueError for rates that do not pair or are not above 0.
    """
    if len(rates_per_s) != len(others_per_s) or not rates_per_s:
        raise ValueError("rates are compared in pairs")
    if min(*rates_per_s, *others_per_s) <= 0:
        raise ValueError("a rate of 0 has no ratio")
    logs = [log(rate / other) for rate, other in zip(rates_per_s, others_per_s, strict=True)]
    mean, count = fmean(logs), len(logs)
    if count < PAIRS_MIN:
        return RateRatio(pairs=count, ratio=exp(mean), low=None, high=None)
    half_width = student_t(1 - 0.025 / looks, count - 1) * stdev(logs) / sqrt(count)
    return RateRatio(
        pairs=count, ratio=exp(mean), low=exp(mean - half_width), high=exp(mean + half_width)
    )
