"""Pairs of a source and a replica: what is committed at one is soon seen at the other, even by one
that was killed."""

from typing import Final

import pytest

from advisor.vendors.names import VendorName
from tests.servers.account import private_folder
from tests.servers.harness import server_named
from tests.servers.replication import (
    Pair,
    members,
    replicated,
    start_replication,
)

NAMES: Final = ("postgresql-15", "postgresql-19", "mariadb-10.11", "mariadb-11.8", "mysql-9.7")
SCHEMA: Final[dict[VendorName, str]] = {"postgresql": "public", "mysql": "s", "mariadb": "s"}


@pytest.mark.parametrize("name", NAMES)
def test_a_replica_follows_and_goes_on_after_a_kill(name: str) -> None:
    schema = SCHEMA[server_named(name).vendor]
    with private_folder(of_account=False) as room:
        source, replica = members(name, room, [room / "source", room / "replica"], ["", ""])
        with source.machine.running(source.folder) as first:
            with replica.machine.running(replica.folder) as second:
                start_replication(source, first, [second])
                with first.connected(1) as (connection,):
                    if schema != "public":
                        connection.query(f"CREATE SCHEMA {schema}")
                    connection.query(f"CREATE TABLE {schema}.t (a integer PRIMARY KEY)")
                    connection.query(f"INSERT INTO {schema}.t VALUES (1)")
                pair = Pair(first, second)
                pair.wait_until_caught_up()
                assert rows(pair, schema) == [(1,)]
                second.kill()
            with first.connected(1) as (connection,):
                connection.query(f"INSERT INTO {schema}.t VALUES (2)")
            with replica.machine.running(replica.folder) as second:
                pair = Pair(first, second)
                pair.wait_until_caught_up()
                assert rows(pair, schema) == [(1,), (2,)]


def rows(pair: Pair, schema: str) -> list[tuple[int, ...]]:
    with pair.replica.connected(1) as (connection,):
        found = connection.query(f"SELECT a FROM {schema}.t ORDER BY a")
    return [tuple(int(str(value)) for value in row) for row in found]


def test_what_a_stopped_replica_has_not_seen_is_told() -> None:
    with private_folder(of_account=False) as room, replicated("mysql-9.7", room) as pair:
        with pair.replica.connected(1) as (connection,):
            connection.query("STOP REPLICA")
        with pair.source.connected(1) as (connection,):
            connection.query("CREATE SCHEMA s")
        with pytest.raises(TimeoutError, match="is not reached"):
            pair.wait_until_caught_up(limit_s=1)
