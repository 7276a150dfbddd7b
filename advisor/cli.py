"""main(): runs the command line; errors become one line and an exit status."""

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, Final, NoReturn

import typer

from advisor import __version__
from advisor.errors import AdvisorError, ExitStatus, Interrupted
from advisor.interruption import ENDING_SIGNALS
from advisor.lazy_commands import PLAIN, GroupOnDemand

WrongUse: Final[Any] = typer.BadParameter.__base__
"""What Typer raises for a command line that it does not understand; it exports no name for it."""

KEYBOARD_AND_MANAGER: Final = (signal.SIGINT, signal.SIGTERM)
"""They end us even where we were started with them ignored; nohup means the others."""

AGAIN_S: Final = 0.01
"""After a destructor has swallowed an interruption."""


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fsync-advisor {__version__}")
        raise typer.Exit


app = typer.Typer(cls=GroupOnDemand, no_args_is_help=True, **PLAIN)


@app.callback()
def _program(
    version: Annotated[
        bool | None,
        typer.Option(
            "--version", "-V", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = None,
) -> None:
    """Measure how fast a drive makes data durable, and set the database to match.

    Without a command, on a terminal: a guided run. It finds the server, measures its drive,
    explains, asks, verifies and applies.
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and exits with an ExitStatus."""
    for number in ENDING_SIGNALS:
        if number in KEYBOARD_AND_MANAGER or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    sys.unraisablehook = _interrupt_again
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        _run(arguments)
    except (AdvisorError, Interrupted) as error:
        _tell(error)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.exit(ExitStatus.FAILED)
    except SystemExit:  # how Click ends, with its own message for a wrong option
        raise
    except BaseException as error:
        from advisor.fault import tell_fault  # else nobody needs it

        tell_fault(error, arguments)
        sys.exit(ExitStatus.FAULT)
    sys.exit(ExitStatus.DONE)


def _run(arguments: list[str]) -> None:
    if not arguments and all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        import_module("advisor.commands.guided").guided()
        return
    try:
        app(args=arguments, prog_name="fsync-advisor", standalone_mode=False)
    except WrongUse as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
            sys.exit(ExitStatus.USAGE)
        from advisor.usage_errors import usage_error  # else nobody needs it

        raise usage_error(error) from error
    finally:  # so that a failure to write shows here, not when the interpreter ends
        sys.stdout.flush()


def _tell(error: AdvisorError | Interrupted) -> None:
    """What names of files, servers and drives put into the message steers no terminal."""
    from advisor.output.text import message_line  # else nobody needs it

    print(f"fsync-advisor: {message_line(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  hint: {message_line(error.hint)}", file=sys.stderr)
    if error.meaning:
        print(f"  exit status {error.exit_status}: {error.meaning}", file=sys.stderr)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    name = signal.Signals(number).name
    # A terminal that goes says so several times, and what cleans up is not to be met by the next.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    raise Interrupted(f"interrupted by {name}; nothing was left behind")


def _interrupt_again(lost: "sys.UnraisableHookArgs") -> None:
    """An interruption that met a destructor is lost there: it comes again once that has ended."""
    error = lost.exc_value
    if not isinstance(error, Interrupted):
        sys.__unraisablehook__(lost)
        return

    def interrupt(number: int, _: FrameType | None) -> NoReturn:
        raise Interrupted(error.message)

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
