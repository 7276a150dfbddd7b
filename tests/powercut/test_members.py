"""One cut of all members of a cluster, and what many have cost (members.json, by `python -m
tests.powercut.members`)."""

import json
from typing import Any, Final

import pytest

from tests.powercut.disk import CannotRehearse, shelf
from tests.powercut.members import RESULTS, black_out
from tests.servers import galera
from tests.servers.clusters import CASES
from tests.servers.copies import RELAXED, Case
from tests.support.faults import missing

STORED: Final[dict[str, Any]] = json.loads(RESULTS.read_text())


@pytest.mark.parametrize("case", CASES[::2], ids=lambda case: case.cluster)
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cluster_lost_what_profiles_say(case: Case) -> None:
    """Relaxed: acknowledged commits, where all lose power at once. Durable: nothing."""
    lost = [cut["lost"] for cut in STORED[case.name]["cuts"]]
    assert any(lost) == (case.durability == RELAXED)
