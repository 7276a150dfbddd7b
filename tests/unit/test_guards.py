"""The red lines: a setting made by hand that crosses one is an error, never a quiet correction."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from advisor.advice import Recommendation, RuleId
from advisor.analysis.fact_model import MEASURED_PERFORMANCE
from advisor.conditions import Fact
from advisor.errors import GuardError
from advisor.model import Unknown
from advisor.rules.catalogue import Rule, Spec
from advisor.rules.guards import check_rule, check_together
from advisor.rules.risks import RISKS
from advisor.units import Value
from tests.support.facts import facts_where

NUMBER: Final = Spec.model_validate(
    {
        "vendor": "mysql",
        "type": "integer",
        "min": 0,
        "max": 1000,
        "multiple_of": 1,
        "default": 1,
        "restart": False,
        "doc": "https://example.org",
    }
)
SWITCH: Final = NUMBER.model_copy(update={"type": "boolean", "default": True})


def choice(*choices: str) -> Spec:
    return NUMBER.model_copy(update={"type": "enum", "choices": choices, "default": choices[0]})


def rule(**given: Any) -> Rule:
    return Rule.model_validate(
        {
            "name": "made",
            "value": 1,
            "reason": "Made by hand.",
            "sources": ["https://example.org"],
            **given,
        }
    )


UNTOLD: Final = Unknown(unknown="nobody told")
DURABLE: Final = rule()
POWER_LOSS: Final = rule(durability="loses-recent-on-power-loss", loss_window_ms=1000)
CRASH: Final = rule(durability="loses-recent-on-crash", loss_window_ms=1000)
CORRUPT: Final = rule(durability="can-corrupt", loss_window_ms=1000)


def check(
    setting: str,
    value: Value,
    *,
    made: Rule = DURABLE,
    spec: Spec = NUMBER,
    durability: str = "durable",
    trust: str = "plausible",
    build_lz4: Fact = UNTOLD,
) -> None:
    facts = facts_where(durability=durability, trust=trust, build_lz4=build_lz4)
    check_rule(RuleId("innodb", setting, "made"), made, spec, value, facts)


# Outside the spec: an error, no clamping


@pytest.mark.parametrize(
    ("spec", "value", "problem"),
    [
        (NUMBER, -1, "-1 is outside 0 to 1000"),
        (NUMBER, 1001, "1001 is outside 0 to 1000"),
        (NUMBER, True, "True is not of type integer"),
        (NUMBER.model_copy(update={"multiple_of": 16}), 24, "24 is not a multiple of 16"),
        (SWITCH, 1, "1 is not of type boolean"),
        (choice("a", "b"), "c", "'c' is not one of a, b"),
    ],
)
def test_a_value_the_server_does_not_take_is_an_error(
    spec: Spec, value: Value, problem: str
) -> None:
    with pytest.raises(GuardError) as crossed:
        check("innodb_io_capacity", value, spec=spec)
    assert crossed.value.message == (
        "rule innodb.innodb_io_capacity.made asks for a value the server does not take: " + problem
    )


@pytest.mark.parametrize("value", [0, 1000])
def test_the_limits_themselves_are_taken(value: int) -> None:
    check("innodb_io_capacity", value)


# What a value risks, whatever the rule says of it: the manuals that advisor/rules/risks.py names.
RISKY: list[tuple[str, Spec, Value, str]] = [
    ("fsync", SWITCH, False, "can-corrupt"),
    ("full_page_writes", SWITCH, False, "can-corrupt"),
    ("data_sync_retry", SWITCH, True, "can-corrupt"),
    ("synchronous_commit", choice("off", "on"), "off", "loses-recent-on-crash"),
    ("innodb_flush_log_at_trx_commit", NUMBER, 0, "loses-recent-on-crash"),
    ("innodb_flush_log_at_trx_commit", NUMBER, 2, "loses-recent-on-power-loss"),
    ("innodb_flush_log_at_trx_commit", NUMBER, 4, "can-corrupt"),  # nobody knows what that is
    ("sync_binlog", NUMBER, 0, "loses-recent-on-power-loss"),
    ("sync_binlog", NUMBER, 100, "loses-recent-on-power-loss"),
    ("innodb_doublewrite", SWITCH, False, "can-corrupt"),
    ("innodb_doublewrite", choice("OFF"), "OFF", "can-corrupt"),
    ("innodb_doublewrite", choice("DETECT_ONLY"), "DETECT_ONLY", "can-corrupt"),
    ("innodb_doublewrite", choice("fast"), "fast", "can-corrupt"),
    ("innodb_flush_method", choice("nosync"), "nosync", "can-corrupt"),
    ("innodb_flush_method", choice("littlesync"), "littlesync", "can-corrupt"),
    ("innodb_flush_method", choice("O_DIRECT_NO_FSYNC"), "O_DIRECT_NO_FSYNC", "can-corrupt"),
    ("zero_damaged_pages", SWITCH, True, "can-corrupt"),
    ("ignore_checksum_failure", SWITCH, True, "can-corrupt"),
    ("innodb_force_recovery", NUMBER, 1, "can-corrupt"),
    ("innodb_force_recovery", NUMBER, 6, "can-corrupt"),
    ("innodb_checksum_algorithm", choice("none"), "none", "can-corrupt"),
    ("innodb_checksum_algorithm", choice("strict_none"), "strict_none", "can-corrupt"),
    ("innodb_log_checksums", SWITCH, False, "can-corrupt"),
    ("debug_no_sync", SWITCH, True, "can-corrupt"),
    ("ignore_invalid_pages", SWITCH, True, "can-corrupt"),
]


@pytest.mark.parametrize(("setting", "spec", "value", "risk"), RISKY)
def test_a_rule_cannot_hide_what_its_value_risks(
    setting: str, spec: Spec, value: Value, risk: str
) -> None:
    with pytest.raises(GuardError) as crossed:
        check(setting, value, spec=spec, durability="loses-recent-on-crash")
    assert crossed.value.message == (
        f"rule innodb.{setting}.made calls {value!r} 'durable', but that value is {risk!r}"
    )


@pytest.mark.parametrize(
    ("setting", "spec", "value"), [entry[:3] for entry in RISKY if entry[3] == "can-corrupt"]
)
def test_what_can_corrupt_is_never_taken_even_if_it_says_so(
    setting: str, spec: Spec, value: Value
) -> None:
    for durability in ("durable", "loses-recent-on-power-loss", "loses-recent-on-crash"):
        with pytest.raises(GuardError, match=r"which is 'can-corrupt', not"):
            check(setting, value, spec=spec, made=CORRUPT, durability=durability)


def test_a_setting_without_an_entry_cannot_corrupt_either() -> None:
    with pytest.raises(GuardError, match=r"which is 'can-corrupt', not 'loses-recent-on-crash'"):
        check("innodb_io_capacity", 5, made=CORRUPT, durability="loses-recent-on-crash")


@pytest.mark.parametrize(
    ("setting", "made", "durability", "risk"),
    [
        ("sync_binlog", POWER_LOSS, "durable", "loses-recent-on-power-loss"),
        ("wal_writer_delay", POWER_LOSS, "durable", "loses-recent-on-power-loss"),
        ("wal_writer_delay", CRASH, "durable", "loses-recent-on-crash"),
        ("wal_writer_delay", CRASH, "loses-recent-on-power-loss", "loses-recent-on-crash"),
    ],
)
def test_never_below_the_chosen_class(setting: str, made: Rule, durability: str, risk: str) -> None:
    with pytest.raises(GuardError) as crossed:
        check(setting, 100, made=made, durability=durability)
    assert crossed.value.message == (
        f"rule innodb.{setting}.made asks for 100, which is {risk!r}, not {durability!r}"
    )


@pytest.mark.parametrize(
    ("made", "durability"),
    [
        (DURABLE, "durable"),
        (DURABLE, "loses-recent-on-crash"),
        (POWER_LOSS, "loses-recent-on-power-loss"),
        (POWER_LOSS, "loses-recent-on-crash"),
        (CRASH, "loses-recent-on-crash"),
    ],
)
def test_the_chosen_class_and_safer_ones_are_taken(made: Rule, durability: str) -> None:
    check("wal_writer_delay", 5, made=made, durability=durability)


@pytest.mark.parametrize(
    ("setting", "spec", "value"),
    [
        ("fsync", SWITCH, True),
        ("full_page_writes", SWITCH, True),
        ("data_sync_retry", SWITCH, False),
        ("synchronous_commit", choice("on"), "on"),
        ("synchronous_commit", choice("remote_apply"), "remote_apply"),
        ("innodb_flush_log_at_trx_commit", NUMBER, 1),
        ("innodb_flush_log_at_trx_commit", NUMBER, 3),
        ("sync_binlog", NUMBER, 1),
        ("innodb_doublewrite", SWITCH, True),
        ("innodb_doublewrite", choice("ON"), "ON"),
        ("innodb_doublewrite", choice("DETECT_AND_RECOVER"), "DETECT_AND_RECOVER"),
        ("innodb_flush_method", choice("fsync"), "fsync"),
        ("innodb_flush_method", choice("O_DSYNC"), "O_DSYNC"),
        ("innodb_flush_method", choice("O_DIRECT"), "O_DIRECT"),
    ],
)
def test_what_is_durable_is_taken(setting: str, spec: Spec, value: Value) -> None:
    check(setting, value, spec=spec)


def test_the_tables_above_have_every_setting_with_a_red_line() -> None:
    assert {entry[0] for entry in RISKY} == RISKS.keys()


# No argument from speed where a flush means nothing


@pytest.mark.parametrize("fact", sorted(MEASURED_PERFORMANCE))
def test_no_argument_from_the_speed_of_a_drive_that_does_not_honour_a_flush(fact: str) -> None:
    same: dict[str, Fact] = {
        "open_datasync_is_faster": True,
        "page_flushes_basis": "that --max-iops allows",
        "replay_basis": "syncs",
    }
    condition = {"is": same[fact]} if fact in same else {"at_least": 0}
    for made in (rule(when={fact: condition}), rule(reason=f"As {{{fact}}} shows.")):
        with pytest.raises(GuardError) as crossed:
            check("innodb_io_capacity", 5, made=made, trust="not-durable")
        assert crossed.value.message == (
            f"rule innodb.innodb_io_capacity.made argues from {fact}, "
            "but this drive does not honour a flush"
        )
        check("innodb_io_capacity", 5, made=made, trust="suspicious")


def test_arguments_from_other_facts_still_hold_there() -> None:
    made = rule(when={"memory_bytes": {"at_least": 0}, "medium": {"is": "hdd"}})
    check("innodb_io_capacity", 5, made=made, trust="not-durable")


# What only some builds take


COMPRESSION: Final = choice("off").model_copy(update={"build_choices": {"lz4": "lz4"}})


@pytest.mark.parametrize("built", [UNTOLD, False])
def test_a_value_of_some_builds_only_where_the_server_is_known_to_be_one(built: Fact) -> None:
    with pytest.raises(GuardError) as crossed:
        check("wal_compression", "lz4", spec=COMPRESSION, build_lz4=built)
    assert crossed.value.message == (
        "rule innodb.wal_compression.made asks for 'lz4', which exists only in builds with lz4; "
        "whether this server is one is not known to be true"
    )
    check("wal_compression", "off", spec=COMPRESSION, build_lz4=built)
    check("wal_compression", "lz4", spec=COMPRESSION, build_lz4=True)


# Settings that only make sense together


def recommended(setting: str, value: Value | None, *, emitted: bool) -> Recommendation:
    return Recommendation(
        setting=setting,
        value=value,
        unit="MB" if setting.endswith("wal_size") else "B",
        rendered=f"{value}",
        default=None,
        rule=RuleId("innodb", setting),
        reason="",
        sources=(),
        durability="durable",
        loss_window_ms=None,
        loss_groups_max=None,
        restart=False,
        persistable=True,
        group="",
        leave_default=False,
        emitted=emitted,
    )


def together(**values: Value | None) -> None:
    on_host(values, "mysql", 1024**4)


def on_host(
    values: Mapping[str, Value | None], vendor: str, free_bytes: Fact, *, emitted: bool = True
) -> None:
    entries = [recommended(name, value, emitted=emitted) for name, value in values.items()]
    check_together(entries, facts_where(vendor=vendor, free_bytes=free_bytes))


@pytest.mark.parametrize(
    ("lower", "upper"),
    [("innodb_io_capacity", "innodb_io_capacity_max"), ("min_wal_size", "max_wal_size")],
)
def test_the_lesser_of_a_pair_must_not_exceed_the_greater(lower: str, upper: str) -> None:
    with pytest.raises(GuardError) as crossed:
        together(**{lower: 101, upper: 100})
    assert crossed.value.message == f"{lower} = 101 would exceed {upper} = 100"
    together(**{upper: 100, lower: 100})
    together(**{lower: 101})
    together(**{lower: 101, upper: None})


@pytest.mark.parametrize(
    ("trx_commit", "sync_binlog", "relaxed"),
    [
        (2, 1, "innodb_flush_log_at_trx_commit"),
        (0, 1, "innodb_flush_log_at_trx_commit"),
        (1, 0, "sync_binlog"),
        (1, 100, "sync_binlog"),
        (3, 0, "sync_binlog"),
    ],
)
def test_the_two_logs_of_a_commit_are_not_relaxed_one_without_the_other(
    trx_commit: int, sync_binlog: int, relaxed: str
) -> None:
    with pytest.raises(GuardError) as crossed:
        together(innodb_flush_log_at_trx_commit=trx_commit, sync_binlog=sync_binlog)
    assert crossed.value.message == (
        f"only {relaxed} is relaxed; relax innodb_flush_log_at_trx_commit and sync_binlog together"
    )


@pytest.mark.parametrize(("trx_commit", "sync_binlog"), [(1, 1), (3, 1), (2, 0), (2, 100), (0, 0)])
def test_they_are_relaxed_together_or_not_at_all(trx_commit: int, sync_binlog: int) -> None:
    together(innodb_flush_log_at_trx_commit=trx_commit, sync_binlog=sync_binlog)


# tests/powercut/README.md: a replica of MySQL 9.7 whose binary log alone is relaxed went on whole.
@pytest.mark.parametrize("known", [{"role": "replica"}, {"cluster": "group-replication"}])
def test_who_has_its_rows_from_others_may_relax_its_binary_log_alone(known: dict[str, str]) -> None:
    def check(**values: Value) -> None:
        made = [recommended(name, value, emitted=True) for name, value in values.items()]
        check_together(made, facts_where(free_bytes=10**12, **known))

    check(innodb_flush_log_at_trx_commit=1, sync_binlog=100)
    with pytest.raises(GuardError, match="only innodb_flush_log_at_trx_commit is relaxed"):
        check(innodb_flush_log_at_trx_commit=2, sync_binlog=1)


def test_one_of_them_alone_says_nothing_of_the_other() -> None:
    together(innodb_flush_log_at_trx_commit=2)
    together(sync_binlog=0)
    together(innodb_flush_log_at_trx_commit=2, sync_binlog=None)


# PostgreSQL 13 to 19 do not start below twice the segment size, 16 MB: tests/servers/traps.py.
@pytest.mark.parametrize("setting", ["min_wal_size", "max_wal_size"])
def test_the_wal_has_room_for_two_segments(setting: str) -> None:
    with pytest.raises(GuardError) as crossed:
        together(**{setting: 31})
    assert crossed.value.message == (
        f"{setting} = 31 MB is less than two WAL segments of 16 MB: the server would not start"
    )
    together(**{setting: 32})


# PostmasterMain of PostgreSQL's postmaster.c refuses each; tests/servers/traps.py starts 13 to 19
# with the first, with archive_mode = on and (since 17) with summarize_wal = on.
@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "max_wal_senders = 10, it needs 0"),
        ({"max_wal_senders": 1}, "max_wal_senders = 1, it needs 0"),
        ({"max_wal_senders": 0, "archive_mode": "on"}, "archive_mode = on, it needs off"),
        ({"max_wal_senders": 0, "archive_mode": "always"}, "archive_mode = always, it needs off"),
        ({"max_wal_senders": 0, "summarize_wal": True}, "summarize_wal = True, it needs False"),
    ],
)
def test_minimal_wal_feeds_no_standby_and_no_archive(
    values: dict[str, Value], problem: str
) -> None:
    with pytest.raises(GuardError) as crossed:
        together(wal_level="minimal", **values)
    assert crossed.value.message == f"wal_level = minimal does not start with {problem}"
    together(wal_level="replica", **values)


def test_minimal_wal_starts_where_nothing_reads_it() -> None:
    together(wal_level="minimal", max_wal_senders=0)
    together(wal_level="minimal", max_wal_senders=0, archive_mode="off", summarize_wal=False)


MIB: Final = 1024**2


@pytest.mark.parametrize(
    ("vendor", "values", "takes_bytes", "problem"),
    [
        (
            "mysql",
            {"innodb_redo_log_capacity": 100 * MIB},
            100 * MIB,
            "innodb_redo_log_capacity = 104857600 takes 100 MB, but only 100 MB are free",
        ),
        (  # two files unless said otherwise
            "mysql",
            {"innodb_log_file_size": 48 * MIB},
            96 * MIB,
            "innodb_log_file_size = 50331648 takes 96 MB, but only 96 MB are free",
        ),
        (
            "mysql",
            {"innodb_log_file_size": 48 * MIB, "innodb_log_files_in_group": 4},
            192 * MIB,
            "innodb_log_file_size = 50331648 takes 192 MB, but only 192 MB are free",
        ),
        (  # one file
            "mariadb",
            {"innodb_log_file_size": 96 * MIB},
            96 * MIB,
            "innodb_log_file_size = 100663296 takes 96 MB, but only 96 MB are free",
        ),
        (
            "postgresql",
            {"max_wal_size": 2048},
            2048 * MIB,
            "max_wal_size = 2048 takes 2 GB, but only 2 GB are free",
        ),
    ],
)
def test_the_log_fits_the_free_space(
    vendor: str, values: dict[str, Value], takes_bytes: int, problem: str
) -> None:
    with pytest.raises(GuardError) as crossed:
        on_host(values, vendor, takes_bytes - 1)
    assert crossed.value.message == problem
    on_host(values, vendor, takes_bytes)
    on_host(values, vendor, takes_bytes - 1, emitted=False)  # the server's own default


@pytest.mark.parametrize(
    "values",
    [{"innodb_redo_log_capacity": MIB}, {"innodb_log_file_size": MIB}, {"max_wal_size": 64}],
)
def test_an_unknown_free_space_is_not_enough(values: dict[str, Value]) -> None:
    with pytest.raises(GuardError, match="the free space is unknown"):
        on_host(values, "mysql", UNTOLD)
    on_host(values, "mysql", UNTOLD, emitted=False)
    on_host({"innodb_io_capacity": 200}, "mysql", UNTOLD)
