"""A turn of a trial in which nothing happens; tests/servers/test_trial.py has real servers."""

from array import array
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.errors import AdvisorError
from advisor.servers.load import TurnsPlan, take_turns, turns
from advisor.servers.load.client import LoadResult


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
