"""The recovery that is predicted, held against the kills that the lab has kept."""

import re
from typing import Final

import pytest

from advisor.knowledge import load_all_settings, load_replay
from tests.lab.experiment import experiment_names
from tests.lab.results import RunResult, stored_runs
from tests.servers.provision import SERVERS

CITED: Final = re.compile(r"measured: tests/lab, (\S+)")
START_S: Final = 1.5
"""What a start takes without anything to replay, about."""
FACTOR: Final = 2
VENDOR_OF: Final = {row.name: row.vendor for row in SERVERS}
REPLAY: Final = load_replay()


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
    assert cited()
    assert [name for name in cited() if not stored_runs(name)] == []


def killed() -> list[RunResult]:
    """The runs that ended in a kill, on a drive whose pages were measured. Compressed page images
    are fewer bytes for the same pages."""
    return [
        run
        for name in experiment_names()
        for run in stored_runs(name)
        if "wal_compression" not in run.fragment
        and run.replayed_bytes
        and run.pages_per_s
        and run.recovery_s
    ]


@pytest.mark.parametrize("run", killed(), ids=lambda run: f"{run.block} {run.configuration}")
def test_a_recovery_is_predicted_within_a_factor_of_2(run: RunResult) -> None:
    replay = REPLAY[VENDOR_OF[run.block.split()[0]]]
    assert run.pages_per_s is not None
    assert run.replayed_bytes is not None
    assert run.recovery_s is not None
    speed = replay.at(run.pages_per_s["read"], run.pages_per_s["written"])
    predicted_s = START_S + run.replayed_bytes / speed
    assert 1 / FACTOR < predicted_s / run.recovery_s < FACTOR
