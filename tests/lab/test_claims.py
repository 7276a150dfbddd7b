"""What a rule says of an experiment, held against the experiment's runs."""

from statistics import median
from typing import Final

import pytest

from tests.lab.results import counted_runs

GAINED_NOTHING: Final = {
    "page-flushing-mysql": (
        *("neighbours", "adaptive-off", "flush-sync-off"),
        *("doublewrite-pages-4", "log-writer-threads-off", "io-capacity-default"),
    ),
    "page-flushing-mariadb": ("data-write-through", "log-buffering", "log-write-through"),
}
"""Experiment -> variants of our fragment of which a rule or profiles/README.md says so."""

SLOWER: Final = (("io-capacity-mysql", "all", "quarter"),)
"""Experiment, a variant that a rule calls slower, and what it is slower than."""

COMPRESSED: Final = ("cloud-3000",)
"""The drives on which a rule calls lz4 faster than no compression."""

NOTHING: Final = 1.03
"""A difference that a comparison does not take for one."""


def rate(experiment: str, configuration: str, drive: str = "") -> float:
    """The median of its runs, in commits per second."""
    runs = [run for run in counted_runs(experiment) if f"{drive} " in run.block]
    return median(run.rates.mean for run in runs if run.configuration == configuration)


@pytest.mark.parametrize(
    ("experiment", "variant"),
    [(experiment, variant) for experiment, found in GAINED_NOTHING.items() for variant in found],
)
def test_a_variant_that_gained_nothing_is_not_faster(experiment: str, variant: str) -> None:
    assert rate(experiment, variant) <= NOTHING * rate(experiment, "ours")


@pytest.mark.parametrize(("experiment", "variant", "other"), SLOWER)
def test_a_variant_that_is_called_slower_is(experiment: str, variant: str, other: str) -> None:
    assert NOTHING * rate(experiment, variant) < rate(experiment, other)


@pytest.mark.parametrize("drive", COMPRESSED)
def test_lz4_is_faster_where_a_rule_says_so(drive: str) -> None:
    plain = rate("drives-postgresql", "ours-uncompressed", drive)
    assert rate("drives-postgresql", "ours", drive) > NOTHING * plain
