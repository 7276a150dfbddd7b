"""A trial's answer: from the turns of its configurations, whatever server made them."""

from collections.abc import Sequence

import pytest

from advisor.output.renderers import render
from advisor.output.trial import trial_document
from advisor.trial import Contender, Ending, Trial, TrialRun, compare, is_clear


def contender(name: str, rates: Sequence[float], recovery_s: float | None = None) -> Contender:
    runs = tuple(
        TrialRun(round=number, commits_per_s=rate, lowest_per_s=rate / 2, p99_ms=3.5)
        for number, rate in enumerate(rates)
    )
    return Contender(name=name, runs=runs, recovery_s=recovery_s)


def trial(*contenders: Contender, ending: Ending = "clear") -> Trial:
    return Trial(
        engine="postgresql",
        engine_version="15.18",
        directory="/srv/pg",
        clients=16,
        turn_s=20,
        elapsed_s=241,
        ending=ending,
        contenders=contenders,
        comparisons=compare(contenders, 8),
    )


FAST = [1300.0, 1310, 1290, 1305]
SLOW = [1000.0, 1005, 995, 1000]


def said(found: Trial) -> str:
    return " ".join(render(trial_document(found), "text").split())


def test_a_faster_one_is_told() -> None:
    """The geometric mean of 1.3, 1.30348, 1.29648 and 1.305 is 1.30124."""
    found = trial(contender("ours", FAST, recovery_s=12), contender("default", SLOW))
    (comparison,) = found.comparisons
    assert comparison.ratio.ratio == pytest.approx(1.30124, abs=0.00001)
    assert is_clear(found.comparisons)
    text = said(found)
    assert "ours is faster than default: 1.30 times the commits (95 % confidence: " in text
    assert "4 rounds)" in text
    assert "PostgreSQL 15.18 on /srv/pg, 16 clients" in text


def test_the_worst_second_is_that_of_all_turns_and_the_rate_their_median() -> None:
    found = contender("ours", [1000, 800, 1200, 1400])
    assert (found.commits_per_s, found.lowest_per_s) == (1100, 400)


def test_the_json_has_the_answer() -> None:
    found = trial(contender("ours", FAST), contender("default", SLOW)).model_dump()
    assert found["comparisons"][0]["ratio"]["decision"] == "faster"


def test_a_slower_one_is_told() -> None:
    text = said(trial(contender("mine.conf", SLOW), contender("default", FAST)))
    assert "mine.conf is slower than default: 0.77 times the commits" in text


def test_no_difference_is_an_answer() -> None:
    found = trial(contender("ours", [1000, 1001, 999, 1000]), contender("default", SLOW))
    assert is_clear(found.comparisons)
    assert "No difference of 3 % or more between ours and default" in said(found)


def test_what_cannot_be_told_is_not_told() -> None:
    found = trial(contender("ours", [900, 1300, 1000, 1100]), contender("default", SLOW))
    assert not is_clear(found.comparisons)
    assert "Undecided: ours has " in said(found)
    assert "more --seconds may tell" in said(found)


def test_three_rounds_are_too_few() -> None:
    found = trial(contender("ours", FAST[:3]), contender("default", SLOW[:3]), ending="time")
    assert not is_clear(found.comparisons)
    assert "Undecided: ours has 1.30 times the commits of default (3 rounds)" in said(found)


def test_only_rounds_that_all_have_had_count() -> None:
    (comparison,) = compare([contender("a", [1, 2, 3]), contender("b", [1, 2])], 8)
    assert comparison.ratio.pairs == 2


def test_the_first_is_held_against_each_other() -> None:
    found = trial(contender("ours", FAST), contender("default", SLOW), contender("x.conf", FAST))
    assert [each.other for each in found.comparisons] == ["default", "x.conf"]
    assert [each.ratio.decision for each in found.comparisons] == ["faster", "no difference"]


def test_more_looks_and_more_contenders_ask_for_more() -> None:
    two = [contender("a", FAST), contender("b", SLOW)]
    (one_look,) = compare(two, 4)
    (five_looks,) = compare(two, 8)
    beside_a_third = compare([*two, contender("c", SLOW)], 4)[0]
    lows = [each.ratio.low or 0 for each in (one_look, beside_a_third, five_looks)]
    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 3
