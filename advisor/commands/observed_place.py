"""Where the log of a server that is observed lies, and how far that is known."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from advisor.commands.recognise import require_directory
from advisor.errors import AdvisorError, UsageError
from advisor.instance import Drives, Reached, RunningServer
from advisor.measurement import MeasurementWarning
from advisor.model import Known, Unknown
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

if TYPE_CHECKING:
    from advisor.probe.observe import ObservedPlace
    from advisor.server_state import ServerState
    from advisor.servers.connection import Address


class AskedServer(NamedTuple):
    """A server that is observed, and how it is reached."""

    address: "Address"
    state: "ServerState"
    reached: Reached
    process: Known[RunningServer]
    """That answers, as this host shows it."""

    @property
    def title(self) -> str:
        """Like "PostgreSQL 15.8"."""
        return f"{VENDORS[self.state.vendor].title} {format_version(self.state.version)}"


class LogPlace(NamedTuple):
    """Where the log of what is observed lies."""

    place: "ObservedPlace"
    doubts: tuple[MeasurementWarning, ...]
    is_the_logs: bool = True
    """False where somebody says so, and nothing shows it."""


def asked_server(address: "Address", state: "ServerState", reached: Reached) -> AskedServer:
    """With the process that answers; behind a tunnel the server is on another host."""
    from advisor.probe.data_directories import server_behind

    if not reached.is_here:
        why = "the server is reached by the network, so that its drive is perhaps not of this host"
        return AskedServer(address, state, reached, Unknown(unknown=why))
    try:
        return AskedServer(address, state, reached, server_behind(reached))
    except AdvisorError as error:
        why = f"{error.message}, so that the server's drive is perhaps not of this host"
        return AskedServer(address, state, Reached(is_here=False), Unknown(unknown=why))


def place_of_log(asked: AskedServer | None, drives: Drives | None) -> LogPlace:
    """Where the log lies: as `drives` has it, or else as the server has it.

    Raises UsageError where a server on this host has its log elsewhere than `drives` say.
    """
    from advisor.probe.observe import no_place, place_of
    from advisor.servers.installed import ask_host

    doubts = []
    its_own = None if asked is None else _drives_of(asked)
    named = drives
    if drives is None:
        assert its_own is not None  # else the current directory would be meant
        if isinstance(its_own, Unknown):
            why = f"{its_own.unknown}; DIR names it"
            return LogPlace(no_place(why), (_doubt("no-host-counters", why),))
        drives = its_own
        if drives.log is not None and not _is_visible(drives.log):
            why = f"{drives.log} cannot be looked at; it is taken to be where the data is"
            doubts.append(_doubt("log-not-seen", why))
            drives = drives._replace(log=None)
    for directory in filter(None, drives):
        require_directory(directory)
    log = drives.log or drives.data
    others = [each for each in drives if each is not None and each != log]
    place = place_of(log, others, ask_host)
    if asked is None:
        return LogPlace(place, ())
    if isinstance(its_own, Unknown):
        why = f"that {log} is where {asked.title} has its log is not checked: {its_own.unknown}"
        if not place.devices:  # nothing there could be counted: it must not be judged in its stead
            return LogPlace(no_place(why), (_doubt("drive-not-checked", why),))
        return LogPlace(place, (_doubt("drive-not-checked", why),), is_the_logs=False)
    if named is not None and its_own is not None:
        seen = [each for each in (its_own.log, its_own.data) if each and _is_visible(each)]
        _require_devices_of(seen[0], log, place)
    if asked.reached.loopback_port is not None and isinstance(asked.process, Unknown):
        why = f"that {log} is on the host of {asked.title} is not checked: {asked.process.unknown}"
        doubts.append(_doubt("drive-not-checked", why))
        return LogPlace(place, tuple(doubts), is_the_logs=False)
    return LogPlace(place, tuple(doubts))


def _doubt(code: str, text: str) -> MeasurementWarning:
    return MeasurementWarning(code=code, text=text)


def _require_devices_of(its_log: Path, named: Path, place: "ObservedPlace") -> None:
    """Raises UsageError where the log of a server on this host lies on none of the devices below
    the directory that was named for it."""
    from advisor.probe.observe import place_of
    from advisor.servers.installed import ask_host

    its_devices, devices = (
        {device.name for device in each.devices if device.holds_log}
        for each in (place_of(its_log, (), ask_host), place)
    )
    if (its_devices or devices) and its_devices.isdisjoint(devices):
        raise UsageError(
            f"the log of --dsn's server lies in {its_log}, on {_names(its_devices)}, and {named} on"
            f" {_names(devices)}: its counters would stand beside those of another drive",
            f"leave the directory out, or name {its_log}",
        )


def _names(devices: set[str]) -> str:
    return ", ".join(sorted(devices)) or "no block device"


def _drives_of(asked: AskedServer) -> Known[Drives]:
    """Where a server that is on this host keeps its data, by its own word or by its process."""
    vendor, settings = VENDORS[asked.state.vendor], asked.state.settings
    if not asked.reached.is_here:
        assert isinstance(asked.process, Unknown)
        return asked.process
    process = None if isinstance(asked.process, Unknown) else asked.process
    if process is not None and process.in_container:
        return Drives(process.directory)  # what the server names is not this host's
    named = settings.get(vendor.data_directory_setting)
    if named is not None and named.value:
        data = Path(named.value)
        if not _is_visible(data):
            why = f"{data}, where the server has its data, is not seen from here"
            return Unknown(unknown=why)
    elif process is not None:
        data = process.directory
    else:
        shown = f"; GRANT {vendor.data_directory_right} shows it"
        hidden = "this account may not see where the server's data is"
        return Unknown(unknown=hidden + (shown if vendor.data_directory_right else ""))
    values: Mapping[str, str] = {name: each.value for name, each in settings.items()}
    log, binary_log = vendor.log_places(values, data)
    return Drives(data, log, binary_log if binary_log and _is_visible(binary_log) else None)


def _is_visible(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except (OSError, ValueError):
        return False
