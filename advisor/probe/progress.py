"""What the probe tells while it measures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Progress:
    """How far the run is. Sent between two series, never while one is measured."""

    activity: str
    """What comes next: the label of a series, or "watching the drive", "filling the test files"."""
    series_number: int | None
    """Which of the plan's series that is, from 1 on; None where it is none."""
    series_done: int
    series_total: int
    budget_fraction: float
    """How much of the time is used up, 0 to 1; the run may end well before 1."""
    left_s: float
    """How much of the time is left."""
    ops_per_s: float | None = None
    """What that series did in the rounds before; None in its first."""
    mean_us: float | None = None
    p99_us: float | None = None


ProgressReport: TypeAlias = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """Tells nobody."""
