"""How MySQL and MariaDB show who follows whom, and how a replica of theirs applies what it gets."""

from collections.abc import Callable
from typing import Final, NamedTuple

from advisor.model import Known, Unknown
from advisor.roles import Replication
from advisor.units import Value
from advisor.vendors.answers import Rows, count_of, only_row, only_value
from advisor.vendors.appliers import Appliers, Replaying
from advisor.vendors.base import AskTogether, words
from advisor.vendors.replication import Channels, Following, as_shown, replication_of
from advisor.vendors.values import PlainSpec
from advisor.versions import NumericVersion

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

PARALLEL_SINCE: Final = (8, 0, 27)
WRITE_SETS_SINCE: Final = (8, 4)
WRITE_SETS: Final = "binlog_transaction_dependency_tracking = WRITESET on the source"
LOGICAL_CLOCK: Final = "slave_parallel_type = LOGICAL_CLOCK"
"""How a replica comes to apply transactions side by side that touch no row in common."""

OPTIMISTIC_SINCE: Final = (10, 5, 1)
"""Since when that is MariaDB's default."""


class ReplicaSetting(NamedTuple):
    """A setting that decides how a replica follows its source."""

    names: tuple[str, ...]
    """The newest first."""
    spec: PlainSpec


LOGS_APPLIED: Final = ReplicaSetting(
    ("log_replica_updates", "log_slave_updates"), PlainSpec("boolean")
)
LOGS_APPLIED_SINCE: Final = (8, 0)
"""Since when that is on by default."""
WORKERS: Final = ReplicaSetting(
    ("replica_parallel_workers", "slave_parallel_workers"), PlainSpec("integer", min=0, max=1024)
)
PLACE: Final = ReplicaSetting(
    ("relay_log_info_repository",), PlainSpec("enum", choices=("FILE", "TABLE"))
)
PLACE_IN_TABLE_SINCE: Final = (8, 0)
GTID_MODE: Final = ReplicaSetting(
    ("gtid_mode",),
    PlainSpec("enum", choices=("OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON")),
)
GTID_OFF_UNTIL: Final = (8, 5)
GTID_ON_SINCE: Final = (9, 7)
"""OFF is the default by the manual of 8.4
(https://dev.mysql.com/doc/refman/8.4/en/replication-options-gtids.html#sysvar_gtid_mode), ON that
of MySQL 9.7.4, which was asked."""

ValueIn = Callable[[ReplicaSetting], Known[Value] | None]
"""What the settings say of one choice; None: nothing."""

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


def mysql_following(
    value_in: ValueIn, version: NumericVersion, *, log_bin: bool, all_told: bool
) -> Following:
    """https://dev.mysql.com/doc/refman/8.0/en/replication-options-replica.html; asked of MySQL
    9.7: it refuses SOURCE_AUTO_POSITION = 1 where gtid_mode is OFF, and nowhere else."""
    mode = value_in(GTID_MODE)
    if mode is None and all_told:
        mode = _default_mode(version)
    uses_gtid: Known[bool] = Unknown(unknown="whether it asks its source by GTID is not told")
    told_by = ""
    if mode == "OFF":
        uses_gtid, told_by = False, "gtid_mode is OFF, which allows nothing else"
    elif isinstance(mode, str):
        told_by = (
            f"gtid_mode = {mode} allows it, and does not show it; Auto_Position does, in what"
            " SHOW REPLICA STATUS prints (SHOW SLAVE STATUS before 8.0.22)"
        )
    return Following(
        logs_what_it_applies=_logs(
            value_in, log_bin=log_bin, by_default=version >= LOGS_APPLIED_SINCE, all_told=all_told
        ),
        applies_by_workers=_decided(
            value_in(WORKERS), 0, by_default=version >= PARALLEL_SINCE, all_told=all_told
        ),
        keeps_place_in_tables=_decided(
            value_in(PLACE), "FILE", by_default=version >= PLACE_IN_TABLE_SINCE, all_told=all_told
        ),
        uses_gtid=uses_gtid,
        told_by=told_by,
    )


def _default_mode(version: NumericVersion) -> str | None:
    """None: which release between the two has changed it, is not known."""
    if version < GTID_OFF_UNTIL:
        return "OFF"
    return "ON" if version >= GTID_ON_SINCE else None


def mariadb_following(value_in: ValueIn, *, log_bin: bool, all_told: bool) -> Following:
    """https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid: CHANGE MASTER
    alone says whether it asks by GTID, and no setting."""
    return Following(
        _logs(value_in, log_bin=log_bin, by_default=False, all_told=all_told),
        uses_gtid=Unknown(unknown="whether it asks its source by GTID is not told"),
    )


def _logs(value_in: ValueIn, *, log_bin: bool, by_default: bool, all_told: bool) -> Known[bool]:
    if not log_bin:
        return False
    return _decided(value_in(LOGS_APPLIED), False, by_default=by_default, all_told=all_told)


def _decided(
    value: Known[Value] | None, off: Value, *, by_default: bool, all_told: bool
) -> Known[bool]:
    """Whether it is another value than `off`."""
    if isinstance(value, Unknown):
        return value
    if value is not None:
        return value != off
    return by_default if by_default or all_told else Unknown(unknown="it is not told")


def mysql_replaying(version: NumericVersion) -> Replaying:
    """https://dev.mysql.com/doc/refman/8.0/en/replication-options-replica.html and
    https://dev.mysql.com/doc/refman/8.0/en/replication-options-binary-log.html: 4 workers and
    LOGICAL_CLOCK since 8.0.27; 8.4 has WRITESET alone."""
    lifted_by = "" if version >= WRITE_SETS_SINCE else WRITE_SETS
    if version >= PARALLEL_SINCE:
        return Replaying(Appliers("replica_parallel_workers", 4, lifted_by))
    lifted_by = f"{LOGICAL_CLOCK} and {lifted_by}"
    return Replaying(Appliers("slave_parallel_workers", 0, lifted_by))


def mariadb_replaying(version: NumericVersion) -> Replaying:
    """https://mariadb.com/docs/server/ha-and-performance/standard-replication/parallel-replication:
    optimistic since 10.5.1, conservative before."""
    lifted_by = "" if version >= OPTIMISTIC_SINCE else "slave_parallel_mode = optimistic"
    return Replaying(Appliers("slave_parallel_threads", 0, lifted_by))
