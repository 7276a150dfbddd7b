"""What a server's values mean for the model: its way to commit, and the syncs on that way."""

from collections.abc import Mapping

from advisor.capacity.group_commit import CommitModel, SyncLatencies
from advisor.capacity.latency import Latency
from advisor.errors import AdvisorError
from advisor.measurement import Measurement
from advisor.series_kind import Method, Pattern
from advisor.vendors.base import Vendor


def commit_model(vendor: Vendor, values: Mapping[str, str]) -> CommitModel:
    """How a server with these values (setting -> its text) commits.

    Raises AdvisorError for values that have no model.
    """
    return CommitModel(vendor.commit_sequence(values), delay=vendor.commit_delay(values))


def sync_latencies(
    vendor: Vendor, values: Mapping[str, str], measured: Measurement
) -> SyncLatencies:
    """The latencies of the syncs that this server's commits wait for.

    Raises AdvisorError where the measurement has no such series.
    """
    log = _latency(measured, "overwrite", vendor.log_sync_method(values))
    if not vendor.commit_sequence(values).has_binary_log:
        return SyncLatencies(log)
    return SyncLatencies(log, _latency(measured, "append", "fdatasync"))


def _latency(measured: Measurement, pattern: Pattern, method: Method) -> Latency:
    series = measured.find_any_size(pattern, method)
    if series is None:
        raise AdvisorError(
            f"the measurement has no series {pattern} with {method}, which these commits wait for",
            "measure with: fsync-advisor measure DIR --output FILE",
        )
    return Latency.of_series(series)
