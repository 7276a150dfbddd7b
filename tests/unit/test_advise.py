"""Advice: the same for the same input, to the byte; what less durability would bring, and cost."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from advisor.advice import Advice, Loss, LowerDurability, RuleId, Skip
from advisor.advise import advise
from advisor.analysis.facts import Assumption
from advisor.durability import Durability
from advisor.errors import AdvisorError, NotTrustedError
from advisor.knowledge import load_assumptions, load_replay, load_settings, load_storage_knowledge
from advisor.measurement import Measurement, MeasurementWarning, PlanRun
from advisor.measurement_file import to_json
from advisor.planning import plan_inputs
from advisor.request import Request
from advisor.rules.catalogue import Setting
from advisor.rules.knowledge import Knowledge
from advisor.vendors.names import Engine, VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion
from tests.support.drives import UNKNOWN, classic, device, measurement, series, summary

STORAGE = load_storage_knowledge()
REPLAY = load_replay()
DRIVES = Knowledge(STORAGE, {}, (), REPLAY)
ASSUMPTIONS = {
    name: Assumption(value=value, option="", why="")
    for name, value in {
        "expected_commits_per_s": 2000,
        "recovery_time_s": 600,
        "log_bytes_per_commit_mysql": 1000,
        "log_bytes_per_commit_mariadb": 1000,
        "log_bytes_per_commit_postgresql": 1000,
    }.items()
}

APPEND = series("append", "fdatasync", 4000)
DRIVE = measurement(1000, APPEND)

MYSQL = Request("mysql", (9, 7, 4), "a test")
POSTGRESQL = Request("postgresql", (15, 10), "a test")


# Settings made by hand, so that the figures below stay as they are when the catalogue learns.


def relaxable(
    engine: Engine,
    name: str,
    values: tuple[str | int, str | int],
    down_to: tuple[Durability, ...],
    **loss: Any,
) -> Setting:
    """A setting with a durable value and a relaxed one."""
    strict, relaxed = values
    numeric = isinstance(strict, int)
    spec = {
        "type": "integer" if numeric else "enum",
        **({"min": 0, "max": 100} if numeric else {"choices": values}),
        "default": strict,
        "restart": False,
        "doc": "https://example.org",
    }
    vendors = ("postgresql",) if engine == "postgresql" else ("mysql", "mariadb")
    common = {"reason": "Made by hand.", "sources": ["https://example.org"]}
    return Setting.model_validate(
        {
            "name": name,
            "engine": engine,
            "summary": "Made by hand.",
            "group": "commit",
            "in_a_group": "agreed",
            "spec": [{**spec, "vendor": vendor} for vendor in vendors],
            "rule": [
                {
                    "name": "relaxed",
                    "when": {"durability": {"in": down_to}},
                    "value": relaxed,
                    "durability": down_to[0],
                    **loss,
                    **common,
                },
                {"name": "durable", "value": strict, **common},
            ],
        }
    )


LOSING: tuple[Durability, ...] = ("loses-recent-on-power-loss", "loses-recent-on-crash")
INNODB = Knowledge(
    STORAGE,
    ASSUMPTIONS,
    (
        relaxable("innodb", "innodb_flush_log_at_trx_commit", (1, 2), LOSING, loss_window_ms=1000),
        relaxable(
            "innodb", "sync_binlog", (1, 100), LOSING, loss_window_ms=40_000, loss_groups_max=100
        ),
    ),
    REPLAY,
)
WAL = Knowledge(
    STORAGE,
    ASSUMPTIONS,
    (relaxable("postgresql", "synchronous_commit", ("on", "off"), LOSING[1:], loss_window_ms=600),),
    REPLAY,
)


# What is refused


def test_a_drive_that_does_not_honour_a_flush_gets_no_advice() -> None:
    with pytest.raises(NotTrustedError) as refusal:
        advise(measurement(filesystem="tmpfs"), MYSQL, INNODB)
    assert refusal.value.message == (
        "/var/lib/database is not durable: tmpfs keeps files in memory: a power loss erases"
        " everything, synced or not"
    )
    assert refusal.value.hint == "measure the directory where the database will live"
    assert refusal.value.exit_status == 3


def test_unless_that_is_accepted_and_then_the_advice_says_so() -> None:
    advice = advise(
        measurement(filesystem="tmpfs"), replace(MYSQL, accept_not_durable=True), INNODB
    )
    assert advice.storage.trust == "not-durable"
    assert [entry.value for entry in advice.settings] == [1, 1]


@pytest.mark.parametrize("drive", [measurement(1.0), measurement(devices=())])
def test_a_drive_of_little_trust_still_gets_advice(drive: Measurement) -> None:
    advice = advise(drive, MYSQL, INNODB)
    assert advice.storage.trust in ("suspicious", "unverifiable")
    assert len(advice.settings) == 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda drive: advise(drive, MYSQL, INNODB),
        lambda drive: plan_inputs(drive, None, None, DRIVES),
    ],
)
def test_without_the_primary_series_there_is_nothing_to_advise_from(
    ask: Callable[[Measurement], object],
) -> None:
    with pytest.raises(AdvisorError, match="has no overwrite with fdatasync") as refusal:
        ask(measurement(None, APPEND))
    assert refusal.value.hint == "measure again: fsync-advisor measure --output FILE"
    assert refusal.value.exit_status == 1


def test_the_capacity_of_a_drive_that_does_not_honour_a_flush_is_refused_too() -> None:
    drive = measurement(1000, filesystem="tmpfs")
    with pytest.raises(NotTrustedError, match="is not durable"):
        plan_inputs(drive, None, None, DRIVES)
    advice = advise(drive, replace(MYSQL, accept_not_durable=True), INNODB)
    assert advice.capacity is None
    assert advice.lower_durability == ()


# The same input, the same output

PRINT_ADVICE = """
import sys
from advisor.rules.knowledge import Knowledge
from advisor.advise import advise
from advisor.knowledge import load_assumptions, load_replay, load_settings, load_storage_knowledge
from advisor.measurement_file import from_json
from advisor.request import Request
from advisor.vendors.registry import VENDORS
measurement = from_json(sys.stdin.read(), "stdin")
for vendor, version in (("mysql", (9, 7)), ("mariadb", (10, 11)), ("postgresql", (15,))):
    knowledge = Knowledge(
        load_storage_knowledge(), load_assumptions(),
        load_settings(VENDORS[vendor].engine), load_replay(),
    )
    print(advise(measurement, Request(vendor, version, "a test"), knowledge).model_dump_json())
"""

WHOLE = measurement(
    summary(1000, p50_us=900, p99_us=3000),
    APPEND,
    classic(900),
    series("random", "none", summary(160, ops_per_s=50_000), direct=True, writers=8),
    devices=(device("a"), device("b", model=UNKNOWN)),
    virtualisation="kvm",
    memory_bytes=UNKNOWN,
)


def advice_in_a_process(hash_seed: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-c", PRINT_ADVICE],
        input=to_json(WHOLE).encode(),
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": f"XXX{hash_seed}", "LC_ALL": "C"},
    ).stdout


def real_advice() -> bytes:
    lines = []
    servers: list[tuple[VendorName, NumericVersion]] = [
        ("mysql", (9, 7)),
        ("mariadb", (10, 11)),
        ("postgresql", (15,)),
    ]
    for vendor, version in servers:
        settings = load_settings(VENDORS[vendor].engine)
        knowledge = Knowledge(load_storage_knowledge(), load_assumptions(), settings, REPLAY)
        advice = advise(WHOLE, Request(vendor, version, "a test"), knowledge)
        assert len(advice.settings) > 10
        assert advice.skipped
        lines.append(advice.model_dump_json() + "\n")
    return "".join(lines).encode()


def test_the_same_input_gives_the_same_advice_to_the_byte() -> None:
    first = real_advice()
    assert real_advice() == first
    for hash_seed in ("1", "2", "3"):
        assert advice_in_a_process(hash_seed) == first


def test_advice_survives_json() -> None:
    advice = advise(WHOLE, MYSQL, INNODB)
    text = advice.model_dump_json(by_alias=True)
    assert Advice.model_validate_json(text).model_dump_json(by_alias=True) == text


# What the advice tells


def test_what_it_rests_on() -> None:
    drive = measurement(
        summary(1060, p99_us=3000),
        classic(40473.06),
        devices=(device("a", model="990 PRO"), device("b", model=UNKNOWN)),
        label="db7",
    ).model_copy(update={"plan": PlanRun(name="thorough", seed=1, rounds=3)})
    measured = advise(drive, MYSQL, INNODB).measured
    assert measured.source == "measured"
    assert measured.taken_at == datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)
    assert measured.directory == "/var/lib/database"
    assert measured.filesystem == "ext4"
    assert measured.devices == "a (990 PRO), b"
    assert (measured.label, measured.plan, measured.tool_version) == ("db7", "thorough", "0.0.1")
    assert measured.figures == {
        "8 KiB overwrite + fdatasync": "943/s, mean 1.06 ms, p99 3 ms",
        "classic 4 KiB O_DIRECT + fsync": "40,470/s, mean 24.7 us",
    }


def test_what_it_rests_on_where_little_is_known() -> None:
    measured = advise(measurement(devices=UNKNOWN, filesystem=UNKNOWN), MYSQL, INNODB).measured
    assert measured.devices == UNKNOWN
    assert measured.filesystem == UNKNOWN
    assert measured.plan is None
    assert list(measured.figures) == ["8 KiB overwrite + fdatasync"]


def test_what_was_asked_for_is_told() -> None:
    advice = advise(DRIVE, replace(MYSQL, durability="loses-recent-on-crash"), INNODB)
    assert (advice.engine, f"{advice.engine_version}") == ("mysql", "9.7.4")
    assert advice.version_source == "a test"
    assert advice.durability == "loses-recent-on-crash"
    assert [entry.value for entry in advice.settings] == [2, 100]


# 1000 us for the redo log and 4000 us for the growing binary log: 200 commits a second.
def test_the_capacity_is_that_of_the_advised_settings() -> None:
    capacity = advise(DRIVE, MYSQL, INNODB).capacity
    assert capacity is not None
    assert (capacity.sync_us, capacity.commit_syncs) == (1000, 2)
    assert (capacity.commit_us, capacity.commit_tps) == (5000, 200)
    assert [point.syncs for point in capacity.serial] == [1, 2, 3, 6, 12, 15, 75]
    without = advise(DRIVE, replace(MYSQL, log_bin=False, syncs=(4,)), INNODB).capacity
    assert without is not None
    assert (without.commit_syncs, without.commit_us) == (1, 1000)
    assert [(point.syncs, point.tps) for point in without.serial] == [(4, 250)]


def test_without_a_server_only_the_drive_is_told() -> None:
    drive = measurement(1000, warnings=(MeasurementWarning(code="x", text="it drifts"),))
    inputs = plan_inputs(drive, None, (2,), DRIVES)
    assert inputs.verdict.storage_class == "nvme-consumer"
    assert [(point.syncs, point.tps) for point in inputs.capacity.serial] == [(2, 500)]
    assert inputs.capacity.commit_syncs is None
    assert inputs.notes == ("it drifts",)
    assert len(plan_inputs(drive, None, None, DRIVES).capacity.serial) == 7


# What less durability would bring, and cost


def offers(
    drive: Measurement, request: Request, knowledge: Knowledge
) -> tuple[LowerDurability, ...]:
    return advise(drive, request, knowledge).lower_durability


# At 5000 us a commit: 1 s holds 200 of one connection, 40 s 8000, of which 100 groups at most.
# At the expected 2000/s: 2000 in 1 s; of groups nobody knows.
def test_mysql_with_a_binary_log() -> None:
    (offer,) = offers(DRIVE, MYSQL, INNODB)  # the class below it changes nothing more
    assert offer == LowerDurability(
        durability="loses-recent-on-power-loss",
        settings={"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "100"},
        syncs_saved=2,
        commit_us_saved=5000,
        losses=(
            Loss(
                setting="innodb_flush_log_at_trx_commit",
                window_ms=1000,
                groups_max=None,
                transactions_at_risk=200,
                expected_transactions_at_risk=2000,
                rate_is_assumed=True,
            ),
            Loss(
                setting="sync_binlog",
                window_ms=40_000,
                groups_max=100,
                transactions_at_risk=100,
                expected_transactions_at_risk=None,
            ),
        ),
    )


# A commit of 500 ms: 40 s hold 80 commits, fewer than 100 groups.
def test_a_slow_drive_reaches_the_window_before_the_groups() -> None:
    slow = measurement(100_000, series("append", "fdatasync", 400_000))
    (offer,) = offers(slow, MYSQL, INNODB)
    assert [loss.transactions_at_risk for loss in offer.losses] == [2, 80]


# Without a binary log a commit is one sync of 1000 us: 1000 in a second.
def test_mysql_without_a_binary_log() -> None:
    (offer,) = offers(DRIVE, replace(MYSQL, log_bin=False), INNODB)
    assert (offer.syncs_saved, offer.commit_us_saved) == (1, 1000)
    assert offer.losses[0].transactions_at_risk == 1000


# What the growing binary log costs is not known; counted as two syncs of 1000 us, 500 in a second.
def test_where_the_binary_logs_latency_is_not_known() -> None:
    (offer,) = offers(measurement(1000), MYSQL, INNODB)
    assert (offer.syncs_saved, offer.commit_us_saved) == (2, None)
    assert offer.losses[0].transactions_at_risk == 500


# 600 ms at 1000 us a commit: 600; at the expected 2000/s: 1200.
@pytest.mark.parametrize("durability", ["durable", "loses-recent-on-power-loss"])
def test_postgresql(durability: Durability) -> None:
    (offer,) = offers(DRIVE, replace(POSTGRESQL, durability=durability), WAL)
    assert offer == LowerDurability(
        durability="loses-recent-on-crash",
        settings={"synchronous_commit": "off"},
        syncs_saved=1,
        commit_us_saved=1000,
        losses=(
            Loss(
                setting="synchronous_commit",
                window_ms=600,
                groups_max=None,
                transactions_at_risk=600,
                expected_transactions_at_risk=1200,
                rate_is_assumed=True,
            ),
        ),
    )


def test_a_rate_that_somebody_named_is_not_assumed() -> None:
    """500/s in 600 ms."""
    (offer,) = offers(DRIVE, replace(POSTGRESQL, expected_commits_per_s=500), WAL)
    (loss,) = offer.losses
    assert (loss.expected_transactions_at_risk, loss.rate_is_assumed) == (300, False)


# MariaDB's 3 flushes twice, 1 once: 2 x 1000 + 4000 us become 1000 + 4000, and nothing is lost.
def test_a_change_that_loses_nothing_is_offered_for_what_it_brings() -> None:
    settings = (
        relaxable(
            "innodb",
            "innodb_flush_log_at_trx_commit",
            (3, 1),
            ("loses-recent-on-crash",),
            durability="durable",
        ),
        relaxable("innodb", "sync_binlog", (1, 1), LOSING, durability="durable"),
    )
    request = Request("mariadb", (10, 11), "", log_bin=True)
    (offer,) = offers(DRIVE, request, Knowledge(STORAGE, ASSUMPTIONS, settings, REPLAY))
    assert offer.settings == {"innodb_flush_log_at_trx_commit": "1"}
    assert (offer.syncs_saved, offer.commit_us_saved) == (1, 1000)
    assert offer.losses == ()


@pytest.mark.parametrize(
    ("request_", "knowledge"),
    [
        (replace(POSTGRESQL, durability="loses-recent-on-crash"), WAL),
        (replace(MYSQL, durability="loses-recent-on-crash"), INNODB),
        (replace(MYSQL, durability="loses-recent-on-power-loss"), INNODB),
    ],
)
def test_nothing_is_offered_below_what_was_chosen(request_: Request, knowledge: Knowledge) -> None:
    assert offers(DRIVE, request_, knowledge) == ()


def test_what_is_offered_is_not_taken() -> None:
    advice = advise(DRIVE, MYSQL, INNODB)
    assert [entry.value for entry in advice.settings] == [1, 1]
    assert {entry.durability for entry in advice.settings} == {"durable"}


# Notes


@pytest.mark.parametrize(
    ("vendor", "version", "note"),
    [
        ("mysql", (9, 7), None),
        ("mysql", (9, 7, 99), None),
        ("mysql", (8, 0, 36), None),
        (
            "mysql",
            (9, 8),
            "MySQL 9.8 is newer than what we know; the rules of 9.7 are used",
        ),
        (
            "mysql",
            (10, 6),
            "MySQL 10.6 is newer than what we know; the rules of 9.7 are used;"
            " did you mean --db mariadb?",
        ),
        ("mariadb", (11, 8, 3), None),
        (
            "mariadb",
            (12, 3, 1),
            "MariaDB 12.3.1 is newer than what we know; the rules of 11.8 are used",
        ),
    ],
)
def test_a_version_newer_than_what_is_known_is_noted(
    vendor: VendorName, version: NumericVersion, note: str | None
) -> None:
    advice = advise(DRIVE, Request(vendor, version, ""), INNODB)
    assert advice.warnings == ((note,) if note else ())


def test_what_the_measurement_warns_of_is_noted_first() -> None:
    drive = measurement(1000, warnings=(MeasurementWarning(code="x", text="it drifts"),))
    advice = advise(drive, Request("postgresql", (20,), ""), WAL)
    assert advice.warnings == (
        "it drifts",
        "PostgreSQL 20 is newer than what we know; the rules of 19 are used",
    )


def test_a_rules_id_is_a_string_in_the_file() -> None:
    read = Skip.model_validate({"rule": "innodb.sync_binlog.safe", "why": ""})
    assert read.rule == RuleId("innodb", "sync_binlog", "safe")
    assert read.model_dump() == {"rule": "innodb.sync_binlog.safe", "why": ""}
    assert Skip.model_validate({"rule": "innodb.x", "why": ""}).rule == RuleId("innodb", "x")


@pytest.mark.parametrize("text", ["", "innodb", "innodb.", "oracle.x.y", "innodb.x.y.z"])
def test_what_is_no_rules_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rule id"):
        Skip.model_validate({"rule": text, "why": ""})


@pytest.mark.parametrize("version", [(14, 23), (15, 20), (19,)])
@pytest.mark.parametrize("has_lz4", [True, False])
def test_a_log_is_taken_for_compressed_where_compression_is_advised(
    version: NumericVersion, has_lz4: bool
) -> None:
    """The speed of its replay rests on one, the line on the other."""
    knowledge = DRIVES._replace(
        assumptions=load_assumptions(), settings=load_settings("postgresql")
    )
    request = Request("postgresql", version, "a test", build={"lz4": has_lz4})
    settings = advise(measurement(1000), request, knowledge).settings
    advised = next(each for each in settings if each.setting == "wal_compression")
    compresses = VENDORS["postgresql"].compresses_log(version, request.build)
    assert compresses == (advised.value == "lz4")
