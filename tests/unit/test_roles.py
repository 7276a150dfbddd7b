"""What a server is to others with the same data: how it shows, and what it changes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from advisor.advise import advise
from advisor.audit.roles import role_note, role_of
from advisor.commands.source import knowledge_for
from advisor.durability import AdvisedDurability
from advisor.errors import AdvisorError
from advisor.knowledge import load_settings
from advisor.model import Known, Unknown
from advisor.output.renderers import render
from advisor.output.summary import summary_document
from advisor.request import Request
from advisor.roles import NOT_ASKED, Replication, Role
from advisor.rules.catalogue import Setting
from advisor.rules.engine import recommend
from advisor.server_state import ServerState
from advisor.vendors.answers import Rows
from advisor.vendors.mysql import MySQL
from advisor.vendors.names import VENDOR_NAMES, VendorName
from advisor.vendors.registry import VENDORS
from advisor.vendors.replication import Channels, replication_of
from advisor.versions import parse_version
from tests.support.command_line import run
from tests.support.facts import facts_where
from tests.support.golden import stored
from tests.support.paths import MEASUREMENTS

REFUSED: Unknown = Unknown(unknown="access denied")
UNTOLD: Unknown = Unknown(unknown="not told")
NVME = str(MEASUREMENTS / "nvme-consumer.json")
FLUSH = "innodb_flush_log_at_trx_commit"


# How it shows


@pytest.mark.parametrize(
    ("sources", "replicas", "role", "how"),
    [
        (
            Channels(0, True),
            0,
            "standalone",
            "it follows no source, and no replica is attached now",
        ),
        (Channels(0, True), 1, "primary", "1 replica is attached"),
        (Channels(0, None), 3, "primary", "3 replicas are attached"),
        (Channels(1, True), 0, "replica", "it follows a source by 1 channel"),
        (Channels(2, False), 5, "replica", "it follows a source by 2 channels"),
        (Channels(1, True), REFUSED, "replica", "it follows a source by 1 channel"),
        (REFUSED, 1, None, "whether it follows a source is not shown: access denied"),
        (
            Channels(0, True),
            REFUSED,
            None,
            "it follows no source, and whether replicas are attached is not shown: access denied",
        ),
    ],
)
def test_the_role_that_shows(
    sources: Known[Channels], replicas: Known[int], role: str | None, how: str
) -> None:
    found = replication_of(sources, replicas)
    assert (found.role, found.how) == (role, how)
    if role == "replica":
        assert isinstance(sources, Channels)
        assert found.uses_gtid == sources.use_gtid


def answering(answers: dict[str, Rows | str]) -> Any:
    """A server that answers statements which hold these words; a text is a refusal."""

    def ask(*statements: str) -> list[Rows]:
        found = []
        for statement in statements:
            (answer,) = (rows for words, rows in answers.items() if words in statement)
            if isinstance(answer, str):
                raise AdvisorError(answer)
            found.append(answer)
        return found

    return ask


def mysql(vendor: VendorName) -> MySQL:
    found = VENDORS[vendor]
    assert isinstance(found, MySQL)
    return found


@pytest.mark.parametrize(
    ("vendor", "sources", "replicas", "role", "uses_gtid"),
    [
        ("mysql", [(0, 0)], [(0,)], "standalone", None),
        ("mysql", [(1, "1")], [(0,)], "replica", True),
        ("mysql", [(2, "1")], [(0,)], "replica", False),
        ("mysql", [(0, 0)], "denied", None, None),
        ("mariadb", [], [(2, "", 3306, 1)], "primary", None),
        ("mariadb", [("", "Slave has read", "Slave_Pos", None)], [], "replica", True),
        ("mariadb", [("", "Slave has read", "No", None)], [], "replica", False),
        ("mariadb", "denied", [], None, None),
    ],
)
def test_what_servers_answer(
    vendor: VendorName,
    sources: Rows | str,
    replicas: Rows | str,
    role: str | None,
    uses_gtid: bool | None,
) -> None:
    words = {"mysql": ("connection_configuration", "threads"), "mariadb": ("ALL SLAVES", "HOSTS")}
    ask = answering(dict(zip(words[vendor], (sources, replicas), strict=True)))
    found = mysql(vendor).replication(ask, {})
    assert (found.role, found.uses_gtid) == (role, uses_gtid)


def test_a_server_that_answers_with_nothing_is_refused() -> None:
    ask = answering({"connection_configuration": [], "threads": [(0,)]})
    with pytest.raises(AdvisorError, match="0 rows where one is due"):
        mysql("mysql").replication(ask, {})


def test_without_performance_schema_nothing_shows() -> None:
    found = mysql("mysql").replication(answering({}), {"performance_schema": "OFF"})
    assert found.role is None
    assert "performance_schema is off" in found.how


def test_what_is_said_wins_and_what_shows_is_named() -> None:
    shows = Replication("primary", "1 replica is attached")
    state = ServerState("mysql", (9, 7), {}, replication=shows)
    assert role_of(state, None) == shows
    assert role_of(state, "primary").how == "--role says it"
    said = role_of(state, "replica")
    assert said.role == "replica"
    assert said.how == "--role says it; it looks like a primary, for 1 replica is attached"


def test_only_a_running_server_that_hides_it_gets_a_note() -> None:
    assert role_note(NOT_ASKED) == ()
    assert role_note(Replication("replica", "it is")) == ()
    (note,) = role_note(Replication(None, "access denied"))
    assert "(access denied)" in note


# What it changes


def test_a_setting_for_replicas_alone_is_said_to_no_other() -> None:
    settings = [one for one in load_settings("innodb") if one.name == "relay_log_recovery"]
    for role, count in (("standalone", 0), ("primary", 0), ("replica", 1)):
        result = recommend(settings, "mysql", (9, 7, 4), facts_where(vendor="mysql", role=role))
        assert (len(result.recommendations), result.skipped) == (count, ())


@pytest.mark.parametrize(
    ("conditions", "complaint"),
    [({"colour": {"is": "red"}}, "no such fact: colour"), ({"role": {"is": "boss"}}, "one of")],
)
def test_who_has_a_use_for_a_setting_is_checked(conditions: Any, complaint: str) -> None:
    (known,) = (one for one in load_settings("innodb") if one.name == "relay_log_recovery")
    told = known.model_dump(mode="json", by_alias=True, exclude_unset=True)
    with pytest.raises(ValidationError, match=complaint):
        Setting.model_validate({**told, "only_where": [conditions]})


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
@pytest.mark.parametrize("role", ["replica", "primary"])
def test_a_role_relaxes_nothing(
    vendor: VendorName, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        "recommend",
        "--db",
        vendor,
        "--db-version",
        "15" if vendor == "postgresql" else "11.8",
    )
    if vendor == "mysql":
        asked = (*asked[:-1], "9.7")
    _, out, _ = run(capsys, *asked, "--from", NVME, "--role", role, "--format", "json", "--quiet")
    advice = json.loads(out)
    assert advice["role"] == role
    assert {one["durability"] for one in advice["settings"]} == {"durable"}


def offers(capsys: pytest.CaptureFixture[str], role: str) -> Any:
    asked = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", NVME, "--role", role)
    _, out, _ = run(capsys, *asked, "--format", "json", "--quiet")
    return json.loads(out)["lower_durability"]


def test_a_replica_is_offered_less_at_what_it_costs_a_replica(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (offer,) = offers(capsys, "replica")
    assert offer["losses"] == []
    # tests/powercut/README.md: 1 and sync_binlog = 0 went on whole after 20 of 20 cuts
    assert (offer["settings"], offer["syncs_saved"]) == ({"sync_binlog": "100"}, 1)
    fetched, log = offer["role_costs"]
    asks_by_gtid = "Where it asks its source by GTID and writes what it applies"
    assert fetched["costs"].startswith(asks_by_gtid)
    assert "it fetches them from its source again" in fetched["costs"]
    assert "log_replica_updates = OFF" in fetched["remedy"]
    assert "innodb_flush_log_at_trx_commit = 2 is then whole, too" in fetched["remedy"]
    assert "it has no log then to feed replicas from" in fetched["remedy"]
    assert "its own binary log may lack transactions" in log["costs"]


@pytest.mark.parametrize(
    ("options", "flush", "note"),
    [
        (("9.7",), 1, False),
        (("9.7", "--durability", "loses-recent-on-crash"), 1, False),  # 0 would leave the same gap
        (("9.7", "--no-binary-log"), 2, False),
        (("9.7", "--cluster", "semi-sync"), 1, False),
        (("9.7", "--cluster", "semi-sync", "--no-binary-log"), 2, False),
        (("5.7", "--binary-log"), 1, False),
        (("5.7", "--no-binary-log"), 2, False),
        (("5.7",), 1, True),  # unknown is not safe: one that may be promoted logs what it applies
    ],
)
def test_beside_a_log_of_what_it_applies_the_tables_are_flushed(
    options: tuple[str, ...], flush: int, note: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    relaxed = () if "--durability" in options else ("--durability", "loses-recent-on-power-loss")
    asked = ("recommend", "--db", "mysql", "--from", NVME, "--role", "replica", *relaxed)
    _, out, _ = run(capsys, *asked, "--db-version", *options, "--format", "json", "--quiet")
    advice = json.loads(out)
    values = {one["setting"]: one["value"] for one in advice["settings"]}
    assert (values[FLUSH], values["sync_binlog"]) == (flush, 100)
    assert any("no binary log is counted" in each for each in advice["warnings"]) == note
    assert not any("may go on and lack" in one["costs"] for one in advice["role_costs"])


def test_what_saves_no_sync_is_not_offered(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "5.7", "--from", NVME)
    as_json = ("--role", "replica", "--format", "json", "--quiet")
    for said, settings in (
        ((), []),  # without a log, as far as is known, a relaxed sync_binlog saves nothing
        (("--binary-log",), [{"sync_binlog": "100"}]),
        (("--no-binary-log",), [{FLUSH: "2", "sync_binlog": "100"}]),
    ):
        _, out, _ = run(capsys, *asked, *as_json, *said)
        offered = json.loads(out)["lower_durability"]
        assert [offer["settings"] for offer in offered] == settings, said


@pytest.mark.parametrize("role", ["standalone", "replica"])
def test_a_members_relay_log_is_left_alone(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    """https://dev.mysql.com/doc/refman/8.4/en/replication-options-replica.html#sysvar_relay_log_recovery:
    it does nothing for the channels of Group Replication."""
    asked = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", NVME, "--quiet")
    cluster = ("--cluster", "group-replication", "--role", role, "--format", "json")
    _, out, _ = run(capsys, *asked, *cluster)
    assert "relay_log_recovery" not in {one["setting"] for one in json.loads(out)["settings"]}


def test_a_primary_is_told_both(capsys: pytest.CaptureFixture[str]) -> None:
    (offer,) = offers(capsys, "primary")
    assert [loss["setting"] for loss in offer["losses"]] == [
        "innodb_flush_log_at_trx_commit",
        "sync_binlog",
    ]
    assert len(offer["role_costs"]) == 1
    assert offers(capsys, "standalone")[0]["role_costs"] == []


def test_what_is_accepted_stands_in_the_fragments_head(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("recommend", "--db", "mariadb", "--db-version", "11.8", "--from", NVME, "--quiet")
    relaxed = ("--durability", "loses-recent-on-power-loss")
    _, out, _ = run(capsys, *asked, "--role", "replica", *relaxed)
    head = out.partition("[mariadb]")[0]
    assert "# Role: replica\n" in head
    assert "it fetches them from its source again" in head
    _, out, _ = run(capsys, *asked, *relaxed)
    assert "Role" not in out


def test_a_bulk_load_has_no_role(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("recommend", "--db", "mysql", "--db-version", "9.7", "--from", NVME, "--bulk-load")
    status, _, err = run(capsys, *asked, "--role", "replica")
    assert status == 2
    assert "leave --role out" in err


def screen_of(vendor: VendorName, version: str, role: Role, durability: AdvisedDurability) -> str:
    request = Request(
        vendor, parse_version(version), "as given", role=role, durability=durability, log_bin=True
    )
    advice = advise(stored("nvme-consumer"), request, knowledge_for(vendor, role))
    return " ".join(render(summary_document(advice, "x"), "text").split())


@pytest.mark.parametrize(
    ("vendor", "version", "role", "said"),
    [
        ("mysql", "9.7", "replica", "which InnoDB keeps in mysql.gtid_executed: it fetches them"),
        ("mysql", "9.7", "primary", "Make the replicas anew from it"),
        (
            "postgresql",
            "17",
            "replica",
            "as a replica: While it is a standby, a crash costs it nothing",
        ),
        ("postgresql", "17", "primary", "as a primary: After a crash its standbys lack what it"),
    ],
)
def test_a_screen_says_what_a_role_costs(
    vendor: VendorName, version: str, role: Role, said: str
) -> None:
    assert said in screen_of(vendor, version, role, "loses-recent-on-crash")
    assert f"as a {role}:" not in screen_of(vendor, version, role, "durable")


@pytest.mark.parametrize("form", ["conf", "sql", "json"])
def test_a_group_without_a_setting_for_that_role_is_refused(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("recommend", "--db", "mariadb", "--db-version", "11.8", "--from", NVME)
    for role in ("standalone", "primary"):
        status, out, err = run(
            capsys, *asked, "--group", "replication", "--role", role, "--format", form
        )
        assert (status, out) == (2, "")
        assert err.splitlines() == [
            "fsync-advisor: --group replication has no setting for MariaDB 11.8"
            f" in the role {role}",
            "  hint: --role replica has settings of it, if the server is one",
        ]
