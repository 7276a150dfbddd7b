"""fsync-advisor verify: prove a fragment on a real server."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import notify, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.source import named_fragment, notify_version
from advisor.errors import AdvisorError
from advisor.output.json_text import json_text
from advisor.output.renderers import render
from advisor.output.verification import problem_lines, verification_document
from advisor.servers.installed import require_server
from advisor.servers.sandbox import verify_fragment


@options_class
class VerifyOptions:
    """The options of `verify`."""

    db: shared.Database
    file: Annotated[
        Path, typer.Argument(metavar="FRAGMENT", help="A configuration file; - reads stdin.")
    ]
    server: shared.ServerProgram = None
    format_: shared.TableOrJson = "table"
    quiet: shared.Quiet = False


@takes_options
def verify(options: VerifyOptions) -> None:
    """Start a throw-away server with FRAGMENT, read every line back.

    The server has a fresh data directory in a temporary place, a socket and no network; yours is
    not touched. Where you are root it runs as a user that nobody is. Lines that name places,
    programs, libraries or the network are not tried. The exit status is 1 where a line is not taken
    as it is written.
    """
    fragment = named_fragment(options.db, options.file)
    installed = require_server(options.db, options.server)
    notify_version(fragment, installed, quiet=options.quiet)
    found = verify_fragment(fragment, installed, partial(notify, quiet=options.quiet))
    if options.format_ == "json":
        text = json_text(found)
    else:
        text = render(verification_document(found), "table")
    write_output(text)
    if not found.ok:
        *others, last = problem_lines(found)
        for line in others:
            notify(line)
        raise AdvisorError(last)
