"""What a server's values mean for the model: its way to commit, and the drive on that way."""

from collections.abc import Mapping
from typing import Final

from advisor.capacity.commit_paths import CommitKind, Delay, kind_by_syncs
from advisor.capacity.group_commit import SyncLatencies
from advisor.capacity.latency import Latency
from advisor.errors import AdvisorError
from advisor.measurement import Measurement, Method, Pattern
from advisor.versions import Vendor

METHODS: Final[Mapping[str, Method]] = {
    "fdatasync": "fdatasync",
    "fsync": "fsync",
    "open_datasync": "open_datasync",
    "open_sync": "open_sync",
}
"""PostgreSQL's wal_sync_method -> the series that measures it."""

_ON: Final = ("on", "1")


def commit_kind(vendor: Vendor, values: Mapping[str, str]) -> CommitKind:
    """The way to commit that a server's values (setting -> its text) make.

    Raises AdvisorError for one that has no model. Sources: settings.md section 5, counted syncs.
    """
    if vendor == "postgresql":
        waits = values["synchronous_commit"] != "off" and values["fsync"] == "on"
        return kind_by_syncs(vendor, int(waits))
    flush = values["innodb_flush_log_at_trx_commit"]
    binary_log = values["log_bin"].lower() in _ON and values["sync_binlog"] == "1"
    if flush == "1":  # a binary log that is written but not synced adds no sync
        return kind_by_syncs(vendor, 1 + binary_log)
    if flush in ("0", "2") and not binary_log:
        return kind_by_syncs(vendor, 0)
    raise AdvisorError(
        f"there is no model for innodb_flush_log_at_trx_commit = {flush}"
        f" with sync_binlog = {values['sync_binlog']}",
        "relax both, or neither",
    )


def delay_of(vendor: Vendor, values: Mapping[str, str]) -> Delay | None:
    """How long a server's values make leaders wait for company; None where they do not.

    Sources: XLogFlush; Commit_stage_manager::wait_count_or_timeout, where a count of 0 is none;
    MYSQL_BIN_LOG::wait_for_sufficient_commits, which without a count does not wait at all.
    """
    if vendor == "postgresql":
        delay = Delay(float(values["commit_delay"]), siblings=int(values["commit_siblings"]))
    elif vendor == "mysql":
        count = int(values["binlog_group_commit_sync_no_delay_count"])
        delay = Delay(float(values["binlog_group_commit_sync_delay"]), until=count or None)
    elif count := int(values["binlog_commit_wait_count"]):
        delay = Delay(float(values["binlog_commit_wait_usec"]), until=count)
    else:
        return None
    return delay if delay.us else None


def drive_of(vendor: Vendor, values: Mapping[str, str], measured: Measurement) -> SyncLatencies:
    """The latencies of the syncs that this server's commits wait for.

    Raises AdvisorError where the measurement has no such series.
    """
    if vendor == "postgresql":
        method = METHODS[values["wal_sync_method"]]
    elif vendor == "mysql" and values.get("innodb_use_fdatasync", "OFF").lower() not in _ON:
        method = "fsync"
    else:
        method = "fdatasync"
    log = _latency(measured, "overwrite", method)
    if not commit_kind(vendor, values).endswith("binary-log"):
        return SyncLatencies(log)
    return SyncLatencies(log, _latency(measured, "append", "fdatasync"))


def _latency(measured: Measurement, pattern: Pattern, method: Method) -> Latency:
    series = measured.find(pattern, method)
    if series is None:
        raise AdvisorError(
            f"the measurement has no series {pattern} with {method}, which these commits wait for",
            "measure with: fsync-advisor measure DIR --output FILE",
        )
    return Latency.of_series(series)
