"""How near the model of a replica came to real pairs of a source and a replica."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from advisor.conditions import Strict
from advisor.vendors.names import VendorName

AccuracyCase = Literal["durable", "relaxed", "replay", "replay-without-prefetch"]
"""What was tried: appliers whose commits wait for syncs, or for none; a standby that has its pages
read ahead, or reads one after another."""


class Accuracy(Strict):
    """One entry of profiles/replica_accuracy.toml: real rates, as shares of the model's."""

    pairs: str = Field(min_length=1)
    """Which servers, on how many cores."""
    runs: int = Field(gt=0)
    at_least: float = Field(gt=0, le=1)
    """As much as this was applied in nine of ten runs."""
    at_most: float = Field(ge=1)
    """No more than this was applied in nine of ten runs."""
    several_appliers: tuple[int, ...] = ()
    several_of_one_at_most: float | None = None
    """At most what so many applied, as a share of what one did; None where more apply more."""


AccuracyByCase = Mapping[AccuracyCase, Accuracy]
AccuracyByVendor = Mapping[VendorName, AccuracyByCase]
