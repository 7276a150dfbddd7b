"""measure --passive: what a server and its drive do by themselves. Nothing is written."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from advisor import __version__
from advisor.commands.console import notify, notify_written
from advisor.commands.parameters import options_class
from advisor.commands.recognise import require_directory
from advisor.commands.requests import duration_s
from advisor.errors import AdvisorError, UsageError
from advisor.instance import Drives
from advisor.measurement import OBSERVED, Measurement, MeasurementWarning, to_json
from advisor.model import Unknown
from advisor.output_files import check_writable, write_text
from advisor.vendors.registry import VENDORS
from advisor.versions import format_version

if TYPE_CHECKING:
    from advisor.analysis.looks import ObservedServer, ServerLook
    from advisor.probe.observe import ObservedPlace
    from advisor.server_state import ServerState
    from advisor.servers.connection import Address

INTERVAL_S: Final = 60.0
INTERVALS: Final = ("1s", "1d")


@options_class
class PassiveOptions:
    """Whether nothing is written, and what is looked at instead."""

    passive: Annotated[
        bool,
        typer.Option(
            "--passive",
            help="Write nothing: read the kernel's and the server's own counters under the load"
            " there is.",
        ),
    ] = False
    interval: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long --passive looks: 60, 60s, 5min; below about 15s how well a mean is known"
            f" stays unknown.  [default: {INTERVAL_S:g}s]",
        ),
    ] = None
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="The server whose counters --passive reads, too: postgresql://, mysql:// or"
            " mariadb://.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if not self.passive and (self.interval is not None or self.dsn is not None):
            raise UsageError("--interval and --dsn go with --passive", "add --passive")
        _ = self.seconds

    def require_nothing_measured(self, *, is_planned: bool) -> None:
        """Raises UsageError where a plan of measuring is asked for as well."""
        if self.passive and is_planned:
            raise UsageError(
                "--passive writes nothing, so nothing else can say how it is measured",
                "leave out --quick, --thorough, --seed, --under-load and --soak",
            )

    @property
    def seconds(self) -> float:
        """How long it looks. Raises UsageError."""
        if self.interval is None:
            return INTERVAL_S
        return duration_s("--interval", self.interval, INTERVALS)


class _Asked(NamedTuple):
    """A server that is observed, and how it is reached."""

    address: "Address"
    state: "ServerState"
    is_here: bool


def observe_drives(
    options: PassiveOptions,
    drives: Drives | None,
    *,
    why: str = "",
    label: str | None = None,
    save: Path | None = None,
    force: bool = False,
    quiet: bool = False,
) -> Measurement:
    """Observes a server, the drives of these directories, or both; saves what came of it.

    Without `drives` those of the server, where it is on this host. Raises AdvisorError.
    """
    from advisor.analysis.description import warnings_on
    from advisor.analysis.observation import observed
    from advisor.probe.observe import look_repeatedly

    check_writable(save, force=force)
    say = partial(notify, quiet=quiet)
    asked = None if options.dsn is None else _asked(options.dsn, quiet=quiet)
    place, doubts = _place(asked, drives)
    if asked is None and not place.devices:
        raise AdvisorError(
            f"nothing counts what is synced in {place.target.directory}: {_no_device(place)}",
            "--dsn reads the server's own counters",
        )
    clock_ns = _clock_ns(asked)
    say(f"observing {_named(asked, place)} for {options.seconds:g} s{why}; nothing is written")
    host, looks = look_repeatedly(place.devices, options.seconds, _look(asked))
    server = _server(asked, [each for each in looks if each is not None])
    found = observed(place.devices, host, server, clock_ns)
    measurement = Measurement(
        tool_version=__version__,
        source=OBSERVED,
        taken_at=place.observed_at,
        label=label,
        target=place.target,
        environment=place.environment,
        written_bytes=0,
        series=found.series,
        warnings=(*found.warnings, *doubts),
        observation=found.observation,
    )
    measurement = measurement.model_copy(update={"warnings": warnings_on(measurement)})
    if save:
        write_text(save, to_json(measurement), force=force)
        notify_written(save, quiet=quiet)
    return measurement


def _no_device(place: "ObservedPlace") -> str:
    devices = place.target.devices
    return devices.unknown if isinstance(devices, Unknown) else "no block device is below it"


def _asked(dsn: str, *, quiet: bool) -> _Asked:
    from advisor.servers.connection import PASSWORD_SHOWN, find_address, shows_password
    from advisor.servers.state import server_to_observe

    address = find_address(dsn, None, takes_db=False)
    if shows_password(dsn):
        notify(f"note: {PASSWORD_SHOWN}", quiet=quiet)
    state, is_here = server_to_observe(address, partial(notify, quiet=quiet))
    return _Asked(address, state, is_here)


def _look(asked: _Asked | None) -> "Callable[[], ServerLook | None]":
    from advisor.servers.state import look_anew

    if asked is None:
        return lambda: None
    return partial(look_anew, asked.address, asked.state)


def _place(
    asked: _Asked | None, drives: Drives | None
) -> tuple["ObservedPlace", tuple[MeasurementWarning, ...]]:
    """Where the log lies, and what is in doubt about that."""
    from advisor.probe.observe import no_place, place_of
    from advisor.servers.installed import ask_host

    doubts = []
    its_own = None if asked is None else _drives_of(asked)
    if drives is None:
        assert its_own is not None  # else the current directory would be meant
        if isinstance(its_own, Unknown):
            doubt = MeasurementWarning(code="no-host-counters", text=its_own.unknown)
            return no_place(its_own.unknown), (doubt,)
        drives, its_own = its_own, None
        if drives.log is not None and not _is_visible(drives.log):
            text = f"{drives.log} cannot be looked at; it is taken to be where the data is"
            doubts.append(MeasurementWarning(code="log-not-seen", text=text))
            drives = drives._replace(log=None)
    for directory in filter(None, drives):
        require_directory(directory)
    log = drives.log or drives.data
    others = [each for each in drives if each is not None and each != log]
    place = place_of(log, others, ask_host)
    if isinstance(its_own, Drives):
        seen = [each for each in (its_own.log, its_own.data) if each and _is_visible(each)]
        _require_devices_of(seen[0], log, place)
    elif asked is not None and not asked.is_here:
        text = (
            f"{_title(asked.state)} is reached by the network; that {log} is its own is not checked"
        )
        doubts.append(MeasurementWarning(code="drive-not-checked", text=text))
    return place, tuple(doubts)


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


def _drives_of(asked: _Asked) -> Drives | Unknown:
    """Where a server that is on this host says that it keeps its data."""
    vendor, settings = VENDORS[asked.state.vendor], asked.state.settings
    if not asked.is_here:
        return Unknown(
            unknown="the server is reached by the network, so that its drive is perhaps not of this"
            " host; DIR names it where it is"
        )
    named = settings.get(vendor.data_directory_setting)
    if named is None or not named.value:
        return Unknown(unknown="this account may not see where the server's data is; DIR names it")
    data = Path(named.value)
    if not _is_visible(data):
        return Unknown(unknown=f"{data}, where the server has its data, is not seen from here")
    values: Mapping[str, str] = {name: each.value for name, each in settings.items()}
    log, binary_log = vendor.log_places(values, data)
    return Drives(data, log, binary_log if binary_log and _is_visible(binary_log) else None)


def _is_visible(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except (OSError, ValueError):
        return False


def _clock_ns(asked: _Asked | None) -> float | None:
    """What a look at the clock takes, where the server on this host needs to be told to time its
    syncs, and the program that measures it is installed."""
    if asked is None or not asked.is_here:
        return None
    vendor = VENDORS[asked.state.vendor]
    switch = asked.state.settings.get(vendor.timing_setting)
    if not vendor.timing_program or (switch is not None and switch.value == "on"):
        return None
    from advisor.servers.installed import ask_host, find_installed

    installed = find_installed(vendor.name)
    if installed is None:
        return None
    said = ask_host(vendor.timing_program, (str(installed.program.parent),))
    return None if isinstance(said, Unknown) else vendor.clock_ns(said)


def _server(asked: _Asked | None, looks: "list[ServerLook]") -> "ObservedServer | None":
    from advisor.analysis.looks import ObservedServer

    if asked is None:
        return None
    state, vendor = asked.state, VENDORS[asked.state.vendor]
    values = {name: each.value for name, each in state.settings.items()}
    try:
        method = vendor.log_sync_method(values)
    except (AdvisorError, KeyError):
        method = "fdatasync"
    return ObservedServer(
        title=_title(state),
        vendor=state.vendor,
        counters=vendor.counters(state),
        method="fdatasync" if method == "none" else method,
        looks=looks,
    )


def _title(state: "ServerState") -> str:
    return f"{VENDORS[state.vendor].title} {format_version(state.version)}"


def _named(asked: _Asked | None, place: "ObservedPlace") -> str:
    from advisor.analysis.description import target_text

    directory = place.target.directory
    where = "" if isinstance(directory, Unknown) else target_text(place.target)
    return " and ".join(filter(None, ("" if asked is None else _title(asked.state), where)))
