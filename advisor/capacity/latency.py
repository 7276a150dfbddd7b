"""How long one sync takes. A stand-in with the same names, until the model itself is here."""

from dataclasses import dataclass
from typing import Self

from advisor.measurement import Series


@dataclass(frozen=True, slots=True)
class Latency:
    """Equally likely latencies of one sync, ascending, in microseconds."""

    ordered_us: tuple[float, ...]

    @classmethod
    def constant(cls, latency_us: float) -> Self:
        return cls((latency_us,))

    @classmethod
    def of_series(cls, series: Series) -> Self:
        return cls.constant(series.summary.mean_us)

    @property
    def mean_us(self) -> float:
        return sum(self.ordered_us) / len(self.ordered_us)
