"""The command line that asks for the same again, as a shell takes it."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer


def command_line(context: typer.Context) -> str:
    """What was given, in the order of the command's help, options by their long names."""
    given = [word for parameter in context.command.params for word in _words(context, parameter)]
    return shlex.join([*context.command_path.split(), *given])


def _words(context: typer.Context, parameter: Any) -> Iterator[str]:
    """One argument's or option's; nothing where it was left at its default."""
    source = context.get_parameter_source(parameter.name)
    if source is None or source.name != "COMMANDLINE":
        return
    value = context.params[parameter.name]
    for one in value if isinstance(value, list | tuple) else [value]:
        if parameter.param_type_name == "argument":
            yield str(one)
        elif isinstance(one, bool):
            yield (parameter.opts if one else parameter.secondary_opts)[0]
        else:
            yield from (max(parameter.opts, key=len), str(one).removesuffix(".0"))
