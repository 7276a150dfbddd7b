"""What a crash costs a server because of its role: profiles/roles/, by what is relaxed and how a
replica follows."""

from typing import Any

import pytest
from pydantic import ValidationError

from advisor.knowledge import load_roles
from advisor.model import Known, Unknown
from advisor.roles import Role
from advisor.rules.roles import CostEntry, RoleFacts, RoleKnowledge
from advisor.vendors.names import VENDOR_NAMES, VendorName
from advisor.versions import NumericVersion
from tests.support.facts import role_facts

UNTOLD: Unknown = Unknown(unknown="not told")
FLUSH, LOG = "innodb_flush_log_at_trx_commit", "sync_binlog"


@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_each_servers_file_has_both_roles(vendor: VendorName) -> None:
    known = load_roles(vendor)
    told = {*(each.role for each in known.cost), *(each.role for each in known.note)}
    assert told == {"primary", "replica"}


def costs(vendor: VendorName, facts: RoleFacts, version: NumericVersion = (99,)) -> list[str]:
    return [cost.costs for cost in load_roles(vendor).costs("replica", version, facts)]


BOTH = (FLUSH, LOG)
GAP = "it may go on and lack transactions"
FETCHED = "it fetches them from its source again"
LOG_LACKS = "its own binary log may lack transactions"
AGAIN = "it may fetch again what its tables have"


@pytest.mark.parametrize(
    ("version", "relaxed", "logs", "said"),
    [
        # tests/powercut/README.md: 20 cuts of each on MySQL 9.7
        ((9, 7), (FLUSH,), True, [GAP]),
        ((9, 7), BOTH, True, [GAP, LOG_LACKS]),
        ((9, 7), (LOG,), True, [FETCHED, LOG_LACKS]),
        ((9, 7), BOTH, False, [FETCHED]),
        ((9, 7), (LOG,), False, []),
        # https://bugs.mysql.com/bug.php?id=96516: 8.0.17 is the first whose table has the latest
        ((8, 0, 17), (LOG,), True, [FETCHED, LOG_LACKS]),
        ((8, 0, 16), (LOG,), True, [AGAIN, LOG_LACKS]),
        ((5, 7, 44), (FLUSH,), True, [GAP]),
    ],
)
def test_each_flush_costs_a_replica_by_gtid_something_of_its_own(
    version: NumericVersion, relaxed: tuple[str, ...], logs: bool, said: list[str]
) -> None:
    told = costs("mysql", role_facts(relaxed, logs=logs), version)
    assert len(told) == len(said)
    for words, text in zip(said, told, strict=True):
        assert words in text


def test_a_log_that_is_behind_is_no_gap() -> None:
    known = load_roles("mysql")
    facts = role_facts((LOG,))
    assert known.goes_on_whole("replica", (9, 7), facts, of=FLUSH)
    assert not known.goes_on_whole("replica", (9, 7), facts, of=LOG)
    assert not known.goes_on_whole("replica", (9, 7), role_facts((FLUSH,)), of=FLUSH)


@pytest.mark.parametrize(
    ("version", "workers", "in_tables", "relaxed", "said"),
    [
        # tests/powercut/README.md: MySQL 9.7 with its 4 workers
        ((9, 7), True, True, (), ["its workers' places are beyond the end"]),
        ((9, 7), False, True, (), []),
        # the manual of 5.7, replication-solutions-unexpected-replica-halt
        ((5, 7, 44), True, True, (), ["its workers have left gaps"]),
        ((8, 0, 26), True, True, (), ["its workers have left gaps"]),
        ((5, 7, 44), False, False, (), ["it may apply again what its tables have"]),
        ((5, 7, 44), False, True, (FLUSH,), ["its place in mysql.slave_relay_log_info"]),
        ((5, 7, 44), False, True, (), []),
    ],
)
def test_file_and_position_by_how_it_applies(
    version: NumericVersion,
    workers: bool,
    in_tables: bool,
    relaxed: tuple[str, ...],
    said: list[str],
) -> None:
    facts = role_facts(relaxed, gtid=False, workers=workers, in_tables=in_tables)
    told = costs("mysql", facts, version)
    assert len(told) == len(said)
    for words, text in zip(said, told, strict=True):
        assert words in text


def test_in_a_cluster_its_own_file_says_what_a_power_loss_costs() -> None:
    known = load_roles("mysql")
    facts = role_facts(BOTH)
    both: tuple[tuple[Role, int], ...] = (("primary", 1), ("replica", 2))
    for role, several in both:
        assert len(known.costs(role, (9, 7), facts)) == several
        assert known.costs(role, (9, 7), facts, "group-replication") == ()
        assert known.costs(role, (9, 7), facts, "semi-sync") == ()
    by_position = role_facts(gtid=False)
    assert len(known.costs("replica", (9, 7), by_position, "semi-sync")) == 1
    assert known.costs("replica", (9, 7), by_position, "group-replication") == ()
    maria = load_roles("mariadb")
    assert len(maria.costs("primary", (11, 8), facts)) == 1
    assert maria.costs("primary", (11, 8), facts, "galera") == ()


def test_a_durable_replica_costs_nothing() -> None:
    for vendor in VENDOR_NAMES:
        assert costs(vendor, role_facts(logs=UNTOLD)) == []


def test_file_and_position_cost_a_durable_replica_too() -> None:
    (text,) = costs("mariadb", role_facts(logs=UNTOLD, gtid=False))
    assert "it stops at the first duplicate key" in text


@pytest.mark.parametrize("vendor", ["mysql", "mariadb"])
def test_a_primary_whose_log_is_not_flushed_may_keep_what_its_replicas_never_get(
    vendor: VendorName,
) -> None:
    known = load_roles(vendor)
    for relaxed, said in (
        ((FLUSH,), "its replicas may have transactions that it has lost, and it goes on"),
        ((LOG,), "its replicas may never get transactions that it has"),
        (BOTH, "its replicas may have transactions that it has lost, or never get some"),
    ):
        facts = role_facts(relaxed)
        (cost,) = known.costs("primary", (99,), facts)
        assert said in cost.costs
        for name in relaxed:  # each of them is told so
            assert known.costs("primary", (99,), facts, of=name) == (cost,)


ENTRY = {
    "role": "replica",
    "when": {"uses_gtid": {"is": True}},
    "case": "Where it asks by GTID",
    "costs": "A power loss takes something.",
    "remedy": "Fetch it again.",
    "sources": ["https://example.com"],
}


def test_what_is_not_known_is_told_with_its_case() -> None:
    known = RoleKnowledge.model_validate({"cost": [ENTRY]})

    def told(gtid: Known[bool]) -> list[str]:
        facts = role_facts(logs=UNTOLD, gtid=gtid)
        return [cost.costs for cost in known.costs("replica", (9, 7), facts)]

    assert told(True) == ["A power loss takes something."]
    assert told(False) == []
    assert told(UNTOLD) == ["Where it asks by GTID, a power loss takes something."]
    assert known.costs("primary", (9, 7), role_facts(logs=UNTOLD)) == ()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"when": {"moon": {"is": True}}}, "no such fact: moon"),
        ({"case": ""}, "case goes with"),
        ({"when": {"durability": {"is": "durable"}}}, "case goes with"),
        ({"when": {"commits_flushed": {"is": False}}}, "case goes with"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CostEntry.model_validate({**ENTRY, **changed})
