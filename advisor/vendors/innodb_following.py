"""How a replica of MySQL or MariaDB follows its source, as far as its settings tell."""

from collections.abc import Callable
from typing import Final, NamedTuple

from advisor.model import Known, Unknown
from advisor.units import Value
from advisor.vendors.replication import Following
from advisor.vendors.values import PlainSpec
from advisor.versions import NumericVersion


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
WORKERS_SINCE: Final = (8, 0, 27)
"""Since when there are some by default."""
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
            value_in(WORKERS), 0, by_default=version >= WORKERS_SINCE, all_told=all_told
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


def mariadb_following(
    value_in: ValueIn,
    version: NumericVersion,
    *,
    log_bin: bool,
    all_told: bool,
) -> Following:
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
