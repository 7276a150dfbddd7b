"""Durability classes: their order, and what a user may choose."""

import pytest

from advisor.durability import CHOICES, CLASSES, MEANING, Durability, risks_more


# From what loses nothing to what nobody may choose, by what a crash and a power loss take: the
# manuals that advisor/rules/risks.py names.
def test_the_classes_risk_more_and_more() -> None:
    assert CLASSES == (
        "durable",
        "loses-recent-on-power-loss",
        "loses-recent-on-crash",
        "can-corrupt",
    )


def test_nobody_can_choose_to_corrupt() -> None:
    assert "can-corrupt" not in CHOICES
    assert "can-corrupt" not in CHOICES.values()


def test_strict_is_durable() -> None:
    assert CHOICES["strict"] == "durable"


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        ("durable", "durable", False),
        ("durable", "can-corrupt", False),
        ("loses-recent-on-power-loss", "loses-recent-on-crash", False),
        ("loses-recent-on-crash", "loses-recent-on-power-loss", True),
        ("loses-recent-on-power-loss", "durable", True),
        ("can-corrupt", "loses-recent-on-crash", True),
    ],
)
def test_which_risks_more(one: Durability, other: Durability, more: bool) -> None:
    assert risks_more(one, other) is more


def test_each_class_is_explained() -> None:
    assert MEANING.keys() == set(CLASSES)
