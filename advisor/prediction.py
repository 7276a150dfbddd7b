"""What `predict` found: predicted commits per second beside measured ones."""

from typing import Literal

from advisor.capacity.group_commit import Bottleneck
from advisor.model import Model
from advisor.vendors.names import VendorName


class CpuPoint(Model):
    """The CPU time of one transaction at that many clients, over all cores."""

    clients: int
    us_per_txn: float


class PredictionPoint(Model):
    """One number of clients: what was predicted, and what came. Percentiles are of a commit as its
    client sees it; None where the run was too short for them."""

    clients: int
    predicted_per_s: float
    measured_per_s: float
    error_percent: float
    """Of the measured; above 0: too much was predicted."""
    predicted_p50_ms: float
    measured_p50_ms: float | None
    predicted_p99_ms: float
    measured_p99_ms: float | None
    group_size: float
    bottleneck: Bottleneck


class Prediction(Model):
    """A prediction held against one server."""

    schema_version: Literal[1] = 1
    engine: VendorName
    engine_version: str
    commit: str
    """The way to commit, by the name that advisor/vendors gives it."""
    log_sync_us: float
    append_sync_us: float | None
    cores: int
    cpu: tuple[CpuPoint, ...]
    wake_us: float
    notes: tuple[str, ...]
    points: tuple[PredictionPoint, ...]
