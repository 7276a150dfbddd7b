"""The recovery that is predicted, held against the kills that the lab has kept."""

import re
from typing import Final

import pytest

from advisor.knowledge import load_all_settings
from tests.lab import server_memory
from tests.lab.experiment import experiment_names
from tests.lab.recovery import REPLAY, predicted_recovery_s
from tests.lab.results import RunResult, stored_runs

CITED: Final = re.compile(r"measured: tests/lab, (\S+)")
FACTOR: Final = 2


def cited() -> set[str]:
    sources = [source for replay in REPLAY.values() for source in replay.sources]
    sources += [
        source
        for setting in load_all_settings()
        for rule in setting.rule
        for source in rule.sources
    ]
    return {found[1] for source in sources if (found := CITED.fullmatch(source))}


def test_an_experiment_that_is_cited_was_run() -> None:
    """As runs of blocks, or as the memory of a server, which has a form of its own."""
    kept = {name for name in cited() if stored_runs(name)}
    assert kept
    assert cited() - kept == {server_memory.STORED.stem}
    assert server_memory.STORED.is_file()


OTHERS_MOST_CORES: Final = 1.5
"""Of two. Of a run whose host was busier with other work, the recovery tells of that; one is so."""


def timed() -> list[RunResult]:
    """The kills of which something could be predicted."""
    runs = [run for name in experiment_names() for run in stored_runs(name)]
    return [
        run
        for run in runs
        if predicted_recovery_s(run) is not None and (run.other_cores or 0) < OTHERS_MOST_CORES
    ]


@pytest.mark.parametrize("run", timed(), ids=lambda run: f"{run.block} {run.configuration}")
def test_a_recovery_is_predicted_within_a_factor_of_2(run: RunResult) -> None:
    predicted_s = predicted_recovery_s(run)
    assert predicted_s is not None
    assert run.recovery_s is not None
    assert 1 / FACTOR < predicted_s / run.recovery_s < FACTOR
