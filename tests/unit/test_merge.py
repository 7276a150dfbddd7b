"""One value for a group from what its hosts are advised: agreed, least, and what stays in force."""

from collections.abc import Mapping
from typing import Any

import pytest

from advisor.advice import Recommendation, RuleId
from advisor.fleet.ballot import Ballot, Room
from advisor.fleet.host_advice import Vote
from advisor.fleet.merge import GroupDecision, merge
from advisor.knowledge import load_all_settings, load_settings
from advisor.rules.catalogue import InAGroup, Setting
from advisor.units import Value


def setting(in_a_group: InAGroup, spec: Mapping[str, Any] | None = None, **rule: Any) -> Setting:
    """A count from 100 to 100,000 with the default 200, unless the spec says otherwise."""
    return Setting.model_validate(
        {
            "name": "x",
            "engine": "innodb",
            "summary": "What it is about.",
            "group": "io",
            "in_a_group": in_a_group,
            "spec": [
                {
                    "vendor": "mysql",
                    "type": "integer",
                    "min": 100,
                    "max": 100_000,
                    "default": 200,
                    "restart": False,
                    "doc": "https://example.org",
                    **(spec or {}),
                }
            ],
            "rule": [
                {
                    "name": "measured",
                    "reason": "It was measured here.",
                    "sources": ["https://example.org"],
                    **(rule or {"value": 200}),
                }
            ],
        }
    )


def vote(host: str, value: Value | None, unrounded: int | None = None, **given: Any) -> Vote:
    fields: dict[str, Any] = {
        "setting": "x",
        "value": value,
        "unrounded": unrounded,
        "unit": "",
        "rendered": "by itself" if value is None else str(value),
        "default": 200,
        "rule": RuleId("innodb", "x", "measured"),
        "reason": "It was measured here.",
        "sources": ("https://example.org",),
        "durability": "durable",
        "loss_window_ms": None,
        "loss_groups_max": None,
        "restart": False,
        "persistable": True,
        "group": "io",
        "leave_default": False,
        "emitted": value != 200,
        **given,
    }
    return Vote(host, Recommendation(**fields))


def merged(of: Setting, *values: Value | None, **given: Any) -> GroupDecision:
    votes = {f"h{n}": vote(f"h{n}", value) for n, value in enumerate(values)}
    return merge(of, of.spec[0], Ballot(votes), **given)


def line(decision: GroupDecision) -> Recommendation:
    assert decision.advised is not None
    return decision.advised


# Every setting says how

HOST = {"innodb_buffer_pool_size", "innodb_buffer_pool_instances"} | {
    *("shared_buffers", "effective_cache_size")
}
LEAST = {"innodb_redo_log_capacity", "innodb_log_file_size", "max_wal_size"} | {
    *("innodb_io_capacity", "innodb_io_capacity_max")
}


def test_each_setting_says_how_a_group_gets_it() -> None:
    said = {each.name: each.in_a_group for each in load_all_settings()}
    assert said == {
        name: "host" if name in HOST else "least" if name in LEAST else "agreed" for name in said
    }
    assert set(said) >= HOST | LEAST


@pytest.mark.parametrize("engine", ["innodb", "postgresql"])
def test_what_is_the_hosts_own_is_what_depends_on_memory(engine: Any) -> None:
    for each in load_settings(engine):
        assert (each.in_a_group == "host") == (each.group == "memory"), each.name


def test_what_is_the_least_is_a_number_that_the_drive_decides() -> None:
    for each in load_all_settings():
        for rule in each.rule if each.in_a_group == "agreed" else ():
            facts = {getattr(rule.formula, "fact", None)} if rule.formula else set()
            # One answer for all hosts: what was asked for, never what was measured.
            assert facts <= {"recovery_time_s"}, each.name


# Agreed


def test_all_agree() -> None:
    told, advised = merged(setting("agreed"), 300, 300, 300)
    assert (told.value, told.emitted, told.hosts, told.dissent) == (300, True, 3, ())
    assert told.how == "all 3 hosts agree"
    assert advised is not None
    assert advised.reason == "All 3 hosts agree. It was measured here."


def test_one_host_agrees_with_itself() -> None:
    told, advised = merged(setting("agreed"), 300)
    assert told.how == "as h0 is advised"
    assert advised is not None
    assert advised.reason == "It was measured here."


def test_figures_in_a_reason_are_those_of_a_host() -> None:
    of = setting("agreed", value=300, reason="It was {value} when measured.")
    assert line(merged(of, 300, 300)).reason == "Both hosts agree; at h0: It was measured here."


def test_one_dissenter_makes_it_the_default_and_is_named() -> None:
    told, advised = merged(setting("agreed"), 300, 300, 400, 300)
    assert (told.value, told.rendered, told.emitted) == (200, "200", False)
    assert [(each.rendered, each.hosts) for each in told.dissent] == [
        ("300", ("h0", "h1", "h3")),
        ("400", ("h2",)),
    ]
    assert told.how == "the hosts do not agree, so the default stays: 300 (3 hosts), 400 (h2)"
    assert advised is not None
    assert (advised.value, advised.leave_default, advised.emitted) == (200, True, False)


def test_of_many_dissenters_the_first_are_named() -> None:
    told, _ = merged(setting("agreed"), *[300] * 8, *[400] * 7)
    assert told.how.endswith("300 (8 hosts), 400 (h8, h9, h10, h11, h12 and 2 more)")
    assert len(told.dissent[1].hosts) == 7


# Least


def test_below_ten_hosts_the_least_counts() -> None:
    told, advised = merged(setting("least"), 5000, 3000, 4000, *[9000] * 6)
    assert (told.value, told.hosts) == (3000, 9)
    assert told.how == "the least of 9 hosts, 3000 to 9000; at h1"
    assert advised is not None
    assert advised.reason == "The least of 9 hosts, 3000 to 9000; at h1: It was measured here."


# Of 1000, 2000, ... 10000 the tenth percentile lies 0.9 of the way from the first to the second
# (type 7 of Hyndman and Fan, Sample Quantiles, 1996): 1900. Of eleven it is the second.
@pytest.mark.parametrize(("hosts", "value"), [(9, 1000), (10, 1900), (11, 2000)])
def test_from_ten_hosts_on_the_tenth_percentile(hosts: int, value: int) -> None:
    values = [1000 * (n + 1) for n in reversed(range(hosts))]
    assert line(merged(setting("least"), *values)).value == value
    assert line(merged(setting("least"), *values, percentile=False)).value == 1000


# 1000 + 0.9 * 963 = 1866.7; at most a 64th may be lost, so tens: 1860.
def test_what_lies_between_two_hosts_is_rounded_down_to_what_one_would_type() -> None:
    values = [1000, 1963, *[5000] * 8]
    assert line(merged(setting("least"), *values)).value == 1860


def test_a_percentile_is_of_what_hosts_had_before_their_values_were_rounded() -> None:
    of = setting("least")
    votes = {f"h{n}": vote(f"h{n}", 1200, 1290) for n in range(11)}
    assert line(merge(of, of.spec[0], Ballot(votes))).value == 1290
    few = dict(list(votes.items())[:9])
    assert line(merge(of, of.spec[0], Ballot(few))).value == 1200


# 16 MB segments: of 3000 and 3100 MB, 0.9 of the way is 3090, and 3090 / 64 = 48.3 allows steps of
# 32 MB: 96 * 32 = 3072.
def test_a_size_stays_a_multiple_of_what_its_rule_says() -> None:
    formula = {"name": "log_capacity", "percent_of_free": 10, "at_least": "100MB"}
    of = setting(
        "least",
        {"unit": "MB", "min": "1MB", "max": "100GB", "default": "200MB"},
        formula={**formula, "at_most": "64GB", "multiple_of": "16MB"},
        reason="It was measured here.",
    )
    values = [3000, 3100, *[9000] * 8]
    votes = {f"h{n}": vote(f"h{n}", value, unit="MB") for n, value in enumerate(values)}
    assert line(merge(of, of.spec[0], Ballot(votes))).value == 3072


def test_what_the_server_would_not_take_stays_the_value_of_a_host() -> None:
    of = setting("least", {"multiple_of": 500, "default": 500})
    assert line(merged(of, 1000, 2000, *[9000] * 8)).value == 1000


def test_a_host_that_is_left_at_the_default_has_the_default() -> None:
    of = setting("least")
    votes = {
        "a": vote("a", 200, leave_default=True, emitted=False),
        "b": vote("b", 1000),
    }
    advised = line(merge(of, of.spec[0], Ballot(votes)))
    assert (advised.value, advised.leave_default, advised.emitted) == (200, True, False)


def test_a_value_that_the_server_derives_is_no_number() -> None:
    assert line(merged(setting("least"), None, 700, 500)).value == 500
    told, advised = merged(setting("least"), None, None)
    assert (told.value, told.rendered) == (None, "by itself")
    assert advised is not None


# Who has no vote


# Of the least, 3000 MB, a host with room for 2048 MB takes no more than that; room for 4096 MB is
# enough. The formula's sizes are bytes.
@pytest.mark.parametrize(
    ("room_mib", "value", "how"),
    [
        (2048, 2048, "; small has no room for more (10 % of the free space)"),
        (4096, 3000, ""),
    ],
)
@pytest.mark.parametrize(("hosts", "least"), [(1, "h0 is advised"), (3, "all 3 hosts alike, 3000")])
def test_what_a_host_without_a_vote_has_room_for_is_the_most(
    room_mib: int, value: int, how: str, hosts: int, least: str
) -> None:
    of = setting("least", {"unit": "MB", "min": "1MB", "max": "100GB", "default": "200MB"})
    votes = {f"h{n}": vote(f"h{n}", 3000, unit="MB") for n in range(hosts)}
    room = Room("small", room_mib * 1024**2, "10 % of the free space")
    told, advised = merge(of, of.spec[0], Ballot(votes, ("small",), room))
    assert advised is not None
    assert (told.value, advised.value, told.without_vote) == (value, value, ("small",))
    assert told.how.endswith(f"{least}{how}; 1 host without a vote")
    assert how.lstrip("; ") in advised.reason


# What is in force


@pytest.mark.parametrize(
    ("in_force", "value"),
    [(2000, 2000), (1999, 3000), (4500, 4500), (4501, 3000), (3000, 3000), (None, 3000)],
)
def test_a_value_in_force_stays_within_two_thirds_and_one_and_a_half(
    in_force: int | None, value: int
) -> None:
    told, advised = merged(setting("least"), 3000, 4000, in_force=in_force)
    assert advised is not None
    assert (told.value, advised.value, advised.rendered) == (value, value, str(value))
    is_kept = in_force not in (None, 3000) and value == in_force
    assert told.kept_instead_of == ("3000" if is_kept else None)
    assert advised.reason.startswith("Kept: " if is_kept else "The least")


def test_what_all_agree_on_is_no_measured_value_and_is_not_kept() -> None:
    assert line(merged(setting("agreed"), 300, 300, in_force=290)).value == 300


def test_what_the_server_no_longer_takes_is_not_kept() -> None:
    of = setting("least", {"min": 2500, "max": 100_000, "default": 2500})
    assert line(merged(of, 3000, in_force=2400)).value == 3000


def test_what_is_left_at_the_default_is_not_replaced_by_what_was() -> None:
    of = setting("least")
    votes = {"a": vote("a", 200, leave_default=True, emitted=False)}
    told, advised = merge(of, of.spec[0], Ballot(votes), in_force=190)
    assert (told.value, told.kept_instead_of) == (200, None)
    assert advised is not None
    assert (advised.value, advised.emitted) == (200, False)


# The hosts' own


def test_memory_is_no_matter_of_a_group() -> None:
    told, advised = merged(setting("host"), 300, 400, 300)
    assert advised is None
    assert (told.value, told.emitted) == (None, True)
    assert told.rendered == "300 (2 hosts), 400 (1 host)"
