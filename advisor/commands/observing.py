"""measure --passive: what a server and its drive do by themselves. Nothing is written."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from advisor import __version__
from advisor.commands.console import notify, notify_written
from advisor.commands.observed_place import AskedServer, asked_server, place_of_log
from advisor.commands.parameters import options_class
from advisor.commands.requests import duration_s
from advisor.errors import AdvisorError, UsageError
from advisor.instance import Drives
from advisor.measurement import OBSERVED, Measurement
from advisor.measurement_file import to_json
from advisor.model import Unknown
from advisor.output_files import check_writable, write_text
from advisor.vendors.registry import VENDORS

if TYPE_CHECKING:
    from advisor.analysis.looks import ObservedServer, ServerLook
    from advisor.probe.observe import ObservedPlace

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
    place, doubts, is_the_logs = place_of_log(asked, drives)
    if asked is None and not place.devices:
        raise AdvisorError(
            f"nothing counts what is synced in {place.target.directory}: {_no_device(place)}",
            "--dsn reads the server's own counters",
        )
    clock_ns = _clock_ns(asked)
    say(f"observing {_named(asked, place)} for {options.seconds:g} s{why}; nothing is written")
    host, looks = look_repeatedly(place.devices, options.seconds, _look(asked))
    server = _server(asked, [each for each in looks if each is not None])
    found = observed(place.devices, host, server, clock_ns, is_the_logs=is_the_logs)
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


def _asked(dsn: str, *, quiet: bool) -> AskedServer:
    from advisor.servers.connection import PASSWORD_SHOWN, find_address, shows_password
    from advisor.servers.state import server_to_observe

    address = find_address(dsn, None, takes_db=False)
    if shows_password(dsn):
        notify(f"note: {PASSWORD_SHOWN}", quiet=quiet)
    state, reached = server_to_observe(address, partial(notify, quiet=quiet))
    return asked_server(address, state, reached)


def _look(asked: AskedServer | None) -> "Callable[[], ServerLook | None]":
    from advisor.servers.state import look_anew

    if asked is None:
        return lambda: None

    def look() -> "ServerLook":
        try:
            return look_anew(asked.address, asked.state)
        except AdvisorError as error:
            raise AdvisorError(
                f"the observation was cut off, for {asked.title} answers no more: {error.message}",
                "observe again once the server runs",
            ) from error

    return look


def _clock_ns(asked: AskedServer | None) -> float | None:
    """What a look at the clock takes, where the server on this host needs to be told to time its
    syncs, and the program that measures it is installed."""
    if asked is None or not asked.reached.is_here:
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


def _server(asked: AskedServer | None, looks: "list[ServerLook]") -> "ObservedServer | None":
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
        title=asked.title,
        vendor=state.vendor,
        counters=vendor.counters(state),
        method="fdatasync" if method == "none" else method,
        looks=looks,
    )


def _named(asked: AskedServer | None, place: "ObservedPlace") -> str:
    from advisor.analysis.description import target_text

    directory = place.target.directory
    where = "" if isinstance(directory, Unknown) else target_text(place.target)
    return " and ".join(filter(None, ("" if asked is None else asked.title, where)))
