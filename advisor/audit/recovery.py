"""What the size of a log means for the recovery after a crash. Pure."""

from typing import Final, NamedTuple

from advisor.model import Known, Unknown
from advisor.rules.catalogue import Spec
from advisor.units import UNIT_BYTES, Value, format_size, format_span
from advisor.vendors.registry import VENDORS

CHECKPOINT_TIMEOUT: Final = "checkpoint_timeout"
REPLAYED_INTERVALS: Final = 1.9
"""How many intervals of WAL a crash may replay: one, and the 0.9 of the next that a checkpoint may
take by checkpoint_completion_target (profiles/postgresql/checkpoint_timeout.toml)."""


class Recovery(NamedTuple):
    """How long one may take, and how fast the server replays."""

    time_s: float
    replay_bytes_per_s: Known[float]

    def is_in_time(self, spec: Spec, name: str, value: Value) -> bool:
        """Whether it is the size of a log that is surely replayed in that time."""
        size_bytes = _log_bytes(spec, name, value)
        if size_bytes is None or isinstance(self.replay_bytes_per_s, Unknown):
            return False
        return size_bytes <= self.time_s * self.replay_bytes_per_s

    def note(self, spec: Spec, name: str, value: Value) -> str:
        """What a value larger than advised means; "" where it means nothing for a recovery."""
        if name == CHECKPOINT_TIMEOUT and not isinstance(value, str | bool):
            replayed = format_span(REPLAYED_INTERVALS * value)
            return f"more than advised; a crash may replay the WAL of {replayed}"
        size_bytes = _log_bytes(spec, name, value)
        if size_bytes is None:
            return ""
        replayed = f"more than advised; a crash may replay up to {format_size(size_bytes)}"
        if isinstance(self.replay_bytes_per_s, Unknown):
            return replayed
        return f"{replayed}, in about {format_span(size_bytes / self.replay_bytes_per_s)}"


def _log_bytes(spec: Spec, name: str, value: Value) -> float | None:
    """The whole log, if that is what the setting sizes."""
    vendor = VENDORS[spec.vendor]
    if isinstance(value, str | bool) or spec.unit not in UNIT_BYTES:
        return None
    if name not in vendor.log_size_settings:
        return None
    files = vendor.redo_files if name == "innodb_log_file_size" else 1
    return value * UNIT_BYTES[spec.unit] * files
