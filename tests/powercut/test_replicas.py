"""A cut or two of real replicas, and what the stored cuts of replicas.py showed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.powercut.disk import CannotRehearse, shelf
from tests.powercut.rehearsal import Plan
from tests.powercut.replica_results import README, load, outcomes, report, unlogged
from tests.powercut.replicas import CASES, Case, rehearse
from tests.powercut.standbys import STANDBYS
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


MYSQL, MARIADB = "mysql-9.7 loses-recent-on-power-loss", "mariadb-11.8 loses-recent-on-power-loss"
MYSQL_FLUSHED = "mysql-9.7 durable but sync_binlog = 0"
MARIADB_FLUSHED = "mariadb-11.8 durable but sync_binlog = 0"

FIGURES: Final[Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]]] = {
    f"{MYSQL}, GTID, binary log": ({"gap": 7, "whole": 13}, {"gap": 7, "whole": 13}),
    f"{MYSQL}, GTID, no binary log": ({"whole": 20}, {"whole": 20}),
    f"{MYSQL} but log_replica_updates = OFF, GTID, no binary log": ({"whole": 20}, {"whole": 20}),
    f"{MYSQL} but sync_binlog = 1, GTID, binary log": ({"gap": 20}, {"gap": 20}),
    f"{MYSQL_FLUSHED}, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    f"{MARIADB} but sync_binlog = 1, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    f"{MARIADB_FLUSHED}, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    f"{MARIADB}, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    f"{MARIADB}, GTID, no binary log": ({"whole": 20}, {"whole": 20}),
    f"{MYSQL}, file and position, binary log": (
        {"stopped": 18, "whole": 2},
        {"stopped": 18, "whole": 2},
    ),
    f"{MARIADB}, file and position, binary log": ({"stopped": 20}, {"duplicate key": 20}),
    "mysql-9.7 durable, file and position, binary log": (
        {"stopped": 16, "whole": 4},
        {"stopped": 16, "whole": 4},
    ),
    "mariadb-11.8 durable, file and position, binary log": (
        {"stopped": 20},
        {"duplicate key": 20},
    ),
    "mysql-9.7 durable, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    "mariadb-11.8 durable, GTID, binary log": ({"whole": 20}, {"whole": 20}),
    "postgresql-15 loses-recent-on-crash, standby": ({"whole": 20}, {}),
    "postgresql-19 loses-recent-on-crash, standby": ({"whole": 20}, {}),
}
"""Case -> how many cuts ended in which way, without and with relay_log_recovery; read in
replicas.json, and what profiles/roles say."""


def test_the_cuts_ended_as_the_profiles_say() -> None:
    stored = load()
    assert stored.keys() == FIGURES.keys()
    assert {*(case.name for case in CASES), *(case.name for case in STANDBYS)} == stored.keys()
    for name, (without, with_it) in FIGURES.items():
        assert outcomes(stored[name], "off") == without, name
        assert outcomes(stored[name], "on") == with_it, name
    assert unlogged(stored[f"{MYSQL}, GTID, binary log"]) == 13
    assert unlogged(stored[f"{MARIADB}, GTID, binary log"]) == 12
    for name in (MYSQL_FLUSHED, MARIADB_FLUSHED):
        assert unlogged(stored[f"{name}, GTID, binary log"]) == 20
    for name in (MYSQL, MARIADB):
        assert unlogged(stored[f"{name} but sync_binlog = 1, GTID, binary log"]) == 0


def test_a_gap_is_rows_that_are_missing_and_nothing_else() -> None:
    for runs in load().values():
        for run in runs:
            for recovery, ended in run["outcomes"].items():
                for outcome, lacks, strange in zip(
                    ended, run["missing"][recovery], run["strange"][recovery], strict=True
                ):
                    assert (lacks, strange) == (0, 0) or outcome != "whole"
                    assert lacks > 0 or outcome != "gap"


def test_the_table_in_the_readme_is_what_is_stored() -> None:
    assert report(load()) in README.read_text()
