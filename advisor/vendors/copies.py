"""What a running server shows of who has copies of it: the statements, and what the answers mean.

A server that no setting shows to be a part of a cluster is asked nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from advisor.errors import AdvisorError
from advisor.vendors.answers import count_of, only_row, texts

if TYPE_CHECKING:
    from advisor.vendors.base import AskTogether

STATUS_SQL: Final = (
    "SHOW GLOBAL STATUS WHERE variable_name LIKE 'rpl\\_semi\\_sync%'"
    " OR variable_name LIKE 'wsrep\\_cluster%'"
)
GROUP_MEMBERS_SQL: Final = (
    "SELECT coalesce(max(CASE WHEN member_id = @@server_uuid THEN member_state END), ''),"
    " count(*), coalesce(sum(member_state = 'ONLINE'), 0)"
    " FROM performance_schema.replication_group_members"
)
STANDBYS_SQL: Final = (
    "SELECT pg_catalog.pg_is_in_recovery(), count(*), count(sync_state),"
    " count(*) FILTER (WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming')"
    " FROM pg_catalog.pg_stat_replication"
)

SWITCHES: Final = (
    "rpl_semi_sync_source_enabled",
    "rpl_semi_sync_replica_enabled",
    "rpl_semi_sync_master_enabled",
    "rpl_semi_sync_slave_enabled",
    "wsrep_on",
)
"""Those of semi-synchronous replication, in both spellings, and of Galera."""
GROUP_NAME: Final = "group_replication_group_name"
STANDBY_NAMES: Final = "synchronous_standby_names"


class Copies(NamedTuple):
    """Name in lower case -> what the server shows; and what it does not show, in notes."""

    shown: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


def innodb_copies(values: Mapping[str, str], ask: "AskTogether") -> Copies:
    """Of MySQL and MariaDB, whose variables `values` are."""
    shown: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    if any(values.get(name) == "ON" for name in SWITCHES):
        (rows,) = ask(STATUS_SQL)
        shown |= {name.lower(): value for name, value in texts(rows, 2)}
    if values.get(GROUP_NAME):
        try:
            (rows,) = ask(GROUP_MEMBERS_SQL)
            state, members, online = only_row(rows, 3)
            shown |= {
                "group_member_state": str(state),
                "group_members": str(count_of(members)),
                "group_members_online": str(count_of(online)),
            }
        except AdvisorError as error:
            notes = (f"who is in the replication group is not shown: {error.message}",)
    return Copies(shown, notes)


def postgresql_copies(values: Mapping[str, str], ask: "AskTogether") -> Copies:
    """Of PostgreSQL, whose settings `values` are; a standby has none itself."""
    if not values.get(STANDBY_NAMES):
        return Copies()
    (rows,) = ask(STANDBYS_SQL)
    in_recovery, connected, seen, synchronous = only_row(rows, 4)
    if in_recovery is True:
        return Copies()
    shown = {"standbys": str(count_of(connected))}
    if count_of(seen) < count_of(connected):
        why = "this role may not see which standbys are synchronous; GRANT pg_monitor shows it"
        return Copies(shown, (why,))
    return Copies({**shown, "sync_standbys": str(count_of(synchronous))})


class _WaitsForReplicas(NamedTuple):
    """How one spelling of semi-synchronous replication says for how many replicas a commit waits,
    and how many are connected."""

    wanted: str
    connected: str


WAITS_FOR_REPLICAS: Final = (
    _WaitsForReplicas(
        "rpl_semi_sync_source_wait_for_replica_count", "rpl_semi_sync_source_clients"
    ),
    _WaitsForReplicas("rpl_semi_sync_master_wait_for_slave_count", "rpl_semi_sync_master_clients"),
)
GALERA_SCHEME: Final = "gcomm://"


def innodb_told(shown: Mapping[str, str]) -> Mapping[str, str]:
    """Of MySQL and MariaDB, what that says of copies: `enough_replicas` (yes or no), where the
    server shows who is connected, and how many addresses there are in wsrep_cluster_address
    (`nodes_named`) and in group_replication_group_seeds (`seeds_named`)."""
    told: dict[str, str] = {}
    for each in WAITS_FOR_REPLICAS:
        connected, wanted = shown.get(each.connected, ""), shown.get(each.wanted, "1")
        if connected.isdecimal() and wanted.isdecimal():
            told["enough_replicas"] = "yes" if int(connected) >= int(wanted) else "no"
    address = shown.get("wsrep_cluster_address", "").strip().lower()
    if address:
        told["nodes_named"] = _addresses(address.removeprefix(GALERA_SCHEME))
    told["seeds_named"] = _addresses(shown.get("group_replication_group_seeds", ""))
    return told


def _addresses(text: str) -> str:
    """How many a list names."""
    return str(sum(bool(each.strip()) for each in text.split(",")))
