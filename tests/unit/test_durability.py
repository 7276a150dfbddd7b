"""Durability classes: their order, and what a user may choose."""

import pytest
import typer

from advisor.commands.options import parse_durability
from advisor.durability import CLASSES, MEANING, Durability, risks_more


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
    with pytest.raises(typer.BadParameter, match="'can-corrupt' is not one of 'durable', 'loses-"):
        parse_durability("can-corrupt")


def test_strict_is_durable() -> None:
    assert parse_durability("strict") == "durable"
    assert parse_durability("durable") == "durable"
    assert parse_durability("loses-recent-on-crash") == "loses-recent-on-crash"


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
