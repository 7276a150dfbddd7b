"""A turn of a trial in which nothing happens; tests/servers/test_trial.py has real servers."""

from array import array
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.errors import AdvisorError
from advisor.servers.load import TurnsPlan, take_turns, turns
from advisor.servers.load.client import LoadResult
from advisor.trial import TrialRun


class Silent:
    """A server that is reached, and answers nothing."""

    def running(self, *, killed: bool = False) -> Any:
        connection = SimpleNamespace(close=lambda: None)
        return nullcontext(SimpleNamespace(connect=lambda: connection))


def test_a_turn_without_a_commit_is_told_and_has_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_fill", lambda *_: None)
    monkeypatch.setattr(turns, "run_load", lambda *_, **__: LoadResult(0, 1.0, array("d"), 0))
    plan = TurnsPlan(clients=1, rows=1000, warmup_s=0, turn_s=1, seconds=100)
    with pytest.raises(AdvisorError, match="mine: the server answered no commit in 1 s"):
        take_turns([("mine", Silent()), ("default", Silent())], plan, lambda _: None)


def test_an_undecided_trial_goes_on_for_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two turns of 2 s are a round: 25 fit into 100 s, whatever the plan thought of a turn."""
    now_s, turn = 0.0, 0

    def one_turn(*_: Any, **__: Any) -> TrialRun:
        nonlocal now_s, turn
        now_s, turn = now_s + 2, turn + 1
        rate = (100.0, 101.0, 300.0, 101.0, 100.0)[turn % 5]
        return TrialRun(round=turn, commits_per_s=rate, lowest_per_s=rate)

    monkeypatch.setattr(turns, "_fill", lambda *_: None)
    monkeypatch.setattr(turns, "_turn", one_turn)
    monkeypatch.setattr(turns, "_recovery_s", lambda *_: 1.0)
    monkeypatch.setattr(turns, "monotonic", lambda: now_s)
    plan = TurnsPlan(clients=1, rows=1000, warmup_s=0, turn_s=1, seconds=100)
    found = take_turns([("mine", Silent()), ("default", Silent())], plan, lambda _: None)
    assert (found.ending, found.elapsed_s) == ("time", 100)
    assert {len(contender.runs) for contender in found.contenders} == {25}
    (comparison,) = found.comparisons
    assert (comparison.ratio.pairs, comparison.ratio.decision) == (25, "undecided")
