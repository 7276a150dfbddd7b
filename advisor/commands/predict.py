"""fsync-advisor predict: a prediction held against a throw-away server, or one that runs."""

from functools import partial
from typing import Annotated

import typer

from advisor.analysis.description import notes_on
from advisor.analysis.host_findings import evaluate
from advisor.analysis.verdict import judge, require_durable
from advisor.commands import options as shared
from advisor.commands.console import notify, notify_all, notify_trust, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.requests import parse_counts
from advisor.commands.source import measured, named_fragment, notify_version, stored_measurement
from advisor.errors import UsageError
from advisor.instance import Drives
from advisor.knowledge import load_host_checks, load_storage_knowledge
from advisor.measurement import Measurement
from advisor.model import Unknown
from advisor.output.json_text import json_text
from advisor.output.prediction import prediction_document
from advisor.output.renderers import render
from advisor.probe.host import host_name
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
)
from advisor.servers.load import predict as predict_and_measure
from advisor.servers.sandbox import parent_folder, temporary_server


@options_class
class PredictOptions:
    """The options of `predict`."""

    db: shared.Database
    file: shared.FragmentFile = None
    server: shared.ServerProgram = None
    clients: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Numbers of clients.  [default: 1,2,4,8,16,32,64]"),
    ] = None
    seconds: Annotated[float, typer.Option(min=0.2, max=3600, help="Of load at each N.")] = (
        DEFAULT_SECONDS
    )
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="That server, not a throw-away one."),
    ] = None
    yes: Annotated[
        bool, typer.Option("--yes", help="With --dsn: make a schema there, load it, drop it.")
    ] = False
    from_file: shared.FromFile = None
    format_: shared.TableOrJson = "table"
    quiet: shared.Quiet = False

    def __post_init__(self) -> None:
        if self.dsn is not None and (self.file or self.server):
            raise UsageError("--dsn names a server that runs; leave FRAGMENT and --server out")

    @property
    def load_plan(self) -> LoadPlan:
        """Raises UsageError."""
        counts = parse_counts("--clients", self.clients, at_most=CLIENTS_MAX) or DEFAULT_CLIENTS
        return LoadPlan(tuple(sorted(set(counts))), self.seconds)


@takes_options
def predict(options: PredictOptions) -> None:
    """Predict commits per second, then measure them on that server.

    Measures the drive, predicts the rate at several numbers of clients, and holds it against a real
    load: on a throw-away server, with FRAGMENT where there is one, or on the server of --dsn.
    """
    plan = options.load_plan
    require_driver(options.db)
    if options.dsn is None:
        _on_a_temporary_server(options, plan)
    else:
        _on_that_server(options, plan, options.dsn)


def _on_a_temporary_server(options: PredictOptions, plan: LoadPlan) -> None:
    """Measures the drive first, while no server works on it."""
    quiet = options.quiet
    fragment = None if options.file is None else named_fragment(options.db, options.file)
    installed = require_server(options.db, options.server)
    if fragment is not None:
        notify_version(fragment, installed, quiet=quiet)
    if options.from_file:
        measurement = stored_measurement(options.from_file)
        _tell_host(measurement, quiet=quiet)
    else:
        measurement = measured(Drives(parent_folder()), "commit", shared.OutputOptions(quiet=quiet))
    _require_durable(measurement, quiet=quiet)
    with temporary_server(installed, fragment, partial(notify, quiet=quiet)) as address:
        _predict(address, measurement, plan, options)


def _on_that_server(options: PredictOptions, plan: LoadPlan, dsn: str) -> None:
    """Nothing is done there, not even a connection made, before the user has said yes."""
    address = find_address(dsn, options.db)
    if shows_password(dsn):
        notify(f"note: {PASSWORD_SHOWN}", quiet=options.quiet)
    if not options.yes:
        raise UsageError(f"this would {announcement(plan)}", "add --yes to have it done")
    if options.from_file is None:
        hint = "fsync-advisor measure DIR --output FILE, DIR on the drive of the server's log"
        raise UsageError("--dsn needs --from FILE: a measurement of that server's drive", hint)
    measurement = stored_measurement(options.from_file)
    _require_durable(measurement, quiet=options.quiet)
    _predict(address, measurement, plan, options)


def _tell_host(measurement: Measurement, *, quiet: bool) -> None:
    """That the prediction is about another host than the one that is loaded."""
    there, here = measurement.environment.host_name, host_name()
    if not isinstance(there, Unknown) and there != here:
        notify(f"note: predicted for {there}, where the file was measured", quiet=quiet)


def _require_durable(measurement: Measurement, *, quiet: bool) -> None:
    """Raises NotTrustedError, before a server is started or met; else tells what is to be known."""
    verdict = judge(measurement, load_storage_knowledge())
    require_durable(measurement, verdict, evaluate(measurement, load_host_checks()))
    notify_trust(verdict, quiet=quiet)
    notify_all(notes_on(measurement), quiet=quiet)


def _predict(
    address: Address, measurement: Measurement, plan: LoadPlan, options: PredictOptions
) -> None:
    tell = partial(notify, quiet=options.quiet)
    tell(f"about {plan.elapsed_s:.0f} s of load follow")
    own_server = options.dsn is None
    found = predict_and_measure(address, measurement, plan, own_server=own_server, say=tell)
    for note in found.notes:
        tell(f"note: {note}")
    if options.format_ == "json":
        text = json_text(found)
    else:
        text = render(prediction_document(found), "table")
    write_output(text)
