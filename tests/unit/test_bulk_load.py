"""`recommend --bulk-load`: what is relaxed, for whom, and the way back; and who says that it is on.

Values are typed from the manuals that profiles/bulk_load/ names. The stored drive has 900 GB free,
of which 20 % are more than the most that is advised. Memory is said to be 16 GB, of which 5 % are
819 MB, 810 MB as one would type them. The way back is what `recommend` says without --bulk-load.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from advisor.audit.run import run_audit
from advisor.bulk_load import BulkLoad
from advisor.commands.bulk_loading import in_force_here
from advisor.commands.source import knowledge_for
from advisor.errors import AdvisorError
from advisor.instance import Drives, Here, ServerInstance
from advisor.knowledge import load_bulk_load
from advisor.output.bulk_load import render_bulk_load
from advisor.request import Request
from advisor.rules.bulk_load import BulkLoadKnowledge
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.names import VENDOR_NAMES, VendorName
from tests.servers.traps import traps_of
from tests.support.command_line import run
from tests.support.paths import MEASUREMENTS

DRIVE = MEASUREMENTS / "nvme-consumer.json"
MADE_ANEW = "THE INSTANCE MUST BE MADE ANEW"


def asked(vendor: str, version: str, *more: object) -> list[object]:
    command = ["recommend", "--db", vendor, "--db-version", version, *more, "--bulk-load"]
    drive = () if "--from" in more else ("--from", DRIVE)
    memory = () if "--memory" in more else ("--memory", "16GB")
    return [*command, *drive, *memory]


def load_of(
    capsys: pytest.CaptureFixture[str], vendor: str, version: str, *more: object
) -> dict[str, Any]:
    status, out, err = run(capsys, *asked(vendor, version, *more, "--format", "json"))
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def ordinary(
    capsys: pytest.CaptureFixture[str], vendor: str, version: str, setting: str, *more: object
) -> str:
    """What is advised for good."""
    command = [each for each in asked(vendor, version, *more) if each != "--bulk-load"]
    found = json.loads(run(capsys, *command, "--format", "json")[1])["settings"]
    (value,) = (str(each["rendered"]) for each in found if each["setting"] == setting)
    return value


def on_and_off(load: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {each["setting"]: (each["on"], each["off"]) for each in load["settings"]}


POSTGRESQL = {
    "max_wal_size": ("64GB", "64GB"),
    "checkpoint_timeout": ("60min", "5min"),
    "maintenance_work_mem": ("810MB", None),
}
NEW_POSTGRESQL = {
    **POSTGRESQL,
    "synchronous_commit": ("off", "on"),
    "wal_level": ("minimal", None),
    "max_wal_senders": ("0", None),
    "archive_mode": ("off", None),
    "summarize_wal": ("off", None),
}
RELAXED = {"innodb_flush_log_at_trx_commit": ("2", "1"), "sync_binlog": ("0", "1")}


def test_an_instance_with_data_loses_nothing_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    load = load_of(capsys, "postgresql", "18")
    assert on_and_off(load) == POSTGRESQL
    assert load["durability"] == "durable"
    assert load["statements"] == []
    left_out = [each["setting"] for each in load["left_out"]]
    assert left_out == [
        "synchronous_commit",
        "wal_level, max_wal_senders, archive_mode, summarize_wal",
    ]
    mysql = load_of(capsys, "mysql", "9.7")
    capacity = "innodb_redo_log_capacity"
    assert on_and_off(mysql) == {capacity: ("16G", ordinary(capsys, "mysql", "9.7", capacity))}
    assert mysql["statements"] == []
    mariadb = load_of(capsys, "mariadb", "11.8")
    size = "innodb_log_file_size"
    assert on_and_off(mariadb) == {size: ("16G", ordinary(capsys, "mariadb", "11.8", size))}


def test_what_may_be_lost_says_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    on_crash = ("--durability", "loses-recent-on-crash")
    on_power_loss = ("--durability", "loses-recent-on-power-loss")
    relaxed = load_of(capsys, "postgresql", "18", *on_crash)
    assert on_and_off(relaxed)["synchronous_commit"] == ("off", "on")
    assert relaxed["durability"] == "loses-recent-on-crash"
    kept = load_of(capsys, "postgresql", "18", *on_power_loss)
    assert "synchronous_commit" not in on_and_off(kept)
    mysql = load_of(capsys, "mysql", "9.7", *on_power_loss)
    assert on_and_off(mysql).items() >= RELAXED.items()
    assert mysql["durability"] == "loses-recent-on-power-loss"
    without = load_of(capsys, "mysql", "9.7", *on_power_loss, "--no-binary-log")
    assert "sync_binlog" not in on_and_off(without)


def test_a_new_instance_gives_up_what_a_crash_would_ask_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    load = load_of(capsys, "postgresql", "18", "--new-instance")
    assert on_and_off(load) == NEW_POSTGRESQL
    assert {each["setting"] for each in load["settings"] if each["restart"]} == {
        "wal_level",
        "max_wal_senders",
        "archive_mode",
    }
    assert load["durability"] == "loses-recent-on-crash"
    assert any("base backup" in each for each in load["after"])
    assert "summarize_wal" not in on_and_off(load_of(capsys, "postgresql", "16", "--new-instance"))


def test_mysql_switches_its_redo_log_off_by_a_statement(capsys: pytest.CaptureFixture[str]) -> None:
    load = load_of(capsys, "mysql", "9.7", "--new-instance")
    assert on_and_off(load) == RELAXED
    (statement,) = load["statements"]
    assert (statement["on"], statement["off"]) == (
        "ALTER INSTANCE DISABLE INNODB REDO_LOG;",
        "ALTER INSTANCE ENABLE INNODB REDO_LOG;",
    )
    assert MADE_ANEW in load["crash"]
    assert load["durability"] == "can-corrupt"
    assert [each["statement"] for each in load["sessions"]] == [
        "SET SESSION sql_log_bin = 0;",
        "SET SESSION unique_checks = 0, foreign_key_checks = 0;",
    ]


@pytest.mark.parametrize(("vendor", "version"), [("mysql", "8.0.20"), ("mariadb", "11.8")])
def test_who_has_no_such_statement_recovers(
    vendor: str, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load = load_of(capsys, vendor, version, "--new-instance")
    assert load["statements"] == []
    assert "recovers by itself" in load["crash"]
    assert load["durability"] == "loses-recent-on-power-loss"


def test_a_log_that_is_larger_for_good_is_not_made_smaller(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for_long = ("--recovery-time", "3h", "--memory", "64GB")
    capacity = "innodb_redo_log_capacity"
    for_good = ordinary(capsys, "mysql", "9.7", capacity, *for_long)
    assert for_good == "48G"  # 75 % of the memory
    load = load_of(capsys, "mysql", "9.7", *for_long)
    assert on_and_off(load)[capacity] == ("48G", "48G")
    assert load["settings"][0]["reason"] == "48G is advised for good, and suits a load, too."


def test_how_long_a_recovery_may_take_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What is advised for good is replayed in 600 s, or what it says; 16 GB take the longer."""
    advised = run(capsys, *asked("mysql", "9.7")[:-5], "--from", DRIVE, "--memory", "16GB")[1]
    said = re.search(r"replays 8100M in about (\d+) s", advised)
    assert said is not None
    load = load_of(capsys, "mysql", "9.7")
    assert load["recovery_s"] == pytest.approx(float(said[1]) * 16 * 1024 / 8100, rel=0.01)
    assert load_of(capsys, "mysql", "9.7", "--new-instance")["recovery_s"] is None
    assert "Recovery of all of the log takes about " in run(capsys, *asked("mysql", "9.7"))[1]


def test_what_rests_on_an_unknown_figure_is_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    measured = json.loads(DRIVE.read_text())
    measured["target"]["free_bytes"] = {"unknown": "nobody asked"}
    unknown = tmp_path / "drive.json"
    unknown.write_text(json.dumps(measured))
    load = load_of(capsys, "postgresql", "18", "--from", unknown)
    assert "max_wal_size" not in on_and_off(load)
    assert load["left_out"][0] == {
        "setting": "max_wal_size",
        "why": "free_bytes is unknown: nobody asked",
        "needs": "a measurement that tells free_bytes",
    }


@pytest.mark.parametrize(
    ("vendor", "never"),
    [
        ("postgresql", {"fsync", "full_page_writes"}),
        ("mysql", {"innodb_doublewrite", "innodb_flush_method"}),
        ("mariadb", {"innodb_doublewrite", "debug_no_sync"}),
    ],
)
def test_what_a_crash_damages_unnoticed_is_never_relaxed(
    vendor: VendorName, never: set[str]
) -> None:
    load = load_bulk_load(vendor)
    assert {each.setting for each in load.never} == never
    assert never.isdisjoint(each.name for each in load.setting)


# The data


def test_what_is_never_relaxed_is_not_relaxed_by_a_line_of_data() -> None:
    load = load_bulk_load("postgresql")
    setting = load.setting[1].model_copy(update={"name": "fsync"})
    with pytest.raises(ValidationError, match="relaxed, or never"):
        BulkLoadKnowledge(**{**dict(load), "setting": (setting,)})


def test_a_setting_has_a_value_or_a_formula() -> None:
    load = load_bulk_load("postgresql").setting[1]
    with pytest.raises(ValidationError, match="either a value or a formula"):
        type(load)(**{**dict(load), "value": None})


def test_a_value_that_risks_more_than_it_says_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = load_bulk_load("postgresql")
    settings = tuple(
        each.model_copy(update={"durability": "durable"})
        if each.name == "synchronous_commit"
        else each
        for each in load.setting
    )
    hidden = load.model_copy(update={"setting": settings})
    monkeypatch.setattr("advisor.commands.bulk_loading.load_bulk_load", lambda _: hidden)
    status, _, err = run(capsys, *asked("postgresql", "18"))
    assert status == 1
    assert "synchronous_commit = 'off' is 'loses-recent-on-crash', not 'durable'" in err


def test_a_set_of_values_with_which_no_server_starts_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = load_bulk_load("postgresql")
    settings = tuple(each for each in load.setting if each.name != "max_wal_senders")
    lacking = load.model_copy(update={"setting": settings})
    monkeypatch.setattr("advisor.commands.bulk_loading.load_bulk_load", lambda _: lacking)
    status, _, err = run(capsys, *asked("postgresql", "18", "--new-instance"))
    assert status == 1
    assert "wal_level = minimal does not start with max_wal_senders = 10" in err


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_each_value_has_its_source_and_its_cost(vendor: VendorName) -> None:
    load = load_bulk_load(vendor)
    for each in (*load.setting, *load.statement, *load.session):
        assert each.sources[0].startswith("https://")
        assert each.cost


# The way back


def test_off_has_the_values_of_the_servers_own_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main = tmp_path / "postgresql.conf"
    main.write_text("max_wal_size = 128GB\ncheckpoint_timeout = 900\narchive_mode = on\n")
    load = load_of(capsys, "postgresql", "18", "--new-instance", "--config", main)
    assert on_and_off(load) == {
        "checkpoint_timeout": ("60min", "15min"),
        "maintenance_work_mem": ("810MB", "64MB"),
        "synchronous_commit": ("off", "on"),
        "wal_level": ("minimal", "replica"),
        "max_wal_senders": ("0", "10"),
        "archive_mode": ("off", "on"),
    }  # summarize_wal is off already
    assert [(each["setting"], each["why"]) for each in load["left_out"]] == [
        ("max_wal_size", "128GB is as good")
    ]


def test_what_postgresql_persisted_is_set_again_and_else_reset(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main = tmp_path / "postgresql.conf"
    main.write_text(f"data_directory = '{tmp_path}'\n")
    (tmp_path / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgresql.auto.conf").write_text("checkpoint_timeout = '15min'\n")
    sql = ("--format", "sql", "--output", tmp_path / "load.sql")
    status, _, err = run(capsys, *asked("postgresql", "18", "--config", main, *sql))
    assert status == 0, err
    off = (tmp_path / "load-off.sql").read_text().splitlines()
    assert [line for line in off if line and not line.startswith("--")] == [
        "ALTER SYSTEM RESET max_wal_size;",
        "ALTER SYSTEM SET checkpoint_timeout = '15min';",
        "ALTER SYSTEM RESET maintenance_work_mem;",
        "SELECT pg_reload_conf();",
    ]


def test_sql_goes_back_to_what_is_advised_where_nothing_of_the_server_was_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """RESET would take away what the ordinary --format sql had set; of a setting without advice
    nothing else is known."""
    status, out, _ = run(capsys, *asked("postgresql", "15", "--format", "sql"))
    assert status == 0
    off = out[out.index("BULK LOAD OFF") :]
    assert [line for line in off.splitlines()[1:] if line and not line.startswith("--")] == [
        "ALTER SYSTEM SET max_wal_size = '64GB';",
        "ALTER SYSTEM SET checkpoint_timeout = '5min';",
        "ALTER SYSTEM RESET maintenance_work_mem;",
        "SELECT pg_reload_conf();",
    ]
    assert off.count("-- As advised for this drive.") == 2
    assert "RESET also takes away what ALTER SYSTEM had set before" in off


def test_a_value_that_nobody_knows_is_not_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    """A server whose SQL only says a value, and a setting of which nothing tells what it was."""
    load = load_of(capsys, "mysql", "9.7")
    load["settings"][0] |= {"off": None, "off_value": None, "off_from": "other files"}
    off = render_bulk_load(BulkLoad.model_validate(load), "off", "sql")
    assert "SET GLOBAL" not in "".join(line for line in off.splitlines() if line[:2] != "--")
    assert "-- NOT SET HERE: innodb_redo_log_capacity; what it was is not known: a restart" in off


def in_file(tmp_path: Path, text: str) -> tuple[object, ...]:
    path = tmp_path / "server.conf"
    path.write_text(text)
    return ("--config", path)


@pytest.mark.parametrize(
    ("vendor", "version", "text", "more", "durability", "already", "says"),
    [
        (
            *("postgresql", "18", "fsync = off\nfull_page_writes = off\n", ()),
            *("can-corrupt", ["fsync = off", "full_page_writes = off"], "beyond repair"),
        ),
        (
            *("postgresql", "18", "fsync = off\n", ("--new-instance",)),
            *("can-corrupt", ["fsync = off"], "beyond repair"),
        ),
        (
            *("postgresql", "18", "synchronous_commit = off\n", ()),
            *("loses-recent-on-crash", ["synchronous_commit = off"], "latest commits may be lost"),
        ),
        (
            "mysql",
            "9.7",
            "[mysqld]\ninnodb_flush_log_at_trx_commit = 0\ninnodb_doublewrite = OFF\n",
            (),
            "can-corrupt",
            ["innodb_doublewrite = OFF", "innodb_flush_log_at_trx_commit = 0"],
            "beyond repair",
        ),
        (
            *("mysql", "9.7", "[mysqld]\nskip-log-bin\nsync_binlog = 0\n", ()),
            *("durable", [], "What was committed survives. Recovery"),
        ),
    ],
)
def test_what_the_servers_own_files_risk_is_said(
    vendor: str,
    version: str,
    text: str,
    more: tuple[str, ...],
    durability: str,
    already: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    config = in_file(tmp_path, text)
    load = load_of(capsys, vendor, version, *config, *more)
    assert load["durability"] == durability
    assert sorted(each["setting"] for each in load["at_risk_already"]) == already
    assert says in load["crash"]
    said = run(capsys, *asked(vendor, version, *config, *more))[1]
    for each in already:
        assert f"# At risk already, as the server's own files have it: {each}: " in said


def test_what_survives_is_all_where_nothing_is_relaxed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert load_of(capsys, "postgresql", "18")["crash"].startswith("What was committed survives. ")
    relaxed = load_of(capsys, "postgresql", "18", "--durability", "loses-recent-on-crash")
    assert relaxed["crash"].startswith("What was committed survives, less what the lines below ")


@pytest.mark.parametrize(
    ("vendor", "version", "text", "binlog", "left_out"),
    [
        ("mariadb", "11.8", "[mariadb]\nlog_bin\nsync_binlog = 1\n", ("0", "1"), False),
        ("mariadb", "11.8", "[mariadb]\nsync_binlog = 1\n", None, True),
        ("mysql", "9.7", "[mysqld]\nskip-log-bin\nsync_binlog = 1\n", None, True),
        ("mysql", "9.7", "[mysqld]\nsync_binlog = 1\n", ("0", "1"), False),
    ],
)
def test_whether_a_binary_log_is_written_the_file_says(
    vendor: str,
    version: str,
    text: str,
    binlog: tuple[str, str] | None,
    left_out: bool,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    load = load_of(capsys, vendor, version, "--new-instance", *in_file(tmp_path, text))
    assert on_and_off(load).get("sync_binlog") == binlog
    why = {each["setting"]: each["why"] for each in load["left_out"]}
    assert ("sync_binlog" in why) == left_out
    if left_out:
        assert "--binary-log says that it does" in why["sync_binlog"]
        said = load_of(
            capsys, vendor, version, "--new-instance", "--binary-log", *in_file(tmp_path, text)
        )
        assert on_and_off(said)["sync_binlog"] == ("0", "1")


def test_a_server_that_waits_less_already_is_not_made_to_wait(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "[mysqld]\ninnodb_flush_log_at_trx_commit = 0\nsync_binlog = 1000\n"
    load = load_of(capsys, "mysql", "8.0.20", "--new-instance", *in_file(tmp_path, text + "x=1\n"))
    assert load["settings"] == []
    assert [(each["setting"], each["why"]) for each in load["left_out"]] == [
        ("innodb_flush_log_at_trx_commit", "0 is as good"),
        ("sync_binlog", "1000 is as good"),
    ]
    assert load["durability"] == "loses-recent-on-crash"


def test_a_recovery_time_that_is_said_bounds_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    hdd = ("--from", MEASUREMENTS / "hdd.json", "--recovery-time", "1min", "--memory", "1GB")
    for_good = ordinary(capsys, "postgresql", "18", "max_wal_size", *hdd)
    load = load_of(capsys, "postgresql", "18", *hdd)
    assert for_good == "1GB"
    assert on_and_off(load)["max_wal_size"] == ("1GB", "1GB")
    assert "--recovery-time" in load["settings"][0]["reason"]
    unsaid = load_of(capsys, "postgresql", "18", *hdd[:2], *hdd[4:])
    assert on_and_off(unsaid)["max_wal_size"][0] == "64GB"


# The files


def test_two_files_whose_names_say_which_is_which(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    named = tmp_path / "load.cnf"
    status, out, err = run(capsys, *asked("mysql", "9.7", "--new-instance", "--output", named))
    assert (status, out) == (0, "")
    on, off = tmp_path / "load-on.cnf", tmp_path / "load-off.cnf"
    assert sorted(tmp_path.iterdir()) == [off, on]
    assert f"wrote {on}" in err
    said = on.read_text()
    assert said.startswith("# fsync-advisor 0.1.0: settings for MySQL 9.7 (as given")
    assert "# BULK LOAD ON: " in said
    assert MADE_ANEW in said
    assert "#   ALTER INSTANCE DISABLE INNODB REDO_LOG;" in said
    assert "--durability loses-recent-on-power-loss THIS" in said
    assert [line for line in said.splitlines() if line and line[0] != "#"] == [
        "[mysqld]",
        "innodb_flush_log_at_trx_commit = 2",
        "sync_binlog = 0",
    ]
    back = off.read_text()
    assert "# BULK LOAD OFF: " in back
    assert back.index("ENABLE INNODB REDO_LOG;") > 0
    assert [line for line in back.splitlines() if line and line[0] != "#"] == [
        "[mysqld]",
        "innodb_flush_log_at_trx_commit = 1",
        "sync_binlog = 1",
    ]


@pytest.mark.parametrize(
    ("folder", "warned"), [("conf.d", True), ("mysql.conf.d", True), ("loads", False)]
)
def test_two_files_that_one_server_would_read_are_warned_of(
    folder: str, warned: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / folder).mkdir()
    status, _, err = run(capsys, *asked("mysql", "9.7", "--output", tmp_path / folder / "load.cnf"))
    assert status == 0
    assert ("reads both of these, and on is the last" in err) == warned


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("missing/load.cnf", 1, "missing does not exist"),
        ("folder", 2, "folder is a directory"),
        ("/dev/null", 2, "/dev/null is not a regular file"),
    ],
)
def test_an_output_that_is_no_file_is_refused_as_always(
    name: str, status: int, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for more in ((), ("--format", "sql")):
        found, out, err = run(capsys, *asked("mysql", "9.7", "--output", tmp_path / name, *more))
        assert (found, out) == (status, "")
        assert says in err
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert not Path("/dev/null-on").exists()


def test_what_more_would_be_relaxed_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, err = run(capsys, *asked("mysql", "5.7", "--binary-log"))
    assert (status, out) == (1, "")
    assert "unless more is accepted" in err
    needs = "--durability loses-recent-on-power-loss"
    assert f"{needs}: innodb_flush_log_at_trx_commit, sync_binlog\n" in err
    status, _, err = run(capsys, *asked("mysql", "8.0.29"))
    assert (status, "--new-instance: ALTER INSTANCE DISABLE INNODB REDO_LOG" in err) == (1, True)


def test_a_server_that_is_as_good_already_is_no_failure(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "[mysqld]\ninnodb_flush_log_at_trx_commit = 0\nsync_binlog = 0\nlog-bin\n"
    command = asked("mysql", "5.7", "--new-instance", *in_file(tmp_path, text))
    status, out, err = run(capsys, *command)
    assert (status, out) == (0, "")
    assert "this server needs no change for a bulk load" in err


def test_nothing_is_told_of_what_that_version_does_not_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """summarize_wal came with PostgreSQL 17."""
    for version, has in (("15", False), ("17", True)):
        left_out = load_of(capsys, "postgresql", version)["left_out"]
        assert ("summarize_wal" in left_out[-1]["setting"]) == has


def test_nothing_is_written_where_one_of_the_two_exists(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "load-off.cnf").write_text("mine")
    command = asked("mysql", "9.7", "--output", tmp_path / "load.cnf")
    status, _, err = run(capsys, *command)
    assert status == 2
    assert "load-off.cnf exists already" in err
    assert [path.name for path in tmp_path.iterdir()] == ["load-off.cnf"]
    assert run(capsys, *command, "--force")[0] == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_both_on_standard_output_end_as_the_server_was(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *asked("mariadb", "11.8"))
    assert status == 0
    assert out.index("BULK LOAD ON:") < out.index("BULK LOAD OFF:")
    assert "these are two files" in err
    assert run(capsys, *asked("mariadb", "11.8", "--quiet"))[2] == ""


def test_sql_of_mysql_ends_with_the_redo_log_off_and_begins_with_it_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = asked("mysql", "9.7", "--new-instance", "--output", tmp_path / "load.sql")
    assert run(capsys, *command)[0] == 0
    halves = {
        name: [
            line
            for line in (tmp_path / f"load-{name}.sql").read_text().splitlines()
            if line and not line.startswith("--")
        ]
        for name in ("on", "off")
    }
    shows = "SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled';"
    assert halves == {
        "on": [
            "SET GLOBAL innodb_flush_log_at_trx_commit = 2;",
            "SET GLOBAL sync_binlog = 0;",
            "ALTER INSTANCE DISABLE INNODB REDO_LOG;",
            shows,
        ],
        "off": [
            "ALTER INSTANCE ENABLE INNODB REDO_LOG;",
            shows,
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1;",
            "SET GLOBAL sync_binlog = 1;",
        ],
    }


def test_a_log_that_a_running_mariadb_cannot_resize_is_left_to_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = run(capsys, *asked("mariadb", "10.6", "--format", "sql"))
    assert "SET GLOBAL innodb_log_file_size" not in out
    assert out.count("-- NOT SET HERE: innodb_log_file_size") == 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--format", "patroni"), "--bulk-load is not written as patroni"),
        (("--group", "log"), "--bulk-load has settings of its own"),
    ],
)
def test_what_does_not_go_together(
    more: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *asked("postgresql", "18", *more))
    assert (status, out) == (2, "")
    assert says in err


@pytest.mark.parametrize("option", [("--new-instance",), ("--config", "my.cnf")])
def test_its_own_options_need_it(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "recommend", "--db", "mysql", "--from", DRIVE, *option)
    assert status == 2
    assert f"{option[0]} goes with --bulk-load" in err


# Who says that it is on


def test_apply_says_that_it_is_on(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    main = tmp_path / "my.cnf"
    main.write_text(f"[mysqld]\ndatadir={tmp_path}\n!includedir {folder}\n")
    assert run(capsys, *asked("mysql", "9.7", "--output", tmp_path / "load.cnf"))[0] == 0
    applied = ("apply", "--db", "mysql", "--config", main, "--to", folder / "zz-load.cnf")
    how = ("--unchecked", "--yes", "--format", "json")
    says = {}
    for half in ("on", "off"):
        status, out, err = run(capsys, *applied, tmp_path / f"load-{half}.cnf", *how)
        assert status == 0, err
        said = [each for each in json.loads(out)["warnings"] if "bulk load" in each]
        says[half] = (len(said), "bulk load" in err)
        if half == "on":
            audited = run(capsys, "audit", "--config", main, "--db", "mysql", "--format", "json")
            found = [
                (each["severity"], each["setting"], each["current"], each["place"])
                for each in json.loads(audited[1])["findings"]
            ]
            assert ("note", "bulk load", "on", str(folder / "zz-load.cnf")) in found
            assert audited[0] == 3
    assert says == {"on": (1, True), "off": (0, False)}
    _, out, _ = run(capsys, "audit", "--config", main, "--db", "mysql", "--format", "json")
    assert "bulk load" not in [each["setting"] for each in json.loads(out)["findings"]]


def findings(state: ServerState) -> list[tuple[str, str, str, str]]:
    request = Request(state.vendor, state.version, "as given")
    load = load_bulk_load(state.vendor)
    found, _ = run_audit(state, request, knowledge_for(state.vendor), None, bulk_load=load)
    return [
        (each.severity, each.setting, each.current, each.recommended) for each in found.findings
    ]


def test_a_redo_log_that_is_off_is_the_most_severe_of_all() -> None:
    state = ServerState("mysql", (9, 7), {"log_bin": EffectiveSetting("log_bin", "ON")})
    assert findings(state) == []
    relaxed = EffectiveSetting("innodb_flush_log_at_trx_commit", "2", origin="other")
    off = state._replace(
        settings={**state.settings, relaxed.name: relaxed},
        switched_off=frozenset({"Innodb_redo_log_enabled"}),
    )
    assert findings(off) == [
        ("corruption-risk", "Innodb_redo_log_enabled", "OFF", "ON"),
        ("data-loss", "innodb_flush_log_at_trx_commit", "2", "1"),
    ]


@pytest.mark.parametrize(("level", "count"), [("minimal", 1), ("replica", 0), ("logical", 0)])
def test_wal_that_no_standby_can_follow_is_a_note(level: str, count: int) -> None:
    settings = {"wal_level": EffectiveSetting("wal_level", level, origin="file", place="f.conf:3")}
    settings["max_wal_senders"] = EffectiveSetting("max_wal_senders", "0")
    state = ServerState("postgresql", (18,), settings)
    assert findings(state) == [("note", "wal_level", "minimal", "replica")] * count


@pytest.mark.parametrize(
    ("version", "text", "beside", "change"),
    [
        ("15", "", "max_wal_senders = 10 (its default)", "max_wal_senders = 0"),
        (
            "15",
            "max_wal_senders = 0\narchive_mode = on\n",
            "archive_mode = on",
            "archive_mode = off",
        ),
        (
            *("15", "max_wal_senders = 0\narchive_mode = always\n", "archive_mode = always"),
            "archive_mode = off",
        ),
        (
            *("17", "max_wal_senders = 0\nsummarize_wal = yes\n", "summarize_wal = on"),
            "summarize_wal = off",
        ),
    ],
)
def test_a_level_of_wal_beside_what_needs_more_prevents_the_start(
    version: str,
    text: str,
    beside: str,
    change: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """tests/servers/traps.py has servers refuse the same."""
    path = tmp_path / "postgresql.conf"
    path.write_text(f"wal_level = minimal\n{text}")
    asked = ("audit", "--db", "postgresql", "--db-version", version, "--config", path)
    status, out, _ = run(capsys, *asked, "--format", "json", "--fail-on", "prevents-start")
    (found,) = json.loads(out)["findings"]
    assert (status, found["severity"], found["setting"]) == (3, "prevents-start", "wal_level")
    assert found["place"] == f"{path}:1"
    assert f"beside {beside}." in found["reason"]
    assert f"or set {change}, then restart the server" in found["change"]


@pytest.mark.parametrize("series", ["13", "14", "15", "16", "17", "18", "19"])
def test_what_servers_refuse_of_that_level_an_audit_finds(
    series: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """tests/servers/test_broken_fragments.py starts them."""
    refused = [trap for trap in traps_of("postgresql", series) if trap.setting == "wal_level"]
    assert len(refused) == (3 if int(series) >= 17 else 2)
    path = tmp_path / "postgresql.conf"
    for trap in refused:
        path.write_text("\n".join((*trap.besides, trap.line)))
        asked = ("audit", "--db", "postgresql", "--db-version", series, "--config", path)
        found = json.loads(run(capsys, *asked, "--format", "json")[1])["findings"]
        told = [(each["severity"], each["setting"]) for each in found]
        assert told[0] == ("prevents-start", "wal_level"), trap


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("15", "max_wal_senders = 0\n"),
        ("17", "max_wal_senders = 0\narchive_mode = off\nsummarize_wal = off\n"),
        ("17", "max_wal_senders = 0\narchive_mode = perhaps\n"),  # a finding of its own
    ],
)
def test_a_level_of_wal_with_all_that_it_needs_is_a_note(
    version: str, text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "postgresql.conf"
    path.write_text(f"wal_level = minimal\n{text}")
    asked = ("audit", "--db", "postgresql", "--db-version", version, "--config", path)
    found = json.loads(run(capsys, *asked, "--format", "json")[1])["findings"]
    assert ("note", "wal_level") in [(each["severity"], each["setting"]) for each in found]


def test_apply_knows_what_a_load_needs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """PostgreSQL's pg_settings.context: postmaster for three of them, sighup and user for these."""
    (tmp_path / "conf.d").mkdir()
    main = tmp_path / "postgresql.conf"
    main.write_text("include_dir = 'conf.d'\n")
    (tmp_path / "PG_VERSION").write_text("18\n")
    load = tmp_path / "load.conf"
    assert run(capsys, *asked("postgresql", "18", "--new-instance", "--output", load))[0] == 0
    target = ("--db", "postgresql", "--config", main, "--to", tmp_path / "conf.d" / "load.conf")
    how = ("--unchecked", "--dry-run", "--durability", "loses-recent-on-crash")
    _, out, err = run(capsys, "apply", tmp_path / "load-on.conf", *target, *how, "--format", "json")
    told = json.loads(out)
    assert sorted(told["restart"]) == ["archive_mode", "max_wal_senders", "wal_level"], err
    assert {"maintenance_work_mem", "summarize_wal"} <= set(told["reload"])
    assert told["unknown"] == []


def here_with(main: Path) -> Here:
    instance = ServerInstance("postgresql", (18,), main.parent, main=(main,))
    return Here(Drives(main.parent), instance)


def test_the_files_of_the_server_found_here_are_gone_back_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = tmp_path / "postgresql.conf"
    main.write_text("checkpoint_timeout = 900\n")
    request = Request("postgresql", (18,), "as given")
    found = in_force_here(request, here_with(main), (), quiet=False)
    assert found is not None
    assert found.settings["checkpoint_timeout"].value == "900"
    assert capsys.readouterr().err == ""
    assert in_force_here(request, None, (), quiet=False) is None


def test_files_that_nobody_named_and_nobody_can_read_are_done_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "postgresql.conf"
    request = Request("postgresql", (18,), "as given")
    assert in_force_here(request, here_with(missing), (), quiet=False) is None
    assert "the way back is as advised for good" in capsys.readouterr().err
    with pytest.raises(AdvisorError, match=r"postgresql\.conf"):
        in_force_here(request, None, (missing,), quiet=False)
