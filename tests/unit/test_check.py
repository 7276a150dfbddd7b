"""What `rules check` finds although each file loads."""

from typing import Any, Final

import pytest

from advisor.knowledge import load_all_settings
from advisor.rules.catalogue import Setting
from advisor.rules.check import problems

SPEC: Final[dict[str, Any]] = {
    "vendor": "mysql",
    "since": "8.0",
    "until": "9.0",
    "type": "integer",
    "unit": "MB",
    "min": 1,
    "max": 1024,
    "default": 1,
    "restart": True,
    "doc": "https://example.org",
}
NEWER: Final = {**SPEC, "since": "9.0", "until": None, "max": 512}
MARIADB: Final = {**SPEC, "vendor": "mariadb", "since": None, "until": None}


def rule(name: str, **given: Any) -> dict[str, Any]:
    decides = {"value", "formula"} & given.keys()
    return {
        "name": name,
        "reason": "Made by hand.",
        "sources": ["https://example.org"],
        **({} if decides else {"leave_default": True}),
        **given,
    }


def found(
    *rules: dict[str, Any], name: str = "log_size", spec: tuple[dict[str, Any], ...] = (SPEC,)
) -> list[str]:
    """The problems of one setting."""
    made = Setting.model_validate(
        {
            "name": name,
            "engine": "innodb",
            "summary": "How large a log is.",
            "group": "log",
            "in_a_group": "agreed",
            "spec": spec,
            "rule": rules,
        }
    )
    return problems([made])


@pytest.mark.parametrize(
    "one",
    [
        rule("one"),
        rule("one", value="1GB"),
        rule("one", vendor="mysql", since="8.4", value=1024),
        rule("one", vendor="mysql", until="8.0.1"),
        rule("one", value=5, when={"medium": {"is": "hdd"}}),
    ],
)
def test_nothing_is_wrong(one: dict[str, Any]) -> None:
    assert found(one) == []


@pytest.mark.parametrize(
    "one",
    [
        rule("one", vendor="mariadb"),
        rule("one", vendor="mysql", since="9.0"),
        rule("one", vendor="mysql", until="8.0"),
    ],
)
def test_a_rule_for_no_version_there_is(one: dict[str, Any]) -> None:
    assert found(one) == ["innodb.log_size.one covers no version that has log_size"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("2GB", "2048 is outside 1 to 1024"),
        (0, "0 is outside 1 to 1024"),
        (True, "True is not of type integer"),
        ("1500kB", "'1500kB' is not a whole number of MB"),
        ("much", "'much' is not a size"),
    ],
)
def test_a_literal_that_the_server_does_not_take(value: object, problem: str) -> None:
    assert found(rule("one", value=value)) == [
        f"innodb.log_size.one on mysql 8.0 until 9.0: {problem}"
    ]


def test_a_literal_that_only_some_versions_take() -> None:
    specs = (SPEC, NEWER, MARIADB)
    assert found(rule("one", value=513), spec=specs) == [
        "innodb.log_size.one on mysql 9.0 on: 513 is outside 1 to 512"
    ]
    assert found(rule("one", value=1025), spec=(MARIADB,)) == [
        "innodb.log_size.one on mariadb any on: 1025 is outside 1 to 1024"
    ]
    older = rule("one", vendor="mysql", until="9.0", value=513)
    assert found(older, rule("two"), spec=specs) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (rule("one"), rule("two")),
        (rule("one"), rule("two", when={"medium": {"is": "hdd"}})),
        (rule("one"), rule("two", vendor="mysql", since="8.4")),
        (rule("one", vendor="mysql"), rule("two", vendor="mysql", since="8.4")),
        (
            rule("one", vendor="mysql", since="8.1", until="8.5"),
            rule("two", vendor="mysql", since="8.1", until="8.5"),
        ),
    ],
)
def test_a_rule_that_is_never_reached(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert found(first, second) == [
        "innodb.log_size.two is never reached: one before it always matches"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (rule("one", when={"medium": {"is": "hdd"}}), rule("two")),
        # it may lack the fact that it shows or computes with
        (rule("one", reason="As {memory_bytes} is."), rule("two")),
        (
            rule("one", formula={"name": "share", "fact": "memory_bytes", "percent": 5}),
            rule("two"),
        ),
        (rule("one", vendor="mysql"), rule("two")),
        (rule("one", vendor="mysql"), rule("two", vendor="mariadb")),
        (rule("one", vendor="mysql", until="8.4"), rule("two", vendor="mysql")),
        (rule("one", vendor="mysql", since="8.1"), rule("two", vendor="mysql")),
        (
            rule("one", vendor="mysql", until="8.4"),
            rule("two", vendor="mysql", until="8.5"),
        ),
    ],
)
def test_a_rule_that_something_may_leave_over_for(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert found(first, second, spec=(SPEC, MARIADB)) == []


def test_a_rule_that_hides_its_risk() -> None:
    spec = {**SPEC, "unit": "", "min": 0}
    assert found(rule("one", value=2), name="innodb_flush_log_at_trx_commit", spec=(spec,)) == [
        "innodb.innodb_flush_log_at_trx_commit.one: 2 is 'loses-recent-on-power-loss', "
        "but the rule calls it 'durable'"
    ]
    honest = rule("one", value=2, durability="loses-recent-on-power-loss", loss_window_ms=5)
    assert found(honest, name="innodb_flush_log_at_trx_commit", spec=(spec,)) == []


def test_a_rule_that_can_corrupt() -> None:
    one = rule("one", value=5, durability="can-corrupt", loss_window_ms=5)
    assert found(one) == ["innodb.log_size.one: can-corrupt is never advised"]


def test_all_problems_are_told() -> None:
    assert len(found(rule("one", value=0), rule("two", value=0), rule("three", value=0))) == 5


def test_nothing_is_wrong_with_ours() -> None:
    assert problems(load_all_settings()) == []


ENUM: Final[dict[str, Any]] = {
    "vendor": "mysql",
    "type": "enum",
    "choices": ["on", "off"],
    "build_choices": {"lz4": "lz4", "zstd": "zstd"},
    "default": "off",
    "restart": True,
    "doc": "https://example.org",
}


def test_a_value_of_some_builds_needs_the_rule_to_say_so() -> None:
    assert found(rule("one", value="lz4", needs_build="lz4"), spec=(ENUM,)) == []
    assert found(rule("one", value="lz4"), spec=(ENUM,)) == [
        "innodb.log_size.one on mysql any on: 'lz4' exists only in builds with lz4; "
        "say needs_build = 'lz4'"
    ]
    assert found(rule("one", value="zstd", needs_build="lz4"), spec=(ENUM,)) == [
        "innodb.log_size.one on mysql any on: 'zstd' exists only in builds with zstd; "
        "say needs_build = 'zstd'"
    ]


def test_a_rule_after_one_that_needs_a_build_is_reached() -> None:
    rules = (rule("one", value="lz4", needs_build="lz4"), rule("two"))
    assert found(*rules, spec=(ENUM,)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"type": "boolean", "choices": [], "default": True}, "only an enum has build_choices"),
        ({"build_choices": {"on": "lz4"}}, "on: every build takes it, or only some"),
        ({"build_choices": {"best": "snappy"}}, "Input should be 'lz4'"),
        ({"default": "lz4"}, "the default 'lz4' must exist in every build"),
    ],
)
def test_build_choices_that_make_no_sense(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        found(rule("one"), spec=({**ENUM, **change},))
