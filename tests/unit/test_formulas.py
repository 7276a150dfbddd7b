"""Formulas: a rule's value computed from facts, with the arithmetic done by hand beside it."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel

from advisor.conditions import Fact
from advisor.model import Unknown
from advisor.rules.formulas import Formula, FormulaResult, number, round_down
from tests.support.facts import facts_where

MIB = 1024**2
GIB = 1024**3


class Holder(BaseModel):
    formula: Formula


def apply(facts: Mapping[str, Any], **given: Any) -> FormulaResult:
    """As in a file: formula = { name = "share", ... }."""
    return Holder.model_validate({"formula": given}).formula.apply(facts_where(**facts))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "guess"}, "does not match any of the expected tags: 'share', 'duration'"),
        ({}, "Unable to extract tag"),
        ({"name": "share", "fact": "cpu_count"}, "formula.share.percent\n  Field required"),
        ({"name": "share", "fact": "cpu_count", "percent": 0}, "greater than 0"),
        ({"name": "share", "fact": "cpu_count", "percent": 5, "half": 1}, "Extra inputs"),
        ({"name": "duration", "fact": "cpu_count", "percent": 5}, "at_least_s\n  Field required"),
        ({"name": "log_capacity", "percent_of_free": 101}, "less than or equal to 100"),
        ({"name": "log_capacity"}, "percent_of_free\n  Field required"),
        ({"name": "buffer_pool", "percent": 81, "instances": "one"}, "less than or equal to 80"),
        ({"name": "buffer_pool", "percent": 50, "instances": "two"}, "Input should be 'one'"),
    ],
)
def test_a_formula_that_makes_no_sense_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 -- the message is compared below
        apply({}, **given)
    assert message in str(refusal.value)


@pytest.mark.parametrize("fact", ["text", True, Unknown(unknown="nobody looked")])
def test_what_is_not_a_number_is_never_taken_for_one(fact: Fact) -> None:
    with pytest.raises(TypeError, match=r"memory_bytes is .*, not a number"):
        number(facts_where(memory_bytes=fact), "memory_bytes")


# share: percent of the fact, rounded down to whole multiples, within bounds


@pytest.mark.parametrize(
    ("fact", "given", "value"),
    [
        (10_000, {"percent": 25}, 2500),
        (10_003, {"percent": 25}, 2500),  # 2500.75
        (399, {"percent": 25, "at_least": 100}, 100),  # 99.75
        (444, {"percent": 25, "at_least": 100}, 110),  # 111: two digits
        (80_003, {"percent": 25, "at_most": 20_000}, 20_000),
        (80_004, {"percent": 25, "at_most": 20_000}, 20_000),  # 20 001
        (79_996, {"percent": 25, "at_most": 20_000}, 19_000),  # 19 999
        # 24 GiB: 6 GiB is 48 times 128 MiB
        (24 * GIB, {"percent": 25, "multiple_of": "128MB"}, 6_442_450_944),
        # 24 GiB less one byte: 23 times 256 MiB, the step that is a sixteenth at most
        (24 * GIB - 4, {"percent": 25, "multiple_of": "128MB"}, 6_174_015_488),
        # what is left after rounding is not rounded up again, but the minimum holds
        (100 * MIB, {"percent": 25, "multiple_of": "128MB", "at_least": "64MB"}, 67_108_864),
    ],
)
def test_share(fact: float, given: dict[str, Any], value: int) -> None:
    outcome = apply({"memory_bytes": fact}, name="share", fact="memory_bytes", **given)
    assert outcome.value == value


@pytest.mark.parametrize(
    ("value", "multiple_of", "rounded"),
    [
        (0, MIB, 0),
        (502 * MIB, MIB, 500 * MIB),
        (256 * MIB, MIB, 256 * MIB),  # a power of two is typed as often as 250
        (4 * GIB, MIB, 4 * GIB),  # and so is a whole GB, which is more than 4000 MB
        (4 * GIB - 1, MIB, 4000 * MIB),
        (10 * GIB - 1, MIB, 10_000 * MIB),
        (18_048 * MIB, MIB, 17 * GIB),
        (753 * GIB, MIB, 750 * GIB),
        (18_048 * MIB, 128 * MIB, 17 * GIB),
        (11 * GIB + 896 * MIB, 128 * MIB, 11 * GIB),
        (140 * MIB, 128 * MIB, 128 * MIB),
        (24 * GIB, 384 * MIB, 24 * GIB),  # three instances: 64 chunks of each
        (19_999, 1, 19_000),
        (99, 1, 99),
    ],
)
def test_a_value_that_one_would_type(value: int, multiple_of: int, rounded: int) -> None:
    assert round_down(value, multiple_of) == rounded


@pytest.mark.parametrize("multiple_of", [1, MIB, 16 * MIB, 128 * MIB, 384 * MIB])
def test_rounding_keeps_the_order_and_the_bounds(multiple_of: int) -> None:
    """So that a setting that may not exceed another does not exceed it rounded, either."""
    chosen = Random(17)
    values = sorted(chosen.randrange(1, multiple_of * 40_000) for _ in range(3000))
    rounded = [round_down(value, multiple_of) for value in values]
    assert rounded == sorted(rounded)
    assert all(new <= old for new, old in zip(rounded, values, strict=True))
    assert all(new % multiple_of == 0 for new in rounded)


def test_what_is_rounded_away_is_told_where_it_is_more_than_a_hundredth() -> None:
    memory = {"memory_bytes": 18_048 * MIB}
    asked = {"name": "share", "fact": "memory_bytes", "percent": 100, "multiple_of": "128MB"}
    assert apply(memory, **asked).rounded_from == 18_048 * MIB
    assert (
        apply({"memory_bytes": 502 * MIB}, **(asked | {"multiple_of": "1MB"})).rounded_from is None
    )
    assert apply(memory, **asked, at_most="17GB").rounded_from is None


# duration: whole seconds, in microseconds


@pytest.mark.parametrize(
    ("recovery_time_s", "value_us"),
    [
        (599, 299_000_000),  # 299.5 s
        (600, 300_000_000),
        (50, 30_000_000),  # 25 s is below the least
        (100_000, 3_600_000_000),  # 50 000 s is above the most
    ],
)
def test_duration(recovery_time_s: float, value_us: int) -> None:
    outcome = apply(
        {"recovery_time_s": recovery_time_s},
        name="duration",
        fact="recovery_time_s",
        percent=50,
        at_least_s=30,
        at_most_s=3600,
    )
    assert outcome == FormulaResult(value_us)


# log_capacity: 600 s x 8 192 000 bytes/s = 4 915 200 000 bytes

PLENTY: dict[str, Any] = {
    "recovery_time_s": 600,
    "replay_bytes_per_s": 8_192_000,
    "free_bytes": 100 * GIB,  # a tenth is 10 737 418 240
}


def log_capacity(facts: Mapping[str, Any], **given: Any) -> FormulaResult:
    defaults = {
        "percent_of_free": 10,
        "percent_of_memory": 50,
        "at_least": "100MB",
        "at_most": "64GB",
        "multiple_of": "1MB",
    }
    return apply(facts, name="log_capacity", **(defaults | given))


@pytest.mark.parametrize(
    ("change", "bound", "bound_bytes", "value"),
    [
        # 4687.5 MiB: two digits of them
        ({}, "the recovery time", 4_915_200_000, 4600 * 1_048_576),
        # 5 MB/s x 600 s = 3 000 000 000 = 2861.02 MiB
        (
            {"replay_bytes_per_s": 5_000_000},
            "the recovery time",
            3_000_000_000,
            2800 * 1_048_576,
        ),
        # half of 4 GB
        ({"memory_bytes": 4 * GIB}, "50 % of memory", 2_147_483_648, 2_147_483_648),
        # an hour of 100 x 4096 bytes: 1 474 560 000 = 1406.25 MiB
        (
            {"expected_commits_per_s": 100, "log_bytes_per_commit": 4096},
            "an hour of the expected load",
            1_474_560_000,
            1400 * 1_048_576,
        ),
        # a tenth of 20 GiB = 2 GiB
        (
            {"free_bytes": 21_474_836_480},
            "10 % of the free space",
            2_147_483_648,
            2_147_483_648,
        ),
        # a tenth of 10 MiB is 1 MiB: the least
        ({"free_bytes": 10_485_760}, "the least that is advised", 1_048_576, 104_857_600),
        # 600 x 500 000 000 = 300 000 000 000: the most is 64 GiB
        (
            {"replay_bytes_per_s": 500_000_000, "free_bytes": 10_000 * GIB},
            "the most that is advised",
            300_000_000_000,
            68_719_476_736,
        ),
    ],
)
def test_log_capacity(change: dict[str, Any], bound: str, bound_bytes: int, value: int) -> None:
    outcome = log_capacity(PLENTY | change)
    assert outcome.value == value
    assert outcome.shown["bound"] == bound
    assert outcome.shown["bound_bytes"] == bound_bytes


@pytest.mark.parametrize(
    ("basis", "bound"),
    [
        ("page reads", "the recovery time"),
        ("syncs", "the recovery time, with syncs for page reads, which were not measured"),
        (
            "page writes",
            "the recovery time, with page writes for page reads, which were not measured",
        ),
    ],
)
def test_log_capacity_says_what_stands_for_page_reads(basis: str, bound: str) -> None:
    assert log_capacity(PLENTY | {"replay_basis": basis}).shown["bound"] == bound


def test_log_capacity_shows_how_long_its_replay_takes() -> None:
    """4600 MiB / 8 192 000 bytes/s, in two digits; the least, 100 MiB; two files of 2300 MiB."""
    assert log_capacity(PLENTY).shown["replay_s"] == 590
    least = log_capacity(PLENTY | {"free_bytes": 10 * MIB})
    assert least.shown["replay_s"] == 13
    shared = log_capacity(PLENTY, files=2)
    assert shared.shown["replay_s"] == 590


# 4 915 200 000 in two files: 2 457 600 000 each = 2343.75 MiB.
def test_log_capacity_is_shared_among_files() -> None:
    assert log_capacity(PLENTY, files=2).value == 2300 * 1_048_576


# buffer_pool: chunks of 128 MiB times the instances


@pytest.mark.parametrize(
    ("instances", "percent", "memory_bytes", "cpu_count", "value"),
    [
        # a tenth of 1 GiB: less than a chunk, one chunk all the same
        ("one", 10, GIB, 8, 134_217_728),
        # 75 % of 10 GiB = 7.5 GiB, 60 chunks
        ("one", 75, 10 * GIB, 8, 8_053_063_680),
        # eight instances: whole GiB
        ("eight", 75, 10 * GIB, 8, 7_516_192_768),
        # below 1 GiB there is one instance: half of 1.75 GiB = 7 chunks
        ("eight", 50, 1_879_048_192, 8, 939_524_096),
        # exactly 1 GiB has eight
        ("eight", 50, 2 * GIB, 8, 1_073_741_824),
        # half of 2.25 GiB = 9 chunks: eight of them
        ("eight", 50, 2_415_919_104, 8, 1_073_741_824),
        # a quarter of 16 processors: 4 instances of 128 MiB, 7.5 GiB = 15 times 512 MiB
        ("by-cpu", 75, 10 * GIB, 16, 8_053_063_680),
        # 5 instances: 640 MiB, 12 times
        ("by-cpu", 75, 10 * GIB, 20, 8_053_063_680),
        # 7 instances of 128 MiB: 896 MiB, 8 times = 7168 MiB
        ("by-cpu", 75, 10 * GIB, 28, 7_516_192_768),
        # fewer than 4 processors: one instance, 9 chunks
        ("by-cpu", 50, 2_415_919_104, 3, 1_207_959_552),
        # 1.25 GiB allow 5 instances of 256 MiB, whatever the processors: 2 times 640 MiB
        ("by-cpu", 50, 2_684_354_560, 256, 1_342_177_280),
        # at most 64 instances: 8 GiB, 6 times in 52.5 GiB
        ("by-cpu", 75, 70 * GIB, 512, 51_539_607_552),
    ],
)
def test_buffer_pool(
    instances: str, percent: int, memory_bytes: int, cpu_count: int, value: int
) -> None:
    outcome = apply(
        {"memory_bytes": memory_bytes, "cpu_count": cpu_count},
        name="buffer_pool",
        percent=percent,
        instances=instances,
    )
    assert outcome.value == value


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({"name": "share", "fact": "free_bytes", "percent": 5}, {"free_bytes"}),
        (
            {
                "name": "duration",
                "fact": "cpu_count",
                "percent": 5,
                "at_least_s": 1,
                "at_most_s": 2,
            },
            {"cpu_count"},
        ),
        (
            {
                "name": "log_capacity",
                "percent_of_free": 5,
                "percent_of_memory": 5,
                "at_least": 1,
                "at_most": 2,
                "multiple_of": 1,
            },
            set(PLENTY),
        ),
        ({"name": "buffer_pool", "percent": 5, "instances": "one"}, {"memory_bytes"}),
        ({"name": "buffer_pool", "percent": 5, "instances": "eight"}, {"memory_bytes"}),
        (
            {"name": "buffer_pool", "percent": 5, "instances": "by-cpu"},
            {"memory_bytes", "cpu_count"},
        ),
    ],
)
def test_a_formula_tells_which_facts_it_needs(given: dict[str, Any], needs: set[str]) -> None:
    assert Holder.model_validate({"formula": given}).formula.needs == needs
