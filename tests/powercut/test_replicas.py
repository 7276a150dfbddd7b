"""A cut or two of real replicas, and what the stored cuts of replicas.py showed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.powercut.disk import CannotRehearse, shelf
from tests.powercut.rehearsal import Plan
from tests.powercut.replica_results import README, load, report
from tests.powercut.replicas import CASES, Case, rehearse
from tests.support.faults import missing


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            room = stack.enter_context(shelf())
        except CannotRehearse as why:
            missing(f"power cuts cannot be rehearsed: {why}")
        yield room


@pytest.mark.parametrize(
    "case",
    [Case("mysql-9.7", binary_log=False), Case("mariadb-11.8")],
    ids=lambda case: case.server,
)
def test_a_relaxed_replica_that_keeps_gtids_in_its_tables_fetches_what_it_lost(
    room: Path, case: Case
) -> None:
    run = rehearse(room, case, Plan(4, 1, 2.5, 1, pause_s=0.005, first_s=1.5))
    assert run.commits > 20
    for several in run.continued.values():
        assert [(one.outcome, one.missing, one.strange) for one in several] == [("whole", 0, 0)]


def test_every_case_was_cut_at_least_twenty_times() -> None:
    stored = load()
    assert {case.name for case in CASES} == stored.keys()
    for runs in stored.values():
        assert sum(len(run["at_s"]) for run in runs) >= 20


def test_the_table_in_the_readme_is_what_is_stored() -> None:
    assert report(load()) in README.read_text()
