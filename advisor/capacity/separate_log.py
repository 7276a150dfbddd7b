"""Whether a drive of its own pays for the log: commits beside the data's pages, and without them.

Pure. The two are compared on drives that are alike, unless the log has been measured apart. Where
syncs were measured beside page flushes, on one drive and on two, the model has that from there; a
drive of its own that nobody has measured is as idle as this one was.
"""

from dataclasses import replace

from advisor.capacity.host import ModelledHost, drive_of, load_of
from advisor.capacity.results import SeparateLog
from advisor.measurement import Measurement


def separate_log(host: ModelledHost, measurement: Measurement, clients: int) -> SeparateLog | None:
    """None where commits wait for no sync, or nothing is known of the data's pages."""
    together = _together(host, measurement)
    if together is None or not host.sequence.stages:
        return None
    if not together.busy_drive().page_us and not _is_measured(together):
        return None
    is_apart = not host.holds_data
    apart = host if is_apart else replace(host, holds_data=False, load=None)
    return SeparateLog(
        clients=clients,
        together_tps=_tps(together, clients),
        apart_tps=_tps(apart, clients),
        is_apart=is_apart,
        is_measured=_is_measured(together) and (_is_measured(apart) or not is_apart),
    )


def _together(host: ModelledHost, measurement: Measurement) -> ModelledHost | None:
    """Log and data on the drive of the data; None where that one's syncs were not measured."""
    data = measurement.data_files
    if data is None or host.holds_data:
        return host
    if data.effective_sync is None:
        return None
    return replace(host, drive=drive_of(data), holds_data=True, load=load_of(data))


def _is_measured(host: ModelledHost) -> bool:
    return host.busy_drive().beside_pages is not None


def _tps(host: ModelledHost, clients: int) -> float:
    model = host.clients(host.commits(), host.busy_drive(), host.cpu(), clients)
    return host.bounded(model).tps
