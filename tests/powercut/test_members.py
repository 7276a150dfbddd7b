"""One cut of all members of a cluster, and what many have cost (members.json, by `python -m
tests.powercut.members`)."""

import json
from collections import Counter
from typing import Any, Final

import pytest

from tests.powercut.copies_report import PAIRS, README, kind, tables
from tests.powercut.disk import CannotRehearse, shelf
from tests.powercut.members import CASES, RESULTS, black_out
from tests.servers import galera
from tests.servers.copies import BOTH_RELAXED, LOG_RELAXED, RELAXED, Case
from tests.support.faults import missing

STORED: Final[dict[str, Any]] = json.loads(RESULTS.read_text())


DURABLE: Final = [case for case in CASES if case.durability == "durable" and not case.changed]


@pytest.mark.parametrize("case", DURABLE, ids=lambda case: case.cluster)
def test_a_durable_cluster_has_everything_when_all_lost_power_at_once(case: Case) -> None:
    if case.cluster == "galera" and (why := galera.why_missing()):
        missing(why)
    try:
        with shelf() as room:
            (cut,) = black_out(room, case, cuts=1, until_s=2.0)
    except CannotRehearse as reason:
        missing(f"power cuts cannot be rehearsed: {reason}")
    assert cut.acknowledged
    assert cut.lost == 0


def test_every_cluster_was_cut_often_enough() -> None:
    assert set(STORED) == {case.name for case in CASES}
    for name, stored in STORED.items():
        assert len(stored["cuts"]) >= 20, name
        assert all(cut["acknowledged"] > 0 for cut in stored["cuts"]), name


WHOLE: Final = "whole"
SST: Final = "needs a copy of another node's data (SST)"
DIFFERS: Final = "has commits that the first has not"
ENDS: Final = "joins, and ends with an error"
CAME_BACK: Final = {
    ("group-replication", "durable", ()): (0, {WHOLE: 40}),
    ("group-replication", "durable", LOG_RELAXED): (1, {ENDS: 31, WHOLE: 9}),
    ("group-replication", "durable", BOTH_RELAXED): (18, {DIFFERS: 34, ENDS: 6}),
    ("galera", "durable", ()): (0, {SST: 37, WHOLE: 3}),
    ("galera", RELAXED, ()): (20, {SST: 40}),
}
"""What profiles/clusters say: cuts that lost commits, and how the others came back."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cluster_lost_what_profiles_say(case: Case) -> None:
    cuts = STORED[case.name]["cuts"]
    losing = sum(cut["lost"] > 0 for cut in cuts)
    came_back = Counter(kind(other) for cut in cuts for other in cut["others"])
    assert (losing, came_back) == CAME_BACK[case.cluster, case.durability, case.changed]


def test_the_tables_show_what_is_stored() -> None:
    """Of pairs, too."""
    made = tables(json.loads(PAIRS.read_text()), STORED)
    assert made in README.read_text(), "run python -m tests.powercut.copies_report"
