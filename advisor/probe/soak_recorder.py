"""Keeps a soak as it goes on, in as little room after a day as after half an hour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from advisor.latency_buckets import add_counts, count_latencies, percentile_us, write_counts
from advisor.soak import MAX_STRETCHES, TimeSeries

MOST_STRETCHES: Final = MAX_STRETCHES // 2
MOST_BUCKETS: Final = 120_000
"""Of all stretches together: 600 kB of a measurement's file, which may have 1 MiB beside its
single latencies."""


@dataclass
class Stretch:
    """A second of a soak, or several."""

    elapsed_ns: int
    counts: dict[int, int]
    latency_sum_ns: int
    max_ns: int
    page_bytes: int
    device_written_bytes: int | None

    @classmethod
    def of(
        cls,
        latencies_ns: Sequence[int],
        elapsed_ns: int,
        page_bytes: int,
        device_written_bytes: int | None,
    ) -> "Stretch":
        """What was measured in it: at least one latency."""
        return cls(
            elapsed_ns=elapsed_ns,
            counts=count_latencies(latencies_ns),
            latency_sum_ns=sum(latencies_ns),
            max_ns=max(latencies_ns),
            page_bytes=page_bytes,
            device_written_bytes=device_written_bytes,
        )

    def joined(self, other: "Stretch") -> "Stretch":
        """Both as one."""
        ours, theirs = self.device_written_bytes, other.device_written_bytes
        return Stretch(
            elapsed_ns=self.elapsed_ns + other.elapsed_ns,
            counts=add_counts((self.counts, other.counts)),
            latency_sum_ns=self.latency_sum_ns + other.latency_sum_ns,
            max_ns=max(self.max_ns, other.max_ns),
            page_bytes=self.page_bytes + other.page_bytes,
            device_written_bytes=None if ours is None or theirs is None else ours + theirs,
        )


@dataclass
class SoakRecorder:
    """Stretches of one length; when there are too many, each two neighbours become one."""

    stretches: list[Stretch] = field(default_factory=list)
    _open: list[Stretch] = field(default_factory=list)
    """What does not fill a stretch yet."""
    _open_seconds: int = 0
    _per_stretch: int = 1
    """Seconds."""
    _buckets: int = 0

    def add(self, stretch: Stretch) -> None:
        """The next second."""
        self._open.append(stretch)
        self._open_seconds += 1
        if self._open_seconds < self._per_stretch:
            return
        self._close()
        if len(self.stretches) > MOST_STRETCHES or self._buckets > MOST_BUCKETS:
            self._merge()

    def finished(self) -> TimeSeries | None:
        """All of them; None where there are none."""
        if self._open:
            self._close()
        if not self.stretches:
            return None
        return TimeSeries(
            elapsed_ns=tuple(each.elapsed_ns for each in self.stretches),
            syncs=tuple(sum(each.counts.values()) for each in self.stretches),
            mean_us=tuple(
                round(each.latency_sum_ns / sum(each.counts.values()) / 1000, 3)
                for each in self.stretches
            ),
            p50_us=tuple(_rounded(each, 50.0) for each in self.stretches),
            p99_us=tuple(_rounded(each, 99.0) for each in self.stretches),
            max_us=tuple(each.max_ns / 1000 for each in self.stretches),
            page_bytes=tuple(each.page_bytes for each in self.stretches),
            device_written_bytes=tuple(each.device_written_bytes for each in self.stretches),
            histograms=tuple(write_counts(each.counts) for each in self.stretches),
        )

    def _close(self) -> None:
        whole = _joined(self._open)
        self._open, self._open_seconds = [], 0
        self.stretches.append(whole)
        self._buckets += len(whole.counts)

    def _merge(self) -> None:
        pairs = [self.stretches[at : at + 2] for at in range(0, len(self.stretches), 2)]
        if len(pairs[-1]) < 2:
            self._open, self._open_seconds = pairs.pop(), self._per_stretch
        self.stretches = [_joined(pair) for pair in pairs]
        self._per_stretch *= 2
        self._buckets = sum(len(each.counts) for each in self.stretches)


def _joined(parts: Sequence[Stretch]) -> Stretch:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.joined(part)
    return whole


def _rounded(stretch: Stretch, percent: float) -> float | None:
    value = percentile_us(stretch.counts, percent)
    return None if value is None else round(value, 3)
