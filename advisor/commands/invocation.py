"""The command line that asks for the same again, as a shell takes it."""

import shlex
from collections.abc import Iterator
from typing import Any, Final

import typer

GIVEN: Final = ("COMMANDLINE", "ENVIRONMENT")


def command_line(context: typer.Context) -> str:
    """What was given, in the order of the command's help, options by their long names."""
    words = [word for parameter in _given(context) for word in _words(context, parameter)]
    return shlex.join([*context.command_path.split(), *words])


def _given(context: typer.Context) -> Iterator[Any]:
    """The parameters that were not left at their defaults, by a variable, too."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name in GIVEN:
            yield parameter


def _words(context: typer.Context, parameter: Any) -> Iterator[str]:
    value = context.params[parameter.name]
    for word in value if isinstance(value, list | tuple) else [value]:
        if parameter.param_type_name == "argument":
            yield str(word)
        elif isinstance(word, bool):
            yield _long_name(parameter) if word else parameter.secondary_opts[0]
        else:
            text = str(word)  # a version of 8.0 is no number
            yield from (
                _long_name(parameter),
                text.removesuffix(".0") if isinstance(word, float) else text,
            )


def _long_name(option: Any) -> str:
    return str(max(option.opts, key=len))
