"""verify --predict: a prediction held against a throw-away server, or one that runs."""

from functools import partial
from pathlib import Path

from advisor.commands.requests import parse_counts
from advisor.commands.steps import hand_over, measured, named_fragment, say, stored
from advisor.errors import UsageError
from advisor.measurement import Measurement
from advisor.output.prediction import prediction_text
from advisor.servers.connection import (
    PASSWORD_SHOWN,
    Address,
    find_address,
    require_driver,
    shows_password,
)
from advisor.servers.installed import require_server
from advisor.servers.load import (
    CLIENTS_MAX,
    DEFAULT_CLIENTS,
    DEFAULT_SECONDS,
    LoadPlan,
    announcement,
    predict,
)
from advisor.servers.sandbox import parent_folder, temporary_server
from advisor.vendors.names import VendorName


def build_plan(clients: str | None, seconds: float | None) -> LoadPlan:
    """The plan that the options make. Raises UsageError."""
    counts = parse_counts("--clients", clients, at_most=CLIENTS_MAX) or DEFAULT_CLIENTS
    return LoadPlan(tuple(sorted(set(counts))), seconds or DEFAULT_SECONDS)


def on_a_throw_away_server(
    vendor: VendorName,
    file: Path | None,
    program: Path | None,
    plan: LoadPlan,
    from_file: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measures the drive first, while no server works on it."""
    require_driver(vendor)
    fragment = None if file is None else named_fragment(vendor, file)
    installed = require_server(vendor, program)
    if from_file:
        measurement = stored(from_file)
    else:
        say(f"measuring the drive under {parent_folder()}", quiet=quiet)
        measurement = measured(parent_folder(), "commit", quiet=quiet)
    say(f"starting {installed.program} on a throw-away data directory", quiet=quiet)
    with temporary_server(installed, fragment) as address:
        _predict(address, measurement, plan, own_server=True, as_json=as_json, quiet=quiet)


def on_that_server(
    vendor: VendorName,
    dsn: str,
    plan: LoadPlan,
    from_file: Path | None,
    *,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Nothing is done there, not even a connection made, before the user has said yes."""
    require_driver(vendor)
    address = find_address(dsn, vendor)
    if shows_password(dsn):
        say(f"note: {PASSWORD_SHOWN}", quiet=quiet)
    if not yes:
        raise UsageError(f"this would {announcement(plan)}", "add --yes to have it done")
    if from_file is None:
        hint = "fsync-advisor measure DIR --output FILE, DIR on the drive of the server's log"
        raise UsageError("--dsn needs --from FILE: a measurement of that server's drive", hint)
    measurement = stored(from_file)
    _predict(address, measurement, plan, own_server=False, as_json=as_json, quiet=quiet)


def _predict(
    address: Address,
    measurement: Measurement,
    plan: LoadPlan,
    *,
    own_server: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    say(f"about {plan.elapsed_s:.0f} s of load follow", quiet=quiet)
    tell = partial(say, quiet=quiet)
    found = predict(address, measurement, plan, own_server=own_server, say=tell)
    for note in found.notes:
        tell(f"note: {note}")
    hand_over(found.model_dump_json(indent=2) + "\n" if as_json else prediction_text(found))
