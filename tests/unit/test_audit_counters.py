"""What a server's own counters give rise to: counts as servers showed them, and the findings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from advisor.analysis.counter_checks import CounterCheck
from advisor.analysis.server_counts import RESET, counters
from advisor.audit.findings import Audit
from advisor.audit.run import run_audit
from advisor.cli import main
from advisor.commands.source import knowledge_for
from advisor.errors import AdvisorError
from advisor.knowledge import load_counter_checks
from advisor.model import Known, Unknown
from advisor.output.audit import audit_document
from advisor.output.renderers import render
from advisor.request import Request
from advisor.server_activity import Activity, CountedSince, ServerCounts
from advisor.server_state import EffectiveSetting, Origin, ServerState
from advisor.vendors import innodb_counts, postgresql_counts
from advisor.vendors.answers import Rows
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import parse_version
from tests.support.drives import measurement

MIB: Final = 1024**2
GIB: Final = 1024**3
DAY_S: Final = 86_400

# What servers show

MYSQL_STATUS: Final = (
    ("Innodb_buffer_pool_reads", "899"),
    ("Innodb_buffer_pool_wait_free", "3"),
    ("Innodb_redo_log_checkpoint_lsn", "30567691"),
    ("Innodb_redo_log_current_lsn", "35603477"),
    ("Innodb_log_waits", "47"),
    ("Innodb_log_writes", "2571"),
    ("Innodb_os_log_written", "16837632"),
    ("Innodb_pages_created", "1146"),
    ("Uptime", "2"),
)
"""Of MySQL 9.7.4, but for the waits for a page."""
MARIADB_STATUS: Final = (
    ("Innodb_buffer_pool_reads", "170"),
    ("Innodb_buffer_pool_wait_free", "0"),
    ("Innodb_checkpoint_age", "2326001"),
    ("Innodb_checkpoint_max_age", "2679645"),
    ("Innodb_log_waits", "0"),
    ("Innodb_log_writes", "338"),
    ("Innodb_lsn_current", "15475277"),
    ("Innodb_os_log_written", "15430873"),
    ("Innodb_pages_created", "1225"),
    ("Uptime", "9"),
)
"""Of MariaDB 10.11.19."""


def state_of(
    vendor: VendorName, version: str, settings: Mapping[str, str], origin: Origin = "file"
) -> ServerState:
    shown = {name: text.partition(" ") for name, text in settings.items()}
    return ServerState(
        vendor,
        parse_version(version),
        {
            name: EffectiveSetting(name, value, unit, origin)
            for name, (value, _, unit) in shown.items()
        },
    )


def innodb(
    vendor: VendorName, version: str, rows: Rows, settings: Mapping[str, str], **origin: Any
) -> ServerCounts:
    asked: list[str] = []

    def ask(statement: str) -> Known[Rows]:
        asked.append(statement)
        return rows

    found = VENDORS[vendor].server_counts(state_of(vendor, version, settings, **origin), ask)
    assert asked == ["SHOW GLOBAL STATUS"]
    return found


def test_what_mysql_shows() -> None:
    found = innodb("mysql", "9.7.4", [*MYSQL_STATUS], {"innodb_redo_log_capacity": "8388608"})
    assert found.log_position_bytes == 35_603_477
    assert found.log_bytes == 15_521_280  # 16,837,632 less 2571 blocks of 512
    assert found.log_buffer_waits == 47
    assert found.log_since == CountedSince(2, "the server's start")
    assert (found.page_waits, found.pages_needed) == (3, 2045)
    assert found.log_size_bytes == 8_388_608
    assert found.checkpoint_age_bytes == 5_035_786
    assert isinstance(found.checkpoints_timed, Unknown)
    assert isinstance(found.full_page_bytes, Unknown)


def test_what_mariadb_shows() -> None:
    found = innodb("mariadb", "10.11.19", [*MARIADB_STATUS], {"innodb_log_file_size": "4194304"})
    assert found.log_position_bytes == 15_475_277
    assert found.log_bytes == 15_430_873  # from 10.8 on without blocks
    assert found.log_size_bytes == 4_194_304
    assert found.checkpoint_age_bytes == 2_326_001
    assert (found.page_waits, found.pages_needed) == (0, 1395)
    older = innodb("mariadb", "10.6.22", [*MARIADB_STATUS], {"innodb_log_file_size": "4194304"})
    assert older.log_bytes == 15_257_817  # less 338 blocks


def test_what_an_old_mysql_does_not_show_is_unknown() -> None:
    rows = [row for row in MYSQL_STATUS if "redo" not in row[0]]
    settings = {"innodb_log_file_size": "50331648", "innodb_log_files_in_group": "3"}
    found = innodb("mysql", "5.7.44", rows, settings)
    assert found.log_size_bytes == 144 * MIB
    assert found.log_bytes == 15_521_280
    assert found.log_position_bytes == Unknown(
        unknown="the server does not show Innodb_redo_log_current_lsn"
    )
    assert isinstance(found.checkpoint_age_bytes, Unknown)
    nothing = innodb("mysql", "5.7.44", [], {})
    assert isinstance(nothing.log_bytes, Unknown)
    assert isinstance(nothing.log_since, Unknown)
    assert isinstance(nothing.log_size_bytes, Unknown)


def test_mysql_makes_its_capacity_of_the_files_that_are_set() -> None:
    """8.0.30 to 8.4: https://dev.mysql.com/doc/refman/8.4/en/innodb-redo-log.html"""
    settings = {"innodb_redo_log_capacity": "104857600", "innodb_log_file_size": "268435456"}
    state = state_of("mysql", "8.0.36", settings)
    capacity = state.settings["innodb_redo_log_capacity"]._replace(origin="default")
    state = state._replace(settings={**state.settings, "innodb_redo_log_capacity": capacity})
    found = VENDORS["mysql"].server_counts(state, lambda _: [*MYSQL_STATUS])
    assert found.log_size_bytes == 512 * MIB  # two files


def test_a_refusal_of_mysql_is_the_reason() -> None:
    refused = Unknown(unknown="Access denied")
    assert set(innodb_counts.read(refused, 1, in_blocks=True)) == {refused}


POSTGRESQL: Final = {
    "max_wal_size": "1024 MB",
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "300 s",
    "wal_segment_size": "16777216 B",
    "wal_compression": "off",
}
SINCE: Final = (777_600, "2026-11-20 14:03")
"""Nine days."""


def postgresql(
    version: str, answers: Mapping[str, Known[Rows]], **settings: str
) -> tuple[ServerCounts, list[str]]:
    """The counts, and which views were asked."""
    asked: list[str] = []

    def ask(statement: str) -> Known[Rows]:
        view = statement.rpartition("FROM pg_catalog.")[2] if "pg_stat" in statement else "position"
        asked.append(view)
        return answers[view]

    state = state_of("postgresql", version, {**POSTGRESQL, **settings})
    return VENDORS["postgresql"].server_counts(state, ask), asked


ANSWERS: Final[dict[str, Known[Rows]]] = {
    "position": [(35_603_477,)],
    "pg_stat_bgwriter": [(2, 12, *SINCE)],
    "pg_stat_checkpointer": [(3, 11, *SINCE)],
    "pg_stat_wal": [(10_000_000, 8_192_000, 50, *SINCE)],
}


@pytest.mark.parametrize(
    ("version", "views", "checkpoints"),
    [
        ("13", ["position", "pg_stat_bgwriter"], (2, 12)),
        ("14", ["position", "pg_stat_bgwriter", "pg_stat_wal"], (2, 12)),
        ("15", ["position", "pg_stat_bgwriter", "pg_stat_wal"], (2, 12)),
        ("16", ["position", "pg_stat_bgwriter", "pg_stat_wal"], (2, 12)),
        ("17", ["position", "pg_stat_checkpointer", "pg_stat_wal"], (3, 11)),
        ("19", ["position", "pg_stat_checkpointer", "pg_stat_wal"], (3, 11)),
    ],
)
def test_each_postgresql_is_asked_for_the_views_that_it_has(
    version: str, views: list[str], checkpoints: tuple[int, int]
) -> None:
    found, asked = postgresql(version, ANSWERS)
    assert asked == views
    assert (found.checkpoints_timed, found.checkpoints_requested) == checkpoints
    assert found.checkpoints_since == CountedSince(777_600, "2026-11-20 14:03")
    assert found.log_position_bytes == 35_603_477
    # 33 segments of 16 MB are 1024 MB / 1.9, and the last is not waited for.
    assert found.log_size_bytes == 512 * MIB
    assert found.log_lasts_s == 570
    if version == "13":
        assert found.log_bytes == Unknown(unknown="PostgreSQL counts it from 14 on")
        return
    assert (found.log_bytes, found.full_page_bytes) == (10_000_000, 8_192_000)
    assert (found.log_buffer_waits, found.log_buffer_wait_bytes) == (50, 409_600)


def test_whole_pages_that_are_compressed_are_not_counted_in_bytes_before_19() -> None:
    old, _ = postgresql("18", ANSWERS, wal_compression="lz4")
    new, _ = postgresql("19", ANSWERS, wal_compression="lz4")
    assert old.full_page_bytes == Unknown(
        unknown="wal_compression packs whole pages, and PostgreSQL counts their bytes from 19 on"
    )
    assert new.full_page_bytes == 8_192_000


def test_a_standby_counts_nothing_of_its_own() -> None:
    found, asked = postgresql("18", {"position": [(None,)]})
    assert asked == ["position"]
    assert set(found) == {postgresql_counts.STANDBY}


def test_what_postgresql_refuses_is_unknown_with_its_words() -> None:
    no = Unknown(unknown="permission denied for view pg_stat_wal")
    found, _ = postgresql("18", {**ANSWERS, "pg_stat_wal": no, "position": no})
    assert (found.log_bytes, found.log_since, found.log_position_bytes) == (no, no, no)
    assert found.checkpoints_requested == 11
    unset, _ = postgresql("18", {**ANSWERS, "pg_stat_checkpointer": [(3, 11, None, None)]})
    assert isinstance(unset.checkpoints_since, Unknown)


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        ("position", []),
        ("position", [("1E+3",)]),
        ("pg_stat_wal", []),
        ("pg_stat_wal", [(1, 2)]),
        ("pg_stat_wal", [(1, 2, -3, *SINCE)]),
        ("pg_stat_wal", [(1, 2, 3, 4, "\x1b[2J")]),
    ],
)
def test_what_no_postgresql_answers_is_an_error(view: str, rows: Rows) -> None:
    with pytest.raises(AdvisorError, match=r"^the server "):
        postgresql("18", {**ANSWERS, view: rows})


# Two looks


def active(seconds: float) -> Activity:
    """50 log syncs for 100 commits."""
    return Activity(seconds, 100, "counted", 50, "counted", None, "")


def looks(first: ServerCounts, seconds: float, **grown: int) -> tuple[ServerCounts, ServerCounts]:
    """And what was counted between them."""
    changed: Any = {name: getattr(first, name) + count for name, count in grown.items()}
    return first, first._replace(**changed)


QUIET: Final = ServerCounts(
    log_position_bytes=50 * GIB,
    log_bytes=9 * GIB,
    full_page_bytes=3 * GIB,
    log_buffer_waits=0,
    log_buffer_wait_bytes=0,
    log_since=CountedSince(9 * DAY_S, "2026-11-20 14:03"),
    checkpoints_timed=2500,
    checkpoints_requested=4,
    checkpoints_since=CountedSince(9 * DAY_S, "2026-11-20 14:03"),
    log_size_bytes=512 * MIB,
    log_lasts_s=570,
)
"""A PostgreSQL that is as it should be: 12.4 kB of WAL a second."""


def test_the_figures_of_both_stretches() -> None:
    first, last = looks(
        QUIET, 10, log_position_bytes=20_000_000, log_bytes=1_000_000, full_page_bytes=250_000
    )
    found = counters(first, last, active(10))
    assert found.interval.log_since == "in the 10 s watched"
    assert found.interval.log_bytes_per_s == 2_000_000  # by the position, which is exact at once
    assert found.interval.full_page_percent == 25.0  # of what was counted with them
    assert found.interval.log_turns_per_h == pytest.approx(20e6 / (512 * MIB) * 360)
    assert found.interval.checkpoints == 0
    assert found.interval.checkpoints_by_size_percent == Unknown(unknown="nothing was counted")
    total = found.since_start
    assert total.log_since == "since 2026-11-20 14:03, 9 days ago"
    assert total.log_bytes_per_s == pytest.approx(12_429, abs=1)
    assert (total.checkpoints, total.checkpoints_by_size) == (2504, 4)
    assert total.log_turns == pytest.approx(18, abs=0.01)


def test_without_a_position_the_rate_is_of_the_bytes_that_were_counted() -> None:
    old = QUIET._replace(log_position_bytes=Unknown(unknown="not shown"))
    first, last = looks(old, 10, log_bytes=30_000_000)
    assert counters(first, last, active(10)).interval.log_bytes_per_s == 3_000_000


def test_counters_that_begin_anew_are_not_negative() -> None:
    found = counters(QUIET, QUIET._replace(log_position_bytes=5, log_bytes=5), active(10))
    assert found.interval.log_bytes_per_s == RESET


@pytest.mark.parametrize(
    ("written_bytes", "log_days", "by_size"),
    [
        (4000 * MIB, 9, 7),  # 7.8 times 512 MiB
        (9 * GIB, 9, 12),
        (100 * MIB, 9, 0),  # requested by backups and commands
        (100 * MIB, 8, 12),  # nothing says how much was written on the first day
    ],
)
def test_no_more_checkpoints_are_forced_than_the_wal_was_enough_for(
    written_bytes: int, log_days: int, by_size: int
) -> None:
    last = QUIET._replace(
        checkpoints_requested=12,
        log_bytes=written_bytes,
        log_since=CountedSince(log_days * DAY_S, "2026-11-20 14:03"),
    )
    assert counters(last, last, active(5)).since_start.checkpoints_by_size == by_size


# Findings


def audit_of(
    vendor: VendorName,
    version: str,
    both: tuple[ServerCounts, ServerCounts],
    seconds: float = 5.0,
    *,
    measured: bool = False,
    origin: Origin = "file",
    asked: Mapping[str, Any] | None = None,
    only: Mapping[str, str] | None = None,
    **settings: str,
) -> Audit:
    state = state_of(vendor, version, only or settings, origin)._replace(
        activity=active(seconds), counts=both
    )
    request = Request(vendor, parse_version(version), "as given", **(asked or {}))
    drive = measurement() if measured else None
    checks = load_counter_checks()
    return run_audit(state, request, knowledge_for(vendor), drive, counter_checks=checks)[0]


def found_in(found: Audit) -> list[tuple[str, str, str, str]]:
    return [
        (one.severity, one.counter, one.setting, one.recommended)
        for one in found.findings
        if one.counter
    ]


BUSY: Final = QUIET._replace(
    checkpoints_timed=2, checkpoints_requested=12, log_bytes=700 * GIB, full_page_bytes=500 * GIB
)
"""700 GiB in nine days are 967 kB a second."""


def test_checkpoints_forced_by_size_are_found_from_the_counters_of_days() -> None:
    found = audit_of("postgresql", "15", (BUSY, BUSY), max_wal_size="256MB")
    assert found_in(found) == [("performance", "checkpoints-by-size", "max_wal_size", "1GB")]
    (finding,) = found.findings
    assert finding.reason.startswith(
        "The size of the WAL forced up to 12 of 14 checkpoints since 2026-11-20 14:03, 9 days ago."
    )
    assert "how long a recovery then takes, is not known: DIR or --from FILE" in finding.reason
    assert finding.change == "ALTER SYSTEM SET max_wal_size = '1GB'; SELECT pg_reload_conf();"
    assert finding.price == "disk space, and a longer recovery after a crash"
    assert finding.rule is None
    assert finding.sources[0] == "https://www.postgresql.org/docs/current/wal-configuration.html"


@pytest.mark.parametrize("size", ["1GB", "16GB"])
def test_a_size_in_force_that_would_last_is_no_finding_but_a_note(size: str) -> None:
    """967 kB a second fill 551 MB while a checkpoint is not due: it comes in bursts."""
    found = audit_of("postgresql", "15", (BUSY, BUSY), max_wal_size=size)
    assert found_in(found) == []
    (note,) = [note for note in found.notes if note.startswith(f"max_wal_size = {size}: ")]
    assert "forced up to 12 of 14 checkpoints" in note
    assert "At 944 kB/s since 2026-11-20 14:03, 9 days ago, the present size would do" in note


def test_the_size_is_the_least_with_which_checkpoints_come_when_they_are_due() -> None:
    """10 MB a second for 570 s and a tenth more are 6.27 GB; 5.75 GiB is what one would type."""
    first, last = looks(BUSY, 3600, log_position_bytes=36_000_000_000)
    found = audit_of("postgresql", "15", (first, last), 3600, max_wal_size="1GB")
    assert found_in(found) == [("performance", "checkpoints-by-size", "max_wal_size", "5888MB")]
    assert "At 9.54 MB/s in the 3,600 s watched, 5.75 GB is written in 10 min." in (
        found.findings[0].reason
    )


def test_no_more_is_advised_than_was_seen_to_be_written() -> None:
    """In 5 s: nothing says how it goes on."""
    first, last = looks(
        BUSY._replace(log_bytes=Unknown(unknown="not counted")),
        5,
        log_position_bytes=3 * GIB,
        checkpoints_requested=11,
    )
    found = audit_of("postgresql", "15", (first, last), 5, max_wal_size="1GB")
    assert found_in(found) == [("performance", "checkpoints-by-size", "max_wal_size", "3GB")]
    reason = found.findings[0].reason
    assert "forced up to 5 of 11 checkpoints in the 5 s watched" not in reason  # 6 x 512 MiB
    assert "forced up to 6 of 11 checkpoints in the 5 s watched" in reason
    assert "No more than 3 GB was written in the 5 s watched" in reason
    assert "a longer --interval tells" in reason


@pytest.mark.parametrize(
    ("written_bytes", "wanted"),
    [
        # The drive makes 1000 syncs/s: 8192 bytes each, at 250 MB/s, are 7.93 MB/s of recovery, and
        # 4538 MiB in ten minutes; 17 times 256 is what one would type.
        (36_000_000_000, "4352MB"),
        # An hour of what was observed: 3433 MiB, 13 times 256
        (3_600_000_000, "3328MB"),
    ],
)
def test_with_a_drive_the_size_is_the_rules(written_bytes: int, wanted: str) -> None:
    first, last = looks(BUSY, 3600, log_position_bytes=written_bytes)
    found = audit_of("postgresql", "15", (first, last), 3600, measured=True, max_wal_size="1GB")
    assert found_in(found) == [("performance", "checkpoints-by-size", "max_wal_size", wanted)]
    assert "A recovery replays " in found.findings[0].reason


def test_a_size_that_the_recovery_time_limits_is_a_note() -> None:
    first, last = looks(BUSY, 3600, log_position_bytes=36_000_000_000)
    found = audit_of("postgresql", "15", (first, last), 3600, measured=True, max_wal_size="4GB")
    assert found_in(found) == []
    (note,) = [note for note in found.notes if note.startswith("max_wal_size = 4GB: ")]
    assert "More is not advised: Recovery from a crash replays 4352MB in about 580 s" in note


def test_a_load_that_the_user_says_counts_instead() -> None:
    """400 commits/s of 3000 bytes are 4120 MiB an hour; 16 times 256 is what one would type."""
    first, last = looks(BUSY, 3600, log_position_bytes=3_600_000_000)
    asked = {"expected_commits_per_s": 400, "log_bytes_per_commit": 3000}
    found = audit_of(
        *("postgresql", "15", (first, last), 3600), measured=True, max_wal_size="1GB", asked=asked
    )
    assert [one[-1] for one in found_in(found)] == ["4GB"]


SAID: Final[dict[str, Any]] = {
    "expected_commits_per_s": 100_000,
    "log_bytes_per_commit": 8192,
    "recovery_time_s": 600,
    "memory_bytes": 8 * GIB,
}


def test_of_a_setting_there_is_one_finding() -> None:
    first, last = looks(BUSY, 3600, log_position_bytes=36_000_000_000)
    found = audit_of(
        *("postgresql", "15", (first, last), 3600), measured=True, max_wal_size="1GB", asked=SAID
    )
    assert [one.setting for one in found.findings].count("max_wal_size") == 1
    assert not any("max_wal_size" in note for note in found.notes)


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        (QUIET, ""),  # 4 of 2504
        (BUSY._replace(checkpoints_requested=3, checkpoints_timed=1), "needs a longer --interval"),
        (BUSY._replace(checkpoints_requested=4, checkpoints_timed=8), "needs a longer --interval"),
        (BUSY._replace(checkpoints_requested=9, checkpoints_timed=100), ""),
        (BUSY._replace(checkpoints_requested=Unknown(unknown="denied")), ""),
        (ServerCounts(*[postgresql_counts.STANDBY] * len(ServerCounts._fields)), ""),
    ],
)
def test_too_few_events_are_no_finding(counts: ServerCounts, word: str) -> None:
    found = audit_of("postgresql", "15", (counts, counts), max_wal_size="256MB")
    assert found_in(found) == []
    notes = [note for note in found.notes if note.startswith("max_wal_size")]
    assert len(notes) == bool(word)
    assert word in "".join(notes)


def test_an_idle_server_is_said_to_be_idle() -> None:
    idle = "the server was idle while it was watched"
    found = audit_of("postgresql", "15", (QUIET, QUIET), max_wal_size="256MB")
    assert [note for note in found.notes if note.startswith(idle)]
    nearly = looks(QUIET, 5, log_position_bytes=4000)  # 800 bytes a second
    found = audit_of("postgresql", "15", nearly, max_wal_size="256MB")
    assert [note for note in found.notes if note.startswith(idle)]
    busy = audit_of(
        "postgresql", "15", looks(QUIET, 5, log_position_bytes=10_000), max_wal_size="256MB"
    )
    assert not [note for note in busy.notes if note.startswith(idle)]
    short = audit_of("postgresql", "15", (QUIET, QUIET), 0.9, max_wal_size="256MB")
    assert not [note for note in short.notes if note.startswith(idle)]
    unknown = QUIET._replace(
        log_position_bytes=Unknown(unknown="denied"), log_bytes=Unknown(unknown="denied")
    )
    silent = audit_of("postgresql", "15", (unknown, unknown), max_wal_size="256MB")
    assert not [note for note in silent.notes if note.startswith(idle)]


@pytest.mark.parametrize(
    ("waits", "percent_bytes", "value", "origin", "wanted"),
    [
        (20_000, 20_000 * 8192, "8", "file", ["16MB"]),
        (20_000, 20_000 * 8192, "1024", "file", ["16MB"]),  # 8 MB
        (20_000, 20_000 * 8192, "1500", "file", []),  # near
        (20_000, 20_000 * 8192, "8", "default", []),
        (999, 20_000 * 8192, "8", "file", []),
        (20_000, 10_000_000, "8", "file", []),  # a hundredth of the WAL
    ],
)
def test_wal_buffers_that_somebody_made_small(
    waits: int, percent_bytes: int, value: str, origin: Origin, wanted: list[str]
) -> None:
    counts = QUIET._replace(
        log_bytes=1_000_000_000, log_buffer_waits=waits, log_buffer_wait_bytes=percent_bytes
    )
    found = audit_of(
        "postgresql", "15", (counts, counts), origin=origin, wal_buffers=f"{value} 8kB"
    )
    assert [one[-1] for one in found_in(found)] == wanted
    if wanted:
        assert found.findings[0].severity == "note"
        assert "wrote up to 16.4 % of the WAL themselves" in found.findings[0].reason


INNODB: Final = ServerCounts(
    log_position_bytes=50 * GIB,
    log_bytes=1 * GIB,
    log_buffer_waits=0,
    log_since=CountedSince(3 * DAY_S, "the server's start"),
    checkpoints_since=CountedSince(3 * DAY_S, "the server's start"),
    page_waits=0,
    pages_needed=1_000_000,
    log_size_bytes=100 * MIB,
    checkpoint_age_bytes=60 * MIB,
)
"""10.2 turns in three days."""
TURNING: Final = INNODB._replace(log_bytes=300 * GIB)
"""3072 turns: 42.7 an hour, 1.24 MB a second."""


@pytest.mark.parametrize(
    ("vendor", "version", "setting", "value", "wanted"),
    [
        # 1.243 MB/s for 600 s and a tenth more: 820 MB, 782 MiB.
        ("mysql", "9.7", "innodb_redo_log_capacity", "104857600", "780M"),
        ("mysql", "5.7", "innodb_log_file_size", "50331648", "390M"),  # two of them
        ("mariadb", "10.11", "innodb_log_file_size", "100663296", "780M"),
    ],
)
def test_a_log_that_turns_too_often(
    vendor: VendorName, version: str, setting: str, value: str, wanted: str
) -> None:
    found = audit_of(vendor, version, (TURNING, TURNING), only={setting: value})
    assert found_in(found) == [("performance", "log-turns", setting, wanted)]
    assert (
        "As much as the log holds was written 3,072 times since the server's start, 3 days ago."
        in (found.findings[0].reason)
    )
    quiet = audit_of(vendor, version, (INNODB, INNODB), only={setting: value})
    assert found_in(quiet) == []
    assert not any(setting in note and "As much as" in note for note in quiet.notes)


def test_a_check_is_for_the_servers_that_it_names() -> None:
    checks = [check.model_copy(update={"db": ("mysql",)}) for check in load_counter_checks()]
    state = state_of("mariadb", "10.11", {"innodb_log_file_size": "100663296"})
    state = state._replace(activity=active(5), counts=(TURNING, TURNING))
    request = Request("mariadb", parse_version("10.11"), "as given")
    found, _ = run_audit(state, request, knowledge_for("mariadb"), None, counter_checks=checks)
    assert found_in(found) == []


def test_the_recovery_time_that_the_user_asks_for_is_how_long_the_log_lasts() -> None:
    """Twenty minutes: twice as much."""
    found = audit_of(
        *("mysql", "9.7", (TURNING, TURNING)),
        asked={"recovery_time_s": 1200},
        innodb_redo_log_capacity="104857600",
    )
    assert [one[-1] for one in found_in(found)] == ["1500M"]


def test_where_the_server_chooses_the_size_itself_nothing_is_said() -> None:
    found = audit_of(
        *("mysql", "9.7", (TURNING, TURNING)),
        innodb_redo_log_capacity="104857600",
        innodb_dedicated_server="ON",
    )
    assert found_in(found) == []


@pytest.mark.parametrize(
    ("waits", "value", "wanted", "noted"),
    [
        (6000, "16777216", ["64M"], False),  # 83 an hour
        (6000, "67108864", [], True),  # as large as it is by default
        (3000, "16777216", [], False),  # 42 an hour
        (99, "16777216", [], False),
    ],
)
def test_waits_for_the_log_buffer(waits: int, value: str, wanted: list[str], noted: bool) -> None:
    counts = INNODB._replace(log_buffer_waits=waits)
    found = audit_of("mysql", "8.4", (counts, counts), innodb_log_buffer_size=value)
    assert [one[-1] for one in found_in(found)] == wanted
    notes = [note for note in found.notes if "No larger value is known to help." in note]
    assert len(notes) == noted


def test_few_waits_for_the_log_buffer_are_not_worth_a_word() -> None:
    counts = INNODB._replace(log_buffer_waits=99, log_since=CountedSince(60, "the server's start"))
    found = audit_of("mysql", "8.4", (counts, counts), innodb_log_buffer_size="16777216")
    assert not any("innodb_log_buffer_size" in note for note in found.notes)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [({"memory_bytes": 8 * GIB}, ["6G"]), ({}, [])],
)
def test_waits_for_pages_speak_for_the_pool_that_is_advised(
    asked: Mapping[str, Any], wanted: list[str]
) -> None:
    """What memory the server may use is not assumed."""
    counts = INNODB._replace(page_waits=20_000)
    found = audit_of(
        *("mysql", "9.7", (counts, counts)),
        measured=True,
        asked=asked,
        innodb_buffer_pool_size="134217728",
    )
    assert [one[-1] for one in found_in(found)] == wanted
    notes = [note for note in found.notes if "these counters do not tell" in note]
    assert len(notes) == (not wanted)
    few = INNODB._replace(page_waits=5000)  # of a million
    again = audit_of("mysql", "9.7", (few, few), innodb_buffer_pool_size="134217728")
    assert not any("had room in memory" in note for note in again.notes)


def test_without_counters_nothing_is_found() -> None:
    state = state_of("postgresql", "15", {"max_wal_size": "256MB"})
    request = Request("postgresql", parse_version("15"), "as given")
    checks = load_counter_checks()
    found, _ = run_audit(state, request, knowledge_for("postgresql"), None, counter_checks=checks)
    assert found_in(found) == []
    assert found.counters is None


# What is shown


def test_the_head_shows_what_the_server_does() -> None:
    first, last = looks(QUIET, 5, log_position_bytes=10_485_760, log_bytes=800, full_page_bytes=200)
    text = render(
        audit_document(audit_of("postgresql", "15", (first, last), max_wal_size="1GB")), "markdown"
    )
    assert (
        "in 5.0 s: 2 MB/s of log, up to 25 % of it whole pages, 0.5 log syncs for each commit"
        in (text)
    )
    # What was written earlier is counted late.
    late = looks(QUIET, 5, log_bytes=800, full_page_bytes=200)
    text = render(audit_document(audit_of("postgresql", "15", late)), "markdown")
    assert "in 5.0 s: 0 bytes/s of log, 0.5 log syncs for each commit" in text
    text = render(
        audit_document(audit_of("mysql", "9.7", (INNODB, INNODB), innodb_redo_log_capacity="1G")),
        "markdown",
    )
    assert "the log holds 60 MB since the latest checkpoint, of 100 MB" in text


def test_the_head_says_why_there_is_no_log_rate() -> None:
    none = ServerCounts(*[postgresql_counts.STANDBY] * len(ServerCounts._fields))
    text = render(audit_document(audit_of("postgresql", "15", (none, none))), "markdown")
    assert (
        "in 5.0 s: bytes of log/s unknown (this server is a standby, and replays another's WAL),"
        " 0.5 log syncs for each commit"
    ) in text


def test_syncs_for_each_commit_need_both() -> None:
    for lacking in (
        replace(active(5), commits_per_s=None),
        replace(active(5), log_syncs_per_s=None),
    ):
        assert isinstance(counters(QUIET, QUIET, lacking).log_syncs_per_commit, Unknown)
    idle = replace(active(5), commits_per_s=0)
    assert isinstance(counters(QUIET, QUIET, idle).log_syncs_per_commit, Unknown)


def test_json_has_the_figures_and_why_one_is_missing() -> None:
    found = audit_of("postgresql", "13", (QUIET, QUIET), max_wal_size="1GB").model_dump(mode="json")
    assert found["counters"]["since_start"]["checkpoints"] == 2504
    assert found["counters"]["since_start"]["page_waits"] == {
        "unknown": "this server has no such count"
    }
    assert found["counters"]["log_syncs_per_commit"] == 0.5


# The file


def test_the_file_has_what_the_code_can_read() -> None:
    ids = [check.id for check in load_counter_checks()]
    assert ids == [
        *("checkpoints-by-size", "log-turns", "log-buffer-waits", "wal-buffers-full"),
        "page-waits",
    ]


def test_each_check_is_about_settings_that_we_know() -> None:
    for check in load_counter_checks():
        for vendor in check.db:
            known = {setting.name for setting in knowledge_for(vendor).settings}
            assert set(check.settings) <= known, check.id


def test_rules_check_reads_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    monkeypatch.setattr("advisor.commands.rules_check.load_counter_checks", lambda: read.append(1))
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["rules", "check", "--quiet"])
    assert read == [1]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"when": {"moons": {"at_least": 1}}}, "no counter is called moons"),
        ({"says": "{moons} moons"}, "no counter is called moons"),
        ({"wanted": "many"}, "is not a size"),
        ({"wanted": "64"}, "has no unit"),
        ({"sources": ["http://example.com"]}, "https:// address"),
        ({"enough": {}}, "at least 1 item"),
    ],
)
def test_a_check_that_cannot_work_is_refused(change: Mapping[str, Any], word: str) -> None:
    good = {
        "id": "a-check",
        "db": ("mysql",),
        "settings": ("sync_binlog",),
        "severity": "note",
        "enough": {"page_waits": {"at_least": 1}},
        "when": {"page_waits": {"at_least": 1}},
        "wanted": "64MB",
        "says": "{page_waits}",
        "why": "Because.",
        "sources": ("https://example.com",),
    }
    CounterCheck.model_validate(good)
    with pytest.raises(ValueError, match=word):
        CounterCheck.model_validate({**good, **change})
