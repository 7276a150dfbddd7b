"""What MySQL and MariaDB show of replication: a server's sources and replicas."""

from typing import Final

from advisor.model import Unknown
from advisor.roles import Replication
from advisor.vendors.answers import Rows, count_of, only_row, only_value
from advisor.vendors.base import AskTogether, words
from advisor.vendors.replication import Channels, as_shown, replication_of

MYSQL_SOURCES_SQL: Final = (
    "SELECT count(*), coalesce(sum(auto_position = '1'), 0)"
    " FROM performance_schema.replication_connection_configuration"
    " WHERE host <> '' AND channel_name NOT LIKE 'group\\_replication\\_%'"
)
"""By how many channels it follows a source, and how many of these ask by GTID."""
MYSQL_REPLICAS_SQL: Final = (
    "SELECT count(*) FROM performance_schema.threads WHERE processlist_command LIKE 'Binlog Dump%'"
)
MARIADB_SOURCES_SQL: Final = "SHOW ALL SLAVES STATUS"
MARIADB_REPLICAS_SQL: Final = "SHOW SLAVE HOSTS"
GTID_USED: Final = frozenset({"Slave_Pos", "Current_Pos"})
"""What Using_Gtid says, whose place among the columns is another in each version."""

SEMI_SYNC: Final = "rpl_semi_sync_"
SEMI_SYNC_OPTIONS: Final = frozenset(
    f"{SEMI_SYNC}{name}"
    for name in words(
        "source_enabled source_timeout source_trace_level source_wait_for_replica_count"
        " source_wait_no_replica source_wait_point replica_enabled replica_trace_level"
        " master_enabled master_timeout master_trace_level master_wait_for_slave_count"
        " master_wait_no_slave master_wait_point master_kill_conn_timeout"
        " slave_enabled slave_trace_level slave_delay_master slave_kill_conn_timeout"
    )
)
"""All that MySQL's plugins and MariaDB have.
https://dev.mysql.com/doc/refman/8.4/en/replication-semisync-interface.html
https://mariadb.com/docs/server/ha-and-performance/standard-replication/semisynchronous-replication"""


def mysql_role(ask: AskTogether, *, has_performance_schema: bool) -> Replication:
    """What a MySQL is among others, as it shows the account."""
    if not has_performance_schema:
        off = Unknown(unknown="performance_schema is off")
        return replication_of(off, off)
    return replication_of(
        as_shown(ask, MYSQL_SOURCES_SQL, _mysql_channels),
        as_shown(ask, MYSQL_REPLICAS_SQL, lambda rows: count_of(only_value(rows))),
    )


def mariadb_role(ask: AskTogether) -> Replication:
    """The same of a MariaDB."""
    return replication_of(
        as_shown(ask, MARIADB_SOURCES_SQL, _mariadb_channels),
        as_shown(ask, MARIADB_REPLICAS_SQL, len),
    )


def _mysql_channels(rows: Rows) -> Channels:
    channels, by_gtid = map(count_of, only_row(rows, 2))
    return Channels(channels, channels == by_gtid)


def _mariadb_channels(rows: Rows) -> Channels:
    return Channels(len(rows), all(not GTID_USED.isdisjoint(map(str, row)) for row in rows))
