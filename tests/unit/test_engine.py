"""The engine: the first rule that matches wins, and one that lacks a fact says so."""

from typing import Any, Final

import pytest

from advisor.advice import Recommendation, RuleId, Skip
from advisor.errors import GuardError
from advisor.model import Unknown
from advisor.rules.catalogue import Setting
from advisor.rules.engine import Result, recommend
from advisor.units import Value
from advisor.vendors.names import VendorName
from advisor.versions import NumericVersion
from tests.support.facts import facts_where

SPEC: Final[dict[str, Any]] = {
    "vendor": "mysql",
    "since": "8.0",
    "type": "integer",
    "unit": "kB",
    "min": 0,
    "max": "1GB",
    "default": "4MB",
    "restart": True,
    "doc": "https://example.org",
}
PLAIN: Final = {key: SPEC[key] for key in ("vendor", "since", "restart", "doc")}


def rule(name: str, **given: Any) -> dict[str, Any]:
    """A rule as in a file; without a value it leaves the default."""
    decides = {"value", "formula", "leave_default"} & given.keys()
    return {
        "name": name,
        "reason": f"The reason of {name}.",
        "sources": [f"https://example.org/{name}"],
        **({} if decides else {"leave_default": True}),
        **given,
    }


def setting(*rules: dict[str, Any], spec: tuple[dict[str, Any], ...] = (), **given: Any) -> Setting:
    return Setting.model_validate(
        {
            "name": "log_size",
            "engine": "innodb",
            "summary": "How large a log is.",
            "group": "log",
            "in_a_group": "agreed",
            "spec": spec or (SPEC,),
            "rule": rules,
            **given,
        }
    )


def ask(
    *settings: Setting,
    vendor: VendorName = "mysql",
    version: NumericVersion = (8, 4),
    **facts: Value | Unknown,
) -> Result:
    """The engine's answer where only these facts are known."""
    known = facts_where(**{"trust": "plausible", "vendor": vendor} | facts)
    return recommend(settings, vendor, version, known)


def only(result: Result) -> Recommendation:
    (recommendation,) = result.recommendations
    assert result.skipped == ()
    return recommendation


SLOW = rule("slow", when={"fdatasync_mean_us": {"at_least": 1000}}, value="8MB")
HDD = rule("hdd", when={"medium": {"is": "hdd"}}, value="16MB")
ANY = rule("any", value="32MB")


# What is not said


def test_a_version_without_the_setting_gets_nothing_and_no_complaint() -> None:
    assert ask(setting(ANY), version=(5, 7, 44)) == Result((), ())
    assert ask(setting(ANY), vendor="mariadb", version=(10, 11)) == Result((), ())


def test_a_rule_of_another_vendor_or_version_is_passed_over() -> None:
    result = ask(
        setting(
            rule("mariadb-only", vendor="mariadb", value="1MB"),
            rule("old", vendor="mysql", until="8.4", value="2MB"),
            rule("new", vendor="mysql", since="8.4.1", value="3MB"),
            rule("mine", vendor="mysql", since="8.4", until="8.5", value="5MB"),
        )
    )
    assert str(only(result).rule) == "innodb.log_size.mine"


def test_where_no_rule_fits_the_facts_are_told() -> None:
    result = ask(setting(SLOW, HDD), fdatasync_mean_us=999, medium="ssd")
    why = "no rule fits fdatasync_mean_us = 999, medium = ssd"
    assert result == Result((), (Skip(rule=RuleId("innodb", "log_size"), why=why),))


def test_where_no_rule_covers_the_version_that_is_told() -> None:
    result = ask(setting(rule("old", vendor="mysql", until="8.1", value="1MB")))
    assert result == Result(
        (), (Skip(rule=RuleId("innodb", "log_size"), why="no rule fits this version"),)
    )


def test_a_rule_that_lacks_a_fact_is_skipped_with_the_reason_and_the_next_gets_its_turn() -> None:
    result = ask(setting(SLOW, ANY), fdatasync_mean_us=Unknown(unknown="too few samples"))
    assert result.skipped == (
        Skip(
            rule=RuleId("innodb", "log_size", "slow"),
            why="fdatasync_mean_us is unknown: too few samples",
        ),
    )
    assert [str(entry.rule) for entry in result.recommendations] == ["innodb.log_size.any"]


def test_all_the_facts_it_lacks_are_told() -> None:
    both = rule(
        "both",
        when={"medium": {"is": "hdd"}},
        formula={"name": "share", "fact": "memory_bytes", "percent": 5},
        reason="As {cpu_count} would.",
    )
    (skip,) = ask(setting(both)).skipped
    assert skip.why == (
        "cpu_count is unknown: not looked at; medium is unknown: not looked at; "
        "memory_bytes is unknown: not looked at"
    )


def test_a_rule_that_a_known_fact_rules_out_is_not_called_skipped() -> None:
    both = rule(
        "both",
        when={"medium": {"is": "hdd"}, "fdatasync_mean_us": {"below": 5}},
        value="1MB",
    )
    assert str(only(ask(setting(both, ANY), medium="ssd")).rule) == "innodb.log_size.any"


def test_where_all_are_skipped_there_is_no_recommendation() -> None:
    result = ask(setting(SLOW, HDD))
    assert result.recommendations == ()
    assert [str(skip.rule) for skip in result.skipped] == [
        "innodb.log_size.slow",
        "innodb.log_size.hdd",
    ]


# What is said


@pytest.mark.parametrize(
    ("rules", "winner"),
    [((SLOW, HDD, ANY), "slow"), ((HDD, SLOW, ANY), "hdd"), ((ANY, SLOW, HDD), "any")],
)
def test_the_first_that_matches_wins(rules: tuple[dict[str, Any], ...], winner: str) -> None:
    result = ask(setting(*rules), fdatasync_mean_us=1000, medium="hdd")
    assert str(only(result).rule) == f"innodb.log_size.{winner}"


def test_all_that_is_known_of_it_is_told() -> None:
    told = only(
        ask(
            setting(
                rule(
                    "relaxed",
                    when={"durability": {"is": "loses-recent-on-crash"}},
                    value="2MB",
                    durability="loses-recent-on-crash",
                    loss_window_ms=600,
                    loss_groups_max=100,
                    reason="With {durability}, {value} instead of {default}.",
                )
            ),
            durability="loses-recent-on-crash",
        )
    )
    assert told == Recommendation(
        setting="log_size",
        value=2048,
        unit="kB",
        rendered="2M",
        default=4096,
        rule=RuleId("innodb", "log_size", "relaxed"),
        reason="With loses-recent-on-crash, 2M instead of 4M.",
        sources=("https://example.org/relaxed",),
        durability="loses-recent-on-crash",
        loss_window_ms=600,
        loss_groups_max=100,
        restart=True,
        persistable=True,
        group="log",
        leave_default=False,
        emitted=True,
    )


def test_settings_keep_their_order() -> None:
    result = ask(setting(ANY, name="b"), setting(ANY, name="a"))
    assert [entry.setting for entry in result.recommendations] == ["b", "a"]


def test_a_formulas_value_is_converted_and_its_figures_are_shown() -> None:
    log = rule(
        "log",
        formula={
            "name": "log_capacity",
            "percent_of_free": 50,
            "percent_of_memory": 50,
            "at_least": 0,
            "at_most": "1GB",
            "multiple_of": "1MB",
        },
        reason="{replay_s}, {bound} allows {bound_bytes} of {free_bytes}.",
    )
    told = only(
        ask(
            setting(log),
            recovery_time_s=10,
            replay_bytes_per_s=1_048_576,
            free_bytes=8_388_608,  # 8 MiB, half of it 4
        )
    )
    assert (told.value, told.rendered) == (4096, "4M")
    assert told.reason == "4 s, 50 % of the free space allows 4 MB of 8 MB."


def test_a_rule_that_asks_for_what_the_server_does_not_take_is_an_error() -> None:
    with pytest.raises(GuardError, match=r"innodb\.log_size\.big asks for a value the server does"):
        ask(setting(rule("big", value="2GB")))


def test_settings_that_contradict_each_other_are_an_error() -> None:
    low = setting(rule("low", value=200), name="innodb_io_capacity")
    high = setting(rule("high", value=100), name="innodb_io_capacity_max")
    with pytest.raises(GuardError, match="innodb_io_capacity = 200 would exceed"):
        ask(low, high)


# Whether the fragment has a line for it


@pytest.mark.parametrize(
    ("given", "states_durability", "emitted"),
    [
        ({"value": "4MB"}, False, False),  # the default
        ({"leave_default": True}, False, False),
        ({"leave_default": True}, True, False),
        ({"value": "4MB"}, True, True),
        ({"value": "8MB"}, False, True),
        ({"value": "8MB"}, True, True),
    ],
)
def test_a_value_equal_to_the_default_is_printed_only_where_it_states_durability(
    given: dict[str, Any], states_durability: bool, emitted: bool
) -> None:
    told = only(ask(setting(rule("one", **given), states_durability=states_durability)))
    assert told.emitted is emitted
    assert told.leave_default is ("leave_default" in given)


def test_a_value_equal_to_a_default_that_has_changed_is_printed() -> None:
    before = {**SPEC, "since": "5.7", "until": "8.0", "default": "2MB"}
    same = setting(rule("one", value="4MB"), spec=(before, SPEC))
    assert only(ask(same)).emitted
    left = setting(rule("one"), spec=(before, SPEC))
    assert not only(ask(left)).emitted


def test_another_vendors_default_does_not_matter() -> None:
    mariadb = {**SPEC, "vendor": "mariadb", "since": "10.6", "default": "2MB"}
    assert not only(ask(setting(rule("one", value="4MB"), spec=(mariadb, SPEC)))).emitted


def test_a_default_that_is_left_is_shown_as_it_is() -> None:
    told = only(ask(setting(rule("one", reason="{default} will do."))))
    assert (told.value, told.rendered, told.reason) == (4096, "4M", "4M will do.")


def test_a_default_that_the_server_derives_is_shown_as_it_does_so() -> None:
    derived = {**SPEC, "default": None, "default_note": "a sixteenth of memory"}
    told = only(ask(setting(rule("one", reason="It takes {default}."), spec=(derived,))))
    assert (told.value, told.rendered) == (None, "a sixteenth of memory")
    assert (told.default, told.default_note) == (None, "a sixteenth of memory")
    assert told.reason == "It takes a sixteenth of memory."
    assert not told.emitted
    set_to = only(ask(setting(rule("one", value="4MB"), spec=(derived,))))
    assert set_to.emitted


def test_facts_in_a_reason_have_their_unit() -> None:
    shows = rule("one", reason="{fdatasync_mean_us}, {memory_bytes}, {page_flushes_per_s}.")
    told = only(
        ask(
            setting(shows),
            fdatasync_mean_us=1060.0,
            memory_bytes=25769803776,
            page_flushes_per_s=12346,
        )
    )
    assert told.reason == "1.06 ms, 24 GB, 12,350/s."


def test_what_a_fact_says_is_not_read_as_a_name() -> None:
    shows = rule("one", reason="It is on {filesystem}.")
    assert only(ask(setting(shows), filesystem="{value}")).reason == "It is on {value}."


@pytest.mark.parametrize(
    ("spec", "value", "rendered"),
    [
        ({**PLAIN, "type": "boolean", "default": True}, False, "OFF"),
        ({**PLAIN, "type": "enum", "choices": ["a", "b"], "default": "a"}, "b", "b"),
        ({**PLAIN, "type": "real", "min": 0, "max": 100, "default": 90.0}, 75.5, "75.5"),
        ({**SPEC, "unit": "ms", "max": "1h", "default": "1s"}, "2s", "2000"),
    ],
)
def test_each_type_of_value_is_rendered(spec: dict[str, Any], value: Value, rendered: str) -> None:
    told = only(ask(setting(rule("one", value=value), spec=(spec,))))
    assert told.rendered == rendered


def test_a_text_that_looks_like_a_size_stays_text_in_an_enum() -> None:
    spec = {**PLAIN, "type": "enum", "choices": ["4M", "8M"], "default": "4M"}
    assert only(ask(setting(rule("one", value="8M"), spec=(spec,)))).value == "8M"


# Build options

COMPRESSION: Final = {
    **PLAIN,
    "type": "enum",
    "choices": ["on", "off"],
    "build_choices": {"lz4": "lz4"},
    "default": "off",
}
LZ4: Final = rule("lz4", needs_build="lz4", value="lz4")


def test_a_value_of_some_builds_is_given_to_such_a_build() -> None:
    made = setting(LZ4, rule("any", value="on"), spec=(COMPRESSION,))
    assert only(ask(made, build_lz4=True)).value == "lz4"


def test_a_build_without_it_gets_what_always_starts() -> None:
    made = setting(LZ4, rule("any", value="on"), spec=(COMPRESSION,))
    assert only(ask(made, build_lz4=False)).value == "on"


def test_an_unknown_build_gets_what_always_starts_and_the_skip_is_reported() -> None:
    result = ask(setting(LZ4, rule("any", value="on"), spec=(COMPRESSION,)))
    assert [entry.value for entry in result.recommendations] == ["on"]
    assert result.skipped == (
        Skip(rule=RuleId("innodb", "log_size", "lz4"), why="build_lz4 is unknown: not looked at"),
    )


def test_a_rule_that_hides_what_its_value_needs_crosses_a_red_line() -> None:
    hiding = setting(rule("lz4", value="lz4"), spec=(COMPRESSION,))
    with pytest.raises(GuardError, match="exists only in builds with lz4"):
        ask(hiding)
    assert only(ask(hiding, build_lz4=True)).value == "lz4"
