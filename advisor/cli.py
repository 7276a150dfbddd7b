"""The command line, and main(): errors become one line and an exit status.

The list of commands is data, so that --help imports none of them.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, ClassVar, Final, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from advisor import __version__
from advisor.errors import AdvisorError, ExitStatus, Interrupted, UsageError
from advisor.interruption import ENDING_SIGNALS


class CommandEntry(NamedTuple):
    """A command, and where it is: the function in a module of the same name; or a group of some."""

    summary: str
    """The first line of its help."""
    module: str = ""
    commands: Mapping[str, "CommandEntry"] = {}
    for_paths: str = ""
    """Which of them is meant where a file or a directory stands in its place."""


RULES: Final = {
    "list": CommandEntry("List every rule by its id: ENGINE.SETTING.NAME.", "rules_list"),
    "show": CommandEntry(
        "Show a setting or one rule: versions, conditions, values, sources.", "rules_show"
    ),
    "check": CommandEntry(
        "Check profiles/: complete, reachable, legal, within the red lines.", "rules_check"
    ),
}
FLEET: Final = {
    "report": CommandEntry("Report on many measurements in one report.", "fleet_report")
}
COMMANDS: Final = {
    "measure": CommandEntry("Measure how fast the drive under DIR makes data durable.", "measure"),
    "recommend": CommandEntry(
        "Write a my.cnf or postgresql.conf fragment for DIR's drive.", "recommend"
    ),
    "capacity": CommandEntry(
        "Say how many transactions per second the drive sustains.", "capacity"
    ),
    "report": CommandEntry("Report what the drive sustains, and what would change it.", "report"),
    "compare": CommandEntry("Compare drives, each against the first.", "compare"),
    "import": CommandEntry("Convert another tool's report into a measurement file.", "import_"),
    "audit": CommandEntry("Compare a server's settings with the advice for its drive.", "audit"),
    "apply": CommandEntry("Put FRAGMENT where the server's configuration includes it.", "apply"),
    "verify": CommandEntry(
        "Start a throw-away server with FRAGMENT, read every line back.", "verify"
    ),
    "predict": CommandEntry(
        "Predict commits per second, then measure them on that server.", "predict"
    ),
    "trial": CommandEntry("Find out which configuration is faster on DIR's drive.", "trial"),
    "drift": CommandEntry("Compare a drive with an earlier measurement of it.", "drift"),
    "fleet": CommandEntry("Report on many hosts at once.", commands=FLEET, for_paths="report"),
    "rules": CommandEntry("List, show and check the rules.", commands=RULES),
    "completion": CommandEntry("Print shell completion for bash, zsh or fish.", "completion"),
    "man": CommandEntry("Print a manual page, or write all of them.", "man"),
}
MOVED: Final = {
    "verify": dict.fromkeys(("--predict", "--clients", "--seconds", "--dsn"), "predict"),
    "report": {"--fleet": "fleet report"},
    "compare": dict.fromkeys(("--baseline", "--tolerance"), "drift"),
}
"""What was an option, and is a command of its own now."""
WITHOUT_SERVER: Final = frozenset({"capacity", "report", "compare", "drift"})
"""What can be asked without a server in mind."""
OF_SERVERS: Final = frozenset(
    {"db_version", "durability", "memory", "recovery_time", "expected_tps"}
    | {"log_bytes_per_commit", "build"}
)
"""The options that mean nothing then."""
PLAIN: Final[dict[str, Any]] = {
    "add_completion": False,
    # Plain help: rich's is prettier and doubles the start-up time.
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

WrongUse: Final[Any] = typer.BadParameter.__base__
"""What Typer raises for a command line that it does not understand; it exports no name for it."""

KEYBOARD_AND_MANAGER: Final = (signal.SIGINT, signal.SIGTERM)
"""They end us even where we were started with them ignored; nohup means the others."""

AGAIN_S: Final = 0.01
"""After a destructor has swallowed an interruption."""


class WithEpilog:
    """A command whose help ends with examples and exit statuses."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the end of the help."""
        from advisor.help_text import write_epilog  # else nobody needs it

        write_epilog(ctx.command_path, formatter)


class CommandOnDemand(WithEpilog, TyperCommand):
    """A command that says where an option of old has gone, and takes nothing that is empty."""

    def invoke(self, ctx: Any) -> Any:
        """Raises UsageError that names the variable which a senseless value comes from."""
        if not ctx.params.get("quiet"):
            _tell_unknown_variables()
        if self.name in WITHOUT_SERVER and not ctx.params.get("db", "no option"):
            _drop_server_defaults(ctx, self.params)
        try:
            return super().invoke(ctx)
        except UsageError as error:
            from advisor.usage_errors import naming_variables  # else nobody needs it

            raise naming_variables(error, self.params, ctx) from error

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises UsageError for an option that is a command now, and for an empty argument."""
        for before, arg in pairwise(["", *args]):
            if arg == "" or (arg.startswith("--") and arg.endswith("=")):
                what = arg[:-1] or (before if before.startswith("-") else "an argument")
                raise UsageError(f"{what} is empty", "is the shell's variable set?")
        self._require_once(args)
        moved = MOVED.get(self.name or "", {})
        for option in (arg.split("=")[0] for arg in args):
            if option in moved:
                now = f"{self.name} {option} is now: fsync-advisor {moved[option]}"
                raise UsageError(now, f"fsync-advisor {moved[option]} --help")
        return super().parse_args(ctx, args)

    def _require_once(self, args: list[str]) -> None:
        """Click lets the last one win, and says nothing of the others."""
        options = {
            name: param for param in self.params for name in (*param.opts, *param.secondary_opts)
        }
        seen: set[str] = set()
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                return
            name, joined, _ = arg.partition("=")
            option = options.get(name)
            if option is None or option.multiple or not name.startswith("-"):
                continue
            if option.opts[0] in seen:
                raise UsageError(f"{option.opts[0]} is given twice")
            seen.add(option.opts[0])
            if not joined and not getattr(option, "is_flag", False):
                next(rest, None)


class GroupOnDemand(WithEpilog, TyperGroup):
    """Commands that are imported when one of them is asked for."""

    entries: ClassVar[Mapping[str, CommandEntry]] = COMMANDS
    for_paths: ClassVar[str] = ""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported; None where there is none of that name."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else load_command(cmd_name, entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command; for a file or a directory in its place the one that takes such."""
        if self.for_paths and args[0] not in self.entries and Path(args[0]).exists():
            args = [self.for_paths, *args]
        if args[0] not in self.entries and not args[0].startswith("-"):
            from advisor.commands.suggestions import no_such_command  # else nobody needs it

            raise no_such_command(args[0], self.entries, ctx.command_path)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list of commands for the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])


def load_command(name: str, entry: CommandEntry) -> Any:
    """The Click command of an entry."""
    if entry.commands:
        group = type(
            "Group", (GroupOnDemand,), {"entries": entry.commands, "for_paths": entry.for_paths}
        )
        app = typer.Typer(name=name, cls=group, no_args_is_help=True, **PLAIN)
        app.callback(help=entry.summary)(lambda: None)
    else:
        function = getattr(import_module(f"advisor.commands.{entry.module}"), entry.module)
        app = typer.Typer(**PLAIN)
        app.command(name, cls=CommandOnDemand)(function)
    command: Any = typer.main.get_command(app)
    for param in command.params:
        param.process_value = partial(_process_value, param, param.process_value)
    return command


def _process_value(param: Any, process: Callable[..., Any], ctx: Any, value: Any) -> Any:
    """As Typer does, which builds a converter even where there is nothing to convert."""
    is_absent = value is None and not (param.required or param.multiple or param.callback)
    return None if is_absent and param.nargs == 1 else process(ctx, value)


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


def _tell_unknown_variables() -> None:
    if any(name.startswith("FSYNC_ADVISOR_") for name in os.environ):
        from advisor.commands.console import notify_all  # else nobody needs it here
        from advisor.usage_errors import unknown_variables

        notify_all(unknown_variables(os.environ), quiet=False)


def _drop_server_defaults(context: Any, params: list[Any]) -> None:
    """A variable is a default: where it means nothing, it is no mistake."""
    for param in params:
        source = context.get_parameter_source(param.name)
        if param.name in OF_SERVERS and source and source.name == "ENVIRONMENT":
            context.params[param.name] = param.get_default(context)


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
