"""The Typer app, and main(): errors become one line and an exit status."""

import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from advisor import __version__
from advisor.commands import (
    apply,
    audit,
    capacity,
    compare,
    import_,
    measure,
    recommend,
    report,
    rules,
    verify,
)
from advisor.errors import AdvisorError, ExitStatus, Interrupted

app = typer.Typer(
    help="Measure how fast a drive makes data durable, and set the database to match.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help: rich's is prettier and doubles the start-up time.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(measure.measure)
app.command()(recommend.recommend)
app.command()(capacity.capacity)
app.command()(report.report)
app.command()(compare.compare)
app.command("import")(import_.import_)
app.command()(audit.audit)
app.command()(apply.apply)
app.command()(verify.verify)
app.add_typer(rules.app, name="rules")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fsync-advisor {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool | None,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = None,
) -> None:
    pass


def main(argv: list[str] | None = None) -> NoReturn:
    """Runs one command and exits with an ExitStatus."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        app(args=argv, prog_name="fsync-advisor")
    except (AdvisorError, Interrupted) as error:
        print(f"fsync-advisor: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.exit(ExitStatus.FAILED)
    sys.exit(ExitStatus.DONE)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    name = signal.Signals(number).name
    raise Interrupted(f"interrupted by {name}; nothing was left behind")
