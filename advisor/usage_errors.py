"""Wrong command lines and senseless variables, told in the words that all messages have."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from advisor.commands.suggestions import nearest, no_such_choice
from advisor.errors import UsageError
from advisor.variables import OPTIONS, OTHERS, PREFIX, variable

WRONG_VALUES: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], str]]] = {
    **dict.fromkeys(
        ("float_parsing", "float_type", "finite_number"), lambda given, _: f"{given!r} is no number"
    ),
    **dict.fromkeys(
        ("int_parsing", "int_type", "int_from_float", "int_parsing_size"),
        lambda given, _: f"{given!r} is no whole number",
    ),
    "bool_parsing": lambda given, _: f"{given!r} is neither yes nor no",
    "greater_than_equal": lambda given, limits: _out_of_range(given, "below", limits["ge"]),
    "less_than_equal": lambda given, limits: _out_of_range(given, "above", limits["le"]),
}
"""What pydantic calls an error -> what to say of it."""


def _out_of_range(given: Any, where: str, limit: float) -> str:
    shown = f"{int(limit):,}" if float(limit).is_integer() else f"{limit:,}"  # never rounded
    try:
        is_number = not math.isnan(float(given))
    except (TypeError, ValueError, OverflowError):
        is_number = True
    return f"{given} is {where} {shown}" if is_number else f"{given!r} is no number"


def usage_error(error: Any) -> UsageError:
    """What Typer raised for a command line, as an error of ours."""
    message = " ".join(error.format_message().split()).replace("Value error, ", "")
    message = _in_our_words(message, error.__cause__)
    where = error.ctx.command_path if error.ctx else "fsync-advisor"
    parameter: Any = getattr(error, "param", None)
    if (variable := getattr(parameter, "envvar", None)) and error.ctx:
        source = error.ctx.get_parameter_source(parameter.name)
        is_given = source is None or source.name != "ENVIRONMENT"
        said = re.escape(f" (env var: '{variable}')")
        message = re.sub(
            said if is_given else f"'--[^(]*{said}", "" if is_given else variable, message
        )
    return UsageError(message, no_such_choice(message) or f"{where} --help")


def _in_our_words(message: str, cause: Any) -> str:
    """The same, where it ends with what pydantic says of a value."""
    if not hasattr(cause, "errors"):
        return message
    first = cause.errors(include_url=False)[0]
    words = WRONG_VALUES.get(first["type"])
    if words is None or first["msg"] not in message:
        return message
    return message.replace(first["msg"], words(first["input"], first.get("ctx", {})))


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """What to say of each name that looks like a variable of ours, and is none."""
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in (*map(variable, OPTIONS), *OTHERS):
            option = name.removeprefix(PREFIX).replace("_", "-")
            near = nearest(option, OPTIONS)
            yield f"{name} is ignored" + (f": did you mean {variable(near)}?" if near else "")


def naming_variables(error: UsageError, parameters: Iterable[Any], context: Any) -> UsageError:
    """The same, where an option that it names was not typed: a variable has it."""
    message = error.message
    for parameter in parameters:
        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "ENVIRONMENT":
            message = re.sub(rf"{parameter.opts[0]}(?![\w-])", parameter.envvar, message)
    return UsageError(message, error.hint)
