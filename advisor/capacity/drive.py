"""What a drive sustains on one connection, without a server in mind. Pure."""

from advisor.advice import Capacity
from advisor.capacity.serial import SYNC_COUNTS, serial_capacity
from advisor.errors import AdvisorError
from advisor.measurement import MEASURED, Measurement


def drive_capacity(measurement: Measurement, syncs: tuple[int, ...] | None) -> Capacity:
    """The serial bound. Raises AdvisorError where the measurement has no sync."""
    return serial_capacity(sync_us(measurement), syncs or SYNC_COUNTS)


def sync_us(measurement: Measurement) -> float:
    """The mean of the sync that a commit waits for. Raises AdvisorError where it is missing."""
    series = measurement.effective_sync
    if series is None and measurement.source != MEASURED:
        raise AdvisorError(
            f"what is {measurement.source} has no sync of a single writer, which every figure"
            f" needs",
            "measure: fsync-advisor measure --output FILE",
        )
    if series is None:
        raise AdvisorError(
            "the measurement has no overwrite with fdatasync, which every figure needs",
            "measure again: fsync-advisor measure --output FILE",
        )
    return series.summary.mean_us


def append_us(measurement: Measurement) -> float | None:
    """The mean of a sync of a file that grows; None where it was not measured."""
    series = measurement.append
    return series.summary.mean_us if series else None
