"""fsync-advisor verify: prove a fragment, or a prediction, on a real server."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.commands import options
from advisor.vendors.names import VendorName


def verify(
    db: options.Database,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FRAGMENT]", help="A configuration file; - reads stdin."),
    ] = None,
    server: Annotated[
        Path | None,
        typer.Option(metavar="PROGRAM", help="The server.  [default: the newest installed]"),
    ] = None,
    predicted: Annotated[
        bool,
        typer.Option("--predict", help="Predict commits per second, then measure them."),
    ] = False,
    clients: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="With --predict.  [default: 1,2,4,8,16,32,64]"),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.2, max=3600, help="Of load at each N.  [default: 4]"),
    ] = None,
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="With --predict: that server, not a throw-away one."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --dsn: make a schema there, load it, drop it.")
    ] = False,
    from_file: options.FromFile = None,
    format_: Annotated[
        Literal["table", "json"], typer.Option("--format", help="What to print.")
    ] = "table",
    quiet: options.Quiet = False,
) -> None:
    """Start a throw-away server with FRAGMENT, and read every line back.

    The server has a fresh data directory in a temporary place, a socket and no network; yours is
    not touched. The exit status is 1 where a line is not taken as it is written.

    With --predict: measure the drive, predict the commits per second at several numbers of
    clients, and hold them against a real load on that server.
    """
    from advisor.commands import predict
    from advisor.errors import UsageError

    as_json = format_ == "json"
    if predicted:
        plan = predict.build_plan(clients, seconds)
        if dsn is None:
            predict.on_a_throw_away_server(
                db, file, server, plan, from_file, as_json=as_json, quiet=quiet
            )
            return
        if file or server:
            raise UsageError("--dsn names a server that runs; leave FRAGMENT and --server out")
        predict.on_that_server(db, dsn, plan, from_file, yes=yes, as_json=as_json, quiet=quiet)
        return
    if clients or seconds or dsn or yes or from_file:
        raise UsageError("--clients, --seconds, --dsn, --yes and --from need --predict")
    if file is None:
        raise UsageError("there is no FRAGMENT to verify", "name one, or add --predict")
    _prove(db, file, server, as_json=as_json, quiet=quiet)


def _prove(db: VendorName, file: Path, server: Path | None, *, as_json: bool, quiet: bool) -> None:
    from advisor.commands.steps import hand_over, named_fragment, say
    from advisor.errors import AdvisorError
    from advisor.output.verification import problem_lines, verification_text
    from advisor.servers.installed import require_server
    from advisor.servers.sandbox import verify_fragment

    fragment = named_fragment(db, file)
    installed = require_server(db, server)
    say(f"starting {installed.program} on a throw-away data directory", quiet=quiet)
    found = verify_fragment(fragment, installed)
    hand_over(found.model_dump_json(indent=2) + "\n" if as_json else verification_text(found))
    if not found.ok:
        raise AdvisorError("\n".join(problem_lines(found)))
