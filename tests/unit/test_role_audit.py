"""What an audit makes of a replica and of a primary: of findings, and of option files."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.audit.findings import AtRisk, Finding
from advisor.audit.roles import told_for_role
from advisor.durability import Durability
from advisor.knowledge import load_roles, load_settings
from advisor.model import Unknown
from advisor.roles import Replication
from advisor.server_state import ServerState
from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from advisor.versions import NumericVersion
from tests.support.command_line import run
from tests.support.facts import role_facts, shown_settings
from tests.support.paths import MEASUREMENTS

UNTOLD: Unknown = Unknown(unknown="not told")
FLUSH, LOG = "innodb_flush_log_at_trx_commit", "sync_binlog"
GAP = "it may go on and lack transactions"
FETCHED = "it fetches them from its source again"
LOG_LACKS = "its own binary log may lack transactions"


def finding(setting: str, durability: Durability) -> Finding:
    return Finding(
        severity="data-loss",
        setting=setting,
        current="2",
        origin="file",
        place="",
        recommended="1",
        reason="The latest commits are lost.",
        sources=("https://example.com/setting",),
        price="",
        at_risk=AtRisk(
            window_ms=2000, groups_max=None, transactions=1, commits_per_s=1, rate_from="now"
        ),
        durability=durability,
        restart=False,
        change="",
        rule=None,
    )


def told(replication: Replication, found: Finding) -> tuple[Finding, tuple[str, ...]]:
    on = shown_settings({"log_bin": "ON", FLUSH: "2", LOG: "1"})
    state = ServerState("mysql", (9, 7), on, replication=replication)
    known, settings = load_roles("mysql"), load_settings("innodb")
    (seen,), notes = told_for_role((found,), "durable", state, replication, known, settings)
    return seen, notes


def test_a_replicas_finding_tells_its_cost_alone() -> None:
    replica = Replication("replica", "", uses_gtid=True)
    seen, notes = told(replica, finding(FLUSH, "loses-recent-on-power-loss"))
    assert seen.reason.startswith("After a power loss it may go on and lack transactions")
    assert seen.at_risk is None
    assert seen.sources[0] == "https://example.com/setting"
    assert len(seen.sources) > 1
    assert notes == ()


def relaxed_replica(vendor: VendorName, uses_gtid: bool | None, log_bin: str) -> Finding:
    setting = "synchronous_commit" if vendor == "postgresql" else FLUSH
    versions: dict[VendorName, NumericVersion] = {
        "mysql": (9, 7),
        "mariadb": (11, 8),
        "postgresql": (15,),
    }
    version = versions[vendor]
    values = {"log_bin": log_bin, setting: "off" if vendor == "postgresql" else "2", LOG: "1"}
    replica = Replication("replica", "", uses_gtid=uses_gtid)
    state = ServerState(vendor, version, shown_settings(values), replication=replica)
    found = finding(setting, "loses-recent-on-power-loss")
    known, settings = load_roles(vendor), load_settings(VENDORS[vendor].engine)
    (seen,), _ = told_for_role((found,), "durable", state, replica, known, settings)
    return seen


@pytest.mark.parametrize(
    ("vendor", "uses_gtid", "log_bin", "severity"),
    [
        # tests/powercut/README.md: whole after every cut
        ("postgresql", None, "OFF", "note"),
        ("mysql", True, "OFF", "note"),
        ("mariadb", True, "OFF", "note"),
        # a gap in some, or it stopped, or nobody knows
        ("mysql", True, "ON", "data-loss"),
        ("mysql", False, "OFF", "note"),  # durable, it stopped as often: 16 of 20 cuts, and 18
        ("mysql", None, "OFF", "data-loss"),
        ("mariadb", True, "ON", "note"),  # sync_binlog is told of what its log then lacks
        ("mariadb", False, "OFF", "data-loss"),
    ],
)
def test_a_replica_that_goes_on_whole_has_lost_nothing(
    vendor: VendorName, uses_gtid: bool | None, log_bin: str, severity: str
) -> None:
    assert relaxed_replica(vendor, uses_gtid, log_bin).severity == severity


def test_a_primarys_finding_tells_both() -> None:
    seen, _ = told(Replication("primary", ""), finding(FLUSH, "loses-recent-on-power-loss"))
    assert seen.reason.startswith("The latest commits are lost. After a power loss its replicas")
    assert seen.at_risk is not None


@pytest.mark.parametrize(
    ("role", "setting", "durability"),
    [
        (None, FLUSH, "loses-recent-on-power-loss"),
        ("standalone", FLUSH, "loses-recent-on-power-loss"),
        ("replica", "innodb_doublewrite", "can-corrupt"),
        ("replica", "innodb_io_capacity", "durable"),
    ],
)
def test_other_findings_stay_as_they_are(role: Any, setting: str, durability: Durability) -> None:
    found = finding(setting, durability)
    seen, notes = told(Replication(role, "", uses_gtid=False), found)
    assert seen == found
    assert len(notes) == (role == "replica")  # file and position cost it something in any case


# An audit of files


def audited(
    text: str,
    vendor: VendorName,
    version: str,
    room: Path,
    capsys: pytest.CaptureFixture[str],
    *options: str,
    role: str = "replica",
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What it says of each setting of a server with that option file; and its notes."""
    file = room / "my.cnf"
    file.write_text(text)
    asked = ("audit", "--config", str(file), "--db", vendor, "--db-version", version)
    _, out, _ = run(capsys, *asked, "--role", role, "--format", "json", "--quiet", *options)
    found = json.loads(out)
    return {one["setting"]: one for one in found["findings"]}, found["notes"]


RELAXED_LOG = f"{FLUSH} = 1\nsync_binlog = 0\nlog_bin\n"


def test_tables_that_are_flushed_first_have_no_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"[mysqld]\n{RELAXED_LOG}gtid_mode = ON\n"
    found, notes = audited(text, "mysql", "9.7", tmp_path, capsys)
    reason = found[LOG]["reason"]
    assert GAP not in reason
    assert FETCHED in reason
    assert LOG_LACKS in reason
    assert found[LOG]["severity"] == "data-loss"
    assert notes[0].startswith("whether it asks its source by GTID is not known: gtid_mode = ON")


@pytest.mark.parametrize(
    ("vendor", "version", "line"),
    [
        ("mysql", "9.7", "log_replica_updates = OFF"),
        ("mysql", "9.7", "skip-log-replica-updates"),
        ("mysql", "5.7", ""),
        ("mariadb", "11.8", ""),
    ],
)
def test_sync_binlog_is_idle_where_nothing_that_is_applied_is_logged(
    vendor: VendorName,
    version: str,
    line: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f"[mysqld]\n{RELAXED_LOG}{line}\n"
    found, notes = audited(text, vendor, version, tmp_path, capsys)
    assert LOG not in found
    (note,) = (note for note in notes if note.startswith("sync_binlog = 0: "))
    assert "writes nothing of what it applies" in note
    logged = f"[mysqld]\n{RELAXED_LOG}log_slave_updates\n"
    found, _ = audited(logged, vendor, version, tmp_path, capsys)
    assert found[LOG]["severity"] == "data-loss"
    assert LOG_LACKS in found[LOG]["reason"]


def test_gtid_mode_off_says_how_it_follows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, notes = audited("[mysqld]\ngtid_mode = OFF\n", "mysql", "9.7", tmp_path, capsys)
    assert notes[0] == (
        "it follows its source by file and position: gtid_mode is OFF, which allows nothing else"
    )
    assert notes[1].startswith("After a power loss replication may not start again")


def test_what_is_noted_needs_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[mysqld]\ngtid_mode = OFF\nrelay_log_recovery = ON\n"
    found, notes = audited(text, "mysql", "9.7", tmp_path, capsys)
    assert found == {}
    assert notes[1].startswith("After a power loss replication may not start again")


def test_a_place_in_a_file_loses_data_unless_gtid_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "relay_log_info_repository"
    found, notes = audited("[mysqld]\n", "mysql", "5.7", tmp_path, capsys)
    assert found[name]["severity"] == "data-loss"
    assert "it may apply again what its tables have" in found[name]["reason"]
    assert not any("apply again" in note for note in notes)  # which the finding says
    known = load_roles("mysql")
    assert known.costs_of(name, "replica", (5, 7), role_facts(in_tables=False)) == ()
    untold = role_facts(in_tables=False, gtid=UNTOLD)
    assert len(known.costs_of(name, "replica", (5, 7), untold)) == 1


def test_each_cost_is_said_where_it_comes_from_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"[mysqld]\n{FLUSH} = 2\nslave_parallel_workers = 8\n"
    found, notes = audited(text, "mysql", "5.7", tmp_path, capsys)
    assert any("its workers have left gaps" in note for note in notes)
    assert "its workers have left gaps" not in found[FLUSH]["reason"]  # whatever that is
    assert "whatever this flush is" in found[FLUSH]["reason"]
    assert found[FLUSH]["severity"] == "note"
    assert "apply again" in found["relay_log_info_repository"]["reason"]
    assert "apply again" not in found[FLUSH]["reason"]


ACCEPTING = ("--durability", "loses-recent-on-power-loss")
WITH_LOG = "[mysqld]\nlog_bin\ngtid_mode = ON\n"


# tests/powercut/README.md, MySQL 9.7 by GTID with a binary log, 20 cuts each: whole after all with
# 1 and 0; a gap after 20 with 2 and 1, after 7 with 2 and 100.
@pytest.mark.parametrize(
    ("cluster", "gap"),
    [
        ("", GAP),
        (
            "group_replication_group_name = aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa\n"
            "group_replication_group_seeds = a:33061,b:33061,c:33061\n",
            "for good",
        ),
        ("rpl_semi_sync_replica_enabled = ON\n", "for good"),
    ],
)
def test_of_a_replica_that_is_relaxed_the_gap_alone_is_a_fault(
    cluster: str, gap: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for flush, log, wanted in (
        (1, 0, None),
        (1, 100, None),
        (2, 1, "1"),
        (2, 100, "1"),
        (2, 0, "1"),
        (0, 100, "1"),
    ):
        text = f"{WITH_LOG}{cluster}{FLUSH} = {flush}\nsync_binlog = {log}\n"
        found, _ = audited(text, "mysql", "9.7", tmp_path, capsys, *ACCEPTING)
        assert LOG not in found, (flush, log)
        if wanted is None:
            assert FLUSH not in found, (flush, log)
        else:
            assert found[FLUSH]["severity"] == "data-loss", (flush, log)
            assert found[FLUSH]["recommended"] == wanted, (flush, log)
            assert gap in found[FLUSH]["reason"], (flush, log)


def test_what_is_stricter_than_accepted_may_be_faster_at_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{WITH_LOG}{FLUSH} = 1\nsync_binlog = 1\n"
    found, _ = audited(text, "mysql", "9.7", tmp_path, capsys, *ACCEPTING)
    assert FLUSH not in found
    assert found[LOG]["severity"] == "performance"


# tests/powercut/README.md: 40 of 40 cuts without a log of what is applied went on whole
@pytest.mark.parametrize("values", [(2, 1), (2, 100), (1, 0)])
def test_without_a_log_of_what_it_applies_nothing_is_apart(
    values: tuple[int, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        f"{WITH_LOG}log_replica_updates = OFF\n{FLUSH} = {values[0]}\nsync_binlog = {values[1]}\n"
    )
    found, _ = audited(text, "mysql", "9.7", tmp_path, capsys, *ACCEPTING)
    told = {name: one["severity"] for name, one in found.items() if name in (FLUSH, LOG)}
    assert told == ({FLUSH: "performance"} if values[0] == 1 else {})


def test_by_position_no_gap_is_feared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"[mysqld]\nlog_bin\ngtid_mode = OFF\n{FLUSH} = 2\nsync_binlog = 100\n"
    found, _ = audited(text, "mysql", "9.7", tmp_path, capsys, *ACCEPTING)
    assert found.keys() & {FLUSH, LOG} == set()


def test_a_member_of_a_group_asks_by_gtid_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = "group_replication_group_name = aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa\n"
    found, notes = audited(WITH_LOG + group, "mysql", "9.7", tmp_path, capsys)
    assert "relay_log_recovery" not in found
    assert not any("by GTID is not known" in note for note in notes)
    _, notes = audited(WITH_LOG, "mysql", "9.7", tmp_path, capsys, role="primary")
    assert not any("by GTID is not known" in note for note in notes)


@pytest.mark.parametrize(
    ("lines", "said", "not_said"),
    [
        ("", FETCHED, GAP),  # as it would be by the advice
        (f"{FLUSH} = 1\nsync_binlog = 100\n", FETCHED, GAP),
    ],
)
def test_what_is_accepted_is_noted_as_the_server_is_relaxed(
    lines: str, said: str, not_said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"[mysqld]\n{lines}log_bin\ngtid_mode = ON\n"
    _, notes = audited(text, "mysql", "9.7", tmp_path, capsys, *ACCEPTING)
    assert any(said in note for note in notes)
    assert not any(not_said in note for note in notes)


def test_a_default_that_is_left_says_nothing_of_how_it_follows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nvme = str(MEASUREMENTS / "nvme-consumer.json")
    asked = ("recommend", "--db", "mysql", "--db-version", "5.7", "--from", nvme, "--quiet")
    _, out, _ = run(capsys, *asked, "--role", "replica", "--format", "json")
    (cost,) = json.loads(out)["role_costs"]  # and none of a place in a file: TABLE is advised
    assert "and workers apply (slave_parallel_workers above 0)" in cost["costs"]


def test_what_a_setting_alone_may_lose_names_where_it_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(f"[mysqld]\n{RELAXED_LOG}")
    asked = ("audit", "--config", str(file), "--db", "mysql", "--db-version", "9.7", "--quiet")
    _, out, _ = run(capsys, *asked)
    assert "at risk: up to 40 s of commits of the binary log" in out
    _, out, _ = run(capsys, *asked, "--format", "json")
    (at_risk,) = (one["at_risk"] for one in json.loads(out)["findings"] if one["setting"] == LOG)
    assert at_risk["lost_from"] == "the binary log"


# On a managed service


@pytest.mark.parametrize(
    ("service", "costs", "said"),
    [
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/AuroraMySQL.Replication.html
        ("aurora", False, "Amazon Aurora: a reader has no copy of its own"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Troubleshooting.html
        ("rds", True, "Amazon RDS: what is said of replicas was measured on servers of our own"),
    ],
)
def test_a_service_says_what_of_a_role_holds_there(
    service: str, costs: bool, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to_mysql = ("--db", "mysql", "--db-version", "8.0", "--service", service, "--quiet")
    nvme = str(MEASUREMENTS / "nvme-consumer.json")
    as_json = ("--format", "json", "--role", "replica")
    _, out, _ = run(capsys, "recommend", *to_mysql, "--from", nvme, *as_json)
    advice = json.loads(out)
    assert bool(advice["role_costs"]) is costs
    assert any(warning.startswith(said) for warning in advice["warnings"])
    _, out, _ = run(capsys, "recommend", *to_mysql, "--from", nvme, "--format", "json")
    assert not any(warning.startswith(said) for warning in json.loads(out)["warnings"])

    file = tmp_path / "my.cnf"
    file.write_text(f"[mysqld]\n{FLUSH} = 2\ngtid_mode = OFF\n")
    _, out, _ = run(capsys, "audit", *to_mysql, "--config", str(file), *as_json)
    told = json.loads(out)
    assert any(note.startswith(said) for note in told["notes"])
    place = "it follows its source by file and position"
    assert any(note.startswith(place) for note in told["notes"]) is costs


@pytest.mark.parametrize(
    ("service", "vendor", "version", "own"),
    [
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Troubleshooting.html
        ("rds", "mysql", "8.0", "RDS itself wants both flushes durable at their source"),
        ("rds", "postgresql", "15", ""),
        # https://learn.microsoft.com/en-us/azure/mysql/flexible-server/concepts-read-replicas
        ("azure", "mysql", "8.0", "they follow by file and position"),
        ("azure", "postgresql", "15", ""),
    ],
)
def test_of_replicas_of_a_service_each_server_is_told_its_own(
    service: str, vendor: VendorName, version: str, own: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nvme = str(MEASUREMENTS / "nvme-consumer.json")
    asked = ("recommend", "--db", vendor, "--db-version", version, "--from", nvme, "--quiet")
    on_service = ("--service", service, "--role", "primary", "--format", "json")
    _, out, _ = run(capsys, *asked, *on_service)
    advice = json.loads(out)
    told = " ".join(advice["warnings"])
    for words in ("both flushes durable", "follow by file and position"):
        assert (words in told) == (words in own), words
    # what no list says that one may change there
    assert not any("synchronous_standby_names" in note for note in advice["role_notes"])
    _, out, _ = run(capsys, *asked, "--role", "primary", "--format", "json")
    notes = json.loads(out)["role_notes"]
    assert any("synchronous_standby_names" in note for note in notes) == (vendor == "postgresql")
