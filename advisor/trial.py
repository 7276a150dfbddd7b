"""What `trial` found: the commits per second of configurations that took turns on one drive."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from advisor.comparison.throughput import PAIRS_MIN, RateRatio, rate_ratio
from advisor.model import Model
from advisor.vendors.names import VendorName

Ending = Literal["clear", "time"]
"""Why it ended: every comparison was decided, or the time was over."""


class TrialRun(Model):
    """One turn of one configuration."""

    round: int
    commits_per_s: float
    lowest_per_s: float
    """Of its worst second."""
    p99_ms: float | None = None
    """Of a commit as its client sees it."""


class Contender(Model):
    """One configuration and its turns."""

    name: str
    """"ours", "default", or the fragment's file."""
    runs: tuple[TrialRun, ...]
    fragment: str = ""
    """What it was started with; "" for the server as it comes."""
    recovery_s: float | None = None
    """From the start after a kill under load to the first answer."""

    @property
    def commits_per_s(self) -> float:
        """Its median turn."""
        return median(run.commits_per_s for run in self.runs)

    @property
    def lowest_per_s(self) -> float:
        """The worst second of all its turns."""
        return min(run.lowest_per_s for run in self.runs)


class TrialComparison(Model):
    """The first configuration against another."""

    other: str
    ratio: RateRatio


class Trial(Model):
    """A whole trial."""

    schema_version: Literal[1] = 1
    engine: VendorName
    engine_version: str
    directory: str
    clients: int
    turn_s: float
    """Measured of each turn, after its warm-up."""
    elapsed_s: float
    ending: Ending
    contenders: tuple[Contender, ...]
    comparisons: tuple[TrialComparison, ...]
    notes: tuple[str, ...] = ()


def compare(contenders: Sequence[Contender], rounds_max: int) -> tuple[TrialComparison, ...]:
    """The first against each other one, after the rounds that all have, of at most `rounds_max`.

    All comparisons hold together at 95 %, although one looks after every round.
    """
    first, *others = contenders
    looks = max(1, rounds_max - PAIRS_MIN + 1) * max(1, len(others))
    rounds = min(len(contender.runs) for contender in contenders)
    rates = {each.name: [run.commits_per_s for run in each.runs[:rounds]] for each in contenders}
    return tuple(
        TrialComparison(
            other=other.name, ratio=rate_ratio(rates[first.name], rates[other.name], looks=looks)
        )
        for other in others
    )


def is_clear(comparisons: Sequence[TrialComparison]) -> bool:
    """Whether nothing is left to find out."""
    return all(each.ratio.decision != "undecided" for each in comparisons)
