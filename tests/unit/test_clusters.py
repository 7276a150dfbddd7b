"""Clusters: what is said of durability by copies, the settings that they need, how a server is told
to be a part of one, and what is wrong with it.

Typed by hand: defaults and meanings from the manuals that profiles/clusters/ names; settings and
status as MySQL 9.7, MariaDB 11.8 and PostgreSQL 19 show them (tests/servers/test_copies.py).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from advisor.advise import advise
from advisor.audit.clusters import PartOf
from advisor.audit.findings import SEVERITIES, Audit, Finding
from advisor.audit.run import run_audit
from advisor.commands.source import knowledge_for
from advisor.errors import AdvisorError
from advisor.knowledge import load_cluster, load_clusters
from advisor.output.cluster import cluster_summary
from advisor.output.fragment import render_fragment
from advisor.request import Request
from advisor.roles import Role
from advisor.rules.clusters import Cluster, ClusterCheck, advice_for_cluster, recognise_cluster
from advisor.rules.shown import Seen
from advisor.server_state import EffectiveSetting, ServerState
from advisor.vendors.answers import Rows
from advisor.vendors.copies import (
    GROUP_MEMBERS_SQL,
    STANDBYS_SQL,
    STATUS_SQL,
    innodb_copies,
    postgresql_copies,
)
from advisor.vendors.forms import FormName
from advisor.vendors.names import ClusterName, VendorName
from advisor.versions import parse_version
from tests.support.command_line import run
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

Capture = pytest.CaptureFixture[str]

NVME: Final = str(MEASUREMENTS / "nvme-consumer.json")


def fragment_of(
    name: ClusterName, vendor: VendorName, version: str, form: FormName = "conf", **request: Any
) -> str:
    asked = Request(vendor, parse_version(version), "as given", cluster=name, **request)
    advice = advise(stored("nvme-consumer"), asked, knowledge_for(vendor))
    return render_fragment(advice_for_cluster(advice, load_cluster(name)), form=form)


def lines_of(fragment: str) -> set[str]:
    return {line for line in fragment.splitlines() if line and line[0] not in "#["}


# The advice


@pytest.mark.parametrize(
    ("name", "vendor", "version", "written"),
    [
        (
            "semi-sync",
            "mysql",
            "9.7",
            {
                "loose_rpl_semi_sync_source_wait_point = AFTER_SYNC",
                "relay_log_recovery = OFF",
            },
        ),
        (
            "semi-sync",
            "mysql",
            "8.0.25",
            {
                "loose_rpl_semi_sync_master_wait_point = AFTER_SYNC",
                "relay_log_recovery = OFF",
            },
        ),
        # Built in, so that every server takes it.
        (
            "semi-sync",
            "mariadb",
            "11.8",
            {"rpl_semi_sync_master_wait_point = AFTER_SYNC"},
        ),
        ("galera", "mariadb", "11.8", {"binlog_format = ROW", "innodb_autoinc_lock_mode = 2"}),
        ("group-replication", "mysql", "9.7", set()),
        ("sync-standby", "postgresql", "17", set()),
    ],
)
def test_a_fragment_has_what_the_copies_need(
    name: ClusterName, vendor: VendorName, version: str, written: set[str]
) -> None:
    alone = advise(
        stored("nvme-consumer"),
        Request(vendor, parse_version(version), "as given"),
        knowledge_for(vendor),
    )
    found = lines_of(fragment_of(name, vendor, version))
    assert found - lines_of(render_fragment(alone)) == written
    assert lines_of(render_fragment(alone)) <= found


@pytest.mark.parametrize(
    ("name", "vendor", "parts"),
    [
        (
            "galera",
            "mariadb",
            ["safe_to_bootstrap: 1", "--wsrep-recover", "IST", "SST", "pc.recovery", "Jepsen"],
        ),
        (
            "group-replication",
            "mysql",
            ["group_replication_bootstrap_group = ON", "gtid_executed", "distributed recovery"],
        ),
        ("semi-sync", "mysql", ["rpl_semi_sync_source_timeout (10000 ms)", "make it anew"]),
        (
            "semi-sync",
            "mariadb",
            ["rpl_semi_sync_master_timeout (10000 ms)", "--init-rpl-role=SLAVE"],
        ),
        ("sync-standby", "postgresql", ["remote_write", "pg_rewind", "without end"]),
    ],
)
def test_the_head_says_what_it_survives_and_what_not(
    name: ClusterName, vendor: VendorName, parts: list[str]
) -> None:
    version = {"mysql": "9.7", "mariadb": "11.8", "postgresql": "17"}[vendor]
    head = fragment_of(name, vendor, version).split("# Proof:")[0]
    told = [line.split(":")[0] for line in head.splitlines()[head.count("\n") :: -1]]
    for what in ("survives", "does not survive", "afterwards", "never relaxed", "left to you"):
        assert f"#   {what}" in told, what
    for part in (*parts, "https://"):
        assert part in head
    assert "#   relaxed" not in told  # durable: nothing is


def test_what_is_lost_when_relaxed_is_said_where_it_is_offered_and_where_it_is_chosen() -> None:
    text = "a power loss of one node takes its last second, and the others give it back"
    durable = fragment_of("galera", "mariadb", "11.8")
    assert f"#   in this cluster: {text}" in durable
    relaxed = fragment_of("galera", "mariadb", "11.8", durability="loses-recent-on-power-loss")
    assert f"#   relaxed: {text}" in relaxed
    assert "innodb_flush_log_at_trx_commit = 2" in lines_of(relaxed)
    assert "innodb_flush_log_at_trx_commit = 1" in lines_of(durable)


def test_a_standby_does_not_help_who_does_not_wait_for_it() -> None:
    offer = fragment_of("sync-standby", "postgresql", "17")
    assert "#   in this cluster: synchronous_commit = off waits for no standby either" in offer
    off = fragment_of("sync-standby", "postgresql", "17", durability="loses-recent-on-crash")
    assert "synchronous_commit = off" in lines_of(off)
    assert "#   relaxed: loses-recent-on-crash: synchronous_commit = off waits for no" in off


def test_what_is_lost_is_said_of_the_class_that_loses_it() -> None:
    told = load_cluster("sync-standby").durability_of("postgresql", (17,))
    assert told.lost_when_relaxed("loses-recent-on-power-loss") == ""
    assert told.lost_when_relaxed("loses-recent-on-crash").startswith("synchronous_commit = off")


# tests/powercut/README.md: a MySQL 9.7 replica by GTID with a binary log, 20 cuts: a gap in 7 with
# 2 and sync_binlog = 100, in none with 1 and sync_binlog = 0.
@pytest.mark.parametrize("name", ["group-replication", "semi-sync"])
@pytest.mark.parametrize("role", ["standalone", "primary", "replica"])
def test_a_relaxed_member_relaxes_its_binary_log_alone(name: ClusterName, role: Role) -> None:
    relaxed = fragment_of(
        name, "mysql", "9.7", durability="loses-recent-on-power-loss", role=role, log_bin=True
    )
    assert "\ninnodb_flush_log_at_trx_commit = 1\n" in relaxed
    assert "\nsync_binlog = 100\n" in relaxed
    assert "the end of its binary log" in relaxed
    for untrue in ("lack transactions for good", "GTIDs do not tell", "gives it back"):
        assert untrue not in relaxed
    assert "Make the replicas anew from it" not in relaxed  # what the cluster's file says counts


@pytest.mark.parametrize("name", ["group-replication", "semi-sync"])
def test_a_member_whose_tables_are_not_flushed_is_to_be_made_anew(name: ClusterName) -> None:
    told = load_cluster(name).durability_of(
        "mysql",
        (9, 7),
        "loses-recent-on-power-loss",
        shown={
            "innodb_flush_log_at_trx_commit": "2",
            "sync_binlog": "100",
            "logs_what_it_applies": "yes",
        },
    )
    (lost,) = told.relaxed
    assert "may lack transactions for good, and nothing tells" in lost.says
    if name == "group-replication":
        assert any("their GTIDs do not tell which" in each.says for each in told.afterwards)
        assert not any("compare gtid_executed, and begin" in each.says for each in told.afterwards)


def test_only_what_a_standby_waits_for_survives() -> None:
    off = fragment_of("sync-standby", "postgresql", "17", durability="loses-recent-on-crash")
    assert "#   survives" not in off
    assert "#   acknowledged: a commit is answered before its WAL is flushed" in off
    on = fragment_of("sync-standby", "postgresql", "17", durability="loses-recent-on-power-loss")
    assert on.count("#   survives: ") == 2  # which relaxes nothing there
    assert "#   relaxed" not in on


def test_the_standby_to_promote_is_told_by_what_it_has_replayed() -> None:
    """pg_last_wal_receive_lsn() is NULL after a restart without a primary: functions-admin."""
    (first, _) = load_cluster("sync-standby").durability_of("postgresql", (17,)).afterwards
    assert "promote the one where it is the largest" in first.says
    assert first.says.index("pg_last_wal_replay_lsn()") < first.says.index("promote the one")


@pytest.mark.parametrize(
    ("name", "version", "there", "missing"),
    [
        ("semi-sync", "8.0.25", "rpl_semi_sync_master_timeout", "rpl_semi_sync_source"),
        ("semi-sync", "8.0.26", "rpl_semi_sync_source_timeout", "rpl_semi_sync_master"),
        ("group-replication", "5.7", "log_slave_updates", "group_replication_consistency"),
        ("group-replication", "5.7", "distributed recovery", "as a clone"),
        ("group-replication", "8.0.26", "log_replica_updates", "log_slave_updates"),
    ],
)
def test_names_are_those_of_the_version(
    name: ClusterName, version: str, there: str, missing: str
) -> None:
    head = fragment_of(name, "mysql", version).split("# Proof:")[0]
    assert there in head
    assert missing not in head.replace("Rpl_semi", "rpl_semi")


def test_a_screen_says_what_relaxed_copies_lose() -> None:
    told = load_cluster("group-replication").durability_of("mysql", (9, 7))
    survive, lose = cluster_summary(told, "durable")
    assert survive.startswith("copies (Group Replication) survive a crash or a power loss of one")
    assert lose.startswith("they do not survive ")
    *_, lost = cluster_summary(told, "loses-recent-on-power-loss")
    assert lost.startswith("copies (Group Replication), relaxed: a member that lost power may lack")


SEMI_SYNC_REPLICA: Final = (
    *("mysql", "--db-version", "5.7", "--cluster", "semi-sync", "--role", "replica"),
)


@pytest.mark.parametrize(
    ("options", "syncs"),
    [
        (("mariadb", "--db-version", "11.8", "--cluster", "semi-sync"), 2),
        (("mariadb", "--db-version", "11.8", "--cluster", "semi-sync", "--role", "replica"), 2),
        ((*SEMI_SYNC_REPLICA, "--no-binary-log"), 1),
        (SEMI_SYNC_REPLICA, 2),
        (("mariadb", "--db-version", "11.8", "--cluster", "galera"), 1),
        (("mariadb", "--db-version", "11.8", "--role", "primary"), 2),
        (("mysql", "--db-version", "5.7", "--cluster", "group-replication"), 2),
        (("mysql", "--db-version", "5.7", "--cluster", "semi-sync"), 2),
        (("mysql", "--db-version", "5.7"), 1),
    ],
)
def test_who_has_replicas_writes_a_binary_log(
    capsys: Capture, options: tuple[str, ...], syncs: int
) -> None:
    asked = ("recommend", "--from", NVME, "--quiet", "--format", "json", "--db", *options)
    status, out, _ = run(capsys, *asked)
    assert status == 0
    assert json.loads(out)["capacity"]["commit_syncs"] == syncs


@pytest.mark.parametrize(
    "needs", [("--cluster", "group-replication"), ("--cluster", "semi-sync"), ("--role", "primary")]
)
def test_replicas_of_no_binary_log_are_refused(capsys: Capture, needs: tuple[str, str]) -> None:
    asked = ("recommend", "--from", NVME, "--db", "mysql", "--db-version", "8.4")
    status, _, err = run(capsys, *asked, *needs, "--no-binary-log")
    assert status == 2
    assert f"{' '.join(needs)} does not go with --no-binary-log" in err


@pytest.mark.parametrize("shown", ["ON", "OFF"])
@pytest.mark.parametrize(
    ("vendor", "semi", "findings"),
    [
        ("mysql", "rpl_semi_sync_replica_enabled", {"ON": ["OFF"], "OFF": []}),
        ("mariadb", "rpl_semi_sync_slave_enabled", {"ON": [], "OFF": ["ON"]}),
    ],
)
def test_relay_log_recovery_is_wanted_in_one_way(
    capsys: Capture,
    tmp_path: Path,
    shown: str,
    vendor: VendorName,
    semi: str,
    findings: dict[str, list[str]],
) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(f"[mysqld]\n{semi} = ON\nrelay_log_recovery = {shown}\n")
    version = {"mysql": "9.7", "mariadb": "11.8"}[vendor]
    asked = ("audit", "--config", config, "--db", vendor, "--db-version", version, "--quiet")
    _, out, _ = run(capsys, *asked, "--role", "replica", "--format", "json")
    found = [one for one in json.loads(out)["findings"] if one["setting"] == "relay_log_recovery"]
    assert [one["recommended"] for one in found] == findings[shown]


def test_a_commit_that_waits_for_a_standby_says_so() -> None:
    text = fragment_of("sync-standby", "postgresql", "17")
    assert "postgresql.synchronous_commit.wait-for-the-standby" in text
    alone = advise(
        stored("nvme-consumer"),
        Request("postgresql", parse_version("17"), "as given"),
        knowledge_for("postgresql"),
    )
    assert "postgresql.synchronous_commit.wait-for-the-flush" in render_fragment(alone)


@pytest.mark.parametrize(
    ("form", "vendor", "line"),
    [
        (
            "sql",
            "mysql",
            "-- NOT SET HERE: rpl_semi_sync_source_wait_point = AFTER_SYNC; only a server that has"
            " loaded its plugin takes it: it belongs into an option file (--format conf).",
        ),
        ("sql", "mysql", "SET PERSIST_ONLY relay_log_recovery = OFF;"),
        ("sql", "mariadb", "SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC';"),
        ("compose", "mysql", '      - "--loose-rpl-semi-sync-source-wait-point=AFTER_SYNC"'),
        ("percona", "mysql", "      loose_rpl_semi_sync_source_wait_point = AFTER_SYNC"),
        ("percona", "mysql", "# loose_rpl_semi_sync_source_wait_point = AFTER_SYNC"),
    ],
)
def test_a_plugins_option_stops_no_server_in_any_form(
    form: FormName, vendor: VendorName, line: str
) -> None:
    version = {"mysql": "9.7", "mariadb": "11.8"}[vendor]
    assert line in fragment_of("semi-sync", vendor, version, form).splitlines()


def test_json_has_all_of_it(capsys: Capture) -> None:
    asked = ("recommend", "--db", "mariadb", "--db-version", "11.8", "--from", NVME)
    status, out, _ = run(capsys, *asked, "--cluster", "galera", "--format", "json")
    assert status == 0
    cluster = json.loads(out)["cluster"]
    assert cluster["name"] == "galera"
    assert cluster["known_by"] == "--cluster"
    for key in (
        "acknowledged",
        "survives",
        "does_not_survive",
        "afterwards",
        "relaxed",
        "never_relaxed",
        "left_to_you",
    ):
        assert cluster[key], key
        for statement in cluster[key]:
            assert statement["says"]
            assert all(
                source.startswith(("https://", "measured: ")) for source in statement["sources"]
            )
    never = [each["about"] for each in cluster["never_relaxed"]]
    assert any("innodb_doublewrite" in each for each in never)
    _, out, _ = run(capsys, *asked, "--format", "json")
    assert json.loads(out)["cluster"] is None


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ("--cluster", "galera", "--db", "postgresql"),
            "--cluster galera is for MariaDB, not for PostgreSQL",
        ),
        (
            ("--cluster", "galera", "--db", "mysql"),
            "--cluster galera is for MariaDB, not for MySQL",
        ),
        (
            ("--cluster", "group-replication", "--db", "mariadb"),
            "--cluster group-replication is for MySQL, not for MariaDB",
        ),
        (
            ("--cluster", "sync-standby", "--db", "mysql"),
            "--cluster sync-standby is for PostgreSQL, not for MySQL",
        ),
        (
            ("--cluster", "semi-sync", "--db", "postgresql"),
            "--cluster semi-sync is for MySQL and MariaDB, not for PostgreSQL",
        ),
        (
            ("--cluster", "semi-sync", "--db", "mysql", "--bulk-load"),
            "--cluster does not go with --bulk-load",
        ),
        (
            ("--cluster", "semi-sync", "--db", "mysql", "--db-version", "8.4", "--service", "rds"),
            "--cluster does not go with --service",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_else(
    capsys: Capture, options: tuple[str, ...], line: str
) -> None:
    status, out, err = run(capsys, "recommend", "--from", NVME, *options)
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == f"fsync-advisor: {line}"


def test_an_audit_refuses_the_same(capsys: Capture, tmp_path: Path) -> None:
    config = tmp_path / "my.cnf"
    config.write_text("[mysqld]\nsync_binlog = 1\n")
    asked = ("audit", "--config", config, "--db", "mysql", "--cluster", "sync-standby")
    status, out, err = run(capsys, *asked)
    assert (status, out) == (2, "")
    assert "--cluster sync-standby is for PostgreSQL, not for MySQL" in err
    assert "MySQL has --cluster group-replication or --cluster semi-sync" in err


# The audit


def state_of(
    vendor: VendorName, settings: dict[str, str], copies: dict[str, str] | None = None
) -> ServerState:
    version = {"mysql": "9.7", "mariadb": "11.8", "postgresql": "19"}[vendor]
    return ServerState(
        vendor,
        parse_version(version),
        {name: EffectiveSetting(name, value) for name, value in settings.items()},
        copies=copies or {},
    )


SEMI_SYNC: Final = {
    "rpl_semi_sync_source_enabled": "ON",
    "rpl_semi_sync_source_timeout": "10000",
    "rpl_semi_sync_source_wait_point": "AFTER_SYNC",
    "innodb_flush_log_at_trx_commit": "1",
    "sync_binlog": "1",
}
WAITING: Final = {"rpl_semi_sync_source_status": "ON", "rpl_semi_sync_source_clients": "1"}
MASTER: Final = {
    "rpl_semi_sync_master_enabled": "ON",
    "rpl_semi_sync_master_timeout": "10000",
    "rpl_semi_sync_master_wait_point": "AFTER_SYNC",
    "rpl_semi_sync_slave_enabled": "OFF",
    "log_bin": "ON",
    "sync_binlog": "1",
}
MASTER_WAITS: Final = {
    "rpl_semi_sync_master_status": "ON",
    "rpl_semi_sync_master_clients": "1",
    "rpl_semi_sync_slave_status": "OFF",
}
REPLICA: Final = {
    "rpl_semi_sync_replica_enabled": "ON",
    "sync_relay_log": "1",
    "relay_log_recovery": "OFF",
}
SLAVE: Final = {
    "rpl_semi_sync_slave_enabled": "ON",
    "sync_relay_log": "1",
    "relay_log_recovery": "OFF",
}
GALERA: Final = {
    "wsrep_on": "ON",
    "wsrep_provider": "/usr/lib/galera/libgalera_smm.so",
    "wsrep_provider_options": "base_dir = /d; pc.recovery = true; repl.commit_order = 3;",
    "binlog_format": "ROW",
    "innodb_autoinc_lock_mode": "2",
}
PRIMARY: Final = {"wsrep_cluster_status": "Primary", "wsrep_cluster_size": "3"}
GROUP: Final = {
    "group_replication_group_name": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
    "group_replication_group_seeds": "a:33061,b:33061,c:33061",
    "group_replication_bootstrap_group": "OFF",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
}
GR: Final[ClusterName] = "group-replication"
ONLINE: Final = {
    "group_member_state": "ONLINE",
    "group_members": "3",
    "group_members_online": "3",
}
STANDBY: Final = {"synchronous_standby_names": "FIRST 1 (a, b)", "synchronous_commit": "on"}
CONNECTED: Final = {"standbys": "1", "sync_standbys": "1"}


@pytest.mark.parametrize(
    ("vendor", "settings", "name", "known_by"),
    [
        ("mysql", SEMI_SYNC, "semi-sync", "rpl_semi_sync_source_enabled = ON"),
        ("mysql", REPLICA, "semi-sync", "rpl_semi_sync_replica_enabled = ON"),
        ("mysql", MASTER, "semi-sync", "rpl_semi_sync_master_enabled = ON"),
        ("mariadb", MASTER, "semi-sync", "rpl_semi_sync_master_enabled = ON"),
        ("mariadb", SLAVE, "semi-sync", "rpl_semi_sync_slave_enabled = ON"),
        (
            "mariadb",
            {"rpl_semi_sync_master_enabled": "1"},
            "semi-sync",
            "rpl_semi_sync_master_enabled = 1",
        ),
        ("mariadb", GALERA, "galera", "wsrep_on = ON"),
        (
            "mysql",
            GROUP,
            "group-replication",
            "group_replication_group_name = aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
        ),
        (
            "postgresql",
            STANDBY,
            "sync-standby",
            "synchronous_standby_names = FIRST 1 (a, b)",
        ),
    ],
)
def test_a_cluster_is_told_by_the_servers_own_settings(
    vendor: VendorName, settings: dict[str, str], name: str, known_by: str
) -> None:
    found = recognise_cluster(load_clusters(), state_of(vendor, settings))
    assert found is not None
    assert (found[0].name, found[1]) == (name, known_by)


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [
        ("mysql", {"rpl_semi_sync_source_enabled": "OFF", "rpl_semi_sync_replica_enabled": "OFF"}),
        ("mysql", {"group_replication_group_name": ""}),
        ("mariadb", {"wsrep_on": "OFF", "wsrep_provider": "none"}),
        ("mariadb", {"wsrep_on": "ON", "wsrep_provider": "none"}),
        ("mariadb", {"wsrep_on": "ON"}),
        ("postgresql", {"synchronous_standby_names": ""}),
        ("postgresql", {}),
        # Another's name means nothing here.
        ("mysql", {"synchronous_standby_names": "a"}),
        ("mysql", GALERA),
    ],
)
def test_a_server_that_stands_alone_is_told_to_be_nothing(
    vendor: VendorName, settings: dict[str, str]
) -> None:
    assert recognise_cluster(load_clusters(), state_of(vendor, settings)) is None


def audit_of(name: ClusterName, state: ServerState) -> Audit:
    request = Request(state.vendor, state.version, "as it says", cluster=name)
    part_of = PartOf(load_cluster(name), "--cluster")
    found, _ = run_audit(state, request, knowledge_for(state.vendor), None, part_of=part_of)
    assert found.cluster is not None
    assert found.cluster.name == name
    return found


def audited(name: ClusterName, state: ServerState) -> tuple[Finding, ...]:
    return audit_of(name, state).findings


def shown(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, str]]:
    return [(one.severity, one.setting, one.current, one.recommended) for one in findings]


@pytest.mark.parametrize(
    ("name", "vendor", "settings", "copies"),
    [
        ("semi-sync", "mysql", SEMI_SYNC, WAITING),
        ("semi-sync", "mysql", REPLICA, {"rpl_semi_sync_replica_status": "ON"}),
        ("semi-sync", "mariadb", MASTER, MASTER_WAITS),
        ("semi-sync", "mariadb", SLAVE, {}),
        ("galera", "mariadb", GALERA, PRIMARY),
        ("group-replication", "mysql", GROUP, ONLINE),
        ("sync-standby", "postgresql", STANDBY, CONNECTED),
        # Nothing is known of the status, and nothing is made of that.
        ("semi-sync", "mysql", SEMI_SYNC, {}),
        ("sync-standby", "postgresql", STANDBY, {}),
        ("sync-standby", "postgresql", STANDBY, {"standbys": "1"}),
        # A standby's own names count when it is promoted; any names may be waited for.
        (
            "sync-standby",
            "postgresql",
            {"synchronous_standby_names": "", "primary_conninfo": "host=x"},
            {},
        ),
        ("sync-standby", "postgresql", {"synchronous_standby_names": "ANY 3 (*)"}, {}),
        ("sync-standby", "postgresql", {"synchronous_standby_names": 'a, "b-2"'}, {}),
        ("sync-standby", "postgresql", {"synchronous_standby_names": "*"}, {}),
        (
            "group-replication",
            "mysql",
            {**GROUP, "group_replication_group_seeds": "a:33061,b:33061,c:33061"},
            {},
        ),
        # Of those that run, their own count is better.
        ("group-replication", "mysql", {**GROUP, "group_replication_group_seeds": "a:1"}, ONLINE),
        ("group-replication", "mysql", {**GROUP, "group_replication_group_seeds": ""}, ONLINE),
        ("semi-sync", "mysql", {**SEMI_SYNC, "rpl_semi_sync_source_timeout": "86399999"}, {}),
        ("galera", "mariadb", {**GALERA, "wsrep_cluster_address": "gcomm://a,b,c"}, {}),
        # Of those that run, their own count is better.
        ("galera", "mariadb", {**GALERA, "wsrep_cluster_address": "gcomm://a,b"}, PRIMARY),
        (
            "galera",
            "mariadb",
            {**GALERA, "default_storage_engine": "Aria", "wsrep_mode": "REPLICATE_ARIA"},
            {},
        ),
        ("semi-sync", "mysql", {**SEMI_SYNC, "rpl_semi_sync_source_timeout": "200"}, {}),
        # By file and position it needs that after a crash.
        ("semi-sync", "mysql", {**REPLICA, "relay_log_recovery": "ON", "gtid_mode": "OFF"}, {}),
        # Who is there connects by another way.
        ("semi-sync", "mysql", {**SEMI_SYNC, "bind_address": "127.0.0.1"}, WAITING),
        ("sync-standby", "postgresql", {**STANDBY, "listen_addresses": ""}, CONNECTED),
        # Another server's names.
        (
            "semi-sync",
            "mariadb",
            {**MASTER, **SEMI_SYNC},
            {**MASTER_WAITS, "rpl_semi_sync_source_status": "OFF"},
        ),
        # Ready for both roles, and a replica at the moment.
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, **REPLICA},
            {
                "rpl_semi_sync_source_status": "OFF",
                "rpl_semi_sync_source_clients": "0",
                "rpl_semi_sync_replica_status": "ON",
            },
        ),
        (
            "semi-sync",
            "mariadb",
            {**MASTER, **SLAVE},
            {
                "rpl_semi_sync_master_status": "ON",
                "rpl_semi_sync_master_clients": "0",
                "rpl_semi_sync_slave_status": "ON",
            },
        ),
    ],
)
def test_nothing_is_wrong_where_nothing_is(
    name: ClusterName, vendor: VendorName, settings: dict[str, str], copies: dict[str, str]
) -> None:
    assert shown(audited(name, state_of(vendor, settings, copies))) == []


@pytest.mark.parametrize(
    ("name", "vendor", "settings", "copies", "finding"),
    [
        (
            "semi-sync",
            "mysql",
            SEMI_SYNC,
            {**WAITING, "rpl_semi_sync_source_status": "OFF"},
            ("data-loss", "rpl_semi_sync_source_status", "OFF", "ON"),
        ),
        (
            "semi-sync",
            "mariadb",
            MASTER,
            {**MASTER_WAITS, "rpl_semi_sync_master_status": "OFF"},
            ("data-loss", "rpl_semi_sync_master_status", "OFF", "ON"),
        ),
        (
            "semi-sync",
            "mysql",
            SEMI_SYNC,
            {**WAITING, "rpl_semi_sync_source_clients": "0"},
            ("data-loss", "rpl_semi_sync_source_clients", "0", "1"),
        ),
        (
            "semi-sync",
            "mariadb",
            MASTER,
            {**MASTER_WAITS, "rpl_semi_sync_master_clients": "0"},
            ("data-loss", "rpl_semi_sync_master_clients", "0", "1"),
        ),
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_wait_point": "AFTER_COMMIT"},
            WAITING,
            ("data-loss", "rpl_semi_sync_source_wait_point", "AFTER_COMMIT", "AFTER_SYNC"),
        ),
        (
            "semi-sync",
            "mariadb",
            {**MASTER, "rpl_semi_sync_master_wait_point": "AFTER_COMMIT"},
            MASTER_WAITS,
            ("data-loss", "rpl_semi_sync_master_wait_point", "AFTER_COMMIT", "AFTER_SYNC"),
        ),
        (
            "semi-sync",
            "mariadb",
            {"rpl_semi_sync_master_enabled": "ON", "log_bin": "ON", "sync_binlog": "1"},
            {},
            ("data-loss", "rpl_semi_sync_master_wait_point", "AFTER_COMMIT", "AFTER_SYNC"),
        ),
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "log_bin": "OFF"},
            {},
            ("data-loss", "log_bin", "OFF", "ON"),
        ),
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_wait_point": "AFTER_SINC"},
            {},
            ("prevents-start", "rpl_semi_sync_source_wait_point", "AFTER_SINC", "AFTER_SYNC"),
        ),
        (
            "galera",
            "mariadb",
            {name: GALERA[name] for name in GALERA if name != "binlog_format"},
            {},
            ("prevents-start", "binlog_format", "MIXED", "ROW"),
        ),
        (
            "galera",
            "mariadb",
            {name: GALERA[name] for name in GALERA if name != "innodb_autoinc_lock_mode"},
            {},
            ("note", "innodb_autoinc_lock_mode", "1", "2"),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "wsrep_cluster_address": "gcomm://"},
            {},
            (
                "data-loss",
                "wsrep_cluster_address",
                "gcomm://",
                "gcomm:// and the nodes' addresses",
            ),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "wsrep_provider_options": "pc.ignore_sb = true"},
            {},
            (
                "data-loss",
                "wsrep_provider_options",
                "pc.ignore_sb = true",
                "pc.ignore_sb = false",
            ),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "log_bin": "OFF"},
            {},
            ("data-loss", "log_bin", "OFF", "ON"),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "gtid_mode": "OFF"},
            {},
            ("data-loss", "gtid_mode", "OFF", "ON"),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "log_replica_updates": "OFF", "log_slave_updates": "OFF"},
            {},
            ("data-loss", "log_replica_updates", "OFF", "ON"),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "log_slave_updates": "OFF"},
            {},
            ("data-loss", "log_slave_updates", "OFF", "ON"),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "binlog_format": "STATEMENT"},
            {},
            ("data-loss", "binlog_format", "STATEMENT", "ROW"),
        ),
        (
            "sync-standby",
            "postgresql",
            {},
            {},
            ("data-loss", "synchronous_standby_names", "", "the standbys' names"),
        ),
        (
            "sync-standby",
            "postgresql",
            {"synchronous_standby_names": "ANY 3 (a,b)"},
            {},
            (
                "outage",
                "synchronous_standby_names",
                "ANY 3 (a,b)",
                "as many names as it waits for",
            ),
        ),
        *(
            (
                "sync-standby",
                "postgresql",
                {"synchronous_standby_names": text},
                {},
                (
                    "prevents-start",
                    "synchronous_standby_names",
                    text,
                    "ANY or FIRST, a number, and names in parentheses",
                ),
            )
            for text in ("ANY (a,b", "ANY 0 (a)", "a b", "node-1", "2 (a", "first", "FIRST 1 a")
        ),
        # AFTER_SYNC is not to be had there: one finding, not two.
        (
            "semi-sync",
            "mariadb",
            {
                **MASTER,
                "rpl_semi_sync_master_wait_point": "AFTER_COMMIT",
                "binlog_storage_engine": "innodb",
            },
            MASTER_WAITS,
            ("data-loss", "binlog_storage_engine", "innodb", ""),
        ),
        (
            "semi-sync",
            "mysql",
            {**REPLICA, "relay_log_recovery": "ON"},
            {},
            ("data-loss", "relay_log_recovery", "ON", "OFF"),
        ),
        (
            "semi-sync",
            "mysql",
            {"rpl_semi_sync_slave_enabled": "ON", "relay_log_recovery": "ON"},
            {},
            ("data-loss", "relay_log_recovery", "ON", "OFF"),
        ),
        # The largest value that MySQL 9.7 and MariaDB 11.8 take, and a day in ms.
        *(
            (
                "semi-sync",
                vendor,
                {**settings, f"rpl_semi_sync_{name}_timeout": timeout},
                {},
                (
                    "note",
                    f"rpl_semi_sync_{name}_timeout",
                    timeout,
                    "as long as you can wait",
                ),
            )
            for vendor, settings, name in (
                ("mysql", SEMI_SYNC, "source"),
                ("mariadb", MASTER, "master"),
            )
            for timeout in ("18446744073709551615", "86400000")
        ),
        # The manual: each of the standbys named is waited for.
        *(
            (
                "sync-standby",
                "postgresql",
                {"synchronous_standby_names": names},
                {},
                (
                    "note",
                    "synchronous_standby_names",
                    names,
                    "one name more than it waits for",
                ),
            )
            for names in ("s1", "FIRST 2 (a, b)", "ANY 1 (a)")
        ),
        (
            "group-replication",
            "mysql",
            {},
            {},
            ("data-loss", "group_replication_group_name", "", "the group's UUID"),
        ),
        # START GROUP_REPLICATION of MySQL 9.7 failed so.
        (
            "group-replication",
            "mysql",
            {**GROUP, "group_replication_group_seeds": ""},
            {},
            (
                "data-loss",
                "group_replication_group_seeds",
                "",
                "the addresses of three members",
            ),
        ),
        *(
            (
                "group-replication",
                "mysql",
                {**GROUP, "group_replication_group_seeds": seeds},
                {},
                (
                    "note",
                    "group_replication_group_seeds",
                    seeds,
                    "the addresses of three members",
                ),
            )
            for seeds in ("a:33061", "a:33061, b:33061")
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "wsrep_cluster_address": "gcomm://a"},
            {},
            ("note", "wsrep_cluster_address", "gcomm://a", "the addresses of three nodes"),
        ),
        (
            "galera",
            "mariadb",
            GALERA,
            {"wsrep_cluster_status": "non-Primary", "wsrep_cluster_size": "1"},
            ("outage", "wsrep_cluster_status", "non-Primary", "Primary"),
        ),
        (
            "galera",
            "mariadb",
            GALERA,
            {**PRIMARY, "wsrep_cluster_size": "1"},
            ("data-loss", "wsrep_cluster_size", "1", "3"),
        ),
        (
            "galera",
            "mariadb",
            GALERA,
            {**PRIMARY, "wsrep_cluster_size": "2"},
            ("note", "wsrep_cluster_size", "2", "3"),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "innodb_autoinc_lock_mode": "1"},
            PRIMARY,
            ("note", "innodb_autoinc_lock_mode", "1", "2"),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "binlog_format": "MIXED"},
            PRIMARY,
            ("prevents-start", "binlog_format", "MIXED", "ROW"),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "wsrep_provider_options": "a = b; repl.commit_order = 0; c = d;"},
            PRIMARY,
            (
                "data-loss",
                "wsrep_provider_options",
                "a = b; repl.commit_order = 0; c = d;",
                "repl.commit_order = 3",
            ),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "binlog_storage_engine": "innodb"},
            PRIMARY,
            ("note", "binlog_storage_engine", "innodb", ""),
        ),
        (
            "group-replication",
            "mysql",
            {**GROUP, "group_replication_bootstrap_group": "ON"},
            ONLINE,
            ("data-loss", "group_replication_bootstrap_group", "ON", "OFF"),
        ),
        (
            "group-replication",
            "mysql",
            GROUP,
            {**ONLINE, "group_member_state": "OFFLINE"},
            ("note", "group_member_state", "OFFLINE", "ONLINE"),
        ),
        (
            "group-replication",
            "mysql",
            GROUP,
            {**ONLINE, "group_members_online": "1"},
            ("data-loss", "group_members_online", "1", "3"),
        ),
        (
            "group-replication",
            "mysql",
            GROUP,
            {**ONLINE, "group_members_online": "2"},
            ("note", "group_members_online", "2", "3"),
        ),
        (
            "sync-standby",
            "postgresql",
            {**STANDBY, "synchronous_commit": "local"},
            CONNECTED,
            ("data-loss", "synchronous_commit", "local", "on"),
        ),
        (
            "sync-standby",
            "postgresql",
            {**STANDBY, "synchronous_commit": "remote_write"},
            CONNECTED,
            ("data-loss", "synchronous_commit", "remote_write", "on"),
        ),
        (
            "sync-standby",
            "postgresql",
            STANDBY,
            {"standbys": "1", "sync_standbys": "0"},
            (
                "outage",
                "synchronous_standby_names",
                "FIRST 1 (a, b)",
                "a standby that is connected",
            ),
        ),
        # MariaDB's status stays ON then, MySQL's does not: tests/servers/test_copies.py.
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_wait_no_replica": "OFF"},
            WAITING,
            ("data-loss", "rpl_semi_sync_source_wait_no_replica", "OFF", "ON"),
        ),
        (
            "semi-sync",
            "mariadb",
            {**MASTER, "rpl_semi_sync_master_wait_no_slave": "0"},
            MASTER_WAITS,
            ("data-loss", "rpl_semi_sync_master_wait_no_slave", "0", "ON"),
        ),
        # tcp_rto_min_us of Linux is 200000: ip-sysctl.rst.
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_timeout": "199"},
            WAITING,
            ("data-loss", "rpl_semi_sync_source_timeout", "199", "10000"),
        ),
        (
            "semi-sync",
            "mariadb",
            {**MASTER, "rpl_semi_sync_master_timeout": "0"},
            MASTER_WAITS,
            ("data-loss", "rpl_semi_sync_master_timeout", "0", "10000"),
        ),
        # A commit waits for two, and one is there.
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_wait_for_replica_count": "2"},
            WAITING,
            ("data-loss", "rpl_semi_sync_source_clients", "1", "2"),
        ),
        # A source whose server_id is 0 refuses replicas: MySQL 9.7, error 1236.
        (
            "semi-sync",
            "mysql",
            {**SEMI_SYNC, "server_id": "0"},
            {},
            ("data-loss", "server_id", "0", "a number of its own"),
        ),
        *(
            (
                "semi-sync",
                vendor,
                {**settings, "skip_networking": "ON"},
                {},
                ("data-loss", "skip_networking", "ON", "OFF"),
            )
            for vendor, settings in (("mysql", SEMI_SYNC), ("mariadb", MASTER))
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "default_storage_engine": "MyISAM"},
            PRIMARY,
            ("data-loss", "default_storage_engine", "MyISAM", "InnoDB"),
        ),
        (
            "galera",
            "mariadb",
            {**GALERA, "wsrep_cluster_address": "gcomm://10.0.0.1, 10.0.0.2:4567?pc.wait_prim=no"},
            {},
            (
                "note",
                "wsrep_cluster_address",
                "gcomm://10.0.0.1, 10.0.0.2:4567?pc.wait_prim=no",
                "the addresses of three nodes",
            ),
        ),
        # pc.weight = 2 on one of two: 3 votes.
        (
            "galera",
            "mariadb",
            GALERA,
            {**PRIMARY, "wsrep_cluster_size": "2", "wsrep_cluster_weight": "3"},
            ("note", "wsrep_cluster_size", "2", "3"),
        ),
        (
            "sync-standby",
            "postgresql",
            {**STANDBY, "listen_addresses": "localhost"},
            {},
            ("note", "listen_addresses", "localhost", "an address that the standbys reach"),
        ),
        *(
            (
                "semi-sync",
                vendor,
                {**settings, "bind_address": "127.0.0.1"},
                {},
                ("note", "bind_address", "127.0.0.1", "an address that the replicas reach"),
            )
            for vendor, settings in (("mysql", SEMI_SYNC), ("mariadb", MASTER))
        ),
        # A commit does not wait then: tests/servers/test_copies.py.
        (
            "sync-standby",
            "postgresql",
            {"synchronous_standby_names": "ANY 3 (a,b)", "max_wal_senders": "0"},
            {},
            ("data-loss", "max_wal_senders", "0", "10"),
        ),
        (
            "sync-standby",
            "postgresql",
            {**STANDBY, "wal_level": "minimal"},
            {},
            ("prevents-start", "wal_level", "minimal", "replica"),
        ),
    ],
)
def test_what_is_wrong_is_found(
    name: ClusterName,
    vendor: VendorName,
    settings: dict[str, str],
    copies: dict[str, str],
    finding: tuple[str, str, str, str],
) -> None:
    found = audited(name, state_of(vendor, settings, copies))
    assert shown(found) == [finding]
    assert "{" not in found[0].reason
    assert "{" not in found[0].change
    assert found[0].sources


# What a finding says no commit waits for: the header must not say what copies survive.
ALONE: Final[list[tuple[ClusterName, VendorName, dict[str, str], dict[str, str], str]]] = [
    ("semi-sync", "mysql", {}, {}, "rpl_semi_sync_source_enabled = OFF"),
    ("semi-sync", "mariadb", {}, {}, "rpl_semi_sync_master_enabled = OFF"),
    ("semi-sync", "mysql", {**SEMI_SYNC, "log_bin": "OFF"}, {}, "log_bin = OFF"),
    ("semi-sync", "mariadb", {**MASTER, "log_bin": "OFF"}, {}, "log_bin = OFF"),
    (
        "semi-sync",
        "mysql",
        SEMI_SYNC,
        {**WAITING, "rpl_semi_sync_source_status": "OFF"},
        "rpl_semi_sync_source_status = OFF",
    ),
    (
        "semi-sync",
        "mariadb",
        {**MASTER, "rpl_semi_sync_master_wait_no_slave": "OFF"},
        {**MASTER_WAITS, "rpl_semi_sync_master_clients": "0"},
        "rpl_semi_sync_master_clients = 0",
    ),
    ("galera", "mariadb", {**GALERA, "wsrep_on": "OFF"}, {}, "wsrep_on = OFF"),
    (
        "galera",
        "mariadb",
        {**GALERA, "binlog_format": "MIXED"},
        {},
        "the server does not start with binlog_format = MIXED",
    ),
    ("galera", "mariadb", GALERA, {**PRIMARY, "wsrep_cluster_size": "1"}, "wsrep_cluster_size = 1"),
    ("group-replication", "mysql", {**GROUP, "log_bin": "OFF"}, {}, "log_bin = OFF"),
    ("group-replication", "mysql", {**GROUP, "gtid_mode": "OFF"}, {}, "gtid_mode = OFF"),
    (
        "group-replication",
        "mysql",
        GROUP,
        {**ONLINE, "group_member_state": "ERROR"},
        "group_member_state = ERROR",
    ),
    (
        "sync-standby",
        "postgresql",
        {**STANDBY, "synchronous_commit": "local"},
        CONNECTED,
        "synchronous_commit = local",
    ),
    (
        "sync-standby",
        "postgresql",
        {**STANDBY, "synchronous_commit": "off"},
        CONNECTED,
        "synchronous_commit = off",
    ),
    (
        "group-replication",
        "mysql",
        {},
        {},
        "group_replication_group_name has no value",
    ),
    ("sync-standby", "postgresql", {}, {}, "synchronous_standby_names has no value"),
    ("sync-standby", "postgresql", {**STANDBY, "max_wal_senders": "0"}, {}, "max_wal_senders = 0"),
]


@pytest.mark.parametrize(("name", "vendor", "settings", "copies", "why"), ALONE)
def test_a_header_promises_nothing_of_copies_that_no_commit_waits_for(
    name: ClusterName,
    vendor: VendorName,
    settings: dict[str, str],
    copies: dict[str, str],
    why: str,
) -> None:
    relaxed = {} if vendor == "postgresql" else {"innodb_flush_log_at_trx_commit": "2"}
    found = audit_of(name, state_of(vendor, {**settings, **relaxed}, copies))
    assert found.cluster is not None
    assert found.cluster.no_copies == (why,)
    assert list(cluster_summary(found.cluster, "durable")) == [
        f"no commit waits for a copy ({found.cluster.title}): {why}"
    ]
    assert (found.cluster.acknowledged, found.cluster.survives) == ((), ())
    for each in found.cluster.does_not_survive:
        assert "commits wait" not in each.says
        assert "goes on alone" not in each.says
    assert all("In this cluster" not in each.reason for each in found.findings)


@pytest.mark.parametrize(
    ("settings", "durability", "findings"),
    [
        (
            {"synchronous_commit": "local"},
            "loses-recent-on-power-loss",
            [("data-loss", "synchronous_commit", "local", "on")],
        ),
        (
            {"synchronous_commit": "local"},
            "loses-recent-on-crash",
            [("performance", "synchronous_commit", "local", "off")],
        ),
        ({"synchronous_commit": "remote_write"}, "loses-recent-on-power-loss", []),
        (
            {"synchronous_commit": "remote_write"},
            "loses-recent-on-crash",
            [("performance", "synchronous_commit", "remote_write", "off")],
        ),
        (
            {"synchronous_standby_names": "", "synchronous_commit": "off"},
            "loses-recent-on-crash",
            [],
        ),
        # Minimal WAL is told once, and by what has standbys.
        (
            {"wal_level": "minimal", "max_wal_senders": "0"},
            "durable",
            [
                ("data-loss", "max_wal_senders", "0", "10"),
                ("data-loss", "wal_level", "minimal", "replica"),
            ],
        ),
        (
            {"wal_level": "minimal"},
            "durable",
            [("prevents-start", "wal_level", "minimal", "replica")],
        ),
    ],
)
def test_one_value_is_wanted_of_each_setting(
    tmp_path: Path,
    capsys: Capture,
    settings: dict[str, str],
    durability: str,
    findings: list[tuple[str, str, str, str]],
) -> None:
    config = tmp_path / "postgresql.conf"
    lines = {"synchronous_standby_names": "a, b", **settings}
    config.write_text("".join(f"{name} = '{value}'\n" for name, value in lines.items()))
    asked = ("audit", "--config", config, "--db", "postgresql", "--db-version", "17")
    more = ("--cluster", "sync-standby", "--durability", durability, "--format", "json")
    _, out, _ = run(capsys, *asked, *more)
    assert [
        (one["severity"], one["setting"], one["current"], one["recommended"])
        for one in json.loads(out)["findings"]
    ] == findings
    assert "max_wal_senders = 0, then" not in out


@pytest.mark.parametrize(("level", "status"), [("data-loss", 0), ("outage", 3), ("note", 3)])
def test_an_outage_is_more_than_a_server_that_does_not_start_again(
    tmp_path: Path, capsys: Capture, level: str, status: int
) -> None:
    config = tmp_path / "postgresql.conf"
    config.write_text("synchronous_standby_names = 'ANY 3 (a)'\n")
    asked = ("audit", "--config", config, "--db", "postgresql", "--db-version", "17")
    found, out, _ = run(capsys, *asked, "--fail-on", level)
    assert found == status
    assert out.startswith("FAIL: 1 finding: synchronous_standby_names = ANY 3 (a) (outage).")
    assert SEVERITIES.index("outage") < SEVERITIES.index("prevents-start")


def test_a_header_says_what_remote_write_survives() -> None:
    """ "... has been written out to disk by the standby's operating system, but not flushed":
    runtime-config-wal."""
    state = state_of("postgresql", {**STANDBY, "synchronous_commit": "remote_write"}, CONNECTED)
    told = audit_of("sync-standby", state).cluster
    assert told is not None
    flushed = audit_of("sync-standby", state_of("postgresql", STANDBY, CONNECTED)).cluster
    assert flushed is not None
    assert (len(told.acknowledged), len(flushed.acknowledged)) == (1, 1)
    survives = " ".join(each.says for each in told.survives)
    assert "has written what was answered" in survives
    assert "both flushed" not in survives
    assert "written by the standbys" in told.acknowledged[0].says
    assert told.does_not_survive[0].says.startswith("the loss of the primary together with a power")


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_header_says_for_how_many_replicas_a_commit_waits(count: str) -> None:
    settings = {**SEMI_SYNC, "rpl_semi_sync_source_wait_for_replica_count": count}
    told = audit_of("semi-sync", state_of("mysql", settings)).cluster
    assert told is not None
    (acknowledged,) = told.acknowledged
    assert f"rpl_semi_sync_source_wait_for_replica_count says ({count})" in acknowledged.says
    advised = load_cluster("semi-sync").durability_of("mysql", (8, 0, 25)).acknowledged
    assert "rpl_semi_sync_master_wait_for_slave_count says (1)" in advised[0].says


@pytest.mark.parametrize(
    ("vendor", "settings", "says"),
    [
        ("mysql", {"rpl_semi_sync_source_wait_no_replica": "ON"}, "(10000 ms) the source goes on"),
        ("mysql", {"rpl_semi_sync_source_wait_no_replica": "OFF"}, "the source goes on alone at"),
        ("mariadb", {"rpl_semi_sync_master_wait_no_slave": "1"}, "(10000 ms) the source goes on"),
        ("mariadb", {"rpl_semi_sync_master_wait_no_slave": "0"}, "the source goes on alone at"),
    ],
)
def test_a_header_says_when_the_source_goes_on_alone(
    vendor: VendorName, settings: dict[str, str], says: str
) -> None:
    told = load_cluster("semi-sync").durability_of(
        vendor, parse_version({"mysql": "9.7", "mariadb": "11.8"}[vendor]), shown=settings
    )
    assert says in told.does_not_survive[0].says
    assert sum("goes on alone" in each.says for each in told.does_not_survive) == 1


# Group Replication Requirements, in the manuals of 5.7 and 8.0; the defaults from the same.
OF_57: Final = {
    "binlog_checksum": ("CRC32", "NONE"),
    "log_slave_updates": ("OFF", "ON"),
    "master_info_repository": ("FILE", "TABLE"),
    "relay_log_info_repository": ("FILE", "TABLE"),
    "transaction_write_set_extraction": ("OFF", "XXHASH64"),
}


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("8.4", [("data-loss", "gtid_mode", "OFF", "ON")]),
        ("9.5", []),  # not known
        ("9.7", []),  # ON by default, asked of 9.7.4
    ],
)
def test_a_group_has_gtids_by_default_in_newer_releases(
    version: str, found: list[tuple[str, str, str, str]]
) -> None:
    state = state_of(
        "mysql",
        {"group_replication_group_name": "a", "group_replication_group_seeds": "a:1,b:1,c:1"},
    )
    assert shown(audited(GR, state._replace(version=parse_version(version)))) == found


@pytest.mark.parametrize(
    ("version", "needed"),
    [
        ("5.7.44", OF_57),
        ("8.0.20", {"binlog_checksum": ("CRC32", "NONE")}),
        ("8.0.21", {}),
    ],
)
def test_a_group_needs_more_of_older_members(
    version: str, needed: dict[str, tuple[str, str]]
) -> None:
    state = state_of("mysql", {**GROUP, "log_bin": "ON"})._replace(version=parse_version(version))
    found = {each.setting: (each.current, each.recommended) for each in audited(GR, state)}
    assert found == needed
    wanted = {name: value for name, (_, value) in needed.items()}
    good = state_of("mysql", {**GROUP, "log_bin": "ON", **wanted})
    assert audited(GR, good._replace(version=parse_version(version))) == ()


GAP: Final = "may lack transactions for good"


@pytest.mark.parametrize(
    ("settings", "has_gap"),
    [
        ({"innodb_flush_log_at_trx_commit": "2"}, True),
        ({"innodb_flush_log_at_trx_commit": "2", "log_bin": "OFF"}, False),
        ({"innodb_flush_log_at_trx_commit": "2", "log_replica_updates": "OFF"}, False),
        # The tables are flushed first: no such gap.
        ({"sync_binlog": "0"}, False),
    ],
)
def test_a_replica_is_told_of_a_gap_where_it_may_have_one(
    settings: dict[str, str], has_gap: bool
) -> None:
    for found in audited("semi-sync", state_of("mysql", {**REPLICA, **settings})):
        assert "In this cluster: the source's power loss takes the end" in found.reason
        assert (GAP in found.reason) is has_gap


@pytest.mark.parametrize("name", ["semi-sync", GR])
@pytest.mark.parametrize(
    ("settings", "is_made_anew"),
    [
        ({"innodb_flush_log_at_trx_commit": "2"}, True),
        ({"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "1000"}, True),
        ({"sync_binlog": "0"}, False),
        ({}, False),
    ],
)
def test_a_header_says_who_is_made_anew(
    name: ClusterName, settings: dict[str, str], is_made_anew: bool
) -> None:
    told = audit_of(name, state_of("mysql", {**GROUP, **REPLICA, **settings})).cluster
    assert told is not None
    said = [*told.survives, *told.does_not_survive]
    assert (
        "relaxed one that lost power is made" in str(said) or "gap" in str(said)
    ) is is_made_anew
    assert ("its end" in str(said) or "the end of that" in str(said)) is (
        settings == {"sync_binlog": "0"}
    )


@pytest.mark.parametrize(
    ("vendor", "version", "about"),
    [
        ("mysql", "9.7", "gtid_mode, enforce_gtid_consistency, log_bin, log_replica_updates"),
        ("mysql", "5.7", "gtid_mode, enforce_gtid_consistency, log_bin, log_slave_updates"),
        ("mariadb", "11.8", "log_bin, log_slave_updates, MASTER_USE_GTID = slave_pos"),
    ],
)
def test_what_a_promotion_needs_is_left_to_you(
    vendor: VendorName, version: str, about: str
) -> None:
    told = load_cluster("semi-sync").durability_of(vendor, parse_version(version))
    assert [each.about for each in told.left_to_you].count(about) == 1


def test_relay_log_recovery_of_mariadb_is_told_one_way() -> None:
    told = load_cluster("semi-sync").durability_of("mariadb", (11, 8)).left_to_you
    (flushed,) = (each.says for each in told if each.about == "sync_relay_log")
    assert flushed.startswith("not set: ")
    assert "in place of the ON that is advised" in flushed


def test_who_does_not_wait_at_all_is_told_that_alone() -> None:
    """That no standby is connected stops nobody then. 600 ms are three times wal_writer_delay."""
    settings = {**STANDBY, "synchronous_commit": "off"}
    copies = {"standbys": "0", "sync_standbys": "0"}
    (found,) = audited("sync-standby", state_of("postgresql", settings, copies))
    assert (found.severity, found.setting, found.current) == (
        "data-loss",
        "synchronous_commit",
        "off",
    )
    assert found.reason.startswith("off waits for no flush, here or on a standby")
    assert found.at_risk is not None
    assert found.at_risk.window_ms == 600


def test_a_relaxed_node_is_told_what_that_means_there() -> None:
    settings = {**GALERA, "innodb_flush_log_at_trx_commit": "2"}
    (found,) = audited("galera", state_of("mariadb", settings, PRIMARY))
    assert (found.severity, found.setting) == ("data-loss", "innodb_flush_log_at_trx_commit")
    assert "In this cluster: a power loss of one node takes its last second" in found.reason
    assert found.reason.endswith(
        "Whether its other servers are relaxed, too, an audit of one does not see."
    )


@pytest.mark.parametrize("role", ["primary", "replica"])
def test_a_relaxed_replica_is_told_of_its_gap_and_of_nothing_against_it(
    capsys: Capture, tmp_path: Path, role: str
) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(
        "[mysqld]\nlog_bin = b\nsync_binlog = 1\ninnodb_flush_log_at_trx_commit = 2\n"
        "rpl_semi_sync_source_enabled = ON\nrpl_semi_sync_replica_enabled = ON\n"
    )
    asked = ("audit", "--config", config, "--db", "mysql", "--db-version", "9.7", "--quiet")
    _, out, _ = run(capsys, *asked, "--role", role, "--format", "json")
    found = next(
        one
        for one in json.loads(out)["findings"]
        if one["setting"] == "innodb_flush_log_at_trx_commit"
    )
    assert "In this cluster: the source's power loss takes the end of its logs" in found["reason"]
    assert "may lack transactions for good, and nothing tells" in found["reason"]
    assert "Make the replicas anew from it" not in out
    assert "skip_log_bin" not in out


def test_an_audit_of_files_tells_it_too(capsys: Capture, tmp_path: Path) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(
        "[mariadb]\nrpl_semi_sync_master_enabled = 1\n"
        "rpl_semi_sync_master_wait_point = AFTER_COMMIT\n"
        "log_bin = b\nsync_binlog = 1\n"
    )
    asked = ("audit", "--config", config, "--db", "mariadb", "--db-version", "11.8")
    status, out, _ = run(capsys, *asked, "--format", "json")
    found = json.loads(out)
    assert status == 3
    assert found["cluster"]["name"] == "semi-sync"
    assert found["cluster"]["known_by"] == "rpl_semi_sync_master_enabled = 1"
    assert [(one["setting"], one["place"]) for one in found["findings"]] == [
        ("rpl_semi_sync_master_wait_point", f"{config}:3")
    ]
    _, text, _ = run(capsys, *asked)
    assert (
        "Cluster: semi-synchronous replication (as rpl_semi_sync_master_enabled = 1 says)" in text
    )
    assert "a crash or a power loss of the source" in " ".join(text.split())


# What a replica is asked


def audited_file(
    capsys: Capture, tmp_path: Path, db: str, version: str, lines: str, *more: str
) -> dict[str, Any]:
    config = tmp_path / "a.conf"
    config.write_text(lines)
    asked = ("audit", "--config", config, "--db", db, "--db-version", version, "--quiet")
    _, out, _ = run(capsys, *asked, *more, "--format", "json")
    found: dict[str, Any] = json.loads(out)
    return found


def severities(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["severity"], one["setting"], one["recommended"]) for one in found["findings"]]


# "... before the database server returns a "success" indication": a standby returns none.
@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        ("synchronous_commit = off", [("note", "synchronous_commit", "on")]),
        ("synchronous_commit = local", [("note", "synchronous_commit", "on")]),
        ("synchronous_commit = remote_write", [("note", "synchronous_commit", "on")]),
        (
            "synchronous_standby_names = 'FIRST 2 (s1)'",
            [("note", "synchronous_standby_names", "as many names as it waits for")],
        ),
        ("max_wal_senders = 0", [("note", "max_wal_senders", "10")]),
        # It does not start, whatever it is.
        ("wal_level = minimal", [("prevents-start", "wal_level", "replica")]),
    ],
)
def test_a_standby_is_not_judged_as_its_primary(
    capsys: Capture, tmp_path: Path, lines: str, findings: list[tuple[str, str, str]]
) -> None:
    names = "" if "standby_names" in lines else "synchronous_standby_names = 'ANY 1 (s1, s2)'\n"
    found = audited_file(
        capsys, tmp_path, "postgresql", "17", f"{names}{lines}\n", "--role", "replica"
    )
    assert severities(found) == findings
    (one,) = found["findings"]
    assert "from its promotion on" in one["reason"] or one["severity"] == "prevents-start"
    if one["severity"] == "note":
        told = found["cluster"]
        assert told["no_copies"] == []
        assert "those of this standby count from its promotion on" in str(told["acknowledged"])
        (survives,) = told["survives"]
        assert "where that waits until this standby has flushed" in survives["says"]
        assert "is nowhere" not in str(told["does_not_survive"])


def test_a_semi_sync_replica_is_not_told_of_a_sources_timeout(
    capsys: Capture, tmp_path: Path
) -> None:
    lines = "[mysqld]\ngtid_mode=ON\nenforce_gtid_consistency=ON\n"
    found = audited_file(
        capsys, tmp_path, "mysql", "9.7", f"{lines}rpl_semi_sync_replica_enabled=ON\n"
    )
    assert found["role"] == "replica"
    assert found["role_source"] == "rpl_semi_sync_replica_enabled = ON says it"
    assert found["findings"] == []
    assert "10000 ms" not in str(found["cluster"])
    assert "as many replicas as the source waits for" in str(found["cluster"]["acknowledged"])
    both = audited_file(
        capsys,
        tmp_path,
        "mysql",
        "9.7",
        f"{lines}rpl_semi_sync_replica_enabled=ON\nrpl_semi_sync_source_enabled=ON\n",
    )
    assert both["role"] is None
    assert "10000 ms" in str(both["cluster"])


@pytest.mark.parametrize(
    ("db", "version", "switch", "other"),
    [
        ("mysql", "9.7", "rpl_semi_sync_replica_enabled", "rpl_semi_sync_source"),
        ("mysql", "8.0.20", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_master"),
        ("mariadb", "11.8", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_master"),
    ],
)
def test_a_replica_is_asked_for_a_replicas_switch(
    capsys: Capture, tmp_path: Path, db: str, version: str, switch: str, other: str
) -> None:
    asked = ("--role", "replica", "--cluster", "semi-sync")
    found = audited_file(capsys, tmp_path, db, version, "[mysqld]\nsync_binlog=1\n", *asked)
    assert [one for one in severities(found) if "semi_sync" in one[1]] == [
        ("data-loss", switch, "ON")
    ]
    assert found["cluster"]["no_copies"] == [f"{switch} = OFF"]
    ready = f"[mysqld]\nlog_bin=b\n{switch}=ON\n{other}_enabled=ON\n{other}_timeout=0\n"
    found = audited_file(capsys, tmp_path, db, version, ready, *asked)
    (own,) = (one for one in found["findings"] if one["setting"] == f"{other}_timeout")
    assert own["severity"] == "note"
    assert own["reason"].startswith("This counts from its promotion on. One lost packet")
    assert found["cluster"]["no_copies"] == []


def test_a_member_of_a_group_asks_by_gtid_alone(capsys: Capture, tmp_path: Path) -> None:
    """relay_log_recovery: "not used ... for Group Replication's channels", in words of ours."""
    lines = (
        "[mysqld]\ngtid_mode=ON\nenforce_gtid_consistency=ON\nlog_bin=b\n"
        "group_replication_group_name=aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa\n"
        "group_replication_group_seeds=a:1,b:1,c:1\n"
    )
    found = audited_file(capsys, tmp_path, "mysql", "9.7", lines, "--role", "replica")
    assert found["findings"] == []
    assert not [note for note in found["notes"] if "GTID" in note]
    advised = fragment_of(GR, "mysql", "9.7", role="replica")
    assert "relay_log_recovery" not in advised
    assert "relay_log_recovery = ON" in fragment_of("galera", "mariadb", "11.8", role="replica")


@pytest.mark.parametrize(
    ("vendor", "settings", "copies", "outage"),
    [
        (
            "mysql",
            {**SEMI_SYNC, "rpl_semi_sync_source_timeout": "18446744073709551615"},
            {**WAITING, "rpl_semi_sync_source_clients": "0"},
            ("outage", "rpl_semi_sync_source_clients", "0", "1"),
        ),
        (
            "mariadb",
            {**MASTER, "rpl_semi_sync_master_timeout": "18446744073709551615"},
            {**MASTER_WAITS, "rpl_semi_sync_master_clients": "0"},
            ("outage", "rpl_semi_sync_master_clients", "0", "1"),
        ),
    ],
)
def test_a_source_that_waits_without_end_and_has_no_replica_is_out(
    vendor: VendorName,
    settings: dict[str, str],
    copies: dict[str, str],
    outage: tuple[str, str, str, str],
) -> None:
    found = audit_of("semi-sync", state_of(vendor, settings, copies))
    assert [one[0] for one in shown(found.findings)] == ["outage", "note"]
    assert shown(found.findings)[0] == outage
    assert found.cluster is not None
    assert found.cluster.no_copies == ()
    first = found.cluster.does_not_survive[0].says
    assert "as good as without end" in first
    assert "goes on alone" not in str(found.cluster.does_not_survive)


# tests/powercut/README.md: 2/100 left a gap in 7 of 20, 1/0 in none of 20.
@pytest.mark.parametrize(
    ("settings", "told", "untold"),
    [
        ({}, "has everything and goes first. Else compare gtid_executed", "tables themselves"),
        (
            {"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "100"},
            "GTIDs do not tell which relaxed server has the most",
            "Else compare gtid_executed",
        ),
        (
            {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "0"},
            "on every server that flushes its tables' log with each commit",
            "tables themselves",
        ),
    ],
)
def test_gtids_are_compared_where_they_agree_with_the_tables(
    settings: dict[str, str], told: str, untold: str
) -> None:
    found = audit_of("semi-sync", state_of("mysql", {**SEMI_SYNC, **settings})).cluster
    assert found is not None
    assert told in str(found.afterwards)
    assert untold not in str(found.afterwards)


def test_a_relaxed_semi_sync_server_compares_gtids_where_its_tables_are_flushed() -> None:
    relaxed = fragment_of("semi-sync", "mysql", "9.7", durability="loses-recent-on-power-loss")
    assert "innodb_flush_log_at_trx_commit = 1" in lines_of(relaxed)
    assert "on every server that flushes its tables' log with each commit" in relaxed
    assert "Else compare gtid_executed" not in relaxed


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"log_bin": "ON", "sync_binlog": "0"}, "which no other node gives back"),
        (
            {"log_bin": "ON", "sync_binlog": "0", "innodb_flush_log_at_trx_commit": "2"},
            "takes its last second, and the others give it back",
        ),
        ({"innodb_flush_log_at_trx_commit": "2"}, "takes its last second, and the others give"),
        ({}, "takes its last second, and the others give"),  # no binary log by default
    ],
)
def test_the_end_of_a_nodes_binary_log_comes_back_from_nobody(
    settings: dict[str, str], told: str
) -> None:
    found = audit_of("galera", state_of("mariadb", {**GALERA, **settings}, PRIMARY)).cluster
    assert found is not None
    (relaxed,) = found.relaxed
    assert told in relaxed.says


OPERATORS: Final[list[tuple[FormName, str, str]]] = [
    ("patroni", "synchronous_mode: true, beside postgresql", "synchronous_mode_strict = true"),
    ("zalando", "in spec.patroni of the manifest", "synchronous_mode_strict = true"),
    ("crunchy", "in spec.patroni.dynamicConfiguration", "synchronous_mode_strict = true"),
    ("percona", "in spec.patroni.dynamicConfiguration", "synchronous_mode_strict = true"),
    ("cloudnativepg", "spec.postgresql.synchronous: method", "dataDurability = required"),
]


@pytest.mark.parametrize(("form", "chosen", "missing"), OPERATORS)
def test_an_operator_chooses_the_standbys_itself(form: FormName, chosen: str, missing: str) -> None:
    """Patroni's replication modes; CloudNativePG's data durability."""
    text = fragment_of("sync-standby", "postgresql", "17", form)
    assert chosen in text
    assert text.count(missing) == 1
    assert "names what only you know" not in text
    assert text.count("a standby that is missing") == 1
    plain = fragment_of("sync-standby", "postgresql", "17")
    assert "names what only you know" in plain
    assert "synchronous_mode" not in plain
    assert "dataDurability" not in plain


# Asked of MariaDB 10.11 and 11.8: "unknown variable"; of 10.5, which has the first.
@pytest.mark.parametrize(
    ("line", "successor"),
    [
        ("wsrep_replicate_myisam", "wsrep_mode = REPLICATE_MYISAM"),
        ("wsrep_strict_ddl", "wsrep_mode = STRICT_REPLICATION"),
    ],
)
def test_an_option_that_is_gone_has_its_successor_named(
    capsys: Capture, tmp_path: Path, line: str, successor: str
) -> None:
    found = audited_file(capsys, tmp_path, "mariadb", "11.8", f"[mysqld]\n{line}=ON\n")
    (one,) = (each for each in found["findings"] if each["setting"] == line)
    assert one["severity"] == "prevents-start"
    assert f"has no option {line}; {successor} has taken its place" in one["reason"]


# What a server is asked


def answering(answers: dict[str, Rows | str]) -> tuple[Callable[..., list[Rows]], list[str]]:
    """A server that has these answers, and what it is asked; text is an error."""
    asked: list[str] = []

    def ask(*statements: str) -> list[Rows]:
        asked.extend(statements)
        found = [answers[statement] for statement in statements]
        for each in found:
            if isinstance(each, str):
                raise AdvisorError(each)
        return [each for each in found if not isinstance(each, str)]

    return ask, asked


def test_a_server_that_stands_alone_is_asked_nothing_more() -> None:
    ask, asked = answering({})
    assert (
        innodb_copies({"rpl_semi_sync_source_enabled": "OFF", "wsrep_on": "OFF"}, ask).shown == {}
    )
    assert innodb_copies({"group_replication_group_name": ""}, ask).shown == {}
    assert postgresql_copies({"synchronous_standby_names": ""}, ask).shown == {}
    assert postgresql_copies({}, ask).shown == {}
    assert asked == []


def test_the_status_of_copies_is_read_by_its_names_in_lower_case() -> None:
    rows: Rows = [("Rpl_semi_sync_source_status", "ON"), ("Rpl_semi_sync_source_clients", 2)]
    ask, asked = answering({STATUS_SQL: rows})
    found = innodb_copies({"rpl_semi_sync_source_enabled": "ON"}, ask)
    assert found.shown == {
        "rpl_semi_sync_source_status": "ON",
        "rpl_semi_sync_source_clients": "2",
    }
    assert asked == [STATUS_SQL]


def test_members_of_a_group_are_counted_where_the_account_may_see_them() -> None:
    values = {"group_replication_group_name": "x"}
    ask, _ = answering({GROUP_MEMBERS_SQL: [("ONLINE", 3, 2)]})
    assert innodb_copies(values, ask).shown == {
        "group_member_state": "ONLINE",
        "group_members": "3",
        "group_members_online": "2",
    }
    ask, _ = answering({GROUP_MEMBERS_SQL: "SELECT command denied to user"})
    found = innodb_copies(values, ask)
    assert found.shown == {}
    assert found.notes == (
        "who is in the replication group is not shown: SELECT command denied to user",
    )


@pytest.mark.parametrize(
    ("row", "shown_of_it", "notes"),
    [
        ((False, 2, 2, 1), {"standbys": "2", "sync_standbys": "1"}, 0),
        ((False, 0, 0, 0), {"standbys": "0", "sync_standbys": "0"}, 0),
        # Others' rows are there without what is in them.
        ((False, 2, 0, 0), {"standbys": "2"}, 1),
        # A standby with its primary's configuration waits for nobody.
        ((True, 0, 0, 0), {}, 0),
    ],
)
def test_standbys_are_counted_where_the_role_may_see_them(
    row: tuple[Any, ...], shown_of_it: dict[str, str], notes: int
) -> None:
    ask, _ = answering({STANDBYS_SQL: [row]})
    found = postgresql_copies({"synchronous_standby_names": "a"}, ask)
    assert found.shown == shown_of_it
    assert len(found.notes) == notes
    assert all("pg_monitor" in note for note in found.notes)


ODD: Final[list[Rows]] = [[], [("ONLINE", 3)], [("ONLINE", 3, "many")], [(1, 2, 3, 4)] * 2]


@pytest.mark.parametrize("rows", ODD, ids=str)
def test_an_odd_answer_is_one_line(rows: Rows) -> None:
    ask, _ = answering({STANDBYS_SQL: rows, GROUP_MEMBERS_SQL: rows})
    with pytest.raises(AdvisorError, match=r"the server (answers|counts)"):
        postgresql_copies({"synchronous_standby_names": "a"}, ask)
    found = innodb_copies({"group_replication_group_name": "x"}, ask)
    assert found.shown == {}
    assert len(found.notes) == 1


# The files


@pytest.mark.parametrize(
    ("condition", "text", "holds"),
    [
        ({"is": ["ON"]}, "on", True),
        ({"is": ["ON"]}, "1", True),
        ({"is": ["OFF"]}, "0", True),
        ({"is": ["ON"]}, "OFF", False),
        ({"is_not": [""]}, "a", True),
        ({"is_not": [""]}, " ", False),
        ({"is_not": ["1"]}, "1", False),
        ({"is_not": ["1"]}, "10000", True),
        ({"contains": ["b = 0", "b = 1"]}, "a = 2; B = 1;", True),
        ({"contains": ["b = 0"]}, "a = 0;", False),
        ({"below": 2}, "1", True),
        ({"below": 2}, "2", False),
        ({"below": 2}, "many", False),
        ({"is": ["x"], "below": 2}, "1", False),
    ],
)
def test_conditions_on_what_a_server_shows(
    condition: dict[str, Any], text: str, holds: bool
) -> None:
    assert Seen.model_validate(condition).holds(text) is holds


def test_an_incomplete_file_is_refused() -> None:
    whole = load_cluster("semi-sync").model_dump(by_alias=True)
    Cluster.model_validate(whole)
    for key in ("survives", "does_not_survive", "afterwards", "relaxed", "never", "sign"):
        with pytest.raises(ValidationError):
            Cluster.model_validate({**whole, key: ()})
    with pytest.raises(ValidationError, match="is_not, contains or below"):
        Seen.model_validate({})
    check = {
        **load_cluster("galera").check[0].model_dump(by_alias=True, exclude_unset=True),
        "setting": "gcache",
    }
    with pytest.raises(ValidationError, match="gcache is not among what is asked"):
        ClusterCheck.model_validate(check)
    (setting, *_) = whole["setting"]
    with pytest.raises(ValidationError, match="not one of AFTER_SYNC, AFTER_COMMIT"):
        Cluster.model_validate({**whole, "setting": ({**setting, "value": "NEVER"},)})


@pytest.mark.parametrize("cluster", load_clusters(), ids=lambda each: each.name)
def test_a_check_speaks_of_what_it_asks_or_of_what_goes_with_that(cluster: Cluster) -> None:
    """A figure in braces that no server shows would stay unknown."""
    for check in cluster.check:
        for text in (check.says, check.change):
            shown_names = {part.split("}")[0] for part in text.split("{")[1:]}
            kinds = {name.rsplit("_", 1)[0] for name in check.when}
            assert all(
                name in check.when
                or name.rsplit("_", 1)[0] in kinds
                or name in ("standbys", "standbys_named", "standbys_wanted", "wsrep_cluster_size")
                or name in {"file", *(default.name for default in cluster.default)}
                for name in shown_names
            ), (check.setting, shown_names)


STATUS: Final = (
    *("rpl_semi_sync_source_status", "rpl_semi_sync_source_clients"),
    *("rpl_semi_sync_master_status", "rpl_semi_sync_master_clients"),
    *("wsrep_cluster_status", "wsrep_cluster_size", "group_member_state", "group_members_online"),
)
"""What no file sets: MySQL's and MariaDB's manuals have them as status, or as a table's rows."""


@pytest.mark.parametrize("cluster", load_clusters(), ids=lambda each: each.name)
def test_a_change_of_a_setting_names_its_file(cluster: Cluster) -> None:
    for check in cluster.check:
        assert ("{file}" in check.change) is (check.setting not in STATUS), check.change
        assert "ALTER SYSTEM" not in check.change  # it would win over that file
        assert "PERSIST" not in check.change


def test_a_finding_names_the_file_and_an_audit_is_short(tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(
        "[mysqld]\ngroup_replication_group_name=a\ngtid_mode=OFF\n"
        "group_replication_group_seeds=a:1,b:1,c:1\n"
    )
    asked = ("audit", "--db", "mysql", "--db-version", "9.7", "--config", str(config))
    _, out, _ = run(capsys, *asked, "--format", "json")
    (found,) = json.loads(out)["findings"]
    assert found["change"].startswith("write gtid_mode = ON and enforce_gtid_consistency = ON in ")
    assert f"in {config}:3, then restart" in found["change"]
    _, text, _ = run(capsys, *asked)
    before = text.split("severity")[0]
    assert "Cluster: Group Replication" in before
    assert len(before.splitlines()) < 20


def test_an_audit_tells_the_servers_own_timeout(tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(
        "[mysqld]\nplugin_load_add=semisync_source.so\nrpl_semi_sync_source_enabled=ON\n"
        "rpl_semi_sync_source_timeout=2000\nrpl_semi_sync_source_wait_point=AFTER_COMMIT\n"
    )
    asked = ("audit", "--db", "mysql", "--db-version", "9.7", "--config", str(config))
    _, out, _ = run(capsys, *asked, "--format", "json")
    assert "rpl_semi_sync_source_timeout (2000 ms)" in out
    assert "(10000 ms)" not in out
    (found,) = json.loads(out)["findings"]
    assert found["change"] == (
        f"write rpl_semi_sync_source_wait_point = AFTER_SYNC in {config}:5, and at once:"
        " SET GLOBAL rpl_semi_sync_source_wait_point = 'AFTER_SYNC';"
    )


@pytest.mark.parametrize(
    ("db", "version", "cluster", "lines", "setting"),
    [
        ("mariadb", "11.8", "galera", "wsrep_on=OFF\nwsrep_provider=/galera.so\n", "wsrep_on"),
        ("mariadb", "11.8", "galera", "wsrep_provider=/galera.so\n", "wsrep_on"),
        ("mariadb", "11.8", "galera", "wsrep_on=ON\nwsrep_provider=none\n", "wsrep_provider"),
        ("mariadb", "11.8", "galera", "wsrep_on=ON\nwsrep_provider=/galera.so\n", ""),
        ("mariadb", "11.8", "semi-sync", "", "rpl_semi_sync_master_enabled"),
        ("mariadb", "11.8", "semi-sync", "rpl_semi_sync_slave_enabled=ON\n", ""),
        ("mysql", "9.7", "semi-sync", "", "rpl_semi_sync_source_enabled"),
        ("mysql", "9.7", "semi-sync", "rpl_semi_sync_replica_enabled=ON\n", ""),
        ("mysql", "8.0.30", "semi-sync", "rpl_semi_sync_master_enabled=ON\n", ""),
        ("mysql", "5.7", "semi-sync", "", "rpl_semi_sync_master_enabled"),
    ],
)
def test_a_cluster_that_is_switched_off_has_no_copies(
    db: str, version: str, cluster: str, lines: str, setting: str, tmp_path: Path, capsys: Capture
) -> None:
    config = tmp_path / "my.cnf"
    config.write_text(f"[mysqld]\nplugin_load_add=semisync.so\n{lines}")
    asked = ("audit", "--db", db, "--db-version", version, "--cluster", cluster)
    _, out, _ = run(capsys, *asked, "--config", str(config), "--format", "json")
    off = [
        each["setting"]
        for each in json.loads(out)["findings"]
        if each["severity"] == "data-loss" and each["reason"].endswith(("commits.", "a copy."))
    ]
    assert off == ([setting] if setting else [])
