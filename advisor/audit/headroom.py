"""The server's syncs per second against what the drive sustains one after another."""

from advisor.audit.findings import Headroom
from advisor.measurement import Measurement
from advisor.server_activity import Activity


def headroom(activity: Activity, measurement: Measurement | None) -> Headroom | None:
    """How much of the time the drive is busy with syncs, each as long as the server itself timed
    it meanwhile; else as it was observed or measured before.

    None where the log's syncs are not counted, or nothing says how long one takes. The binary log's
    count where both its syncs and its latency are known.
    """
    sync = measurement.effective_sync if measurement else None
    append = measurement.append if measurement else None
    sync_us = activity.log_sync_us or (sync.summary.mean_us if sync else None)
    append_us = activity.binary_log_sync_us or (append.summary.mean_us if append else None)
    if sync_us is None or activity.log_syncs_per_s is None:
        return None
    busy_us_per_s = activity.log_syncs_per_s * sync_us
    if activity.binary_log_syncs_per_s is not None and append_us is not None:
        busy_us_per_s += activity.binary_log_syncs_per_s * append_us
    was_observed = measurement is not None and measurement.observation is not None
    return Headroom(
        used_percent=busy_us_per_s / 1e4,
        sync_us=sync_us,
        syncs_per_s_max=1e6 / sync_us,
        append_us=append_us,
        sync_us_from="observed" if activity.log_sync_us or was_observed else "measured",
    )
