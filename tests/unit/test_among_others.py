"""--role and --cluster beyond `recommend` and `audit`: a report and a fleet say the same of them,
and a guided run takes up what the cluster needs. And when a host of a fleet has lost its trust."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from advisor.advise import advise
from advisor.audit.proposals import proposals
from advisor.audit.roles import sign_of_replication
from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for
from advisor.request import Request
from advisor.roles import Role
from advisor.server_state import EffectiveSetting, ServerState, WrittenValue
from advisor.vendors.names import ClusterName, VendorName
from tests.support.command_line import run
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

NVME = str(MEASUREMENTS / "nvme-consumer.json")
RELAXED = ("--durability", "loses-recent-on-power-loss")
FEW = ("--clients", "1")
"""Little work for the model."""
CASES: Mapping[str, tuple[str, ...]] = {
    "a relaxed replica": ("--db", "mysql", "--db-version", "9.7", *RELAXED, "--role", "replica"),
    "a relaxed primary": ("--db", "mariadb", "--db-version", "11.8", *RELAXED, "--role", "primary"),
    "a standby": ("--db", "postgresql", "--db-version", "18", "--role", "replica"),
    "Galera": ("--db", "mariadb", "--db-version", "11.8", "--cluster", "galera"),
    "semi-sync, relaxed": (
        *("--db", "mysql", "--db-version", "9.7", *RELAXED, "--cluster", "semi-sync"),
    ),
}


def advised(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    status, out, _ = run(capsys, "recommend", "--from", NVME, *options, "--format", "json")
    assert status == 0
    told: dict[str, Any] = json.loads(out)
    return told


def reported(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    return run(capsys, "report", "--from", NVME, *FEW, *options)


def in_a_line(text: str) -> str:
    return " ".join(text.replace("\u202f", " ").replace("\u00a0", " ").split())


# A report


@pytest.mark.parametrize("case", CASES)
def test_a_report_says_what_recommend_says(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    advice = advised(capsys, *CASES[case])
    status, out, _ = reported(capsys, *CASES[case], "--format", "json")
    (server,) = json.loads(out)["servers"]
    assert status == 0
    for key in ("role", "role_costs", "role_notes", "cluster", "settings", "lower_durability"):
        assert server["advice"][key] == advice[key], key
    costs = [f"{cost['costs']} {cost['remedy']}" for cost in advice["role_costs"]]
    said = [*costs, *advice["role_notes"]]
    if advice["cluster"]:
        kinds = ("acknowledged", "survives", "does_not_survive", "afterwards", "never_relaxed")
        said += [
            each["says"]
            for kind in kinds
            for each in advice["cluster"][kind]
            if "conf" in each["forms"] or not each["forms"]
        ]
    assert said
    for format_ in ("terminal", "markdown"):
        shown = in_a_line(reported(capsys, *CASES[case], "--format", format_)[1])
        for text in said:
            assert in_a_line(text) in shown.replace("\\_", "_").replace("`", ""), text
    html = reported(capsys, *CASES[case], "--format", "html", "--no-charts")[1]
    assert "Role and copies" in html


def test_of_a_server_that_stands_alone_nothing_of_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = reported(capsys, "--db", "mysql", "--db-version", "9.7")[1]
    assert "Role" not in out
    assert "luster" not in out


# tests/servers/test_fragments.py starts MySQL 9.7 with the line: it has the name by a plugin alone,
# and "loose_" has a server without that pass it over.
def test_a_report_writes_options_of_plugins_as_the_fragment_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = reported(capsys, *CASES["semi-sync, relaxed"])[1]
    assert "\n  loose_rpl_semi_sync_source_wait_point = AFTER_SYNC\n" in out
    assert "Cluster: semi-synchronous replication (as --cluster says)." in out


def test_a_report_offers_a_cluster_with_what_its_copies_lose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = in_a_line(reported(capsys, *CASES["Galera"])[1])
    lost = "a power loss of one node takes its last second, and the others give it back"
    assert f"At risk: in this cluster: {lost}" in out


# On a hard disk durability gains most by far, and a replica acknowledges nothing that it can lose.
def test_no_durability_is_called_the_largest_gain(capsys: pytest.CaptureFixture[str]) -> None:
    hdd, options = str(MEASUREMENTS / "hdd.json"), ("--db", "mysql", "--db-version", "9.7")
    relaxable = ("--role", "replica", "--no-binary-log")
    out = in_a_line(run(capsys, "report", "--from", hdd, *FEW, *options, *relaxable)[1])
    summary = out[: out.index("The drive: latency and trust")]
    assert "--durability" not in summary
    assert "--durability loses-recent-on-power-loss is not durable: see the cost" in out
    assert "These rates are of clients that commit, as after its promotion" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--role", "replica"), "--role and --cluster need --db"),
        (("--cluster", "galera"), "--role and --cluster need --db"),
        (
            ("--db", "postgresql", "--cluster", "galera"),
            "--cluster galera is for MariaDB, not for PostgreSQL\n"
            "  hint: PostgreSQL has --cluster sync-standby",
        ),
        (
            ("--db", "mysql", "--db", "postgresql", "--cluster", "semi-sync"),
            "--cluster semi-sync is for MySQL and MariaDB, not for PostgreSQL",
        ),
        (
            ("--db", "mysql", "--role", "primary", "--no-binary-log"),
            "--role primary does not go with --no-binary-log: replicas read it",
        ),
        (("--db", "mysql", "--role", "slave"), "'slave' is not one of"),
    ],
)
def test_what_makes_no_sense(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = reported(capsys, *options)
    assert (status, out) == (2, "")
    assert message in err


# A fleet


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three hosts; a group of a cluster, and one of replicas."""
    monkeypatch.chdir(tmp_path)
    for name in ("now", "before"):
        (tmp_path / name).mkdir()
        for host in ("db-01", "db-02", "db-03"):
            (tmp_path / f"{name}/{host}.json").write_text(Path(NVME).read_text())
    (tmp_path / "g.toml").write_text(
        '[shop]\nhosts = ["db-01", "db-02"]\ncluster = "semi-sync"\n'
        '[copies]\nhosts = ["db-03"]\nrole = "replica"\n'
    )
    return tmp_path


def recommended(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    server = ("--db", "mysql", "--db-version", "9.7", "--groups", "g.toml", "--output", "out")
    return run(capsys, "fleet", "recommend", *server, *options, "now")


def test_each_group_is_advised_for_its_own_role_and_cluster(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = recommended(capsys, *RELAXED, "--format", "json")
    assert status == 0
    shop, copies = (group["advice"] for group in json.loads(out)["groups"])
    alone = advised(capsys, *CASES["a relaxed replica"])
    for key in ("role", "role_costs", "role_notes", "cluster"):
        assert copies[key] == alone[key], key
    cluster = advised(capsys, *CASES["semi-sync, relaxed"])["cluster"]
    assert shop["cluster"] == {**cluster, "known_by": "the groups file"}
    assert shop["role"] == "standalone"
    text = (fleet / "out/shop.cnf").read_text()
    assert "# Cluster: semi-synchronous replication (as the groups file says)\n" in text
    assert "\nloose_rpl_semi_sync_source_wait_point = AFTER_SYNC\n" in text
    assert "\nrelay_log_recovery = OFF\n" in text  # as the cluster has it
    text = (fleet / "out/copies.cnf").read_text()
    assert "# Role: replica\n#   Where it " in text
    assert "\nrelay_log_recovery = ON\n" in text  # as a replica has it


def test_the_table_says_it_too(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = in_a_line(recommended(capsys)[1])
    assert "- copies (semi-synchronous replication) survive a crash or a power loss" in shown
    assert "- role: replica" in shown
    assert "relay_log_recovery OFF the cluster (semi-sync) needs it" in shown


def test_what_a_cluster_needs_stands_in_place_of_what_a_replica_is_advised(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = recommended(capsys, "--cluster", "semi-sync", "--format", "json")[1]
    copies = json.loads(out)["groups"][1]
    rows = [each for each in copies["settings"] if each["setting"] == "relay_log_recovery"]
    assert [(each["rendered"], each["how"]) for each in rows] == [
        ("OFF", "the cluster (semi-sync) needs it")
    ]


def test_what_is_typed_counts_for_every_group(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--role", "primary", "--cluster", "group-replication", "--format", "json")
    status, out, _ = recommended(capsys, *options)
    assert status == 0
    for group in json.loads(out)["groups"]:
        told = group["advice"]
        assert (told["role"], told["cluster"]["name"]) == ("primary", "group-replication")
        assert told["cluster"]["known_by"] == "--cluster"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('role = "slave"', "g.toml is no groups file: shop.role: Input should be 'standalone', "),
        ('cluster = "pxc"', "g.toml is no groups file: shop.cluster: Input should be 'galera', "),
        ('cluster = "galera"', "group shop: --cluster galera is for MariaDB, not for MySQL\n"),
    ],
)
def test_a_group_that_cannot_be(
    line: str, message: str, fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / "g.toml").write_text(f'[shop]\nhosts = ["db-01"]\n{line}\n')
    status, _, err = recommended(capsys)
    assert (status, message in err) == (2, True), err
    assert not (fleet / "out").exists()


def test_a_report_on_a_fleet_shows_who_is_what(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("fleet", "report", "now", "--groups", "g.toml")
    told = json.loads(run(capsys, *options, "--format", "json")[1])["groups"]
    assert [(each["name"], each["role"], each["cluster"]) for each in told] == [
        ("shop", None, "semi-sync"),
        ("copies", "replica", None),
    ]
    rows = [line.split() for line in run(capsys, *options)[1].splitlines()]
    assert ["shop", "semi-sync"] in [[row[0], row[-1]] for row in rows if row]
    assert ["copies", "replica"] in [[row[0], row[-1]] for row in rows if row]
    (fleet / "g.toml").write_text('[shop]\nhosts = ["db-01"]\n')
    assert "role, cluster" not in run(capsys, *options)[1]


# The trust of a host, against its earlier result

SUSPICIOUS = (MEASUREMENTS / "raid-cache.json").read_text()
"""Of a disk that rotates, and synced one block at 10,310/s: test_cli.py."""
NOT_DURABLE = (MEASUREMENTS / "tmpfs.json").read_text()


def against_baseline(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    return run(capsys, "fleet", "report", "now", "--baseline", "before", *options)


def test_a_host_that_has_become_suspicious_is_told(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / "now/db-02.json").write_text(SUSPICIOUS)
    status, out, err = against_baseline(capsys)
    said = "1 host is suspicious, and had better trust before: db-02"
    assert status == 3
    assert err.splitlines()[-2:] == [f"fsync-advisor: {said}", "  exit status 3: not trusted"]
    shown = in_a_line(out)
    assert f"{said}." in shown
    assert "db-02 plausible suspicious sda rotates, but synced one block at" in shown
    told = json.loads(against_baseline(capsys, "--format", "json")[1])
    assert told["baseline"]["less_trusted"] == 1
    before = {host["name"]: host["trust_before"] for host in told["hosts"]}
    assert before == dict.fromkeys(("db-01", "db-02", "db-03"), "plausible")


def test_one_that_was_so_before_has_not_changed(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("before", "now"):
        (fleet / f"{name}/db-02.json").write_text(SUSPICIOUS)
    (fleet / "before/db-01.json").unlink()
    (fleet / "now/db-01.json").write_text(SUSPICIOUS)  # with nothing to compare it with
    (fleet / "before/db-03.json").write_text(NOT_DURABLE)  # better now
    status, out, err = against_baseline(capsys)
    assert (status, err, "trust before" in out) == (0, "", False)


# unverifiable is what every virtual disk is: drift makes no finding of it, either.
def test_one_whose_drive_cannot_be_verified_now_is_not_listed(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / "now/db-02.json").write_text((MEASUREMENTS / "cloud-quick.json").read_text())
    told = json.loads(against_baseline(capsys, "--format", "json")[1])
    assert (told["trust"]["unverifiable"], told["baseline"]["less_trusted"]) == (1, 0)


# A sync in memory takes no time at all: whatever is durable is slower, and that says nothing.
@pytest.mark.parametrize("not_durable", ["before", "now"])
def test_the_speed_of_what_keeps_nothing_is_not_compared(
    not_durable: str, fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / f"{not_durable}/db-02.json").write_text(NOT_DURABLE)
    told = json.loads(against_baseline(capsys, "--format", "json")[1])
    counts = {key: told["baseline"][key] for key in ("compared", "slower", "without")}
    assert counts == {"compared": 2, "slower": 0, "without": 1}


def test_one_that_keeps_nothing_any_more_is_listed_and_told_once(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet / "now/db-02.json").write_text(NOT_DURABLE)
    status, out, err = against_baseline(capsys)
    assert status == 3
    assert err.splitlines()[-2] == "fsync-advisor: 1 host is not durable: db-02"
    assert "db-02 plausible not-durable tmpfs keeps files in memory" in in_a_line(out)


# The ids in a fragment


@pytest.mark.parametrize(
    ("rule_id", "said"),
    [
        ("innodb.binlog_format.galera", "  value: ROW\n"),
        ("innodb.relay_log_recovery.semi-sync", "  value: False\n"),
        ("innodb.rpl_semi_sync_master_wait_point.semi-sync", "  value: AFTER_SYNC\n"),
    ],
)
def test_a_rule_of_a_cluster_is_shown(
    rule_id: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "rules", "show", rule_id)
    assert (status, out.startswith(f"{rule_id}\n"), said in out) == (0, True, True)
    assert "\n  reason: " in out
    assert "\n  sources:\n    https://" in out or "\n  sources:\n    measured: " in out
    status, out, _ = run(capsys, "rules", "show", rule_id, "--format", "json")
    assert (status, json.loads(out)["name"]) == (0, rule_id.split(".")[1])


@pytest.mark.parametrize(
    "rule_id",
    [
        "innodb.fsync.galera",
        "postgresql.binlog_format.galera",
        "innodb.binlog_format.pxc",
        "galera",
    ],
)
def test_what_no_cluster_needs_is_no_rule(rule_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "rules", "show", rule_id)
    assert (status, "there is no rule or setting" in err) == (2, True)


# A guided run


def state_of(vendor: VendorName, settings: Mapping[str, str]) -> ServerState:
    found = {
        name: EffectiveSetting(
            name, value, origin="file", place="/etc/my.cnf:2", written=WrittenValue(value)
        )
        for name, value in settings.items()
    }
    return ServerState(vendor, {"mariadb": (11, 8), "postgresql": (18,)}.get(vendor, (9, 7)), found)


# server_id is the servers' own word: two that replicate must differ in it. primary_conninfo is what
# pg_basebackup -R writes, and '' its default.
@pytest.mark.parametrize(
    ("vendor", "settings", "sign"),
    [
        ("mysql", {"server_id": "7"}, "server_id"),
        ("mariadb", {"server_id": "1"}, "server_id"),
        ("mariadb", {"log_bin": "on"}, ""),
        ("postgresql", {"primary_conninfo": "host=a"}, "primary_conninfo"),
        ("postgresql", {"primary_conninfo": ""}, ""),
        ("postgresql", {"server_id": "7"}, ""),
    ],
)
def test_what_shows_that_another_may_have_the_same_data(
    vendor: VendorName, settings: Mapping[str, str], sign: str
) -> None:
    assert sign_of_replication(state_of(vendor, settings)) == sign


def proposed(
    vendor: VendorName, role: Role, cluster: ClusterName, settings: Mapping[str, str]
) -> dict[str, tuple[str, str, bool, str]]:
    state = state_of(vendor, settings)
    knowledge = knowledge_for(vendor, role, cluster)
    request = Request(vendor, state.version, "as given", role=role, cluster=cluster)
    advice = advise(stored("nvme-consumer"), request, knowledge)
    return {
        each.advised.setting: (each.group, each.now, each.is_better, each.place)
        for each in proposals(state, knowledge.settings, advice.settings)
    }


# An audit has checks of its own for what a cluster needs, and judges by the rules of profiles/.
def test_an_audit_is_the_same_whether_or_not_the_cluster_s_settings_are_known() -> None:
    state = state_of("mysql", {"relay_log_recovery": "ON"})
    request = Request("mysql", (9, 7), "as given", role="replica", cluster="semi-sync")
    audits = [
        run_audit(state, request, knowledge_for("mysql", "replica", cluster), stored("nvme-plp"))
        for cluster in (None, "semi-sync")
    ]
    assert audits[0] == audits[1]


# MySQL 9.7: rpl_semi_sync_source_wait_point is AFTER_SYNC by default, relay_log_recovery OFF.
def test_what_a_cluster_needs_is_proposed_beside_what_there_is() -> None:
    as_it_is = proposed("mysql", "replica", "semi-sync", {})
    assert as_it_is["rpl_semi_sync_source_wait_point"] == ("commit", "AFTER_SYNC", False, "")
    assert as_it_is["relay_log_recovery"] == ("replication", "OFF", False, "")
    given = {"rpl_semi_sync_source_wait_point": "AFTER_COMMIT", "relay_log_recovery": "0"}
    set_ = proposed("mysql", "replica", "semi-sync", given)
    place = "/etc/my.cnf:2"
    assert set_["rpl_semi_sync_source_wait_point"] == ("commit", "AFTER_COMMIT", True, place)
    assert set_["relay_log_recovery"] == ("replication", "0", False, place)
