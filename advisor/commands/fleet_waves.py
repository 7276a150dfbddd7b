"""fsync-advisor fleet waves: which hosts may be measured at once."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.commands import options as shared
from advisor.commands.console import notify_all, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.files import read_text, shown_name
from advisor.fleet.waves import LOCAL, parse_backends, plan_waves
from advisor.output.json_text import json_text
from advisor.units import counted


@options_class
class FleetWavesOptions:
    """The options of `fleet waves`."""

    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='A JSON object, host to storage backend: {"db1": "san-a", "db2": "local"};'
            " - reads stdin.",
        ),
    ]
    format_: shared.TextOrJson = "text"
    quiet: shared.Quiet = False


@takes_options
def fleet_waves(options: FleetWavesOptions) -> None:
    """Say which hosts may be measured at once.

    No wave has two hosts of one storage backend; a backend called "local" is each host's own. Hosts
    without one (null) may share anybody's, and are measured one at a time, beside none but those of
    "local". In text, a line is a wave.
    """
    planned = plan_waves(parse_backends(read_text(options.file), shown_name(options.file)))
    if planned.unknown:
        hosts = counted(len(planned.unknown), "host")
        note = f"{hosts} without a backend, measured one at a time; {LOCAL!r} is a drive of its own"
        notify_all([note], quiet=options.quiet)
    if options.format_ == "json":
        write_output(json_text(planned))
    else:
        write_output("".join(f"{' '.join(wave)}\n" for wave in planned.waves))
