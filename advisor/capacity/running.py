"""What a server's values mean for the model: its way to commit, and the drive on that way."""

from collections.abc import Mapping
from typing import Final

from advisor.capacity.commit_paths import CommitKind
from advisor.capacity.group_commit import Drive
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
        return "postgresql" if waits else "asynchronous"
    flush = values["innodb_flush_log_at_trx_commit"]
    binary_log = values["log_bin"].lower() in _ON and values["sync_binlog"] == "1"
    if flush == "1":
        if not binary_log:  # written but not synced, so the redo log's sync is all there is
            return vendor
        return "mysql-binary-log" if vendor == "mysql" else "mariadb-binary-log"
    if flush in ("0", "2") and not binary_log:
        return "asynchronous"
    raise AdvisorError(
        f"there is no model for innodb_flush_log_at_trx_commit = {flush}"
        f" with sync_binlog = {values['sync_binlog']}",
        "relax both, or neither",
    )


def drive_of(vendor: Vendor, values: Mapping[str, str], measured: Measurement) -> Drive:
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
        return Drive(log)
    return Drive(log, _latency(measured, "append", "fdatasync"))


def _latency(measured: Measurement, pattern: Pattern, method: Method) -> Latency:
    series = measured.find(pattern, method)
    if series is None:
        raise AdvisorError(
            f"the measurement has no series {pattern} with {method}, which these commits wait for",
            "measure with: fsync-advisor measure DIR --output FILE",
        )
    return Latency.of_series(series)
