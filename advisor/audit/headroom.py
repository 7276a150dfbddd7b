"""The server's syncs per second against what the measured drive carries one after another."""

from advisor.audit.findings import Headroom
from advisor.measurement import Measurement
from advisor.server_state import Activity


def headroom(activity: Activity, measurement: Measurement) -> Headroom | None:
    """How much of the time the drive is busy with syncs, each as long as it was measured alone.

    None where the log's syncs are not counted, or the measurement lacks the sync. The binary
    log's count where both its syncs and its latency are known.
    """
    sync = measurement.effective_sync
    if sync is None or activity.log_syncs_per_s is None:
        return None
    sync_us = sync.summary.mean_us
    append = measurement.append
    append_us = append.summary.mean_us if append else None
    busy_us_per_s = activity.log_syncs_per_s * sync_us
    if activity.binary_log_syncs_per_s is not None and append_us is not None:
        busy_us_per_s += activity.binary_log_syncs_per_s * append_us
    return Headroom(
        used_percent=busy_us_per_s / 1e4,
        sync_us=sync_us,
        syncs_per_s_max=1e6 / sync_us,
        append_us=append_us,
    )
