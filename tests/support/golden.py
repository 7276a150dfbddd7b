"""Golden measurements, read."""

from advisor.measurement import Measurement
from advisor.measurement_file import from_json
from tests.support.paths import MEASUREMENTS


def stored(drive: str) -> Measurement:
    """The golden measurement of that name, as `--from` reads it."""
    return from_json((MEASUREMENTS / f"{drive}.json").read_text(), drive)
