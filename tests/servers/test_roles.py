"""What an audit makes of a source and its replica, both of them real and at work."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from advisor.vendors.names import VendorName
from advisor.vendors.registry import VENDORS
from tests.powercut.server import Running
from tests.servers.account import private_folder
from tests.servers.auditing import audited
from tests.servers.harness import server_named
from tests.servers.replication import Pair, replicated
from tests.support.command_line import advisor

PAIRS: Final = ("mysql-9.7", "mariadb-11.8", "postgresql-15", "postgresql-19")

RELAXED: Final[Mapping[VendorName, str]] = {
    "mysql": "[mysqld]\ninnodb_flush_log_at_trx_commit = 2\nsync_binlog = 100\n",
    "mariadb": "[mariadb]\ninnodb_flush_log_at_trx_commit = 2\nlog_slave_updates = ON\n",
    "postgresql": "synchronous_commit = off\n",
}
UNPRIVILEGED: Final = "looker"


@dataclass(frozen=True)
class Named:
    """A pair, and whose servers they are."""

    vendor: VendorName
    pair: Pair


@pytest.fixture(scope="module", params=PAIRS)
def relaxed(request: pytest.FixtureRequest) -> Iterator[Named]:
    """Both without waiting for their drives; with an account that may do nothing."""
    server = server_named(request.param)
    fragment = RELAXED[server.vendor]
    with (
        private_folder(of_account=False) as room,
        replicated(
            request.param, room, source_fragment=fragment, replica_fragment=fragment
        ) as pair,
    ):
        account = "ROLE looker LOGIN" if server.vendor == "postgresql" else "USER looker@localhost"
        with pair.source.connected(1) as (connection,):
            connection.query(f"CREATE {account}")
        pair.wait_until_caught_up()
        yield Named(server.vendor, pair)


def audit_of(server: Running, *options: str, user: str = "") -> dict[str, Any]:
    """What the command says as JSON."""
    login = VENDORS[server.address.vendor].local_login(server.place)
    vendor = server.address.vendor
    dsn = f"{vendor}://{user or login['user']}@localhost/?socket={login.get('unix_socket')}"
    if vendor == "postgresql":
        dsn = f"postgresql://{user or login['user']}@/postgres?host={login['host']}"
    arguments = ("--dsn", dsn, "--interval", "0", "--format", "json", "--quiet", *options)
    done = advisor("audit", *arguments)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def reasons(found: dict[str, Any]) -> dict[str, str]:
    return {one["setting"]: one["reason"] for one in found["findings"]}


def test_a_replica_is_told_by_what_it_costs(relaxed: Named) -> None:
    found = audit_of(relaxed.pair.replica)
    shows = {
        "mysql": "it follows a source by 1 channel",
        "mariadb": "it follows a source by 1 channel",
        "postgresql": "it is in recovery, as a standby is",
    }[relaxed.vendor]
    assert (found["role"], found["role_source"]) == ("replica", shows)
    if relaxed.vendor == "postgresql":
        said = reasons(found)["synchronous_commit"]
        assert said.startswith("While it is a standby, a crash costs it nothing")
        severities = {one["severity"] for one in found["findings"]}
        assert "data-loss" not in severities
        return
    said = reasons(found)["innodb_flush_log_at_trx_commit"]
    gap = "it may go on and lack transactions, and nothing tells"
    assert (gap in said) == (relaxed.vendor == "mysql")
    lacks = "its own binary log may lack transactions that its tables have"
    assert lacks not in said
    assert lacks in reasons(found)["sync_binlog"]
    assert "Where it asks" not in said  # which is known here
    assert {one["at_risk"] for one in found["findings"] if one["setting"] in said} <= {None}
    assert found["findings"][0]["at_risk"] is None
    assert "relay_log_recovery" in reasons(found)


def test_a_primary_is_told_what_its_replicas_may_have(relaxed: Named) -> None:
    found = audit_of(relaxed.pair.source)
    assert (found["role"], found["role_source"]) == ("primary", "1 replica is attached")
    name = "innodb_flush_log_at_trx_commit"
    wanted = "its replicas may have transactions that it has lost"
    if relaxed.vendor == "postgresql":
        name, wanted = "synchronous_commit", "its standbys lack what it lacks"
    assert wanted in reasons(found)[name]
    (finding,) = (one for one in found["findings"] if one["setting"] == name)
    assert finding["at_risk"] is not None  # what it had acknowledged is lost, too
    assert "relay_log_recovery" not in reasons(found)


def test_what_is_accepted_is_a_note_and_a_gap_is_none(relaxed: Named) -> None:
    found = audit_of(relaxed.pair.replica, "--durability", "loses-recent-on-crash")
    if relaxed.vendor == "postgresql":  # a standby has nothing to gain from it
        assert "synchronous_commit" in reasons(found)
        return
    assert any("its own binary log may lack" in note for note in found["notes"])
    told = [one for one in found["findings"] if one["severity"] == "data-loss"]
    if relaxed.vendor == "mysql":  # by GTID, and it writes what it applies into its binary log
        (gap,) = told
        assert (gap["setting"], gap["recommended"]) == ("innodb_flush_log_at_trx_commit", "1")
        assert "it may go on and lack transactions" in gap["reason"]
    else:
        assert told == []


def test_what_an_account_may_not_see_stays_unknown(relaxed: Named) -> None:
    found = audit_of(relaxed.pair.replica, user=UNPRIVILEGED)
    if relaxed.vendor == "postgresql":
        assert found["role"] == "replica"  # anybody may see that
        assert audit_of(relaxed.pair.source, user=UNPRIVILEGED)["role"] == "primary"
        return
    assert found["role"] is None
    assert found["role_source"].startswith("whether it follows a source is not shown: ")
    assert any(
        note.startswith("whether it is a replica or a primary is unknown (")
        for note in found["notes"]
    )
    assert "relay_log_recovery" not in reasons(found)
    told = audit_of(relaxed.pair.replica, "--role", "replica", user=UNPRIVILEGED)
    assert (told["role"], told["role_source"]) == ("replica", "--role says it")
    assert "relay_log_recovery" in reasons(told)


def test_what_is_said_against_what_shows_is_named(relaxed: Named) -> None:
    found = audit_of(relaxed.pair.source, "--role", "standalone")
    assert found["role"] == "standalone"
    assert (
        found["role_source"] == "--role says it; it looks like a primary, for 1 replica is attached"
    )


@pytest.mark.parametrize("name", PAIRS[:3])
def test_a_server_on_its_own_is_standalone(name: str) -> None:
    server = server_named(name)
    with server.running("") as instance:
        found = audited(server, instance)
    assert found["role"] == "standalone"
    assert found["role_source"] == "it follows no source, and no replica is attached now"
