"""Commands as Click sees them: imported when one is asked for, and held to rules of ours."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup

from advisor.command_list import COMMANDS, MOVED, OF_SERVERS, WITHOUT_SERVER, CommandEntry
from advisor.errors import UsageError

PLAIN: Final[dict[str, Any]] = {
    "add_completion": False,
    # Plain help: rich's is prettier and doubles the start-up time.
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


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
                what = arg[:-1] or (before if self._takes_value(before) else self._argument())
                raise UsageError(f"{what} is empty", "is the shell's variable set?")
        self._require_once(args)
        moved = MOVED.get(self.name or "", {})
        for option in (arg.split("=")[0] for arg in args):
            if option in moved:
                now = f"{self.name} {option} is now: fsync-advisor {moved[option]}"
                raise UsageError(now, f"fsync-advisor {moved[option]} --help")
        return super().parse_args(ctx, args)

    def _takes_value(self, option: str) -> bool:
        """Whether what follows is its value; of what is no option of ours it is."""
        named = (each for each in self.params if option in (*each.opts, *each.secondary_opts))
        return option.startswith("-") and not getattr(next(named, None), "is_flag", False)

    def _argument(self) -> str:
        """What to call an argument: its name, where there is one alone."""
        names = [str(each.metavar) for each in self.params if each.param_type_name == "argument"]
        return names[0] if len(names) == 1 else "an argument"

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
