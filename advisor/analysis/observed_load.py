"""What an observation says of the load, for whoever plans for it. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from advisor.errors import UsageError
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.request import Request
from advisor.units import format_count, format_latency, format_size
from advisor.vendors.names import VendorName, vendor_named
from advisor.vendors.registry import VENDORS, version_of
from advisor.versions import NumericVersion, format_version, told_parts

if TYPE_CHECKING:  # few measurements have one
    from advisor.observation import Observation


class ObservedServerName(NamedTuple):
    """Which server was observed."""

    vendor: VendorName
    version: NumericVersion | None
    """None where the measurement tells none."""


BUSY_PERCENT: Final = 80.0
"""Of two such processors each lets a process wait 1.8 times as long as it then runs (M/M/2)."""
WAITED_TIMES: Final = 2.0
"""Our choice: as often a sync takes what its device took, and more. The file system and a flush
ahead of it account for less, as a rule: tests/servers/test_observed_drive.py."""


def with_observed_load(request: Request, measurement: Measurement) -> Request:
    """The request, with the load that was observed where it names none; that of another server
    counts for nothing."""
    observation = observation_for(request, measurement)
    if observation is None:
        return request
    commits_per_s = observation.commits_per_s
    log_bytes = observation.log_bytes_per_commit
    expected = request.expected_commits_per_s
    if expected is None and not isinstance(commits_per_s, Unknown) and commits_per_s > 0:
        expected = commits_per_s
    each_bytes = request.log_bytes_per_commit
    if each_bytes is None and not isinstance(log_bytes, Unknown) and log_bytes >= 1:
        each_bytes = round(log_bytes)
    return replace(request, expected_commits_per_s=expected, log_bytes_per_commit=each_bytes)


def observation_for(request: Request, measurement: Measurement) -> "Observation | None":
    """What was observed of such a server; None where nothing was."""
    observation = measurement.observation
    return observation if observation and observation.engine == request.vendor else None


def observed_server(measurement: Measurement) -> ObservedServerName | None:
    """None where no server was observed, or none that we know."""
    observation = measurement.observation
    if observation is None or isinstance(observation.engine, Unknown):
        return None
    vendor = vendor_named(observation.engine)
    if vendor is None:
        return None
    try:
        version = version_of(vendor, str(observation.server))
    except UsageError:
        version = None
    return ObservedServerName(vendor, version)


def server_notes(request: Request, measurement: Measurement) -> Iterator[str]:
    """Where the advice is for another server than was observed."""
    seen = observed_server(measurement)
    if seen is None:
        return
    of, asked = VENDORS[seen.vendor].title, told_parts(request.version)
    if seen.vendor != request.vendor:
        yield (
            f"a {of} was observed, and this is for {VENDORS[request.vendor].title}: its load counts"
            " for nothing here, its sync times do"
        )
    elif seen.version is not None and asked != seen.version[: len(asked)]:
        version = format_version(seen.version)
        yield f"{of} {version} was observed, and this is for {format_version(asked)}"


def observed_under(measurement: Measurement) -> str:
    """Like "for 60 s under 231 commits/s"; "" for what was not observed."""
    observation = measurement.observation
    if observation is None:
        return ""
    text = f"for {format_count(observation.interval_s)} s"
    commits_per_s = observation.commits_per_s
    if isinstance(commits_per_s, Unknown):
        return text
    return f"{text} under {format_count(commits_per_s)} commits/s"


def load_notes(measurement: Measurement) -> Iterator[str]:
    """What was observed of the load, on which sizes of logs rest."""
    observation = measurement.observation
    if observation is None or isinstance(observation.commits_per_s, Unknown):
        return
    said = [f"{format_count(observation.commits_per_s)} commits/s"]
    if not isinstance(observation.log_bytes_per_commit, Unknown):
        said.append(f"{format_size(observation.log_bytes_per_commit)} of log each")
    if not isinstance(observation.full_page_percent, Unknown):
        is_bound = observation.full_page_percent > 0 and "at most" in observation.full_page_from
        most = "at most " if is_bound else ""
        said.append(f"{most}{observation.full_page_percent:.0f} % of it whole pages")
    if not isinstance(observation.sync_busy_percent, Unknown):
        said.append(f"syncs took {observation.sync_busy_percent:.0f} % of the time")
    seconds = format_count(observation.interval_s)
    yield f"the load is that of {seconds} s, and perhaps not the heaviest: {', '.join(said)}"


def processor_notes(measurement: Measurement) -> Iterator[str]:
    """Where what the server waited for was perhaps a processor, and not its drive."""
    observation = measurement.observation
    means_us = {each.pattern: each.summary.mean_us for each in measurement.series}
    sync_us, device_us = means_us.get("observed-log"), means_us.get("observed-device")
    if observation is None or sync_us is None:
        return
    busy_percent = observation.cpu_busy_percent
    if isinstance(busy_percent, Unknown) or busy_percent < BUSY_PERCENT:
        return
    took = f"a sync took the server {format_latency(sync_us)}"
    busy = f"the processors were busy for {busy_percent:.0f} % of the time"
    wait = "perhaps a wait for a processor, not for the drive"
    if device_us is None:
        yield f"{took}, what its device took was not seen, and {busy}: some of it is {wait}"
    elif sync_us > WAITED_TIMES * device_us:
        at_device = f"a write and a flush its device {format_latency(device_us)}"
        yield f"{took}, {at_device}, and {busy}: the rest is {wait}"


def may_wait_for_processor(measurement: Measurement) -> bool:
    """Whether a faster drive would perhaps change less than what was observed says."""
    return any(processor_notes(measurement))
