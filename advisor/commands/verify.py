"""fsync-advisor verify: a fragment, proven on a real server."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from advisor.commands import options


def verify(
    db: options.Database,
    file: Annotated[
        Path, typer.Argument(metavar="FRAGMENT", help="A configuration file; - reads stdin.")
    ],
    server: Annotated[
        Path | None,
        typer.Option(metavar="PROGRAM", help="The server.  [default: the newest installed]"),
    ] = None,
    format_: Annotated[
        Literal["table", "json"], typer.Option("--format", help="What to print.")
    ] = "table",
    quiet: options.Quiet = False,
) -> None:
    """Start a throw-away server with FRAGMENT, and read every line back.

    The server has a fresh data directory in a temporary place, a socket and no network; yours is
    not touched. The exit status is 1 where a line is not taken as it is written.
    """
    from advisor.commands.steps import hand_over, say
    from advisor.errors import AdvisorError
    from advisor.files import STANDARD_STREAM, read_text
    from advisor.output.verification import problem_lines, verification_text
    from advisor.servers.detect import require_server
    from advisor.servers.fragment_file import parse_fragment
    from advisor.servers.verify import verify as prove

    name = "standard input" if file == STANDARD_STREAM else str(file)
    fragment = parse_fragment(read_text(file), name, db)
    installed = require_server(db, server)
    say(f"starting {installed.program} on a throw-away data directory", quiet=quiet)
    found = prove(fragment, installed)
    as_json = format_ == "json"
    hand_over(found.model_dump_json(indent=2) + "\n" if as_json else verification_text(found))
    if not found.ok:
        raise AdvisorError("\n".join(problem_lines(found)))
