"""What counts as lost, as allowed and as a fault; every expected value is typed by hand."""

from array import array

import pytest

from tests.powercut.commits import DoubleArray, Ledger, transaction
from tests.powercut.verdict import Loss, judge, loss

CUT_S = 100.0


def test_nothing_is_lost_when_everything_acknowledged_is_there() -> None:
    assert loss({(0, 0): 1.0, (1, 0): 2.0}, {(0, 0), (1, 0)}, CUT_S) == Loss(0, 0.0)


def test_the_age_of_a_loss_is_that_of_the_oldest_commit() -> None:
    lost = loss({(0, 0): 99.0, (0, 1): 99.25, (0, 2): 99.75}, {(0, 0)}, CUT_S)
    assert lost.commits == 2
    assert lost.oldest_ms == pytest.approx(750)


def test_what_nobody_was_told_may_be_there_or_not() -> None:
    verdict = judge(
        acknowledged_s={(0, 0): 99.0},
        sent={(0, 0), (0, 1), (1, 0)},
        found={(0, 0), (0, 1)},
        counters={0: 2, 1: 0},
        ended_s=CUT_S,
    )
    assert verdict.lost == Loss(0, 0.0)
    assert (verdict.acknowledged, verdict.never_acknowledged, verdict.faults) == (1, 1, ())


@pytest.mark.parametrize(
    ("found", "counters", "fault"),
    [
        ({(0, 0), (0, 1), (0, 9)}, {0: 3}, "(0, 9) was never sent"),
        ({(0, 0), (0, 2)}, {0: 2}, "client 0 has a gap: 2 rows up to 2"),
        ({(0, 0)}, {0: 2}, "client 0 has 1 rows, and its counter says 2"),
        ({(0, 0)}, {}, "client 0 has 1 rows, and its counter says None"),
        (set(), {0: 1}, "client 0 has 0 rows, and its counter says 1"),
    ],
)
def test_what_no_setting_excuses(
    found: set[tuple[int, int]], counters: dict[int, int], fault: str
) -> None:
    verdict = judge(
        acknowledged_s={},
        sent={(0, 0), (0, 1), (0, 2)},
        found=found,
        counters=counters,
        ended_s=CUT_S,
    )
    assert fault in verdict.faults


def test_acknowledged_is_what_was_answered_before_the_cut_began() -> None:
    ledger = Ledger()
    ledger.acknowledged_s.extend([_times(1.0, 2.0, 3.0), _times(2.5)])
    assert ledger.acknowledged_before(2.5) == {(0, 0): 1.0, (0, 1): 2.0}
    assert ledger.sent() == {(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)}


def test_a_row_and_its_counter_are_one_transaction() -> None:
    begin, insert, update, commit = transaction(3, 7).split(";")
    assert (begin, commit) == ("BEGIN", "COMMIT")
    assert insert.startswith("INSERT INTO powercut.commits VALUES (3,7,")
    assert update == "UPDATE powercut.counters SET commits = 8 WHERE client = 3"


def _times(*seconds: float) -> DoubleArray:
    return array("d", seconds)
