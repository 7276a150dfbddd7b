"""The pure part of an audit: settings made by hand, and exactly the findings they give."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from advisor.audit.change import how_to_change, needs_restart
from advisor.audit.findings import Audit, Finding
from advisor.audit.headroom import headroom
from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for, stored_measurement
from advisor.durability import Durability
from advisor.knowledge import load_settings
from advisor.measurement import Fill
from advisor.output.audit import audit_document
from advisor.output.renderers import render
from advisor.output.renderers.text import render_text
from advisor.request import Request
from advisor.rules.catalogue import Spec
from advisor.server_activity import Activity
from advisor.server_state import EffectiveSetting, Origin, Override, ServerState
from advisor.servers.config import read_settings
from advisor.units import Value
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion, parse_version
from tests.support.drives import measurement, series, summary
from tests.support.paths import MEASUREMENTS

NVME: Final = MEASUREMENTS / "nvme-consumer.json"

SPECS: Final = {setting.name: setting for setting in load_settings("innodb")} | {
    setting.name: setting for setting in load_settings("postgresql")
}


def spec_of(name: str, vendor: VendorName, version: str) -> Spec:
    spec = SPECS[name].spec_for(vendor, parse_version(version))
    assert spec is not None
    return spec


def in_force(
    name: str, value: str, unit: str = "", origin: Origin = "file", place: str = "/my.conf:3"
) -> EffectiveSetting:
    return EffectiveSetting(name, value, unit, origin, place)


# Text -> value


@pytest.mark.parametrize(
    ("vendor", "version", "name", "text", "unit", "value"),
    [
        # As PostgreSQL's view has them, in its unit
        ("postgresql", "15", "shared_buffers", "16384", "8kB", 16384),
        ("postgresql", "15", "max_wal_size", "1024", "MB", 1024),
        ("postgresql", "15", "wal_buffers", "-1", "8kB", -1),
        ("postgresql", "15", "checkpoint_completion_target", "0.9", "", 0.9),
        ("postgresql", "15", "fsync", "off", "", False),
        ("postgresql", "15", "synchronous_commit", "remote_write", "", "remote_write"),
        ("postgresql", "15", "shared_buffers", "8192", "16kB", 16384),
        ("postgresql", "15", "shared_buffers", "1024", "kB", 128),
        # As files have them
        ("postgresql", "15", "shared_buffers", "128MB", "", 16384),
        ("postgresql", "15", "checkpoint_timeout", "5min", "", 300),
        ("postgresql", "15", "checkpoint_timeout", "300", "", 300),
        ("postgresql", "15", "wal_writer_delay", "10s", "", 10_000),
        ("postgresql", "15", "fsync", "no", "", False),
        ("postgresql", "15", "full_page_writes", "1", "", True),
        ("postgresql", "15", "synchronous_commit", "FALSE", "", "off"),
        ("postgresql", "15", "wal_compression", "lz4", "", "lz4"),
        # MySQL and MariaDB
        ("mysql", "9.7", "innodb_redo_log_capacity", "104857600", "", 104857600),
        ("mysql", "9.7", "innodb_redo_log_capacity", "100M", "", 104857600),
        ("mysql", "9.7", "innodb_doublewrite", "detect_only", "", "DETECT_ONLY"),
        ("mysql", "9.7", "innodb_doublewrite", "FALSE", "", "OFF"),
        ("mariadb", "10.11", "innodb_doublewrite", "0", "", False),
        ("mysql", "9.7", "innodb_max_dirty_pages_pct", "90.000000", "", 90.0),
        # Nothing that we know
        ("postgresql", "15", "fsync", "perhaps", "", None),
        ("postgresql", "15", "wal_sync_method", "fsync_writethrough", "", None),
        ("postgresql", "15", "shared_buffers", "many", "", None),
    ],
)
def test_text_is_read_in_the_unit_of_the_setting(
    vendor: VendorName, version: str, name: str, text: str, unit: str, value: Value | None
) -> None:
    found = spec_of(name, vendor, version).value_of(in_force(name, text, unit))
    assert found == value
    assert type(found) is type(value)


# Settings -> findings


def audit_of(
    vendor: VendorName,
    version: str,
    *,
    durability: Durability = "durable",
    overrides: tuple[Override, ...] = (),
    hidden: frozenset[str] = frozenset(),
    activity: Activity | None = None,
    measured: bool = False,
    settings: Mapping[str, str] | None = None,
    **more: str,
) -> Audit:
    settings = {**(settings or {}), **more}
    reading = ServerState(
        vendor,
        parse_version(version),
        {name: in_force(name, text) for name, text in settings.items()},
        overrides=overrides,
        hidden=hidden,
        activity=activity,
    )
    request = Request(vendor, parse_version(version), "as given", durability=durability)
    drive = measurement() if measured else None
    return run_audit(reading, request, knowledge_for(vendor), drive)[0]


def names(found: Audit) -> list[str]:
    return [one.setting for one in found.findings]


def only(found: Audit) -> Finding:
    (finding,) = found.findings
    return finding


@pytest.mark.parametrize(
    ("vendor", "version"),
    [("postgresql", "15"), ("mysql", "9.7"), ("mysql", "5.7"), ("mariadb", "10.11")],
)
def test_settings_that_are_missing_have_their_default(vendor: VendorName, version: str) -> None:
    found = audit_of(vendor, version)
    assert names(found) == []
    assert found.settings_compared > 10


def test_a_default_that_is_not_as_advised_is_found_where_nothing_sets_it() -> None:
    assert names(audit_of("postgresql", "13")) == ["checkpoint_completion_target"]
    assert names(audit_of("mysql", "8.0.36")) == []


def test_mariadb_with_a_binary_log_has_a_default_that_loses_commits() -> None:
    assert names(audit_of("mariadb", "10.11", log_bin="OFF")) == []
    finding = only(audit_of("mariadb", "10.11", log_bin="mysql-bin"))
    assert (finding.setting, finding.severity, finding.current) == ("sync_binlog", "data-loss", "0")
    assert "Only one of" in finding.reason
    assert finding.at_risk is not None
    assert finding.at_risk.window_ms == 40_000


def test_mysql_writes_a_binary_log_unless_it_is_told_not_to() -> None:
    assert names(audit_of("mysql", "9.7", sync_binlog="0")) == ["sync_binlog"]
    assert names(audit_of("mysql", "9.7", sync_binlog="0", log_bin="OFF")) == []
    assert names(audit_of("mysql", "5.7", sync_binlog="0")) == []


@pytest.mark.parametrize(
    ("line", "is_written"),
    [("log_bin=OFF", True), ("log-bin=0", True), ("skip-log-bin", False), ("log_bin", True)],
)
@pytest.mark.parametrize(("vendor", "version"), [("mysql", (9, 7)), ("mariadb", (10, 11))])
def test_only_a_prefix_switches_the_binary_log_off(
    tmp_path: Path, vendor: VendorName, version: NumericVersion, line: str, is_written: bool
) -> None:
    """MySQL 9.7.4 and MariaDB 10.11 write a log called OFF or 0."""
    file = tmp_path / "my.cnf"
    file.write_text(f"[mysqld]\nsync_binlog = 0\n{line}\n")
    state = ServerState(vendor, version, read_settings(vendor, [file], version).settings)
    request = Request(vendor, version, "as given")
    found, _ = run_audit(state, request, knowledge_for(vendor), None)
    assert names(found) == (["sync_binlog"] if is_written else [])


def test_a_live_value_outside_of_our_range_is_shown_as_the_server_has_it() -> None:
    found = only(audit_of("mysql", "9.7", innodb_force_recovery="9"))  # the range ends at 6
    assert (found.setting, found.current) == ("innodb_force_recovery", "9")
    spec = spec_of("max_wal_size", "postgresql", "15")
    assert spec.value_of(in_force("max_wal_size", "4294967296", "MB")) is None  # no integer
    assert spec.value_of(in_force("max_wal_size", "1", "MB")) == 1  # below the least, 2 MB


@pytest.mark.parametrize(
    ("version", "word"),
    [
        *((version, "nosync") for version in ("5.7", "8.0", "8.4", "9.7")),
        *((version, "littlesync") for version in ("5.7", "8.0", "8.4", "9.7")),
        *((version, "O_DIRECT_NO_FSYNC") for version in ("5.7", "8.0", "8.0.13")),
    ],
)
def test_an_unsafe_flush_method_is_found_without_any_advice(version: str, word: str) -> None:
    """Before 8.4 no rule speaks unless O_DIRECT was tried on the drive."""
    finding = only(audit_of("mysql", version, innodb_flush_method=word))
    assert (finding.severity, finding.durability) == ("corruption-risk", "can-corrupt")
    assert finding.restart


def test_relaxing_neither_both_or_one_of_the_pair() -> None:
    both = audit_of("mysql", "9.7", innodb_flush_log_at_trx_commit="2", sync_binlog="0")
    assert names(both) == ["innodb_flush_log_at_trx_commit", "sync_binlog"]
    assert not any("Only one of" in one.reason for one in both.findings)
    one = only(audit_of("mysql", "9.7", innodb_flush_log_at_trx_commit="2"))
    assert "Only one of" in one.reason


@pytest.mark.parametrize(
    ("vendor", "version", "flush", "binary_log", "found", "other"),
    [
        ("mysql", "9.7", "2", "1", "innodb_flush_log_at_trx_commit", "sync_binlog = 100"),
        ("mariadb", "11.8", "2", "1", "innodb_flush_log_at_trx_commit", "sync_binlog = 100"),
        ("mysql", "9.7", "1", "100", "sync_binlog", "innodb_flush_log_at_trx_commit = 2"),
        ("mysql", "9.7", "1", "0", "sync_binlog", "innodb_flush_log_at_trx_commit = 2"),
        ("mariadb", "11.8", "1", "0", "sync_binlog", "innodb_flush_log_at_trx_commit = 2"),
    ],
)
def test_where_one_of_the_pair_is_relaxed_it_is_to_be_as_strict_as_the_other(
    vendor: VendorName, version: str, flush: str, binary_log: str, found: str, other: str
) -> None:
    finding = only(
        audit_of(
            vendor,
            version,
            durability="loses-recent-on-power-loss",
            settings={
                "log_bin": "ON",
                "innodb_flush_log_at_trx_commit": flush,
                "sync_binlog": binary_log,
            },
        )
    )
    assert (finding.setting, finding.severity, finding.recommended) == (found, "data-loss", "1")
    assert "Only one of" in finding.reason
    assert f"Accepted is that both are: {other}, too." in finding.reason


def test_the_window_is_that_of_the_server_and_the_rate_the_present_one() -> None:
    found = audit_of(
        "postgresql",
        "15",
        synchronous_commit="off",
        wal_writer_delay="1000ms",
        activity=activity(commits_per_s=230),
    )
    risk = only(found).at_risk
    assert risk is not None
    assert (risk.window_ms, risk.transactions, risk.rate_from) == (3000, 690, "now")


@pytest.mark.parametrize(
    ("value", "timeout_s", "window_ms"),
    [
        # profiles/, and what the rehearsed power cuts are held against: 2 s where nothing widens it
        ("2", None, 2000),
        ("0", None, 2000),
        ("2", "1", 2000),
        ("2", "0", 2000),
        ("2", "30", 31_000),
    ],
)
@pytest.mark.parametrize(("vendor", "version"), [("mysql", "9.7"), ("mariadb", "10.11")])
def test_the_window_is_the_one_that_recommend_states(
    vendor: VendorName, version: str, value: str, timeout_s: str | None, window_ms: int
) -> None:
    asked = {"innodb_flush_log_at_trx_commit": value, "innodb_flush_log_at_timeout": timeout_s}
    settings = {name: text for name, text in asked.items() if text is not None}
    risk = only(audit_of(vendor, version, log_bin="OFF", settings=settings)).at_risk
    assert risk is not None
    assert risk.window_ms == window_ms


def test_an_idle_server_risks_what_is_expected() -> None:
    found = audit_of("postgresql", "15", synchronous_commit="off", activity=activity())
    risk = only(found).at_risk
    assert risk is not None
    # 1000 commits/s, as profiles/assumptions.toml says
    assert (risk.transactions, risk.rate_from) == (600, "assumed")


@pytest.mark.parametrize(
    ("recovery_time_s", "good", "bad"),
    [
        # Advised: 300 s, half of ten minutes; said by the user, or assumed. By the manual less than
        # the default of 300 s is worse, whatever is assumed.
        (600, ("200s", "300s", "450s"), ("199s", "451s")),
        (None, ("200s", "300s", "450s", "451s", "1h"), ("199s", "30s")),
    ],
)
def test_computed_values_may_be_half_as_much_again(
    recovery_time_s: float | None, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    request = Request("postgresql", (15,), "as given", recovery_time_s=recovery_time_s)
    for value in (*good, *bad):
        state = ServerState(
            "postgresql", (15,), {"checkpoint_timeout": in_force("checkpoint_timeout", value)}
        )
        found, _ = run_audit(state, request, knowledge_for("postgresql"), None)
        assert names(found) == (["checkpoint_timeout"] if value in bad else []), value


SAID: Final[Mapping[str, Any]] = {
    "memory_bytes": 8 * 1024**3,
    "expected_commits_per_s": 1000,
    "log_bytes_per_commit": 8336,
    "recovery_time_s": 600,
}


def audit_on_nvme(
    vendor: VendorName, version: str, said: Mapping[str, Any], **settings: str
) -> Audit:
    number = parse_version(version)
    state = ServerState(
        vendor, number, {name: in_force(name, text) for name, text in settings.items()}
    )
    request = replace(Request(vendor, number, "as given"), **said)
    return run_audit(state, request, knowledge_for(vendor), stored_measurement(NVME))[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        # Larger than the advice by any measure, and smaller, but not than the default
        ({"max_wal_size": "64GB", "checkpoint_timeout": "1h"}, {}),
        ({"max_wal_size": "1GB", "min_wal_size": "80MB"}, {}),
        ({"shared_buffers": "128MB"}, {}),
        ({"shared_buffers": "6GB", "effective_cache_size": "7GB"}, {}),
        # One assumption is enough.
        ({"max_wal_size": "64GB"}, {"expected_commits_per_s": 1000, "recovery_time_s": 600}),
        # Nothing is known for or against these.
        ({"random_page_cost": "4"}, SAID),
        ({"random_page_cost": "1.1"}, SAID),
    ],
)
def test_what_rests_on_an_assumption_is_no_finding(
    settings: Mapping[str, str], said: Mapping[str, Any]
) -> None:
    found = audit_on_nvme("postgresql", "15", said, **settings)
    assert not {*names(found)} & {*settings}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_wal_size", "128GB", SAID),  # 12 min of recovery
        ("max_wal_size", "1GB", SAID),
        ("checkpoint_timeout", "1h", {"recovery_time_s": 600}),
        ("shared_buffers", "128MB", {"memory_bytes": 8 * 1024**3}),
        # Less than the default needs no assumption.
        ("max_wal_size", "256MB", {}),
        ("checkpoint_timeout", "30s", {}),
    ],
)
def test_what_the_user_said_is_an_argument(name: str, value: str, said: Mapping[str, Any]) -> None:
    settings = {name: value}
    found = audit_on_nvme("postgresql", "15", said, **settings)
    (finding,) = (each for each in found.findings if each.setting == name)
    assert finding.severity == "performance"


@pytest.mark.parametrize(
    ("vendor", "version", "name", "value", "note"),
    [
        # 100,000 pages/s of 8192 bytes beside 250 MB/s: 128 GB in 718 s; 1.9 hours; of 3000
        # bytes beside 15 MB/s: 16 GB in 1202 s, and twice as much
        (
            *("postgresql", "15", "max_wal_size", "128GB"),
            "max_wal_size = 128GB: more than advised; a crash may replay up to 128 GB, in about"
            " 12 min",
        ),
        (
            *("postgresql", "15", "checkpoint_timeout", "1h"),
            "checkpoint_timeout = 60min: more than advised; a crash may replay the WAL of 114 min",
        ),
        (
            *("mysql", "9.7", "innodb_redo_log_capacity", "17179869184"),
            "innodb_redo_log_capacity = 16G: more than advised; a crash may replay up to 16 GB, in"
            " about 20 min",
        ),
        (
            *("mysql", "5.7", "innodb_log_file_size", "17179869184"),
            "innodb_log_file_size = 16G: more than advised; a crash may replay up to 32 GB, in"
            " about 40 min",
        ),
    ],
)
def test_a_larger_log_is_a_note_on_recovery_with_the_figure(
    vendor: VendorName, version: str, name: str, value: str, note: str
) -> None:
    settings = {name: value}
    assert note in audit_on_nvme(vendor, version, {}, **settings).notes


@pytest.mark.parametrize(
    ("settings", "said", "time"),
    [
        ({"wal_compression": "lz4"}, {}, "36 min"),  # 12 min / 0.33
        ({"wal_compression": "on"}, {}, "36 min"),
        ({"wal_compression": "no"}, {}, "12 min"),
        # 3000 pages/s beside 250 MB/s: 22.4 MB/s
        ({}, {"max_ops_per_s": 3000}, "102 min"),
    ],
)
def test_the_figure_knows_of_compression_and_of_a_provider(
    settings: Mapping[str, str], said: Mapping[str, Any], time: str
) -> None:
    found = audit_on_nvme("postgresql", "15", said, max_wal_size="128GB", **settings)
    (note,) = (note for note in found.notes if note.startswith("max_wal_size"))
    assert note.endswith(f"in about {time}")


def on_a_disk(**settings: str) -> Audit:
    """PostgreSQL 15 on a drive with 120 page reads/s, many cached writes, and 150 MB/s."""
    drive = measurement(
        1000,
        series("random-read", "none", summary(100, ops_per_s=120), direct=True, writers=8),
        series("random", "none", summary(100, ops_per_s=10_000), direct=True, writers=8),
        fill=Fill(written_bytes=150_000_000, elapsed_ns=1_000_000_000),
    )
    state = ServerState(
        "postgresql", (15,), {name: in_force(name, text) for name, text in settings.items()}
    )
    request = Request("postgresql", (15,), "as given")
    return run_audit(state, request, knowledge_for("postgresql"), drive)[0]


@pytest.mark.parametrize(
    ("prefetch", "time"),
    [
        # A fifth of 150 MB/s are 3662 pages of 8192 bytes beside 250 MB/s: 26.8 MB/s
        ("off", "86 min"),
        # 300 pages/s: 2.43 MB/s
        ("try", "16 h"),  # 15.7
    ],
)
def test_the_figure_knows_whether_a_recovery_reads_ahead(prefetch: str, time: str) -> None:
    found = on_a_disk(max_wal_size="128GB", recovery_prefetch=prefetch)
    (note,) = (note for note in found.notes if note.startswith("max_wal_size"))
    assert note.endswith(f"in about {time}")
    wanted = [each.setting for each in found.findings if each.setting == "recovery_prefetch"]
    assert wanted == (["recovery_prefetch"] if prefetch == "try" else [])


def test_a_log_that_recovers_in_time_is_as_good_however_large() -> None:
    """64 GB in 359 s, of the ten minutes that are said or assumed."""
    for said in (SAID, {}):
        found = audit_on_nvme("postgresql", "15", said, max_wal_size="64GB")
        assert "max_wal_size" not in names(found)
        assert not any("max_wal_size" in note for note in found.notes)


def test_what_would_be_advised_on_an_assumption_is_said_in_one_note() -> None:
    (note,) = audit_on_nvme("postgresql", "17", {}).notes
    assert note == (
        "not findings, because the advice assumes the load or the memory:"
        " max_wal_size (1GB, advised is 64GB),"
        " shared_buffers (128MB, advised is 2GB); --expected-tps, --log-bytes-per-commit,"
        " --recovery-time, --memory replace the assumptions"
    )
    assert audit_on_nvme("postgresql", "17", SAID).notes == ()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, ["effective_io_concurrency"]),  # 15's default is 1
        ("1", ["effective_io_concurrency"]),
        ("15", ["effective_io_concurrency"]),
        ("16", []),
        ("200", []),
    ],
)
def test_from_16_reads_in_flight_on_all_are_as_good(value: str | None, found: list[str]) -> None:
    settings = {} if value is None else {"effective_io_concurrency": value}
    assert names(audit_on_nvme("postgresql", "15", {}, **settings)) == found


def test_io_capacity_is_as_low_as_practical() -> None:
    """Of the measured drive a quarter would be 20,000; the manual wants no more than is needed."""
    assert names(audit_on_nvme("mariadb", "10.11", {}, innodb_io_capacity="200")) == []
    found = audit_on_nvme("mariadb", "10.11", {}, innodb_io_capacity="90000")
    assert names(found) == ["innodb_io_capacity"]


def test_hard_disks_behind_a_cache_are_no_single_disk() -> None:
    values = {"innodb_io_capacity": "5000", "innodb_io_capacity_max": "10000"}
    settings = {name: in_force(name, value) for name, value in values.items()}
    state = ServerState("mysql", (8, 0, 36), settings)
    request = Request("mysql", (8, 0, 36), "as given")
    raid = stored_measurement(MEASUREMENTS / "raid-cache.json")
    found, verdict = run_audit(state, request, knowledge_for("mysql"), raid)
    assert verdict is not None
    assert verdict.storage_class == "hdd-behind-cache"
    assert not any(name.startswith("innodb_io_capacity") for name in names(found))


@pytest.mark.parametrize(
    ("vendor", "version", "drive"),
    [
        ("postgresql", "13", "nvme-consumer"),
        ("postgresql", "18", "raid-cache"),
        ("mysql", "5.7", "nvme-consumer"),
        ("mysql", "8.0.36", "hdd"),
        ("mysql", "9.7", "nvme-consumer"),
        ("mariadb", "10.6", "hdd"),
        ("mariadb", "11.8", "nvme-consumer"),
    ],
)
def test_a_change_says_what_it_costs(vendor: VendorName, version: str, drive: str) -> None:
    """Each setting at its bounds, and at each of its choices."""
    number = parse_version(version)
    request = replace(Request(vendor, number, "as given"), **SAID)
    stored = stored_measurement(MEASUREMENTS / f"{drive}.json")
    seen = set()
    for setting in knowledge_for(vendor).settings:
        spec = setting.spec_for(vendor, number)
        if spec is None:
            continue
        bounds = [spec.min, spec.max] if spec.type in ("integer", "real") else []
        for value in (*bounds, *spec.choices, *((True, False) if spec.type == "boolean" else ())):
            text = "on" if value is True else "off" if value is False else str(value)
            state = ServerState(
                vendor, number, {setting.name: in_force(setting.name, text, spec.unit)}
            )
            found, _ = run_audit(state, request, knowledge_for(vendor), stored)
            for finding in found.findings:
                assert finding.price.removesuffix("a restart"), (finding.setting, text)
                assert "none that we know" not in finding.price
                seen.add(finding.setting)
    assert len(seen) > 5


def test_what_bounds_another_setting_is_changed_first() -> None:
    """PostgreSQL takes any two sizes, and MySQL lowers the first of such a pair to the second."""
    high = {"innodb_io_capacity": "80000", "innodb_io_capacity_max": "100000"}
    found = audit_on_nvme("mysql", "8.0.36", SAID, **high)
    assert [name for name in names(found) if name in high] == [
        "innodb_io_capacity_max",
        "innodb_io_capacity",
    ]


def test_a_value_nobody_knows_is_a_note() -> None:
    finding = only(audit_of("postgresql", "15", wal_sync_method="fsync_writethrough"))
    assert (finding.severity, finding.current) == ("note", "fsync_writethrough")


def test_overrides_count_only_where_they_risk_more() -> None:
    found = audit_of(
        "postgresql",
        "15",
        overrides=(
            Override("synchronous_commit", "off", "batch", None),
            Override("synchronous_commit", "local", None, "shop"),
            Override("commit_delay", "99", "batch", None),
            Override("work_mem", "1GB", None, None),
        ),
    )
    assert [(one.setting, one.place) for one in found.findings] == [
        ("synchronous_commit", "role batch")
    ]
    accepted = audit_of(
        "postgresql",
        "15",
        durability="loses-recent-on-crash",
        synchronous_commit="off",
        overrides=(Override("synchronous_commit", "off", "batch", None),),
    )
    assert names(accepted) == []


def test_a_hidden_setting_is_not_judged_by_its_default() -> None:
    found = audit_of("postgresql", "13", hidden=frozenset({"checkpoint_completion_target"}))
    assert names(found) == []
    assert any("checkpoint_completion_target" in note for note in found.notes)


def test_without_a_drive_it_says_what_it_left_out() -> None:
    (note,) = audit_of("postgresql", "15").notes
    assert note == (
        "no drive is measured, so these are not compared: effective_cache_size,"
        " effective_io_concurrency, max_wal_size, shared_buffers; DIR or --from adds them"
    )
    assert not any("no drive" in note for note in audit_of("postgresql", "15", measured=True).notes)


def test_the_price_of_a_flush_is_the_measured_one() -> None:
    """The drive by hand takes 1 ms a sync."""
    found = audit_of("postgresql", "15", synchronous_commit="off", measured=True)
    assert found.findings[0].price == "each commit waits for a flush, 1 ms on the measured drive"


# How to change


@pytest.mark.parametrize(
    ("vendor", "version", "name", "now", "origin", "wanted", "rendered", "change"),
    [
        (
            *("postgresql", "15", "fsync", False, "file", True, "on"),
            "ALTER SYSTEM SET fsync = 'on'; SELECT pg_reload_conf();",
        ),
        (
            *("postgresql", "15", "shared_buffers", 16384, "file", 32768, "256MB"),
            "ALTER SYSTEM SET shared_buffers = '256MB'; then restart the server",
        ),
        (
            *("postgresql", "15", "fsync", False, "command line", True, "on"),
            "set fsync = on on the server's command line, then restart the server",
        ),
        (
            *("mysql", "9.7", "innodb_redo_log_capacity", 1, "file", 104857600, "100M"),
            "SET PERSIST innodb_redo_log_capacity = 104857600;",
        ),
        (
            *("mysql", "9.7", "sync_binlog", 0, "command line", 1, "1"),
            "SET PERSIST sync_binlog = 1;",
        ),
        (
            *("mysql", "5.7", "sync_binlog", 0, "file", 1, "1"),
            "SET GLOBAL sync_binlog = 1; and sync_binlog = 1 in an option file, to last",
        ),
        (
            *("mysql", "9.7", "innodb_doublewrite", "DETECT_ONLY", "file", "ON", "ON"),
            "SET GLOBAL innodb_doublewrite = 'ON'; and innodb_doublewrite = ON in an option file,"
            " to last",
        ),
        (
            *("mysql", "9.7", "innodb_doublewrite", "OFF", "file", "ON", "ON"),
            "write innodb_doublewrite = ON in /my.conf:3, then restart the server",
        ),
        (
            *("mysql", "9.7", "innodb_force_recovery", 1, "persisted", 0, "0"),
            "RESET PERSIST innodb_force_recovery; write innodb_force_recovery = 0 in an option"
            " file, then restart the server",
        ),
        (
            *("mysql", "9.7", "innodb_flush_method", "nosync", "file", None, "as it will"),
            "remove innodb_flush_method from /my.conf:3, then restart the server",
        ),
        (
            *("mariadb", "11.8", "innodb_data_file_buffering", True, "file", False, "OFF"),
            "SET GLOBAL innodb_data_file_buffering = OFF; and innodb_data_file_buffering = OFF in"
            " an option file, to last",
        ),
    ],
)
def test_how_a_setting_is_changed(
    vendor: VendorName,
    version: str,
    name: str,
    now: Value,
    origin: Origin,
    wanted: Value | None,
    rendered: str,
    change: str,
) -> None:
    spec = spec_of(name, vendor, version)
    found = in_force(name, "", origin=origin, place="" if origin == "persisted" else "/my.conf:3")
    restart = needs_restart(spec, now, wanted)
    told = how_to_change(
        VENDORS[vendor], parse_version(version), spec, found, wanted, rendered, restart=restart
    )
    assert told == change


@pytest.mark.parametrize(
    ("role", "database", "sql"),
    [
        ("a", None, 'ALTER ROLE "a" RESET fsync;'),
        ('a"b', "d", 'ALTER ROLE "a""b" IN DATABASE "d" RESET fsync;'),
        (None, "d", 'ALTER DATABASE "d" RESET fsync;'),
        (None, None, "ALTER ROLE ALL RESET fsync;"),
        ('"; DROP', None, 'ALTER ROLE """; DROP" RESET fsync;'),
        ("\\x", None, 'ALTER ROLE "\\x" RESET fsync;'),
        # What a line or a terminal would not keep is escaped, and then the backslash is, too.
        ("\\\n\x1b\u202e", None, r'ALTER ROLE U&"\+00005c\+00000a\+00001b\+00202e" RESET fsync;'),
    ],
)
def test_how_an_override_is_ended(role: str | None, database: str | None, sql: str) -> None:
    assert VENDORS["postgresql"].reset(Override("fsync", "off", role, database)) == sql


@pytest.mark.parametrize("vendor", ["mysql", "mariadb", "postgresql"])
@pytest.mark.parametrize("restart", [False, True])
def test_no_name_of_a_file_ends_a_statement(vendor: VendorName, restart: bool) -> None:
    """Whatever a server calls its files, what it is to be changed by may be pasted."""
    place = "/etc/é x.cnf'; DROP TABLE t; -- \"`$(reboot)\\\n\x1b[2J|&<>:3"
    found = EffectiveSetting("x", "1", origin="file", place=place)
    server = VENDORS[vendor]
    spec = SPECS["sync_binlog"].spec[0]
    for wanted in (2, None):
        for main_file in ("", "/m';\n"):
            change = how_to_change(
                server, (8, 4), spec, found, wanted, "2", restart=restart, main_file=main_file
            )
            pasted = re.sub(
                r"ALTER SYSTEM SET x = '2';|SET \w+ x = 2;|RESET x;|SELECT pg_reload_conf\(\);",
                "",
                change,
            )
            assert not set(pasted) & set("'\"`;$()\\\n\x1b|&<>")


# Headroom


def activity(
    commits_per_s: float = 0, log_syncs_per_s: float | None = 0, binary_log: float | None = None
) -> Activity:
    return Activity(5.0, commits_per_s, "counted", log_syncs_per_s, "counted", binary_log, "")


def test_the_drive_is_used_by_the_log_alone() -> None:
    """231 syncs of 1 ms in a second of 1000: 23.1 %."""
    found = headroom(activity(log_syncs_per_s=231), measurement())
    assert found is not None
    assert found.used_percent == pytest.approx(23.1)
    assert found.syncs_per_s_max == pytest.approx(1000)


def test_syncs_that_are_not_counted_are_not_none() -> None:
    assert headroom(activity(log_syncs_per_s=None), measurement()) is None


# As text


def audit_text(found: Audit) -> str:
    return render_text(audit_document(found))


def test_the_text() -> None:
    text = audit_text(
        audit_of("mysql", "9.7", innodb_doublewrite="OFF", activity=activity(230, 231))
    )
    assert (
        text
        == """\
FAIL: 1 finding: innodb_doublewrite = OFF (corruption-risk).

MySQL 9.7 (as given), durability durable, 15 settings compared, without a
  measured drive: 1 finding

   severity         setting             is   should be
------------------------------------------------------
1  corruption-risk  innodb_doublewrite  OFF  ON

1. innodb_doublewrite = OFF (/my.conf:3): A page half written at a power loss
  cannot be repaired: OFF and DETECT_ONLY keep no copy; MariaDB's fast is safe
  only with that copy and all data on one file system. It is right where no page
  of 16 kB can be half written: on ZFS with a record size of at least that, on a
  volume with torn-write prevention, on a drive whose
  atomic_write_unit_max_bytes is at least that. If so, say --atomic-writes 16kB.
cost: each page is written twice, in the background; a restart
change: write innodb_doublewrite = ON in /my.conf:3, then restart the server
source: https://dev.mysql.com/doc/refman/8.4/en/innodb-doublewrite-buffer.html

note: no drive is measured, so these are not compared: innodb_buffer_pool_size,
  innodb_flush_neighbors, innodb_io_capacity, innodb_io_capacity_max,
  innodb_redo_log_capacity; DIR or --from adds them

in 5.0 s: 230 commits/s (counted)
in 5.0 s: 231 log syncs/s (counted)
"""
    )


def test_the_text_says_how_much_of_the_drive_is_used() -> None:
    found = audit_of("postgresql", "15", measured=True, activity=activity(230, 231))
    last = audit_text(found).splitlines()[-1]
    assert last == (
        "syncs use 23 % of this drive: 231 of 1,000 syncs/s, one after another, 1 ms each"
    )
    assert found.measured is not None
    waited = found.measured.model_copy(update={"may_wait_for_processor": True})
    said = " ".join(audit_text(found.model_copy(update={"measured": waited})).split())
    assert "23 % of this drive, perhaps in part waiting for a processor: 231 of 1,000" in said


def test_more_syncs_than_the_drive_makes_are_another_drives() -> None:
    found = audit_of("postgresql", "15", measured=True, activity=activity(4500, 4500))
    last = " ".join(" ".join(audit_text(found).splitlines()[-3:]).split())
    assert last == (
        "the measurement does not fit this server, which makes 4,500 syncs/s where the measured"
        " drive makes 1,000, one after another, 1 ms each: it has another drive, or syncs in"
        " parallel"
    )


def test_nothing_to_change_is_a_result() -> None:
    verdict, _, first, second, *_ = audit_text(audit_of("postgresql", "15")).splitlines()
    assert verdict == "PASS: nothing to change in 23 settings."
    assert first.startswith("PostgreSQL 15 (as given), durability durable, 23 settings compared")
    assert f"{first} {second}".endswith(": nothing to change")


def test_a_name_from_the_server_stays_in_its_line() -> None:
    evil = Override("synchronous_commit", "off", "zz\nyy\x1b[2J", None)
    document = audit_document(audit_of("postgresql", "15", overrides=(evil,)))
    for format_ in ("text", "markdown"):
        text = render(document, format_)
        assert "\x1b" not in text
        assert "zz yy" in text
